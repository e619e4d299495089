//! From a portfolio, a market and a membership path to a proof.

use std::fmt;

use zkmargin_circuits::family::{FamilyCircuit, Unprovable, Witness};
use zkmargin_margin::claim::{Claim, Multiplier, Side};
use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::{AccountId, Epoch, Memo};
use zkmargin_margin::instance::{MarginInstance, Shortfall};
use zkmargin_margin::portfolio::Portfolio;
use zkmargin_margin::relation::Violation;
use zkmargin_margin::shape::Shape;
use zkmargin_params::market::MarketError;
use zkmargin_verifier::proof::ProofFile;

use crate::backend::{Backend, BackendError};
use crate::family::{FamilyMarket, Standing};
use crate::venue::Membership;

/// Why no proof was made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProvingError {
    /// The portfolio is another account's than the path.
    #[error("the portfolio is of account {portfolio}, the path of {path}")]
    WrongAccount {
        /// The portfolio's account.
        portfolio: AccountId,
        /// The path's.
        path: AccountId,
    },
    /// The path is of another epoch than the market.
    #[error("the path of {account} is of epoch {}, the market of epoch {}", path.get(), market.get())]
    WrongEpoch {
        /// The account.
        account: AccountId,
        /// The path's epoch, or its state's.
        path: Epoch,
        /// The market's.
        market: Epoch,
    },
    /// The market has no row for a position.
    #[error(transparent)]
    Market(#[from] MarketError),
    /// The statement is false.
    #[error("{}", words(violation))]
    False {
        /// The clause that fails.
        violation: Violation,
        /// What was claimed: a level, or less.
        side: Side,
        /// By how much, for the owner.
        gap: Option<Gap>,
    },
    /// The shape is too small.
    #[error("{found} positions do not fit the {shape} shape, which holds {allowed}")]
    TooManyPositions {
        /// Positions of the portfolio.
        found: usize,
        /// The shape asked for, or the largest.
        shape: Shape,
        /// Positions it holds.
        allowed: usize,
    },
    /// The shape has too little room for expiries.
    #[error("{found} expiries do not fit the {shape} shape, which holds {allowed}")]
    TooManyExpiries {
        /// Expiries of the portfolio.
        found: usize,
        /// The shape asked for, or the largest.
        shape: Shape,
        /// Expiries it holds.
        allowed: usize,
    },
    /// The shape is of another number of underlyings than the market.
    #[error("the market has {found} underlyings, and the {shape} shape is for {allowed}")]
    Underlyings {
        /// Underlyings of the market.
        found: usize,
        /// The shape asked for.
        shape: Shape,
        /// Underlyings that it is for.
        allowed: usize,
    },
    /// The shape is of another number of scenarios than the market.
    #[error("the market has {found} scenarios, and the {shape} shape {allowed}")]
    Scenarios {
        /// Scenarios of the market.
        found: usize,
        /// The shape asked for.
        shape: Shape,
        /// Scenarios it has.
        allowed: usize,
    },
    /// A disclosure that an *at-least* claim has no room for.
    #[error("a claim of at least a level has no shortfall to disclose")]
    NothingToDisclose,
    /// A shortfall that does not fit its public input.
    #[error("the shortfall is too large to disclose")]
    ShortfallRange,
    /// The proof system failed.
    #[error(transparent)]
    Prove(BackendError),
}

/// A violation in words, and the clause of the statement after them.
fn words(violation: &Violation) -> String {
    let clause = violation.clause().to_string();
    let text = violation.to_string();
    let text = text
        .strip_prefix(clause.as_str())
        .map_or(text.as_str(), |rest| rest.trim_start_matches(':').trim_start());
    format!("{text} (clause {clause})")
}

/// How far an account is from what is claimed. Secret: only [`fmt::Display`]
/// shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct Gap {
    claim: Claim,
    amount: String,
}

impl Gap {
    /// Of an account that stands so to the level of a claim.
    pub(crate) fn of<F: MarginField, M: FamilyMarket<F>>(
        market: &M,
        claim: Claim,
        Standing { shortfall, surplus }: Standing,
    ) -> Self {
        let units = match claim.side() {
            Side::AtLeast => shortfall.cast_signed(),
            Side::Below => surplus,
        };
        Self { claim, amount: market.format_amount(units) }
    }
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (level, amount) = (self.claim.level(), &self.amount);
        match self.claim.side() {
            Side::AtLeast => write!(f, "{amount} more cash is needed for {level}")?,
            Side::Below => write!(f, "the account is above {level} by {amount}")?,
        }
        match self.claim.multiplier() {
            Multiplier::ONE => Ok(()),
            times => write!(f, ", {times} times its requirement"),
        }
    }
}

impl fmt::Debug for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Gap(..)")
    }
}

impl ProvingError {
    /// Whether the statement itself is false, rather than an input wrong.
    pub fn is_false_statement(&self) -> bool {
        matches!(
            self,
            Self::False { .. } | Self::Prove(BackendError::Unprovable(Unprovable::Violation(_)))
        )
    }

    /// By how much the claim is missed, for the owner.
    pub fn figures(&self) -> Option<&Gap> {
        match self {
            Self::False { gap, .. } => gap.as_ref(),
            _ => None,
        }
    }

    /// What may be told where others read along, if the message says more: not
    /// which instruments there are, nor how many positions or expiries.
    pub fn discreet(&self) -> Option<String> {
        Some(match self {
            Self::Market(error) => error.discreet()?.to_owned(),
            Self::TooManyPositions { shape, .. } => {
                format!("the positions do not fit the {shape} shape")
            }
            Self::TooManyExpiries { shape, .. } => {
                format!("the expiries do not fit the {shape} shape")
            }
            Self::Prove(BackendError::Unprovable(
                Unprovable::TooManyPositions(_) | Unprovable::TooManyExpiries(_),
            )) => "the portfolio does not fit the shape".to_owned(),
            Self::Prove(BackendError::Unprovable(Unprovable::TooManyChanges(change))) => {
                format!("the change does not fit the {} shape", change.shape)
            }
            _ => return None,
        })
    }

    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::WrongAccount { .. } => "give the path of the portfolio's own account",
            Self::WrongEpoch { .. } => {
                "give the market and the state or path of one epoch: a proof under roots of two counts nowhere"
            }
            Self::Market(_) => "see what the market lists with `zkmargin market show`",
            Self::False { violation: Violation::Opening, .. } => {
                "the venue attested another portfolio or blinding: prove the one it committed to, or have it commit anew"
            }
            Self::False { violation: Violation::FalseClaim, side: Side::Below, .. } => {
                "the account has what the level requires: claim at-least:LEVEL, or below: a higher level; `zkmargin margin` shows the figures"
            }
            Self::False { violation: Violation::NoNotional, .. } => {
                "leave --max-leverage out: only models of the standard family bound leverage"
            }
            Self::False { violation: Violation::Leverage, .. } => {
                "reduce positions, add collateral, or claim a higher --max-leverage"
            }
            Self::False { violation: Violation::FalseClaim, .. } => {
                "add collateral, reduce positions, or claim another level; `zkmargin margin` shows the figures"
            }
            Self::False { .. }
            | Self::Prove(BackendError::Unprovable(Unprovable::Violation(_))) => {
                "check that portfolio, path and market are of one epoch"
            }
            Self::TooManyPositions { .. } | Self::TooManyExpiries { .. } => {
                "give --shape auto; if the largest shape of the market is too small, split the account"
            }
            Self::Underlyings { .. } => {
                "give --shape auto: a market of two underlyings has the shapes multi and multi-large"
            }
            Self::Scenarios { .. } => {
                "give --shape auto: a market of 500 scenarios has the deep shape alone"
            }
            Self::NothingToDisclose => "leave --disclose out, or claim below:LEVEL",
            _ => "please report it",
        }
    }
}

/// A true statement with its witness, ready to prove.
pub struct Prepared<F, W> {
    instance: MarginInstance<F>,
    witness: W,
    shape: Shape,
}

impl<F, W> fmt::Debug for Prepared<F, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prepared").field("shape", &self.shape).finish_non_exhaustive()
    }
}

/// What to prove.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The claim.
    pub claim: Claim,
    /// Whether a *below* claim tells the shortfall.
    pub disclose: bool,
    /// What else the proof says.
    pub memo: Memo,
    /// The shape; the smallest that fits when `None`.
    pub shape: Option<Shape>,
}

impl From<Claim> for Statement {
    /// A claim alone, in the smallest shape that fits.
    fn from(claim: Claim) -> Self {
        Self { claim, disclose: false, memo: Memo::NONE, shape: None }
    }
}

impl<F: MarginField, W> Prepared<F, W> {
    /// Puts a statement together and checks it natively.
    ///
    /// # Errors
    /// When an input does not fit the others, or the statement is false: the
    /// error names the clause and, for the claim itself, the distance.
    pub fn new<M>(
        market: &M,
        account: AccountId,
        portfolio: &Portfolio,
        path: &Membership<F>,
        statement: Statement,
    ) -> Result<Self, ProvingError>
    where
        M: FamilyMarket<F>,
        M::Circuit: FamilyCircuit<F, Witness = W>,
    {
        if account != path.account {
            return Err(ProvingError::WrongAccount { portfolio: account, path: path.account });
        }
        let epoch = market.header().epoch;
        if epoch != path.epoch {
            return Err(ProvingError::WrongEpoch { account, path: path.epoch, market: epoch });
        }
        let positions = portfolio.positions();
        let shape = market.fit(positions, statement.shape)?;
        if portfolio.commitment::<F>() != path.commitment {
            let side = statement.claim.side();
            return Err(ProvingError::False { violation: Violation::Opening, side, gap: None });
        }
        let witness = market.witness(portfolio, path)?;
        let claim = statement.claim;
        let Standing { shortfall, surplus } =
            market.standing(portfolio, claim.level(), claim.multiplier())?;
        let disclosed = match (statement.disclose, statement.claim.side()) {
            (true, Side::AtLeast) => return Err(ProvingError::NothingToDisclose),
            (true, Side::Below) => Shortfall::new(shortfall).ok_or(ProvingError::ShortfallRange)?,
            (false, _) => Shortfall::NONE,
        };
        let header = market.header();
        let instance = MarginInstance {
            context: path.context,
            epoch: header.epoch,
            account,
            state_root: path.state_root,
            market_root: market.root(),
            model: header.model,
            claim,
            disclosed,
            memo: statement.memo,
        };
        M::Circuit::check(&instance, &witness).map_err(|violation| {
            let gap = || Gap::of(market, claim, Standing { shortfall, surplus });
            let gap = (violation == Violation::FalseClaim).then(gap);
            ProvingError::False { violation, side: claim.side(), gap }
        })?;
        Ok(Self { instance, witness, shape })
    }
}

impl<F, W> Prepared<F, W> {
    /// The public inputs.
    pub fn instance(&self) -> &MarginInstance<F> {
        &self.instance
    }

    /// The public and the private inputs.
    pub(crate) fn parts(&self) -> (&MarginInstance<F>, &W) {
        (&self.instance, &self.witness)
    }

    /// The shape it will be proved under.
    pub fn shape(&self) -> Shape {
        self.shape
    }
}

/// Makes the proofs of one shape of a family.
#[derive(Debug)]
pub struct Prover<B: Backend, C: FamilyCircuit<B::Field> + 'static> {
    params: B::Params,
    key: B::ProvingKey<C>,
}

impl<B: Backend, C: FamilyCircuit<B::Field> + 'static> Prover<B, C> {
    /// A prover with a key made under these parameters.
    pub fn new(params: B::Params, key: B::ProvingKey<C>) -> Self {
        Self { params, key }
    }

    /// Whether proofs are made on a card, which is kept busy by more than one thread
    /// that proves.
    pub fn on_card(&self) -> bool {
        B::on_card(&self.params)
    }

    /// Parameters and key.
    pub(crate) fn parts(&self) -> (&B::Params, &B::ProvingKey<C>) {
        (&self.params, &self.key)
    }
}

impl<B, C> Prover<B, C>
where
    B: Backend,
    C: FamilyCircuit<B::Field, Instance = MarginInstance<B::Field>> + 'static,
{
    /// Proves a statement.
    ///
    /// # Errors
    /// When it was prepared for another shape that this one does not hold, or
    /// the proof system fails.
    pub fn prove(
        &self,
        prepared: &Prepared<B::Field, Witness<B::Field, C>>,
    ) -> Result<ProofFile<B::Field>, ProvingError> {
        let Prepared { instance, witness, .. } = prepared;
        self.prove_witness(instance, witness)
    }

    /// Proves a statement by its public and its private inputs.
    ///
    /// # Errors
    /// As [`Prover::prove`].
    pub fn prove_witness(
        &self,
        instance: &MarginInstance<B::Field>,
        witness: &Witness<B::Field, C>,
    ) -> Result<ProofFile<B::Field>, ProvingError> {
        B::prove::<C>(&self.params, &self.key, instance, witness).map_err(ProvingError::Prove)
    }
}
