//! Whatever is asked of them, the contract and the Rust engine do the same:
//! same events, same refusals with the same data, same state.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod common;

use common::actions::plan::{ACCOUNTS, Plan, action, arb_plan};
use common::actions::{self, START, account, model, verified};
use common::registry::{Refused, Registry, time};
use common::{Failure, registry as fixture};
use proptest::prelude::*;
use zkmargin_evm::contracts::MarginCallRegistry as registry;
use zkmargin_evm::engine as convert;
use zkmargin_margin::ids::Epoch;
use zkmargin_verifier::engine::{Action, ActionRecord, Engine, Event, Policy, PolicyParams};

/// The engine and the contract, under the contract's context.
struct Pair {
    engine: Engine,
    contract: Registry,
}

impl Pair {
    fn new(params: PolicyParams) -> Self {
        let contract = Registry::new(&params, START);
        let policy = PolicyParams { context: contract.context(), ..params };
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
        let expected = self.engine.apply(now, &verified(action));
        let got = self.contract.apply(now, action);
        prop_assert_eq!(&got, &expected.map_err(Refused::Engine), "{:?}", action);
        self.same_state(now)?;
        self.announced(&got.unwrap_or_default())
    }

    /// With an invalid proof the contract refuses whatever the engine, which
    /// sees valid ones only, would do; and nothing changes.
    fn forged(&mut self, now: u64, action: &ActionRecord) -> Result<(), TestCaseError> {
        let expected = self.engine.clone().apply(now, &verified(action));
        let invalid = alloy_sol_types::SolError::abi_encode(&registry::InvalidProof {});
        let expected = match expected {
            Ok(_) => Refused::Other(Failure::Revert(invalid.into())),
            Err(refusal) => Refused::Engine(refusal),
        };
        prop_assert_eq!(self.contract.apply_with(now, action, 0), Err(expected));
        self.same_state(now)
    }

    fn same_state(&mut self, now: u64) -> Result<(), TestCaseError> {
        prop_assert_eq!(self.contract.clock(now), self.engine.clock(now));
        let (meta, expected) =
            (self.contract.view(&registry::metaCall {}), self.engine.meta().advanced(now));
        prop_assert_eq!(meta.latest, expected.latest.get());
        prop_assert_eq!(meta.freshUntil, time(expected.fresh_until));
        prop_assert_eq!(meta.modelRevoked, expected.model_revoked);
        prop_assert_eq!(convert::halt(meta.halt), expected.halt);
        for number in 1..=ACCOUNTS {
            let id = account(number);
            let status = self.contract.status(id, now);
            prop_assert_eq!(status, self.engine.status(id, now));
            let address = convert::address(id);
            let last = self.contract.view(&registry::statusOfCall { account: address });
            let stored = self.engine.accounts().find(|(other, _)| **other == id);
            let expected = stored.map_or(0, |(_, account)| account.last_epoch.get());
            prop_assert_eq!(last.status.lastEpoch, expected);
            let standing = registry::inGoodStandingCall { account: address };
            let clock = self.engine.clock(now);
            prop_assert_eq!(self.contract.view(&standing), status.in_good_standing(clock));
            let liquidatable = registry::liquidatableCall { account: address };
            prop_assert_eq!(self.contract.view(&liquidatable), self.engine.liquidatable(id, now));
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
        let got = self.contract.view(&registry::epochsCall { epoch: epoch.get() });
        prop_assert_eq!(got.stateRoot.0, *stored.state_root.as_bytes());
        prop_assert_eq!(got.marketRoot.0, *stored.market_root.as_bytes());
        prop_assert_eq!(got.model.0, *stored.model.as_bytes());
        prop_assert_eq!(got.marketTimestamp, time(stored.market_timestamp.get()));
        prop_assert_eq!(got.posted, time(stored.posted.get()));
        prop_assert_eq!(got.state, if stored.quarantined { 2 } else { 1 });
        Ok(())
    }

    fn same_records(&self) -> Result<(), TestCaseError> {
        for (epoch, _) in self.engine.epochs() {
            self.same_epoch(*epoch)?;
        }
        for number in 1..=2 {
            let digest = model(number);
            let call = registry::isModelAcceptedCall { model: (*digest.as_bytes()).into() };
            let expected = self.engine.models().any(|accepted| *accepted == digest);
            prop_assert_eq!(self.contract.view(&call), expected);
        }
        Ok(())
    }
}

fn arb_params() -> impl Strategy<Value = PolicyParams> {
    let levels = prop::sample::select(vec![(1, 1, 1), (1, 2, 2), (2, 2, 3), (3, 3, 3), (1, 2, 3)]);
    (levels, any::<bool>()).prop_map(|((breach, required, cure), limited)| {
        let level = |number| zkmargin_margin::claim::Level::from_u8(number).unwrap();
        PolicyParams {
            breach_level: level(breach),
            required_level: level(required),
            cure_level: level(cure),
            max_price_move_bps: limited.then_some(2_000),
            ..actions::params()
        }
    })
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
                Action::SubmitProof { .. } | Action::SubmitBreach { .. } | Action::Cure { .. }
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
        let action = pair.localised(action);
        pair.step(START, &action).unwrap();
    };
    apply(&mut pair, actions::posted(1, START));
    apply(&mut pair, actions::register(1));
    let proof = pair.localised(actions::prove(1, 1));
    for verdict in [0, 2, 3, 4, 5, 6] {
        let refused = pair.contract.apply_with(START, &proof, verdict).unwrap_err();
        let fixture::Refused::Other(failure) = refused else { panic!("{refused:?}") };
        assert!(failure.is::<registry::InvalidProof>(), "verdict {verdict}");
    }
    pair.step(START, &proof).unwrap();
}
