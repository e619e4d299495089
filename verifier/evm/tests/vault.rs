//! The example integration's story: a lender that trusts margin proofs.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod common;

use alloy_sol_types::{SolCall, SolConstructor, SolEvent};
use common::actions::{self, START, breach, cure, posted, prove};
use common::registry::{ANYONE, GOVERNOR, PROTOCOL, Registry, TestToken};
use common::{Failure, Receipt, code_with};
use revm::primitives::{Address, U256};
use zkmargin_evm::contracts::{MarginCallRegistry as registry, MarginLendingVault as vault};
use zkmargin_margin::ids::AccountId;
use zkmargin_verifier::engine::{ActionRecord, ClaimData};

const LIQUIDATOR: Address = Address::repeat_byte(0xb0);
/// The borrower is account 1 of the engine's tests.
const BORROWER: Address = Address::repeat_byte(1);

struct Story {
    registry: Registry,
    vault: Address,
    collateral: Address,
    token: Address,
}

fn units(amount: u64) -> U256 {
    U256::from(amount)
}

impl Story {
    /// A vault with 1,000 tokens to lend, a borrower and a liquidator with 1,000
    /// of each, and the first epoch.
    fn new() -> Self {
        let mut registry = Registry::new(&actions::params(), START);
        let chain = &mut registry.chain;
        let mut token = || chain.create(GOVERNOR, TestToken::BYTECODE.to_vec()).unwrap().0;
        let (collateral, token) = (token(), token());
        let arguments =
            vault::constructorCall { registry: registry.address, collateral, token }.abi_encode();
        let (vault, _) = chain.create(GOVERNOR, code_with(&vault::BYTECODE, arguments)).unwrap();
        let role = registry.view(&registry::PROTOCOL_ROLECall {});
        registry.send(GOVERNOR, &registry::grantRoleCall { role, account: vault }).unwrap();
        registry.send(PROTOCOL, &registry::setHookCall { newHook: vault }).unwrap();
        let mut story = Self { registry, vault, collateral, token };
        for (token, to) in [(token, vault), (token, LIQUIDATOR), (collateral, BORROWER)] {
            let mint = TestToken::mintCall { to, amount: units(1_000) };
            story.registry.chain.send(ANYONE, token, &mint).unwrap();
        }
        for (token, owner) in [(collateral, BORROWER), (token, BORROWER), (token, LIQUIDATOR)] {
            let approve = TestToken::approveCall { spender: vault, value: U256::MAX };
            story.registry.chain.send(owner, token, &approve).unwrap();
        }
        story.post(1, START);
        story
    }

    fn post(&mut self, epoch: u64, now: u64) {
        self.registry.apply(now, &posted(epoch, now)).unwrap();
    }

    /// Epochs every 90 seconds, so that the engine's clock runs.
    fn pass(&mut self, epochs: std::ops::Range<u64>) {
        for epoch in epochs {
            let now = self.registry.chain.now + 90;
            self.post(epoch, now);
        }
    }

    fn proof(&mut self, action: ActionRecord) {
        let context = self.registry.context();
        let action = action.map_claim(|claim| ClaimData { context, ..claim });
        self.registry.apply(self.registry.chain.now, &action).unwrap();
    }

    fn send<C: SolCall>(&mut self, from: Address, call: &C) -> Result<Receipt, Failure> {
        self.registry.chain.send(from, self.vault, call)
    }

    fn borrow(&mut self, amount: u64) -> Result<Receipt, Failure> {
        self.send(BORROWER, &vault::borrowCall { amount: units(amount) })
    }

    fn withdraw(&mut self, amount: u64) -> Result<Receipt, Failure> {
        self.send(BORROWER, &vault::withdrawCall { amount: units(amount) })
    }

    fn balance(&self, token: Address, account: Address) -> U256 {
        self.registry.chain.read(token, &TestToken::balanceOfCall { account })
    }

    /// The borrower with 500 of collateral and 300 of debt, in good standing.
    fn with_debt() -> Self {
        let mut story = Self::new();
        story.send(BORROWER, &vault::openAccountCall {}).unwrap();
        story.send(BORROWER, &vault::depositCall { amount: units(500) }).unwrap();
        story.proof(prove(1, 1));
        story.borrow(300).unwrap();
        story
    }
}

#[test]
fn the_borrower_is_account_one() {
    assert_eq!(AccountId::new(BORROWER.into_array()), actions::account(1));
}

#[test]
fn debt_and_withdrawals_need_a_proof() {
    let mut story = Story::new();
    story.send(BORROWER, &vault::depositCall { amount: units(500) }).unwrap();
    let refused = |result: Result<Receipt, Failure>| {
        let failure = result.unwrap_err();
        assert!(failure.is::<vault::NotInGoodStanding>(), "{failure:?}");
    };
    refused(story.borrow(1));
    story.send(BORROWER, &vault::openAccountCall {}).unwrap();
    refused(story.borrow(1));
    refused(story.withdraw(1));
    story.proof(prove(1, 1));
    story.borrow(300).unwrap();
    story.withdraw(100).unwrap();
    assert_eq!(story.balance(story.token, BORROWER), units(300));
    // 400 of collateral are good for 320.
    assert!(story.borrow(21).unwrap_err().is::<vault::TooMuchDebt>());
    assert!(story.withdraw(26).unwrap_err().is::<vault::TooMuchDebt>());
    story.borrow(20).unwrap();

    // The proof's window passes: no call yet, but no credit either.
    story.pass(2..14);
    refused(story.borrow(1));
    refused(story.withdraw(1));
    // Repaying is always allowed.
    let repay = vault::repayCall { account: BORROWER, amount: units(320) };
    story.send(BORROWER, &repay).unwrap();
    // A new proof, and the account may leave.
    story.proof(prove(1, 13));
    story.send(BORROWER, &vault::closeAccountCall {}).unwrap();
    assert_eq!(story.balance(story.collateral, BORROWER), units(1_000));
    refused(story.borrow(1));
}

#[test]
fn a_met_call_restores_credit() {
    let mut story = Story::with_debt();
    story.pass(2..3);
    story.proof(breach(1, 2));
    assert!(story.borrow(1).unwrap_err().is::<vault::NotInGoodStanding>());
    let liquidate = vault::liquidateCall { account: BORROWER };
    let early = story.send(LIQUIDATOR, &liquidate).unwrap_err();
    assert!(early.is::<vault::NotLiquidatable>());
    // A called account cannot leave, even without debt.
    let repay = vault::repayCall { account: BORROWER, amount: units(300) };
    story.send(BORROWER, &repay).unwrap();
    let leave = story.send(BORROWER, &vault::closeAccountCall {}).unwrap_err();
    assert!(leave.is::<registry::CallOpen>());
    story.pass(3..4);
    story.proof(cure(1, 3));
    story.borrow(1).unwrap();
}

#[test]
fn an_unmet_call_ends_in_liquidation() {
    let mut story = Story::with_debt();
    story.pass(2..3);
    story.proof(breach(1, 2));
    story.pass(3..9);
    let address = story.registry.address;
    let mark = registry::markLiquidatableCall { id: BORROWER };
    let receipt = story.registry.chain.send(ANYONE, address, &mark).unwrap();
    let told = receipt
        .logs
        .iter()
        .filter(|log| log.address == story.vault)
        .filter_map(|log| vault::LiquidationOpen::decode_log_data(&log.data).ok())
        .collect::<Vec<_>>();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].account, BORROWER);
    // Nobody but the registry tells the vault.
    let tell = vault::onLiquidatableCall { account: BORROWER, since: told[0].since };
    assert!(story.send(ANYONE, &tell).unwrap_err().is::<vault::NotTheRegistry>());

    let again = vault::reinstateCall { account: BORROWER };
    assert!(story.send(ANYONE, &again).unwrap_err().is::<vault::DebtOutstanding>());
    let liquidate = vault::liquidateCall { account: BORROWER };
    story.send(LIQUIDATOR, &liquidate).unwrap();
    assert_eq!(story.balance(story.token, LIQUIDATOR), units(700));
    // The debt and a tenth; the rest waits for its owner, once.
    assert_eq!(story.balance(story.collateral, LIQUIDATOR), units(330));
    assert_eq!(story.balance(story.collateral, BORROWER), units(500));
    for claimant in [LIQUIDATOR, BORROWER, BORROWER] {
        story.send(claimant, &vault::claimLeftoverCall {}).unwrap();
    }
    assert_eq!(story.balance(story.collateral, LIQUIDATOR), units(330));
    assert_eq!(story.balance(story.collateral, BORROWER), units(670));
    assert_eq!(story.balance(story.token, story.vault), units(1_000));
    assert!(story.send(LIQUIDATOR, &liquidate).unwrap_err().is::<vault::NotLiquidatable>());
}

#[test]
fn a_liquidatable_account_without_debt_may_prove_again() {
    let mut story = Story::with_debt();
    story.pass(2..3);
    story.proof(breach(1, 2));
    story.pass(3..9);
    // No more is taken than is owed.
    let repay = vault::repayCall { account: BORROWER, amount: units(301) };
    let before = story.balance(story.token, LIQUIDATOR);
    story.send(LIQUIDATOR, &repay).unwrap();
    assert_eq!(before - story.balance(story.token, LIQUIDATOR), units(300));
    let leave = story.send(BORROWER, &vault::closeAccountCall {}).unwrap_err();
    assert!(leave.is::<vault::NotInGoodStanding>());
    let liquidate = vault::liquidateCall { account: BORROWER };
    assert!(story.send(LIQUIDATOR, &liquidate).unwrap_err().is::<vault::NothingOwed>());
    story.send(ANYONE, &vault::reinstateCall { account: BORROWER }).unwrap();
    assert!(story.borrow(1).unwrap_err().is::<vault::NotInGoodStanding>());
    story.pass(9..10);
    story.proof(prove(1, 9));
    story.borrow(1).unwrap();
}
