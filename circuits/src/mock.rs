//! The mock prover: whether a circuit is satisfied, without a proof.

use halo2_proofs::dev::MockProver;
use halo2_proofs::plonk::{Circuit, Error};
use pasta_curves::Fp;
use zkmargin_margin::instance::MarginInstance;

/// Whether a circuit of `2^k` rows is satisfied, for these public inputs. Slow
/// and frugal next to a proof: every constraint is looked at on every row.
///
/// # Errors
/// When the circuit has no witness or does not fit the rows.
pub fn is_satisfied(
    k: u32,
    circuit: &impl Circuit<Fp>,
    instance: &MarginInstance<Fp>,
) -> Result<bool, Error> {
    let public = vec![instance.to_field_elements().to_vec()];
    // What fails is told with the values of cells: not to be shown.
    Ok(MockProver::run(k, circuit, public)?.verify().is_ok())
}
