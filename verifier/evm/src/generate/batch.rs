//! Many proofs by one pairing: `batch.rs` of the native verifier, as code.
//!
//! The contract calls its own `verify` for each proof. Called by itself it does
//! not pair, but gives its sum of the proof's points and the factors of the
//! key's. What all proofs share is so added once: the key's commitments, the
//! generator, the pairing.

use ark_bn254::G1Affine;
use zkmargin_verifier::bn254::VerifyingKey;

use super::frame::{Calldata, POINT};
use super::opening::{constant_point, pairing};
use super::value::Value;
use super::writer::{WORD, Writer};

/// Proofs of a batch, at most.
pub(super) const MOST: usize = 16;
/// Begins what the factors are made of: `batch.rs` of the native verifier.
const FACTORS_DOMAIN: &[u8] = b"zkmargin batch";
/// Bytes of the lengths and the index that are hashed.
const NUMBER: usize = 8;
/// Where `verifyBatch(uint256[N][],bytes[])` has its two offsets, then how many
/// public inputs' rows there are, then these.
const HEAD: usize = 4;

/// What a batch needs of a key.
pub(super) struct Batch<'a> {
    pub(super) key: &'a VerifyingKey,
    pub(super) calldata: &'a Calldata,
    /// The key's points, in the order in which their factors are given.
    pub(super) points: &'a [G1Affine],
}

/// Addresses in memory.
struct Memory {
    /// The sum of points, then what the precompiles take.
    right: usize,
    /// The sum of the proofs' last points.
    left: usize,
    /// Sums of the factors of the key's points.
    factors: usize,
    /// What `verify` is called with.
    message: usize,
    /// What it gives.
    answer: usize,
    /// What the factors are made of: the last, because it grows.
    said: usize,
}

impl Batch<'_> {
    /// Bytes of what `verify` gives to a batch: a word of zeros, which nobody
    /// takes for a yes, the sum, the factors.
    fn answer_size(&self) -> usize {
        WORD + POINT + self.points.len() * WORD
    }

    /// The body of `verifyBatch`. The sum of points is where it is in `verify`.
    pub(super) fn verify(&self, writer: &mut Writer, right: usize) {
        let memory = Memory {
            right,
            left: writer.allocate((2 * POINT + WORD) / WORD),
            factors: writer.allocate(self.points.len()),
            message: writer.allocate(self.calldata.size().div_ceil(WORD)),
            answer: writer.allocate(self.answer_size() / WORD),
            said: writer.allocate(0),
        };
        self.check(writer);
        self.seed(writer, &memory);
        writer.comment("Sums of zero.");
        for (at, size) in
            [(right, POINT), (memory.left, POINT), (memory.factors, self.points.len() * WORD)]
        {
            writer.line(format!("calldatacopy({at:#x}, calldatasize(), {size:#x})"));
        }
        writer.line(format!("mstore({:#x}, selector)", memory.message));
        let (at, offset) = (memory.message + self.calldata.offset_at(), self.calldata.offset());
        writer.line(format!("mstore({at:#x}, {offset:#x})"));
        let size = self.calldata.proof_size;
        writer.line(format!("mstore({:#x}, {size:#x})", at + WORD));
        writer.comment("Each proof, times its factor.");
        writer.line("for { let i := 0 } lt(i, n) { i := add(i, 1) }");
        writer.block(|writer| self.add(writer, &memory));
        writer.comment("What all share.");
        for (index, point) in self.points.iter().enumerate() {
            constant_point(writer, right + POINT, point);
            let factor = memory.factors + index * WORD;
            writer.line(format!("add_times({right:#x}, mload({factor:#x}))"));
        }
        pairing(writer, right, &self.key.parts().tau, |writer, to| {
            for word in [0, WORD] {
                writer.line(format!("mstore({:#x}, mload({:#x}))", to + word, memory.left + word));
            }
        });
    }

    /// The one encoding of so many inputs and proofs; `n` is how many, `first`
    /// where the first proof's length is, `step` from there to the next one's.
    fn check(&self, writer: &mut Writer) {
        let (inputs, size) = (self.calldata.inputs_size(), self.calldata.proof_size);
        writer.comment("The one encoding of the arguments.");
        writer.line(format!("let n := calldataload({:#x})", HEAD + 2 * WORD));
        writer.line(format!("if or(iszero(n), gt(n, {MOST})) {{ refuse() }}"));
        writer.line(format!("let first := add({:#x}, mul(n, {inputs:#x}))", HEAD + 3 * WORD));
        writer.block(|writer| {
            writer.line(format!("let ok := eq(calldataload({HEAD:#x}), {:#x})", 2 * WORD));
            let offset = format!("calldataload({:#x})", HEAD + WORD);
            writer.line(format!("ok := and(ok, eq({offset}, sub(first, {HEAD})))"));
            writer.line("ok := and(ok, eq(calldataload(first), n))");
            writer.comment("Offsets count from behind the number of proofs.");
            writer.line("let offsets := add(first, 0x20)");
            writer.line("let offset := shl(5, n)");
            writer.line("first := add(offsets, offset)");
            writer.line("for { let i := 0 } lt(i, n) { i := add(i, 1) }");
            writer.block(|writer| {
                writer.line("ok := and(ok, eq(calldataload(add(offsets, shl(5, i))), offset))");
                let length = "calldataload(add(offsets, offset))";
                writer.line(format!("ok := and(ok, eq({length}, {size:#x}))"));
                writer.line(format!("offset := add(offset, {:#x})", WORD + size));
            });
            writer.line("ok := and(ok, eq(calldatasize(), add(offsets, offset)))");
            writer.line("if iszero(ok) { refuse() }");
        });
    }

    /// The hash of the key, all public inputs and every byte of every proof, of
    /// which all factors are made: whoever changes one of them changes them all.
    fn seed(&self, writer: &mut Writer, memory: &Memory) {
        let (inputs, size) = (self.calldata.inputs_size(), self.calldata.proof_size);
        let number = |value: usize| format!("shl({}, {value:#x})", 8 * (WORD - NUMBER));
        writer.comment("The factors' seed: the key, all inputs and every byte of every proof.");
        let mut domain = [0; WORD];
        domain[..FACTORS_DOMAIN.len()].copy_from_slice(FACTORS_DOMAIN);
        writer.line(format!("mstore({:#x}, 0x{})", memory.said, hex::encode(domain)));
        let key = memory.said + FACTORS_DOMAIN.len();
        writer.line(format!("mstore({key:#x}, {})", self.key.digest()));
        writer.line("let seed");
        writer.block(|writer| {
            writer.line(format!("let to := {:#x}", key + WORD));
            writer.line("for { let i := 0 } lt(i, n) { i := add(i, 1) }");
            writer.block(|writer| {
                // The word of a length reaches into what is copied next.
                let rows = number(inputs / WORD);
                writer.line(format!("mstore(to, {rows})"));
                let from = format!("add({:#x}, mul(i, {inputs:#x}))", HEAD + 3 * WORD);
                writer.line(format!("calldatacopy(add(to, {NUMBER}), {from}, {inputs:#x})"));
                let behind = NUMBER + inputs;
                writer.line(format!("mstore(add(to, {behind:#x}), {})", number(size)));
                let from = format!("add(first, add(0x20, mul(i, {:#x})))", WORD + size);
                let to = behind + NUMBER;
                writer.line(format!("calldatacopy(add(to, {to:#x}), {from}, {size:#x})"));
                writer.line(format!("to := add(to, {:#x})", to + size));
            });
            writer.line(format!("seed := keccak256({:#x}, sub(to, {0:#x}))", memory.said));
        });
    }

    /// Adds the equation of proof `i`.
    fn add(&self, writer: &mut Writer, memory: &Memory) {
        let (inputs, size) = (self.calldata.inputs_size(), self.calldata.proof_size);
        let Memory { right, left, message, answer, .. } = *memory;
        let from = format!("add({:#x}, mul(i, {inputs:#x}))", HEAD + 3 * WORD);
        let to = message + self.calldata.input(0);
        writer.line(format!("calldatacopy({to:#x}, {from}, {inputs:#x})"));
        writer.line(format!("let proof := add(first, add(0x20, mul(i, {:#x})))", WORD + size));
        let to = message + self.calldata.offset_at() + 2 * WORD;
        writer.line(format!("calldatacopy({to:#x}, proof, {size:#x})"));
        let (sent, got) = (self.calldata.size(), self.answer_size());
        writer.line(format!(
            "let ok := staticcall(gas(), address(), {message:#x}, {sent:#x}, {answer:#x}, {got:#x})"
        ));
        writer.line(format!("if iszero(and(ok, eq(returndatasize(), {got:#x}))) {{ refuse() }}"));
        writer.line("mstore(0, seed)");
        writer.line(format!("mstore(0x20, shl({}, i))", 8 * (WORD - NUMBER)));
        writer.line(format!("let factor := mod(keccak256(0, {:#x}), r)", WORD + NUMBER));
        for word in [0, WORD] {
            let from = answer + WORD + word;
            writer.line(format!("mstore({:#x}, mload({from:#x}))", right + POINT + word));
        }
        writer.line(format!("add_times({right:#x}, factor)"));
        let last = size - POINT;
        writer.line(format!("calldatacopy({:#x}, add(proof, {last:#x}), 0x40)", left + POINT));
        writer.line(format!("add_times({left:#x}, factor)"));
        for index in 0..self.points.len() {
            let sum = Value::memory(memory.factors + index * WORD);
            let one = Value::memory(answer + WORD + POINT + index * WORD);
            let sum = sum.plus(&one.times(&Value::variable("factor"))).reduced(1);
            writer.store(memory.factors + index * WORD, &sum);
        }
    }
}
