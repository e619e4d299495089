//! Makes the verifying keys of every circuit under the insecure powers of tau
//! of `zkmargin srs dev`, their verifiers, and the proofs that the tests use:
//!
//!     cargo run --release -p zkmargin-evm --example regenerate
//!     (cd verifier/contracts && npm run build)
//!
//! Names of circuits (`scenario-medium`) limit it to these. Keys and verifiers
//! are the same each time, byte for byte; proofs are not, and `--keys` leaves
//! them as they are.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a tool for developers")]

#[allow(unused_imports, unused_macros)]
#[path = "../tests/common/mod.rs"]
mod common;
#[path = "../../../circuits/tests/common/mod.rs"]
mod market;

use std::fs;
use std::path::Path;

use common::stories::{
    self, ChangeStory, DeleveragingStory, EscrowStory, Proved, ProvedChange, Story, VenueStory,
};
use common::verifier::artifact_name;
use market::escrow::{EscrowCase, StandardEscrow};
use market::transition::StandardTransition;
use market::{Case, Market, PERP, at_least, below, deleveraging, position, scenario, simulation};
use zkmargin_circuits::family::{FamilyCircuit, Witness};
use zkmargin_circuits::gadgets::layout::Wide;
use zkmargin_circuits::kzg::{KzgParams, ProvingKey, VerifyingKey, prove};
use zkmargin_circuits::scenario::ScenarioCircuit;
use zkmargin_circuits::simulation::SimulationCircuit;
use zkmargin_circuits::standard::{StandardCircuit, StandardFigures};
use zkmargin_circuits::statement::escrow::EscrowCircuit;
use zkmargin_circuits::statement::transition::{DeleveragingCircuit, TransitionCircuit};
use zkmargin_circuits::statement::venue::VenueCircuit;
use zkmargin_evm::generate;
use zkmargin_margin::claim::{Claim, Level};
use zkmargin_margin::field::MarginField;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::ids::{Epoch, Memo};
use zkmargin_margin::instance::MarginInstance;
use zkmargin_margin::market::{STATE_DEPTH, state_leaf};
use zkmargin_margin::merkle::{Path as Membership, Tree};
use zkmargin_margin::portfolio::{Blinding, Position, Reserved, commit};
use zkmargin_margin::poseidon::Domain;
use zkmargin_margin::shape::Shape;
use zkmargin_margin::standard::Standard;
use zkmargin_margin::statement::escrow;
use zkmargin_margin::statement::transition::{
    self, Aim, Change, TransitionInstance, TransitionWitness,
};
use zkmargin_margin::statement::venue::{self, VenueInstance, VenueLeaf, VenueWitness};
use zkmargin_params::srs::{self, DevSrs};
use zkmargin_verifier::bn254 as exported;
use zkmargin_verifier::bn254::export::{Origin, export, export_any};
use zkmargin_verifier::engine::{ChangeData, ClaimData, CommitteeId, EscrowedData, Root};
use zkmargin_verifier::proof::TransitionData;

/// What `zkmargin srs dev` takes when no other seed is given.
const SEED: u64 = 0;

type Statement<C> = (MarginInstance<Bn254Fr>, Witness<Bn254Fr, C>);

fn main() {
    for shape in Shape::ALL {
        regenerate::<StandardCircuit<Bn254Fr>>(&format!("standard-{shape}"), shape, standard);
        regenerate::<ScenarioCircuit<Bn254Fr>>(&format!("scenario-{shape}"), shape, scenarios);
    }
    // Of joint scenarios, one as well.
    regenerate::<SimulationCircuit<Bn254Fr>>("simulation-small", Shape::Small, simulations);
    // Of the layout for chains with cheap gas, one: the others differ in rows alone.
    let shape = Shape::Small;
    regenerate::<StandardCircuit<Bn254Fr, Wide>>(stories::WIDE, shape, standard);
    changes();
    deleveragings();
    escrows();
    venues();
}

/// What stands for keys alone.
const KEYS: &str = "--keys";

fn asked(circuit: &str) -> bool {
    let names: Vec<String> = std::env::args().skip(1).filter(|word| word != KEYS).collect();
    names.is_empty() || names.iter().any(|name| name == circuit)
}

fn regenerate<C>(circuit: &str, shape: Shape, story: fn() -> [Statement<C>; 3])
where
    C: FamilyCircuit<Bn254Fr, Instance = MarginInstance<Bn254Fr>> + 'static,
{
    if !asked(circuit) {
        return;
    }
    let k = <C as FamilyCircuit<Bn254Fr>>::k(shape);
    println!("{circuit}: key, k = {k}");
    let srs = srs::dev(k, SEED).unwrap();
    let params = srs.params(DevSrs::AllowInsecure).unwrap();
    let key = VerifyingKey::build::<C>(params, shape).unwrap();
    let key = export(&key, params, true).unwrap();
    let file = format!("{circuit}.vk");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    fs::write(root.join("vectors/kzg").join(&file), key.to_bytes()).unwrap();
    let name = artifact_name(&file);
    let path = root.join(format!("contracts/generated/{name}.sol"));
    fs::write(path, generate::solidity(&key, &name)).unwrap();
    if std::env::args().any(|word| word == KEYS) {
        return;
    }
    println!("{circuit}: proofs");
    let [healthy, breach, cure] = proofs::<C, 3>(params, shape, story());
    let story = Story { key: file, healthy, breach, cure };
    let text = serde_json::to_string_pretty(&story).unwrap() + "\n";
    fs::write(stories::directory().join(format!("{circuit}.json")), text).unwrap();
}

fn proofs<C, const N: usize>(
    params: &KzgParams,
    shape: Shape,
    story: [Statement<C>; N],
) -> [Proved; N]
where
    C: FamilyCircuit<Bn254Fr, Instance = MarginInstance<Bn254Fr>> + 'static,
{
    let key = ProvingKey::<C>::build(params, shape).unwrap();
    story.map(|(instance, witness)| {
        let proof = prove(params, &key, &instance, &witness).unwrap();
        Proved { claim: ClaimData::from(&instance), proof: hex::encode(proof) }
    })
}

/// Writes the key of a circuit of another statement than margin, and its verifier; whether
/// proofs are asked for as well.
fn write_key<C: FamilyCircuit<Bn254Fr> + 'static>(
    circuit: &str,
    params: &KzgParams,
    (shape, public_inputs): (Shape, usize),
    to: &Path,
    source: impl FnOnce(&exported::VerifyingKey, &str) -> String,
) -> bool {
    println!("{circuit}: key, k = {}", C::k(shape));
    let key = VerifyingKey::build::<C>(params, shape).unwrap();
    let (family, layout) = (key.family(), key.columns());
    let origin = Origin { family, shape, layout, public_inputs, insecure_srs: true };
    let key = export_any(key.inner(), params, origin).unwrap();
    fs::write(to, key.to_bytes()).unwrap();
    let name = artifact_name(circuit);
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let path = root.join(format!("contracts/generated/{name}.sol"));
    fs::write(path, source(&key, &name)).unwrap();
    let proofs = !std::env::args().any(|word| word == KEYS);
    if proofs {
        println!("{circuit}: proofs");
    }
    proofs
}

/// The circuit of margin proofs with an escrow, of one shape as well.
fn escrows() {
    type Of = EscrowCircuit<Bn254Fr, StandardFigures<Bn254Fr>>;
    let (circuit, shape) = (stories::ESCROWS, Shape::Small);
    if !asked(circuit) {
        return;
    }
    let srs = srs::dev(<Of as FamilyCircuit<Bn254Fr>>::k(shape), SEED).unwrap();
    let params = srs.params(DevSrs::AllowInsecure).unwrap();
    if !write_key::<Of>(
        circuit,
        params,
        (shape, escrow::LEN),
        &stories::escrow_key(),
        generate::solidity,
    ) {
        return;
    }
    let StandardEscrow { instance, witness, .. } = sealed();
    let key = ProvingKey::<Of>::build(params, shape).unwrap();
    let proof = prove(params, &key, &instance, &witness).unwrap();
    let (claim, digest) = (ClaimData::from(&instance.account), Root::from_field(&instance.escrow));
    let story = EscrowStory {
        escrowed: EscrowedData::new(claim, digest, CommitteeId::of(&witness.key)),
        proof: hex::encode(proof),
        key: hex::encode(witness.key.to_bytes()),
        nonce_point: hex::encode(witness.ciphertext.nonce_point().to_bytes()),
        elements: witness
            .ciphertext
            .elements()
            .iter()
            .map(|e| hex::encode(e.to_be_bytes()))
            .collect(),
    };
    let text = serde_json::to_string_pretty(&story).unwrap() + "\n";
    fs::write(stories::directory().join(format!("{circuit}.json")), text).unwrap();
}

/// The circuit of venues' proofs over four accounts, of one shape as well.
fn venues() {
    type Of = VenueCircuit<Bn254Fr, StandardFigures<Bn254Fr>, 1>;
    let (circuit, shape) = (stories::VENUES, Shape::Small);
    if !asked(circuit) {
        return;
    }
    let srs = srs::dev(<Of as FamilyCircuit<Bn254Fr>>::k(shape), SEED).unwrap();
    let params = srs.params(DevSrs::AllowInsecure).unwrap();
    let source =
        |key: &exported::VerifyingKey, name: &str| generate::venue_solidity(key, Of::DEPTH, name);
    if !write_key::<Of>(circuit, params, (shape, venue::LEN), &stories::venue_key(), source) {
        return;
    }
    let (instance, witness) = subtree();
    let key = ProvingKey::<Of>::build(params, shape).unwrap();
    let proof = prove(params, &key, &instance, &witness).unwrap();
    let story = VenueStory {
        instance: hex::encode(instance.to_bytes()),
        flagged: witness.flagged().collect(),
        index: stories::SUBTREE,
        proof: hex::encode(proof),
    };
    let text = serde_json::to_string_pretty(&story).unwrap() + "\n";
    fs::write(stories::directory().join(format!("{circuit}.json")), text).unwrap();
}

/// In epoch 1: one below maintenance, an empty leaf, one healthy, one below.
fn subtree() -> (VenueInstance<Bn254Fr>, VenueWitness<Standard<Bn254Fr>>) {
    let mut market = Market::<Bn254Fr>::over_field();
    market.header.epoch = Epoch::new(1);
    let claim = at_least(Level::Maintenance);
    let below = [position(0, PERP, 10, -9_900)];
    let of = |held: &[Position]| market.case(held, claim, 0).witness;
    let leaf = |owner: u8, held: &[Position], flagged| {
        let account = stories::venue_account(owner);
        Some(VenueLeaf { account, flagged, witness: of(held) })
    };
    let leaves = vec![
        leaf(0, &below, true),
        None,
        leaf(1, &market::healthy(), false),
        leaf(2, &below, true),
    ];
    let witness = VenueWitness { empty: of(&[]), leaves };
    let instance = VenueInstance::new(stories::context(), claim, Memo::NONE, &witness).unwrap();
    venue::check(&instance, &witness).unwrap();
    (instance, witness)
}

/// The healthy account of epoch 1, whose committee's secret is in the tests.
fn sealed() -> StandardEscrow<Bn254Fr> {
    let held = market::healthy();
    let mut market = Market::<Bn254Fr>::over_field();
    market.header.epoch = Epoch::new(1);
    let Case { mut instance, mut witness, .. } = market.case(&held, at_least(Level::Initial), 0);
    instance.account = stories::changing_account();
    witness.account_path = attest(&mut instance, &held, &witness.blinding);
    let case = EscrowCase::new(instance, witness);
    case.check().unwrap();
    case
}

/// The circuit of changes: of one shape of one family, as the others differ in rows
/// alone.
fn changes() {
    type Of = TransitionCircuit<Bn254Fr, StandardFigures<Bn254Fr>>;
    let (circuit, shape) = (stories::CHANGES, Shape::Small);
    if !asked(circuit) {
        return;
    }
    let srs = srs::dev(<Of as FamilyCircuit<Bn254Fr>>::k(shape), SEED).unwrap();
    let params = srs.params(DevSrs::AllowInsecure).unwrap();
    if !write_key::<Of>(
        circuit,
        params,
        (shape, transition::LEN),
        &stories::change_key(),
        generate::solidity,
    ) {
        return;
    }
    let key = ProvingKey::<Of>::build(params, shape).unwrap();
    let [change, shown] = trade().map(|case| proved_change(params, &key, case));
    let text = serde_json::to_string_pretty(&ChangeStory { change, shown }).unwrap() + "\n";
    fs::write(stories::directory().join(format!("{circuit}.json")), text).unwrap();
}

type OfChange<F> = (TransitionInstance<F>, TransitionWitness<Standard<F>>);

/// Proves a change by the circuit of its aim.
fn proved_change<C>(
    params: &KzgParams,
    key: &ProvingKey<C>,
    case: StandardTransition<Bn254Fr>,
) -> ProvedChange
where
    C: FamilyCircuit<
            Bn254Fr,
            Instance = TransitionInstance<Bn254Fr>,
            Witness = TransitionWitness<Standard<Bn254Fr>>,
        > + 'static,
{
    let (instance, witness): OfChange<Bn254Fr> = (case.instance, case.witness);
    let proof = prove(params, key, &instance, &witness).unwrap();
    let change = ChangeData::try_from(&TransitionData::from(&instance)).unwrap();
    ProvedChange { change, proof: hex::encode(proof) }
}

/// The circuit of deleveragings, of one shape as well, and what a called account does by it:
/// in breach in epoch 1, where it says which lots it closes; by epoch 2 it did.
fn deleveragings() {
    type Of = DeleveragingCircuit<Bn254Fr, StandardFigures<Bn254Fr>>;
    type Shows = TransitionCircuit<Bn254Fr, StandardFigures<Bn254Fr>>;
    let (circuit, shape) = (stories::DELEVERAGINGS, Shape::Small);
    if !asked(circuit) {
        return;
    }
    let srs = srs::dev(<Of as FamilyCircuit<Bn254Fr>>::k(shape), SEED).unwrap();
    let params = srs.params(DevSrs::AllowInsecure).unwrap();
    if !write_key::<Of>(
        circuit,
        params,
        (shape, transition::LEN),
        &stories::deleveraging_key(),
        generate::solidity,
    ) {
        return;
    }
    let [poor, left] = [deleveraging::poor(), deleveraging::bought(600)];
    let [cures, shows] = closing(&poor, &left);
    let key = ProvingKey::<Of>::build(params, shape).unwrap();
    let change = proved_change(params, &key, cures);
    let of_margin = srs::dev(<StandardCircuit<Bn254Fr> as FamilyCircuit<Bn254Fr>>::k(shape), SEED);
    let [breach] = proofs::<StandardCircuit<Bn254Fr>, 1>(
        of_margin.unwrap().params(DevSrs::AllowInsecure).unwrap(),
        shape,
        [short(&poor)],
    );
    let of_changes = srs::dev(<Shows as FamilyCircuit<Bn254Fr>>::k(shape), SEED).unwrap();
    let params = of_changes.params(DevSrs::AllowInsecure).unwrap();
    let key = ProvingKey::<Shows>::build(params, shape).unwrap();
    let shown = proved_change(params, &key, shows);
    let story = DeleveragingStory { breach, change, shown };
    let text = serde_json::to_string_pretty(&story).unwrap() + "\n";
    fs::write(stories::directory().join(format!("{circuit}.json")), text).unwrap();
}

/// The breach of the changer's account in epoch 1, its shortfall disclosed, for a keeper.
fn short(poor: &[Position]) -> Statement<StandardCircuit<Bn254Fr>> {
    let mut market = Market::<Bn254Fr>::over_field();
    market.header.epoch = Epoch::new(1);
    let shortfall = market.margin(poor).shortfall(Level::Maintenance);
    let Case { mut instance, mut witness, .. } =
        market.case(poor, below(Level::Maintenance), shortfall);
    instance.account = stories::changing_account();
    instance.memo = stories::keeper();
    witness.account_path = attest(&mut instance, poor, &witness.blinding);
    (instance, witness)
}

/// What cures the account, in epoch 1, and that epoch 2 holds it.
fn closing(before: &[Position], after: &[Position]) -> [StandardTransition<Bn254Fr>; 2] {
    let mut cures = deleveraging::cured_to_initial::<Bn254Fr>().0;
    let aim = cures.instance.aim();
    let mut market = Market::<Bn254Fr>::over_field();
    market.header.epoch = Epoch::new(1);
    let claim = at_least(Level::Initial);
    let Case { mut instance, mut witness, .. } = market.case(before, claim, 0);
    instance.account = stories::changing_account();
    witness.account_path = attest(&mut instance, before, &witness.blinding);
    cures.witness.before = witness;
    let (next, change) = (cures.witness.next(), cures.witness.change.digest());
    cures.instance = TransitionInstance::new(instance, aim, next, change).unwrap();
    cures.check().unwrap();
    let blindings = [cures.witness.blinding.clone(), cures.witness.blinding.clone()];
    [cures, changing(2, (after, after), blindings, [0; 31])]
}

/// From epoch 1 one position is closed and another grows; by epoch 2 that happened.
fn trade() -> [StandardTransition<Bn254Fr>; 2] {
    let StandardTransition { witness, .. } = market::transition::standard_close::<Bn254Fr>();
    let before: Vec<Position> =
        witness.before.slots.iter().map(|slot| slot.position.clone()).collect();
    let after: Vec<Position> = witness.kept().map(|slot| slot.position.clone()).collect();
    let blinding = |byte| Blinding::new([byte; 31]);
    [
        changing(1, (&before, &after), [blinding(0x5a), blinding(0x6b)], [0x7c; 31]),
        changing(2, (&after, &after), [blinding(0x6b), blinding(0x6b)], [0; 31]),
    ]
}

/// The changer's change in an epoch, after which it meets initial margin.
fn changing(
    epoch: u64,
    (held, after): (&[Position], &[Position]),
    [blinding, next]: [Blinding; 2],
    salt: [u8; 31],
) -> StandardTransition<Bn254Fr> {
    let aim = Aim::Meets(Level::Initial);
    let mut market = Market::<Bn254Fr>::over_field();
    market.header.epoch = Epoch::new(epoch);
    let Case { mut instance, mut witness, .. } = market.case(held, at_least(Level::Initial), 0);
    instance.account = stories::changing_account();
    witness.commitment = commit(held, &Reserved::NONE, &blinding);
    witness.account_path = attest(&mut instance, held, &blinding);
    witness.blinding = blinding;
    let slot = |position: &Position| market.slot(position);
    let mut case = StandardTransition::new((instance, witness), after, aim, slot);
    case.witness.blinding = next;
    case.witness.change =
        Change::new(case.witness.change.entries().to_vec(), Blinding::new(salt)).unwrap();
    let (next, change) = (case.witness.next(), case.witness.change.digest());
    case.instance = TransitionInstance::new(*case.instance.account(), aim, next, change).unwrap();
    case.check().unwrap();
    case
}

/// Epochs 1 to 3: healthy, in breach with the shortfall disclosed, and cured.
fn standard() -> [Statement<StandardCircuit<Bn254Fr>>; 3] {
    let poor = [position(0, PERP, 10, -9_900)];
    let shortfall = Market::<Bn254Fr>::over_field().margin(&poor).shortfall(Level::Maintenance);
    let healthy = market::healthy();
    let proved = |epoch, positions: &[Position], claim: Claim, disclosed| {
        let mut market = Market::<Bn254Fr>::over_field();
        market.header.epoch = Epoch::new(epoch);
        let Case { mut instance, mut witness, .. } = market.case(positions, claim, disclosed);
        witness.account_path = attest(&mut instance, positions, &witness.blinding);
        (instance, witness)
    };
    [
        proved(1, &healthy, at_least(Level::Maintenance), 0),
        proved(2, &poor, below(Level::Maintenance), shortfall),
        proved(3, &healthy, at_least(Level::Initial), 0),
    ]
}

/// The same of options.
fn scenarios() -> [Statement<ScenarioCircuit<Bn254Fr>>; 3] {
    let market = scenario::ScenarioMarket::<Bn254Fr>::over_field();
    let (poor, healthy) = (scenario::poor(), scenario::healthy());
    let shortfall = market.margin(&poor).shortfall(Level::Maintenance);
    let proved = |epoch, positions: &[Position], claim: Claim, disclosed| {
        let mut market = market.clone();
        market.header.epoch = Epoch::new(epoch);
        let case = market.case(positions, claim, disclosed);
        let (mut instance, mut witness) = (case.instance, case.witness);
        let account = &mut witness.account;
        account.account_path = attest(&mut instance, positions, &account.blinding);
        (instance, witness)
    };
    [
        proved(1, &healthy, at_least(Level::Maintenance), 0),
        proved(2, &poor, below(Level::Maintenance), shortfall),
        proved(3, &healthy, at_least(Level::Initial), 0),
    ]
}

/// The same under joint scenarios.
fn simulations() -> [Statement<SimulationCircuit<Bn254Fr>>; 3] {
    let (rows, terms) =
        (simulation::whole_rows(Shape::Small), simulation::whole_terms(Shape::Small));
    let market = simulation::SimulationMarket::<Bn254Fr>::of(rows, terms);
    let (poor, healthy) = (simulation::whole_poor(), simulation::whole_book());
    let shortfall = market.margin(&poor).shortfall(Level::Maintenance);
    let proved = |epoch, positions: &[Position], claim: Claim, disclosed| {
        let mut market = market.clone();
        market.header.epoch = Epoch::new(epoch);
        let case = market.case(positions, claim, disclosed);
        let (mut instance, mut witness) = (case.instance, case.witness);
        let account = &mut witness.account;
        account.account_path = attest(&mut instance, positions, &account.blinding);
        (instance, witness)
    };
    [
        proved(1, &healthy, at_least(Level::Maintenance), 0),
        proved(2, &poor, below(Level::Maintenance), shortfall),
        proved(3, &healthy, at_least(Level::Initial), 0),
    ]
}

/// Puts an account into the state of the tests' registry.
fn attest(
    instance: &mut MarginInstance<Bn254Fr>,
    positions: &[Position],
    blinding: &Blinding,
) -> Membership<Bn254Fr> {
    instance.context = stories::context();
    let commitment = commit(positions, &Reserved::NONE, blinding);
    let leaf = state_leaf(instance.account, commitment, instance.context);
    let state = Tree::build(Domain::StateNode, STATE_DEPTH, vec![leaf]).unwrap();
    instance.state_root = state.root();
    state.path(0).unwrap()
}
