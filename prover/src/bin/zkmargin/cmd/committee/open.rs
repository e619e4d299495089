//! `zkmargin committee open` and `zkmargin disclose`: a portfolio by the parts of
//! enough members, or by its owner's viewing key.

use std::path::{Path, PathBuf};

use serde::Serialize;
use zkmargin_margin::escrow::Words;
use zkmargin_margin::ids::AccountId;
use zkmargin_prover::backend::Backend;
use zkmargin_prover::escrow::{
    EscrowGroup, OpenedFile, PartFile, ViewingKeyFile, open, open_with_nonce,
};
use zkmargin_prover::files::Source;
use zkmargin_prover::with_backend;

use super::{EscrowCommandError, Sealed, SealedArgs, file_error, named, read_sealed, write_for};
use crate::env::Env;
use crate::error::{Error, Exit};
use crate::input::{KeyArgs, parse_source, refuse_existing};
use crate::keys::RecipientArgs;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The members' parts: one of each, as many as the threshold at least; those to you
    /// are decrypted
    #[arg(required = true, value_parser = parse_source)]
    part: Vec<Source>,
    #[command(flatten)]
    keys: KeyArgs,
    #[command(flatten)]
    sealed: SealedArgs,
    #[command(flatten)]
    target: Target,
}

/// What is said after the help of `disclose`.
const NOTE: &str = "\
`prove --escrow --viewing-key` writes a viewing key. It opens the portfolio of that one \
proof: whoever is shown it sees one account in one epoch, and checks that it is what was \
proved.";

#[derive(Debug, clap::Args)]
#[command(after_help = NOTE)]
pub(crate) struct DiscloseArgs {
    /// The viewing key, as `prove --viewing-key` wrote it
    #[arg(value_parser = parse_source)]
    viewing_key: Source,
    #[command(flatten)]
    sealed: SealedArgs,
    #[command(flatten)]
    target: Target,
}

/// Where the portfolio goes.
#[derive(Debug, clap::Args)]
struct Target {
    #[command(flatten)]
    to: RecipientArgs,
    /// Where the portfolio goes: an age file to the recipients, or readable by you alone
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Replace an existing output file
    #[arg(long)]
    force: bool,
}

#[derive(Serialize)]
struct Report {
    account: AccountId,
    epoch: u64,
    /// The commitment that the portfolio opens: that of the account's leaf under the
    /// proof's state root.
    commitment: String,
    /// Why parts were left out, their members named.
    left_out: Vec<String>,
    output: PathBuf,
}

pub(super) fn run(args: &Args, env: Env) -> Result<Exit, Error> {
    refuse_existing(&args.target.output, args.target.force)?;
    with_backend!(args.sealed.system(env)?, B => open_parts::<<B as Backend>::Field>(args, env))
}

pub(crate) fn disclose(args: &DiscloseArgs, env: Env) -> Result<Exit, Error> {
    refuse_existing(&args.target.output, args.target.force)?;
    with_backend!(args.sealed.system(env)?, B => view::<<B as Backend>::Field>(args, env))
}

fn open_parts<F: EscrowGroup>(args: &Args, env: Env) -> Result<Exit, Error> {
    let sealed = args.sealed.load::<F>(env)?;
    let part = |source: &Source| {
        let text = read_sealed(source, &args.keys)?;
        PartFile::parse::<F>(&text).map_err(|error| file_error(source, error))
    };
    let parts = args.part.iter().map(part).collect::<Result<Vec<_>, _>>()?;
    let Sealed { committee, binding, ciphertext } = &sealed;
    let opened = open(committee, ciphertext, binding, &parts).map_err(EscrowCommandError::from)?;
    let left_out: Vec<_> = opened.dishonest.iter().map(ToString::to_string).collect();
    for reason in &left_out {
        env.out.note(format!("warning: {reason}"));
    }
    tell(&sealed, &opened.words, left_out, &args.target, env)
}

fn view<F: EscrowGroup>(args: &DiscloseArgs, env: Env) -> Result<Exit, Error> {
    let sealed = args.sealed.load::<F>(env)?;
    let (escrow, nonce) = ViewingKeyFile::parse::<F>(&args.viewing_key.read_secret()?)
        .map_err(|error| file_error(&args.viewing_key, error))?;
    let Sealed { committee, binding, ciphertext } = &sealed;
    if escrow != ciphertext.digest(committee.key()) {
        let other = zkmargin_prover::escrow::OpenError::OtherNonce;
        return Err(EscrowCommandError::from(other).into());
    }
    let words = open_with_nonce(committee.key(), &nonce, ciphertext, binding)
        .map_err(EscrowCommandError::from)?;
    tell(&sealed, &words, Vec::new(), &args.target, env)
}

/// Writes the portfolio, and says whose it is.
fn tell<F: EscrowGroup>(
    sealed: &Sealed<F>,
    words: &Words<F>,
    left_out: Vec<String>,
    Target { to, output, force }: &Target,
    env: Env,
) -> Result<Exit, Error> {
    let file =
        OpenedFile::of(words).map_err(|error| file_error(&Source::Path(output.clone()), error))?;
    if write_for(output, &file.to_json(), named(to)?.as_ref(), *force, env)? {
        return Ok(Exit::Done);
    }
    let report = Report {
        account: sealed.binding.account,
        epoch: sealed.binding.epoch.get(),
        commitment: file.commitment().to_owned(),
        left_out,
        output: Path::to_owned(output),
    };
    env.out.result(&report, |report| {
        let Report { account, epoch, commitment, output, .. } = report;
        vec![
            format!("portfolio of {account} in epoch {epoch} opened to {}", output.display()),
            format!("commitment {commitment}"),
        ]
    })?;
    Ok(Exit::Done)
}
