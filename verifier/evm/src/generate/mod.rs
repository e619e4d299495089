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

use zkmargin_margin::statement::venue::SubtreeDepth;
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
    let (sum, one) = single(key, &layout);
    let mut writer = Writer::new(INDENT);
    writer.allocate(SUM_WORDS);
    batch(&mut writer, key, &layout, sum);
    let many = many(key, &writer.finish());
    let entry = Entry {
        title: "margin proofs",
        implements: "IMarginVerifier",
        constants: String::new(),
        function: "verify",
    };
    template(key, (&layout, &entry), name, sum, (&one, &many))
}

/// The same of the proofs of venues over subtrees of so many levels. A key says neither
/// its statement nor the levels: whoever gives one must know both. The function has a name
/// of its own, so that no gate takes such a contract for one of margin proofs, which have
/// as many public inputs.
pub fn venue_solidity(key: &VerifyingKey, depth: SubtreeDepth, name: &str) -> String {
    let layout = Layout::new(key.system());
    let (sum, one) = single(key, &layout);
    let levels = depth.get();
    let constants = format!(
        "    /// @notice Levels of the subtree that a proof is over.
    uint256 public constant SUBTREE_DEPTH = {levels};\n"
    );
    let entry = Entry {
        title: "venues' proofs",
        implements: "IVenueVerifier",
        constants,
        function: "verifyVenue",
    };
    template(key, (&layout, &entry), name, sum, (&one, ""))
}

/// What a verifier is called by, and what it says beside what all of them say.
struct Entry {
    title: &'static str,
    implements: &'static str,
    constants: String,
    function: &'static str,
}

/// Where the sum of points is, and the code that verifies one proof.
fn single(key: &VerifyingKey, layout: &Layout) -> (usize, String) {
    let mut writer = Writer::new(INDENT);
    let sum = writer.allocate(SUM_WORDS);
    body(&mut writer, key, layout, sum);
    (sum, writer.finish())
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
    (layout, entry): (&Layout, &Entry),
    name: &str,
    sum: usize,
    (one, many): (&str, &str),
) -> String {
    let (family, shape) = (key.family(), key.shape());
    let system = key.system();
    let warning = if key.is_insecure() {
        "\n/// @custom:security INSECURE: made under powers of tau whose secret is known, so that\n\
         /// anyone can forge a proof of anything. For tests only."
    } else {
        ""
    };
    let (inputs, rows) = (system.public_inputs, system.k);
    let (circuit, length, insecure) = (key.digest(), layout.proof_size(), key.is_insecure());
    let (modulus, point) = (frame::modulus(), sum + POINT);
    let (factor, pair) = (point + POINT, 2 * POINT);
    let Entry { title, implements, constants, function } = entry;
    format!(
        r"// SPDX-License-Identifier: MIT OR Apache-2.0
// Generated from a verifying key by zkmargin-evm. Do not edit.
pragma solidity ^0.8.28;

/// @title Verifier of {title}: {family} margin, {shape} shape
/// @notice PLONK with KZG commitments over BN254, SHPLONK openings, Keccak transcript;
/// 2^{rows} rows. Refuses all but the one encoding of its arguments.{warning}
/// @dev Implements {implements}. Give it bounded gas: an invalid point burns all.
/// Not for DELEGATECALL.
contract {name} {{
    /// @notice Digest of the verifying key, which names circuit and powers of tau.
    bytes32 public constant CIRCUIT = {circuit};
    /// @notice Exact length of a proof, in bytes.
    uint256 public constant PROOF_LENGTH = {length};
    /// @notice Whether everybody knows the secret of the powers of tau.
    bool public constant INSECURE_DEV_SRS = {insecure};
{constants}
    /// @notice Whether a proof proves the public inputs.
    function {function}(uint256[{inputs}] calldata, bytes calldata) external view returns (bool) {{
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
{many}}}
"
    )
}

/// The function that verifies many proofs at once.
fn many(key: &VerifyingKey, code: &str) -> String {
    let (inputs, most) = (key.system().public_inputs, batch::MOST);
    let (modulus, point_size, pair) = (frame::modulus(), POINT, 2 * POINT);
    format!(
        r"
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
{code}        }}
    }}
"
    )
}
