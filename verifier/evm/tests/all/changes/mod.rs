//! Real changes and escrows through the contracts, and what follows a call.

mod after_call;
mod escrows;

use std::fs;
use std::path::Path;

use crate::common::actions::{self, claim};
use crate::common::registry::{ANYONE, DEPLOYER, MOCK, Refused, Registry};
use crate::common::stories::{self, CHANGER, CHANGES, ProvedChange};
use crate::common::verifier::{artifact_name, code};
use crate::common::{Chain, Failure, Receipt};
use revm::primitives::{Address, B256, U256};
use zkmargin_evm::contracts::{
    MarginChanges as changes, MarginOperators as operators, MarginProofGate as gate,
};
use zkmargin_evm::{engine as convert, generate};
use zkmargin_margin::ids::{AccountId, Epoch, Timestamp};
use zkmargin_margin::shape::ProofSystem;
use zkmargin_verifier::bn254::VerifyingKey;
use zkmargin_verifier::engine::{
    Action, ClaimData, EpochPost, Event, PolicyParams, Refusal, nothing,
};
use zkmargin_verifier::epoch::EpochDigest;

const START: u64 = 1_700_000_000;
const OWNER: Address = Address::new(CHANGER);

fn key() -> VerifyingKey {
    VerifyingKey::from_bytes(&fs::read(stories::change_key()).unwrap()).unwrap()
}

/// The registry of the stored proofs, with their circuit and a mock of margin proofs,
/// the changer's account and epoch 1.
fn begun(change_epochs: u16) -> Registry {
    let story = stories::change_story();
    let claim = story.change.change.afterwards();
    let policy = PolicyParams::standard(stories::context(), ProofSystem::Kzg, claim.model);
    let policy = PolicyParams { change_epochs, ..policy };
    let mut registry = Registry::deploy(Chain::new(START), &policy, false).unwrap();
    assert_eq!(registry.at.markets.into_array(), stories::REGISTRY);
    let verifier = registry.mock(MOCK, true);
    registry.add_circuit(verifier, 100_000).unwrap();
    let (verifier, _) = registry.chain.create(DEPLOYER, code(CHANGES)).unwrap();
    registry.add_change_circuit(verifier, 600_000).unwrap();
    registry.apply(START, &Action::Register { account: AccountId::new(CHANGER) }).unwrap();
    post(&mut registry, claim);
    registry
}

fn post(registry: &mut Registry, claim: &ClaimData) {
    let now = registry.chain.now;
    let post = registry.next(EpochPost {
        epoch: claim.epoch,
        state_root: claim.state_root,
        market_root: claim.market_root,
        model: claim.model,
        market_timestamp: Timestamp::new(now),
        price_move_bps: 10,
        reference: Epoch::new(0),
        previous: EpochDigest::NONE,
    });
    registry.apply(now, &Action::PostEpoch(post)).unwrap();
}

fn digest() -> B256 {
    (*key().digest().as_bytes()).into()
}

fn submit(
    registry: &mut Registry,
    from: Address,
    inputs: [U256; 11],
    proof: Vec<u8>,
) -> Result<Receipt, Failure> {
    let (circuit, proof) = (digest(), proof.into());
    let call = changes::submitChangeCall { owner: OWNER, sub: 0, circuit, inputs, proof };
    registry.chain.send(from, registry.at.changes, &call)
}

fn show(registry: &mut Registry, inputs: [U256; 11], proof: Vec<u8>) -> Result<Receipt, Failure> {
    let call = changes::showChangeCall { circuit: digest(), inputs, proof: proof.into() };
    registry.chain.send(ANYONE, registry.at.changes, &call)
}

fn parts(proved: &ProvedChange) -> ([U256; 11], Vec<u8>) {
    (convert::change_inputs(&proved.change), hex::decode(&proved.proof).unwrap())
}

#[test]
fn the_source_is_what_the_key_gives() {
    let name = artifact_name(CHANGES);
    let path = format!("../contracts/generated/{name}.sol");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, generate::solidity(&key(), &name)).unwrap();
    }
    assert!(fs::read_to_string(path).unwrap() == generate::solidity(&key(), &name));
}

#[test]
fn a_change_is_proved_and_shown() {
    let (story, mut registry) = (stories::change_story(), begun(2));
    let account = registry.account(AccountId::new(CHANGER));
    assert_eq!(account, convert::address(stories::changing_account()));
    let (inputs, proof) = parts(&story.change);
    let receipt = submit(&mut registry, OWNER, inputs, proof).unwrap();
    let change = receipt.gas;
    let events = registry.events(&receipt);
    assert!(matches!(events[..], [Event::ChangeAccepted { .. }]), "{events:?}");

    registry.chain.now += 600;
    post(&mut registry, story.shown.change.afterwards());
    // Any margin proof is true here, and none counts.
    let afterwards = *story.shown.change.afterwards();
    let proved = ClaimData { account: AccountId::new(CHANGER), ..afterwards };
    let refused = registry.apply(registry.chain.now, &Action::SubmitProof { claim: proved });
    let open = Refusal::ChangeOpen { epoch: Epoch::new(1) };
    assert_eq!(refused, Err(Refused::Engine(open)));

    let (inputs, proof) = parts(&story.shown);
    let receipt = show(&mut registry, inputs, proof).unwrap();
    let events = registry.events(&receipt);
    let names: Vec<_> = events.iter().map(Event::name).collect();
    assert_eq!(names, ["change-shown", "proof-accepted"]);
    println!("a change that meets a level:");
    println!("  submitChange     {change:8} gas\n  showChange       {:8} gas", receipt.gas);
    assert!(change < 620_000 && receipt.gas < 640_000);
}

#[test]
fn what_is_not_proved_is_refused() {
    let (story, mut registry) = (stories::change_story(), begun(2));
    let (inputs, proof) = parts(&story.change);
    // By the owner alone.
    let refused = submit(&mut registry, ANYONE, inputs, proof.clone()).unwrap_err();
    assert!(refused.is::<operators::NotTheOwner>(), "{refused:?}");
    // Of every row: another account, epoch, root, level, commitment or digest is not
    // proved, whatever the registry says of it before.
    for row in 0..inputs.len() {
        let mut others = inputs;
        others[row] ^= U256::ONE;
        submit(&mut registry, OWNER, others, proof.clone()).unwrap_err();
    }
    for row in [9, 10] {
        let mut others = inputs;
        others[row] += U256::ONE;
        let refused = submit(&mut registry, OWNER, others, proof.clone()).unwrap_err();
        assert!(refused.is::<gate::InvalidProof>(), "{refused:?}");
    }
    for at in [0, 100, proof.len() - 1] {
        let mut bent = proof.clone();
        bent[at] ^= 1;
        let refused = submit(&mut registry, OWNER, inputs, bent).unwrap_err();
        assert!(refused.is::<gate::InvalidProof>(), "{refused:?}");
    }
    // What shows a commitment is of nothing: the change itself is not.
    assert_eq!(story.shown.change.change(), nothing(ProofSystem::Kzg));
    submit(&mut registry, OWNER, inputs, proof.clone()).unwrap();
    show(&mut registry, inputs, proof).unwrap_err();
}

#[test]
fn a_circuit_is_of_one_statement() {
    let (story, mut registry) = (stories::change_story(), begun(2));
    let (inputs, proof) = parts(&story.change);
    let call = gate::requireChangeCall { circuit: MOCK, inputs, proof: proof.clone().into() };
    let refused = registry.chain.send(ANYONE, registry.at.gate, &call).unwrap_err();
    assert!(refused.is::<gate::WrongStatement>(), "{refused:?}");
    let margin =
        convert::inputs(&ClaimData { context: registry.market, ..claim(1, 1, actions::SAFE) });
    let call = gate::requireProofCall { circuit: digest(), inputs: margin, proof: proof.into() };
    let refused = registry.chain.send(ANYONE, registry.at.gate, &call).unwrap_err();
    assert!(refused.is::<gate::WrongStatement>(), "{refused:?}");
}

#[test]
fn a_market_without_epochs_for_changes_takes_none() {
    let (story, mut registry) = (stories::change_story(), begun(0));
    let (inputs, proof) = parts(&story.change);
    let refused = submit(&mut registry, OWNER, inputs, proof).unwrap_err();
    let Failure::Revert(data) = refused else { panic!("{refused:?}") };
    assert_eq!(convert::refusal(&data), Some(Refusal::ChangesNotTaken));
}
