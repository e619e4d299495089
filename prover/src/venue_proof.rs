//! From a venue's state and all its portfolios to proofs that nobody is spared: one
//! for each subtree that is not empty.

use std::collections::BTreeMap;
use std::fmt;

use zkmargin_circuits::family::FamilyCircuit;
use zkmargin_margin::claim::{Claim, Side};
use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::{AccountId, Memo};
use zkmargin_margin::merkle::Path;
use zkmargin_margin::portfolio::{Blinding, Portfolio};
use zkmargin_margin::poseidon::Domain;
use zkmargin_margin::relation::Violation;
use zkmargin_margin::shape::Shape;
use zkmargin_margin::statement::venue::{
    InvalidVenue, SubtreeDepth, VenueInstance, VenueLeaf, VenueWitness, check,
};
use zkmargin_verifier::proof::VenueFile;
use zkmargin_verifier::proof::venue::Subtree;

use crate::backend::{Backend, BackendError};
use crate::family::{FamilyMarket, MarketFamily, MarketWitness};
use crate::proving::{Prover, ProvingError};
use crate::venue::{Entry, Membership, State, VenueError};

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
    /// A state that is not what it says.
    #[error(transparent)]
    State(#[from] VenueError),
    /// A claim that no venue's proof is of.
    #[error(transparent)]
    Claim(#[from] InvalidVenue),
    /// No such subtree.
    #[error("the state has no subtree {0} with accounts in it")]
    NoSubtree(usize),
    /// The statement is false, which is a fault of this program.
    #[error("{0}")]
    False(Violation),
    /// The proof system failed.
    #[error(transparent)]
    Prove(Box<BackendError>),
}

impl VenueProofError {
    fn of(account: AccountId, source: ProvingError) -> Self {
        Self::Account { account, source: Box::new(source) }
    }

    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NoPortfolio(_) => {
                "give the portfolios of all accounts of the state: a directory, or a list of files"
            }
            Self::Twice(_) => "give each portfolio once",
            Self::NotInState(_) => "give the portfolios and the state of one epoch",
            Self::Account { source, .. } => source.hint(),
            Self::State(VenueError::OtherEpoch { .. }) => {
                "give the market and the state of one epoch"
            }
            Self::State(_) => "make the state again with `zkmargin venue root`",
            Self::Claim(_) => "claim at-least:LEVEL: accounts below it are flagged",
            Self::NoSubtree(_) | Self::False(_) | Self::Prove(_) => "please report it",
        }
    }

    /// Whether the statement itself is false, rather than an input wrong.
    pub fn is_false_statement(&self) -> bool {
        matches!(self, Self::Account { source, .. } if source.is_false_statement())
    }

    /// What may be told where others read along, if the message says more.
    pub fn discreet(&self) -> Option<String> {
        match self {
            Self::Account { account, source } => {
                source.discreet().map(|text| format!("account {account}: {text}"))
            }
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
    /// The shape of every account; the smallest that all fit when `None`.
    pub shape: Option<Shape>,
    /// The size of subtrees.
    pub depth: SubtreeDepth,
}

/// A venue of which every account is there, with its portfolio.
pub struct WholeVenue<'a, F, M> {
    market: &'a M,
    state: &'a State<F>,
    portfolios: &'a BTreeMap<AccountId, Portfolio>,
    wanted: WantedVenue,
    shape: Shape,
}

/// Secret: shows the shape alone.
impl<F, M> fmt::Debug for WholeVenue<'_, F, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WholeVenue").field("shape", &self.shape).finish_non_exhaustive()
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
        let (found, epoch) = (state.epoch(), market.header().epoch);
        if found != epoch {
            return Err(VenueError::OtherEpoch { found, market: epoch }.into());
        }
        state.paths().map(drop)?;
        let smallest = market.fit(&[], None).unwrap_or(Shape::Small);
        let mut shape = wanted.shape.unwrap_or(smallest);
        for Entry { account, commitment } in state.entries() {
            let portfolio = portfolios.get(account);
            let portfolio = portfolio.ok_or(VenueProofError::NoPortfolio(*account))?;
            let failed = |source: ProvingError| VenueProofError::of(*account, source);
            let fit = market.fit(portfolio.positions(), wanted.shape).map_err(failed)?;
            shape = shape.max(fit);
            if portfolio.commitment::<F>() != *commitment {
                let (violation, side) = (Violation::Opening, Side::AtLeast);
                return Err(failed(ProvingError::False { violation, side, gap: None }));
            }
        }
        let is_known = |account: &AccountId| {
            state.entries().binary_search_by_key(account, |entry| entry.account).is_ok()
        };
        match portfolios.keys().find(|account| !is_known(account)) {
            Some(account) => Err(VenueProofError::NotInState(*account)),
            None => Ok(Self { market, state, portfolios, wanted, shape }),
        }
    }

    /// The shape of every account.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// How many subtrees have accounts: all are proved, by number from 0.
    pub fn subtrees(&self) -> usize {
        self.state.entries().len().div_ceil(self.wanted.depth.leaves())
    }

    /// The statement about a subtree, with its witness: who is below the level is
    /// flagged. It is checked natively.
    ///
    /// # Errors
    /// When there is no such subtree, or an account does not fit the market.
    pub fn prepare(&self, index: usize) -> Result<PreparedSubtree<F, M>, VenueProofError> {
        let depth = self.wanted.depth;
        let entries = self.state.entries().chunks(depth.leaves()).nth(index);
        let entries = entries.ok_or(VenueProofError::NoSubtree(index))?;
        let leaves: Result<Vec<_>, _> =
            entries.iter().map(|entry| self.leaf(entry).map(Some)).collect();
        let mut leaves = leaves?;
        leaves.resize_with(depth.leaves(), || None);
        let witness = VenueWitness { empty: self.empty()?, leaves };
        let WantedVenue { claim, memo, .. } = self.wanted;
        let instance = VenueInstance::new(self.state.context(), claim, memo, &witness)?;
        check(&instance, &witness).map_err(VenueProofError::False)?;
        Ok(PreparedSubtree { subtree: Subtree { depth, index }, instance, witness })
    }

    fn leaf(&self, entry: &Entry<F>) -> Result<VenueLeaf<MarketFamily<F, M>>, VenueProofError> {
        let account = entry.account;
        let failed = |source: ProvingError| VenueProofError::of(account, source);
        let portfolio = self.portfolios.get(&account);
        let portfolio = portfolio.ok_or(VenueProofError::NoPortfolio(account))?;
        let witness = self.witness(portfolio, entry).map_err(failed)?;
        let claim = self.wanted.claim;
        let standing = self.market.standing(portfolio, claim.level(), claim.multiplier());
        let flagged = standing.map_err(|error| failed(error.into()))?.shortfall > 0;
        Ok(VenueLeaf { account, flagged, witness })
    }

    /// An account of nothing, for empty leaves.
    fn empty(&self) -> Result<MarketWitness<F, M>, VenueProofError> {
        let account = AccountId::new([0; 20]);
        let failed = |source: ProvingError| VenueProofError::of(account, source);
        let nothing = Portfolio::new(Vec::new(), Blinding::new([0; 31]))
            .map_err(|_| VenueProofError::False(Violation::Order(0)))?;
        let entry = Entry { account, commitment: nothing.commitment() };
        self.witness(&nothing, &entry).map_err(failed)
    }

    /// The private inputs of an account. It needs no path: its subtree's leaves are
    /// all there.
    fn witness(
        &self,
        portfolio: &Portfolio,
        entry: &Entry<F>,
    ) -> Result<MarketWitness<F, M>, ProvingError> {
        let membership = Membership {
            account: entry.account,
            commitment: entry.commitment,
            context: self.state.context(),
            epoch: self.state.epoch(),
            state_root: self.state.root(),
            path: Path::from_parts(Domain::StateNode, Vec::new()),
        };
        Ok(self.market.witness(portfolio, &membership)?)
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
