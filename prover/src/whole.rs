//! A state with all its portfolios: what proofs of whole venues are made from.

use std::collections::BTreeMap;
use std::fmt;

use zkmargin_margin::claim::Side;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::{AccountId, ContextId, Epoch};
use zkmargin_margin::merkle::Path;
use zkmargin_margin::portfolio::{Blinding, Portfolio};
use zkmargin_margin::poseidon::Domain;
use zkmargin_margin::relation::Violation;
use zkmargin_margin::shape::Shape;
use zkmargin_margin::statement::venue::SubtreeDepth;

use crate::family::{FamilyMarket, MarketWitness};
use crate::proving::ProvingError;
use crate::venue::{Entry, Membership, State, VenueError};
use crate::venue_proof::VenueProofError;

/// The accounts of a state, each with its portfolio.
pub(crate) struct Accounts<'a, F, M> {
    market: &'a M,
    state: &'a State<F>,
    portfolios: &'a BTreeMap<AccountId, Portfolio>,
    shape: Shape,
}

/// Secret: shows the shape alone.
impl<F, M> fmt::Debug for Accounts<'_, F, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Accounts").field("shape", &self.shape).finish_non_exhaustive()
    }
}

impl<'a, F: MarginField, M: FamilyMarket<F>> Accounts<'a, F, M> {
    /// Puts state and portfolios together: each account has one, each fits the shape
    /// and opens its commitment, and the accounts hash to the state's root.
    pub(crate) fn new(
        market: &'a M,
        state: &'a State<F>,
        portfolios: &'a BTreeMap<AccountId, Portfolio>,
        wanted: Option<Shape>,
    ) -> Result<Self, VenueProofError> {
        let (found, epoch) = (state.epoch(), market.header().epoch);
        if found != epoch {
            return Err(VenueError::OtherEpoch { found, market: epoch }.into());
        }
        state.paths().map(drop)?;
        let smallest = market.fit(&[], None).unwrap_or(Shape::Small);
        let mut shape = wanted.unwrap_or(smallest);
        for Entry { account, commitment } in state.entries() {
            let portfolio = portfolios.get(account);
            let portfolio = portfolio.ok_or(VenueProofError::NoPortfolio(*account))?;
            let failed = |source: ProvingError| VenueProofError::of(*account, source);
            let fit = market.fit(portfolio.positions(), wanted).map_err(failed)?;
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
            None => Ok(Self { market, state, portfolios, shape }),
        }
    }

    pub(crate) fn market(&self) -> &'a M {
        self.market
    }

    pub(crate) fn context(&self) -> ContextId {
        self.state.context()
    }

    pub(crate) fn epoch(&self) -> Epoch {
        self.state.epoch()
    }

    /// The accounts, ascending: the order of leaves.
    pub(crate) fn entries(&self) -> &'a [Entry<F>] {
        self.state.entries()
    }

    pub(crate) fn portfolio(&self, account: AccountId) -> Result<&'a Portfolio, VenueProofError> {
        self.portfolios.get(&account).ok_or(VenueProofError::NoPortfolio(account))
    }

    /// The shape of every account.
    pub(crate) fn shape(&self) -> Shape {
        self.shape
    }

    /// How many subtrees have accounts.
    pub(crate) fn subtrees(&self, depth: SubtreeDepth) -> usize {
        self.entries().len().div_ceil(depth.leaves())
    }

    /// The leaves of a subtree, made from each account and its place in the state; the
    /// last ones may be empty.
    pub(crate) fn leaves<T>(
        &self,
        depth: SubtreeDepth,
        index: usize,
        leaf: impl Fn(usize, &Entry<F>) -> Result<T, VenueProofError>,
    ) -> Result<Vec<Option<T>>, VenueProofError> {
        let entries = self.entries().chunks(depth.leaves()).nth(index);
        let entries = entries.ok_or(VenueProofError::NoSubtree(index))?;
        let first = index * depth.leaves();
        let leaves = (first..).zip(entries).map(|(place, entry)| leaf(place, entry).map(Some));
        let mut leaves = leaves.collect::<Result<Vec<_>, _>>()?;
        leaves.resize_with(depth.leaves(), || None);
        Ok(leaves)
    }

    /// An account of nothing, for empty leaves.
    pub(crate) fn empty(&self) -> Result<MarketWitness<F, M>, VenueProofError> {
        let account = AccountId::new([0; 20]);
        let nothing = Portfolio::new(Vec::new(), Blinding::new([0; 31]))
            .map_err(|_| VenueProofError::False(Violation::Order(0)))?;
        let entry = Entry { account, commitment: nothing.commitment() };
        self.witness(&nothing, &entry)
    }

    /// The private inputs of an account. It needs no path: its subtree's leaves are
    /// all there.
    pub(crate) fn witness(
        &self,
        portfolio: &Portfolio,
        entry: &Entry<F>,
    ) -> Result<MarketWitness<F, M>, VenueProofError> {
        let membership = Membership {
            account: entry.account,
            commitment: entry.commitment,
            context: self.context(),
            epoch: self.epoch(),
            state_root: self.state.root(),
            path: Path::from_parts(Domain::StateNode, Vec::new()),
        };
        let witness = self.market.witness(portfolio, &membership);
        witness.map_err(|error| VenueProofError::of(entry.account, error.into()))
    }
}
