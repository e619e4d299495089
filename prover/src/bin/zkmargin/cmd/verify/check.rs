//! Proof files, read and verified: those of a circuit together.

use std::collections::BTreeMap;

use zkmargin_circuits::scenario::ScenarioCircuit;
use zkmargin_circuits::simulation::SimulationCircuit;
use zkmargin_circuits::standard::StandardCircuit;
use zkmargin_params::srs::DevSrs;
use zkmargin_prover::backend::Backend;
use zkmargin_prover::files::Source;
use zkmargin_prover::with_backend;
use zkmargin_verifier::VerifyError;
use zkmargin_verifier::engine::VerifiedClaim;
use zkmargin_verifier::proof::{CircuitId, Family, MAX_BYTES, ProofFile, circuit_of};

use crate::env::Env;
use crate::error::Error;
use crate::input::{SrsArgs, warn_of_insecure_srs};
use crate::params::verifier;

/// A proof file and its bytes, or why they cannot be had.
pub(crate) type ProofBytes<'a> = (&'a Source, Result<Vec<u8>, Error>);

/// Reads proof files.
pub(crate) fn read_files(sources: &[Source]) -> Vec<ProofBytes<'_>> {
    let read = |source: &Source| source.read_at_most(MAX_BYTES).map_err(Error::from);
    sources.iter().map(|source| (source, read(source))).collect()
}

/// Reads and verifies proofs, those of a circuit together; one result for each,
/// in their order.
pub(crate) fn check(
    sources: &[Source],
    srs: SrsArgs,
    env: Env,
) -> Result<Vec<Result<VerifiedClaim, Error>>, Error> {
    check_files(read_files(sources), srs, env)
}

/// Verifies proofs that were read, as [`check`] does.
pub(crate) fn check_files(
    proofs: Vec<ProofBytes<'_>>,
    srs: SrsArgs,
    env: Env,
) -> Result<Vec<Result<VerifiedClaim, Error>>, Error> {
    let total = proofs.len();
    let mut results = BTreeMap::new();
    let mut groups: BTreeMap<CircuitId, Vec<Unread<'_>>> = BTreeMap::new();
    for (index, (source, bytes)) in proofs.into_iter().enumerate() {
        match bytes.and_then(|bytes| identify(source, bytes, env)) {
            Ok((circuit, bytes)) => groups.entry(circuit).or_default().push((index, source, bytes)),
            Err(error) => drop(results.insert(index, Err(error))),
        }
    }
    for (circuit, group) in groups {
        let files: Vec<_> = group.iter().map(|(index, source, _)| (*index, *source)).collect();
        let checked = with_backend!(circuit.proof_system, B => {
            check_group::<B>(circuit, group, srs, env)
        });
        match checked {
            Ok(checked) => results.extend(checked),
            // The only one there is: told in full, with what to do.
            Err(error) if total == 1 => return Err(error),
            Err(error) => {
                let reason = error.message(false);
                results.extend(files.into_iter().map(|(index, source)| {
                    let (path, reason) = (source.to_string(), reason.clone());
                    (index, Err(Error::Unverifiable { path, reason }))
                }));
            }
        }
    }
    Ok(results.into_values().collect())
}

/// A proof file and what it was made with.
fn identify(source: &Source, bytes: Vec<u8>, env: Env) -> Result<(CircuitId, Vec<u8>), Error> {
    let circuit = circuit_of(&bytes).map_err(|error| proof_error(source, error.into()))?;
    env.proof_system_of(source, circuit.proof_system)?;
    Ok((circuit, bytes))
}

/// A proof file that was not parsed yet, and its index.
type Unread<'a> = (usize, &'a Source, Vec<u8>);
/// Results by index.
type Results = BTreeMap<usize, Result<VerifiedClaim, Error>>;

/// Verifies the proofs of one circuit, made under secure powers of tau and under
/// insecure ones apart: each has a key of its own.
fn check_group<B: Backend>(
    circuit: CircuitId,
    group: Vec<Unread<'_>>,
    srs: SrsArgs,
    env: Env,
) -> Result<Results, Error> {
    let mut results = Results::new();
    let (mut secure, mut insecure) = (Vec::new(), Vec::new());
    for (index, source, bytes) in group {
        match ProofFile::<B::Field>::parse(&bytes) {
            Err(error) => drop(results.insert(index, Err(proof_error(source, error.into())))),
            Ok(file) if !file.srs().is_some_and(|srs| srs.insecure) => {
                secure.push((index, source, file));
            }
            Ok(file) if srs.insecure_dev_srs => insecure.push((index, source, file)),
            Ok(_) => drop(results.insert(index, Err(Error::InsecureSrs(source.to_string())))),
        }
    }
    for (dev, batch) in [(DevSrs::Refuse, secure), (DevSrs::AllowInsecure, insecure)] {
        if batch.is_empty() {
            continue;
        }
        if dev == DevSrs::AllowInsecure {
            warn_of_insecure_srs();
        }
        let verifier = match circuit.family {
            Family::Standard => verifier::<B, StandardCircuit<B::Field>>(circuit.shape, dev, env),
            Family::Scenario => verifier::<B, ScenarioCircuit<B::Field>>(circuit.shape, dev, env),
            Family::Simulation => {
                verifier::<B, SimulationCircuit<B::Field>>(circuit.shape, dev, env)
            }
        }?;
        let files: Vec<_> = batch.iter().map(|(_, _, file)| file.clone()).collect();
        let name = format!("verification of {}", count(files.len()));
        let verified = env.progress.stage(&name, || B::verify(&verifier, &files));
        for ((index, source, _), result) in batch.into_iter().zip(verified) {
            results.insert(index, result.map_err(|error| proof_error(source, error)));
        }
    }
    Ok(results)
}

fn count(proofs: usize) -> String {
    if proofs == 1 { "1 proof".to_owned() } else { format!("{proofs} proofs") }
}

fn proof_error(source: &Source, error: VerifyError) -> Error {
    Error::Proof { path: source.to_string(), source: error }
}
