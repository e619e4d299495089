//! `zkmargin completions`.

use clap_complete::Shell;

use crate::env::Env;
use crate::error::{Error, Exit};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The shell
    shell: Shell,
}

pub(crate) fn run(args: &Args, mut command: clap::Command, env: Env) -> Result<Exit, Error> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "zkmargin", &mut script);
    env.out.bytes(&script)?;
    Ok(Exit::Done)
}
