//! What the files of proofs about a subtree of a state tree share.

use alloc::string::ToString as _;

use zkmargin_margin::statement::venue::SubtreeDepth;

use super::circuit::CircuitId;
use super::json::Object;
use super::read::{not_canonical, parse_head};
use crate::error::MalformedProof;

/// Which subtree of a state tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subtree {
    /// Levels of it.
    pub depth: SubtreeDepth,
    /// Its number among those of the depth, from the left.
    pub index: usize,
}

impl Subtree {
    /// Whether the state tree has it.
    pub(super) fn check(self) -> Result<(), MalformedProof> {
        match self.index < self.depth.subtrees() {
            true => Ok(()),
            false => Err(not_canonical("subtree", "a number below that of the tree's subtrees")),
        }
    }

    /// Which one a file says that it is about.
    pub(super) fn parse(file: &mut Object<'_>) -> Result<Self, MalformedProof> {
        let depth = parse_depth(file)?;
        let index = usize::try_from(file.number("subtree")?);
        let index = index.map_err(|_| not_canonical("subtree", "a number of a subtree"))?;
        Ok(Self { depth, index })
    }
}

/// What a file of a format says it was made with, and the size of its subtree.
pub(super) fn circuit_of(
    bytes: &[u8],
    format: &str,
) -> Result<(CircuitId, SubtreeDepth), MalformedProof> {
    let (circuit, mut file) = parse_head(bytes, format)?;
    Ok((circuit, parse_depth(&mut file)?))
}

/// A number of accounts.
pub(super) fn parse_count(
    fields: &mut Object<'_>,
    field: &'static str,
) -> Result<u32, MalformedProof> {
    u32::try_from(fields.number(field)?).map_err(|_| not_canonical(field, "a number below 2^32"))
}

fn parse_depth(file: &mut Object<'_>) -> Result<SubtreeDepth, MalformedProof> {
    let leaves = file.number("leaves")?;
    leaves.to_string().parse().map_err(|_| not_canonical("leaves", "4, 16, 64 or 256"))
}
