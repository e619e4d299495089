//! `--chain` where the command was built without the feature `chain`.

use super::example::Example;
use super::story::Story;
use crate::cmd::evm::EvmError;
use crate::error::Error;

pub(super) fn chain(_: &mut Story, _: &Example) -> Result<(), Error> {
    Err(EvmError::NotBuilt("--chain".into()).into())
}
