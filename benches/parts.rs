//! Criterion benchmarks of the parts, small shape. Compare ratios within one
//! run: absolute times depend on the machine.
#![allow(missing_docs, clippy::unwrap_used)]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use pasta_curves::Fp;
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use zkmargin_benches::{account, market, portfolio, scenario};
use zkmargin_circuits::family::FamilyCircuit;
use zkmargin_circuits::ipa::{IpaParams, ProvingKey, prove};
use zkmargin_circuits::standard::StandardCircuit;
use zkmargin_margin::ids::{AccountId, ContextId, ModelDigest};
use zkmargin_margin::poseidon::{Domain, hash};
use zkmargin_margin::shape::{ProofSystem, Shape};
use zkmargin_margin::standard::Standard;
use zkmargin_margin::statement::margin;
use zkmargin_verifier::ipa::Verifier;
use zkmargin_verifier::proof::{CircuitId, Family, ProofFile};
use zkmargin_verifier::{Action, Engine, Policy, PolicyParams};

/// What is measured.
type Circuit = StandardCircuit<Fp>;

fn native(c: &mut Criterion) {
    let market = market::<Fp>().unwrap();
    let message = [Fp::from(1), Fp::from(2), Fp::from(3), Fp::from(4)];
    c.bench_function("poseidon", |b| b.iter(|| hash(Domain::StateNode, black_box(message))));
    let book = portfolio(&market, 32).unwrap();
    c.bench_function("margin of 32 positions", |b| b.iter(|| market.margin(book.positions())));
    let (instance, witness) = account(&market, 32).unwrap();
    c.bench_function("native check of 32 positions", |b| {
        b.iter(|| margin::check::<Standard<_>>(&instance, &witness).unwrap());
    });
}

fn scenario_family(c: &mut Criterion) {
    let (model, snapshot) = (scenario::model().unwrap(), scenario::snapshot().unwrap());
    let market = scenario::market::<Fp>(&model, &snapshot).unwrap();
    let books = scenario::books(&market, 1_000).unwrap();
    let mut group = c.benchmark_group("scenario");
    group.sample_size(10);
    group.bench_function("table of 1,000 instruments x 40 scenarios, and root", |b| {
        b.iter(|| scenario::market::<Fp>(black_box(&model), &snapshot).unwrap());
    });
    group.bench_function("margin of 1,000 portfolios of 64 positions", |b| {
        b.iter(|| scenario::margins(&market, black_box(&books)).unwrap());
    });
}

fn proofs(c: &mut Criterion) {
    let market = market::<Fp>().unwrap();
    let shape = Shape::Small;
    let (instance, witness) = account(&market, shape.standard_positions()).unwrap();
    let params = IpaParams::new(<Circuit as FamilyCircuit<Fp>>::k(shape));
    let key = ProvingKey::<Circuit>::build(&params, shape).unwrap();
    let mut group = c.benchmark_group("small");
    group.sample_size(10);
    group.bench_function("prove", |b| {
        b.iter(|| prove(&params, &key, &instance, &witness, UnwrapErr(SysRng)).unwrap());
    });
    let proof = prove(&params, &key, &instance, &witness, UnwrapErr(SysRng)).unwrap();
    let circuit = CircuitId::usual(Family::Standard, shape, ProofSystem::Ipa);
    let file = ProofFile::new(circuit, instance, proof).unwrap();
    let verifier = Verifier::new::<Circuit>(params, shape).unwrap();
    group.bench_function("verify", |b| b.iter(|| verifier.verify(&file).unwrap()));
    let files = vec![file; 8];
    group.bench_function("verify batch of 8", |b| b.iter(|| verifier.verify_batch(&files)));
}

/// Transitions of the engine in memory: registrations and overdue calls.
fn engine(c: &mut Criterion) {
    let context = ContextId::derive("bench", 0, [0; 20]);
    let params = PolicyParams::standard(context, ProofSystem::Ipa, ModelDigest::of(b"bench"));
    let policy = Policy::new(params).unwrap();
    let accounts: Vec<AccountId> = (0..10_000_u32)
        .map(|index| {
            let mut bytes = [0; 20];
            bytes[16..].copy_from_slice(&index.to_be_bytes());
            AccountId::new(bytes)
        })
        .collect();
    c.bench_function("engine: 10,000 registrations", |b| {
        b.iter(|| {
            let mut engine = Engine::new(policy.clone(), 0);
            for account in &accounts {
                let _ = black_box(engine.apply(1, &Action::Register { account: *account }));
            }
            engine
        });
    });
}

criterion_group!(benches, native, scenario_family, proofs, engine);
criterion_main!(benches);
