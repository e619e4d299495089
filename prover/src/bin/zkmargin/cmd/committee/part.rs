//! `zkmargin committee share`: a member's part of a decryption.

use std::path::PathBuf;

use serde::Serialize;
use zkmargin_margin::ids::AccountId;
use zkmargin_prover::escrow::{EscrowGroup, MemberFile, Part, PartFile};
use zkmargin_prover::files::Source;
use zkmargin_prover::with_backend;

use super::{EscrowCommandError, SealedArgs, file_error, named, read_sealed, write_for};
use crate::env::Env;
use crate::error::{Error, Exit};
use crate::input::{KeyArgs, parse_source, refuse_existing};
use crate::keys::RecipientArgs;

/// What is said after the help.
const NOTE: &str = "\
With --recipient the part is an age file to those who may open the portfolio: where every \
member names the liquidators alone, nobody else can open it, other members and whoever \
carries the parts included.";

#[derive(Debug, clap::Args)]
#[command(after_help = NOTE)]
pub(crate) struct Args {
    /// The member's secret, as `committee new` wrote it
    #[arg(value_parser = parse_source)]
    member: Source,
    #[command(flatten)]
    keys: KeyArgs,
    #[command(flatten)]
    sealed: SealedArgs,
    #[command(flatten)]
    to: RecipientArgs,
    /// Where the part goes: for those who may open the portfolio
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Replace an existing output file
    #[arg(long)]
    force: bool,
}

#[derive(Serialize)]
struct Report {
    member: u8,
    account: AccountId,
    epoch: u64,
    output: PathBuf,
}

pub(super) fn run(args: &Args, env: Env) -> Result<Exit, Error> {
    refuse_existing(&args.output, args.force)?;
    with_backend!(args.sealed.system(env)?, B => {
        share::<<B as zkmargin_prover::backend::Backend>::Field>(args, env)
    })
}

fn share<F: EscrowGroup>(args: &Args, env: Env) -> Result<Exit, Error> {
    let to = named(&args.to)?;
    let text = read_sealed(&args.member, &args.keys)?;
    let member = MemberFile::parse::<F>(&text).map_err(|error| file_error(&args.member, error))?;
    let sealed = args.sealed.load::<F>(env)?;
    let part = Part::new(&sealed.committee, &member, &sealed.ciphertext)
        .map_err(EscrowCommandError::from)?;
    let text = PartFile::of(&part).to_json();
    if write_for(&args.output, &text, to.as_ref(), args.force, env)? {
        return Ok(Exit::Done);
    }
    let report = Report {
        member: part.member,
        account: sealed.binding.account,
        epoch: sealed.binding.epoch.get(),
        output: args.output.clone(),
    };
    env.out.result(&report, |report| {
        let Report { member, account, epoch, output } = report;
        vec![format!(
            "part of member {member} for {account} in epoch {epoch}, {}",
            output.display()
        )]
    })?;
    Ok(Exit::Done)
}
