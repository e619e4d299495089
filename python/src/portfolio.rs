//! Portfolios.

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use zkmargin_prover::crypt::{self, Keys, Recipients};
use zkmargin_prover::portfolio_file::PortfolioDocument;

use crate::error::{ZkMarginError, other};

/// A portfolio, opened in memory. Its repr shows the account alone.
#[pyclass(frozen, module = "zkmargin")]
pub(crate) struct Portfolio {
    pub(crate) document: PortfolioDocument,
}

#[pymethods]
impl Portfolio {
    /// Opens an encrypted portfolio with an age identity (`AGE-SECRET-KEY-1...`).
    #[staticmethod]
    fn open(file: &[u8], identity: &str) -> PyResult<Self> {
        let keys = Keys::parse(identity.as_bytes()).map_err(other)?;
        let plain = crypt::decrypt(file, &keys).map_err(other)?;
        Self::read(&plain)
    }

    /// Reads a portfolio document. Without a blinding it gets one, so that its
    /// commitment is another each time: `encrypt` keeps it.
    #[staticmethod]
    fn from_json(text: &str) -> PyResult<Self> {
        Self::read(text.as_bytes())
    }

    /// The file for recipients (`age1...`), with the blinding.
    fn encrypt<'py>(
        &self,
        py: Python<'py>,
        recipients: Vec<String>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let keys = recipients.iter().map(|text| Recipients::parse_key(text).map_err(other));
        let recipients = Recipients::Keys(keys.collect::<PyResult<_>>()?);
        let plain = self.document.to_json();
        let file = crypt::encrypt(&plain, &recipients, false).map_err(other)?;
        Ok(PyBytes::new(py, &file))
    }

    /// The account that holds it.
    #[getter]
    fn account(&self) -> String {
        self.document.account.to_string()
    }

    fn __repr__(&self) -> String {
        format!("Portfolio(account={})", self.document.account)
    }
}

impl Portfolio {
    fn read(plain: &[u8]) -> PyResult<Self> {
        let discreet = |error: zkmargin_prover::portfolio_file::PortfolioFileError| {
            ZkMarginError::new_err(error.discreet().unwrap_or_else(|| error.to_string()))
        };
        let mut document = PortfolioDocument::parse(plain).map_err(discreet)?;
        document.check().map_err(discreet)?;
        document.ensure_blinding().map_err(other)?;
        Ok(Self { document })
    }
}
