//! Whatever is asked of them, the contract and the Rust engine do the same:
//! same events, same refusals with the same data, same state.

use crate::common::actions::plan::{ACCOUNTS, Plan, action, arb_plan};
use crate::common::actions::{self, START, account, model, verified};
use crate::common::registry::{Refused, Registry, time};
use crate::common::{Failure, registry as fixture};
use proptest::prelude::*;
use zkmargin_evm::contracts::{
    MarginCallRegistry as registry, MarginChanges as changes, MarginMarkets as markets,
    MarginProofGate as gate,
};
use zkmargin_evm::engine::{self as convert, LAST_TIME};
use zkmargin_margin::claim::Level;
use zkmargin_margin::ids::Epoch;
use zkmargin_verifier::engine::{
    AccountStatus, Action, ActionRecord, Engine, EpochState, Event, Policy, PolicyParams, Refusal,
    Root,
};

/// The engine and the contract, under the contract's context.
struct Pair {
    engine: Engine,
    contract: Registry,
}

impl Pair {
    fn new(params: PolicyParams) -> Self {
        let contract = Registry::new(&params, START);
        let policy = PolicyParams { context: contract.market, ..params };
        Self { engine: Engine::new(Policy::new(policy).unwrap(), START), contract }
    }

    /// Claims of the tests' context are of the contract's.
    fn localised(&self, action: ActionRecord) -> ActionRecord {
        let context = self.engine.policy().params().context;
        action.map_claim(|mut claim| {
            if claim.context == actions::context() {
                claim.context = context;
            }
            claim
        })
    }

    /// Both do the same, and stand in the same state.
    fn step(&mut self, now: u64, action: &ActionRecord) -> Result<(), TestCaseError> {
        if self.is_foreign(action) {
            return self.foreign(now, action);
        }
        let expected = self.engine.apply(now, &verified(action));
        let got = self.contract.apply(now, action);
        prop_assert_eq!(&got, &expected.map_err(Refused::Engine), "{:?}", action);
        self.same_state(now)?;
        self.announced(&got.unwrap_or_default())
    }

    fn is_foreign(&self, action: &ActionRecord) -> bool {
        match action {
            Action::SubmitProof { claim }
            | Action::SubmitBreach { claim }
            | Action::Cure { claim } => claim.context != self.contract.market,
            Action::SubmitChange { change } | Action::ShowChange { change } => {
                change.afterwards().context != self.contract.market
            }
            Action::SubmitEscrowed { escrowed } => escrowed.claim().context != self.contract.market,
            _ => false,
        }
    }

    /// A claim's context says which market it is for: of one that is not there,
    /// nothing else can be said. The engine, which is one market, accepts none either.
    fn foreign(&mut self, now: u64, action: &ActionRecord) -> Result<(), TestCaseError> {
        let events = self.engine.apply(now, &verified(action)).unwrap_or_default();
        prop_assert_eq!(events, Vec::new());
        let refused = Err(Refused::Engine(Refusal::WrongContext));
        prop_assert_eq!(self.contract.apply(now, action), refused);
        self.same_state(now)
    }

    /// With an invalid proof the contract refuses whatever the engine, which
    /// sees valid ones only, would do; and nothing changes. One that says nothing
    /// new is not looked at.
    fn forged(&mut self, now: u64, action: &ActionRecord) -> Result<(), TestCaseError> {
        if self.is_foreign(action) {
            return Ok(());
        }
        let expected = self.engine.clone().apply(now, &verified(action));
        let invalid = alloy_sol_types::SolError::abi_encode(&gate::InvalidProof {});
        let expected = match expected {
            Ok(events) if events.is_empty() => Ok(events),
            Ok(_) => Err(Refused::Other(Failure::Revert(invalid.into()))),
            Err(refusal) => Err(Refused::Engine(refusal)),
        };
        prop_assert_eq!(self.contract.apply_with(now, action, 0), expected);
        self.same_state(now)
    }

    fn same_state(&mut self, now: u64) -> Result<(), TestCaseError> {
        prop_assert_eq!(self.contract.clock(now), self.engine.clock(now));
        self.same_meta(now)?;
        for number in 1..=ACCOUNTS {
            let id = account(number);
            let status = self.contract.status(id, now);
            prop_assert_eq!(status, self.engine.status(id, now));
            let address = self.contract.account(id);
            let context = self.contract.context();
            let last = self.contract.view(&registry::statusOfCall { context, account: address });
            let stored = self.engine.accounts().find(|(other, _)| **other == id);
            let expected = stored.map_or(0, |(_, account)| account.last_epoch.get());
            prop_assert_eq!(last.status.lastEpoch, expected);
            let liquidatable = registry::liquidatableCall { context, account: address };
            prop_assert_eq!(self.contract.view(&liquidatable), self.engine.liquidatable(id, now));
            self.same_standing(number, now)?;
        }
        Ok(())
    }

    fn same_meta(&self, now: u64) -> Result<(), TestCaseError> {
        let meta = self.contract.read(0).meta;
        let expected = self.engine.meta_at(now);
        prop_assert_eq!(meta.latest, expected.latest.get());
        prop_assert_eq!(meta.lastRan, time(expected.last_ran));
        prop_assert_eq!(meta.freshUntil, time(expected.fresh_until));
        prop_assert_eq!(meta.modelRevoked, expected.model_revoked);
        prop_assert_eq!(meta.pausedUntil, time(expected.paused_until.unwrap_or(0)));
        prop_assert_eq!(meta.breaker, expected.breaker);
        prop_assert_eq!(meta.circuitsUntil, time(expected.circuits_until));
        prop_assert_eq!(meta.circuitsFrozen, expected.circuits_frozen);
        prop_assert_eq!(meta.graceFrom, time(expected.grace.from.get()));
        prop_assert_eq!(meta.graceUntil, time(expected.grace.until.get()));
        if meta.latest != 0 {
            prop_assert_eq!(meta.latestState, epoch_state(expected.latest_state));
        }
        let moves = self.contract.moves();
        prop_assert_eq!(moves.confirmed, expected.confirmed.get());
        prop_assert_eq!(moves.windowStart, time(expected.window.start));
        prop_assert_eq!(moves.previousBps, expected.window.previous_bps);
        prop_assert_eq!(moves.currentBps, expected.window.current_bps);
        prop_assert_eq!(moves.latestDigest.0, *expected.latest_digest.as_bytes());
        Ok(())
    }

    fn same_standing(&mut self, number: u8, now: u64) -> Result<(), TestCaseError> {
        let (context, account) = (self.contract.context(), self.contract.account(account(number)));
        let expected = self.engine.standing(actions::account(number), now);
        let facts = self.contract.view(&registry::standingCall { context, account });
        prop_assert_eq!(facts.clock, time(expected.clock.get()));
        if let AccountStatus::Current { level, .. } = expected.status {
            prop_assert_eq!(facts.level, level as u8);
        }
        prop_assert_eq!(facts.waits, expected.waits_for.is_some());
        let call = changes::changeOfCall { context, account };
        let got = self.contract.chain.read(self.contract.at.changes, &call);
        let open = expected.change.map(|open| (open.epoch.get(), open.level as u8, open.next));
        let next = Root::new(got.change.next.to_be_bytes());
        let got = (got.epoch != 0).then_some((got.epoch, got.change.level, next));
        prop_assert_eq!(got, open);
        prop_assert_eq!(facts.halted, expected.halted.is_some());
        prop_assert_eq!(facts.stale, expected.stale);
        prop_assert_eq!(facts.provableNow, expected.provable_now);
        for (level, age) in [(1, 0), (1, 50), (2, 100), (3, 1_000), (3, LAST_TIME)] {
            let call = registry::mayIncreaseRiskCall {
                context,
                account,
                minLevel: level,
                maxAge: time(age),
            };
            let level = Level::from_u8(level).unwrap();
            prop_assert_eq!(self.contract.view(&call), expected.may_increase_risk(level, age));
        }
        Ok(())
    }

    /// What an event is about is on record in both.
    fn announced(&self, events: &[Event]) -> Result<(), TestCaseError> {
        for event in events {
            if let Event::EpochPosted { epoch, .. } = event {
                self.same_epoch(*epoch)?;
            }
        }
        Ok(())
    }

    fn same_epoch(&self, epoch: Epoch) -> Result<(), TestCaseError> {
        let stored = self.engine.epochs().find(|(other, _)| **other == epoch).unwrap().1;
        let call = markets::epochOfCall { context: self.contract.context(), epoch: epoch.get() };
        let got = self.contract.chain.read(self.contract.at.markets, &call);
        prop_assert_eq!(got.stateRoot.0, *stored.state_root.as_bytes());
        prop_assert_eq!(got.marketRoot.0, *stored.market_root.as_bytes());
        prop_assert_eq!(got.model.0, *stored.model.as_bytes());
        prop_assert_eq!(got.marketTimestamp, time(stored.market_timestamp.get()));
        prop_assert_eq!(got.posted, time(stored.posted.get()));
        prop_assert_eq!(got.state, epoch_state(stored.state));
        Ok(())
    }

    fn same_records(&self) -> Result<(), TestCaseError> {
        for (epoch, _) in self.engine.epochs() {
            self.same_epoch(*epoch)?;
        }
        for number in 1..=2 {
            let digest = model(number);
            let context = self.contract.context();
            let call = markets::isModelAcceptedCall { context, model: convert::model(digest) };
            let expected = self.engine.models().any(|accepted| *accepted == digest);
            let got = self.contract.chain.read(self.contract.at.markets, &call);
            prop_assert_eq!(got, expected);
        }
        Ok(())
    }
}

/// An epoch's state by the contracts' number.
fn epoch_state(state: EpochState) -> u8 {
    match state {
        EpochState::Posted => 1,
        EpochState::Quarantined => 2,
        EpochState::Rejected => 3,
    }
}

fn arb_params() -> impl Strategy<Value = PolicyParams> {
    let levels = prop::sample::select(vec![(1, 1, 1), (1, 2, 2), (2, 2, 3), (3, 3, 3), (1, 2, 3)]);
    (levels, any::<bool>(), any::<bool>()).prop_map(
        |((breach, required, cure), limited, escrow)| {
            let level = |number| zkmargin_margin::claim::Level::from_u8(number).unwrap();
            PolicyParams {
                breach_level: level(breach),
                required_level: level(required),
                cure_level: level(cure),
                max_price_move_bps: limited.then_some(2_000),
                change_epochs: 2,
                max_liquidations: u16::from(limited),
                escrow: escrow.then(|| actions::committee(1)),
                ..actions::params()
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn engine_and_contract_agree(
        params in arb_params(),
        plans in prop::collection::vec((arb_plan(), 0u8..8), 1..60),
    ) {
        let mut pair = Pair::new(params);
        let mut now = START;
        for (plan, forged) in plans {
            let plan: Plan = plan;
            now += plan.seconds;
            let action = pair.localised(action(plan, &pair.engine, now));
            let has_proof = matches!(
                action,
                Action::SubmitProof { .. }
                    | Action::SubmitBreach { .. }
                    | Action::Cure { .. }
                    | Action::SubmitChange { .. }
                    | Action::ShowChange { .. }
                    | Action::SubmitEscrowed { .. }
            );
            if has_proof && forged == 0 {
                pair.forged(now, &action)?;
            }
            pair.step(now, &action)?;
        }
        pair.same_records()?;
    }
}

#[test]
fn the_mock_accepts_only_what_says_so() {
    let mut pair = Pair::new(actions::params());
    let apply = |pair: &mut Pair, action: ActionRecord| {
        let action = pair.localised(actions::linked(action, pair.engine.meta()));
        pair.step(START, &action).unwrap();
    };
    apply(&mut pair, actions::posted(1, START));
    apply(&mut pair, actions::register(1));
    let proof = pair.localised(actions::prove(1, 1));
    for verdict in [0, 2, 3, 4, 5, 6] {
        let refused = pair.contract.apply_with(START, &proof, verdict).unwrap_err();
        let fixture::Refused::Other(failure) = refused else { panic!("{refused:?}") };
        assert!(failure.is::<gate::InvalidProof>(), "verdict {verdict}");
    }
    pair.step(START, &proof).unwrap();
}
