//! `verifyBatch` of generated verifiers: what every proof alone says, all or
//! nothing, for one pairing.

use crate::common::stories::{self, CIRCUITS, Proved as Story};
use crate::common::verifier::{Answer, Proved, Verifier, batch_calldata, batch_of, calldata};
use crate::kzg_vectors::{Edit, Given, Verdict, forgeries, stored};
use revm::primitives::U256;
use zkmargin_evm::engine as convert;

/// Proofs in a batch, at most.
const MOST: usize = 16;
/// The key of the vectors.
const KEY: &str = "small.vk";

fn pair(given: Given) -> Proved {
    (given.public_inputs, given.proof)
}

/// True proofs of the key.
fn true_proofs() -> Vec<Proved> {
    let given = stored().into_iter().map(|(_, vectors)| vectors.given(&Edit::Nothing));
    let proofs: Vec<_> = given.filter(|given| given.key == KEY).map(pair).collect();
    assert_eq!(proofs.len(), 2);
    proofs
}

fn accepts(verifier: &Verifier, proofs: &[Proved]) -> bool {
    matches!(verifier.verify(&batch_of(proofs)), Answer::Yes { .. })
}

fn gas(verifier: &Verifier, data: &[u8]) -> u64 {
    let Answer::Yes { gas } = verifier.verify(data) else { panic!("refused") };
    gas
}

/// Also the figures: a transaction of `verifyBatch` alone, by proof. The
/// bounds are what the issue counted for all of `submitProofs`.
#[test]
fn true_batches_are_accepted_and_cheaper() {
    for circuit in CIRCUITS {
        let story = stories::stored(circuit);
        let verifier = Verifier::new(&story.key);
        let proved = |of: &Story| {
            let inputs = convert::inputs(&of.claim).map(|input| input.to_be_bytes::<32>());
            (inputs.to_vec(), of.proof())
        };
        let proofs = [&story.healthy, &story.breach, &story.cure].map(proved);
        let (inputs, proof) = &proofs[0];
        let alone = gas(&verifier, &calldata(inputs, proof));
        println!("{circuit}: {} bytes; verify {alone} gas", verifier.size());
        let of = |n: usize| -> Vec<Proved> { proofs.iter().cycle().take(n).cloned().collect() };
        for (n, most) in [(1, 435_000), (2, 319_000), (4, 257_000), (8, 226_000), (MOST, 215_000)] {
            let each = gas(&verifier, &batch_of(&of(n))) / n as u64;
            println!("{circuit}: verifyBatch of {n}: {each} gas each");
            assert!(each < most, "{circuit}: {n} proofs take {each} gas each");
        }
        assert!(!accepts(&verifier, &of(MOST + 1)), "more than a batch");
    }
}

/// One tampered proof among true ones, wherever it is.
#[test]
fn a_batch_is_as_true_as_each_proof() {
    let verifier = Verifier::new(KEY);
    let truth = &true_proofs()[0];
    for (name, vectors) in stored().into_iter().filter(|(_, vectors)| vectors.key == KEY) {
        for (index, case) in vectors.cases.iter().enumerate() {
            if matches!(case.edit, Edit::PublicInputs(_) | Edit::Key(_)) {
                continue;
            }
            let mut proofs = vec![truth.clone(), truth.clone()];
            proofs.insert(index % 3, pair(vectors.given(&case.edit)));
            let expected = case.verdict == Verdict::Valid;
            assert_eq!(accepts(&verifier, &proofs), expected, "{name}: {}", case.name);
        }
    }
}

#[test]
fn forged_batches_are_refused() {
    let forgeries = forgeries();
    let verifier = Verifier::new(&forgeries.key);
    for batch in &forgeries.batches {
        let proofs: Vec<_> = batch.given().into_iter().map(pair).collect();
        assert!(!accepts(&verifier, &proofs), "{}", batch.factors);
        // Neither are the false ones among themselves, in another order.
        let mut wrong: Vec<_> = batch.invalid.iter().map(|index| proofs[*index].clone()).collect();
        assert!(!accepts(&verifier, &wrong), "{}", batch.factors);
        wrong.reverse();
        assert!(!accepts(&verifier, &wrong), "{}", batch.factors);
    }
}

#[test]
fn what_is_swapped_is_refused() {
    let verifier = Verifier::new(KEY);
    let [a, b] = <[Proved; 2]>::try_from(true_proofs()).unwrap();
    assert!(accepts(&verifier, &[a.clone(), b.clone()]));
    assert!(accepts(&verifier, &[b.clone(), a.clone()]), "the order is the caller's");
    let inputs = [b.0.clone(), a.0.clone()];
    let swapped = batch_calldata(&inputs, &[a.1.clone(), b.1.clone()]);
    assert_eq!(verifier.verify(&swapped), Answer::No, "inputs");
    for row in 0..a.0.len() {
        let (mut first, mut second) = (a.clone(), b.clone());
        if first.0[row] == second.0[row] {
            continue;
        }
        std::mem::swap(&mut first.0[row], &mut second.0[row]);
        assert!(!accepts(&verifier, &[first, second]), "input {row}");
    }
    for at in (0..a.1.len()).step_by(32) {
        let (mut first, mut second) = (a.clone(), b.clone());
        first.1[at..at + 32].swap_with_slice(&mut second.1[at..at + 32]);
        assert!(!accepts(&verifier, &[first, second]), "word {at} of the proofs");
    }
}

/// Every word of the calldata changed in one bit, each in another place.
#[test]
fn flipped_words() {
    let verifier = Verifier::new(KEY);
    let data = batch_of(&true_proofs());
    gas(&verifier, &data);
    let places = (0..4).chain((4..data.len()).step_by(32).map(|at| at + at / 32 % 32));
    for at in places {
        let mut changed = data.clone();
        changed[at] ^= 1 << (at % 8);
        assert_eq!(verifier.verify(&changed), Answer::No, "byte {at}");
    }
}

/// As the ABI allows, or does not.
#[test]
fn other_encodings_are_refused() {
    let verifier = Verifier::new(KEY);
    let proofs = true_proofs();
    let (inputs, bytes): (Vec<_>, Vec<_>) = proofs.iter().cloned().unzip();
    let refuses = |what: &str, data: &[u8]| {
        assert_eq!(verifier.verify(data), Answer::No, "{what}");
    };
    refuses("no proofs", &batch_calldata(&[], &[]));
    refuses("one proof less", &batch_calldata(&inputs, &bytes[..1]));
    refuses("one proof more", &batch_calldata(&inputs[..1], &bytes));
    let short = bytes[0][..bytes[0].len() - 32].to_vec();
    refuses("a short proof", &batch_calldata(&inputs, &[short.clone(), bytes[1].clone()]));
    let long = [bytes[1].clone(), vec![0; 32]].concat();
    refuses("a long proof", &batch_calldata(&inputs, &[bytes[0].clone(), long.clone()]));
    refuses("one short, one long", &batch_calldata(&inputs, &[short, long]));
    let data = batch_of(&proofs);
    let longer = [data.clone(), vec![0; 32]].concat();
    refuses("bytes behind", &longer);
    refuses("bytes missing", &data[..data.len() - 32]);
    for length in [0, 4, 68, 100, 676] {
        refuses("cut off", &data[..length]);
    }
    // Both proofs at the place of the first.
    let offsets = 4 + 64 + 32 + 2 * 256 + 32;
    let mut shared = data.clone();
    shared.copy_within(offsets..offsets + 32, offsets + 32);
    refuses("one proof for two", &shared);
    // How many there are, so that the sizes wrap around.
    for at in [68, offsets - 32] {
        let mut many = data.clone();
        many[at] = 8; // 2^251 and two.
        refuses("too many", &many);
    }
}

#[test]
fn too_little_gas_is_no_acceptance() {
    let verifier = Verifier::new(KEY);
    let data = batch_of(&true_proofs());
    let needed = gas(&verifier, &data);
    let floor = 21_000 + 40 * data.len() as u64;
    for percent in [0, 50, 70, 80, 90, 95, 97, 98, 99] {
        let limit = floor.max(needed * percent / 100);
        let result = verifier.chain.try_raw(verifier.address, data.clone(), limit);
        assert!(!result.is_ok_and(|receipt| receipt.output.ends_with(&[1])), "{percent} %");
    }
}

/// What the contract tells itself it tells nobody else: more calldata is no
/// other question.
#[test]
fn a_proof_alone_gives_one_word() {
    let verifier = Verifier::new(KEY);
    let (inputs, proof) = true_proofs().remove(0);
    let mut data = calldata(&inputs, &proof);
    let receipt = verifier.chain.try_raw(verifier.address, data.clone(), 1_000_000).unwrap();
    assert_eq!(receipt.output.as_ref(), U256::ONE.to_be_bytes::<32>());
    data.extend([0; 32]);
    let receipt = verifier.chain.try_raw(verifier.address, data, 1_000_000).unwrap();
    assert_eq!(receipt.output.as_ref(), U256::ZERO.to_be_bytes::<32>());
}
