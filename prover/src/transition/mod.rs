//! From two portfolios, a market and a membership path to the proof of a
//! transition.

mod change;
mod error;
mod opening;

pub use error::TransitionError;
pub use opening::{Opening, OpeningError};

use std::fmt;

use zkmargin_circuits::family::{FamilyCircuit, TooManyChanges, Unprovable};
use zkmargin_circuits::gadgets::layout::Usual;
use zkmargin_margin::claim::{Claim, Leverage, Multiplier};
use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::Memo;
use zkmargin_margin::instance::{MarginInstance, Shortfall};
use zkmargin_margin::portfolio::{Blinding, Portfolio, Position};
use zkmargin_margin::relation::{MarginFamily, Violation};
use zkmargin_margin::shape::Shape;
use zkmargin_margin::statement::Statement;
use zkmargin_margin::statement::transition::{
    Aim, Change, TransitionInstance, TransitionSlot, TransitionWitness,
};

use crate::backend::Backend;
use crate::family::{FamilyMarket, MarketFamily};
use crate::proving::{Prover, ProvingError};
use crate::venue::Membership;
use change::{Sides, salt, taken_back};
use error::{failed, unprovable};
use zkmargin_verifier::proof::TransitionFile;

/// What is to be proved of the account afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// What it achieves.
    pub aim: Aim,
    /// How many times the requirement of the aim's level.
    pub multiplier: Multiplier,
    /// The bound on its leverage.
    pub leverage: Option<Leverage>,
    /// What the proof is bound to beside.
    pub memo: Memo,
    /// The shape; the smallest that fits when `None`.
    pub shape: Option<Shape>,
}

impl Wanted {
    fn claim(&self) -> Result<Claim, TransitionError> {
        let claim = self.aim.claim()?.with_multiplier(self.multiplier);
        let claim = match self.leverage {
            Some(most) => claim.with_leverage(most)?,
            None => claim,
        };
        Ok(self.aim.claim_like(claim)?)
    }
}

/// A true transition with its witness, ready to prove.
pub struct PreparedTransition<F: MarginField, M: FamilyMarket<F>> {
    instance: TransitionInstance<F>,
    witness: TransitionWitness<MarketFamily<F, M>>,
    shape: Shape,
}

/// Secret: shows the shape alone.
impl<F: MarginField, M: FamilyMarket<F>> fmt::Debug for PreparedTransition<F, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PreparedTransition").field("shape", &self.shape).finish_non_exhaustive()
    }
}

impl<F: MarginField, M: FamilyMarket<F>> PreparedTransition<F, M> {
    /// Puts a transition together and checks it natively. Both portfolios are those
    /// of `path`'s account; the salt of the change is drawn.
    ///
    /// # Errors
    /// When an input does not fit the others, the change no shape, or the statement
    /// is false: the error names the clause.
    pub fn new(
        market: &M,
        (before, after): (&Portfolio, &Portfolio),
        path: &Membership<F>,
        wanted: &Wanted,
    ) -> Result<Self, TransitionError> {
        if before.blinding() == after.blinding() {
            return Err(TransitionError::SameBlinding);
        }
        Self::salted(market, (before, after), path, wanted, salt()?)
    }

    /// A change of nothing, of a portfolio under the blinding that it has and a salt of
    /// zeros: `NEXT` is the commitment in the state root, and `CHANGE` the number that
    /// says so ([`nothing`](zkmargin_verifier::engine::nothing)). It shows an engine that
    /// the account has become what it said.
    ///
    /// # Errors
    /// As [`Self::new`], and when the aim is another than *meets*.
    pub fn unchanged(
        market: &M,
        portfolio: &Portfolio,
        path: &Membership<F>,
        wanted: &Wanted,
    ) -> Result<Self, TransitionError> {
        if !matches!(wanted.aim, Aim::Meets(_)) {
            return Err(TransitionError::Unchanged);
        }
        Self::salted(market, (portfolio, portfolio), path, wanted, Blinding::new([0; 31]))
    }

    fn salted(
        market: &M,
        (before, after): (&Portfolio, &Portfolio),
        path: &Membership<F>,
        wanted: &Wanted,
        salt: Blinding,
    ) -> Result<Self, TransitionError> {
        let claim = wanted.claim()?;
        let is_proved = match wanted.aim.statement() {
            Statement::Deleveraging => {
                M::DeleveragingIn::<Usual>::STATEMENT == Statement::Deleveraging
            }
            Statement::Margin
            | Statement::Transition
            | Statement::Venue(_)
            | Statement::Haircut(_)
            | Statement::Escrow
            | Statement::Netting => true,
        };
        if !is_proved {
            return Err(unprovable(Unprovable::Aim(wanted.aim)));
        }
        let header = market.header();
        let (account, epoch) = (path.account, header.epoch);
        if epoch != path.epoch {
            let wrong = ProvingError::WrongEpoch { account, path: path.epoch, market: epoch };
            return Err(wrong.into());
        }
        if before.commitment::<F>() != path.commitment {
            return Err(failed(Violation::Opening));
        }
        if before.reserved() != after.reserved() {
            return Err(TransitionError::OtherReserved);
        }
        let Sides { listed, kept, entries } = Sides::of(before, after);
        let opened = listed.len() - before.positions().len();
        let closed = listed.len() - after.positions().len();
        let shape = fit(market, &listed, entries.len().max(opened).max(closed), wanted.shape)?;
        // Rows and paths of every position, as a witness of an account with them all.
        let all = Portfolio::new(listed, after.blinding().clone())
            .map_err(|_| failed(Violation::Order(0)))?
            .with_reserved(before.reserved().clone());
        let all = market.witness(&all, path).map_err(ProvingError::Market)?;
        let slots = MarketFamily::<F, M>::account(&all).slots.iter().zip(kept);
        let slots = slots.map(|(slot, kept)| TransitionSlot { slot: slot.clone(), kept });
        let taken_back = match wanted.aim {
            Aim::Cures { .. } => taken_back(market, path, after, &entries)?,
            Aim::Meets(_) | Aim::Healthier(_) => None,
        };
        let witness = TransitionWitness::<MarketFamily<F, M>> {
            slots: slots.collect(),
            before: market.witness(before, path).map_err(ProvingError::Market)?,
            blinding: after.blinding().clone(),
            change: Change::new(entries, salt).map_err(|_| failed(Violation::Order(0)))?,
            taken_back,
        };
        let of_account = MarginInstance {
            context: path.context,
            epoch,
            account,
            state_root: path.state_root,
            market_root: market.root(),
            model: header.model,
            claim,
            disclosed: Shortfall::NONE,
            memo: wanted.memo,
        };
        let (next, change) = (witness.next(), witness.change.digest());
        let instance = TransitionInstance::new(of_account, wanted.aim, next, change)
            .map_err(|_| failed(Violation::FalseClaim))?;
        M::TransitionIn::<Usual>::check(&instance, &witness).map_err(failed)?;
        Ok(Self { instance, witness, shape })
    }

    /// The public inputs.
    pub fn instance(&self) -> &TransitionInstance<F> {
        &self.instance
    }

    /// The shape it will be proved under.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// What opens `CHANGE`: for whoever is to know the change.
    pub fn opening(&self) -> Opening {
        Opening::new(self.instance.account().account, &self.instance.change(), &self.witness.change)
    }
}

/// The shape asked for, or the smallest that holds positions and changes.
fn fit<F: MarginField, M: FamilyMarket<F>>(
    market: &M,
    listed: &[Position],
    changes: usize,
    wanted: Option<Shape>,
) -> Result<Shape, TransitionError> {
    let smallest = market.fit(listed, wanted)?;
    let holds = |shape: &Shape| changes <= shape.changes();
    let found = match wanted {
        Some(shape) => Some(shape).filter(holds),
        // No larger one is for another number of underlyings before one that is for this:
        // each has one of as many changes as any.
        None => {
            let shapes = M::Family::FAMILY.shapes().iter().copied();
            shapes.skip_while(|shape| *shape != smallest).find(holds)
        }
    };
    found.ok_or_else(|| {
        let shape = wanted.unwrap_or(Shape::Large);
        let slots = shape.changes();
        unprovable(TooManyChanges { changes, shape, slots }.into())
    })
}

impl<B, C> Prover<B, C>
where
    B: Backend,
    C: FamilyCircuit<B::Field, Instance = TransitionInstance<B::Field>> + 'static,
{
    /// Proves a transition.
    ///
    /// # Errors
    /// When it was prepared for a shape that this one does not hold, or the proof
    /// system fails.
    pub fn prove_transition<M>(
        &self,
        prepared: &PreparedTransition<B::Field, M>,
    ) -> Result<TransitionFile<B::Field>, TransitionError>
    where
        M: FamilyMarket<B::Field>,
        C: FamilyCircuit<B::Field, Witness = TransitionWitness<MarketFamily<B::Field, M>>>,
    {
        let PreparedTransition { instance, witness, .. } = prepared;
        let (params, key) = self.parts();
        B::prove_transition::<C>(params, key, instance, witness)
            .map_err(|error| ProvingError::Prove(error).into())
    }
}
