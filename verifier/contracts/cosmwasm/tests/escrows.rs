//! Proofs with the escrow that the terms demand, up to what verifies them.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod common;

use common::{Chain, circuit, digest, key};
use cosmwasm_std::Binary;
use zkmargin_cosmwasm::msg::{EscrowedSubmission, ExecuteMsg};
use zkmargin_margin::escrow::{Ciphertext, Point};
use zkmargin_margin::field::MarginField;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_verifier::bn254::VerifyingKey;
use zkmargin_verifier::engine::CommitteeId;

const HEALTHY: &str = "small-healthy.json";

/// What stands for a key of a circuit of escrows: it has one public input more.
fn escrows_key() -> Binary {
    let mut parts = VerifyingKey::from_bytes(&key()).unwrap().parts().clone();
    parts.system.public_inputs += 1;
    Binary::new(VerifyingKey::new(parts).unwrap().to_bytes())
}

fn committee() -> Point<Bn254Fr> {
    Bn254Fr::curve().generator.doubled()
}

fn sealed() -> Ciphertext<Bn254Fr> {
    let elements = (0..10).map(Bn254Fr::from).collect();
    Ciphertext::new(Bn254Fr::curve().generator, elements).unwrap()
}

/// The stored proof with the digest of a ciphertext: it proves nothing of it.
fn submission(chain: &Chain) -> EscrowedSubmission {
    let sealed = sealed();
    let mut inputs = chain.given.public_inputs.concat();
    inputs.extend(sealed.digest(&committee()).to_be_bytes());
    EscrowedSubmission {
        circuit: digest(&escrows_key()),
        public_inputs: Binary::new(inputs),
        proof: Binary::new(chain.given.proof.clone()),
        key: Binary::new(committee().to_bytes().to_vec()),
        nonce_point: Binary::new(sealed.nonce_point().to_bytes().to_vec()),
        elements: Binary::new(sealed.elements().iter().flat_map(|e| e.to_be_bytes()).collect()),
    }
}

fn demanding() -> Chain {
    let named = CommitteeId::of(&committee()).to_string();
    Chain::with(HEALTHY, |msg| {
        msg.terms.escrow = Some(named);
        msg.keys.push(escrows_key());
    })
    .ready()
}

#[test]
fn a_proof_without_the_escrow_that_is_demanded_does_not_count() {
    let mut chain = demanding();
    let bare = ExecuteMsg::SubmitProof(chain.submission());
    assert!(chain.execute("anyone", &bare).unwrap_err().contains("escrow-demanded: "));
    let mut refused = |change: &dyn Fn(&mut EscrowedSubmission), words: &str| {
        let mut submission = submission(&chain);
        change(&mut submission);
        let told = chain.execute("anyone", &ExecuteMsg::SubmitEscrowed(submission)).unwrap_err();
        assert!(told.contains(words), "{words}: {told}");
    };
    // All is as it must be but the proof, which is of nine public inputs.
    refused(&|_| {}, "proof");
    refused(&|s| s.circuit = circuit(), "is of another statement");
    let bent = |binary: &Binary, at: usize| {
        let mut bytes = binary.to_vec();
        bytes[at] ^= 1;
        Binary::new(bytes)
    };
    refused(&|s| s.elements = bent(&s.elements, 319), "shows another digest");
    refused(&|s| s.elements = Binary::new(s.elements[..288].to_vec()), "shows another digest");
    refused(&|s| s.elements = Binary::new(s.elements[..300].to_vec()), "32 bytes each");
    refused(&|s| s.elements = Binary::new(vec![0xff; 320]), "not below the modulus");
    refused(&|s| s.key = bent(&s.key, 63), "not on the curve");
    refused(&|s| s.nonce_point = Binary::new(vec![0; 64]), "not on the curve");
    refused(&|s| s.nonce_point = Binary::new(vec![0; 63]), "not 64 bytes");
    let other = |s: &mut EscrowedSubmission| {
        let key = committee().doubled();
        s.key = Binary::new(key.to_bytes().to_vec());
        let mut inputs = s.public_inputs[..288].to_vec();
        inputs.extend(sealed().digest(&key).to_be_bytes());
        s.public_inputs = Binary::new(inputs);
    };
    refused(&other, "wrong-committee: ");
}

/// A market whose escrows nobody could prove calls nobody.
#[test]
fn the_clock_runs_while_escrows_can_be_proved() {
    let mut chain = demanding();
    assert!(chain.state().provable_now);
    let remove = ExecuteMsg::RemoveCircuit { circuit: digest(&escrows_key()) };
    chain.execute("governor", &remove).unwrap();
    assert!(!chain.state().provable_now, "margin proofs alone");
    let mut plain = Chain::new(HEALTHY).ready();
    let told = plain.execute("anyone", &ExecuteMsg::SubmitEscrowed(submission(&plain)));
    assert!(told.unwrap_err().contains("escrow-not-demanded: "));
}
