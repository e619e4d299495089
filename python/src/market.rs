//! Markets.

use pyo3::prelude::*;
use rust_decimal::Decimal;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::ids::Epoch;
use zkmargin_margin::shape::ProofSystem;
use zkmargin_params::market::{
    MarketFile, ScenarioMarketFile, SettlementMarketFile, SimulationMarketFile,
};
use zkmargin_params::model::AnyModel;
use zkmargin_params::scenario::ScenarioSnapshot;
use zkmargin_params::settlement::snapshot::SettlementSnapshot;
use zkmargin_params::simulation::snapshot::SimulationSnapshot;
use zkmargin_params::snapshot::Snapshot;
use zkmargin_params::symbol::Symbol;
use zkmargin_prover::api;
use zkmargin_prover::whatif::Trade;

use crate::error::{self, other};
use crate::object;
use crate::portfolio::Portfolio;

/// The public market of an epoch; its root is recomputed.
#[pyclass(frozen, module = "zkmargin")]
pub(crate) struct Market {
    pub(crate) market: api::Market,
    json: String,
}

#[pymethods]
impl Market {
    /// Reads a market file.
    #[staticmethod]
    fn from_json(py: Python<'_>, text: String) -> PyResult<Self> {
        let market = py.detach(|| api::Market::from_json(&text)).map_err(other)?;
        Ok(Self { market, json: text })
    }

    /// Makes the market of an epoch from a model (the name of a shipped one, or its
    /// text) and a snapshot of its family.
    #[staticmethod]
    #[pyo3(signature = (model, snapshot, epoch, proof_system = "ipa"))]
    fn build(
        py: Python<'_>,
        model: &str,
        snapshot: &str,
        epoch: u64,
        proof_system: &str,
    ) -> PyResult<Self> {
        let system: ProofSystem = proof_system.parse().map_err(other)?;
        let model = match AnyModel::by_name(model) {
            Some(shipped) => shipped.map_err(other)?,
            None => AnyModel::from_text(model).map_err(other)?,
        };
        let text = py.detach(|| build(&model, snapshot, Epoch::new(epoch), system))?;
        Self::from_json(py, text)
    }

    /// The market file.
    fn to_json(&self) -> &str {
        &self.json
    }

    /// Margin of a portfolio, as `zkmargin margin --json` tells it.
    fn margin<'py>(&self, py: Python<'py>, portfolio: &Portfolio) -> PyResult<Bound<'py, PyAny>> {
        let margin = py.detach(|| self.market.margin(&portfolio.document));
        object(py, &margin.map_err(error::api)?)
    }

    /// Margin before and after a trade (`symbol`, `quantity`, at `price` or the mark) and
    /// cash paid in. Numbers are texts or `decimal.Decimal`, exact as written.
    #[pyo3(signature = (portfolio, symbol = None, quantity = None, price = None, cash = None))]
    fn what_if<'py>(
        &self,
        py: Python<'py>,
        portfolio: &Portfolio,
        symbol: Option<&str>,
        quantity: Option<&Bound<'py, PyAny>>,
        price: Option<&Bound<'py, PyAny>>,
        cash: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let trade = match (symbol, quantity) {
            (Some(symbol), Some(quantity)) => Some(Trade {
                symbol: Symbol::of_listing(symbol).map_err(other)?,
                quantity: decimal(quantity)?,
                price: price.map(decimal).transpose()?,
            }),
            (None, None) if price.is_none() => None,
            _ => return Err(other("a trade has a symbol and a quantity")),
        };
        let cash = cash.map_or(Ok(Decimal::ZERO), decimal)?;
        let found = py.detach(|| self.market.what_if(&portfolio.document, trade.as_ref(), cash));
        object(py, &found.map_err(error::api)?)
    }

    /// The account with all prices moved by each factor: a list of figures.
    fn stress<'py>(
        &self,
        py: Python<'py>,
        portfolio: &Portfolio,
        factors: Vec<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let factors = factors.iter().map(decimal).collect::<PyResult<Vec<_>>>()?;
        let found = py.detach(|| self.market.stress(&portfolio.document, &factors));
        object(py, &found.map_err(error::api)?)
    }

    /// The commitment to a portfolio.
    fn commitment(&self, portfolio: &Portfolio) -> PyResult<String> {
        let found = self.market.commitment(&portfolio.document).map_err(error::api)?;
        Ok(found.to_string())
    }

    /// `standard`, `scenario`, `simulation` or `settlement`.
    #[getter]
    fn family(&self) -> String {
        self.market.family().to_string()
    }

    /// `ipa` or `kzg`.
    #[getter]
    fn proof_system(&self) -> String {
        self.market.proof_system().to_string()
    }

    /// The market root.
    #[getter]
    fn root(&self) -> String {
        self.market.root().to_string()
    }

    /// The epoch's number.
    #[getter]
    fn epoch(&self) -> u64 {
        self.market.epoch().get()
    }

    /// When the prices were taken, in seconds since 1970.
    #[getter]
    fn timestamp(&self) -> u64 {
        self.market.timestamp().get()
    }

    /// The quote currency.
    #[getter]
    fn quote(&self) -> &str {
        self.market.quote()
    }

    fn __repr__(&self) -> String {
        let market = &self.market;
        format!("Market(family={}, epoch={})", market.family(), market.epoch().get())
    }
}

/// The file of a market.
fn build(model: &AnyModel, snapshot: &str, epoch: Epoch, system: ProofSystem) -> PyResult<String> {
    /// The file in the field of the proof system.
    macro_rules! file {
        ($file:ident, $model:expr, $snapshot:expr) => {
            match system {
                ProofSystem::Ipa => $file::build::<pasta_curves::Fp>($model, $snapshot, epoch)
                    .map(|(file, _)| file.to_json()),
                ProofSystem::Kzg => $file::build::<Bn254Fr>($model, $snapshot, epoch)
                    .map(|(file, _)| file.to_json()),
            }
        };
    }
    match model {
        AnyModel::Standard(model) => {
            let snapshot = Snapshot::from_json(snapshot).map_err(other)?;
            file!(MarketFile, model, &snapshot)
        }
        AnyModel::Scenario(model) => {
            let snapshot = ScenarioSnapshot::from_json(snapshot).map_err(other)?;
            file!(ScenarioMarketFile, model, &snapshot)
        }
        AnyModel::Simulation(model) => {
            let snapshot = SimulationSnapshot::from_json(snapshot).map_err(other)?;
            file!(SimulationMarketFile, model, &snapshot)
        }
        AnyModel::Settlement(model) => {
            let snapshot = SettlementSnapshot::from_json(snapshot).map_err(other)?;
            file!(SettlementMarketFile, model, &snapshot)
        }
    }
    .map_err(other)
}

/// A number, by its text: a float's is the shortest that reads back as it.
fn decimal(value: &Bound<'_, PyAny>) -> PyResult<Decimal> {
    let text = value.str()?.to_string();
    zkmargin_params::decimal::parse_decimal(&text).map_err(other)
}
