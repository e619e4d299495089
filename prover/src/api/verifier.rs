//! Verification that fails closed: a proof is accepted only about what was told.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use zkmargin_circuits::gadgets::layout::Columns;
use zkmargin_circuits::scenario::ScenarioCircuit;
use zkmargin_circuits::settlement::SettlementCircuit;
use zkmargin_circuits::simulation::{SCENARIOS, SimulationCircuit};
use zkmargin_circuits::standard::StandardCircuit;
use zkmargin_margin::claim::{Claim, Level, Leverage, Multiplier, Side};
use zkmargin_margin::ids::{AccountId, ContextId, Epoch, Memo, ModelDigest, Timestamp};
use zkmargin_params::srs::DevSrs;
use zkmargin_verifier::VerifyError;
use zkmargin_verifier::engine::{ClaimData, Root, VerifiedClaim};
use zkmargin_verifier::epoch::{SignedEpoch, Signers};
use zkmargin_verifier::proof::{CircuitId, Family, ProofFile, circuit_of};

use super::error::{ApiError, Figure};
use super::market::Market;
use super::venue::State;
use crate::backend::{Backend, SetupError};
use crate::freshness::Freshness;
use crate::setup::{Setup, Unobserved};
use crate::with_backend;

/// The epoch that proofs must be of. Nothing of it is left open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expected {
    context: ContextId,
    epoch: Epoch,
    state_root: Root,
    market_root: Root,
    model: ModelDigest,
    timestamp: Timestamp,
}

impl Expected {
    /// An epoch that enough of its signers signed: their word for its roots.
    ///
    /// # Errors
    /// When it is of another deployment, or too few signed it.
    pub fn signed(
        epoch: &SignedEpoch,
        signers: &Signers,
        context: ContextId,
    ) -> Result<Self, ApiError> {
        epoch.check(signers)?;
        same(Figure::Context, context, epoch.context)?;
        let post = &epoch.post;
        Ok(Self {
            context,
            epoch: post.epoch,
            state_root: post.state_root,
            market_root: post.market_root,
            model: post.model,
            timestamp: post.market_timestamp,
        })
    }

    /// A market that was recomputed, and a state that the caller made or trusts.
    ///
    /// # Errors
    /// When they are of two epochs.
    pub fn own(market: &Market, state: &State) -> Result<Self, ApiError> {
        same(Figure::Epoch, market.epoch().get(), state.epoch().get())?;
        Ok(Self {
            context: state.context(),
            epoch: market.epoch(),
            state_root: state.root(),
            market_root: market.root(),
            model: market.model(),
            timestamp: market.timestamp(),
        })
    }

    /// The epoch's number.
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }
}

/// What proofs must claim, and how old their prices may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The level that must be met at least.
    pub at_least: Level,
    /// How many times its requirement must be met.
    pub multiplier: Multiplier,
    /// The most leverage that must be claimed, if any.
    pub leverage: Option<Leverage>,
    /// How old the prices may be.
    pub freshness: Freshness,
    /// The account, unless any will do.
    pub account: Option<AccountId>,
    /// The memo, unless any will do.
    pub memo: Option<Memo>,
}

impl Policy {
    /// A level under prices of at most an age in seconds, of whatever account; clocks
    /// may differ by 15 seconds.
    pub fn new(at_least: Level, max_age: u64) -> Self {
        let freshness = Freshness { max_age, max_ahead: 15 };
        let multiplier = Multiplier::ONE;
        Self { at_least, multiplier, leverage: None, freshness, account: None, memo: None }
    }

    /// The same of one account.
    pub fn of_account(self, account: AccountId) -> Self {
        Self { account: Some(account), ..self }
    }
}

/// An accepted proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// What was proved.
    pub claim: VerifiedClaim,
    /// The age of its prices, in seconds.
    pub age: u64,
}

/// Verifies proofs, of whatever layout. Keys are loaded at the first proof of a circuit
/// and kept.
#[derive(Clone, Debug)]
pub struct Verifier {
    setup: Arc<Setup>,
    dev: DevSrs,
}

impl Verifier {
    /// A verifier over parameters and keys.
    pub fn new(setup: Arc<Setup>) -> Self {
        Self { setup, dev: DevSrs::Refuse }
    }

    /// Takes proofs that everybody can forge, for tests.
    pub fn insecure_dev_srs(self) -> Self {
        Self { dev: DevSrs::AllowInsecure, ..self }
    }

    /// Accepts a proof of the expected epoch that an account is at least at a level,
    /// by the machine's clock.
    ///
    /// # Errors
    /// When it is malformed, false, or about something else; when the prices are not
    /// fresh; [`ApiError::Below`] when it proves that the account is *below* a level.
    pub fn verify(
        &self,
        proof: impl AsRef<[u8]>,
        expected: &Expected,
        policy: &Policy,
    ) -> Result<Verdict, ApiError> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map(|time| time.as_secs());
        // A clock before 1970 makes every price one of the future.
        self.verify_at(proof, expected, policy, now.unwrap_or(0))
    }

    /// The same at a time, in seconds since 1970.
    ///
    /// # Errors
    /// As for [`Self::verify`].
    pub fn verify_at(
        &self,
        proof: impl AsRef<[u8]>,
        expected: &Expected,
        policy: &Policy,
        now: u64,
    ) -> Result<Verdict, ApiError> {
        let age = policy.freshness.check(expected.timestamp, now)?;
        let claim = self.check(proof)?;
        expected.hold(claim.data())?;
        policy.hold(claim.data())?;
        Ok(Verdict { claim, age })
    }

    /// Verifies a proof, and no more: under whatever roots it names, which its maker
    /// may have made up. [`Self::verify`] is what to decide by.
    ///
    /// # Errors
    /// When it is malformed or false, or its key is not there.
    pub fn check(&self, proof: impl AsRef<[u8]>) -> Result<VerifiedClaim, ApiError> {
        // Generic, so that who does not verify does not compile it.
        let proof = proof.as_ref();
        let circuit = circuit_of(proof).map_err(VerifyError::from)?;
        with_backend!(circuit.proof_system, B => self.check_in::<B>(circuit, proof))
    }

    fn check_in<B: Backend>(
        &self,
        circuit: CircuitId,
        proof: &[u8],
    ) -> Result<VerifiedClaim, ApiError> {
        let file = ProofFile::<B::Field>::parse(proof).map_err(VerifyError::from)?;
        let dev = match file.srs().is_some_and(|srs| srs.insecure) {
            false => DevSrs::Refuse,
            true if self.dev == DevSrs::AllowInsecure => DevSrs::AllowInsecure,
            true => return Err(ApiError::InsecureSrs),
        };
        // A file names no layout that its proof system does not have.
        let verifier = match circuit.layout == B::SYSTEM.usual_layout() {
            true => self.verifier::<B, B::Columns>(circuit, dev),
            false => self.verifier::<B::Wide, <B::Wide as Backend>::Columns>(circuit, dev),
        }?;
        let mut results = B::verify(&verifier, std::slice::from_ref(&file)).into_iter();
        Ok(results.next().unwrap_or(Err(VerifyError::Invalid))?)
    }

    /// The verifier of a circuit in a layout.
    fn verifier<B: Backend, L: Columns>(
        &self,
        circuit: CircuitId,
        dev: DevSrs,
    ) -> Result<Arc<B::Verifier>, SetupError> {
        let (setup, shape, see) = (&self.setup, circuit.shape, &Unobserved);
        match circuit.family {
            Family::Standard => setup.verifier::<B, StandardCircuit<_, L>>(shape, dev, see),
            Family::Scenario => setup.verifier::<B, ScenarioCircuit<_, L>>(shape, dev, see),
            Family::Simulation => {
                setup.verifier::<B, SimulationCircuit<_, SCENARIOS, L>>(shape, dev, see)
            }
            Family::Settlement => setup.verifier::<B, SettlementCircuit<_, L>>(shape, dev, see),
        }
    }
}

impl Expected {
    fn hold(&self, claim: &ClaimData) -> Result<(), ApiError> {
        same(Figure::Context, self.context, claim.context)?;
        same(Figure::Epoch, self.epoch.get(), claim.epoch.get())?;
        same(Figure::StateRoot, self.state_root, claim.state_root)?;
        same(Figure::MarketRoot, self.market_root, claim.market_root)?;
        same(Figure::Model, self.model, claim.model)
    }
}

impl Policy {
    fn hold(&self, claim: &ClaimData) -> Result<(), ApiError> {
        if let Some(account) = self.account {
            same(Figure::Account, account, claim.account)?;
        }
        if let Some(memo) = self.memo {
            same(Figure::Memo, memo, claim.memo)?;
        }
        if claim.claim.side() == Side::Below {
            let (account, claim) = (claim.account, Box::new(*claim));
            return Err(ApiError::Below { account, claim });
        }
        match claim.claim.is_at_least(self.at_least, self.multiplier, self.leverage) {
            true => Ok(()),
            false => Err(ApiError::Mismatch {
                figure: Figure::Claim,
                expected: self.wanted(),
                found: claim.claim.to_string(),
            }),
        }
    }

    /// What must be claimed, as a claim writes it.
    fn wanted(&self) -> String {
        let plain = Claim::new(Side::AtLeast, self.at_least);
        let claim = plain.map(|claim| claim.with_multiplier(self.multiplier));
        let claim = claim.and_then(|claim| match self.leverage {
            Some(leverage) => claim.with_leverage(leverage),
            None => Ok(claim),
        });
        claim.map_or_else(|_| format!("at-least:{}", self.at_least), |claim| claim.to_string())
    }
}

fn same<T: PartialEq + ToString>(figure: Figure, expected: T, found: T) -> Result<(), ApiError> {
    match expected == found {
        true => Ok(()),
        false => {
            let (expected, found) = (expected.to_string(), found.to_string());
            Err(ApiError::Mismatch { figure, expected, found })
        }
    }
}
