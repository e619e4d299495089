//! Python bindings over `zkmargin_prover::api`.
//!
//! Files come in as text or bytes and figures go out as what `json.loads` makes of the
//! reports. Work that takes long runs without the interpreter's lock.

mod error;
mod market;
mod portfolio;
mod prove;
mod venue;

use pyo3::prelude::*;

/// The module: classes and exceptions.
#[pymodule]
mod zkmargin {
    #[pymodule_export]
    use crate::error::{Below, FalseClaim, ZkMarginError};
    #[pymodule_export]
    use crate::market::Market;
    #[pymodule_export]
    use crate::portfolio::Portfolio;
    #[pymodule_export]
    use crate::prove::{Prover, Verifier};
    #[pymodule_export]
    use crate::venue::{State, Venue};
}

/// A value as Python's own objects.
fn object<'py>(py: Python<'py>, value: &impl serde::Serialize) -> PyResult<Bound<'py, PyAny>> {
    let text = serde_json::to_string(value).map_err(error::other)?;
    py.import("json")?.call_method1("loads", (text,))
}
