//! `zkmargin verify`.
//!
//! It fails closed: what a proof is about must be pinned down, by an epoch file
//! that enough signers signed or by single options. What is not, and was not
//! waived by name, is no acceptance.

mod check;
mod escrow;
mod expected;
mod haircut;
mod netting;
mod page;
mod subtrees;
mod venue;
mod verdict;

use zkmargin_margin::claim::Side;
use zkmargin_margin::layout::ColumnLayout;
use zkmargin_prover::files::Source;
use zkmargin_verifier::pins::{Figure, Mismatch, Pins};
use zkmargin_verifier::proof::VerifiedEscrow;

use crate::env::Env;
use crate::error::{Error, Exit};
use crate::input::{SrsArgs, parse_source};
use crate::output::stderr_line;

pub(crate) use check::{check_files, check_transition, read_files};
pub(crate) use escrow::check_escrow;
#[cfg(feature = "chain")]
pub(crate) use subtrees::not_one_venue;
#[cfg(feature = "chain")]
pub(crate) use venue::not_covered;

use check::{Verified, are_nettings, check_all};
use escrow::{Demanded, EscrowArgs};
use expected::Expected;
use verdict::{ProofReport, Report};

/// What is said after the help.
const NOTE: &str = "\
Accepted is a proof whose context, state root, market root, model, claim and age of \
prices are all told: by an epoch file that enough of its signers signed, or by single \
options. What is neither told nor waived is named, and ends the command with 2. The \
verdict says what it rests on; a proof that an account is *below* a level ends it \
with 4. Several proofs are verified as a batch.";

#[derive(Debug, clap::Args)]
#[command(after_help = NOTE)]
pub(crate) struct Args {
    /// The proof files
    #[arg(required = true, value_parser = parse_source)]
    proof: Vec<Source>,
    /// Verify the proofs of a venue (`venue prove`), all of one epoch, files or
    /// directories of them: that of all its accounts those below the level are
    /// flagged and no others
    #[arg(long, conflicts_with_all = ["open", "escrow"])]
    venue: bool,
    /// Verify the proofs of a haircut (`venue haircut`), all of one epoch, files or
    /// directories of them: that all its winners bear a loss in proportion to their
    /// equity, and no other account bears any of it
    #[arg(long, conflicts_with_all = ["open", "escrow", "venue"])]
    haircut: bool,
    /// Show the proof in the browser, on a page that verifies it there too; until
    /// the command is ended
    #[arg(long, conflicts_with = "at")]
    open: bool,
    /// Take proofs of this layout of columns alone, tall or wide, as a contract does
    #[arg(long, value_name = "LAYOUT")]
    layout: Option<ColumnLayout>,
    #[command(flatten)]
    srs: SrsArgs,
    #[command(flatten)]
    escrow: EscrowArgs,
    #[command(flatten)]
    expected: Expected,
}

pub(crate) fn run(args: &Args, env: Env) -> Result<Exit, Error> {
    let ended = report(args, env);
    match (args.open, args.proof.as_slice()) {
        (false, _) => ended,
        (true, [Source::Stdin]) => Err(Error::Usage("--open shows a file, not standard input")),
        (true, [proof]) if page::may_be_shown(&ended) => {
            if let Err(error) = &ended {
                stderr_line(&format!("error: {}", error.message(false)));
            }
            page::show_page(proof, &args.expected, args.srs, env)?;
            ended
        }
        (true, [_]) => ended,
        (true, _) => Err(Error::Usage("--open shows one proof")),
    }
}

fn report(args: &Args, env: Env) -> Result<Exit, Error> {
    if args.haircut {
        let pins = args.expected.pins(&Figure::NEEDED_OF_HAIRCUT, env)?;
        return haircut::report(&args.proof, &pins, (args.srs, args.layout), env);
    }
    let pins = args.expected.pins(&Figure::NEEDED, env)?;
    if args.venue {
        return venue::report(&args.proof, &pins, (args.srs, args.layout), env);
    }
    let demanded = args.escrow.demanded(env)?;
    let checked = check_all(&args.proof, (args.srs, args.layout), env)?;
    // They are held to venues in place of a state root.
    let pins = match are_nettings(&checked)? {
        true => pins.of_netting(),
        false => pins,
    };
    let (mut first_error, mut below) = (None, false);
    let other = |source: &Source, error: Mismatch| Error::Mismatch {
        place: source.to_string(),
        what: error.figure.key(),
        expected: error.expected,
        found: error.found,
    };
    let mut proofs = Vec::new();
    for (source, result) in args.proof.iter().zip(checked) {
        let matched = result.and_then(|verified| match verified {
            Verified::Margin(claim) => {
                demand(demanded.as_ref(), source, None)?;
                let side = pins.matches(claim.data()).map_err(|error| other(source, error))?;
                below |= side == Side::Below;
                Ok(ProofReport::proved(source, *claim.data(), &pins))
            }
            Verified::Escrow(escrow) => {
                demand(demanded.as_ref(), source, Some(&escrow))?;
                let claim = *escrow.claim().data();
                let side = pins.matches(&claim).map_err(|error| other(source, error))?;
                below |= side == Side::Below;
                let proved = ProofReport::proved(source, claim, &pins);
                Ok(proved.with_escrow(escrow.escrow(), demanded.is_some()))
            }
            Verified::Transition(transition) => {
                demand(demanded.as_ref(), source, None)?;
                pins.matches_transition(transition.data()).map_err(|error| other(source, error))?;
                Ok(ProofReport::transition(source, *transition.data(), &pins))
            }
            Verified::Netting(netting) => {
                demand(demanded.as_ref(), source, None)?;
                let side =
                    pins.matches_netting(netting.data()).map_err(|error| other(source, error))?;
                below |= side == Side::Below;
                Ok(ProofReport::netting(source, netting.data().clone(), &pins))
            }
        });
        proofs.push(match matched {
            Ok(proved) => proved,
            Err(error) => {
                let refused = ProofReport::refused(source, error.message(false));
                first_error = first_error.or(Some(error));
                refused
            }
        });
    }
    let report = Report::new(proofs, &pins);
    env.out.result(&report, Report::lines)?;
    end(&report, first_error, below, &pins, env)
}

/// Whether a proof has the escrow that is demanded.
fn demand(
    demanded: Option<&Demanded>,
    source: &Source,
    escrow: Option<&VerifiedEscrow>,
) -> Result<(), Error> {
    demanded.map_or(Ok(()), |demanded| demanded.holds(source, escrow))
}

/// How the run ends: what is wrong with a proof counts before what nobody told,
/// and that before what a proof says.
fn end(
    report: &Report,
    first_error: Option<Error>,
    below: bool,
    pins: &Pins,
    env: Env,
) -> Result<Exit, Error> {
    let missing = || (!pins.missing().is_empty()).then(|| Error::NotPinned(pins.missing().into()));
    match (first_error, report.total()) {
        (None, _) => match missing() {
            Some(error) if env.out.is_json() => Ok(error.exit()),
            Some(error) => Err(error),
            None if below => Ok(Exit::Below),
            None => Ok(Exit::Done),
        },
        // The report has told it already.
        (Some(error), _) if env.out.is_json() => Ok(error.exit()),
        (Some(error), 1) => Err(error),
        (Some(_), total) => Err(Error::ProofsInvalid { invalid: report.refused_count(), total }),
    }
}
