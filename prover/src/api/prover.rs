//! Proofs of portfolios in whatever market.

use std::sync::Arc;

use zkmargin_margin::layout::ColumnLayout;
use zkmargin_margin::shape::ProofSystem;
use zkmargin_params::srs::DevSrs;
use zkmargin_verifier::engine::ClaimData;
use zkmargin_verifier::proof::CircuitId;

use super::error::ApiError;
use super::market::{Families, Market, Typed, with_family};
use super::venue::Path;
use crate::backend::{Backend, Ipa, Kzg};
use crate::family::FamilyMarket;
use crate::portfolio_file::PortfolioDocument;
use crate::proving::{Prepared, Statement};
use crate::setup::{Setup, Unobserved};
use crate::venue::Membership;

/// Makes proofs. Keys are loaded at the first proof of a circuit and kept.
#[derive(Clone, Debug)]
pub struct Prover {
    setup: Arc<Setup>,
    dev: DevSrs,
    layout: Option<ColumnLayout>,
}

/// A proof file with what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The file.
    pub json: String,
    /// Its public inputs.
    pub claim: ClaimData,
    /// What it was made with.
    pub circuit: CircuitId,
}

impl Prover {
    /// A prover over parameters and keys.
    pub fn new(setup: Arc<Setup>) -> Self {
        Self { setup, dev: DevSrs::Refuse, layout: None }
    }

    /// With powers of tau whose secret everybody can compute, for tests: what is
    /// proved under them is proved to nobody, and the proofs say so.
    pub fn insecure_dev_srs(self) -> Self {
        Self { dev: DevSrs::AllowInsecure, ..self }
    }

    /// With circuits laid out so, in place of the usual layout of the market's proof
    /// system: a wide proof takes half the time, and more gas to verify. Ask whoever
    /// verifies; [`Verifier`](super::Verifier) takes both.
    pub fn with_layout(self, layout: ColumnLayout) -> Self {
        Self { layout: Some(layout), ..self }
    }

    /// Proves a statement about a portfolio. It is checked natively first: a false
    /// one costs no proving time, and the error says which clause fails.
    ///
    /// # Errors
    /// When an input does not fit the others, the market's proof system has not the
    /// layout, the statement is false, or parameters or keys are not there.
    pub fn prove(
        &self,
        market: &Market,
        path: &Path,
        document: &PortfolioDocument,
        statement: impl Into<Statement>,
    ) -> Result<Proof, ApiError> {
        let statement = statement.into();
        match (&market.typed, path) {
            (Typed::Ipa(market), Path::Ipa(path)) => {
                self.prove_laid_out::<Ipa>(market, path, document, statement)
            }
            (Typed::Kzg(market), Path::Kzg(path)) => {
                self.prove_laid_out::<Kzg>(market, path, document, statement)
            }
            _ => Err(ApiError::ProofSystem {
                what: "the path",
                found: path.proof_system(),
                expected: market.proof_system(),
            }),
        }
    }

    /// In the layout asked for.
    fn prove_laid_out<B: Backend>(
        &self,
        market: &Families<B::Field>,
        path: &Membership<B::Field>,
        document: &PortfolioDocument,
        statement: Statement,
    ) -> Result<Proof, ApiError> {
        match layout_in(B::SYSTEM, self.layout)? == B::SYSTEM.usual_layout() {
            true => self.prove_in::<B>(market, path, document, statement),
            false => self.prove_in::<B::Wide>(market, path, document, statement),
        }
    }

    fn prove_in<B: Backend>(
        &self,
        market: &Families<B::Field>,
        path: &Membership<B::Field>,
        document: &PortfolioDocument,
        statement: Statement,
    ) -> Result<Proof, ApiError> {
        with_family!(market, market => self.prove_with::<B, _>(&**market, path, document, statement))
    }

    fn prove_with<B: Backend, M: FamilyMarket<B::Field>>(
        &self,
        market: &M,
        path: &Membership<B::Field>,
        document: &PortfolioDocument,
        statement: Statement,
    ) -> Result<Proof, ApiError> {
        let portfolio = market.listings().portfolio(document)?;
        let prepared = Prepared::new(market, document.account, &portfolio, path, statement)?;
        let setup = &self.setup;
        let prover =
            setup.prover::<B, M::CircuitIn<B::Columns>>(prepared.shape(), self.dev, &Unobserved)?;
        let file = prover.prove(&prepared)?;
        let (claim, circuit) = (ClaimData::from(file.instance()), file.circuit());
        Ok(Proof { json: file.to_json(), claim, circuit })
    }
}

/// The layout asked for, else the usual one.
fn layout_in(system: ProofSystem, wanted: Option<ColumnLayout>) -> Result<ColumnLayout, ApiError> {
    let layout = wanted.unwrap_or(system.usual_layout());
    match system.has_layout(layout) {
        true => Ok(layout),
        false => Err(ApiError::Layout { layout, system }),
    }
}
