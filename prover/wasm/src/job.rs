//! A proof, step by step.

use serde::Serialize;
use wasm_bindgen::prelude::wasm_bindgen;
use zeroize::Zeroizing;
use zkmargin_prover::portfolio_file::PortfolioDocument;

use crate::request::{Request, Unprepared};
use crate::statement::{Inputs, Steps, open};

/// What a step comes to, in JSON.
#[derive(Serialize)]
#[serde(untagged)]
enum Said {
    Ready { k: u32, proof_system: String, circuit: String, account: String, claim: String },
    Proof { proof: String },
    Done {},
    Failed { error: String, hint: &'static str },
}

/// A proof to be made.
#[wasm_bindgen]
#[derive(Default)]
pub struct Job {
    steps: Option<Box<dyn Steps>>,
    kept: Option<Vec<u8>>,
}

impl std::fmt::Debug for Job {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Job(..)")
    }
}

#[wasm_bindgen]
impl Job {
    /// A job without inputs.
    #[wasm_bindgen(constructor)]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads the inputs and checks the statement natively: the portfolio (JSON),
    /// the market file, the venue's state file or the account's path file, and a
    /// [`Request`]. JSON: `k`, `proof_system`, `circuit`, `account`, `claim`, or
    /// `error` and `hint`; so every step tells its errors.
    #[must_use]
    pub fn prepare(
        &mut self,
        portfolio: Vec<u8>,
        market: &str,
        place: &[u8],
        request: &str,
    ) -> String {
        self.steps = None;
        let portfolio = Zeroizing::new(portfolio);
        told(read(&portfolio, market, place, request).map(|steps| {
            let said = steps.said();
            self.steps = Some(steps);
            Said::Ready {
                k: said.k,
                proof_system: said.proof_system.to_string(),
                circuit: said.circuit.to_string(),
                account: said.account,
                claim: said.claim,
            }
        }))
    }

    /// Takes parameters: powers of tau, or those that an earlier job gave.
    #[must_use]
    pub fn take_params(&mut self, bytes: &[u8]) -> String {
        self.step(|steps| steps.take_params(bytes).map(|()| Said::Done {}))
    }

    /// Makes the parameters, where that can be done.
    #[must_use]
    pub fn make_params(&mut self) -> String {
        let mut kept = None;
        let said = self.step(|steps| {
            kept = steps.make_params()?;
            Ok(Said::Done {})
        });
        self.kept = kept;
        said
    }

    /// Bytes of the parameters just made, for later jobs, where they are worth it.
    pub fn kept(&mut self) -> Option<Vec<u8>> {
        self.kept.take()
    }

    /// Makes the key.
    #[must_use]
    pub fn make_key(&mut self) -> String {
        self.step(|steps| steps.make_key().map(|()| Said::Done {}))
    }

    /// Makes the proof. JSON: `proof`, the text of the file.
    #[must_use]
    pub fn prove(&mut self) -> String {
        self.step(|steps| steps.prove().map(|proof| Said::Proof { proof }))
    }

    fn step(
        &mut self,
        work: impl FnOnce(&mut (dyn Steps + 'static)) -> Result<Said, Unprepared>,
    ) -> String {
        told(self.steps.as_deref_mut().ok_or(Unprepared::Order).and_then(work))
    }
}

fn read(
    portfolio: &[u8],
    market: &str,
    place: &[u8],
    request: &str,
) -> Result<Box<dyn Steps>, Unprepared> {
    let request = Request::parse(request)?;
    let document = PortfolioDocument::parse(portfolio).map_err(Unprepared::Portfolio)?;
    open(market, &Inputs { document: &document, place, request: &request })
}

fn told(result: Result<Said, Unprepared>) -> String {
    let said = result.unwrap_or_else(|error| {
        let hint = error.hint();
        Said::Failed { error: error.to_string(), hint }
    });
    // Plain data: serializing it does not fail.
    serde_json::to_string(&said).unwrap_or_default()
}
