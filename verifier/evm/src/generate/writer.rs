//! Yul statements, and the memory they use.

use std::fmt::Write as _;

use super::value::Value;

/// Where Solidity lets memory begin.
const MEMORY: usize = 0x80;
/// Bytes of a word.
pub(super) const WORD: usize = 0x20;

/// A program in the making.
#[derive(Debug)]
pub(super) struct Writer {
    code: String,
    indent: usize,
    free: usize,
}

impl Writer {
    pub(super) fn new(indent: usize) -> Self {
        Self { code: String::new(), indent, free: MEMORY }
    }

    pub(super) fn finish(self) -> String {
        self.code
    }

    /// Memory for so many words.
    pub(super) fn allocate(&mut self, words: usize) -> usize {
        let address = self.free;
        self.free += words * WORD;
        address
    }

    /// A line of code.
    pub(super) fn line(&mut self, text: impl AsRef<str>) {
        // Writing to a string does not fail.
        let _ = writeln!(self.code, "{:1$}{2}", "", self.indent, text.as_ref());
    }

    /// A heading.
    pub(super) fn comment(&mut self, text: &str) {
        self.line(format!("// {text}"));
    }

    /// Lines in a block of their own, whose variables end with it.
    pub(super) fn block(&mut self, lines: impl FnOnce(&mut Self)) {
        self.line("{");
        self.indent += 4;
        lines(self);
        self.indent -= 4;
        self.line("}");
    }

    /// Stores a word.
    pub(super) fn store(&mut self, address: usize, value: &Value) {
        self.line(format!("mstore({address:#x}, {})", value.code()));
    }

    /// A value stored once, to be used often.
    pub(super) fn keep(&mut self, value: &Value) -> Value {
        if value.is_leaf() {
            return value.clone();
        }
        let address = self.allocate(1);
        self.store(address, value);
        Value::memory_within(address, value.bound())
    }

    /// The value, stored if it is too deep to go into a larger one.
    pub(super) fn shallow(&mut self, value: Value) -> Value {
        if value.is_deep() { self.keep(&value) } else { value }
    }

    pub(super) fn sum(&mut self, left: &Value, right: &Value) -> Value {
        self.shallow(left.plus(right))
    }

    pub(super) fn product(&mut self, left: &Value, right: &Value) -> Value {
        self.shallow(left.times(right))
    }
}
