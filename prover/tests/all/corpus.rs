//! The corpus of the fuzz targets without a fuzzer: every input, and mutations
//! of it, through every decoder. `ZKMARGIN_MUTATIONS=100000` makes it a long
//! run on a stable toolchain; the coverage-guided ones are in `fuzz/`.

#[path = "../../../fuzz/src/targets/mod.rs"]
#[allow(unreachable_pub, reason = "a library of its own")]
mod targets;

use std::path::Path;

/// What a decoder of numbers, text or structure trips over.
const TOKENS: [&[u8]; 12] = [
    b"-1",
    b"18446744073709551616",
    b"1e999",
    b"null",
    b"[[[[[[[[",
    b"{\"\":",
    b"\"\\ud800\"",
    b"\xff\xff\xff\xff\xff\xff\xff\xff",
    b"\x00\x00\x00\x00\x00\x00\x00\x00",
    b"0x",
    b",",
    b"\n",
];

/// Xorshift: the same mutations in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % bound.max(1) as u64).unwrap()
    }
}

fn mutate(random: &mut Random, input: &[u8]) -> Vec<u8> {
    let mut bytes = input.to_vec();
    for _ in 0..=random.below(3) {
        let at = random.below(bytes.len());
        let length = random.below(64.min(bytes.len() + 1 - at.min(bytes.len())));
        match random.below(6) {
            0 if !bytes.is_empty() => bytes[at] ^= 1 << random.below(8),
            1 => bytes.truncate(at),
            2 => {
                let token = TOKENS[random.below(TOKENS.len())];
                bytes.splice(at..at, token.iter().copied());
            }
            3 => {
                let token = TOKENS[random.below(TOKENS.len())];
                let end = (at + token.len()).min(bytes.len());
                bytes.splice(at..end, token.iter().copied());
            }
            4 => drop(bytes.drain(at..(at + length).min(bytes.len()))),
            _ => {
                let end = (at + length).min(bytes.len());
                let part = bytes[at.min(end)..end].to_vec();
                bytes.splice(at..at, part);
            }
        }
    }
    bytes
}

/// The public inputs and the proof of the verifier's vectors, as the fuzzer reads them.
fn stored_proof(name: &str) -> Vec<u8> {
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("../verifier/vectors/kzg");
    let text = std::fs::read(vectors.join(name).with_extension("json")).unwrap();
    let vectors: serde_json::Value = serde_json::from_slice(&text).unwrap();
    let rows = vectors["public_inputs"].as_array().unwrap().iter();
    let texts = rows.chain([&vectors["proof"]]).map(|text| text.as_str().unwrap());
    texts.flat_map(|text| hex::decode(text.trim_start_matches("0x")).unwrap()).collect()
}

/// A fuzzer that starts from proofs of an older circuit gets no further than
/// their length. `UPDATE_GOLDEN=1` takes those of the verifier's vectors.
#[test]
fn the_proofs_to_start_from_are_true() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus/kzg_proof");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        for name in ["small-breach", "small-healthy"] {
            std::fs::write(corpus.join(name), stored_proof(name)).unwrap();
        }
    }
    for entry in std::fs::read_dir(corpus).unwrap() {
        let path = entry.unwrap().path();
        assert!(targets::is_kzg_proof(&std::fs::read(&path).unwrap()), "{}", path.display());
    }
}

#[test]
fn no_decoder_panics_on_the_corpus_and_its_mutations() {
    let mutations = std::env::var("ZKMARGIN_MUTATIONS");
    let mutations: usize = mutations.ok().and_then(|n| n.parse().ok()).unwrap_or(60);
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus");
    let mut random = Random(0x5eed);
    for (name, target) in targets::ALL {
        let mut inputs: Vec<_> = std::fs::read_dir(corpus.join(name))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        inputs.sort();
        assert!(!inputs.is_empty(), "no corpus for {name}");
        let count = inputs.len();
        for path in inputs {
            let bytes = std::fs::read(path).unwrap();
            target(&bytes);
            for _ in 0..mutations {
                target(&mutate(&mut random, &bytes));
            }
        }
        println!("{name}: {} executions", count * (mutations + 1));
    }
}
