//! `zkmargin committee new`.

use std::path::{Path, PathBuf};

use serde::Serialize;
use zkmargin_prover::crypt::{self, Recipient, Recipients};
use zkmargin_prover::escrow::{CommitteeFile, EscrowGroup, Member, MemberFile, deal};
use zkmargin_prover::files::{Kind, Source, create_directory, refuse_target, write_atomic};
use zkmargin_prover::with_backend;

use super::{EscrowCommandError, field_name};
use crate::env::Env;
use crate::error::{Error, Exit};

/// What is said after the help.
const NOTE: &str = "\
committee.json is public: its key is what `prove --escrow` encrypts to. Each member's file \
is for that member alone; who deals knows them all until they are gone. A member checks \
what it got with `committee share`, which refuses a secret that the committee's \
commitments are not to.";

#[derive(Debug, clap::Args)]
#[command(after_help = NOTE)]
pub(crate) struct Args {
    /// How many members open together
    #[arg(short, long, value_name = "NUMBER")]
    threshold: usize,
    /// How many members there are, at most 255
    #[arg(short = 'n', long, value_name = "NUMBER")]
    members: usize,
    /// Encrypt each member's secret to its recipient of age: as many as there are
    /// members, in their order
    #[arg(short, long, value_name = "age1...|ssh-...")]
    recipient: Vec<String>,
    /// Directory that the files go to; none of them is overwritten
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
}

#[derive(Serialize)]
struct Report {
    threshold: usize,
    members: usize,
    field: &'static str,
    committee: PathBuf,
    secrets: Vec<PathBuf>,
}

pub(super) fn run(args: &Args, env: Env) -> Result<Exit, Error> {
    let recipients = recipients(args)?;
    with_backend!(env.new_proof_system(), B => {
        new::<<B as zkmargin_prover::backend::Backend>::Field>(args, recipients, env)
    })
}

/// One recipient for each member, or none at all.
fn recipients(args: &Args) -> Result<Option<Vec<Recipient>>, Error> {
    if args.recipient.is_empty() {
        return Ok(None);
    }
    if args.recipient.len() != args.members {
        return Err(Error::Usage("--recipient: give one for each member, or none"));
    }
    let parse = |text: &String| {
        Recipients::parse_key(text)
            .map_err(|source| Error::Recipient { place: "--recipient".to_owned(), source })
    };
    args.recipient.iter().map(parse).collect::<Result<_, _>>().map(Some)
}

fn new<F: EscrowGroup>(
    args: &Args,
    recipients: Option<Vec<Recipient>>,
    env: Env,
) -> Result<Exit, Error> {
    let ending = if recipients.is_some() { "age" } else { "json" };
    let place = |number: usize| args.output.join(format!("member-{number}.{ending}"));
    let committee_path = args.output.join("committee.json");
    refuse_target(&committee_path, Kind::New)?;
    for number in 1..=args.members.min(zkmargin_prover::escrow::MAX_MEMBERS) {
        refuse_target(&place(number), Kind::Secret)?;
    }
    let (committee, members) =
        deal::<F>(args.threshold, args.members).map_err(EscrowCommandError::from)?;
    create_directory(&args.output)?;
    let mut to = recipients.into_iter().flatten();
    let mut secrets = Vec::new();
    for member in &members {
        let path = place(usize::from(member.number()));
        write_member(&path, member, to.next())?;
        secrets.push(path);
    }
    // Last: what is encrypted to a committee whose members have nothing is lost.
    let text = CommitteeFile::of(&committee).to_json();
    write_atomic(&committee_path, &text, Kind::New)?;
    if ending == "json" {
        env.out.note("the secrets are not encrypted: hand each to its member, and remove it");
    }
    let report = Report {
        threshold: committee.threshold(),
        members: args.members,
        field: field_name::<F>(),
        committee: committee_path,
        secrets,
    };
    env.out.result(&report, |report| {
        let Report { threshold, members, committee, .. } = report;
        vec![format!("{threshold} of {members} members, committee in {}", committee.display())]
    })?;
    Ok(Exit::Done)
}

fn write_member<F: EscrowGroup>(
    path: &Path,
    member: &Member<F>,
    to: Option<Recipient>,
) -> Result<(), Error> {
    let text = MemberFile::of(member).to_json();
    let Some(recipient) = to else { return Ok(write_atomic(path, &text, Kind::Secret)?) };
    let sealed = crypt::encrypt(&text, &Recipients::Keys(vec![recipient]), true)
        .map_err(|error| Error::crypt(&Source::Path(path.to_owned()), error))?;
    Ok(write_atomic(path, &sealed, Kind::Secret)?)
}
