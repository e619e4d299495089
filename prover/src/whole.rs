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

/// The numbers of subtrees, given the shape of each, by shape: the largest shape first,
/// whose parameters are the first to be missing; of a shape ascending.
pub fn by_shape(shapes: &[Shape]) -> Vec<(Shape, Vec<usize>)> {
    let mut groups: BTreeMap<Shape, Vec<usize>> = BTreeMap::new();
    for (index, shape) in shapes.iter().enumerate() {
        groups.entry(*shape).or_default().push(index);
    }
    groups.into_iter().rev().collect()
}

/// The accounts of a state, each with its portfolio.
pub(crate) struct Accounts<'a, F, M> {
    market: &'a M,
    state: &'a State<F>,
    portfolios: &'a BTreeMap<AccountId, Portfolio>,
    depth: SubtreeDepth,
    /// By subtree, in order.
    shapes: Vec<Shape>,
}

/// Secret: shows the shapes alone.
impl<F, M> fmt::Debug for Accounts<'_, F, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Accounts").field("shapes", &self.shapes).finish_non_exhaustive()
    }
}

impl<'a, F: MarginField, M: FamilyMarket<F>> Accounts<'a, F, M> {
    /// Puts state and portfolios together: each account has one, each fits the shape
    /// and opens its commitment, and the accounts hash to the state's root. Without a
    /// shape that is wanted each subtree has the smallest that holds its own accounts.
    pub(crate) fn new(
        market: &'a M,
        state: &'a State<F>,
        portfolios: &'a BTreeMap<AccountId, Portfolio>,
        (wanted, depth): (Option<Shape>, SubtreeDepth),
    ) -> Result<Self, VenueProofError> {
        let (found, epoch) = (state.epoch(), market.header().epoch);
        if found != epoch {
            return Err(VenueError::OtherEpoch { found, market: epoch }.into());
        }
        state.paths().map(drop)?;
        let whole = Self { market, state, portfolios, depth, shapes: Vec::new() };
        let subtrees = state.entries().chunks(depth.leaves()).enumerate();
        let shapes = subtrees.map(|(index, entries)| whole.smallest(index, entries, wanted));
        let shapes = shapes.collect::<Result<_, _>>()?;
        let is_known = |account: &AccountId| {
            state.entries().binary_search_by_key(account, |entry| entry.account).is_ok()
        };
        match portfolios.keys().find(|account| !is_known(account)) {
            Some(account) => Err(VenueProofError::NotInState(*account)),
            None => Ok(Self { shapes, ..whole }),
        }
    }

    /// The shape of a subtree of these accounts, each of which opens its commitment: the
    /// one that is wanted where all fit it, else the smallest that they fit.
    fn smallest(
        &self,
        subtree: usize,
        entries: &[Entry<F>],
        wanted: Option<Shape>,
    ) -> Result<Shape, VenueProofError> {
        let mut shape = match wanted {
            Some(wanted) => wanted,
            None => self.market.fit(&[], None).unwrap_or(Shape::Small),
        };
        for Entry { account, commitment } in entries {
            let portfolio = self.portfolio(*account)?;
            let fit = self.market.fit(portfolio.positions(), wanted);
            let fit = fit.map_err(|source| VenueProofError::fit(*account, subtree, source))?;
            // The shapes of a market hold each other, in their order.
            shape = shape.max(fit);
            if portfolio.commitment::<F>() != *commitment {
                let (violation, side) = (Violation::Opening, Side::AtLeast);
                let source = ProvingError::False { violation, side, gap: None };
                return Err(VenueProofError::of(*account, source));
            }
        }
        Ok(shape)
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

    /// The shape of each subtree that has accounts, in order.
    pub(crate) fn shapes(&self) -> &[Shape] {
        &self.shapes
    }

    /// The leaves of a subtree, made from each account and its place in the state; the
    /// last ones may be empty.
    pub(crate) fn leaves<T>(
        &self,
        index: usize,
        leaf: impl Fn(usize, &Entry<F>) -> Result<T, VenueProofError>,
    ) -> Result<Vec<Option<T>>, VenueProofError> {
        let size = self.depth.leaves();
        let entries = self.entries().chunks(size).nth(index);
        let entries = entries.ok_or(VenueProofError::NoSubtree(index))?;
        let first = index * size;
        let leaves = (first..).zip(entries).map(|(place, entry)| leaf(place, entry).map(Some));
        let mut leaves = leaves.collect::<Result<Vec<_>, _>>()?;
        leaves.resize_with(size, || None);
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
