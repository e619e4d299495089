//! What follows a call, with real proofs and a vault that lent to the account: it closes
//! lots by itself, or a slice of its collateral is sold, or all of it.
//!
//! `--nocapture` prints what each step costs.

use std::collections::BTreeMap;

use alloy_sol_types::{SolCall, SolConstructor, sol};
use revm::primitives::{Address, B256, I256, U256};
use zkmargin_evm::contracts::{
    MarginCallRegistry as calls, MarginChanges as changes, MarginOperators as operators,
    MarginRoles as roles,
};
use zkmargin_evm::engine::{self as convert, LAST_TIME};
use zkmargin_evm::generate;
use zkmargin_margin::ids::{AccountId, Epoch};
use zkmargin_margin::shape::ProofSystem;
use zkmargin_verifier::bn254::VerifyingKey;
use zkmargin_verifier::engine::{Action, ClaimData, PolicyParams};

use super::{OWNER, START, post};
use crate::common::artifacts::{MockFeed, TestToken};
use crate::common::messages::Kind;
use crate::common::registry::{ANYONE, DEPLOYER, GOVERNOR, MOCK, Registry, time};
use crate::common::stories::{
    self, CHANGER, CHANGES, DELEVERAGINGS, DeleveragingStory, KEEPER, ProvedChange,
};
use crate::common::verifier::{artifact_name, code, compiled, load};
use crate::common::{Chain, Failure, Receipt};

sol! {
    /// What the story does with `MarginClearingVault`. Its rules have an enumeration of the
    /// engine's, which the macro does not find in the artifact.
    contract Vault {
        struct Curve { uint64 start; uint64 cutoff; uint32 fast; uint32 slow; }
        struct Rules {
            uint8 minLevel;
            uint48 maxAge;
            uint32 maxPriceAge;
            uint16 loanToValueBps;
            uint16 bonusMinBps;
            uint16 bonusMaxBps;
            uint16 feeBps;
            uint16 ownPartBps;
            uint32 settlePeriod;
            uint128 bond;
            uint128 fundCap;
            uint128 markScale;
            uint128 quoteUnit;
            Curve curve;
        }

        constructor(
            address registry, bytes31 context, address collateral, address token, address feed,
            Rules memory rules
        );
        function openAccount() external;
        function deposit(uint256 amount) external;
        function borrow(uint256 amount) external;
        function lend(uint256 amount) external;
        function postBond(uint256 amount) external;
        function startSlice(
            address owner, bytes32 circuit, uint256[9] calldata inputs, bytes calldata proof
        ) external;
        function startWhole(address owner) external;
        function bid(address owner) external;
        function settle(address owner) external;
        function owed(address who) external view returns (uint256);
        function positions(address who) external view returns (uint256 collateral, uint256 debt);
    }
}
use Vault as vault;

const BIDDER: Address = Address::repeat_byte(0xb1);
const LENDER: Address = Address::repeat_byte(0xb2);
/// The margin circuit's key.
const MARGIN: &str = "standard-small.vk";
/// How old prices may be, and how long the account has: the least that goes with it.
const MAX_AGE: u64 = 7_200;
const CURE: u64 = 14_400;
/// An eighteenth decimal's one.
const ONE: u64 = 1_000_000_000_000_000_000;

fn key() -> VerifyingKey {
    let bytes = std::fs::read(stories::deleveraging_key()).unwrap();
    VerifyingKey::from_bytes(&bytes).unwrap()
}

fn digest(key: &VerifyingKey) -> B256 {
    (*key.digest().as_bytes()).into()
}

/// A market, a vault with a debt of the changer's, and what steps cost.
#[derive(Clone)]
struct Stage {
    story: DeleveragingStory,
    registry: Registry,
    vault: Address,
    feed: Address,
    gas: BTreeMap<&'static str, u64>,
}

fn units(amount: u64) -> U256 {
    U256::from(amount)
}

impl Stage {
    /// Called for a breach in epoch 1, by the stored proof.
    fn called() -> Self {
        let story = stories::deleveraging_story();
        let claim = story.breach.claim;
        let policy = PolicyParams::standard(stories::context(), ProofSystem::Kzg, claim.model);
        let policy = PolicyParams {
            change_epochs: 2,
            max_snapshot_age: MAX_AGE,
            grace_period: 0,
            cure_periods: zkmargin_verifier::engine::CurePeriods::uniform(CURE),
            ..policy
        };
        let mut registry = Registry::deploy(Chain::new(START), &policy, false).unwrap();
        assert_eq!(registry.at.markets.into_array(), stories::REGISTRY);
        let mock = registry.mock(MOCK, true);
        registry.add_circuit(mock, 100_000).unwrap();
        let mut verifier = |of: &str| registry.chain.create(DEPLOYER, code(of)).unwrap().0;
        let [margin, change, cures] =
            [verifier(MARGIN), verifier(CHANGES), verifier(DELEVERAGINGS)];
        registry.add_circuit(margin, 600_000).unwrap();
        registry.add_change_circuit(change, 600_000).unwrap();
        registry.add_change_circuit(cures, 600_000).unwrap();
        registry.apply(START, &Action::Register { account: AccountId::new(CHANGER) }).unwrap();
        post(&mut registry, &claim);
        let (vault, feed) = lend(&mut registry);
        let mut stage = Self { story, registry, vault, feed, gas: BTreeMap::new() };
        stage.borrow();
        stage.breach();
        stage
    }

    fn send<C: SolCall>(&mut self, from: Address, call: &C) -> Result<Receipt, Failure> {
        self.registry.chain.send(from, self.vault, call)
    }

    /// Sends what costs this much.
    fn step<C: SolCall>(&mut self, name: &'static str, from: Address, call: &C) {
        let receipt = self.send(from, call).unwrap();
        self.gas.insert(name, receipt.gas);
    }

    /// The changer is proved by a mock, and takes a debt of 300,000.
    fn borrow(&mut self) {
        let set = operators::setOperatorCall { operator: self.vault, until: time(LAST_TIME) };
        self.registry.chain.send(OWNER, self.registry.at.operators, &set).unwrap();
        self.send(OWNER, &vault::openAccountCall {}).unwrap();
        self.send(OWNER, &vault::depositCall { amount: units(500_000) }).unwrap();
        let healthy = ClaimData {
            account: AccountId::new(CHANGER),
            claim: "at-least:maintenance".parse().unwrap(),
            disclosed: zkmargin_margin::instance::Shortfall::NONE,
            ..self.story.breach.claim
        };
        self.registry.apply(START, &Action::SubmitProof { claim: healthy }).unwrap();
        self.send(OWNER, &vault::borrowCall { amount: units(300_000) }).unwrap();
    }

    /// Everybody's proof that the account is in breach.
    fn breach(&mut self) {
        let proved = &self.story.breach;
        let circuit = digest(&load(MARGIN));
        let data = Kind::Breach.calldata(circuit, &proved.claim, proved.proof());
        let receipt = self.registry.chain.send_raw(ANYONE, self.registry.at.registry, data);
        self.gas.insert("submitBreach", receipt.unwrap().gas);
        self.registry.account(AccountId::new(CHANGER));
    }

    fn status(&mut self) -> &'static str {
        let now = self.registry.chain.now;
        self.registry.status(AccountId::new(CHANGER), now).name()
    }

    /// Time passes, with epochs that say nothing new.
    fn pass(&mut self, seconds: u64) {
        let until = self.registry.chain.now + seconds;
        while self.registry.chain.now < until {
            self.registry.chain.now = until.min(self.registry.chain.now + MAX_AGE - 100);
            let epoch = Epoch::new(self.registry.read(0).meta.latest + 1);
            let claim = ClaimData { epoch, ..self.story.breach.claim };
            post(&mut self.registry, &claim);
        }
    }

    fn change(&mut self, proved: &ProvedChange, shows: bool) -> Result<Receipt, Failure> {
        let inputs = convert::change_inputs(&proved.change);
        let proof = hex::decode(&proved.proof).unwrap().into();
        let at = self.registry.at.changes;
        if shows {
            let call = changes::showChangeCall { circuit: super::digest(), inputs, proof };
            return self.registry.chain.send(ANYONE, at, &call);
        }
        let circuit = digest(&key());
        let call = changes::submitChangeCall { owner: OWNER, sub: 0, circuit, inputs, proof };
        self.registry.chain.send(OWNER, at, &call)
    }
}

/// A vault with a pool of a million and a feed that says one; its market's quote unit is a
/// token.
fn lend(registry: &mut Registry) -> (Address, Address) {
    let mut create = |code: Vec<u8>| registry.chain.create(DEPLOYER, code).unwrap().0;
    let [collateral, token] = [(); 2].map(|()| create(TestToken::BYTECODE.to_vec()));
    let feed = create(MockFeed::BYTECODE.to_vec());
    let rules = vault::Rules {
        minLevel: 2,
        maxAge: time(MAX_AGE),
        maxPriceAge: u32::try_from(MAX_AGE).unwrap(),
        loanToValueBps: 8_000,
        bonusMinBps: 100,
        bonusMaxBps: 1_000,
        feeBps: 0,
        ownPartBps: 2_500,
        settlePeriod: 600,
        bond: 1_000,
        fundCap: 100_000,
        markScale: 10_000_000_000,
        quoteUnit: 1,
        curve: vault::Curve { start: ONE, cutoff: ONE / 5 * 4, fast: 600, slow: 7_200 },
    };
    let (at, context) = (registry.at.registry, registry.context());
    let arguments =
        vault::constructorCall { registry: at, context, collateral, token, feed, rules };
    let code = [compiled("MarginClearingVault"), arguments.abi_encode()].concat();
    let (lender, _) = registry.chain.create(DEPLOYER, code).unwrap();
    let role = registry.role(&roles::PROTOCOL_ROLECall {});
    let grant = roles::grantRoleCall { role, account: lender };
    registry.chain.send(GOVERNOR, registry.at.roles, &grant).unwrap();
    for (token, to) in [(token, LENDER), (token, BIDDER), (collateral, OWNER)] {
        let mint = TestToken::mintCall { to, amount: units(1_000_000) };
        registry.chain.send(ANYONE, token, &mint).unwrap();
        let approve = TestToken::approveCall { spender: lender, value: U256::MAX };
        registry.chain.send(to, token, &approve).unwrap();
    }
    say(registry, feed, 100_000_000);
    let lend = vault::lendCall { amount: units(1_000_000) };
    registry.chain.send(LENDER, lender, &lend).unwrap();
    registry.chain.send(BIDDER, lender, &vault::postBondCall { amount: units(1_000) }).unwrap();
    (lender, feed)
}

/// The feed's answer of now.
fn say(registry: &mut Registry, feed: Address, answer: i64) {
    let now = units(registry.chain.now);
    let answer = I256::try_from(answer).unwrap();
    let call = MockFeed::sayCall { answer, startedAt: now, updatedAt: now };
    registry.chain.send(ANYONE, feed, &call).unwrap();
}

#[test]
fn the_source_of_deleveragings_is_what_the_key_gives() {
    let name = artifact_name(DELEVERAGINGS);
    let path = format!("../contracts/generated/{name}.sol");
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    assert!(std::fs::read_to_string(path).unwrap() == generate::solidity(&key(), &name));
}

#[test]
fn a_called_account_closes_lots_by_itself() {
    let mut stage = Stage::called();
    let (change, shown) = (stage.story.change.clone(), stage.story.shown.clone());
    // Nothing of it is another's: no row, no level that it was below.
    let at = stage.registry.at.changes;
    let inputs = convert::change_inputs(&change.change);
    let proof = hex::decode(&change.proof).unwrap();
    let mut send = |inputs, circuit| {
        let proof = proof.clone().into();
        let call = changes::submitChangeCall { owner: OWNER, sub: 0, circuit, inputs, proof };
        stage.registry.chain.send(OWNER, at, &call)
    };
    for row in 0..inputs.len() {
        let mut others = inputs;
        others[row] ^= U256::ONE;
        send(others, digest(&key())).unwrap_err();
    }
    // Told to be healthier, to have been below initial margin or bankrupt, to keep to a
    // leverage; and proved by the circuit of what meets.
    for claim in [0x0b_u64, 0x73, 0x13, 0x53 | 1 << 40, 0x33, 0x03] {
        let mut others = inputs;
        others[6] = U256::from(claim);
        send(others, digest(&key())).unwrap_err();
    }
    send(inputs, super::digest()).unwrap_err();

    let receipt = stage.change(&change, false).unwrap();
    stage.gas.insert("submitChange", receipt.gas);
    assert_eq!(stage.status(), "called");
    stage.registry.chain.now += 600;
    post(&mut stage.registry, shown.change.afterwards());
    let receipt = stage.change(&shown, true).unwrap();
    stage.gas.insert("showChange", receipt.gas);
    assert_eq!(stage.status(), "current");
    stage.print("an account that closes lots by itself");
}

#[test]
fn a_slice_is_sold_to_a_bonded_bidder() {
    let mut stage = Stage::called();
    stage.registry.chain.now += CURE / 4;
    let proved = stage.story.breach.clone();
    let slice = vault::startSliceCall {
        owner: OWNER,
        circuit: digest(&load(MARGIN)),
        inputs: convert::inputs(&proved.claim),
        proof: proved.proof().into(),
    };
    stage.send(ANYONE, &slice).unwrap_err();
    stage.registry.chain.now += 1;
    stage.step("startSlice", ANYONE, &slice);
    stage.registry.chain.now += 300;
    stage.step("bid", BIDDER, &vault::bidCall { owner: OWNER });
    stage.step("settle", BIDDER, &vault::settleCall { owner: OWNER });
    let owed = stage.registry.chain.read(stage.vault, &vault::owedCall { who: KEEPER.into() });
    assert!(owed > U256::ZERO, "whom the proof names is paid");
    let left = stage.registry.chain.read(stage.vault, &vault::positionsCall { who: OWNER });
    let disclosed = U256::from(proved.claim.disclosed.get());
    assert_eq!(left.debt, units(300_000) - disclosed, "the shortfall is repaid");
    stage.print("a slice of another");
}

#[test]
fn the_whole_is_sold_when_the_time_is_over() {
    let mut stage = Stage::called();
    stage.pass(CURE + 600);
    let context = stage.registry.context();
    let account = convert::address(stories::changing_account());
    let mark = calls::markLiquidatableCall { context, id: account };
    let receipt = stage.registry.send(ANYONE, &mark).unwrap();
    stage.gas.insert("markLiquidatable", receipt.gas);
    say(&mut stage.registry, stage.feed, 90_000_000);
    stage.step("startWhole", ANYONE, &vault::startWholeCall { owner: OWNER });
    stage.registry.chain.now += 300;
    stage.step("bid", BIDDER, &vault::bidCall { owner: OWNER });
    stage.step("settle", BIDDER, &vault::settleCall { owner: OWNER });
    let left = stage.registry.chain.read(stage.vault, &vault::positionsCall { who: OWNER });
    assert!(left.debt.is_zero());
    assert_eq!(stage.status(), "liquidatable", "the protocol of the tests has yet to settle");
    stage.print("the whole of a third");
}

impl Stage {
    /// What the steps cost.
    #[allow(clippy::print_stdout, reason = "printing is what it is for")]
    fn print(&self, what: &str) {
        println!("{what}:");
        for (step, gas) in &self.gas {
            println!("  {step:17}{gas:8} gas");
        }
    }
}
