//! Where everything is: calldata, memory, challenges.

use zkmargin_verifier::bn254::layout::Layout;
use zkmargin_verifier::bn254::system::System;
use zkmargin_verifier::bn254::{VerifyingKey, field};

use super::value::Value;
use super::writer::{WORD, Writer};

/// Bytes of a point.
pub(super) const POINT: usize = 2 * WORD;
/// Calldata of a function starts behind its selector.
const SELECTOR: usize = 4;

/// Addresses of the challenges.
#[derive(Clone, Debug)]
pub(super) struct Challenges {
    pub(super) theta: Value,
    pub(super) beta: Value,
    pub(super) gamma: Value,
    pub(super) y: Value,
    pub(super) x: Value,
    pub(super) mu: Value,
    pub(super) nu: Value,
    pub(super) u: Value,
}

/// The calldata of `verify(uint256[N] inputs, bytes proof)`.
#[derive(Clone, Debug)]
pub(super) struct Calldata {
    inputs: usize,
    proof: usize,
    points: usize,
    pub(super) proof_size: usize,
}

impl Calldata {
    pub(super) fn new(system: &System, layout: &Layout) -> Self {
        // Selector, inputs, offset of the proof, its length.
        let proof = SELECTOR + (system.public_inputs + 2) * WORD;
        let points = layout.quotient.end;
        Self { inputs: SELECTOR, proof, points, proof_size: layout.proof_size() }
    }

    /// Bytes of the calldata.
    pub(super) fn size(&self) -> usize {
        self.proof + self.proof_size
    }

    /// Bytes of the public inputs.
    pub(super) fn inputs_size(&self) -> usize {
        self.offset_at() - self.inputs
    }

    /// Where the proof's offset is, before its length and the proof.
    pub(super) fn offset_at(&self) -> usize {
        self.proof - 2 * WORD
    }

    /// The proof's offset: of its length, from behind the selector.
    pub(super) fn offset(&self) -> usize {
        self.proof - WORD - SELECTOR
    }

    pub(super) fn input(&self, row: usize) -> usize {
        self.inputs + row * WORD
    }

    pub(super) fn scalar(&self, index: usize) -> usize {
        self.proof + self.points * POINT + index * WORD
    }

    /// A point of the proof; those behind the scalars are the two of the opening.
    pub(super) fn point(&self, index: usize, scalars: usize) -> usize {
        let behind = if index < self.points { 0 } else { scalars * WORD };
        self.proof + index * POINT + behind
    }
}

/// Checks the calldata, copies it and draws the challenges from it.
pub(super) fn read(
    writer: &mut Writer,
    key: &VerifyingKey,
    layout: &Layout,
    calldata: &Calldata,
) -> Challenges {
    let inputs = key.system().public_inputs;
    writer.block(|writer| check(writer, layout, calldata, inputs));

    // The proof behind the inputs, and a word before every part that becomes
    // the hash of the part before: it overwrites a coordinate, which is read
    // from the calldata when it is needed.
    writer.comment("The transcript: Keccak-256 over what was said since the last challenge.");
    let said = writer.allocate(1 + inputs + calldata.proof_size / WORD);
    writer.store(said, &Value::constant(key.parts().transcript));
    let proof = said + (1 + inputs) * WORD;
    let (from, size) = (calldata.inputs, inputs * WORD);
    writer.line(format!("calldatacopy({:#x}, {from:#x}, {size:#x})", said + WORD));
    let (from, size) = (calldata.proof, calldata.proof_size);
    writer.line(format!("calldatacopy({proof:#x}, {from:#x}, {size:#x})"));

    let mut transcript = Transcript { writer, start: said, end: proof };
    let theta = transcript.challenge(layout.advice.len() * POINT);
    let beta = transcript.challenge(layout.permuted.len() * POINT);
    let gamma = transcript.challenge(0);
    let products = layout.products.len() + layout.lookup_products.len() + 1;
    let y = transcript.challenge(products * POINT);
    let x = transcript.challenge(layout.quotient.len() * POINT);
    let mu = transcript.challenge(layout.scalars * WORD);
    let nu = transcript.challenge(0);
    let u = transcript.challenge(POINT);
    Challenges { theta, beta, gamma, y, x, mu, nu, u }
}

/// The one encoding of the arguments, canonical scalars, and no point at
/// infinity: no other point's second coordinate is zero. That points are on
/// the curve and their coordinates canonical, the precompiles check.
fn check(writer: &mut Writer, layout: &Layout, calldata: &Calldata, inputs: usize) {
    let (size, length) = (calldata.size(), calldata.proof_size);
    let (offset_at, length_at) = (calldata.offset_at(), calldata.offset_at() + WORD);
    let offset = calldata.offset();
    writer.comment("The one encoding of the arguments.");
    writer.line(format!("let ok := eq(calldatasize(), {size:#x})"));
    writer.line(format!("ok := and(ok, eq(calldataload({offset_at:#x}), {offset:#x}))"));
    writer.line(format!("ok := and(ok, eq(calldataload({length_at:#x}), {length:#x}))"));
    writer.comment("Canonical scalars.");
    for row in 0..inputs {
        writer.line(format!("ok := and(ok, lt(calldataload({:#x}), r))", calldata.input(row)));
    }
    for index in 0..layout.scalars {
        let offset = calldata.scalar(index);
        writer.line(format!("ok := and(ok, lt(calldataload({offset:#x}), r))"));
    }
    writer.comment("No point at infinity: of no other point y is zero.");
    for index in 0..layout.quotient.end + 2 {
        let offset = calldata.point(index, layout.scalars) + WORD;
        writer.line(format!("ok := and(ok, gt(calldataload({offset:#x}), 0))"));
    }
    writer.line("if iszero(ok) { refuse() }");
}

struct Transcript<'a> {
    writer: &'a mut Writer,
    /// Where what is hashed next starts.
    start: usize,
    /// Where it ends, but for what is to be read.
    end: usize,
}

impl Transcript<'_> {
    /// Reads so many bytes and draws a challenge.
    fn challenge(&mut self, bytes: usize) -> Value {
        let end = self.end + bytes;
        let length = end - self.start;
        let at = self.writer.allocate(1);
        self.writer.line("{");
        if length == WORD {
            // A hash with nothing behind it is marked with a one.
            self.writer.line(format!("    mstore(0, mload({:#x}))", self.start));
            self.writer.line("    mstore8(0x20, 1)");
            self.writer.line("    let hash := keccak256(0, 0x21)");
        } else {
            self.writer.line(format!("    let hash := keccak256({:#x}, {length:#x})", self.start));
        }
        self.start = end - WORD;
        self.end = end;
        self.writer.line(format!("    mstore({:#x}, hash)", self.start));
        self.writer.line(format!("    mstore({at:#x}, mod(hash, r))"));
        self.writer.line("}");
        Value::memory(at)
    }
}

/// The modulus as a literal.
pub(super) fn modulus() -> String {
    // Minus one, and one.
    let mut bytes = field::scalar_bytes(&-ark_bn254::Fr::from(1));
    bytes[31] += 1;
    format!("0x{}", hex::encode(bytes))
}
