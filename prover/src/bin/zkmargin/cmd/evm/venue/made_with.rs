//! Which of a market's circuits each of a venue's proofs is of.

use std::collections::BTreeMap;

use alloy_sol_types::private::B256;
use zkmargin_margin::srs::SrsMark;
use zkmargin_margin::statement::Statement;
use zkmargin_params::srs::DevSrs;

use super::super::circuits::of_venues;
use super::super::deployment::{CircuitName, Registry};
use super::super::error::EvmError;
use super::proofs::Proofs;
use crate::env::Env;
use crate::error::Error;
use crate::params::exported_key_of;

/// What a proof was made with.
pub(super) type MadeWith = (CircuitName, SrsMark);

/// The market's circuit of each kind of proof; the one that is named of all, which then
/// are of one kind. A circuit says neither shape nor layout, so the key of each kind is
/// made, and its digest looked for among the market's: a proof that was sent to another
/// circuit would be paid for and refused.
pub(super) fn circuits_of(
    on: &Registry,
    proofs: &Proofs,
    named: Option<B256>,
    env: Env,
) -> Result<BTreeMap<MadeWith, B256>, Error> {
    let kinds = proofs.kinds();
    if let Some(circuit) = named {
        return match kinds.len() {
            1 => Ok(kinds.into_iter().map(|kind| (kind, circuit)).collect()),
            _ => Err(Error::Usage(
                "--circuit is one, and the proofs are of several shapes: leave it out",
            )),
        };
    }
    let market = of_venues(on, proofs.depth)?;
    let of = |kind: MadeWith| Ok((kind, circuit_of(kind, proofs, &market, env)?));
    kinds.into_iter().map(of).collect()
}

/// The one of the market's circuits that has the key of a kind of proof.
fn circuit_of(
    (circuit, srs): MadeWith,
    proofs: &Proofs,
    market: &[B256],
    env: Env,
) -> Result<B256, Error> {
    let dev = if srs.insecure { DevSrs::AllowInsecure } else { DevSrs::Refuse };
    let key = exported_key_of(Statement::Venue(proofs.depth), circuit.parts(), dev, env)?;
    if key.srs() != srs {
        return Err(Error::Mismatch {
            place: format!("the proofs of {circuit}"),
            what: "srs",
            expected: key.srs().to_string(),
            found: srs.to_string(),
        });
    }
    let digest = B256::from(*key.digest().as_bytes());
    match market.contains(&digest) {
        true => Ok(digest),
        false => {
            let subtree = proofs.first_of((circuit, srs)).unwrap_or_default();
            let (leaves, found) = (proofs.depth.leaves(), market.len());
            Err(EvmError::NoSuchCircuit { circuit, subtree, leaves, digest, found }.into())
        }
    }
}
