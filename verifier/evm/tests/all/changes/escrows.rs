//! A real proof with an escrow through the contracts.

use std::fs;
use std::path::Path;

use revm::primitives::{B256, U256};
use zkmargin_evm::contracts::{MarginEscrows as escrows, MarginProofGate as gate};
use zkmargin_evm::{engine as convert, generate};
use zkmargin_margin::escrow::{Ciphertext, Point};
use zkmargin_margin::field::MarginField;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::ids::{AccountId, Epoch, Timestamp};
use zkmargin_margin::shape::ProofSystem;
use zkmargin_verifier::bn254::VerifyingKey;
use zkmargin_verifier::engine::{Action, CommitteeId, EpochPost, Event, PolicyParams, Refusal};
use zkmargin_verifier::epoch::EpochDigest;

use super::START;
use crate::common::registry::{ANYONE, DEPLOYER, Registry};
use crate::common::stories::{self, CHANGER, ESCROWS, EscrowStory};
use crate::common::verifier::{artifact_name, code};
use crate::common::{Chain, Failure, Receipt};

fn key() -> VerifyingKey {
    VerifyingKey::from_bytes(&fs::read(stories::escrow_key()).unwrap()).unwrap()
}

/// The registry of the stored proof, whose committee is demanded, with epoch 1.
fn begun(story: &EscrowStory) -> Registry {
    let claim = story.escrowed.claim();
    let policy = PolicyParams::standard(stories::context(), ProofSystem::Kzg, claim.model);
    let policy = PolicyParams { escrow: Some(story.escrowed.committee()), ..policy };
    let mut registry = Registry::deploy(Chain::new(START), &policy, false).unwrap();
    let (verifier, _) = registry.chain.create(DEPLOYER, code(ESCROWS)).unwrap();
    registry.add_escrow_circuit(verifier, 600_000).unwrap();
    registry.apply(START, &Action::Register { account: AccountId::new(CHANGER) }).unwrap();
    let post = registry.next(EpochPost {
        epoch: claim.epoch,
        state_root: claim.state_root,
        market_root: claim.market_root,
        model: claim.model,
        market_timestamp: Timestamp::new(START),
        price_move_bps: 0,
        reference: Epoch::new(0),
        previous: EpochDigest::NONE,
    });
    registry.apply(START, &Action::PostEpoch(post)).unwrap();
    registry
}

fn point(digits: &str) -> Point<Bn254Fr> {
    Point::from_bytes(&hex::decode(digits).unwrap().try_into().unwrap()).unwrap()
}

fn sealed(story: &EscrowStory) -> Ciphertext<Bn254Fr> {
    let element = |digits: &String| {
        Bn254Fr::from_be_bytes(&hex::decode(digits).unwrap().try_into().unwrap()).unwrap()
    };
    let elements = story.elements.iter().map(element).collect();
    Ciphertext::new(point(&story.nonce_point), elements).unwrap()
}

fn submit(
    registry: &mut Registry,
    inputs: [U256; 10],
    proof: Vec<u8>,
    ciphertext: escrows::Ciphertext,
) -> Result<Receipt, Failure> {
    let circuit: B256 = (*key().digest().as_bytes()).into();
    let call = escrows::submitEscrowedCall { circuit, inputs, proof: proof.into(), ciphertext };
    registry.chain.send(ANYONE, registry.at.escrows, &call)
}

#[test]
fn the_source_is_what_the_key_gives() {
    let name = artifact_name(ESCROWS);
    let path = format!("../contracts/generated/{name}.sol");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    assert!(fs::read_to_string(path).unwrap() == generate::solidity(&key(), &name));
}

#[test]
fn a_proof_counts_with_what_its_committee_opens() {
    let story = stories::escrow_story();
    let (committee, sealed) = (point(&story.key), sealed(&story));
    assert_eq!(CommitteeId::of(&committee), story.escrowed.committee());
    let ciphertext = convert::ciphertext(&committee, &sealed);
    let (inputs, proof) =
        (convert::escrow_inputs(&story.escrowed), hex::decode(&story.proof).unwrap());
    let mut registry = begun(&story);
    registry.account(AccountId::new(CHANGER));

    // Every row, every part of the proof, and every word of the ciphertext are bound.
    for row in 0..inputs.len() {
        let mut others = inputs;
        others[row] ^= U256::ONE;
        submit(&mut registry, others, proof.clone(), ciphertext.clone()).unwrap_err();
    }
    for at in [0, 100, proof.len() - 1] {
        let mut bent = proof.clone();
        bent[at] ^= 1;
        let refused = submit(&mut registry, inputs, bent, ciphertext.clone()).unwrap_err();
        assert!(refused.is::<gate::InvalidProof>(), "{refused:?}");
    }
    for element in 0..ciphertext.elements.len() {
        let mut other = ciphertext.clone();
        other.elements[element] ^= U256::ONE;
        let refused = submit(&mut registry, inputs, proof.clone(), other).unwrap_err();
        assert!(refused.is::<escrows::OtherCiphertext>(), "{refused:?}");
    }
    // A digest of another ciphertext is not proved.
    let mut elements = sealed.elements().to_vec();
    elements[0] += Bn254Fr::from(1);
    let other = Ciphertext::new(*sealed.nonce_point(), elements).unwrap();
    let mut lie = inputs;
    lie[9] = U256::from_be_bytes(other.digest(&committee).to_be_bytes());
    let other = convert::ciphertext(&committee, &other);
    let refused = submit(&mut registry, lie, proof.clone(), other).unwrap_err();
    assert!(refused.is::<gate::InvalidProof>(), "{refused:?}");
    let mut theirs = ciphertext.clone();
    theirs.key[1] ^= U256::ONE;
    let Err(Failure::Revert(data)) = submit(&mut registry, inputs, proof.clone(), theirs) else {
        panic!("another key")
    };
    assert!(matches!(convert::refusal(&data), Some(Refusal::WrongCommittee { .. })));

    let receipt = submit(&mut registry, inputs, proof, ciphertext).unwrap();
    let names: Vec<_> = registry.events(&receipt).iter().map(Event::name).collect();
    assert_eq!(names, ["proof-accepted", "escrowed"]);
    println!("a proof with an escrow:\n  submitEscrowed   {:8} gas", receipt.gas);
    assert!(receipt.gas < 1_100_000);
}
