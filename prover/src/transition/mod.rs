//! From two portfolios, a market and a membership path to the proof of a
//! transition.

mod opening;

pub use opening::{Opening, OpeningError};

use std::collections::BTreeMap;
use std::fmt;

use rand::TryRng as _;
use zeroize::Zeroizing;
use zkmargin_circuits::family::{FamilyCircuit, TooManyChanges, Unprovable};
use zkmargin_circuits::gadgets::layout::Usual;
use zkmargin_margin::claim::{Claim, InvalidClaim, Leverage, Multiplier, Side};
use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::{AccountId, BucketId, InstrumentId, Memo};
use zkmargin_margin::instance::{MarginInstance, Shortfall};
use zkmargin_margin::portfolio::{Blinding, Portfolio, Position};
use zkmargin_margin::relation::{MarginFamily, Violation};
use zkmargin_margin::shape::Shape;
use zkmargin_margin::statement::Statement;
use zkmargin_margin::statement::transition::{
    Aim, Change, Entry, InvalidAim, TransitionInstance, TransitionSlot, TransitionWitness,
};
use zkmargin_margin::units::{Amount, Lots};
use zkmargin_margin::witness::Slot;

use crate::backend::{Backend, BackendError};
use crate::family::{FamilyMarket, MarketFamily};
use crate::proving::{Prover, ProvingError};
use crate::venue::Membership;
use zkmargin_verifier::proof::TransitionFile;

/// Why no transition is proved.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TransitionError {
    /// What goes wrong with any proof.
    #[error(transparent)]
    Proving(#[from] ProvingError),
    /// The portfolios are of two accounts.
    #[error("the portfolio afterwards is of account {after}, the one before of {before}")]
    OtherAccount {
        /// The account before.
        before: AccountId,
        /// The other one.
        after: AccountId,
    },
    /// Both commitments would have one blinding: whoever sees them could tell what
    /// they have in common.
    #[error("the portfolio afterwards has the blinding of the one before")]
    SameBlinding,
    /// What is reserved for open orders is no part of a change.
    #[error("the portfolio afterwards has another reserved margin than the one before")]
    OtherReserved,
    /// A claim that no account can make.
    #[error(transparent)]
    Claim(#[from] InvalidClaim),
    /// An aim that says nothing, or does not take the dials.
    #[error(transparent)]
    Aim(#[from] InvalidAim),
    /// The operating system gave no random bytes for the salt.
    #[error("the operating system gave no random bytes")]
    NoRandomness,
}

impl TransitionError {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Proving(error) => match error {
                ProvingError::Prove(BackendError::Unprovable(Unprovable::TooManyChanges(_))) => {
                    "give --shape auto; the large shape holds 8 changes: prove larger ones in steps"
                }
                ProvingError::Prove(BackendError::Unprovable(Unprovable::Aim(_))) => {
                    "prove that the account meets a level afterwards: --meets LEVEL"
                }
                ProvingError::False { violation, .. } => {
                    aim_hint(violation).unwrap_or(error.hint())
                }
                error => error.hint(),
            },
            Self::OtherAccount { .. } => "give both portfolios of one account",
            Self::SameBlinding => {
                "leave `blinding` out of the document of the portfolio afterwards: `zkmargin encrypt` draws one; `edit` and `rekey` keep the old one"
            }
            Self::OtherReserved => "give both portfolios the same `reserved`",
            Self::Claim(_) => "allowed are the levels margin-call, maintenance, initial",
            Self::Aim(_) => {
                "--healthier takes maintenance or initial and no dials; --cures BREACH:TARGET a breach at most the target, and --multiplier"
            }
            Self::NoRandomness => "try again",
        }
    }

    /// The error without instruments, directions and counts; `None` when it says
    /// nothing of these.
    pub fn discreet(&self) -> Option<String> {
        match self {
            Self::Proving(error) => error.discreet(),
            _ => None,
        }
    }

    /// Whether the statement is false of the portfolios.
    pub fn is_false_statement(&self) -> bool {
        matches!(self, Self::Proving(error) if error.is_false_statement())
    }
}

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

/// A position of a market's family, with its row.
type MarketSlot<F, M> = Slot<F, <MarketFamily<F, M> as MarginFamily>::Row>;

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
        let claim = wanted.claim()?;
        let is_proved = match wanted.aim.statement() {
            Statement::Deleveraging => {
                M::DeleveragingIn::<Usual>::STATEMENT == Statement::Deleveraging
            }
            Statement::Margin | Statement::Transition | Statement::Escrow => true,
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
        if before.blinding() == after.blinding() {
            return Err(TransitionError::SameBlinding);
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
            change: Change::new(entries, salt()?).map_err(|_| failed(Violation::Order(0)))?,
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

/// Both portfolios side by side.
struct Sides {
    /// Every position as it is afterwards: nothing, when it is closed.
    listed: Vec<Position>,
    /// Which of them the portfolio afterwards has.
    kept: Vec<bool>,
    entries: Vec<Entry>,
}

impl Sides {
    fn of(before: &Portfolio, after: &Portfolio) -> Self {
        let mut sides: BTreeMap<(BucketId, InstrumentId), [Option<&Position>; 2]> = BTreeMap::new();
        for (side, portfolio) in [before, after].into_iter().enumerate() {
            for position in portfolio.positions() {
                sides.entry(position.key()).or_default()[side] = Some(position);
            }
        }
        let mut all = Self { listed: Vec::new(), kept: Vec::new(), entries: Vec::new() };
        for ((bucket, instrument), [was, is]) in sides {
            let amounts = |side: Option<&Position>| {
                side.map_or((0, 0), |p| (i128::from(p.quantity.get()), p.cash.get()))
            };
            let ((lots, cash), (more, gain)) = (amounts(was), amounts(is));
            if (lots, cash) != (more, gain) {
                // Differences of two positions are in range.
                all.entries.extend(Entry::new((bucket, instrument), more - lots, gain - cash));
            }
            let (quantity, cash) = (Lots::ZERO, Amount::ZERO);
            let closed = || Position { bucket, instrument, quantity, cash };
            all.listed.push(is.cloned().unwrap_or_else(closed));
            all.kept.push(is.is_some());
        }
        all
    }
}

/// The position of the last entry that has lots, with one of them taken back, and its
/// row in the market; `None` where no entry has lots.
fn taken_back<F: MarginField, M: FamilyMarket<F>>(
    market: &M,
    path: &Membership<F>,
    after: &Portfolio,
    entries: &[Entry],
) -> Result<Option<MarketSlot<F, M>>, TransitionError> {
    let Some(last) = entries.iter().rev().find(|entry| entry.lots() != 0) else {
        return Ok(None);
    };
    let now = after.positions().iter().find(|position| position.key() == last.key());
    let lots = now.map_or(0, |now| i128::from(now.quantity.get())) - last.lots().signum();
    // Between what it was and what it is, but for an entry that grows: that is refused.
    let Ok(lots) = i64::try_from(lots) else { return Ok(None) };
    let (bucket, instrument) = last.key();
    let position = Position { bucket, instrument, quantity: Lots::new(lots), cash: Amount::ZERO };
    let alone = Portfolio::new(vec![position], after.blinding().clone())
        .map_err(|_| failed(Violation::TakenBack))?;
    let witness = market.witness(&alone, path).map_err(ProvingError::Market)?;
    Ok(MarketFamily::<F, M>::account(&witness).slots.first().cloned())
}

/// What to do about an aim that is not reached.
fn aim_hint(violation: &Violation) -> Option<&'static str> {
    Some(match violation {
        Violation::Grows(_) => {
            "let every entry close lots of its position; healthier also takes cash paid in without lots"
        }
        Violation::Unsaid(_) => "keep positions of no lots and no cash as they are",
        Violation::LessHealthy => {
            "close lots at better prices, or pay cash in: equity over the requirement must not fall in any bucket"
        }
        Violation::NotInBreach => "give the level that the account is below, or use --healthier",
        Violation::ClosesTooMuch => {
            "close fewer lots of the last entry, by bucket and instrument: one less must fall short"
        }
        _ => return None,
    })
}

/// The shape asked for, or the smallest that holds positions and changes.
fn fit<F: MarginField, M: FamilyMarket<F>>(
    market: &M,
    listed: &[Position],
    changes: usize,
    wanted: Option<Shape>,
) -> Result<Shape, TransitionError> {
    let smallest = market.fit(listed, wanted)?;
    let holds = |shape: &Shape| *shape >= smallest && changes <= shape.changes();
    let found = match wanted {
        Some(shape) => Some(shape).filter(holds),
        None => Shape::ALL.into_iter().find(holds),
    };
    found.ok_or_else(|| {
        let shape = wanted.unwrap_or(Shape::Large);
        let slots = shape.changes();
        unprovable(TooManyChanges { changes, shape, slots }.into())
    })
}

fn unprovable(error: Unprovable) -> TransitionError {
    ProvingError::Prove(BackendError::Unprovable(error)).into()
}

fn failed(violation: Violation) -> TransitionError {
    ProvingError::False { violation, side: Side::AtLeast, gap: None }.into()
}

fn salt() -> Result<Blinding, TransitionError> {
    let mut bytes = Zeroizing::new([0; 31]);
    let filled = rand::rngs::SysRng.try_fill_bytes(bytes.as_mut_slice());
    filled.map_err(|_| TransitionError::NoRandomness)?;
    Ok(Blinding::new(*bytes))
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
