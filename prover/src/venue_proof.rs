//! From a venue's state and all its portfolios to proofs that nobody is spared: one
//! for each subtree that is not empty.

use std::collections::BTreeMap;
use std::fmt;

use zkmargin_circuits::family::FamilyCircuit;
use zkmargin_margin::claim::Claim;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::haircut::HaircutError;
use zkmargin_margin::ids::{AccountId, Memo};
use zkmargin_margin::portfolio::Portfolio;
use zkmargin_margin::relation::Violation;
use zkmargin_margin::shape::Shape;
use zkmargin_margin::statement::venue::{
    InvalidVenue, SubtreeDepth, VenueInstance, VenueLeaf, VenueWitness, check,
};
use zkmargin_verifier::proof::Subtree;
use zkmargin_verifier::proof::VenueFile;

use crate::backend::{Backend, BackendError};
use crate::family::{FamilyMarket, MarketFamily};
use crate::portfolio_file::{NoRandomness, PortfolioFileError};
use crate::proving::{Prover, ProvingError};
use crate::venue::{Entry, State, VenueError};
use crate::whole::Accounts;

pub use crate::whole::by_shape;

/// Why a venue is not proved.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VenueProofError {
    /// An account whose portfolio is not given: it would be spared.
    #[error("account {0} is in the state, and no portfolio of it is given")]
    NoPortfolio(AccountId),
    /// Two portfolios of one account.
    #[error("account {0} has a second portfolio")]
    Twice(AccountId),
    /// A portfolio of somebody else.
    #[error("account {0} has a portfolio, and is not in the state")]
    NotInState(AccountId),
    /// What goes wrong with the proof of one account.
    #[error("account {account}: {source}")]
    Account {
        /// The account.
        account: AccountId,
        /// Why.
        source: Box<ProvingError>,
    },
    /// An account that is larger than its subtree's shape, or than every shape.
    #[error("account {account}, of subtree {subtree}: {source}")]
    Fit {
        /// The account.
        account: AccountId,
        /// The number of its subtree.
        subtree: usize,
        /// Why.
        source: Box<ProvingError>,
    },
    /// A state that is not what it says.
    #[error(transparent)]
    State(#[from] VenueError),
    /// A claim that no venue's proof is of.
    #[error(transparent)]
    Claim(#[from] InvalidVenue),
    /// No such subtree.
    #[error("the state has no subtree {0} with accounts in it")]
    NoSubtree(usize),
    /// A loss that cannot be shared over these accounts.
    #[error(transparent)]
    Haircut(#[from] HaircutError),
    /// An account whose first position has not the cash to be cut.
    #[error(
        "account {0}: its cut takes the cash of its first position below -2^79 quote units, which is not provable"
    )]
    CashAfter(AccountId),
    /// A portfolio that cannot be written down afterwards.
    #[error("account {account}: {source}")]
    After {
        /// The account.
        account: AccountId,
        /// Why.
        source: Box<PortfolioFileError>,
    },
    /// No new blindings.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// The statement is false, which is a fault of this program.
    #[error("{0}")]
    False(Violation),
    /// The proof system failed.
    #[error(transparent)]
    Prove(Box<BackendError>),
}

impl VenueProofError {
    pub(crate) fn of(account: AccountId, source: ProvingError) -> Self {
        Self::Account { account, source: Box::new(source) }
    }

    pub(crate) fn fit(account: AccountId, subtree: usize, source: ProvingError) -> Self {
        Self::Fit { account, subtree, source: Box::new(source) }
    }

    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NoPortfolio(_) => {
                "give the portfolios of all accounts of the state: a directory, or a list of files"
            }
            Self::Twice(_) => "give each portfolio once",
            Self::NotInState(_) => "give the portfolios and the state of one epoch",
            Self::Account { source, .. } | Self::Fit { source, .. } => source.hint(),
            Self::State(VenueError::OtherEpoch { .. }) => {
                "give the market and the state of one epoch"
            }
            Self::State(_) => "make the state again with `zkmargin venue root`",
            Self::Claim(_) => "claim at-least:LEVEL: accounts below it are flagged",
            Self::Haircut(_) => "share a loss that the winners' equity covers",
            Self::CashAfter(_) => "let the account move cash into its first position",
            Self::After { .. } => "give portfolios of the accounts as they are",
            Self::NoRandomness(_) => "try again where the system has random bytes",
            Self::NoSubtree(_) | Self::False(_) | Self::Prove(_) => "please report it",
        }
    }

    /// Whether the statement itself is false, rather than an input wrong.
    pub fn is_false_statement(&self) -> bool {
        match self {
            Self::Account { source, .. } | Self::Fit { source, .. } => source.is_false_statement(),
            Self::Haircut(_) | Self::CashAfter(_) => true,
            _ => false,
        }
    }

    /// What may be told where others read along, if the message says more.
    pub fn discreet(&self) -> Option<String> {
        match self {
            Self::Account { account, source } => {
                source.discreet().map(|text| format!("account {account}: {text}"))
            }
            Self::Fit { account, subtree, source } => source
                .discreet()
                .map(|text| format!("account {account}, of subtree {subtree}: {text}")),
            _ => None,
        }
    }
}

/// What is to be proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WantedVenue {
    /// What accounts are that are not flagged.
    pub claim: Claim,
    /// What else the proofs say.
    pub memo: Memo,
    /// The shape of every account; when `None`, by subtree the smallest that all of its
    /// accounts fit.
    pub shape: Option<Shape>,
    /// The size of subtrees.
    pub depth: SubtreeDepth,
}

/// A venue of which every account is there, with its portfolio.
pub struct WholeVenue<'a, F, M> {
    accounts: Accounts<'a, F, M>,
    wanted: WantedVenue,
}

/// Secret: shows the shapes alone.
impl<F, M> fmt::Debug for WholeVenue<'_, F, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WholeVenue").field("accounts", &self.accounts).finish_non_exhaustive()
    }
}

impl<'a, F: MarginField, M: FamilyMarket<F>> WholeVenue<'a, F, M> {
    /// Puts state and portfolios together: each account has one, each fits the shape
    /// and opens its commitment, and the accounts hash to the state's root.
    ///
    /// # Errors
    /// The first that does not.
    pub fn new(
        market: &'a M,
        state: &'a State<F>,
        portfolios: &'a BTreeMap<AccountId, Portfolio>,
        wanted: WantedVenue,
    ) -> Result<Self, VenueProofError> {
        VenueInstance::<F>::check_claim(wanted.claim)?;
        let fit = (wanted.shape, wanted.depth);
        Ok(Self { accounts: Accounts::new(market, state, portfolios, fit)?, wanted })
    }

    /// The shape of each subtree that has accounts, by number from 0: all are proved.
    pub fn shapes(&self) -> &[Shape] {
        self.accounts.shapes()
    }

    /// The statement about a subtree, with its witness: who is below the level is
    /// flagged. It is checked natively.
    ///
    /// # Errors
    /// When there is no such subtree, or an account does not fit the market.
    pub fn prepare(&self, index: usize) -> Result<PreparedSubtree<F, M>, VenueProofError> {
        let WantedVenue { claim, memo, depth, .. } = self.wanted;
        let leaves = self.accounts.leaves(index, |_, entry| self.leaf(entry))?;
        let witness = VenueWitness { empty: self.accounts.empty()?, leaves };
        let instance = VenueInstance::new(self.accounts.context(), claim, memo, &witness)?;
        check(&instance, &witness).map_err(VenueProofError::False)?;
        Ok(PreparedSubtree { subtree: Subtree { depth, index }, instance, witness })
    }

    fn leaf(&self, entry: &Entry<F>) -> Result<VenueLeaf<MarketFamily<F, M>>, VenueProofError> {
        let account = entry.account;
        let failed = |source: ProvingError| VenueProofError::of(account, source);
        let (market, portfolio) = (self.accounts.market(), self.accounts.portfolio(account)?);
        let witness = self.accounts.witness(portfolio, entry)?;
        let claim = self.wanted.claim;
        let standing = market.standing(portfolio, claim.level(), claim.multiplier());
        let flagged = standing.map_err(|error| failed(error.into()))?.shortfall > 0;
        Ok(VenueLeaf { account, flagged, witness })
    }
}

/// A true statement about a subtree with its witness, ready to prove.
pub struct PreparedSubtree<F: MarginField, M: FamilyMarket<F>> {
    subtree: Subtree,
    instance: VenueInstance<F>,
    witness: VenueWitness<MarketFamily<F, M>>,
}

/// Secret: shows the subtree alone.
impl<F: MarginField, M: FamilyMarket<F>> fmt::Debug for PreparedSubtree<F, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PreparedSubtree").field("subtree", &self.subtree).finish_non_exhaustive()
    }
}

impl<F: MarginField, M: FamilyMarket<F>> PreparedSubtree<F, M> {
    /// Which subtree it is.
    pub fn subtree(&self) -> Subtree {
        self.subtree
    }

    /// The public inputs.
    pub fn instance(&self) -> &VenueInstance<F> {
        &self.instance
    }

    /// The accounts below the level, in the order of leaves.
    pub fn flagged(&self) -> impl Iterator<Item = AccountId> {
        self.witness.flagged()
    }
}

impl<B, C> Prover<B, C>
where
    B: Backend,
    C: FamilyCircuit<B::Field, Instance = VenueInstance<B::Field>> + 'static,
{
    /// Proves a subtree.
    ///
    /// # Errors
    /// When an account does not fit the prover's shape, the subtree is of another
    /// size, or the proof system fails.
    pub fn prove_subtree<M>(
        &self,
        prepared: &PreparedSubtree<B::Field, M>,
    ) -> Result<VenueFile<B::Field>, VenueProofError>
    where
        M: FamilyMarket<B::Field>,
        C: FamilyCircuit<B::Field, Witness = VenueWitness<MarketFamily<B::Field, M>>>,
    {
        let (params, key) = self.parts();
        let flagged = prepared.flagged().collect();
        let PreparedSubtree { subtree, instance, witness } = prepared;
        B::prove_subtree::<C>(params, key, (*subtree, instance, flagged), witness)
            .map_err(|error| VenueProofError::Prove(Box::new(error)))
    }
}

/// Runs code for the number of levels of a [`SubtreeDepth`], as a constant.
///
/// [`SubtreeDepth`]: zkmargin_margin::statement::venue::SubtreeDepth
#[macro_export]
macro_rules! with_depth {
    ($depth:expr, $levels:ident => $body:expr) => {
        match $depth.get() {
            1 => {
                const $levels: u8 = 1;
                $body
            }
            2 => {
                const $levels: u8 = 2;
                $body
            }
            3 => {
                const $levels: u8 = 3;
                $body
            }
            // A depth is from 1 to 4.
            _ => {
                const $levels: u8 = 4;
                $body
            }
        }
    };
}
