//! A market with a venue's accounts in its tree, and what is submitted of a subtree.

use std::collections::BTreeMap;

use alloy_sol_types::SolConstructor;
use revm::primitives::{B256, U256};
use zkmargin_evm::contracts::MarginVenueBatches as batches;
use zkmargin_evm::engine as convert;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::ids::{AccountId, Epoch, Memo};
use zkmargin_margin::statement::venue::{
    Counts, SubtreeDepth, SubtreePath, VenueInstance, flagged_chain, state_root_over, subtree_root,
};
use zkmargin_verifier::engine::{AccountStatus, Action, CallReason, EpochPost, Root};

use crate::common::actions::{self, START, account, market_root, model, post, register};
use crate::common::artifacts::MockVenueVerifier;
use crate::common::registry::{ANYONE, DEPLOYER, MOCK, Registry};
use crate::common::{Chain, Failure, Receipt, code_with};

pub(super) const LEVEL: &str = "at-least:maintenance";

/// A digest of the mock circuit of a depth.
pub(super) fn circuit(depth: SubtreeDepth) -> B256 {
    B256::repeat_byte(0xd0 + depth.get())
}

/// A market whose epoch 1 has accounts at these leaves, those flagged that say so.
pub(super) struct Venue {
    pub(super) on: Registry,
    pub(super) leaves: BTreeMap<usize, (AccountId, bool)>,
}

/// What a call is made of, to be lied about.
pub(super) struct Batch {
    pub(super) circuit: B256,
    pub(super) instance: VenueInstance<Bn254Fr>,
    pub(super) verdict: u8,
    pub(super) subtree: batches::Subtree,
}

fn leaf((at, (id, _)): (&usize, &(AccountId, bool))) -> (usize, Bn254Fr) {
    let [.., last] = *id.as_bytes();
    (*at, Bn254Fr::from(1_000 + u64::from(last)))
}

impl Venue {
    pub(super) fn new(leaves: &[(usize, u8, bool)]) -> Self {
        let on = Registry::deploy(Chain::new(START), &actions::params(), true).unwrap();
        let leaf = |(at, number, flagged): &(usize, u8, bool)| (*at, (account(*number), *flagged));
        Self::deploy(on, leaves.iter().map(leaf).collect())
    }

    /// Of accounts that a protocol is subscribed to, as an owner's are.
    pub(super) fn subscribed(leaves: &[(usize, u8, bool)]) -> Self {
        let mut on = Registry::deploy(Chain::new(START), &actions::params(), false).unwrap();
        let leaf = |(at, number, flagged): &(usize, u8, bool)| {
            (*at, (convert::account(on.account(account(*number))), *flagged))
        };
        let of_owners = leaves.iter().map(leaf).collect();
        let mut this = Self::deploy(on, of_owners);
        for (_, number, _) in leaves {
            this.on.apply(START, &register(*number)).unwrap();
        }
        this
    }

    fn deploy(mut on: Registry, leaves: BTreeMap<usize, (AccountId, bool)>) -> Self {
        let margin = on.mock(MOCK, true);
        on.add_circuit(margin, 100_000).unwrap();
        let mut this = Self { on, leaves };
        for depth in SubtreeDepth::ALL {
            let depth_word = U256::from(depth.get());
            let arguments =
                MockVenueVerifier::constructorCall { circuit: circuit(depth), depth: depth_word };
            let code = code_with(&MockVenueVerifier::BYTECODE, arguments.abi_encode());
            let verifier = this.on.chain.create(DEPLOYER, code).unwrap().0;
            this.on.add_venue_circuit(verifier, 100_000).unwrap();
        }
        this.post(1);
        this
    }

    pub(super) fn post(&mut self, epoch: u64) {
        let state_root = Root::from_field(&self.root());
        let posted = self.on.next(EpochPost { state_root, ..post(epoch, START) });
        self.on.apply(START, &Action::PostEpoch(posted)).unwrap();
    }

    pub(super) fn roots(&self, depth: SubtreeDepth) -> BTreeMap<usize, Bn254Fr> {
        let size = depth.leaves();
        let mut parts: BTreeMap<usize, Vec<Bn254Fr>> = BTreeMap::new();
        for (at, digest) in self.leaves.iter().map(leaf) {
            let part = parts.entry(at / size).or_insert_with(|| vec![Bn254Fr::from(0); size]);
            part[at % size] = digest;
        }
        parts.iter().map(|(index, leaves)| (*index, subtree_root(depth, leaves))).collect()
    }

    pub(super) fn root(&self) -> Bn254Fr {
        let depth = SubtreeDepth::ALL[0];
        state_root_over(depth, self.roots(depth))
    }

    /// What an honest venue submits of a subtree.
    pub(super) fn batch(&self, depth: SubtreeDepth, index: usize) -> Batch {
        let size = depth.leaves();
        let inside: Vec<_> =
            self.leaves.range(index * size..(index + 1) * size).map(|(_, leaf)| *leaf).collect();
        let flagged: Vec<_> = inside.iter().filter(|leaf| leaf.1).map(|leaf| leaf.0).collect();
        let count = |many: usize| u32::try_from(many).unwrap();
        let roots = self.roots(depth);
        let empty = subtree_root(depth, &[]);
        let instance = VenueInstance {
            context: self.on.market,
            epoch: Epoch::new(1),
            flagged: flagged_chain(&flagged),
            subtree_root: roots.get(&index).copied().unwrap_or(empty),
            market_root: Bn254Fr::from_be_bytes(market_root(1).as_bytes()).unwrap(),
            model: model(1),
            claim: LEVEL.parse().unwrap(),
            counts: Counts { accounts: count(inside.len()), flagged: count(flagged.len()) },
            memo: Memo::NONE,
        };
        let path = SubtreePath::among(depth, index, roots).unwrap();
        let subtree = convert::subtree(&path, &flagged);
        Batch { circuit: circuit(depth), instance, verdict: 1, subtree }
    }

    pub(super) fn submit(&mut self, batch: &Batch) -> Result<Receipt, Failure> {
        self.on.chain.send(ANYONE, self.on.at.batches, &batch.call())
    }

    pub(super) fn honest(&mut self, depth: SubtreeDepth, index: usize) -> Result<Receipt, Failure> {
        let batch = self.batch(depth, index);
        self.submit(&batch)
    }

    pub(super) fn coverage(&self) -> (u32, u32, bool) {
        let (context, at) = (self.on.context(), self.on.at.batches);
        let sum = self.on.chain.read(at, &batches::coverageOfCall { context, epoch: 1 });
        let whole = self.on.chain.read(at, &batches::coveredCall { context, epoch: 1 });
        assert_eq!(sum.whole, whole);
        (sum.accounts, sum.flagged, sum.whole)
    }

    pub(super) fn refused(&self, number: u8) -> B256 {
        let (context, account) = (self.on.context(), convert::address(account(number)));
        let call = batches::refusedCall { context, epoch: 1, account };
        self.on.chain.read(self.on.at.batches, &call)
    }

    pub(super) fn retry(&mut self, number: u8) -> Result<Receipt, Failure> {
        let (context, account) = (self.on.context(), convert::address(account(number)));
        let call = batches::retryCall { context, epoch: 1, account };
        self.on.chain.send(ANYONE, self.on.at.batches, &call)
    }

    pub(super) fn is_called(&mut self, number: u8) -> bool {
        let status = self.on.status(account(number), START);
        matches!(status, AccountStatus::Called { reason: CallReason::Breach, .. })
    }
}

impl Batch {
    pub(super) fn call(&self) -> batches::submitBatchCall {
        let inputs = self.instance.to_field_elements();
        batches::submitBatchCall {
            circuit: self.circuit,
            inputs: inputs.map(|row| U256::from_be_bytes(row.to_be_bytes())),
            proof: U256::from(self.verdict).to_be_bytes_vec().into(),
            subtree: self.subtree.clone(),
        }
    }

    /// The flagged accounts, and the numbers and the chain that go with them.
    pub(super) fn list(&mut self, flagged: &[AccountId]) {
        self.subtree.flagged = flagged.iter().map(|id| convert::address(*id)).collect();
        self.instance.flagged = flagged_chain(flagged);
        self.instance.counts.flagged = u32::try_from(flagged.len()).unwrap();
    }
}
