//! Epochs, their order and their models.

use zkmargin_margin::ids::{Epoch, Timestamp};
use zkmargin_verifier::engine::{Action, ActionRecord, ClaimData, EpochPost, Root};
use zkmargin_verifier::epoch::EpochDigest;

use super::{Scenario, current, scenario, silent, step, submit};
use crate::common::*;

const fn post_with(post: EpochPost) -> ActionRecord {
    Action::PostEpoch(post)
}

/// The order of BN254's scalar field, and the number below it.
fn modulus(minus: u8) -> Root {
    let mut bytes = [0; 32];
    let digits = "30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001";
    hex::decode_to_slice(digits, &mut bytes).unwrap();
    bytes[31] -= minus;
    Root::new(bytes)
}

fn order() -> Scenario {
    let nobody = "1000 unregistered";
    scenario(
        "epoch-order",
        "Epochs follow each other without a gap; snapshots are not further ahead than clocks may differ, nor older than the last, nor stale.",
        vec![
            step(1000, posted(0, 1000), "!epoch-not-next", nobody),
            step(1000, posted(2, 1000), "!epoch-not-next", nobody),
            step(1000, posted(1, 1006), "!snapshot-in-future", nobody),
            step(1000, posted(1, 899), "!snapshot-stale", nobody),
            step(1000, posted(1, 900), "epoch-posted", nobody),
            step(1010, posted(1, 1010), "!epoch-not-next", nobody),
            step(1010, posted(3, 1010), "!epoch-not-next", nobody),
            step(1010, posted(u64::from(u32::MAX), 1010), "!epoch-not-next", nobody),
            step(1010, posted(2, 899), "!snapshot-older-than-last", nobody),
            step(1010, posted(2, 1015), "epoch-posted", nobody),
            step(1011, posted(3, 1014), "!snapshot-older-than-last", "1001 unregistered"),
            step(1015, posted(3, 1015), "epoch-posted", "1005 unregistered"),
        ],
    )
}

fn refusals_in_order() -> Scenario {
    let wrong = EpochPost {
        epoch: Epoch::new(3),
        model: model(2),
        market_root: modulus(0),
        market_timestamp: Timestamp::new(1_156),
        reference: Epoch::new(7),
        previous: EpochDigest::new([7; 32]),
        ..post(2, 0)
    };
    let number = EpochPost { epoch: Epoch::new(2), ..wrong };
    let accepted = EpochPost { model: model(1), ..number };
    let root = EpochPost { market_root: market_root(2), ..accepted };
    let at = |timestamp| EpochPost { market_timestamp: Timestamp::new(timestamp), ..root };
    let previous = EpochPost { previous: post(2, 0).previous, ..at(1_100) };
    let still = "1100 current 2000";
    scenario(
        "post-refusals-in-order",
        "Of several reasons the first one is given: number, model, roots, time ahead, time back, age, previous epoch, reference.",
        current([
            step(1150, post_with(wrong), "!epoch-not-next", still),
            step(1150, post_with(number), "!model-not-accepted", still),
            step(1150, post_with(accepted), "!root-not-canonical", still),
            step(1150, post_with(root), "!snapshot-in-future", still),
            step(1150, post_with(at(999)), "!snapshot-older-than-last", still),
            step(1150, post_with(at(1_049)), "!snapshot-stale", still),
            step(1150, post_with(at(1_100)), "!wrong-previous", still),
            step(1150, post_with(previous), "!wrong-reference", still),
            step(1150, posted(2, 1_100), "epoch-posted", still),
        ]),
    )
}

fn links() -> Scenario {
    let previous = |epoch, byte| {
        post_with(EpochPost { previous: EpochDigest::new([byte; 32]), ..post(epoch, 1000) })
    };
    let reference = |epoch, confirmed| {
        post_with(EpochPost { reference: Epoch::new(confirmed), ..post(epoch, 1000) })
    };
    let nobody = "1000 unregistered";
    scenario(
        "epochs-are-linked",
        "An epoch names the one before, and the confirmed one that its move is measured against; the first names none.",
        vec![
            step(1000, previous(1, 1), "!wrong-previous", nobody),
            step(1000, reference(1, 1), "!wrong-reference", nobody),
            step(1000, posted(1, 1000), "epoch-posted", nobody),
            step(1000, previous(2, 0), "!wrong-previous", nobody),
            step(1000, reference(2, 0), "!wrong-reference", nobody),
            step(1000, reference(2, 2), "!wrong-reference", nobody),
            step(1000, posted(2, 1000), "epoch-posted", nobody),
            step(1000, reference(3, 1), "!wrong-reference", nobody),
            step(1000, posted(3, 1000), "epoch-posted", nobody),
        ],
    )
}

fn roots() -> Scenario {
    let state = |root| post_with(EpochPost { state_root: root, ..post(1, 1000) });
    let market = |root| post_with(EpochPost { market_root: root, ..post(1, 1000) });
    let largest = EpochPost { state_root: modulus(1), market_root: modulus(1), ..post(1, 1000) };
    let nobody = "1000 unregistered";
    scenario(
        "roots-below-the-modulus",
        "A root that is no element of the field could not be proved against: it is not posted.",
        vec![
            step(1000, state(modulus(0)), "!root-not-canonical", nobody),
            step(1000, market(modulus(0)), "!root-not-canonical", nobody),
            step(1000, state(Root::new([0xff; 32])), "!root-not-canonical", nobody),
            step(1000, market(Root::new([0xff; 32])), "!root-not-canonical", nobody),
            step(1000, post_with(largest), "epoch-posted", nobody),
        ],
    )
}

fn first_number() -> Scenario {
    let mut later = scenario(
        "first-epoch-of-a-later-number",
        "The policy says the first epoch's number.",
        vec![
            step(1000, posted(1, 1000), "!epoch-not-next", "1000 unregistered"),
            step(1000, posted(8, 1000), "!epoch-not-next", "1000 unregistered"),
            step(1000, posted(7, 1000), "epoch-posted", "1000 unregistered"),
            step(1000, posted(8, 1000), "epoch-posted", "1000 unregistered"),
        ],
    );
    later.policy.first_epoch = Epoch::new(7);
    later
}

fn models() -> Scenario {
    let other = EpochPost { model: model(2), ..post(2, 1010) };
    let newer = EpochPost { model: model(2), ..post(3, 1020) };
    let proof =
        |epoch, number| submit(ClaimData { model: model(number), ..claim(1, epoch, HEALTHY) });
    scenario(
        "models",
        "A model is accepted before epochs are posted under it, and its proofs stop counting when it is revoked.",
        current([
            step(1010, post_with(other), "!model-not-accepted", "1010 current 2000"),
            step(1010, accept(1), "!model-already-accepted", "1010 current 2000"),
            step(1010, revoke(2), "!model-not-accepted", "1010 current 2000"),
            step(1010, accept(2), "model-accepted", "1010 current 2000"),
            step(1010, post_with(other), "epoch-posted", "1010 current 2000"),
            step(1020, post_with(newer), "epoch-posted", "1020 current 2000"),
            step(1020, proof(2, 1), "!wrong-model", "1020 current 2000"),
            step(1020, proof(2, 2), "proof-accepted", "1020 current 2010"),
            step(1020, revoke(2), "model-revoked", "1020 current 2010"),
            step(1030, proof(3, 2), "!model-not-accepted", "1020 current 2010"),
            step(1040, accept(2), "model-accepted", "1020 current 2010"),
            step(1050, proof(3, 2), "proof-accepted", "1030 current 2020"),
        ]),
    )
}

pub(super) fn scenarios() -> Vec<Scenario> {
    let second = EpochPost { model: model(2), ..post(12, 2060) };
    let mut unlimited = scenario(
        "no-price-limit",
        "Without a limit no move halts.",
        current([
            step(1010, jump(2, 1010, u32::MAX), "epoch-posted", "1010 current 2000"),
            step(1020, jump(3, 1020, u32::MAX), "epoch-posted", "1020 current 2000"),
            step(1030, prove(1, 3), "proof-accepted", "1030 current 2020"),
        ]),
    );
    unlimited.policy.max_price_move_bps = None;
    vec![
        order(),
        refusals_in_order(),
        links(),
        roots(),
        first_number(),
        models(),
        unlimited,
        scenario(
            "revoked-model-stops-the-clock",
            "While the latest epoch's model is revoked nobody can prove, so nobody becomes overdue.",
            silent([
                step(2001, accept(2), "model-accepted", "2001 current 2000"),
                step(2001, revoke(1), "model-revoked", "2001 current 2000"),
                step(2050, overdue(1), "!model-not-accepted", "2001 current 2000"),
                step(2060, post_with(second), "epoch-posted", "2001 current 2000"),
                step(2061, overdue(1), "called", "2002 called 2302"),
            ]),
        ),
        scenario(
            "timestamps-of-the-far-future",
            "The largest times neither wrap around nor fail: what cannot be added to is in the future.",
            vec![
                step(1000, register(1), "registered", "1000 unproven 2000"),
                step(u64::MAX, posted(1, u64::MAX), "!snapshot-in-future", "1000 unproven 2000"),
                step(u64::MAX, prove(1, 1), "!unknown-epoch", "1000 unproven 2000"),
                step(1000, posted(1, 1000), "epoch-posted", "1000 unproven 2000"),
            ],
        ),
    ]
}
