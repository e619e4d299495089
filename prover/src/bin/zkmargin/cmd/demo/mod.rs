//! `zkmargin demo`: the whole story, told by the commands themselves.

mod after_call;
mod book;
#[cfg_attr(not(feature = "chain"), path = "no_chain.rs")]
mod chain;
mod example;
#[cfg(feature = "chain")]
mod node;
mod options;
mod sale;
mod story;
mod summary;

use std::path::{Path, PathBuf};
use std::time::Instant;

use serde::Serialize;
use zkmargin_margin::ids::AccountId;
use zkmargin_margin::shape::ProofSystem;
use zkmargin_prover::backend::Backend;
use zkmargin_prover::family::FamilyMarket;
use zkmargin_prover::files::{FileError, create_directory};
use zkmargin_prover::human;
use zkmargin_prover::venue::{Entry, ListEntry};
use zkmargin_verifier::proof::ProofFile;

use crate::cmd::epoch::load_epoch;
use crate::env::Env;
use crate::error::{Error, Exit};
use crate::input::{PublishedMarket, SrsArgs, with_market};
use crate::progress::seconds;
#[cfg(feature = "chain")]
pub(crate) use node::NodeError;

use after_call::{Part, after_call};
pub(super) use example::Example;
use example::{CONTEXT, DEPOSIT, EPOCH_SECONDS, MODEL};
use story::{RunLine, Story};
use summary::{next, summary};

/// What is said after the help.
const NOTE: &str = "\
A real account (Hyperliquid, March 2023, its address removed) is encrypted, proved \
healthy and verified; prices move; the venue proves the breach; the margin call is cured \
by a deposit. Then three options portfolios on a real chain (Deribit, December 2025): a \
covered call and an iron condor are proved healthy, a naked short strangle is called. No \
plain portfolio reaches the disk. --verbose shows every command and all that it says.

With --liquidation, what follows a call that nobody meets with cash: one account closes lots \
by itself, a slice of another is sold, a third is opened by a committee to a liquidator, who \
takes it over; with the seconds of each part. The auction is told: contracts hold it.

With --chain, contracts judge the account: on a local chain, which the demo starts and \
ends. It needs anvil; where there is none, npm fetches it. The key that sends is anvil's \
own, and the powers of tau are insecure ones.";

#[derive(Debug, clap::Args)]
#[command(after_help = NOTE)]
pub(crate) struct Args {
    /// Directory for the files; it must be new or empty
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Play it on a local chain, with contracts in place of the ledger
    #[arg(long)]
    chain: bool,
    /// Play what follows a call that is not met, to the end
    #[arg(long, conflicts_with = "chain")]
    liquidation: bool,
    #[command(flatten)]
    srs: SrsArgs,
}

#[derive(Serialize)]
struct Report {
    directory: PathBuf,
    account: AccountId,
    seconds: f64,
    proofs: usize,
    /// Of the story of a liquidation, what each part took.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    parts: Vec<Part>,
    commands: Vec<String>,
}

pub(crate) fn run(args: &Args, env: Env, run_line: RunLine) -> Result<Exit, Error> {
    let start = Instant::now();
    let dir = directory(args.dir.as_deref())?;
    let example = Example::load()?;
    let mut story = Story::new(dir, srs(args), playing(args, env)?, run_line);
    let mut parts = Vec::new();
    match (args.chain, args.liquidation) {
        (true, _) => chain::chain(&mut story, &example)?,
        (_, true) => parts = after_call(&mut story, &example)?,
        (false, false) => on_a_ledger(&mut story, &example)?,
    }
    let (dir, commands, proofs) = story.into_parts();
    let report = Report {
        directory: dir,
        account: Example::trader(),
        seconds: start.elapsed().as_secs_f64(),
        proofs,
        parts,
        commands,
    };
    env.out.result(&report, |report| {
        let dir = report.directory.display().to_string();
        let mut lines = vec![String::new(), "== In short ==".to_owned()];
        lines.extend(summary(args, &example, report));
        lines.push(format!(
            "Done in {}: {} proofs made. All files are in {dir}. Try next:",
            seconds(start.elapsed()),
            report.proofs
        ));
        lines.extend(next(args, &dir));
        lines
    })?;
    Ok(Exit::Done)
}

/// The powers of tau: on a chain that ends with the demo, insecure ones.
fn srs(args: &Args) -> SrsArgs {
    SrsArgs { insecure_dev_srs: args.srs.insecure_dev_srs || args.chain }
}

/// The proof system: contracts verify the one of them.
fn playing(args: &Args, env: Env) -> Result<Env, Error> {
    match (args.chain, env.proof_system) {
        (true, Some(ProofSystem::Ipa)) => {
            Err(Error::Usage("contracts verify --proof-system kzg alone"))
        }
        (true, _) => Ok(Env { proof_system: Some(ProofSystem::Kzg), ..env }),
        (false, _) => Ok(env),
    }
}

fn on_a_ledger(story: &mut Story, example: &Example) -> Result<(), Error> {
    healthy(story, example)?;
    breach(story, example)?;
    cure(story, example)?;
    ending(story)?;
    options::options(story)
}

/// The directory asked for, or the first free `zkmargin-demo`.
fn directory(asked: Option<&Path>) -> Result<PathBuf, Error> {
    let dir = match asked {
        Some(dir) => dir.to_path_buf(),
        None => std::iter::once("zkmargin-demo".to_owned())
            .chain((2..).map(|number| format!("zkmargin-demo-{number}")))
            .map(PathBuf::from)
            .find(|dir| !dir.exists())
            .unwrap_or_default(),
    };
    create_directory(&dir)?;
    let mut entries = dir
        .read_dir()
        .map_err(|source| FileError::Read { path: dir.display().to_string(), source })?;
    match entries.next() {
        None => Ok(dir),
        Some(_) => Err(FileError::Exists(dir).into()),
    }
}

fn healthy(story: &mut Story, example: &Example) -> Result<(), Error> {
    story.chapter("1. A trader encrypts a portfolio")?;
    story.tell(&format!(
        "A real cross-margin account with {} positions. The venue margins it, so it gets a key too.",
        example.positions()
    ))?;
    story.run(&["keygen", "-o", "@trader.key"], Exit::Done)?;
    story.run(&["keygen", "-o", "@venue.key"], Exit::Done)?;
    story.encrypt(example.portfolio(0), "portfolio-1.age")?;
    story.run(&["inspect", "@portfolio-1.age"], Exit::Done)?;

    story.chapter("2. The publisher makes the market of epoch 1 from recorded prices")?;
    story.write("snapshot-1.json", example.recorded().to_json().as_bytes())?;
    build_market(story, "1")?;

    story.chapter("3. The venue commits to its accounts")?;
    commit(story, "1", "portfolio-1.age")?;

    story.chapter("4. The trader proves that the account is healthy")?;
    story.tell("The figures are for the owner alone; the proof shows none of them.")?;
    story.run(
        &["margin", "@portfolio-1.age", "-m", "@market-1.json", "-i", "@trader.key"],
        Exit::Done,
    )?;
    prove(story, "1", "portfolio-1.age", "at-least:maintenance", Exit::Done)?;

    story.chapter("5. The protocol verifies it and keeps a ledger")?;
    story.tell("What a verifier trusts is the epoch as its publisher signed it.")?;
    publisher(story, "publisher-evm.key", "signers.json")?;
    publish(story, "1", None)?;
    story.tell("The prices are recorded ones, so their age is waived; the verdict says so.")?;
    story.run(
        &[
            "verify",
            "@proof-1.json",
            "--epoch",
            "@epoch-1.json",
            "--signers",
            "@signers.json",
            "--at-least",
            "maintenance",
            "--any-age",
        ],
        Exit::Done,
    )?;
    let now = example.start() + 60;
    let trader = Example::trader().to_string();
    init(story, now, CONTEXT, MODEL, "@signers.json")?;
    story.ledger(now, &["post", "@epoch-1.json"])?;
    story.ledger(now, &["register", "-a", &trader])?;
    story.ledger(now, &["submit", "@proof-1.json"])
}

fn breach(story: &mut Story, example: &Example) -> Result<(), Error> {
    story.chapter("6. Prices move against the account")?;
    story.tell(
        "Hypothetical: the coins it holds fall by 30 %, those it is short of rise by 40 %.",
    )?;
    story.write("snapshot-2.json", example.moved(1)?.to_json().as_bytes())?;
    build_market(story, "2")?;
    story.run_detail(&[
        "margin",
        "@portfolio-1.age",
        "-m",
        "@market-2.json",
        "-i",
        "@trader.key",
    ])?;
    story.tell("The old claim is false now, and there is no proof of it:")?;
    make_state(story, "1", "2")?;
    prove(story, "2", "portfolio-1.age", "at-least:maintenance", Exit::False)?;

    story.chapter("7. The venue proves the breach: a zero-knowledge margin call")?;
    story.run(
        &[
            "prove",
            "@portfolio-1.age",
            "-m",
            "@market-2.json",
            "-s",
            "@state-2.json",
            "-i",
            "@venue.key",
            "--claim",
            "below:maintenance",
            "--disclose",
            "-o",
            "@breach-2.json",
        ],
        Exit::Done,
    )?;
    let now = example.start() + EPOCH_SECONDS + 60;
    publish(story, "2", Some("1"))?;
    story.ledger(now, &["post", "@epoch-2.json"])?;
    story.tell("Prices that move so far halt the ledger, and a guardian confirms them.")?;
    story.ledger_detail(now, &["submit", "@breach-2.json"], Exit::False)?;
    let root = market_root(story, "2")?;
    story.ledger_detail(now, &["resume", "-e", "2", "--market-root", &root], Exit::Done)?;
    story.ledger(now, &["submit", "@breach-2.json"])?;
    let trader = Example::trader().to_string();
    story.ledger_ending(now, &["status", "-a", &trader], Exit::MarginCall)?;
    let shortfall = disclosed(story, "breach-2.json", "market-2.json")?;
    story.tell(&format!("The shortfall is all that the proof disclosed: {shortfall}."))
}

/// What a proof discloses, in the quote currency of its market.
fn disclosed(story: &Story, proof: &str, market: &str) -> Result<String, Error> {
    let source = story.source(proof);
    let bytes = source.read()?;
    let published = PublishedMarket::load(&story.source(market))?;
    let quote = published.quote().to_string();
    with_market!(&published, story.env(), B, market => {
        let proof = ProofFile::<<B as Backend>::Field>::parse(&bytes).map_err(|malformed| {
            Error::Proof { path: source.to_string(), source: malformed.into() }
        })?;
        // Below 2^104, by its type.
        let units = proof.instance().disclosed.get().cast_signed();
        Ok(format!("{} {quote}", human::amount(units, market.quote_decimals())))
    })
}

fn cure(story: &mut Story, example: &Example) -> Result<(), Error> {
    story.chapter(&format!("8. The trader pays in {DEPOSIT} and cures the call in epoch 3"))?;
    story.encrypt(example.portfolio(DEPOSIT), "portfolio-2.age")?;
    story.write("snapshot-3.json", example.moved(2)?.to_json().as_bytes())?;
    build_market(story, "3")?;
    commit(story, "3", "portfolio-2.age")?;
    prove(story, "3", "portfolio-2.age", "at-least:initial", Exit::Done)?;
    let now = example.start() + 2 * EPOCH_SECONDS + 60;
    publish(story, "3", Some("2"))?;
    story.ledger(now, &["post", "@epoch-3.json"])?;
    story.ledger(now, &["cure", "@proof-3.json"])?;
    let trader = Example::trader().to_string();
    story.ledger(now, &["status", "-a", &trader])
}

fn ending(story: &mut Story) -> Result<(), Error> {
    story.chapter("9. What the ledger remembers")?;
    story.run(&["call", "history", "-l", "@ledger.redb"], Exit::Done)?;
    story.run(&["call", "audit", "-l", "@ledger.redb"], Exit::Done)
}

fn build_market(story: &mut Story, epoch: &str) -> Result<(), Error> {
    let (snapshot, market) = (format!("@snapshot-{epoch}.json"), format!("@market-{epoch}.json"));
    let system = story.proof_system().to_string();
    let mut line =
        vec!["market", "build", "-s", &snapshot, "-m", MODEL, "-e", epoch, "-o", &market];
    if story.proof_system() != ProofSystem::Ipa {
        line.extend(["--proof-system", &system]);
    }
    story.run(&line, Exit::Done)
}

/// Commits to the trader's portfolio and those of four others.
fn commit(story: &mut Story, epoch: &str, portfolio: &str) -> Result<(), Error> {
    let (market, list) = (format!("@market-{epoch}.json"), format!("@accounts-{epoch}.jsonl"));
    let portfolio = format!("@{portfolio}");
    story.run(
        &["venue", "commit", &portfolio, "-m", &market, "-i", "@venue.key", "-o", &list],
        Exit::Done,
    )?;
    let name = format!("accounts-{epoch}.jsonl");
    let published = PublishedMarket::load(&story.source(&format!("market-{epoch}.json")))?;
    with_market!(&published, story.env(), B, market => add_others::<B, _>(story, &market, &name))?;
    story.detail("(four other accounts are added to the list)")?;
    make_state(story, epoch, epoch)
}

/// The state of an epoch, of the accounts as they were in one.
fn make_state(story: &mut Story, accounts: &str, epoch: &str) -> Result<(), Error> {
    let (list, market) = (format!("@accounts-{accounts}.jsonl"), format!("@market-{epoch}.json"));
    let state = format!("@state-{epoch}.json");
    let context = story.context().to_owned();
    let line = ["venue", "root", &list, "-m", &market, "--context", &context, "-o", &state];
    story.run(&line, Exit::Done)
}

/// A publisher's new key, and the list of signers that it is alone on.
fn publisher(story: &Story, key: &str, signers: &str) -> Result<(), Error> {
    let publisher = story.write_signer(key)?;
    let list = serde_json::json!({ "threshold": 1, "signers": [publisher] });
    story.write(signers, list.to_string().as_bytes())
}

/// The publisher's file of an epoch, signed; all before it are confirmed.
fn publish(story: &mut Story, epoch: &str, before: Option<&str>) -> Result<(), Error> {
    let file = |kind: &str, epoch: &str| format!("@{kind}-{epoch}.json");
    let (market, state) = (file("market", epoch), file("state", epoch));
    let output = file("epoch", epoch);
    let mut line = vec!["epoch", "make", "-m", &market, "-s", &state, "-o", &output];
    let links = before.map(|before| (file("epoch", before), file("market", before)));
    match &links {
        Some((previous, confirmed)) => {
            line.extend(["--previous", previous, "--confirmed", confirmed]);
        }
        None => line.push("--first"),
    }
    story.run(&line, Exit::Done)?;
    story.run(&["epoch", "sign", &output, "--key-file", "@publisher-evm.key"], Exit::Done)
}

/// A ledger with the rules of the story: an epoch an hour.
fn init(
    story: &mut Story,
    now: u64,
    context: &str,
    model: &str,
    signers: &str,
) -> Result<(), Error> {
    let line = ["init", "--context", context, "-m", model, "--max-snapshot-age", "3600"];
    story.ledger(now, &[&line[..], &["--signers", signers]].concat())
}

/// The market root that an epoch file says, for whoever confirms it.
fn market_root(story: &Story, epoch: &str) -> Result<String, Error> {
    let file = load_epoch(&story.source(&format!("epoch-{epoch}.json")))?;
    Ok(file.post.market_root.to_string())
}

fn add_others<B: Backend, M: FamilyMarket<B::Field>>(
    story: &Story,
    market: &M,
    name: &str,
) -> Result<(), Error> {
    let listings = market.listings();
    for number in 1..=4 {
        let mut document = Example::other(number);
        document.ensure_blinding()?;
        let source = story.source(name);
        let other = listings.portfolio(&document).map_err(|e| Error::portfolio(&source, e))?;
        let commitment = other.commitment::<B::Field>();
        let entry = Entry { account: document.account, commitment };
        story.append(name, &ListEntry::from(&entry))?;
    }
    Ok(())
}

/// The trader's proof, by a membership path from the venue.
fn prove(
    story: &mut Story,
    epoch: &str,
    portfolio: &str,
    claim: &str,
    expected: Exit,
) -> Result<(), Error> {
    let (state, path) = (format!("@state-{epoch}.json"), format!("@path-{epoch}.json"));
    let trader = Example::trader().to_string();
    story.run(&["venue", "path", &state, "-a", &trader, "-o", &path], Exit::Done)?;
    let (market, proof) = (format!("@market-{epoch}.json"), format!("@proof-{epoch}.json"));
    let portfolio = format!("@{portfolio}");
    story.run(
        &[
            "prove",
            &portfolio,
            "-m",
            &market,
            "-p",
            &path,
            "-i",
            "@trader.key",
            "--claim",
            claim,
            "-o",
            &proof,
        ],
        expected,
    )
}
