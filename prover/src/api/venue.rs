//! Account trees of whatever proof system.

use std::collections::BTreeMap;

use pasta_curves::Fp;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::ids::{AccountId, ContextId, Epoch};
use zkmargin_margin::shape::ProofSystem;
use zkmargin_verifier::engine::Root;

use super::error::ApiError;
use super::market::Market;
use crate::portfolio_file::PortfolioDocument;
use crate::venue::{self, Entry, FieldHex, Membership, PathFile, StateFile, VenueError};

/// A venue's accounts with their commitments, from which the state of an epoch is
/// made.
#[derive(Clone, Debug)]
pub struct Venue {
    context: ContextId,
    system: ProofSystem,
    accounts: BTreeMap<AccountId, FieldHex>,
}

impl Venue {
    /// A venue of a deployment, without accounts.
    pub fn new(context: ContextId, system: ProofSystem) -> Self {
        Self { context, system, accounts: BTreeMap::new() }
    }

    /// Commits to a portfolio, in place of the account's last one; the commitment.
    ///
    /// # Errors
    /// When the market is of another proof system, or the portfolio has no blinding
    /// or does not fit it.
    pub fn commit(
        &mut self,
        market: &Market,
        document: &PortfolioDocument,
    ) -> Result<FieldHex, ApiError> {
        let (found, expected) = (self.system, market.proof_system());
        if found != expected {
            return Err(ApiError::ProofSystem { what: "the venue", found, expected });
        }
        let commitment = market.commitment(document)?;
        self.accounts.insert(document.account, commitment);
        Ok(commitment)
    }

    /// Takes a commitment that was made elsewhere, in place of the account's last one.
    pub fn insert(&mut self, account: AccountId, commitment: FieldHex) {
        self.accounts.insert(account, commitment);
    }

    /// The tree of an epoch over the accounts as they are.
    ///
    /// # Errors
    /// When there are none or too many, or a commitment is not below the modulus.
    pub fn state(&self, epoch: Epoch) -> Result<State, VenueError> {
        Ok(match self.system {
            ProofSystem::Ipa => State(Typed::Ipa(self.build(epoch)?)),
            ProofSystem::Kzg => State(Typed::Kzg(self.build(epoch)?)),
        })
    }

    fn build<F: MarginField>(&self, epoch: Epoch) -> Result<venue::State<F>, VenueError> {
        let entry = |(account, commitment): (&AccountId, &FieldHex)| {
            let place = || format!("commitment of {account}");
            let commitment = commitment.element();
            let commitment = commitment
                .ok_or_else(|| VenueError::NotCanonical { place: place(), field: F::NAME })?;
            Ok(Entry { account: *account, commitment })
        };
        let entries = self.accounts.iter().map(entry).collect::<Result<_, VenueError>>()?;
        venue::State::build(self.context, epoch, entries)
    }
}

#[derive(Clone, Debug)]
enum Typed {
    Ipa(venue::State<Fp>),
    Kzg(venue::State<Bn254Fr>),
}

/// A venue's account tree in an epoch.
#[derive(Clone, Debug)]
pub struct State(Typed);

/// Runs code for a state of whatever field.
macro_rules! with_state {
    ($state:expr, $typed:ident => $body:expr) => {
        match &$state.0 {
            Typed::Ipa($typed) => $body,
            Typed::Kzg($typed) => $body,
        }
    };
}

impl State {
    /// Reads a state file.
    ///
    /// # Errors
    /// When it is not the schema, or not of a known field.
    pub fn parse(bytes: &[u8]) -> Result<Self, VenueError> {
        let file = StateFile::parse(bytes)?;
        Ok(Self(match file.proof_system()? {
            ProofSystem::Ipa => Typed::Ipa(file.state()?),
            ProofSystem::Kzg => Typed::Kzg(file.state()?),
        }))
    }

    /// The state file.
    pub fn to_json(&self) -> Vec<u8> {
        with_state!(self, state => StateFile::from(state).to_json())
    }

    /// `STATE_ROOT`.
    pub fn root(&self) -> Root {
        with_state!(self, state => Root::from_field(&state.root()))
    }

    /// The deployment.
    pub fn context(&self) -> ContextId {
        with_state!(self, state => state.context())
    }

    /// The epoch.
    pub fn epoch(&self) -> Epoch {
        with_state!(self, state => state.epoch())
    }

    /// The path of an account, checked against the root.
    ///
    /// # Errors
    /// When the account is not in the state, or the file's nodes are damaged.
    pub fn path(&self, account: AccountId) -> Result<Path, VenueError> {
        Ok(match &self.0 {
            Typed::Ipa(state) => Path::Ipa(Box::new(state.path(account)?)),
            Typed::Kzg(state) => Path::Kzg(Box::new(state.path(account)?)),
        })
    }
}

/// An account's place in a state: what its owner needs to prove.
#[derive(Clone, Debug)]
pub enum Path {
    /// Of the transparent proof system.
    Ipa(Box<Membership<Fp>>),
    /// Of the on-chain proof system.
    Kzg(Box<Membership<Bn254Fr>>),
}

impl Path {
    /// Reads a path file and checks it against its own root.
    ///
    /// # Errors
    /// When it is not the schema, or does not lead to its root.
    pub fn parse(bytes: &[u8]) -> Result<Self, VenueError> {
        let file = PathFile::parse(bytes)?;
        Ok(match file.proof_system()? {
            ProofSystem::Ipa => Self::Ipa(Box::new(file.membership()?)),
            ProofSystem::Kzg => Self::Kzg(Box::new(file.membership()?)),
        })
    }

    /// The path file.
    pub fn to_json(&self) -> Vec<u8> {
        match self {
            Self::Ipa(path) => PathFile::from(&**path).to_json(),
            Self::Kzg(path) => PathFile::from(&**path).to_json(),
        }
    }

    /// The proof system of its root.
    pub fn proof_system(&self) -> ProofSystem {
        match self {
            Self::Ipa(_) => ProofSystem::Ipa,
            Self::Kzg(_) => ProofSystem::Kzg,
        }
    }
}
