//! Where a transaction's gas goes: by contract, and by what its code does.

use std::collections::BTreeMap;

use revm::bytecode::opcode;
use revm::context::result::ResultAndState;
use revm::database::WrapDatabaseRef;
use revm::inspector::Inspector;
use revm::interpreter::interpreter_types::Jumps as _;
use revm::interpreter::{CallInputs, CallOutcome, Interpreter};
use revm::primitives::{Address, TxKind};
use revm::{InspectEvm as _, MainBuilder as _};

use super::{Chain, GAS_LIMIT};

/// Gas, and how many opcodes took it, of what a contract does.
pub type Trace = BTreeMap<(Address, &'static str), (u64, u64)>;

/// What a contract's code is doing: gas of an opcode is known at the next one.
struct Frame {
    of: Address,
    last: Option<(&'static str, u64)>,
    /// Of calls since the last opcode.
    called: u64,
}

#[derive(Default)]
struct Tracer {
    frames: Vec<Frame>,
    trace: Trace,
}

impl Tracer {
    fn charge(&mut self, of: Address, what: &'static str, gas: u64) {
        let entry = self.trace.entry((of, what)).or_default();
        entry.0 += gas;
        entry.1 += 1;
    }
}

impl<C> Inspector<C> for Tracer {
    fn step(&mut self, interpreter: &mut Interpreter, _: &mut C) {
        let left = interpreter.gas.remaining();
        let Some(frame) = self.frames.last_mut() else { return };
        let called = std::mem::take(&mut frame.called);
        let last = frame.last.replace((kind(interpreter.bytecode.opcode()), left));
        let of = frame.of;
        if let Some((what, before)) = last {
            self.charge(of, what, before - left - called);
        }
    }

    fn call(&mut self, _: &mut C, inputs: &mut CallInputs) -> Option<CallOutcome> {
        self.frames.push(Frame { of: inputs.target_address, last: None, called: 0 });
        None
    }

    fn call_end(&mut self, _: &mut C, _: &CallInputs, outcome: &mut CallOutcome) {
        let Some(frame) = self.frames.pop() else { return };
        let gas = outcome.result.gas.total_gas_spent();
        match frame.last {
            Some((what, before)) => {
                let last = before - outcome.result.gas.remaining() - frame.called;
                self.charge(frame.of, what, last);
            }
            None => self.charge(frame.of, "precompile", gas),
        }
        if let Some(parent) = self.frames.last_mut() {
            parent.called += gas;
        }
    }
}

fn kind(code: u8) -> &'static str {
    match code {
        opcode::SLOAD => "storage read",
        opcode::SSTORE => "storage written",
        opcode::TLOAD | opcode::TSTORE => "transient storage",
        opcode::CALL | opcode::STATICCALL | opcode::DELEGATECALL => "calls",
        opcode::EXTCODEHASH | opcode::EXTCODESIZE => "code of others",
        opcode::LOG0..=opcode::LOG4 => "events",
        opcode::KECCAK256 => "hashes",
        opcode::CALLDATACOPY | opcode::MCOPY | opcode::RETURNDATACOPY => "copies",
        _ => "arithmetic and memory",
    }
}

impl Chain {
    /// Traces a call without its effects: gas of the transaction, and where it goes but for
    /// its base and calldata.
    pub fn trace(&self, from: Address, to: Address, data: Vec<u8>) -> (u64, Trace) {
        let transaction = self.transaction(from, TxKind::Call(to), data, GAS_LIMIT);
        let context = self.context(WrapDatabaseRef(&self.database));
        let mut evm = context.build_mainnet_with_inspector(Tracer::default());
        let ResultAndState { result, .. } = evm.inspect_tx(transaction).unwrap();
        assert!(result.is_success(), "{result:?}");
        (result.tx_gas_used(), evm.inspector.trace)
    }
}
