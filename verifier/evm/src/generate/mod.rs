//! Verifiers as Solidity sources: a verifying key becomes a contract.
//!
//! The contract does what `zkmargin_verifier::bn254` does natively, from the
//! same key, and is held to the same vectors. What makes it cheap: the proof is
//! read where it lies in the calldata; sums are reduced only when they would
//! not fit a word; everything is inverted at once; and all commitments go into
//! one sum of points.
//!
//! | module | writes |
//! |---|---|
//! | `frame` | checks of the calldata, the transcript |
//! | `domain` | Lagrange polynomials, the inversion |
//! | `identities` | the constraints |
//! | `opening` | the sum of points and the pairing |
//! | `batch` | the same of many proofs |
//! | `value`, `writer` | expressions with their bounds, statements and memory |
//! | `poseidon` | the hash of the trees, for contracts that open them |

mod batch;
mod domain;
mod frame;
mod identities;
mod opening;
mod poseidon;
mod value;
mod writer;

pub use poseidon::poseidon;

use zkmargin_verifier::bn254::VerifyingKey;
use zkmargin_verifier::bn254::field::root_of_unity;
use zkmargin_verifier::bn254::layout::Layout;
use zkmargin_verifier::bn254::opening::Plan;

use batch::Batch;
use domain::Domain;
use frame::{Calldata, POINT};
use identities::Identities;
use opening::Opening;
use writer::{WORD, Writer};

/// Words of the sum of points and, behind it, of what the precompiles take.
const SUM_WORDS: usize = 6 * POINT / WORD;
/// Indentation of the code in the contract.
const INDENT: usize = 12;

/// The Solidity source of a contract that verifies the proofs of a key. Equal
/// keys give equal sources, byte for byte.
pub fn solidity(key: &VerifyingKey, name: &str) -> String {
    let layout = Layout::new(key.system());
    let mut writer = Writer::new(INDENT);
    let sum = writer.allocate(SUM_WORDS);
    body(&mut writer, key, &layout, sum);
    let one = writer.finish();
    let mut writer = Writer::new(INDENT);
    let sum = writer.allocate(SUM_WORDS);
    batch(&mut writer, key, &layout, sum);
    template(key, &layout, name, sum, &one, &writer.finish())
}

fn batch(writer: &mut Writer, key: &VerifyingKey, layout: &Layout, sum: usize) {
    let plan = Plan::new(key.system(), layout);
    let calldata = Calldata::new(key.system(), layout);
    let points = opening::key_points(key, &plan);
    Batch { key, calldata: &calldata, points: &points }.verify(writer, sum);
}

fn body(writer: &mut Writer, key: &VerifyingKey, layout: &Layout, sum: usize) {
    let system = key.system();
    let root = root_of_unity(system.k);
    let plan = Plan::new(system, layout);
    let calldata = Calldata::new(system, layout);
    let challenges = frame::read(writer, key, layout, &calldata);
    let domain = Domain::new(writer, system, &plan, root, &calldata, &challenges);
    let identities = Identities {
        system,
        layout,
        calldata: &calldata,
        challenges: &challenges,
        domain: &domain,
    };
    let quotient = identities.quotient(writer);
    let opening = Opening {
        key,
        layout,
        plan: &plan,
        root,
        calldata: &calldata,
        challenges: &challenges,
        domain: &domain,
        quotient,
        sum,
    };
    opening.verify(writer);
}

fn template(
    key: &VerifyingKey,
    layout: &Layout,
    name: &str,
    sum: usize,
    one: &str,
    many: &str,
) -> String {
    let (family, shape) = (key.family(), key.shape());
    let system = key.system();
    let warning = if key.is_insecure() {
        "\n/// @custom:security INSECURE: made under powers of tau whose secret is known, so that\n\
         /// anyone can forge a proof of anything. For tests only."
    } else {
        ""
    };
    let (inputs, rows, most) = (system.public_inputs, system.k, batch::MOST);
    let (circuit, length, insecure) = (key.digest(), layout.proof_size(), key.is_insecure());
    let (modulus, point, point_size) = (frame::modulus(), sum + POINT, POINT);
    let (factor, pair) = (point + POINT, 2 * POINT);
    format!(
        r"// SPDX-License-Identifier: MIT OR Apache-2.0
// Generated from a verifying key by zkmargin-evm. Do not edit.
pragma solidity ^0.8.28;

/// @title Verifier of margin proofs: {family} margin, {shape} shape
/// @notice PLONK with KZG commitments over BN254, SHPLONK openings, Keccak transcript;
/// 2^{rows} rows. Refuses all but the one encoding of its arguments.{warning}
/// @dev Implements IMarginVerifier. Give it bounded gas: an invalid point burns all.
/// Not for DELEGATECALL.
contract {name} {{
    /// @notice Digest of the verifying key, which names circuit and powers of tau.
    bytes32 public constant CIRCUIT = {circuit};
    /// @notice Exact length of a proof, in bytes.
    uint256 public constant PROOF_LENGTH = {length};
    /// @notice Whether everybody knows the secret of the powers of tau.
    bool public constant INSECURE_DEV_SRS = {insecure};

    /// @notice Whether a proof proves the public inputs.
    function verify(uint256[{inputs}] calldata, bytes calldata) external view returns (bool) {{
        assembly {{
            function refuse() {{
                mstore(0, 0)
                return(0, 0x20)
            }}
            // Adds the point at {point:#x} times a factor to the sum.
            function add_times(factor) {{
                mstore({factor:#x}, factor)
                // The product first: arguments are computed from the last to the first.
                if iszero(
                    and(
                        staticcall(gas(), 6, {sum:#x}, {pair:#x}, {sum:#x}, 0x40),
                        staticcall(gas(), 7, {point:#x}, 0x60, {point:#x}, 0x40)
                    )
                ) {{ refuse() }}
            }}
            let r := {modulus}
{one}        }}
    }}

    /// @notice Whether every one of 1 to {most} proofs proves its public inputs.
    function verifyBatch(
        uint256[{inputs}][] calldata,
        bytes[] calldata
    ) external view returns (bool) {{
        bytes4 selector = this.verify.selector;
        assembly {{
            function refuse() {{
                mstore(0, 0)
                return(0, 0x20)
            }}
            // Adds the point behind a sum times a factor to it.
            function add_times(sum, factor) {{
                let point := add(sum, {point_size:#x})
                mstore(add(sum, {pair:#x}), factor)
                if iszero(
                    and(
                        staticcall(gas(), 6, sum, {pair:#x}, sum, 0x40),
                        staticcall(gas(), 7, point, 0x60, point, 0x40)
                    )
                ) {{ refuse() }}
            }}
            let r := {modulus}
{many}        }}
    }}
}}
"
    )
}
