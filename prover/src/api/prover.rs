//! Proofs of portfolios in whatever market.

use std::sync::Arc;

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
        Self { setup, dev: DevSrs::Refuse }
    }

    /// With powers of tau whose secret everybody can compute, for tests: what is
    /// proved under them is proved to nobody, and the proofs say so.
    pub fn insecure_dev_srs(self) -> Self {
        Self { dev: DevSrs::AllowInsecure, ..self }
    }

    /// Proves a statement about a portfolio. It is checked natively first: a false
    /// one costs no proving time, and the error says which clause fails.
    ///
    /// # Errors
    /// When an input does not fit the others, the statement is false, or parameters
    /// or keys are not there.
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
                self.prove_in::<Ipa>(market, path, document, statement)
            }
            (Typed::Kzg(market), Path::Kzg(path)) => {
                self.prove_in::<Kzg>(market, path, document, statement)
            }
            _ => Err(ApiError::ProofSystem {
                what: "the path",
                found: path.proof_system(),
                expected: market.proof_system(),
            }),
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
        let prover = self.setup.prover::<B, M::Circuit>(prepared.shape(), self.dev, &Unobserved)?;
        let file = prover.prove(&prepared)?;
        let (claim, circuit) = (ClaimData::from(file.instance()), file.circuit());
        Ok(Proof { json: file.to_json(), claim, circuit })
    }
}
