//! Proofs, made and verified.

use std::path::PathBuf;
use std::sync::Arc;

use pyo3::prelude::*;
use zkmargin_margin::claim::{Claim, Level};
use zkmargin_margin::layout::ColumnLayout;
use zkmargin_params::cache::ParamsCache;
use zkmargin_prover::api::{self, ApiError, Expected, Policy, Verdict};
use zkmargin_prover::setup::Setup;
use zkmargin_verifier::epoch::{SignedEpoch, Signers};

use crate::error::{self, other};
use crate::market::Market;
use crate::object;
use crate::portfolio::Portfolio;
use crate::venue::{State, context};

/// Parameters and keys in a directory, or where the command keeps them.
fn setup(cache: Option<PathBuf>) -> PyResult<Arc<Setup>> {
    Ok(Arc::new(match cache {
        Some(directory) => Setup::with_cache(ParamsCache::open(directory).map_err(other)?),
        None => Setup::of_user(),
    }))
}

/// Makes proofs; keys are loaded at the first and kept.
#[pyclass(frozen, module = "zkmargin")]
pub(crate) struct Prover {
    prover: api::Prover,
}

#[pymethods]
impl Prover {
    /// With parameters and keys in a directory; without, where `zkmargin` keeps them.
    /// `layout` is `wide` or `tall`; the usual one of the market's proof system unless
    /// told.
    #[new]
    #[pyo3(signature = (cache = None, insecure_dev_srs = false, layout = None))]
    fn new(cache: Option<PathBuf>, insecure_dev_srs: bool, layout: Option<&str>) -> PyResult<Self> {
        let prover = api::Prover::new(setup(cache)?);
        let prover = if insecure_dev_srs { prover.insecure_dev_srs() } else { prover };
        let layout: Option<ColumnLayout> =
            layout.map(|name| name.parse().map_err(other)).transpose()?;
        Ok(Self { prover: layout.into_iter().fold(prover, api::Prover::with_layout) })
    }

    /// The proof file of a claim, as `at-least:maintenance`.
    fn prove(
        &self,
        py: Python<'_>,
        market: &Market,
        state: &State,
        portfolio: &Portfolio,
        claim: &str,
    ) -> PyResult<String> {
        let claim: Claim = claim.parse().map_err(other)?;
        let document = &portfolio.document;
        let proof = py.detach(|| {
            let path = state.state.path(document.account)?;
            self.prover.prove(&market.market, &path, document, claim)
        });
        Ok(proof.map_err(error::api)?.json)
    }
}

/// Verifies proofs; keys are loaded at the first and kept.
#[pyclass(frozen, module = "zkmargin")]
pub(crate) struct Verifier {
    verifier: api::Verifier,
}

#[pymethods]
impl Verifier {
    /// As of `Prover`.
    #[new]
    #[pyo3(signature = (cache = None, insecure_dev_srs = false))]
    fn new(cache: Option<PathBuf>, insecure_dev_srs: bool) -> PyResult<Self> {
        let verifier = api::Verifier::new(setup(cache)?);
        Ok(Self { verifier: if insecure_dev_srs { verifier.insecure_dev_srs() } else { verifier } })
    }

    /// Accepts a proof of an epoch that enough signers signed, under prices of at most
    /// `max_age` seconds: what was proved, with the age. Raises for everything else.
    #[expect(clippy::too_many_arguments, reason = "named in Python")]
    #[pyo3(signature = (proof, *, epoch, signers, context, at_least, max_age, account = None))]
    fn verify<'py>(
        &self,
        py: Python<'py>,
        proof: &str,
        epoch: &str,
        signers: &str,
        context: &str,
        at_least: &str,
        max_age: u64,
        account: Option<&str>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let epoch = SignedEpoch::parse(epoch.as_bytes()).map_err(other)?;
        let signers: Signers = serde_json::from_str(signers).map_err(other)?;
        let context = self::context(context)?;
        let expected = Expected::signed(&epoch, &signers, context).map_err(error::api)?;
        self.accept(py, proof, expected, policy(at_least, max_age, account)?)
    }

    /// The same under a market that was recomputed and a state that the caller made or
    /// trusts, in place of a signed epoch.
    #[expect(clippy::too_many_arguments, reason = "named in Python")]
    #[pyo3(signature = (proof, *, market, state, at_least, max_age, account = None))]
    fn verify_own<'py>(
        &self,
        py: Python<'py>,
        proof: &str,
        market: &Market,
        state: &State,
        at_least: &str,
        max_age: u64,
        account: Option<&str>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let expected = Expected::own(&market.market, &state.state).map_err(error::api)?;
        self.accept(py, proof, expected, policy(at_least, max_age, account)?)
    }
}

impl Verifier {
    fn accept<'py>(
        &self,
        py: Python<'py>,
        proof: &str,
        expected: Expected,
        policy: Policy,
    ) -> PyResult<Bound<'py, PyAny>> {
        let verify = || self.verifier.verify(proof.as_bytes(), &expected, &policy);
        let verdict: Result<Verdict, ApiError> = py.detach(verify);
        let Verdict { claim, age } = verdict.map_err(error::api)?;
        object(py, &serde_json::json!({ "claim": claim, "age": age }))
    }
}

fn policy(at_least: &str, max_age: u64, account: Option<&str>) -> PyResult<Policy> {
    const ALLOWED: &str = "at_least: allowed are margin-call, maintenance, initial";
    let level = (1..=3).filter_map(Level::from_u8).find(|level| level.to_string() == at_least);
    let policy = Policy::new(level.ok_or_else(|| other(ALLOWED))?, max_age);
    match account {
        Some(account) => Ok(policy.of_account(account.parse().map_err(other)?)),
        None => Ok(policy),
    }
}
