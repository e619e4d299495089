//! A real proof of a venue through the contracts.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use revm::primitives::{B256, Bytes, U256};
use zkmargin_evm::contracts::{MarginProofGate as gate, MarginVenueBatches as batches};
use zkmargin_evm::{engine as convert, generate};
use zkmargin_margin::field::MarginField;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::ids::{AccountId, Timestamp};
use zkmargin_margin::shape::ProofSystem;
use zkmargin_margin::statement::venue::{
    SubtreeDepth, SubtreePath, VenueInstance, state_root_over,
};
use zkmargin_verifier::bn254::{Submission, Verifier, VerifyingKey};
use zkmargin_verifier::engine::{Action, EpochPost, Event, PolicyParams, Root};

use crate::common::actions::{START, post};
use crate::common::registry::{ANYONE, DEPLOYER, Registry};
use crate::common::stories::{self, VENUE_OWNERS, VENUES, VenueStory};
use crate::common::verifier::{artifact_name, code};
use crate::common::{Chain, Failure, Receipt};

const DEPTH: SubtreeDepth = SubtreeDepth::ALL[0];

fn key() -> VerifyingKey {
    VerifyingKey::from_bytes(&fs::read(stories::venue_key()).unwrap()).unwrap()
}

fn instance(story: &VenueStory) -> VenueInstance<Bn254Fr> {
    VenueInstance::from_bytes(&hex::decode(&story.instance).unwrap()).unwrap()
}

fn inputs(instance: &VenueInstance<Bn254Fr>) -> [U256; 9] {
    instance.to_field_elements().map(|row| U256::from_be_bytes(row.to_be_bytes()))
}

/// The registry of the stored proof with epoch 1, all three accounts registered.
fn begun(instance: &VenueInstance<Bn254Fr>, index: usize) -> Registry {
    let policy = PolicyParams::standard(stories::context(), ProofSystem::Kzg, instance.model);
    let mut registry = Registry::deploy(Chain::new(START), &policy, false).unwrap();
    let (margin, _) = registry.chain.create(DEPLOYER, code("standard-small")).unwrap();
    registry.add_circuit(margin, 600_000).unwrap();
    let (verifier, _) = registry.chain.create(DEPLOYER, code(VENUES)).unwrap();
    registry.add_venue_circuit(verifier, 600_000).unwrap();
    for owner in VENUE_OWNERS {
        registry.apply(START, &Action::Register { account: AccountId::new(owner) }).unwrap();
    }
    let roots = BTreeMap::from([(index, instance.subtree_root)]);
    let post = registry.next(EpochPost {
        epoch: instance.epoch,
        state_root: Root::from_field(&state_root_over(DEPTH, roots)),
        market_root: Root::from_field(&instance.market_root),
        model: instance.model,
        market_timestamp: Timestamp::new(START),
        ..post(1, START)
    });
    registry.apply(START, &Action::PostEpoch(post)).unwrap();
    registry
}

fn submit(
    registry: &mut Registry,
    inputs: [U256; 9],
    proof: Vec<u8>,
    subtree: batches::Subtree,
) -> Result<Receipt, Failure> {
    let circuit: B256 = (*key().digest().as_bytes()).into();
    let call = batches::submitBatchCall { circuit, inputs, proof: Bytes::from(proof), subtree };
    registry.chain.send(ANYONE, registry.at.batches, &call)
}

#[test]
fn the_source_of_the_venues_verifier_is_what_the_key_gives() {
    let name = artifact_name(VENUES);
    let path = format!("../contracts/generated/{name}.sol");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    let source = fs::read_to_string(path).unwrap();
    assert!(source == generate::venue_solidity(&key(), DEPTH, &name));
    assert_ne!(source, generate::venue_solidity(&key(), SubtreeDepth::ALL[1], &name));
}

#[test]
fn a_real_proof_calls_who_is_flagged() {
    let story = stories::venue_story();
    let (instance, proof) = (instance(&story), hex::decode(&story.proof).unwrap());
    let public_inputs = instance.to_field_elements().map(|row| row.to_be_bytes());
    let submission = Submission { public_inputs: &public_inputs, proof: &proof };
    Verifier::new(key()).verify_raw(submission).unwrap();
    let mut registry = begun(&instance, story.index);
    let roots = BTreeMap::from([(story.index, instance.subtree_root)]);
    let path = SubtreePath::among(DEPTH, story.index, roots).unwrap();
    let (subtree, rows) = (convert::subtree(&path, &story.flagged), inputs(&instance));

    // Every row and every part of the proof is bound.
    for row in 0..rows.len() {
        let mut others = rows;
        others[row] ^= U256::ONE;
        submit(&mut registry, others, proof.clone(), subtree.clone()).unwrap_err();
    }
    for at in [0, 100, proof.len() - 1] {
        let mut bent = proof.clone();
        bent[at] ^= 1;
        let refused = submit(&mut registry, rows, bent, subtree.clone()).unwrap_err();
        assert!(refused.is::<gate::InvalidProof>(), "{refused:?}");
    }
    // A list with its own chain and number, of another account or of one less.
    for listed in [&story.flagged[..1], &[story.flagged[0], story.flagged[0]]] {
        let mut lie = instance;
        lie.flagged = zkmargin_margin::statement::venue::flagged_chain(listed);
        lie.counts.flagged = u32::try_from(listed.len()).unwrap();
        let lie = inputs(&lie);
        let theirs = convert::subtree(&path, listed);
        let refused = submit(&mut registry, lie, proof.clone(), theirs).unwrap_err();
        assert!(refused.is::<gate::InvalidProof>(), "{refused:?}");
    }

    let receipt = submit(&mut registry, rows, proof, subtree).unwrap();
    let called = registry.events(&receipt).into_iter().map(|event| match event {
        Event::Called { account, .. } => account,
        other => panic!("{other:?}"),
    });
    let owners = [VENUE_OWNERS[0], VENUE_OWNERS[2]].map(AccountId::new);
    assert_eq!(called.collect::<Vec<_>>(), owners);
    let call = batches::coveredCall { context: registry.context(), epoch: 1 };
    assert!(registry.chain.read(registry.at.batches, &call));
    println!("gas: submitBatch of four leaves, two flagged: {}", receipt.gas);
    assert!(receipt.gas < 1_800_000);
}
