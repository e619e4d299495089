//! Real proofs with the advice of one statement, under the public inputs of
//! another that differs in one row: for every row, every family, and every native
//! verifier; `of` says which rows. The generated verifiers on a chain are tried in `verifier/evm`.

use std::cell::RefCell;
use std::marker::PhantomData;

use halo2_axiom::halo2curves::bn256::Bn256;
use halo2_axiom::plonk as axiom;
use halo2_axiom::poly::commitment::ParamsProver as _;
use halo2_axiom::poly::kzg::commitment::{KZGCommitmentScheme, ParamsKZG};
use halo2_axiom::poly::kzg::multiopen::VerifierSHPLONK;
use halo2_axiom::poly::kzg::strategy::SingleStrategy;
use halo2_axiom::transcript::TranscriptReadBuffer;
use halo2_proofs::circuit::{Layouter, SimpleFloorPlanner, Value};
use halo2_proofs::plonk::{
    Advice, Any, Assigned, Assignment, Circuit, Column, ConstraintSystem, Error, Fixed,
    FloorPlanner, Instance, Selector, create_proof,
};
use halo2_proofs::transcript::{Blake2bWrite, Challenge255};
use pasta_curves::{Fp, vesta};
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use rand08::SeedableRng;
use rand08::rngs::StdRng;
use zkmargin_circuits::family::{FamilyCircuit, family_of};
use zkmargin_circuits::ipa::{self, IpaParams};
use zkmargin_margin::field::MarginField;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::instance::MarginInstance;
use zkmargin_margin::shape::{ProofSystem, Shape};
use zkmargin_margin::statement::transition::NAMES;
use zkmargin_verifier::bn254::export::{Origin, export_any};
use zkmargin_verifier::bn254::{Submission, Verifier};
use zkmargin_verifier::proof::{CircuitId, ProofFile};

use crate::planter::{Planter, Transcript, public, statements};

const SHAPE: Shape = Shape::Small;

/// Both statements have the first rows in common.
fn name(row: Option<usize>) -> &'static str {
    row.map_or("the true statement", |row| NAMES[row])
}

/// By KZG: this crate's verifier and the proving library's.
pub(crate) fn on_chain<C: FamilyCircuit<Bn254Fr>>(
    circuit: &C,
    own: &[Bn254Fr],
    of: fn(usize) -> bool,
) {
    // Insecure: the test knows tau.
    let params = ParamsKZG::<Bn256>::setup(C::k(SHAPE), StdRng::seed_from_u64(3));
    let planter = Planter::<C>::new(&params, SHAPE);
    let (key, family, public_inputs) = (planter.key.get_vk(), family_of::<Bn254Fr, C>(), own.len());
    let layout = C::layout();
    let origin = Origin { family, shape: SHAPE, layout, public_inputs, insecure_srs: true };
    let verifier = Verifier::new(export_any(key, &params, origin).unwrap());
    for (row, rows) in statements(own).into_iter().filter(|(row, _)| row.is_none_or(of)) {
        let Some(proof) = planter.prove(circuit, own, &rows) else {
            assert!(row.is_some(), "the true statement has a proof");
            continue;
        };
        let bytes: Vec<_> = rows.iter().map(MarginField::to_be_bytes).collect();
        let own = verifier.verify_raw(Submission { public_inputs: &bytes, proof: &proof });
        assert_eq!(own.is_ok(), row.is_none(), "{family}: {}", name(row));
        let mut transcript =
            <Transcript<_> as TranscriptReadBuffer<_, _, _>>::init(proof.as_slice());
        let library = axiom::verify_proof::<
            KZGCommitmentScheme<Bn256>,
            VerifierSHPLONK<'_, Bn256>,
            _,
            _,
            SingleStrategy<'_, Bn256>,
        >(
            params.verifier_params(),
            key,
            SingleStrategy::new(params.verifier_params()),
            &[&[&public(&rows)]],
            &mut transcript,
        );
        assert_eq!(library.is_ok(), row.is_none(), "{family}: {}", name(row));
    }
}

/// Transparently: by the verifier of this project, over the proving library's.
pub(crate) fn transparent<C>(circuit: &C, own: &[Fp], of: fn(usize) -> bool)
where
    C: FamilyCircuit<Fp, Instance = MarginInstance<Fp>> + Clone,
{
    let params = IpaParams::new(C::k(SHAPE));
    let key = ipa::ProvingKey::<C>::build(&params, SHAPE).unwrap();
    let verifier = zkmargin_verifier::ipa::Verifier::new::<C>(params.clone(), SHAPE).unwrap();
    let (family, proof_system) = (family_of::<Fp, C>(), ProofSystem::Ipa);
    let id = CircuitId::usual(family, SHAPE, proof_system);
    for (row, rows) in statements(own).into_iter().filter(|(row, _)| row.is_none_or(of)) {
        let bytes: Vec<u8> = rows.iter().flat_map(MarginField::to_be_bytes).collect();
        let instance = MarginInstance::<Fp>::from_bytes(&bytes).unwrap();
        let planted = Planted { circuit: circuit.clone(), field: PhantomData };
        PUBLIC.set(own.to_vec());
        let mut transcript = Blake2bWrite::<_, vesta::Affine, Challenge255<_>>::init(vec![]);
        let public: &[&[&[Fp]]] = &[&[&rows]];
        let rng = UnwrapErr(SysRng);
        let made = create_proof(&params, key.inner(), &[planted], public, rng, &mut transcript);
        assert!(made.is_ok(), "the library checks nothing: {}", name(row));
        let file = ProofFile::new(id, instance, transcript.finalize()).unwrap();
        assert_eq!(verifier.verify(&file).is_ok(), row.is_none(), "{family}: {}", name(row));
    }
}

thread_local! {
    /// What the circuit reads as its public inputs, whatever the proof's are.
    static PUBLIC: RefCell<Vec<Fp>> = const { RefCell::new(Vec::new()) };
}

/// A circuit that reads public inputs of its own.
#[derive(Clone)]
struct Planted<C> {
    circuit: C,
    field: PhantomData<Fp>,
}

impl<C: Circuit<Fp> + Clone> Circuit<Fp> for Planted<C> {
    type Config = C::Config;
    type FloorPlanner = PlantedPlanner;

    fn without_witnesses(&self) -> Self {
        Self { circuit: self.circuit.without_witnesses(), field: PhantomData }
    }

    fn configure(meta: &mut ConstraintSystem<Fp>) -> Self::Config {
        C::configure(meta)
    }

    fn synthesize(&self, config: Self::Config, layouter: impl Layouter<Fp>) -> Result<(), Error> {
        self.circuit.synthesize(config, layouter)
    }
}

struct PlantedPlanner;

impl FloorPlanner for PlantedPlanner {
    fn synthesize<F: ff::Field, CS: Assignment<F>, C: Circuit<F>>(
        cs: &mut CS,
        circuit: &C,
        config: C::Config,
        constants: Vec<Column<Fixed>>,
    ) -> Result<(), Error> {
        SimpleFloorPlanner::synthesize(&mut Reader { cs }, circuit, config, constants)
    }
}

/// Passes everything on but what public inputs are read as.
struct Reader<'a, CS> {
    cs: &'a mut CS,
}

impl<F: ff::Field, CS: Assignment<F>> Assignment<F> for Reader<'_, CS> {
    fn enter_region<NR: Into<String>, N: FnOnce() -> NR>(&mut self, name: N) {
        self.cs.enter_region(name);
    }

    fn exit_region(&mut self) {
        self.cs.exit_region();
    }

    fn enable_selector<A: FnOnce() -> AR, AR: Into<String>>(
        &mut self,
        annotation: A,
        selector: &Selector,
        row: usize,
    ) -> Result<(), Error> {
        self.cs.enable_selector(annotation, selector, row)
    }

    fn query_instance(&self, _: Column<Instance>, row: usize) -> Result<Value<F>, Error> {
        // The floor planner is of any field, the circuit of one.
        let value = PUBLIC.with_borrow(|rows| {
            let value: &dyn std::any::Any = &rows[row];
            value.downcast_ref::<F>().copied()
        });
        value.map(Value::known).ok_or(Error::Synthesis)
    }

    fn assign_advice<V, VR, A, AR>(
        &mut self,
        annotation: A,
        column: Column<Advice>,
        row: usize,
        to: V,
    ) -> Result<(), Error>
    where
        V: FnOnce() -> Value<VR>,
        VR: Into<Assigned<F>>,
        A: FnOnce() -> AR,
        AR: Into<String>,
    {
        self.cs.assign_advice(annotation, column, row, to)
    }

    fn assign_fixed<V, VR, A, AR>(
        &mut self,
        annotation: A,
        column: Column<Fixed>,
        row: usize,
        to: V,
    ) -> Result<(), Error>
    where
        V: FnOnce() -> Value<VR>,
        VR: Into<Assigned<F>>,
        A: FnOnce() -> AR,
        AR: Into<String>,
    {
        self.cs.assign_fixed(annotation, column, row, to)
    }

    fn copy(
        &mut self,
        left: Column<Any>,
        left_row: usize,
        right: Column<Any>,
        right_row: usize,
    ) -> Result<(), Error> {
        self.cs.copy(left, left_row, right, right_row)
    }

    fn fill_from_row(
        &mut self,
        column: Column<Fixed>,
        row: usize,
        to: Value<Assigned<F>>,
    ) -> Result<(), Error> {
        self.cs.fill_from_row(column, row, to)
    }

    fn push_namespace<NR: Into<String>, N: FnOnce() -> NR>(&mut self, name: N) {
        self.cs.push_namespace(name);
    }

    fn pop_namespace(&mut self, name: Option<String>) {
        self.cs.pop_namespace(name);
    }
}
