//! Other circuits than margin's: the verifier takes any constraint system of
//! the proving library with one instance column. Both verifiers agree on them.

use halo2_axiom::circuit::{Layouter, SimpleFloorPlanner, Value};
use halo2_axiom::halo2curves::bn256::{Bn256, Fr, G1Affine};
use halo2_axiom::halo2curves::ff::{Field, PrimeField};
use halo2_axiom::plonk::{
    Advice, Circuit, Column, ConstraintSystem, Error, Expression, FirstPhase, Fixed, Instance,
    ProvingKey, Selector, create_proof, keygen_pk, keygen_vk, verify_proof,
};
use halo2_axiom::poly::Rotation;
use halo2_axiom::poly::commitment::ParamsProver as _;
use halo2_axiom::poly::kzg::commitment::{KZGCommitmentScheme, ParamsKZG};
use halo2_axiom::poly::kzg::multiopen::{ProverSHPLONK, VerifierSHPLONK};
use halo2_axiom::poly::kzg::strategy::SingleStrategy;
use halo2_axiom::transcript::{TranscriptReadBuffer, TranscriptWriterBuffer};
use rand08::rngs::StdRng;
use rand08::{RngCore, SeedableRng};
use snark_verifier::loader::native::NativeLoader;
use snark_verifier::system::halo2::transcript::evm::EvmTranscript;
use zkmargin_margin::layout::ColumnLayout;
use zkmargin_margin::shape::{Family, Shape};
use zkmargin_verifier::bn254::export::{ExportError, Origin, export_any};
use zkmargin_verifier::bn254::{ProofError, Submission, Verifier};

const K: u32 = 6;

/// What a toy circuit is made of.
#[derive(Clone, Copy, Debug, Default)]
struct Toy {
    /// Lookup arguments of two columns each.
    lookups: usize,
    /// Columns under the permutation argument, besides the instance.
    equal: usize,
    /// The power that a gate computes.
    power: usize,
    /// A gate that reads rows before and after.
    rotations: bool,
    /// A fixed column of zeros.
    zeros: bool,
    /// An advice column that nothing constrains, of zeros.
    idle: bool,
    /// Instance columns.
    instances: usize,
    /// A gate under a selector: a fixed column in the key.
    selector: bool,
    /// A challenge, which nothing uses.
    challenge: bool,
}

#[derive(Clone, Debug)]
struct Config {
    advice: Vec<Column<Advice>>,
    fixed: Vec<Column<Fixed>>,
    instance: Vec<Column<Instance>>,
    selector: Option<Selector>,
}

impl Circuit<Fr> for Toy {
    type Config = Config;
    type FloorPlanner = SimpleFloorPlanner;
    type Params = Self;

    fn params(&self) -> Self {
        *self
    }

    fn without_witnesses(&self) -> Self {
        *self
    }

    fn configure(_: &mut ConstraintSystem<Fr>) -> Config {
        unreachable!("configured with parameters")
    }

    fn configure_with_params(meta: &mut ConstraintSystem<Fr>, toy: Self) -> Config {
        // Otherwise clamped to an environment variable. No more than is needed:
        // a piece of the quotient that is zero is the identity.
        meta.set_minimum_degree((toy.power + 1).max(if toy.lookups > 0 { 4 } else { 3 }));
        let advice: Vec<_> =
            (0..3 + toy.equal + usize::from(toy.idle)).map(|_| meta.advice_column()).collect();
        let fixed: Vec<_> = (0..3).map(|_| meta.fixed_column()).collect();
        let instance: Vec<_> = (0..toy.instances).map(|_| meta.instance_column()).collect();
        meta.create_gate("power", |cells| {
            let on = cells.query_fixed(fixed[0], Rotation::cur());
            let base = cells.query_advice(advice[0], Rotation::cur());
            let power = cells.query_advice(advice[1], Rotation::cur());
            let product = (1..toy.power).fold(base.clone(), |product, _| product * base.clone());
            let mut gates = vec![on.clone() * (product - power) * Fr::from(3)];
            if toy.rotations {
                // Counts up by two over two rows, in the third column.
                let before = cells.query_advice(advice[2], Rotation(-2));
                let here = cells.query_advice(advice[2], Rotation::cur());
                let on_then = cells.query_fixed(fixed[0], Rotation(-2));
                let difference = here - before - Expression::Constant(Fr::from(2));
                gates.push(on * on_then * difference);
            }
            if toy.zeros {
                let zero = cells.query_fixed(fixed[2], Rotation::next());
                gates.push(zero * cells.query_advice(advice[0], Rotation::next()));
            }
            gates
        });
        for _ in 0..toy.lookups {
            meta.lookup_any("range", |cells| {
                let value = cells.query_advice(advice[2], Rotation::cur());
                let twice = value.clone() * Fr::from(2);
                let table = cells.query_fixed(fixed[1], Rotation::cur());
                let double = table.clone() + table.clone();
                vec![(value, table), (twice, double)]
            });
        }
        for column in advice.iter().skip(3).take(toy.equal) {
            meta.enable_equality(*column);
        }
        let selector = toy.selector.then(|| meta.selector());
        if let Some(selector) = selector {
            meta.create_gate("selected", |cells| {
                let base = cells.query_advice(advice[0], Rotation::cur());
                let number = cells.query_advice(advice[2], Rotation::cur());
                vec![
                    cells.query_selector(selector)
                        * (base - number - Expression::Constant(Fr::ONE)),
                ]
            });
        }
        if toy.challenge {
            let _ = meta.challenge_usable_after(FirstPhase);
        }
        if toy.equal > 0 {
            meta.enable_equality(instance[0]);
            meta.enable_equality(fixed[1]);
        }
        Config { advice, fixed, instance, selector }
    }

    fn synthesize(&self, config: Config, mut layouter: impl Layouter<Fr>) -> Result<(), Error> {
        layouter.assign_region(
            || "toy",
            |mut region| {
                let usable = (1usize << K) - 10;
                for row in 0..usable {
                    let number = Fr::from(row as u64);
                    let on = Fr::from(u64::from(row < 20));
                    region.assign_fixed(config.fixed[0], row, on);
                    region.assign_fixed(config.fixed[1], row, number);
                    region.assign_fixed(config.fixed[2], row, Fr::ZERO);
                    let base = number + Fr::ONE;
                    let power = base.pow_vartime([self.power as u64]);
                    region.assign_advice(config.advice[0], row, Value::known(base));
                    region.assign_advice(config.advice[1], row, Value::known(power));
                    region.assign_advice(config.advice[2], row, Value::known(number));
                    if let Some(selector) = config.selector {
                        selector.enable(&mut region, row)?;
                    }
                }
                for column in 0..self.equal {
                    let value = Value::known(public_inputs()[column % 2]);
                    let cell = region.assign_advice(config.advice[3 + column], column, value);
                    if column > 1 {
                        let before = halo2_axiom::circuit::Cell {
                            row_offset: column - 2,
                            column: config.advice[3 + column - 2].into(),
                        };
                        region.constrain_equal(before, cell.cell());
                    } else {
                        let public = halo2_axiom::circuit::Cell {
                            row_offset: column,
                            column: config.instance[0].into(),
                        };
                        region.constrain_equal(public, cell.cell());
                    }
                }
                Ok(())
            },
        )
    }
}

fn public_inputs() -> [Fr; 2] {
    [Fr::from(17), -Fr::from(1)]
}

type Transcript<S> = EvmTranscript<G1Affine, NativeLoader, S, Vec<u8>>;

struct Made {
    params: ParamsKZG<Bn256>,
    key: ProvingKey<G1Affine>,
    proof: Vec<u8>,
}

fn make(toy: Toy, mut rng: impl RngCore + Send + Sync) -> Made {
    let params = ParamsKZG::<Bn256>::setup(K, StdRng::seed_from_u64(5));
    let key = keygen_pk(&params, keygen_vk(&params, &toy).unwrap(), &toy).unwrap();
    let mut transcript = <Transcript<_> as TranscriptWriterBuffer<_, _, _>>::init(Vec::new());
    create_proof::<KZGCommitmentScheme<Bn256>, ProverSHPLONK<'_, Bn256>, _, _, _, _>(
        &params,
        &key,
        &[toy],
        &[&[&public_inputs()]],
        &mut rng,
        &mut transcript,
    )
    .unwrap();
    Made { params, key, proof: transcript.finalize() }
}

/// What the proving library says.
fn reference(made: &Made, rows: &[Fr], proof: &[u8]) -> bool {
    let mut transcript = <Transcript<_> as TranscriptReadBuffer<_, _, _>>::init(proof);
    let params = made.params.verifier_params();
    verify_proof::<
        KZGCommitmentScheme<Bn256>,
        VerifierSHPLONK<'_, Bn256>,
        _,
        _,
        SingleStrategy<'_, Bn256>,
    >(params, made.key.get_vk(), SingleStrategy::new(params), &[&[rows]], &mut transcript)
    .is_ok()
}

fn origin() -> Origin {
    Origin {
        family: Family::Standard,
        shape: Shape::Small,
        layout: ColumnLayout::Tall,
        public_inputs: public_inputs().len(),
        insecure_srs: true,
    }
}

fn verifier(made: &Made) -> Verifier {
    Verifier::new(export_any(made.key.get_vk(), &made.params, origin()).unwrap())
}

fn bytes(rows: &[Fr]) -> Vec<[u8; 32]> {
    let row = |row: &Fr| {
        let mut bytes = row.to_repr();
        bytes.reverse();
        bytes
    };
    rows.iter().map(row).collect()
}

#[test]
fn agrees_on_circuits_of_all_kinds() {
    let plain = Toy { power: 2, instances: 1, ..Toy::default() };
    let toys = [
        plain,
        Toy { equal: 1, ..plain },
        // Eight columns in chunks of one, and of three.
        Toy { equal: 6, ..plain },
        Toy { equal: 6, power: 4, ..plain },
        Toy { lookups: 1, ..plain },
        Toy { lookups: 3, equal: 2, power: 5, ..plain },
        Toy { rotations: true, zeros: true, power: 8, ..plain },
        Toy { selector: true, power: 3, ..plain },
        Toy { lookups: 2, equal: 5, power: 3, rotations: true, zeros: true, ..plain },
    ];
    for (index, toy) in toys.into_iter().enumerate() {
        let made = make(toy, StdRng::seed_from_u64(index as u64));
        let verifier = verifier(&made);
        assert_eq!(verifier.proof_size(), made.proof.len(), "{toy:?}");
        let rows = public_inputs();
        assert!(reference(&made, &rows, &made.proof), "{toy:?}");
        let public_inputs = bytes(&rows);
        let submission = Submission { public_inputs: &public_inputs, proof: &made.proof };
        assert_eq!(verifier.verify_raw(submission), Ok(()), "{toy:?}");
        // Bits of every element, and public inputs that nothing constrains too:
        // the transcript has heard them.
        for at in (31..made.proof.len()).step_by(32) {
            let mut bent = made.proof.clone();
            bent[at] ^= 1;
            assert!(!reference(&made, &rows, &bent));
            let submission = Submission { public_inputs: &public_inputs, proof: &bent };
            assert!(verifier.verify_raw(submission).is_err(), "{toy:?} at {at}");
        }
        let mut others = rows;
        others[1] += Fr::ONE;
        assert!(!reference(&made, &others, &made.proof));
        let submission = Submission { public_inputs: &bytes(&others), proof: &made.proof };
        assert_eq!(verifier.verify_raw(submission), Err(ProofError::Invalid));
    }
}

/// Randomness of nothing but zeros: columns are not blinded.
struct NoRandomness;

impl RngCore for NoRandomness {
    fn next_u32(&mut self) -> u32 {
        0
    }
    fn next_u64(&mut self) -> u64 {
        0
    }
    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        bytes.fill(0);
    }
    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), rand08::Error> {
        bytes.fill(0);
        Ok(())
    }
}

/// The identity as a commitment: of a column of zeros that is not blinded. The
/// proof is true and the proving library takes it; contracts refuse zeros by a
/// check of their own. So everybody does: a prover who does
/// not blind has no proof.
#[test]
fn the_identity_is_no_commitment() {
    let toy = Toy { power: 2, instances: 1, idle: true, ..Toy::default() };
    let made = make(toy, NoRandomness);
    let offset = 3 * 64;
    assert_eq!(made.proof[offset..offset + 64], [0; 64]);
    assert!(reference(&made, &public_inputs(), &made.proof));
    let public_inputs = bytes(&public_inputs());
    let submission = Submission { public_inputs: &public_inputs, proof: &made.proof };
    assert_eq!(verifier(&made).verify_raw(submission), Err(ProofError::Point { offset }));
}

#[test]
fn refuses_to_export_what_it_does_not_know() {
    let plain = Toy { power: 2, instances: 1, ..Toy::default() };
    let made = make(plain, StdRng::seed_from_u64(1));
    let columns = "more than one instance column, or none";
    for (toy, what) in [
        (Toy { instances: 0, ..plain }, columns),
        (Toy { instances: 2, ..plain }, columns),
        (Toy { challenge: true, ..plain }, "challenges"),
    ] {
        let key = keygen_vk(&made.params, &toy).unwrap();
        let error = export_any(&key, &made.params, origin()).unwrap_err();
        assert_eq!(error, ExportError::Unsupported(what), "{toy:?}");
    }
    let many = Origin { public_inputs: 1 << 12, ..origin() };
    let error = export_any(made.key.get_vk(), &made.params, many).unwrap_err();
    assert!(matches!(error, ExportError::Key(_)));
}
