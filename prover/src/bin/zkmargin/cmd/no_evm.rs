//! `zkmargin evm` where the command was built without the feature `chain`: what talks
//! to nodes is 138 crates, and no trader with a ledger needs it.

use std::ffi::OsString;

use clap::Subcommand;
use zkmargin_margin::layout::ColumnLayout;
use zkmargin_margin::shape::{Family, Shape};
use zkmargin_prover::files::Source;

use crate::env::Env;
use crate::error::{Error, Exit};

/// Whatever is asked, the answer is the same.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    #[command(external_subcommand)]
    Any(Vec<OsString>),
}

/// There is one reason only.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EvmError {
    #[error("{0}: this zkmargin was built without what talks to chains")]
    NotBuilt(String),
}

impl EvmError {
    /// Nothing was asked, so nothing refused.
    pub(crate) fn is_refusal(&self) -> bool {
        false
    }

    /// What to do next.
    pub(crate) fn hint(&self) -> Option<String> {
        Some(
            "install it with the feature: cargo install --locked --path prover --features chain"
                .into(),
        )
    }
}

pub(crate) fn run(command: &Command, _: Env) -> Result<Exit, Error> {
    let Command::Any(words) = command;
    let first = words.first().map(|word| word.to_string_lossy()).unwrap_or_default();
    Err(EvmError::NotBuilt(format!("evm {first}")).into())
}

/// The layout that a deployment verifies is in a file that only these commands read.
pub(crate) fn layout_of(_: &Source, _: Family, _: Shape) -> Result<ColumnLayout, Error> {
    Err(EvmError::NotBuilt("--deployment".into()).into())
}
