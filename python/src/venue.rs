//! Account trees.

use std::sync::Mutex;

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use zkmargin_margin::ids::{ContextId, Epoch};
use zkmargin_prover::api;

use crate::error::{self, other};
use crate::market::Market;
use crate::portfolio::Portfolio;

/// A venue's accounts with their commitments.
#[pyclass(frozen, module = "zkmargin")]
pub(crate) struct Venue {
    venue: Mutex<api::Venue>,
}

#[pymethods]
impl Venue {
    /// A venue of a deployment: a context of 0x and 62 digits, or a protocol's name.
    #[new]
    #[pyo3(signature = (context, proof_system = "ipa"))]
    fn new(context: &str, proof_system: &str) -> PyResult<Self> {
        let system = proof_system.parse().map_err(other)?;
        Ok(Self { venue: Mutex::new(api::Venue::new(self::context(context)?, system)) })
    }

    /// Commits to a portfolio, in place of the account's last one; the commitment.
    fn commit(&self, market: &Market, portfolio: &Portfolio) -> PyResult<String> {
        let mut venue = self.venue.lock().map_err(other)?;
        let found = venue.commit(&market.market, &portfolio.document).map_err(error::api)?;
        Ok(found.to_string())
    }

    /// The tree of an epoch over the accounts as they are.
    fn state(&self, py: Python<'_>, epoch: u64) -> PyResult<State> {
        let venue = self.venue.lock().map_err(other)?.clone();
        let state = py.detach(|| venue.state(Epoch::new(epoch))).map_err(other)?;
        Ok(State { state })
    }
}

/// A venue's account tree in an epoch.
#[pyclass(frozen, module = "zkmargin")]
pub(crate) struct State {
    pub(crate) state: api::State,
}

#[pymethods]
impl State {
    /// Reads a state file.
    #[staticmethod]
    fn from_json(py: Python<'_>, file: &[u8]) -> PyResult<Self> {
        let state = py.detach(|| api::State::parse(file)).map_err(other)?;
        Ok(Self { state })
    }

    /// The state file.
    fn to_json<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.state.to_json())
    }

    /// The state root.
    #[getter]
    fn root(&self) -> String {
        self.state.root().to_string()
    }

    /// The epoch's number.
    #[getter]
    fn epoch(&self) -> u64 {
        self.state.epoch().get()
    }

    /// The deployment.
    #[getter]
    fn context(&self) -> String {
        self.state.context().to_string()
    }
}

/// A context by its digits, or of a protocol by its name.
pub(crate) fn context(text: &str) -> PyResult<ContextId> {
    match text.starts_with("0x") {
        true => text.parse().map_err(other),
        false if text.is_empty() => Err(other("a protocol has a name")),
        false => Ok(ContextId::derive(text, 0, [0; 20])),
    }
}
