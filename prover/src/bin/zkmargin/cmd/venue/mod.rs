//! `zkmargin venue`.

mod accounts;
mod haircut;
mod prove;

use std::path::PathBuf;

use clap::Subcommand;
use rayon::prelude::*;
use serde::Serialize;
use zeroize::Zeroizing;
use zkmargin_margin::ids::{AccountId, ContextId, Epoch};
use zkmargin_margin::shape::ProofSystem;
use zkmargin_prover::backend::Backend;
use zkmargin_prover::bulk::{self, Outcome};
use zkmargin_prover::crypt::{self, CryptError, Keys};
use zkmargin_prover::family::FamilyMarket;
use zkmargin_prover::files::{Source, create_directory};
use zkmargin_prover::portfolio_file::PortfolioDocument;
use zkmargin_prover::venue::{AccountList, Entry, FieldHex, ListEntry, PathFile, State, StateFile};
use zkmargin_prover::with_backend;

use accounts::{Portfolios, read_state};

use crate::env::Env;
use crate::error::{Error, Exit};
use crate::input::{
    KeyArgs, PublishedMarket, load_document_with, parse_context, parse_epoch, parse_source,
    refuse_existing, with_market, write_public,
};
use crate::output::stderr_line;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Compute the commitments of portfolios, one line for each
    Commit(Commit),
    /// Make the state tree of an epoch from a list of commitments
    Root(Root),
    /// Read an account's membership path out of a state
    Path(PathArgs),
    /// Prove that of all accounts of a state those below a level are flagged and no
    /// others
    Prove(prove::Args),
    /// Share a loss over all winners of a state in proportion to their equity: the
    /// accounts and the state afterwards, and the proofs that it is shared fairly
    Haircut(haircut::Args),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Commit {
    /// The portfolios; of a directory the .age and .json files in it
    #[arg(value_parser = parse_source, required_unless_present = "list")]
    portfolio: Vec<Source>,
    /// A file that names portfolios, one a line
    #[arg(short, long, value_name = "FILE", value_parser = parse_source)]
    list: Vec<Source>,
    /// Go on after a portfolio that is refused, and commit to the others
    #[arg(long)]
    keep_going: bool,
    /// The market whose lots the commitment counts in
    #[arg(short, long, value_name = "FILE", value_parser = parse_source)]
    market: Source,
    #[command(flatten)]
    keys: KeyArgs,
    /// Accept portfolios that are not encrypted
    #[arg(long)]
    insecure_plaintext: bool,
    /// Where the lines go
    #[arg(short, long, value_name = "FILE", default_value = "-")]
    output: PathBuf,
    /// Replace an existing output file
    #[arg(long)]
    force: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Root {
    /// List of {account, commitment}: JSON lines or a JSON array
    #[arg(value_parser = parse_source)]
    list: Source,
    /// The deployment: 0x and 62 digits, or PROTOCOL[@CHAIN[/0xVERIFIER]]
    #[arg(short, long, value_parser = parse_context, env = "ZKMARGIN_CONTEXT", hide_env_values = true)]
    context: ContextId,
    /// The market of the epoch that the state is of
    #[arg(short, long, value_name = "FILE", value_parser = parse_source, required_unless_present = "epoch")]
    market: Option<Source>,
    /// The epoch's number, instead of its market
    #[arg(short, long, value_name = "NUMBER", value_parser = parse_epoch, conflicts_with = "market")]
    epoch: Option<Epoch>,
    /// Where the state goes
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Replace an existing output file
    #[arg(long)]
    force: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct PathArgs {
    /// The state file
    #[arg(value_parser = parse_source)]
    state: Source,
    /// The account
    #[arg(short, long, value_name = "0x...", required_unless_present = "all")]
    account: Option<AccountId>,
    /// Where the path goes
    #[arg(short, long, value_name = "FILE", default_value = "-")]
    output: PathBuf,
    /// Write one file an account into the directory that --output names
    #[arg(long, conflicts_with = "account")]
    all: bool,
    /// Replace existing output files
    #[arg(long)]
    force: bool,
}

#[derive(Serialize)]
struct RootReport {
    proof_system: ProofSystem,
    state_root: FieldHex,
    epoch: Epoch,
    context: ContextId,
    accounts: usize,
    output: PathBuf,
}

pub(crate) fn run(command: &Command, env: Env) -> Result<Exit, Error> {
    match command {
        Command::Commit(args) => {
            refuse_existing(&args.output, args.force)?;
            let published = PublishedMarket::load(&args.market)?;
            with_market!(&published, env, B, market => commit::<B, _>(args, &market, env))
        }
        Command::Root(args) => {
            refuse_existing(&args.output, args.force)?;
            let bytes = args.list.read()?;
            let failed = |error| Error::venue(&args.list, error);
            let list = env.progress.stage("list", || AccountList::parse(&bytes)).map_err(failed)?;
            let system = match list.proof_system().map_err(failed)? {
                Some(found) => env.proof_system_of(&args.list, found)?,
                None => env.new_proof_system(),
            };
            let epoch = args.epoch(system, env)?;
            with_backend!(system, B => root::<B>(args, &list, epoch, env))
        }
        Command::Prove(args) => prove::run(args, env),
        Command::Haircut(args) => haircut::run(args, env),
        Command::Path(args) => {
            let failed = |error| Error::venue(&args.state, error);
            let file = StateFile::parse(&args.state.read()?).map_err(failed)?;
            let found = file.proof_system().map_err(failed)?;
            let system = env.proof_system_of(&args.state, found)?;
            with_backend!(system, B => path::<B>(args, &file, env))
        }
    }
}

impl Root {
    /// The epoch, from the market where one is given: it must be of the same proof
    /// system, for no proof is under roots of two.
    fn epoch(&self, system: ProofSystem, env: Env) -> Result<Epoch, Error> {
        let Some(source) = &self.market else {
            return self.epoch.ok_or(Error::Usage("--market or --epoch is needed"));
        };
        let published = PublishedMarket::load(source)?;
        let env = Env { proof_system: Some(system), ..env };
        Ok(with_market!(&published, env, B, market => market.header().epoch))
    }
}

fn commit<B: Backend, M: FamilyMarket<B::Field> + Sync>(
    args: &Commit,
    market: &M,
    env: Env,
) -> Result<Exit, Error> {
    let sources = bulk::expand(&args.portfolio, &args.list)?;
    let listings = market.listings();
    let one = |source: &Source, document: PortfolioDocument| -> Result<_, Error> {
        let portfolio =
            listings.portfolio(&document).map_err(|error| Error::portfolio(source, error))?;
        // What no circuit holds can be committed to and never be proved.
        market
            .fit(portfolio.positions(), None)
            .map_err(|error| Error::Proving { path: source.to_string(), source: error })?;
        Ok(Entry { account: document.account, commitment: portfolio.commitment::<B::Field>() })
    };
    let name = format!("commitments to {} portfolios", sources.len());
    let keys = (&args.keys, args.insecure_plaintext);
    let outcomes = env.progress.stage(&name, || open_all(&sources, keys, args.keep_going, one))?;
    let mut lines = Vec::new();
    let (mut refused, total) = (0, outcomes.len());
    for outcome in outcomes {
        match outcome {
            Outcome::Done(entry) => {
                serde_json::to_writer(&mut lines, &ListEntry::from(&entry))
                    .map_err(|_| Error::Output)?;
                lines.push(b'\n');
            }
            Outcome::Failed(error) if args.keep_going => {
                refused += 1;
                stderr_line(&format!("refused: {}", error.message(!env.out.is_quiet())));
            }
            Outcome::Failed(error) => return Err(error),
            // Another one failed, and is found in its place.
            Outcome::NotTried => {}
        }
    }
    write_public(&args.output, &lines, args.force, env)?;
    match refused {
        0 => Ok(Exit::Done),
        refused => Err(Error::PortfoliosRefused { refused, total }),
    }
}

/// Opens a portfolio with a thread's keys, or as a single one is opened.
fn open(
    given: &KeyArgs,
    keys: Option<&Keys>,
    source: &Source,
    file: &[u8],
) -> Result<Zeroizing<Vec<u8>>, Error> {
    match keys.map(|keys| crypt::decrypt(file, keys)) {
        None | Some(Err(CryptError::PassphraseNeeded)) => given.open(source, file),
        Some(opened) => opened.map_err(|error| Error::crypt(source, error)),
    }
}

/// Opens portfolios with all cores, where nobody has to be asked; one outcome for each.
fn open_all<T: Send>(
    sources: &[Source],
    (keys, insecure_plaintext): (&KeyArgs, bool),
    keep_going: bool,
    one: impl Fn(&Source, PortfolioDocument) -> Result<T, Error> + Sync + Send,
) -> Result<Vec<Outcome<T, Error>>, Error> {
    let opened = |own: Option<&Keys>, source: &Source| {
        let file = |file: &[u8]| open(keys, own, source, file);
        one(source, load_document_with(source, file, insecure_plaintext)?)
    };
    Ok(match keys.identities()?.shared() {
        Some(shared) => bulk::for_each(
            sources,
            keep_going,
            || shared.keys(),
            |keys, source| opened(Some(keys), source),
        ),
        // Somebody may have to be asked, which is done for one at a time.
        None => bulk::in_order(sources, keep_going, |source| opened(None, source)),
    })
}

fn root<B: Backend>(
    args: &Root,
    list: &AccountList,
    epoch: Epoch,
    env: Env,
) -> Result<Exit, Error> {
    let failed = |error| Error::venue(&args.list, error);
    let entries = list.entries::<B::Field>().map_err(failed)?;
    let name = format!("state tree of {} accounts", entries.len());
    let state =
        env.progress.stage(&name, || State::build(args.context, epoch, entries)).map_err(failed)?;
    let file = env.progress.stage("state file", || StateFile::from(&state).to_json());
    if write_public(&args.output, &file, args.force, env)? {
        return Ok(Exit::Done);
    }
    let report = RootReport {
        proof_system: B::SYSTEM,
        state_root: FieldHex::of(&state.root()),
        epoch,
        context: state.context(),
        accounts: state.entries().len(),
        output: args.output.clone(),
    };
    env.out.result(&report, |report| {
        vec![
            format!("state root    {} ({})", report.state_root, report.proof_system),
            format!("context       {}", report.context),
            format!("epoch         {}", report.epoch.get()),
            format!("accounts      {}", report.accounts),
        ]
    })?;
    Ok(Exit::Done)
}

fn path<B: Backend>(args: &PathArgs, file: &StateFile, env: Env) -> Result<Exit, Error> {
    let failed = |error| Error::venue(&args.state, error);
    let state = file.state::<B::Field>().map_err(failed)?;
    if args.all {
        if args.output.as_os_str() == "-" {
            return Err(Error::Usage("--all needs --output DIRECTORY"));
        }
        create_directory(&args.output)?;
        let paths = state.paths().map_err(failed)?;
        paths.try_for_each(|path| {
            let name = args.output.join(format!("{}.json", path.account));
            write_public(&name, &PathFile::from(&path).to_json(), args.force, env).map(|_| ())
        })?;
        env.out.note(format!("{} paths in {}", state.entries().len(), args.output.display()));
        return Ok(Exit::Done);
    }
    let Some(account) = args.account else {
        return Err(Error::Usage("--account or --all is needed"));
    };
    let file = PathFile::from(&state.path(account).map_err(failed)?);
    if !write_public(&args.output, &file.to_json(), args.force, env)? {
        env.out.note(format!("path of {account} in {}", args.output.display()));
    }
    Ok(Exit::Done)
}
