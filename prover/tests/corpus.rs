//! The corpus of the fuzz targets, replayed without a fuzzer: every input that
//! once was interesting, through every decoder.
#![allow(clippy::unwrap_used, reason = "a test")]

#[path = "../../fuzz/src/targets.rs"]
mod targets;

use std::path::Path;

#[test]
fn no_decoder_panics_on_the_corpus() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus");
    for (name, target) in targets::ALL {
        let mut inputs = 0;
        for entry in std::fs::read_dir(corpus.join(name)).unwrap() {
            let bytes = std::fs::read(entry.unwrap().path()).unwrap();
            target(&bytes);
            // Cut short, and one bit wrong in a few places.
            target(&bytes[..bytes.len() / 2]);
            for at in (0..bytes.len()).step_by(bytes.len() / 7 + 1) {
                let mut bent = bytes.clone();
                bent[at] ^= 1 << (at % 8);
                target(&bent);
            }
            inputs += 1;
        }
        assert!(inputs > 0, "no corpus for {name}");
    }
}
