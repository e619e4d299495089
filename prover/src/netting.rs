//! From portfolios at several venues, a market and membership paths to the proof that
//! they meet a level together.

use std::fmt;

use zkmargin_circuits::family::FamilyCircuit;
use zkmargin_circuits::gadgets::layout::Usual;
use zkmargin_margin::claim::{Claim, Side as ClaimSide};
use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::{AccountId, ContextId, Memo};
use zkmargin_margin::instance::Shortfall;
use zkmargin_margin::portfolio::{Blinding, Portfolio};
use zkmargin_margin::relation::Violation;
use zkmargin_margin::shape::Shape;
use zkmargin_margin::statement::netting::{
    InvalidVenues, NettingInstance, NettingWitness, Side, VenueAccount, Venues, net,
};
use zkmargin_margin::units::OutOfRange;
use zkmargin_verifier::proof::NettingFile;

use crate::backend::Backend;
use crate::family::{FamilyMarket, MarketFamily, Standing};
use crate::proving::{Gap, Prover, ProvingError};
use crate::venue::Membership;

/// Why nothing is proved over several venues.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NettingError {
    /// What goes wrong with any proof.
    #[error(transparent)]
    Proving(#[from] ProvingError),
    /// A list that no proof is over.
    #[error(transparent)]
    Venues(#[from] InvalidVenues),
    /// A sum over the venues that is out of range.
    #[error(transparent)]
    Range(#[from] OutOfRange),
}

impl NettingError {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Proving(ProvingError::False {
                violation: Violation::SharedBucket(_), ..
            }) => {
                "bucket 0 nets over venues; any other number is one venue's: have the account at one of them numbered otherwise"
            }
            Self::Proving(ProvingError::False { violation: Violation::VenueTwice(_), .. }) => {
                "two venues attest one commitment: have the account at one of them take a blinding of its own"
            }
            Self::Proving(ProvingError::False {
                violation: Violation::VenueOpening(_), ..
            }) => {
                "a venue attested another portfolio or blinding: give the one it committed to, or have it commit anew"
            }
            Self::Proving(error) => error.hint(),
            Self::Venues(_) => "give each venue once, with its own state or path",
            Self::Range(_) => "prove fewer venues together",
        }
    }

    /// The error without instruments, directions and counts; `None` when it says
    /// nothing of these.
    pub fn discreet(&self) -> Option<String> {
        match self {
            Self::Proving(error) => error.discreet(),
            Self::Range(_) => Some("a sum over the venues is out of range".to_owned()),
            Self::Venues(_) => None,
        }
    }

    /// Whether the statement is false of the portfolios.
    pub fn is_false_statement(&self) -> bool {
        matches!(self, Self::Proving(error) if error.is_false_statement())
    }
}

/// What is to be proved of all that is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Who takes the proof.
    pub context: ContextId,
    /// The account there.
    pub account: AccountId,
    /// The claim.
    pub claim: Claim,
    /// Whether the shortfall of a *below* claim is disclosed.
    pub disclose: bool,
    /// What the proof is bound to beside.
    pub memo: Memo,
    /// The shape; the smallest that fits when `None`.
    pub shape: Option<Shape>,
}

/// What is held at a venue, with the membership that the venue gave.
pub type Holding<F> = (Portfolio, Membership<F>);

/// A true statement over several venues with its witness, ready to prove.
pub struct PreparedNetting<F: MarginField, M: FamilyMarket<F>> {
    instance: NettingInstance<F>,
    venues: Venues<F>,
    witness: NettingWitness<MarketFamily<F, M>>,
    shape: Shape,
}

/// Secret: shows the shape alone.
impl<F: MarginField, M: FamilyMarket<F>> fmt::Debug for PreparedNetting<F, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PreparedNetting").field("shape", &self.shape).finish_non_exhaustive()
    }
}

impl<F: MarginField, M: FamilyMarket<F>> PreparedNetting<F, M> {
    /// Puts a statement together and checks it natively. The market is the one of all
    /// venues; their epochs are their own.
    ///
    /// # Errors
    /// When a venue is there twice, the totals do not fit the market or any shape, or
    /// the statement is false: the error names the clause.
    pub fn new(
        market: &M,
        mut holdings: Vec<Holding<F>>,
        wanted: &Wanted,
    ) -> Result<Self, NettingError> {
        holdings.sort_by_key(|(_, path)| path.context);
        let venue = |(_, path): &Holding<F>| {
            let Membership { context, state_root, account, .. } = *path;
            VenueAccount { context, state_root, account }
        };
        let venues = Venues::new(holdings.iter().map(venue).collect())?;
        let sides: Vec<_> = holdings.iter().map(|holding| side(holding, venue(holding))).collect();
        let (positions, reserved) = net(holdings.iter().map(|(portfolio, _)| portfolio.into()))?;
        let total = Portfolio::new(positions, Blinding::new([0; 31]))
            .map_err(|_| failed(Violation::Order(0), wanted.claim, None))?
            .with_reserved(reserved);
        let shape = market.fit(total.positions(), wanted.shape)?;
        let Some((_, path)) = holdings.first() else {
            return Err(InvalidVenues::Number(0).into());
        };
        // Its commitment and path are nobody's: the statement looks at the sides'.
        let account = market.witness(&total, path).map_err(ProvingError::Market)?;
        let (level, times) = (wanted.claim.level(), wanted.claim.multiplier());
        let standing = market.standing(&total, level, times).map_err(ProvingError::Market)?;
        let header = market.header();
        let instance = NettingInstance {
            context: wanted.context,
            epoch: header.epoch,
            account: wanted.account,
            venues: venues.digest((wanted.context, wanted.account)),
            market_root: market.root(),
            model: header.model,
            claim: wanted.claim,
            disclosed: disclosed(standing, wanted)?,
            memo: wanted.memo,
        };
        let witness = NettingWitness { total: account, sides };
        M::NettingIn::<Usual>::check(&instance, &witness).map_err(|violation| {
            let gap = || Gap::of(market, wanted.claim, standing);
            failed(violation, wanted.claim, (violation == Violation::FalseClaim).then(gap))
        })?;
        Ok(Self { instance, venues, witness, shape })
    }

    /// The public inputs.
    pub fn instance(&self) -> &NettingInstance<F> {
        &self.instance
    }

    /// The venues, by ascending context.
    pub fn venues(&self) -> &Venues<F> {
        &self.venues
    }

    /// The shape it will be proved under.
    pub fn shape(&self) -> Shape {
        self.shape
    }
}

fn side<F: MarginField>((portfolio, path): &Holding<F>, venue: VenueAccount<F>) -> Side<F> {
    Side {
        venue,
        positions: portfolio.positions().to_vec(),
        reserved: portfolio.reserved().clone(),
        blinding: portfolio.blinding().clone(),
        commitment: path.commitment,
        path: path.path.clone(),
    }
}

/// The shortfall where it is to be disclosed.
fn disclosed(standing: Standing, wanted: &Wanted) -> Result<Shortfall, ProvingError> {
    match (wanted.disclose, wanted.claim.side()) {
        (false, _) => Ok(Shortfall::NONE),
        (true, ClaimSide::AtLeast) => Err(ProvingError::NothingToDisclose),
        (true, ClaimSide::Below) => {
            Shortfall::new(standing.shortfall).ok_or(ProvingError::ShortfallRange)
        }
    }
}

fn failed(violation: Violation, claim: Claim, gap: Option<Gap>) -> ProvingError {
    ProvingError::False { violation, side: claim.side(), gap }
}

impl<B, C> Prover<B, C>
where
    B: Backend,
    C: FamilyCircuit<B::Field, Instance = NettingInstance<B::Field>> + 'static,
{
    /// Proves a statement over several venues.
    ///
    /// # Errors
    /// When it was prepared for a shape that this one does not hold, or the proof
    /// system fails.
    pub fn prove_netting<M>(
        &self,
        prepared: &PreparedNetting<B::Field, M>,
    ) -> Result<NettingFile<B::Field>, NettingError>
    where
        M: FamilyMarket<B::Field>,
        C: FamilyCircuit<B::Field, Witness = NettingWitness<MarketFamily<B::Field, M>>>,
    {
        let PreparedNetting { instance, venues, witness, .. } = prepared;
        let (params, key) = self.parts();
        let statement = (instance, venues);
        B::prove_netting::<C>(params, key, statement, witness)
            .map_err(|error| ProvingError::Prove(error).into())
    }
}
