//! Published cases as statements: each account in a market, a state tree and a
//! deployment of its own, claimed at the level that it has.

use pasta_curves::Fp;
use zkmargin_circuits::family::FamilyCircuit;
use zkmargin_circuits::mock::is_satisfied;
use zkmargin_circuits::scenario::ScenarioCircuit;
use zkmargin_circuits::settlement::SettlementCircuit;
use zkmargin_circuits::standard::StandardCircuit;
use zkmargin_margin::claim::{Claim, InvalidClaim, Level, Side};
use zkmargin_margin::ids::{AccountId, ContextId, Epoch, Memo, ModelDigest, Timestamp};
use zkmargin_margin::instance::{MarginInstance, Shortfall};
use zkmargin_margin::market::{MARKET_DEPTH, MarketHeader, STATE_DEPTH, state_leaf};
use zkmargin_margin::merkle::{Path, Tree, TreeError};
use zkmargin_margin::portfolio::{Blinding, Portfolio, PortfolioError, Reserved};
use zkmargin_margin::poseidon::Domain;
use zkmargin_margin::relation::Violation;
use zkmargin_margin::scenario::{FACTOR_ONE, ScenarioMargin, ScenarioRow, ScenarioWitness};
use zkmargin_margin::settlement::{self, SettlementMargin, SettlementRow, SettlementWitness};
use zkmargin_margin::shape::Shape;
use zkmargin_margin::standard::{AccountMargin, Charge, Direction, StandardWitness, TierRow};
use zkmargin_margin::units::{Denominator, Notional, OutOfRange};
use zkmargin_margin::witness::{AccountWitness, Slot};
use zkmargin_params::conformance::{CaseAccount, CaseRows};
use zkmargin_params::scenario::IntegerTable;

/// Why a case is no statement.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CaseError {
    /// The positions are no portfolio.
    #[error(transparent)]
    Portfolio(#[from] PortfolioError),
    /// More rows than a market holds.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// The statement does not take the account.
    #[error(transparent)]
    Violation(#[from] Violation),
    /// A number past its type.
    #[error(transparent)]
    Range(#[from] OutOfRange),
    /// A level that nothing can be claimed of.
    #[error(transparent)]
    Claim(#[from] InvalidClaim),
    /// The circuit cannot be laid out.
    #[error("the circuit cannot be laid out: {0}")]
    Layout(String),
    /// A case of a family that this does not know.
    #[error("the case is of another family")]
    Family,
}

/// What is known of a case's account.
#[derive(Clone, Debug)]
pub enum CaseWitness {
    /// Of the standard family.
    Standard(Box<StandardWitness<Fp>>),
    /// Of the scenario family.
    Scenario(Box<ScenarioWitness<Fp>>),
    /// Of the settlement family.
    Settlement(Box<SettlementWitness<Fp>>),
}

/// A case as two statements: a true one, and one that is false by a level.
#[derive(Clone, Debug)]
pub struct CaseStatement {
    /// The smallest shape that holds it; `None` when it is beyond the largest.
    pub shape: Option<Shape>,
    /// The true statement.
    pub instance: MarginInstance<Fp>,
    /// What is claimed falsely: the next level, or to be below the highest.
    pub false_claim: Claim,
    /// The private inputs.
    pub witness: CaseWitness,
}

impl CaseStatement {
    /// The statements of a case: *at least* the account's level, or *below* the
    /// first when it is bankrupt.
    ///
    /// # Errors
    /// When the account does not fit the statement.
    pub fn new(account: &CaseAccount) -> Result<Self, CaseError> {
        match &account.rows {
            CaseRows::Standard { row, denominator } => standard(account, *row, *denominator),
            CaseRows::Scenario { table, held } => scenario(account, table, held),
            CaseRows::Settlement { rows } => settlement(account, rows),
            _ => Err(CaseError::Family),
        }
    }

    /// Whether the mock prover is satisfied with a claim; `None` when the case is
    /// beyond the largest shape.
    ///
    /// # Errors
    /// When the circuit cannot be laid out.
    pub fn mock(&self, claim: Claim) -> Result<Option<bool>, CaseError> {
        let Some(shape) = self.shape else { return Ok(None) };
        let instance = MarginInstance { claim, ..self.instance };
        let layout = |error: &dyn std::fmt::Display| CaseError::Layout(error.to_string());
        let satisfied = match &self.witness {
            CaseWitness::Standard(witness) => {
                let circuit = StandardCircuit::<Fp>::new(shape, instance, (**witness).clone());
                let circuit = circuit.map_err(|error| layout(&error))?;
                is_satisfied(StandardCircuit::<Fp>::k(shape), &circuit, &instance)
            }
            CaseWitness::Scenario(witness) => {
                let circuit = ScenarioCircuit::<Fp>::new(shape, instance, (**witness).clone());
                let circuit = circuit.map_err(|error| layout(&error))?;
                is_satisfied(ScenarioCircuit::<Fp>::k(shape), &circuit, &instance)
            }
            CaseWitness::Settlement(witness) => {
                let circuit = SettlementCircuit::<Fp>::new(shape, instance, (**witness).clone());
                let circuit = circuit.map_err(|error| layout(&error))?;
                is_satisfied(SettlementCircuit::<Fp>::k(shape), &circuit, &instance)
            }
        };
        satisfied.map(Some).map_err(|error| layout(&error))
    }
}

fn standard(
    account: &CaseAccount,
    row: TierRow,
    denominator: Denominator,
) -> Result<CaseStatement, CaseError> {
    let pairs = account.positions.iter().map(|position| (position, &row));
    let margin = AccountMargin::assess(pairs, &Reserved::NONE, denominator)
        .map_err(|(index, _)| Violation::Range(index))?;
    // Zero lots of the case's row may be below its tier.
    let padding = TierRow {
        direction: Direction::Both,
        lower_exclusive: false,
        lower: Notional::ZERO,
        upper: Notional::MAX,
        initial: Charge::default(),
        maintenance: Charge::default(),
        ..row
    };
    let ground = Ground::new(account, vec![row.leaf(), padding.leaf()])?;
    let header = ground.header(denominator, Fp::zero());
    let mut slots = Vec::new();
    for position in &account.positions {
        slots.push(Slot { position: position.clone(), row, path: ground.market.path(0)? });
    }
    let padding = (padding, ground.market.path(1)?);
    let witness = ground.witness(slots, header, padding)?;
    let shape = Shape::standard_for(account.positions.len());
    ground.statement(shape, margin.level(), header, CaseWitness::Standard(Box::new(witness)))
}

fn scenario(
    account: &CaseAccount,
    table: &IntegerTable,
    held: &[usize],
) -> Result<CaseStatement, CaseError> {
    let rows = held.iter().map(|row| &table.rows[*row]);
    let positions = account.positions.iter().zip(rows);
    let margin = ScenarioMargin::assess(positions, &Reserved::NONE, &table.terms)?;
    let ground = Ground::new(account, table.rows.iter().map(ScenarioRow::leaf).collect())?;
    let header = ground.header(Denominator::new(FACTOR_ONE)?, table.terms.digest());
    let mut slots = Vec::with_capacity(held.len());
    for (position, index) in account.positions.iter().zip(held) {
        let (row, path) = (table.rows[*index], ground.market.path(*index)?);
        slots.push(Slot { position: position.clone(), row, path });
    }
    let padding = (table.rows[0], ground.market.path(0)?);
    let account = ground.witness(slots, header, padding)?;
    let witness = ScenarioWitness { account, terms: table.terms.into() };
    let shape = Shape::scenario_for(witness.account.slots.len(), margin.expiries.len(), 1);
    ground.statement(shape, margin.level(), header, CaseWitness::Scenario(Box::new(witness)))
}

fn settlement(account: &CaseAccount, rows: &[SettlementRow]) -> Result<CaseStatement, CaseError> {
    let margin = SettlementMargin::assess(account.positions.iter().zip(rows), &Reserved::NONE)?;
    let ground = Ground::new(account, rows.iter().map(SettlementRow::leaf).collect())?;
    let header = ground.header(Denominator::new(1)?, settlement::terms());
    let mut slots = Vec::with_capacity(rows.len());
    for (index, (position, row)) in account.positions.iter().zip(rows).enumerate() {
        let path = ground.market.path(index)?;
        slots.push(Slot { position: position.clone(), row: *row, path });
    }
    // A case has a perpetual of each underlying, be it of no lots.
    let row = *rows.first().ok_or(CaseError::Family)?;
    let witness = ground.witness(slots, header, (row, ground.market.path(0)?))?;
    let shape = Shape::settlement_for(account.positions.len());
    ground.statement(shape, margin.level(), header, CaseWitness::Settlement(Box::new(witness)))
}

/// The trees that an account stands in.
struct Ground {
    portfolio: Portfolio,
    commitment: Fp,
    state: Tree<Fp>,
    market: Tree<Fp>,
}

impl Ground {
    fn new(account: &CaseAccount, leaves: Vec<Fp>) -> Result<Self, CaseError> {
        // A case is public: nothing needs hiding.
        let portfolio = Portfolio::new(account.positions.clone(), Blinding::new([0; 31]))?;
        let commitment = portfolio.commitment();
        let leaf = state_leaf(account_id(), commitment, context());
        let state = Tree::build(Domain::StateNode, STATE_DEPTH, vec![leaf])?;
        let market = Tree::build(Domain::MarketNode, MARKET_DEPTH, leaves)?;
        Ok(Self { portfolio, commitment, state, market })
    }

    fn header(&self, denominator: Denominator, terms: Fp) -> MarketHeader<Fp> {
        MarketHeader {
            tree_root: self.market.root(),
            model: ModelDigest::of(b"conformance"),
            epoch: Epoch::new(1),
            timestamp: Timestamp::new(0),
            denominator,
            terms,
        }
    }

    fn witness<R>(
        &self,
        slots: Vec<Slot<Fp, R>>,
        header: MarketHeader<Fp>,
        padding: (R, Path<Fp>),
    ) -> Result<AccountWitness<Fp, R>, TreeError> {
        Ok(AccountWitness {
            slots,
            reserved: Reserved::NONE,
            blinding: self.portfolio.blinding().clone(),
            commitment: self.commitment,
            account_path: self.state.path(0)?,
            header,
            padding,
        })
    }

    fn statement(
        &self,
        shape: Option<Shape>,
        level: Level,
        header: MarketHeader<Fp>,
        witness: CaseWitness,
    ) -> Result<CaseStatement, CaseError> {
        let (claim, false_claim) = claims(level)?;
        let instance = MarginInstance {
            context: context(),
            epoch: header.epoch,
            account: account_id(),
            state_root: self.state.root(),
            market_root: header.root(),
            model: header.model,
            claim,
            disclosed: Shortfall::NONE,
            memo: Memo::NONE,
        };
        Ok(CaseStatement { shape, instance, false_claim, witness })
    }
}

/// What is true at a level, and what is not.
fn claims(level: Level) -> Result<(Claim, Claim), InvalidClaim> {
    let truth = match level {
        Level::Bankrupt => Claim::new(Side::Below, Level::MarginCall)?,
        level => Claim::new(Side::AtLeast, level)?,
    };
    let lie = match level {
        Level::Bankrupt => Claim::new(Side::AtLeast, Level::MarginCall)?,
        Level::MarginCall => Claim::new(Side::AtLeast, Level::Maintenance)?,
        Level::Maintenance => Claim::new(Side::AtLeast, Level::Initial)?,
        Level::Initial => Claim::new(Side::Below, Level::Initial)?,
    };
    Ok((truth, lie))
}

fn account_id() -> AccountId {
    AccountId::new([0; 20])
}

fn context() -> ContextId {
    ContextId::derive("conformance", 0, [0; 20])
}
