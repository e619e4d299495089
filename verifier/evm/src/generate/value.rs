//! Field arithmetic as Yul expressions.
//!
//! Sums are not reduced as long as they fit a word: the modulus is below a
//! fifth of `2^256`, and the EVM's `mulmod` and `addmod` take any words. An
//! expression knows how large it can be and how deep a stack it needs.

use ark_bn254::Fr;
use ark_ff::{Field as _, One as _, Zero as _};
use zkmargin_verifier::bn254::field::scalar_bytes;

/// The largest multiple of the modulus that fits a word.
const MOST: u32 = 5;
/// Stack slots an expression may need. The EVM reaches 16; some hold the
/// modulus, the constraints' sum and its factor, and Solidity's own.
const DEEPEST: u32 = 9;

/// An expression for a field element.
#[derive(Clone, Debug)]
pub(super) struct Value {
    code: String,
    /// At most this many times the modulus.
    bound: u32,
    /// Stack slots it needs.
    depth: u32,
    constant: Option<Fr>,
    /// A single load or literal, which costs nothing to write again.
    leaf: bool,
}

impl Value {
    pub(super) fn constant(value: Fr) -> Self {
        let bytes = scalar_bytes(&value);
        let digits = hex::encode(bytes);
        let digits = digits.trim_start_matches('0');
        let code = if digits.is_empty() { "0".to_owned() } else { format!("0x{digits}") };
        Self { code, bound: 1, depth: 1, constant: Some(value), leaf: true }
    }

    fn load(code: String, bound: u32) -> Self {
        Self { code, bound, depth: 1, constant: None, leaf: true }
    }

    /// A word of the calldata that was checked to be below the modulus.
    pub(super) fn calldata(offset: usize) -> Self {
        Self::load(format!("calldataload({offset:#x})"), 1)
    }

    /// A word of memory that holds a reduced value.
    pub(super) fn memory(address: usize) -> Self {
        Self::load(format!("mload({address:#x})"), 1)
    }

    /// A variable that holds a reduced value.
    pub(super) fn variable(name: &str) -> Self {
        Self::load(name.to_owned(), 1)
    }

    /// A word of memory that holds a value within a bound.
    pub(super) fn memory_within(address: usize, bound: u32) -> Self {
        Self::load(format!("mload({address:#x})"), bound)
    }

    pub(super) fn code(&self) -> &str {
        &self.code
    }

    pub(super) fn bound(&self) -> u32 {
        self.bound
    }

    /// Whether it is the constant one.
    pub(super) fn is_one(&self) -> bool {
        self.constant.is_some_and(|value| value.is_one())
    }

    pub(super) fn is_leaf(&self) -> bool {
        self.leaf
    }

    /// Whether it should be stored before it is used further.
    pub(super) fn is_deep(&self) -> bool {
        self.depth >= DEEPEST
    }

    fn operation(code: String, bound: u32, depth: u32) -> Self {
        Self { code, bound, depth, constant: None, leaf: false }
    }

    /// Puts the deeper operand where less is on the stack while it is computed:
    /// arguments are computed from the last to the first.
    fn sorted<'a>(a: &'a Self, b: &'a Self) -> (&'a Self, &'a Self) {
        if a.depth > b.depth { (b, a) } else { (a, b) }
    }

    pub(super) fn plus(&self, other: &Self) -> Self {
        match (self.constant, other.constant) {
            (Some(a), Some(b)) => return Self::constant(a + b),
            (Some(zero), None) if zero.is_zero() => return other.clone(),
            (None, Some(zero)) if zero.is_zero() => return self.clone(),
            _ => {}
        }
        let (a, b) = Self::sorted(self, other);
        let bound = a.bound + b.bound;
        if bound <= MOST {
            let depth = b.depth.max(a.depth + 1);
            return Self::operation(format!("add({}, {})", a.code, b.code), bound, depth);
        }
        let depth = (b.depth + 1).max(a.depth + 2);
        Self::operation(format!("addmod({}, {}, r)", a.code, b.code), 1, depth)
    }

    pub(super) fn times(&self, other: &Self) -> Self {
        match (self.constant, other.constant) {
            (Some(a), Some(b)) => return Self::constant(a * b),
            (Some(a), None) if a.is_zero() || a.is_one() || a == -Fr::one() => {
                return other.scaled(a);
            }
            (None, Some(b)) if b.is_zero() || b.is_one() || b == -Fr::one() => {
                return self.scaled(b);
            }
            _ => {}
        }
        let (a, b) = Self::sorted(self, other);
        let depth = (b.depth + 1).max(a.depth + 2).max(3);
        Self::operation(format!("mulmod({}, {}, r)", a.code, b.code), 1, depth)
    }

    /// Times zero, one or minus one.
    fn scaled(&self, factor: Fr) -> Self {
        if factor.is_zero() {
            return Self::constant(factor);
        }
        if factor.is_one() { self.clone() } else { self.negated() }
    }

    pub(super) fn negated(&self) -> Self {
        if let Some(value) = self.constant {
            return Self::constant(-value);
        }
        let reduced = self.reduced(1);
        // `r - value` is at most r.
        let depth = (reduced.depth).max(2);
        Self::operation(format!("sub(r, {})", reduced.code), 1, depth)
    }

    pub(super) fn minus(&self, other: &Self) -> Self {
        self.plus(&other.negated())
    }

    /// The same value, at most `bound` times the modulus.
    pub(super) fn reduced(&self, bound: u32) -> Self {
        if self.bound <= bound {
            return self.clone();
        }
        Self::operation(format!("mod({}, r)", self.code), 1, self.depth + 1)
    }
}

/// The inverse of a constant that is not zero.
pub(super) fn inverse(value: Fr) -> Fr {
    value.inverse().unwrap_or_default()
}
