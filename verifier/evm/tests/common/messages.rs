//! What the engine's actions are on the chain.

use alloy_sol_types::SolCall;
use revm::primitives::{Address, B256, Bytes, U256};
use zkmargin_evm::contracts::{
    MarginCallRegistry as registry, MarginChanges as changes, MarginEscrows as escrows,
    MarginMarkets as markets,
};
use zkmargin_evm::engine as convert;
use zkmargin_margin::ids::AccountId;
use zkmargin_verifier::engine::{
    Action, ActionRecord, ChangeData, ClaimData, EpochPost, EscrowedData, Root,
};

use super::actions;
use super::artifacts::{OpenGate, OpenRegistry};
use super::attesters::signatures;
use super::registry::{
    ANYONE, GOVERNOR, GUARDIAN, MOCK, MOCK_CHANGES, MOCK_ESCROWS, PATHS, PROTOCOL, Registry, time,
};

/// Who sends what to whom.
#[derive(Clone, Debug)]
pub struct Message {
    pub from: Address,
    pub to: Address,
    pub data: Vec<u8>,
}

impl Registry {
    /// What an action is on the chain.
    pub fn message(&mut self, action: &ActionRecord, verdict: u8) -> Message {
        let owner = match action {
            Action::SubmitChange { change } => convert::address(change.afterwards().account),
            _ => ANYONE,
        };
        let action = action.clone().map_claim(|claim| ClaimData {
            account: convert::account(self.account(claim.account)),
            ..claim
        });
        match &action {
            Action::SubmitProof { claim } => self.proof(claim, verdict, Kind::Proof),
            Action::SubmitBreach { claim } => self.proof(claim, verdict, Kind::Breach),
            Action::Cure { claim } => self.proof(claim, verdict, Kind::Cure),
            Action::SubmitChange { change } => self.change(change, verdict, Some(owner)),
            Action::ShowChange { change } => self.change(change, verdict, None),
            Action::SubmitEscrowed { escrowed } => self.escrowed(escrowed, verdict),
            Action::SetCircuits { .. }
            | Action::AcceptModel { .. }
            | Action::RevokeModel { .. }
            | Action::PostEpoch(_)
            | Action::RejectEpoch { .. }
            | Action::Pause { .. }
            | Action::Resume { .. } => self.market_message(&action),
            _ => self.account_message(&action),
        }
    }

    fn proof(&self, claim: &ClaimData, verdict: u8, kind: Kind) -> Message {
        let proof = U256::from(verdict).to_be_bytes_vec();
        let data = kind.calldata(MOCK, claim, proof);
        Message { from: ANYONE, to: self.at.registry, data }
    }

    /// A change, which its owner brings, or what shows one.
    fn change(&self, change: &ChangeData, verdict: u8, owner: Option<Address>) -> Message {
        let proof = Bytes::from(U256::from(verdict).to_be_bytes_vec());
        let (circuit, inputs) = (MOCK_CHANGES, convert::change_inputs(change));
        let (from, data) = match owner {
            Some(owner) => {
                let call = changes::submitChangeCall { owner, sub: 0, circuit, inputs, proof };
                (owner, call.abi_encode())
            }
            None => (ANYONE, changes::showChangeCall { circuit, inputs, proof }.abi_encode()),
        };
        Message { from, to: self.at.changes, data }
    }

    /// A proof with the ciphertext of the engine's tests, whose digest it shows.
    fn escrowed(&self, escrowed: &EscrowedData, verdict: u8) -> Message {
        let proof = Bytes::from(U256::from(verdict).to_be_bytes_vec());
        let to = (0..9).find(|number| actions::committee(*number) == escrowed.committee()).unwrap();
        let sealed = actions::ciphertext(escrowed.claim().epoch.get());
        let ciphertext = convert::ciphertext(&actions::committee_key(to), &sealed);
        let (circuit, inputs) = (MOCK_ESCROWS, convert::escrow_inputs(escrowed));
        let call = escrows::submitEscrowedCall { circuit, inputs, proof, ciphertext };
        Message { from: ANYONE, to: self.at.escrows, data: call.abi_encode() }
    }

    fn market_message(&mut self, action: &ActionRecord) -> Message {
        let context = self.context();
        let root = |root: &Root| B256::from(*root.as_bytes());
        let (from, data) = match action {
            Action::SetCircuits { until, frozen } => {
                let call = OpenGate::sayCall { context, until: time(*until), frozen: *frozen };
                return Message { from: ANYONE, to: self.at.gate, data: call.abi_encode() };
            }
            Action::AcceptModel { model } => {
                let model = convert::model(*model);
                (GOVERNOR, markets::acceptModelCall { context, model }.abi_encode())
            }
            Action::RevokeModel { model } => {
                let model = convert::model(*model);
                (GOVERNOR, markets::revokeModelCall { context, model }.abi_encode())
            }
            Action::PostEpoch(post) => (ANYONE, self.post_message(post)),
            Action::RejectEpoch { epoch, market_root } => {
                let (epoch, market_root) = (epoch.get(), root(market_root));
                let call = markets::rejectEpochCall { context, epoch, marketRoot: market_root };
                (GUARDIAN, call.abi_encode())
            }
            // The governor's: a guardian may not pause twice in a row.
            Action::Pause { until } => {
                (GOVERNOR, markets::pauseCall { context, until: time(*until) }.abi_encode())
            }
            Action::Resume { epoch, market_root } => {
                let (epoch, market_root) = (epoch.get(), root(market_root));
                (
                    GUARDIAN,
                    markets::resumeCall { context, epoch, marketRoot: market_root }.abi_encode(),
                )
            }
            other => panic!("{} is no action of the market's", other.name()),
        };
        Message { from, to: self.at.markets, data }
    }

    /// Signed by two of three, under the market's own context.
    fn post_message(&mut self, post: &EpochPost) -> Vec<u8> {
        let previous = self.digests.get(&post.previous).copied().unwrap_or(post.previous);
        let mut ours = EpochPost { previous, ..*post };
        // Short forms of the engine's tests, which follow whatever was posted.
        if post.reference.get() == u64::MAX {
            ours = self.next(ours);
        }
        let digest = ours.digest(self.market);
        if let Some(foreign) = self.foreign {
            self.digests.insert(post.digest(foreign), digest);
        }
        let post = convert::epoch_post(&ours);
        let signatures = signatures(&digest, &[0, 2]);
        markets::postEpochCall { context: self.context(), post, signatures }.abi_encode()
    }

    fn account_message(&mut self, action: &ActionRecord) -> Message {
        let context = self.context();
        if let Action::ExpireChange { account } = action {
            let account = self.account(*account);
            let data = changes::expireChangeCall { context, account }.abi_encode();
            return Message { from: ANYONE, to: self.at.changes, data };
        }
        let id = |account: &AccountId, this: &mut Self| this.account(*account);
        let (from, data) = match action {
            Action::Register { account } if self.open => {
                let id = id(account, self);
                (ANYONE, OpenRegistry::registerAnyCall { context, id }.abi_encode())
            }
            Action::Register { account } => {
                id(account, self);
                let owner = convert::address(*account);
                (owner, registry::registerCall { context, owner, sub: 0 }.abi_encode())
            }
            Action::CallOverdue { account } => {
                let account = id(account, self);
                (ANYONE, registry::callOverdueCall { context, id: account }.abi_encode())
            }
            Action::MarkLiquidatable { account } => {
                let account = id(account, self);
                (ANYONE, registry::markLiquidatableCall { context, id: account }.abi_encode())
            }
            Action::Close { account } => {
                let account = id(account, self);
                (PROTOCOL, registry::closeCall { context, id: account }.abi_encode())
            }
            Action::Reinstate { account } => {
                let account = id(account, self);
                (PROTOCOL, registry::reinstateCall { context, id: account }.abi_encode())
            }
            Action::Escape { account } => {
                let owner = convert::address(*account);
                id(account, self);
                (owner, registry::escapeCall { context, owner, sub: 0 }.abi_encode())
            }
            Action::RequestPath { account } => {
                let account = id(account, self);
                (PATHS, registry::requestPathCall { context, id: account }.abi_encode())
            }
            Action::AnswerPath { account } => {
                let account = id(account, self);
                (PATHS, registry::answerPathCall { context, id: account }.abi_encode())
            }
            other => panic!("{} is no action of an account's", other.name()),
        };
        Message { from, to: self.at.registry, data }
    }
}

/// What a proof is submitted as.
#[derive(Clone, Copy)]
pub enum Kind {
    Proof,
    Breach,
    Cure,
}

impl Kind {
    pub fn calldata(self, circuit: B256, claim: &ClaimData, proof: Vec<u8>) -> Vec<u8> {
        let (inputs, proof) = (convert::inputs(claim), Bytes::from(proof));
        match self {
            Self::Proof => registry::submitProofCall { circuit, inputs, proof }.abi_encode(),
            Self::Breach => registry::submitBreachCall { circuit, inputs, proof }.abi_encode(),
            Self::Cure => registry::cureCall { circuit, inputs, proof }.abi_encode(),
        }
    }
}
