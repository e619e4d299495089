//! The example integration's story: a lender that trusts margin proofs.

use crate::common::actions::{self, START, breach, cure, posted, prove};
use crate::common::artifacts::TestToken;
use crate::common::registry::{ANYONE, DEPLOYER, GOVERNOR, Registry, time};
use crate::common::{Failure, Receipt, code_with};
use alloy_sol_types::{SolCall, SolConstructor, SolEvent};
use revm::primitives::{Address, U256};
use zkmargin_evm::contracts::{
    MarginCallRegistry as registry, MarginLendingVault as vault, MarginOperators as operators,
    MarginRoles as roles,
};
use zkmargin_evm::engine::LAST_TIME;
use zkmargin_margin::ids::AccountId;
use zkmargin_verifier::engine::{ActionRecord, ClaimData};

const LIQUIDATOR: Address = Address::repeat_byte(0xb0);
/// The borrower owns account 1 of the engine's tests.
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
        let mut token = || chain.create(DEPLOYER, TestToken::BYTECODE.to_vec()).unwrap().0;
        let (collateral, token) = (token(), token());
        let arguments = vault::constructorCall {
            registry: registry.at.registry,
            context: registry.context(),
            // Maintenance, proved at prices no older than 200 seconds.
            minLevel: 2,
            maxAge: time(200),
            collateral,
            token,
        };
        let code = code_with(&vault::BYTECODE, arguments.abi_encode());
        let (vault, _) = registry.chain.create(DEPLOYER, code).unwrap();
        let role = registry.role(&roles::PROTOCOL_ROLECall {});
        let grant = roles::grantRoleCall { role, account: vault };
        registry.chain.send(GOVERNOR, registry.at.roles, &grant).unwrap();
        registry.account(actions::account(1));
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

    /// The borrower lets the vault act for it and opens an account.
    fn open(&mut self) {
        let set = operators::setOperatorCall { operator: self.vault, until: time(LAST_TIME) };
        self.registry.chain.send(BORROWER, self.registry.at.operators, &set).unwrap();
        self.send(BORROWER, &vault::openAccountCall {}).unwrap();
    }

    fn account(&self) -> Address {
        self.registry.view(&registry::accountOfCall { owner: BORROWER, sub: 0 })
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
        let context = self.registry.market;
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
        story.open();
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
        assert!(failure.is::<vault::MayNotIncreaseRisk>(), "{failure:?}");
    };
    refused(story.borrow(1));
    // Without debt nothing is asked.
    story.withdraw(100).unwrap();
    story.send(BORROWER, &vault::depositCall { amount: units(100) }).unwrap();
    story.open();
    refused(story.borrow(1));
    story.proof(prove(1, 1));
    story.borrow(300).unwrap();
    story.withdraw(100).unwrap();
    assert_eq!(story.balance(story.token, BORROWER), units(300));
    // 400 of collateral are good for 320.
    assert!(story.borrow(21).unwrap_err().is::<vault::TooMuchDebt>());
    assert!(story.withdraw(26).unwrap_err().is::<vault::TooMuchDebt>());
    story.borrow(20).unwrap();

    // The proof's prices get old: current still, but no credit.
    story.pass(2..5);
    refused(story.borrow(1));
    refused(story.withdraw(1));
    // Repaying is always allowed, and so is leaving without debt.
    let repay = vault::repayCall { owner: BORROWER, amount: units(320) };
    story.send(BORROWER, &repay).unwrap();
    story.withdraw(1).unwrap();
    story.send(BORROWER, &vault::closeAccountCall {}).unwrap();
    assert_eq!(story.balance(story.collateral, BORROWER), units(1_000));
    refused(story.borrow(1));
}

#[test]
fn a_met_call_restores_credit() {
    let mut story = Story::with_debt();
    story.pass(2..3);
    story.proof(breach(1, 2));
    assert!(story.borrow(1).unwrap_err().is::<vault::MayNotIncreaseRisk>());
    let liquidate = vault::liquidateCall { owner: BORROWER };
    let early = story.send(LIQUIDATOR, &liquidate).unwrap_err();
    assert!(early.is::<vault::NotLiquidatable>());
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
    let address = story.registry.at.registry;
    let (context, account) = (story.registry.context(), story.account());
    let mark = registry::markLiquidatableCall { context, id: account };
    let receipt = story.registry.chain.send(ANYONE, address, &mark).unwrap();
    let told = receipt
        .logs
        .iter()
        .filter(|log| log.address == story.vault)
        .filter_map(|log| vault::LiquidationOpen::decode_log_data(&log.data).ok())
        .collect::<Vec<_>>();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].account, account);
    // Nobody but the registry tells the vault.
    let tell = vault::onLiquidatableCall { context, account, since: told[0].since };
    assert!(story.send(ANYONE, &tell).unwrap_err().is::<vault::NotTheRegistry>());

    let again = story.send(BORROWER, &vault::reinstateCall {}).unwrap_err();
    assert!(again.is::<vault::DebtOutstanding>());
    let liquidate = vault::liquidateCall { owner: BORROWER };
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
    assert!(story.send(LIQUIDATOR, &liquidate).unwrap_err().is::<vault::NothingOwed>());
}

#[test]
fn a_liquidatable_account_without_debt_may_prove_again() {
    let mut story = Story::with_debt();
    story.pass(2..3);
    story.proof(breach(1, 2));
    story.pass(3..9);
    // No more is taken than is owed.
    let repay = vault::repayCall { owner: BORROWER, amount: units(301) };
    let before = story.balance(story.token, LIQUIDATOR);
    story.send(LIQUIDATOR, &repay).unwrap();
    assert_eq!(before - story.balance(story.token, LIQUIDATOR), units(300));
    let liquidate = vault::liquidateCall { owner: BORROWER };
    assert!(story.send(LIQUIDATOR, &liquidate).unwrap_err().is::<vault::NothingOwed>());
    // A stranger cannot wash it.
    let stranger = story.send(ANYONE, &vault::reinstateCall {}).unwrap_err();
    assert!(stranger.is::<registry::NotRegistered>());
    story.send(BORROWER, &vault::reinstateCall {}).unwrap();
    assert!(story.borrow(1).unwrap_err().is::<vault::MayNotIncreaseRisk>());
    story.pass(9..10);
    story.proof(prove(1, 9));
    story.borrow(1).unwrap();
}

#[test]
fn without_prices_nothing_is_lent() {
    let mut story = Story::with_debt();
    story.borrow(1).unwrap();
    // Ten years later, nobody having posted: late for nothing, and yet no credit.
    story.registry.chain.now += 10 * 366 * 86_400;
    assert!(story.borrow(1).unwrap_err().is::<vault::MayNotIncreaseRisk>());
    assert!(story.withdraw(1).unwrap_err().is::<vault::MayNotIncreaseRisk>());
}

#[test]
fn in_a_halt_nothing_is_lent() {
    let mut story = Story::with_debt();
    let now = story.registry.chain.now;
    story.registry.apply(now, &actions::pause(now + 10)).unwrap();
    assert!(story.borrow(1).unwrap_err().is::<vault::MayNotIncreaseRisk>());
}

#[test]
fn who_escapes_still_owes() {
    let mut story = Story::with_debt();
    story.registry.chain.now += 100 + 20_001;
    let (context, owner) = (story.registry.context(), BORROWER);
    let escape = registry::escapeCall { context, owner, sub: 0 };
    story.registry.send(BORROWER, &escape).unwrap();
    let liquidate = vault::liquidateCall { owner: BORROWER };
    story.send(LIQUIDATOR, &liquidate).unwrap();
    assert_eq!(story.balance(story.collateral, LIQUIDATOR), units(330));
}
