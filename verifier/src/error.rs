//! Why a proof is not accepted. Malformed is not invalid: a malformed proof
//! was damaged or made by other software, an invalid one is false.

use alloc::string::String;

use zkmargin_margin::layout::ColumnLayout;
use zkmargin_margin::shape::{Family, ProofSystem, Shape};
use zkmargin_margin::srs::SrsMark;
use zkmargin_margin::statement::Statement;

/// A text that is no proof file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MalformedProof {
    /// More bytes than any proof file has.
    #[error("{size} bytes are too many: a proof file has at most {limit}")]
    TooLarge {
        /// Its size.
        size: usize,
        /// The largest size.
        limit: usize,
    },
    /// Not JSON, or JSON of types that no proof file has.
    #[error("not the JSON of a proof file at line {line}, column {column}: {problem}")]
    Json {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// What kind of problem.
        problem: JsonProblem,
    },
    /// The format's name is another.
    #[error("format must be \"zkmargin-proof\"")]
    Format,
    /// A proof of another statement: one of an account's transition, of a venue, one
    /// with an escrow, or one over several venues, where one of its margin is read, or
    /// the reverse.
    #[error(
        "the proof is of another statement: a transition, a venue's proof, one with an escrow or one over several venues is no margin proof, nor the reverse"
    )]
    OtherStatement,
    /// Another version of the file format.
    #[error("version {got} of the file format is unknown: allowed is {allowed}")]
    Version {
        /// The file's.
        got: u64,
        /// The one that is read.
        allowed: u64,
    },
    /// Another version of the statement.
    #[error("statement version {got} is unknown: allowed is {allowed}")]
    Statement {
        /// The file's.
        got: u64,
        /// The one that is known.
        allowed: u64,
    },
    /// A field that proof files do not have.
    #[error("unknown field {name}")]
    UnknownField {
        /// Its name.
        name: String,
    },
    /// A field twice.
    #[error("field {field} is there twice")]
    DuplicateField {
        /// Its name.
        field: &'static str,
    },
    /// A field is missing.
    #[error("field {field} is missing")]
    MissingField {
        /// Its name.
        field: &'static str,
    },
    /// A field is of another JSON type.
    #[error("{field} must be {expected}")]
    WrongType {
        /// Its name.
        field: &'static str,
        /// The type it should have, in words.
        expected: &'static str,
    },
    /// A value that is none of the known names.
    #[error("{field} is unknown: allowed are {allowed}")]
    UnknownName {
        /// The field's name.
        field: &'static str,
        /// The known names.
        allowed: &'static str,
    },
    /// The proof is over another field than the reader's.
    #[error("the proof is over another field: allowed is {allowed}")]
    OtherField {
        /// The reader's field.
        allowed: &'static str,
    },
    /// A value that is out of range or not spelt in the one allowed way.
    #[error("{field} is not canonical: allowed is {allowed}")]
    NotCanonical {
        /// The field's name.
        field: &'static str,
        /// The allowed spelling.
        allowed: &'static str,
    },
}

/// What is wrong with a JSON text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JsonProblem {
    /// The text ends too early.
    #[error("the file is cut off")]
    CutOff,
    /// Not JSON.
    #[error("syntax error")]
    Syntax,
    /// A value of a type that no field has: a list, a fraction, an escaped text.
    #[error("only plain texts, whole numbers and objects are allowed")]
    Type,
}

/// Why a proof does not verify.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The proof file cannot be read.
    #[error(transparent)]
    Malformed(#[from] MalformedProof),
    /// The proof has another length than proofs of its circuit have.
    #[error("the proof has {got} bytes: proofs of this circuit have {expected}")]
    Length {
        /// The length of every proof of the circuit.
        expected: usize,
        /// The proof's.
        got: usize,
    },
    /// The verifying key is for another family of margin models.
    #[error("the proof is of family {proof}, the verifying key of family {key}")]
    WrongFamily {
        /// The key's family.
        key: Family,
        /// The proof's.
        proof: Family,
    },
    /// The verifying key is for another statement.
    #[error("the proof is of statement {proof}, the verifying key of statement {key}")]
    WrongStatement {
        /// The key's statement.
        key: Statement,
        /// The proof's.
        proof: Statement,
    },
    /// The verifying key is for another shape.
    #[error("the proof is of shape {proof}, the verifying key of shape {key}")]
    WrongShape {
        /// The key's shape.
        key: Shape,
        /// The proof's.
        proof: Shape,
    },
    /// The verifying key is for another layout of columns.
    #[error(
        "the proof is of the {proof} layout, the verifying key of the {key} one: prove again with --layout {key}"
    )]
    WrongLayout {
        /// The key's layout.
        key: ColumnLayout,
        /// The proof's.
        proof: ColumnLayout,
    },
    /// The verifier is for another proof system.
    #[error("the proof is of proof system {proof}, the verifier of {verifier}")]
    WrongProofSystem {
        /// The verifier's proof system.
        verifier: ProofSystem,
        /// The proof's.
        proof: ProofSystem,
    },
    /// The proof was made under other powers of tau.
    #[error("the proof was made under other powers of tau ({}) than the verifying key ({verifier})",
        .proof.map_or_else(|| "none".into(), |srs| alloc::format!("{srs}")))]
    WrongSrs {
        /// The verifier's.
        verifier: SrsMark,
        /// The proof's.
        proof: Option<SrsMark>,
    },
    /// A point or scalar in the proof bytes is not canonically encoded.
    #[error("the proof bytes hold a point or scalar that is not canonically encoded")]
    Encoding,
    /// The proof does not prove these public inputs.
    #[error("the proof is invalid: it does not prove these public inputs")]
    Invalid,
}
