//! Makes the keys, verifiers and proofs that the tests use, under insecure
//! powers of tau:
//!
//!     cargo run --release -p zkmargin-evm --example regenerate
//!     (cd verifier/contracts && npm run build)
//!
//! Keys and verifiers are the same each time, byte for byte; proofs are not.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a tool for developers")]

#[allow(unused_imports, unused_macros)]
#[path = "../tests/common/mod.rs"]
mod common;
#[path = "../../../circuits/tests/common/mod.rs"]
mod market;

use std::fs;
use std::path::Path;

use common::stories::{self, Proved, Story};
use common::verifier::artifact_name;
use halo2_axiom::poly::kzg::commitment::ParamsKZG;
use market::{Market, PERP, at_least, below, healthy, position};
use rand08::SeedableRng;
use rand08::rngs::StdRng;
use zkmargin_circuits::family::FamilyCircuit;
use zkmargin_circuits::kzg::{KzgParams, ProvingKey, VerifyingKey, prove};
use zkmargin_circuits::standard::StandardCircuit;
use zkmargin_evm::generate;
use zkmargin_margin::claim::{Claim, Level};
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::ids::Epoch;
use zkmargin_margin::portfolio::Position;
use zkmargin_margin::shape::Shape;
use zkmargin_verifier::bn254::export::export;
use zkmargin_verifier::engine::ClaimData;

type Circuit = StandardCircuit<Bn254Fr>;

/// As for `vectors/kzg`.
const SEED: u64 = 7;

fn main() {
    for shape in Shape::ALL {
        let k = <Circuit as FamilyCircuit<Bn254Fr>>::k(shape);
        println!("{shape}: powers of tau, k = {k}");
        let params = ParamsKZG::setup(k, StdRng::seed_from_u64(SEED));
        let key = VerifyingKey::build::<Circuit>(&params, shape).unwrap();
        let key = export(&key, &params, true).unwrap();
        let file = format!("{shape}.vk");
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        fs::write(root.join("vectors/kzg").join(&file), key.to_bytes()).unwrap();
        let name = artifact_name(&file);
        let path = root.join(format!("contracts/generated/{name}.sol"));
        fs::write(path, generate::solidity(&key, &name)).unwrap();
        println!("{shape}: proofs");
        let story = story(&params, shape, file);
        let text = serde_json::to_string_pretty(&story).unwrap() + "\n";
        fs::write(stories::directory().join(format!("{shape}.json")), text).unwrap();
    }
}

fn story(params: &KzgParams, shape: Shape, key: String) -> Story {
    let proving = ProvingKey::<Circuit>::build(params, shape).unwrap();
    let poor = [position(0, PERP, 10, -9_900)];
    let shortfall = Market::<Bn254Fr>::over_field().margin(&poor).shortfall(Level::Maintenance);
    let proved = |epoch, positions: &[Position], claim: Claim, disclosed| {
        let mut market = Market::<Bn254Fr>::over_field();
        market.header.epoch = Epoch::new(epoch);
        let mut case = market.case(positions, claim, disclosed);
        case.instance.context = stories::context();
        case.recommit();
        let proof = prove(params, &proving, &case.instance, &case.witness).unwrap();
        Proved { claim: ClaimData::from(&case.instance), proof: hex::encode(proof) }
    };
    Story {
        key,
        healthy: proved(1, &healthy(), at_least(Level::Maintenance), 0),
        breach: proved(2, &poor, below(Level::Maintenance), shortfall),
        cure: proved(3, &healthy(), at_least(Level::Initial), 0),
    }
}
