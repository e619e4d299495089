//! Exceptions.

use std::fmt::Display;

use pyo3::PyErr;
use pyo3::create_exception;
use pyo3::exceptions::PyException;
use zkmargin_prover::api::ApiError;

create_exception!(
    zkmargin,
    ZkMarginError,
    PyException,
    "What was given is refused; the message says why, without figures of a portfolio."
);
create_exception!(zkmargin, FalseClaim, ZkMarginError, "The claim is not true of the portfolio.");
create_exception!(
    zkmargin,
    Below,
    ZkMarginError,
    "The proof is true, and says that the account is below a level."
);

/// An error of the library, as the exception that it is.
pub(crate) fn api(error: ApiError) -> PyErr {
    match &error {
        ApiError::Proving(proving) if proving.is_false_statement() => {
            FalseClaim::new_err(proving.to_string())
        }
        ApiError::Proving(proving) => {
            ZkMarginError::new_err(proving.discreet().unwrap_or_else(|| proving.to_string()))
        }
        ApiError::Portfolio(portfolio) => {
            ZkMarginError::new_err(portfolio.discreet().unwrap_or_else(|| portfolio.to_string()))
        }
        ApiError::Market(market) => {
            let discreet = market.discreet().map(str::to_owned);
            ZkMarginError::new_err(discreet.unwrap_or_else(|| market.to_string()))
        }
        ApiError::Below { .. } => Below::new_err(error.to_string()),
        _ => ZkMarginError::new_err(error.to_string()),
    }
}

/// Any other refusal.
pub(crate) fn other(error: impl Display) -> PyErr {
    ZkMarginError::new_err(error.to_string())
}
