//! Proof files, read and verified: those of a circuit together.

use std::collections::BTreeMap;

use zkmargin_margin::layout::ColumnLayout;
use zkmargin_margin::srs::SrsMark;
use zkmargin_margin::statement::Statement;
use zkmargin_params::srs::DevSrs;
use zkmargin_prover::backend::Backend;
use zkmargin_prover::files::Source;
use zkmargin_prover::with_backend;
use zkmargin_verifier::engine::VerifiedClaim;
use zkmargin_verifier::proof::escrow::is_escrow;
use zkmargin_verifier::proof::netting::is_netting;
use zkmargin_verifier::proof::transition::{self, is_transition};
use zkmargin_verifier::proof::{
    CircuitId, MAX_BYTES, ProofFile, TransitionFile, VerifiedEscrow, VerifiedNetting,
    VerifiedTransition, circuit_of,
};
use zkmargin_verifier::{MalformedProof, VerifyError};

use super::escrow::check_escrow;
use super::netting::check_netting;
use crate::env::Env;
use crate::error::Error;
use crate::input::{SrsArgs, warn_of_insecure_srs};
use crate::params::verifier_of;

/// Whether insecure powers of tau will do, and the layout that is taken alone.
pub(crate) type Expected = (SrsArgs, Option<ColumnLayout>);

/// A proof file and its bytes, or why they cannot be had.
pub(crate) type ProofBytes<'a> = (&'a Source, Result<Vec<u8>, Error>);

/// Reads proof files.
pub(crate) fn read_files(sources: &[Source]) -> Vec<ProofBytes<'_>> {
    let read = |source: &Source| source.read_at_most(MAX_BYTES).map_err(Error::from);
    sources.iter().map(|source| (source, read(source))).collect()
}

/// What a proof showed.
pub(super) enum Verified {
    /// Of an account's margin.
    Margin(VerifiedClaim),
    /// Of a change of its portfolio.
    Transition(VerifiedTransition),
    /// Of an account's margin, with an escrow.
    Escrow(VerifiedEscrow),
    /// Of what an account holds at several venues.
    Netting(VerifiedNetting),
}

/// Whether these are proofs over several venues, which are verified apart from others:
/// a state root that is told is no expectation of theirs.
pub(super) fn are_nettings(checked: &[Result<Verified, Error>]) -> Result<bool, Error> {
    let is_netting = |verified: &&Verified| matches!(verified, Verified::Netting(_));
    let verified = || checked.iter().flatten();
    match verified().filter(is_netting).count() {
        0 => Ok(false),
        all if all == verified().count() => Ok(true),
        _ => Err(Error::Usage("verify proofs over several venues apart from others")),
    }
}

/// Reads and verifies proofs of every statement, those of an account's margin that
/// are of a circuit together; one result for each, in their order.
pub(super) fn check_all(
    sources: &[Source],
    expected: Expected,
    env: Env,
) -> Result<Vec<Result<Verified, Error>>, Error> {
    let is_other = |proof: &ProofBytes<'_>| {
        let is_other =
            |bytes: &Vec<u8>| is_transition(bytes) || is_escrow(bytes) || is_netting(bytes);
        proof.1.as_ref().is_ok_and(is_other)
    };
    let files = read_files(sources);
    let are_others: Vec<_> = files.iter().map(is_other).collect();
    let (others, margins): (Vec<_>, Vec<_>) = files.into_iter().partition(is_other);
    let only = others.len() + margins.len() == 1;
    let mut margins = match margins.is_empty() {
        true => Vec::new(),
        false => check_files(margins, expected, env)?,
    }
    .into_iter();
    let mut others = others.into_iter();
    let mut results = Vec::with_capacity(sources.len());
    for is_other in are_others {
        if !is_other {
            results.extend(margins.next().map(|result| result.map(Verified::Margin)));
            continue;
        }
        let Some((source, bytes)) = others.next() else { continue };
        match bytes.and_then(|bytes| check_other(source, &bytes, expected, env)) {
            Err(error) if only => return Err(error),
            result => results.push(result),
        }
    }
    Ok(results)
}

/// Verifies a proof that is of another statement than an account's margin alone.
fn check_other(
    source: &Source,
    bytes: &[u8],
    expected: Expected,
    env: Env,
) -> Result<Verified, Error> {
    match is_escrow(bytes) {
        true => check_escrow(source, bytes, expected, env).map(Verified::Escrow),
        false if is_netting(bytes) => {
            check_netting(source, bytes, expected, env).map(Verified::Netting)
        }
        false => check_transition(source, bytes, expected, env).map(Verified::Transition),
    }
}

/// Verifies a proof of a transition.
pub(crate) fn check_transition(
    source: &Source,
    bytes: &[u8],
    (srs, layout): Expected,
    env: Env,
) -> Result<VerifiedTransition, Error> {
    let malformed = |error: MalformedProof| proof_error(source, error.into());
    let circuit = transition::circuit_of(bytes).map_err(malformed)?;
    env.proof_system_of(source, circuit.proof_system)?;
    check_layout(source, circuit, layout)?;
    with_backend!(circuit.proof_system, B => match is_usual(circuit) {
        true => check_transition_of::<B>(source, bytes, circuit, srs, env),
        false => check_transition_of::<<B as Backend>::Wide>(source, bytes, circuit, srs, env),
    })
}

/// The same in the layout of the proof system.
fn check_transition_of<B: Backend>(
    source: &Source,
    bytes: &[u8],
    circuit: CircuitId,
    srs: SrsArgs,
    env: Env,
) -> Result<VerifiedTransition, Error> {
    let file = TransitionFile::<B::Field>::parse(bytes)
        .map_err(|error| proof_error(source, error.into()))?;
    let dev = dev_srs(std::slice::from_ref(source), [file.srs()].into_iter(), srs)?;
    let of = (file.instance().aim().statement(), circuit.family, circuit.shape);
    let verifier = verifier_of::<B>(of, dev, env)?;
    env.progress
        .stage("verification of 1 proof", || B::verify_transition(&verifier, &file))
        .map_err(|error| proof_error(source, error))
}

/// Whether insecure powers of tau are needed, and will do.
pub(super) fn dev_srs(
    sources: &[Source],
    mut marks: impl Iterator<Item = Option<SrsMark>>,
    srs: SrsArgs,
) -> Result<DevSrs, Error> {
    let insecure = marks.position(|mark| mark.is_some_and(|mark| mark.insecure));
    match insecure.and_then(|index| sources.get(index)) {
        None => Ok(DevSrs::Refuse),
        Some(_) if srs.insecure_dev_srs => {
            warn_of_insecure_srs();
            Ok(DevSrs::AllowInsecure)
        }
        Some(source) => Err(Error::InsecureSrs(source.to_string())),
    }
}

/// Refuses a proof of another layout than the one that is taken.
pub(super) fn check_layout(
    source: &Source,
    circuit: CircuitId,
    expected: Option<ColumnLayout>,
) -> Result<(), Error> {
    match expected {
        Some(key) if key != circuit.layout => {
            Err(proof_error(source, VerifyError::WrongLayout { key, proof: circuit.layout }))
        }
        _ => Ok(()),
    }
}

/// Whether a circuit is in the usual layout of its proof system.
pub(super) fn is_usual(circuit: CircuitId) -> bool {
    circuit.layout == circuit.proof_system.usual_layout()
}

/// Verifies margin proofs that were read, those of a circuit together; one result for
/// each, in their order.
pub(crate) fn check_files(
    proofs: Vec<ProofBytes<'_>>,
    (srs, layout): Expected,
    env: Env,
) -> Result<Vec<Result<VerifiedClaim, Error>>, Error> {
    let total = proofs.len();
    let mut results = BTreeMap::new();
    let mut groups: BTreeMap<CircuitId, Vec<Unread<'_>>> = BTreeMap::new();
    for (index, (source, bytes)) in proofs.into_iter().enumerate() {
        match bytes.and_then(|bytes| identify(source, bytes, layout, env)) {
            Ok((circuit, bytes)) => groups.entry(circuit).or_default().push((index, source, bytes)),
            Err(error) => drop(results.insert(index, Err(error))),
        }
    }
    for (circuit, group) in groups {
        let files: Vec<_> = group.iter().map(|(index, source, _)| (*index, *source)).collect();
        let checked = with_backend!(circuit.proof_system, B => match is_usual(circuit) {
            true => check_group::<B>(circuit, group, srs, env),
            false => check_group::<<B as Backend>::Wide>(circuit, group, srs, env),
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
fn identify(
    source: &Source,
    bytes: Vec<u8>,
    layout: Option<ColumnLayout>,
    env: Env,
) -> Result<(CircuitId, Vec<u8>), Error> {
    let circuit = circuit_of(&bytes).map_err(|error| proof_error(source, error.into()))?;
    env.proof_system_of(source, circuit.proof_system)?;
    check_layout(source, circuit, layout)?;
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
        let of = (Statement::Margin, circuit.family, circuit.shape);
        let verifier = verifier_of::<B>(of, dev, env)?;
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

pub(super) fn proof_error(source: &Source, error: VerifyError) -> Error {
    Error::Proof { path: source.to_string(), source: error }
}
