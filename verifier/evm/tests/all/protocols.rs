//! Owners, their operators, and several protocols that rely on one account.

use crate::common::actions::{self, START, account, breach, posted, register};
use crate::common::attesters::{address_of, sign};
use crate::common::registry::{ANYONE, GOVERNOR, PROTOCOL, Registry, time};
use crate::common::{CHAIN, Failure, Receipt};
use alloy_sol_types::{Eip712Domain, SolStruct, eip712_domain, sol};
use k256::ecdsa::SigningKey;
use revm::primitives::{Address, B256, U256};
use zkmargin_evm::contracts::{
    MarginCallRegistry as registry, MarginOperators as operators, MarginRoles as roles,
};
use zkmargin_evm::engine::{self as convert, LAST_TIME};
use zkmargin_margin::ids::AccountId;
use zkmargin_verifier::engine::{AccountStatus, ActionRecord, ClaimData, Event};

/// A second protocol.
const OTHER: Address = Address::repeat_byte(0xb4);
/// Owner of the engine's account 1.
const OWNER: Address = Address::repeat_byte(1);

sol! {
    struct Operator {
        address owner;
        address operator;
        uint48 until;
        uint256 nonce;
        uint48 deadline;
    }
}

fn until_ever() -> convert::Time {
    time(LAST_TIME)
}

struct Stage {
    registry: Registry,
    account: Address,
}

impl Stage {
    /// Account 1 with two protocols, and an epoch.
    fn new() -> Self {
        let mut registry = Registry::new(&actions::params(), START);
        registry.apply(START, &posted(1, START)).unwrap();
        registry.apply(START, &register(1)).unwrap();
        let role = registry.role(&roles::PROTOCOL_ROLECall {});
        let grant = roles::grantRoleCall { role, account: OTHER };
        registry.chain.send(GOVERNOR, registry.at.roles, &grant).unwrap();
        let account = registry.account(account(1));
        let mut stage = Self { registry, account };
        stage.consent(OTHER, until_ever());
        stage.subscribe(OTHER).unwrap();
        stage
    }

    fn consent(&mut self, operator: Address, until: convert::Time) {
        let set = operators::setOperatorCall { operator, until };
        self.registry.chain.send(OWNER, self.registry.at.operators, &set).unwrap();
    }

    fn subscribe(&mut self, protocol: Address) -> Result<Receipt, Failure> {
        let context = self.registry.context();
        let call = registry::subscribeCall { context, owner: OWNER, sub: 0 };
        self.registry.send(protocol, &call)
    }

    fn close(&mut self, protocol: Address) -> Result<Vec<Event>, Failure> {
        let (context, account) = (self.registry.context(), self.account);
        let receipt =
            self.registry.send(protocol, &registry::closeCall { context, id: account })?;
        Ok(self.registry.events(&receipt))
    }

    fn reinstate(&mut self, protocol: Address) -> Result<Vec<Event>, Failure> {
        let (context, account) = (self.registry.context(), self.account);
        let receipt =
            self.registry.send(protocol, &registry::reinstateCall { context, id: account })?;
        Ok(self.registry.events(&receipt))
    }

    fn status(&mut self) -> AccountStatus {
        let now = self.registry.chain.now;
        self.registry.status(account(1), now)
    }

    /// Lets a call's deadline pass.
    fn liquidatable(mut self) -> Self {
        let context = self.registry.market;
        let action: ActionRecord = breach(1, 1).map_claim(|claim| ClaimData { context, ..claim });
        self.registry.apply(START, &action).unwrap();
        for epoch in 2..9 {
            let now = START + 90 * (epoch - 1);
            self.registry.apply(now, &posted(epoch, now)).unwrap();
        }
        assert!(matches!(self.status(), AccountStatus::Liquidatable { .. }));
        self
    }
}

#[test]
fn accounts_are_derived_as_provers_do() {
    let stage = Stage::new();
    for (owner, sub) in [(OWNER, 0), (OWNER, 1), (ANYONE, u32::MAX)] {
        let got = stage.registry.view(&registry::accountOfCall { owner, sub });
        let expected = AccountId::derive(owner.as_slice(), sub).unwrap();
        assert_eq!(got, convert::address(expected));
    }
}

#[test]
fn nobody_is_registered_without_consent() {
    let mut stage = Stage::new();
    let context = stage.registry.context();
    let call = registry::registerCall { context, owner: OWNER, sub: 1 };
    let failure = stage.registry.send(ANYONE, &call).unwrap_err();
    assert!(failure.is::<operators::NotTheOwner>());
    stage.consent(ANYONE, time(START + 10));
    stage.registry.chain.now = START + 11;
    assert!(stage.registry.send(ANYONE, &call).is_err());
    stage.registry.chain.now = START + 10;
    stage.registry.send(ANYONE, &call).unwrap();
    // Consent does not make a protocol of it.
    let failure = stage.subscribe(ANYONE).unwrap_err();
    assert!(failure.is::<roles::AccessControlUnauthorizedAccount>());
    stage.consent(ANYONE, time(0));
    let another = registry::registerCall { context, owner: OWNER, sub: 2 };
    assert!(stage.registry.send(ANYONE, &another).is_err());
}

#[test]
fn consent_can_be_signed_once_and_voided() {
    let mut stage = Stage::new();
    let key = SigningKey::from_slice(&[5; 32]).unwrap();
    let owner = address_of(&key);
    let at = stage.registry.at.operators;
    let domain: Eip712Domain = eip712_domain! {
        name: "zk-margin operators",
        version: "1",
        chain_id: CHAIN,
        verifying_contract: at,
    };
    let approval = |nonce: u64, until: u64| {
        let (until, deadline) = (time(until), time(START + 5));
        let nonce = U256::from(nonce);
        let typed = Operator { owner, operator: ANYONE, until, nonce, deadline };
        let digest: B256 = typed.eip712_signing_hash(&domain);
        let signature = sign(&key, &digest.0);
        operators::approveOperatorCall { owner, operator: ANYONE, until, deadline, signature }
    };
    let send = |stage: &mut Stage, call: &operators::approveOperatorCall| {
        stage.registry.chain.send(ANYONE, at, call)
    };
    send(&mut stage, &approval(0, START + 100)).unwrap();
    let until = operators::operatorUntilCall { owner, operator: ANYONE };
    assert_eq!(stage.registry.chain.read(at, &until), time(START + 100));
    for again in [approval(0, START + 100), approval(2, START + 100)] {
        let failure = send(&mut stage, &again).unwrap_err();
        assert!(failure.is::<operators::InvalidApproval>());
    }
    let mut forged = approval(1, START + 100);
    forged.until = time(START + 101);
    assert!(send(&mut stage, &forged).is_err());
    stage.registry.chain.now = START + 6;
    assert!(send(&mut stage, &approval(1, START + 100)).is_err());
    stage.registry.chain.now = START;
    stage.registry.chain.send(owner, at, &operators::voidApprovalCall {}).unwrap();
    assert!(send(&mut stage, &approval(1, START + 100)).is_err());
    send(&mut stage, &approval(2, 0)).unwrap();
    assert_eq!(stage.registry.chain.read(at, &until), time(0));
}

#[test]
fn the_record_closes_with_the_last_subscription() {
    let mut stage = Stage::new();
    let twice = stage.subscribe(OTHER).unwrap_err();
    assert!(twice.is::<registry::AlreadySubscribed>());
    assert_eq!(stage.close(PROTOCOL).unwrap(), []);
    assert!(matches!(stage.status(), AccountStatus::Unproven { .. }));
    let again = stage.close(PROTOCOL).unwrap_err();
    assert!(again.is::<registry::NotSubscribed>());
    let depart = registry::departCall { context: stage.registry.context(), owner: OWNER, sub: 0 };
    let failure = stage.registry.send(OWNER, &depart).unwrap_err();
    assert!(failure.is::<registry::StillSubscribed>());
    let events = stage.close(OTHER).unwrap();
    assert_eq!(events, [Event::Closed { account: account(1), liquidated: false }]);
}

#[test]
fn an_account_without_protocols_is_its_owners_to_close() {
    let mut stage = Stage::new();
    let context = stage.registry.context();
    stage.registry.send(OWNER, &registry::registerCall { context, owner: OWNER, sub: 3 }).unwrap();
    let depart = registry::departCall { context, owner: OWNER, sub: 3 };
    let failure = stage.registry.send(ANYONE, &depart).unwrap_err();
    assert!(failure.is::<operators::NotTheOwner>());
    stage.registry.send(OWNER, &depart).unwrap();
}

#[test]
fn a_liquidatable_account_is_reinstated_when_every_protocol_settled_it() {
    let mut stage = Stage::new().liquidatable();
    let stranger = stage.reinstate(ANYONE).unwrap_err();
    assert!(stranger.is::<registry::NotSubscribed>());
    let events = stage.reinstate(PROTOCOL).unwrap();
    assert!(matches!(events.as_slice(), [Event::Liquidatable { .. }]), "{events:?}");
    let twice = stage.reinstate(PROTOCOL).unwrap_err();
    assert!(twice.is::<registry::AlreadySettled>());
    assert!(matches!(stage.status(), AccountStatus::Liquidatable { .. }));
    let events = stage.reinstate(OTHER).unwrap();
    assert!(matches!(events.as_slice(), [Event::Reinstated { .. }]), "{events:?}");
}

#[test]
fn the_last_to_close_leaves_the_rest_reinstated() {
    let mut stage = Stage::new().liquidatable();
    stage.reinstate(PROTOCOL).unwrap();
    // The other took what it was owed, and leaves.
    let events = stage.close(OTHER).unwrap();
    assert!(matches!(events.as_slice(), [Event::Reinstated { .. }]), "{events:?}");
    let subscribed =
        registry::protocolsOfCall { context: stage.registry.context(), account: stage.account };
    assert_eq!(stage.registry.view(&subscribed), [PROTOCOL]);
}

#[test]
fn a_liquidated_account_closes_when_all_took_their_part() {
    let mut stage = Stage::new().liquidatable();
    let events = stage.close(PROTOCOL).unwrap();
    assert!(matches!(events.as_slice(), [Event::Liquidatable { .. }]), "{events:?}");
    assert!(matches!(stage.status(), AccountStatus::Liquidatable { .. }));
    // Nobody new subscribes to one that is.
    assert!(stage.subscribe(PROTOCOL).unwrap_err().is::<registry::AccountLiquidatable>());
    let events = stage.close(OTHER).unwrap();
    assert_eq!(events, [Event::Closed { account: account(1), liquidated: true }]);
}

#[test]
fn an_escape_ends_all_subscriptions() {
    let mut stage = Stage::new();
    let context = stage.registry.context();
    let escape = registry::escapeCall { context, owner: OWNER, sub: 0 };
    // The only snapshot is fresh for 100 seconds; escapes are after 20,000.
    stage.registry.chain.now = START + 100 + 20_000;
    let failure = stage.registry.send(OWNER, &escape).unwrap_err();
    assert!(failure.is::<registry::NotStuck>());
    stage.registry.chain.now += 1;
    assert!(stage.registry.send(ANYONE, &escape).is_err());
    stage.registry.send(OWNER, &escape).unwrap();
    assert!(matches!(stage.status(), AccountStatus::Closed { .. }));
    let call = registry::isSubscribedCall { context, account: stage.account, protocol: OTHER };
    assert!(!stage.registry.view(&call));
}
