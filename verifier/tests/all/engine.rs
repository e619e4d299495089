//! What the engine says beside its decisions: where an account stands, whom an
//! action or event is about, and how all of it reads.

use crate::common::*;
use pasta_curves::Fp;
use zkmargin_margin::claim::Level;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::ids::{Epoch, Memo};
use zkmargin_margin::instance::{MarginInstance, Shortfall};
use zkmargin_margin::portfolio::Blinding;
use zkmargin_margin::shape::ProofSystem;
use zkmargin_margin::statement::transition::Change;
use zkmargin_verifier::engine::{
    AccountStatus, Action, ActionRecord, CallReason, ClaimData, ClockTime, Engine, Event,
    HaltReason, Policy, PolicyParams, Refusal, Root, Standstill, TransitionError, check_claim,
    nothing,
};

const NOW: ClockTime = ClockTime::new(7);
const DUE: ClockTime = ClockTime::new(9);

/// One of each, in the order of the variants.
fn statuses() -> [AccountStatus; 6] {
    let (epoch, level, reason) = (Epoch::new(3), Level::Initial, CallReason::Breach);
    [
        AccountStatus::Unregistered,
        AccountStatus::Unproven { since: NOW, due: DUE },
        AccountStatus::Current { epoch, level, since: NOW, due: DUE },
        AccountStatus::Called {
            reason,
            level: Some(Level::Maintenance),
            epoch,
            since: NOW,
            deadline: DUE,
            shortfall: Shortfall::new(5),
        },
        AccountStatus::Liquidatable {
            reason: CallReason::Overdue,
            level: None,
            epoch,
            since: DUE,
            shortfall: None,
        },
        AccountStatus::Closed { since: NOW },
    ]
}

#[test]
fn a_proof_holds_until_it_is_due() {
    let late = DUE.after(1);
    for status in statuses() {
        let proves =
            matches!(status, AccountStatus::Current { .. } | AccountStatus::Unproven { .. });
        assert!(!status.is_overdue(DUE), "{status}");
        assert_eq!(status.is_overdue(late), proves, "{status}");
        assert_eq!(status.due(), proves.then_some(DUE), "{status}");
    }
}

#[test]
fn statuses_read_as_sentences() {
    let texts = [
        "unregistered",
        "unproven since 1970-01-01 00:00:07 UTC, first proof due at 1970-01-01 00:00:09 UTC",
        "current: initial in epoch 3, next proof due at 1970-01-01 00:00:09 UTC",
        "called (breach below maintenance, epoch 3) since 1970-01-01 00:00:07 UTC, to cure by 1970-01-01 00:00:09 UTC, shortfall 5 quote units",
        "liquidatable (overdue, epoch 3) since 1970-01-01 00:00:09 UTC",
        "closed since 1970-01-01 00:00:07 UTC",
    ];
    for ((status, text), name) in statuses().iter().zip(texts).zip(AccountStatus::NAMES) {
        assert_eq!((status.to_string().as_str(), status.name()), (text, name));
    }
}

/// One of each, in the order of the variants, with the account it is about.
fn events() -> Vec<(Event, bool, String)> {
    let (account, model, epoch) = (account(1), model(1), Epoch::new(3));
    let (level, due, reason) = (Level::Initial, DUE, CallReason::Overdue);
    let shortfall = None;
    [
        (Event::ModelAccepted { model }, false, format!("model {model} accepted")),
        (Event::ModelRevoked { model }, false, format!("model {model} revoked")),
        (
            Event::CircuitsChanged { until: 7, frozen: false },
            false,
            "circuits verify proofs until 7".into(),
        ),
        (
            Event::EpochPosted { epoch, quarantined: true },
            false,
            "epoch 3 posted, quarantined".into(),
        ),
        (Event::EpochRejected { epoch }, false, "epoch 3 rejected".into()),
        (Event::Registered { account, due }, true, " registered, first proof due at 1970-01-01 00:00:09 UTC".into()),
        (
            Event::ProofAccepted { account, epoch, level, due },
            true,
            " proved initial in epoch 3, next proof due at 1970-01-01 00:00:09 UTC".into(),
        ),
        (
            Event::Called { account, reason, level: None, epoch, deadline: DUE, shortfall },
            true,
            " called (overdue, epoch 3), to cure by 1970-01-01 00:00:09 UTC".into(),
        ),
        (
            Event::CallRefined {
                account,
                level,
                epoch,
                deadline: DUE,
                shortfall: Shortfall::new(5),
            },
            true,
            " call now (breach below initial, epoch 3), to cure by 1970-01-01 00:00:09 UTC, shortfall 5 quote units"
                .into(),
        ),
        (
            Event::Cured { account, epoch, level, due },
            true,
            " cured by initial in epoch 3, next proof due at 1970-01-01 00:00:09 UTC".into(),
        ),
        (Event::Liquidatable { account, since: DUE }, true, " liquidatable since 1970-01-01 00:00:09 UTC".into()),
        (Event::Closed { account, liquidated: true }, true, " liquidated, closed".into()),
        (Event::Reinstated { account, due }, true, " reinstated, proof due at 1970-01-01 00:00:09 UTC".into()),
        (Event::Escaped { account }, true, " escaped, closed".into()),
        (
            Event::PathRequested { account, epoch },
            true,
            " asked for its path in epoch 3, its clock stands".into(),
        ),
        (
            Event::PathAnswered { account, epoch },
            true,
            " was answered about epoch 3, its clock runs".into(),
        ),
        (
            Event::ChangeAccepted { account, epoch, level, next: Root::new([1; 32]) },
            true,
            " will have changed from epoch 3: initial".into(),
        ),
        (Event::ChangeShown { account, epoch }, true, " has changed as it said, by epoch 3".into()),
        (
            Event::ChangeExpired { account, epoch },
            true,
            " was not shown to change as it said in epoch 3".into(),
        ),
        (
            Event::Escrowed { account, epoch, escrow: Root::new([1; 32]) },
            true,
            format!(" escrowed in epoch 3: {}", Root::new([1; 32])),
        ),
        (Event::Halted { reason: HaltReason::Paused }, false, "halted: paused".into()),
        (Event::Resumed { confirmed: Some(epoch) }, false, "resumed, epoch 3 confirmed".into()),
    ]
    .into()
}

#[test]
fn events_name_themselves_and_their_account() {
    for ((event, of_account, text), name) in events().into_iter().zip(Event::NAMES) {
        assert_eq!(event.name(), name);
        assert_eq!(event.account(), of_account.then_some(account(1)), "{name}");
        let subject = if of_account { account(1).to_string() } else { String::new() };
        assert_eq!(event.to_string(), subject + &text);
    }
}

/// One of each, in the order of the variants.
fn actions() -> [ActionRecord; 22] {
    [
        Action::AcceptModel { model: model(2) },
        Action::RevokeModel { model: model(2) },
        circuits(9, false),
        posted(1, 1_000),
        reject(1),
        register(1),
        prove(1, 1),
        breach(1, 1),
        overdue(1),
        cure(1, 1),
        change(1, 3, SAFE, 1),
        show(1, 4, SAFE, 1),
        expire(1),
        escrowed(1, 4, SAFE, 7),
        mark(1),
        close(1),
        reinstate(1),
        escape(1),
        request_path(1),
        answer_path(1),
        pause(9),
        resume(1),
    ]
}

#[test]
fn actions_name_themselves_and_their_account() {
    for (action, name) in actions().into_iter().zip(ActionRecord::NAMES) {
        assert_eq!(action.name(), name);
        let of_account = serde_json::to_string(&action).unwrap().contains("account");
        assert_eq!(verified(&action).account(), of_account.then_some(account(1)), "{name}");
        // A record is the action with its claim as plain data.
        let checked = action.clone().assume_verified_unchecked();
        assert_eq!(checked, verified(&action));
        assert_eq!(ActionRecord::from(checked), action);
    }
}

#[test]
fn the_engine_lists_what_is_on_record() {
    let mut engine = Engine::new(policy(), START);
    engine.apply(START, &verified(&Action::AcceptModel { model: model(2) })).unwrap();
    let first = linked(posted(1, START), engine.meta());
    engine.apply(START, &verified(&first)).unwrap();
    engine.apply(START, &verified(&register(1))).unwrap();
    let mut models = vec![model(1), model(2)];
    models.sort();
    assert!(engine.models().eq(&models));
    assert!(engine.epochs().map(|(epoch, _)| epoch.get()).eq([1]));
    assert!(engine.accounts().map(|(id, _)| *id).eq([account(1)]));

    engine.apply(START, &verified(&breach(1, 1))).unwrap();
    engine.apply(START, &verified(&pause(START + 10_000))).unwrap();
    assert!(!engine.liquidatable(account(1), START + 10_000), "the clock stands still");
    engine.apply(START, &verified(&resume(1))).unwrap();
    for epoch in 2..=5 {
        let now = START + 100 * (epoch - 1);
        let next = linked(posted(epoch, now), engine.meta());
        engine.apply(now, &verified(&next)).unwrap();
    }
    assert!(!engine.liquidatable(account(1), START + 400));
    assert!(engine.liquidatable(account(1), START + 401));
    assert!(!engine.liquidatable(account(2), START + 401));
}

/// The first epoch may have the largest number there is; none follows it.
#[test]
fn no_epoch_follows_the_last_number() {
    let params = PolicyParams { first_epoch: Epoch::new(u64::MAX), ..params() };
    let mut engine = Engine::new(Policy::new(params).unwrap(), START);
    let mut last = post(1, START);
    last.epoch = Epoch::new(u64::MAX);
    let post = |engine: &mut Engine| {
        let action = linked(Action::PostEpoch(last), engine.meta());
        engine.apply(START, &verified(&action))
    };
    assert!(post(&mut engine).is_ok());
    let expected = Epoch::new(u64::MAX);
    assert_eq!(post(&mut engine), Err(Refusal::EpochNotNext { expected }));
}

/// What stops the clock, each by itself.
#[test]
fn a_standstill_has_a_reason() {
    let mut engine = Engine::new(policy(), START);
    let why = |engine: &Engine, now| engine.meta_at(now).standstill(now);
    assert_eq!(why(&engine, START), Some(Standstill::NoEpoch));
    let first = linked(posted(1, START), engine.meta());
    engine.apply(START, &verified(&first)).unwrap();
    assert_eq!(why(&engine, START + 100), None);
    assert_eq!(why(&engine, START + 101), Some(Standstill::Stale));
    let after = |action: ActionRecord| {
        let mut engine = engine.clone();
        engine.apply(START, &verified(&linked(action, engine.meta()))).unwrap();
        why(&engine, START + 1)
    };
    assert_eq!(after(pause(START + 1)), Some(Standstill::Paused));
    assert_eq!(after(pause(START + 0x7f)), Some(Standstill::Paused));
    assert_eq!(after(jump(2, START, 9_000)), Some(Standstill::PriceMove));
    assert_eq!(after(circuits(START, false)), Some(Standstill::Circuits));
    assert_eq!(after(circuits(u64::MAX, true)), Some(Standstill::Circuits));
    assert_eq!(after(revoke(1)), Some(Standstill::ModelRevoked));
    assert_eq!(after(reject(1)), Some(Standstill::Rejected));
}

/// A claim is what its public inputs say, the roots as contracts write them.
#[test]
fn a_claim_is_its_public_inputs() {
    let data = claim(1, 3, BREACH);
    let (state_root, market_root) = (-Bn254Fr::from(1), Bn254Fr::from(5));
    let instance = MarginInstance {
        context: data.context,
        epoch: data.epoch,
        account: data.account,
        state_root,
        market_root,
        model: data.model,
        claim: data.claim,
        disclosed: data.disclosed,
        memo: Memo::NONE,
    };
    let root = |root: Bn254Fr| Root::new(root.to_be_bytes());
    let roots = (root(state_root), root(market_root));
    assert_eq!(
        ClaimData::from(&instance),
        ClaimData { state_root: roots.0, market_root: roots.1, ..data }
    );
    assert_eq!(roots.1.as_bytes()[31], 5);
    assert_eq!(roots.1.to_string(), format!("0x{:064x}", 5));
    assert_eq!(format!("{:?}", roots.1), format!("Root({})", roots.1));
    assert_eq!(roots.0.to_string().parse(), Ok(roots.0));
}

#[test]
fn nothing_is_the_digest_of_no_entries_under_a_salt_of_zeros() {
    fn digest<F: MarginField>() -> Root {
        let nothing = Change::new(Vec::new(), Blinding::new([0; 31])).unwrap();
        Root::from_field(&nothing.digest::<F>())
    }
    assert_eq!(
        [nothing(ProofSystem::Ipa), nothing(ProofSystem::Kzg)],
        [digest::<Fp>(), digest::<Bn254Fr>()]
    );
}

/// Who asks for a proof at the moment of an action is not told of a portfolio that the
/// account may have no more; of a breach it is.
#[test]
fn no_at_least_claim_counts_beside_a_change() {
    let policy = Policy::new(PolicyParams { change_epochs: 1, ..params() }).unwrap();
    let mut engine = Engine::new(policy.clone(), START);
    for action in [posted(1, START), register(1), prove(1, 1), change(1, 1, SAFE, 1)] {
        let action = linked(action, engine.meta());
        engine.apply(START, &verified(&action)).unwrap();
    }
    let check = |number, text| check_claim(&policy, &engine, START, &claim(number, 1, text));
    let open = Refusal::ChangeOpen { epoch: Epoch::new(1) };
    assert_eq!(check(1, SAFE), Err(TransitionError::Refused(open)));
    assert!(check(1, BREACH).is_ok() && check(2, SAFE).is_ok());
}

/// Nor does one without the escrow that the policy demands: of a breach none is.
#[test]
fn no_at_least_claim_counts_without_the_escrow_that_is_demanded() {
    let committee = committee(7);
    let policy = Policy::new(PolicyParams { escrow: Some(committee), ..params() }).unwrap();
    let mut engine = Engine::new(policy.clone(), START);
    for action in [posted(1, START), register(1), escrowed(1, 1, SAFE, 7)] {
        let action = linked(action, engine.meta());
        engine.apply(START, &verified(&action)).unwrap();
    }
    let check = |text| check_claim(&policy, &engine, START, &claim(1, 1, text));
    let demanded = Refusal::EscrowDemanded { committee };
    assert_eq!(check(SAFE), Err(TransitionError::Refused(demanded)));
    assert!(check(BREACH).is_ok());
}
