//! Size, speed and memory of the page's wasm in wasmtime:
//!
//!     npm run bench:wasmtime --prefix verifier/web
//!
//! which gives the module, a proof file and the key of its circuit.

use std::fs;
use std::time::Instant;

use wasmtime::error::{Context as _, Result, bail, ensure};
use wasmtime::{Engine, Extern, Instance, Linker, Memory, Module, Store, TypedFunc};

/// Bytes in the module's memory: where, and how many.
type Slice = (u32, u32);

/// How often a proof is verified.
const RUNS: usize = 40;

fn main() -> Result<()> {
    let paths: Vec<String> = std::env::args().skip(1).collect();
    let [module, proof, key] = paths.as_slice() else {
        bail!("usage: zkmargin-verifier-wasmtime MODULE PROOF KEY");
    };
    let read = |path: &String| fs::read(path).with_context(|| path.clone());
    let (code, proof, key) = (read(module)?, read(proof)?, read(key)?);

    let mut verifier = Verifier::new(&code)?;
    let mut times = Vec::with_capacity(RUNS);
    for _ in 0..RUNS {
        let start = Instant::now();
        let outcome = verifier.verify(&proof, &key)?;
        times.push(start.elapsed());
        let outcome: serde_json::Value = serde_json::from_str(&outcome)?;
        // It holds, under powers of tau for tests.
        ensure!(outcome["state"] == "insecure", "the proof does not hold");
    }
    times.sort();
    let report = serde_json::json!({
        "place": "wasmtime",
        "milliseconds": times[RUNS / 2].as_secs_f64() * 1e3,
        "code_bytes": code.len(),
        "memory_bytes": verifier.memory.data_size(&verifier.store),
    });
    println!("{report}");
    Ok(())
}

/// The module with what wasm-bindgen's JavaScript does around it.
struct Verifier {
    store: Store<()>,
    memory: Memory,
    malloc: TypedFunc<(u32, u32), u32>,
    free: TypedFunc<(u32, u32, u32), ()>,
    verify: TypedFunc<(u32, u32, u32, u32, u32, u32), Slice>,
}

impl Verifier {
    fn new(code: &[u8]) -> Result<Self> {
        let engine = Engine::default();
        let module = Module::new(&engine, code)?;
        let mut store = Store::new(&engine, ());
        let mut linker = Linker::new(&engine);
        // What throws, and a table of JavaScript's values: neither is used by a
        // verification.
        linker.define_unknown_imports_as_default_values(&mut store, &module)?;
        let instance = linker.instantiate(&mut store, &module)?;
        let memory = instance.get_export(&mut store, "memory").and_then(Extern::into_memory);
        Ok(Self {
            memory: memory.context("the module exports no memory")?,
            malloc: typed(&instance, &mut store, "__wbindgen_malloc")?,
            free: typed(&instance, &mut store, "__wbindgen_free")?,
            verify: typed(&instance, &mut store, "verify")?,
            store,
        })
    }

    /// The outcome as JSON.
    fn verify(&mut self, proof: &[u8], key: &[u8]) -> Result<String> {
        let (proof, key) = (self.give(proof)?, self.give(key)?);
        // Nothing is expected: no text is where zero is.
        let told = (proof.0, proof.1, key.0, key.1, 0, 0);
        let (at, length) = self.verify.call(&mut self.store, told)?;
        let bytes = &self.memory.data(&self.store)[at as usize..][..length as usize];
        let outcome = String::from_utf8(bytes.to_vec())?;
        self.free.call(&mut self.store, (at, length, 1))?;
        Ok(outcome)
    }

    /// Bytes handed to the module, which frees them.
    fn give(&mut self, bytes: &[u8]) -> Result<Slice> {
        let length = u32::try_from(bytes.len())?;
        let at = self.malloc.call(&mut self.store, (length, 1))?;
        self.memory.write(&mut self.store, at as usize, bytes)?;
        Ok((at, length))
    }
}

fn typed<A: wasmtime::WasmParams, R: wasmtime::WasmResults>(
    instance: &Instance,
    store: &mut Store<()>,
    name: &str,
) -> Result<TypedFunc<A, R>> {
    instance.get_typed_func(store, name)
}
