//! `zkmargin-venue keys`.

use clap::Subcommand;
use serde::Serialize;
use zkmargin_prover::bulk::{Outcome, for_each};
use zkmargin_prover::crypt::{Keys, Recipients, decrypt, encrypt};
use zkmargin_prover::files::Source;
use zkmargin_venue::keys::{label, recipients};
use zkmargin_venue::portfolio::PortfolioError;
use zkmargin_venue::store::{Store, StoredPortfolio};

use crate::error::{Error, Exit};
use crate::input::{Env, IdentityArgs, parse_source};

/// Portfolios that are under two keys in memory at a time.
const PAGE: u32 = 500;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the keys
    List,
    /// Encrypt every stored portfolio to new keys alone, and retire the old ones
    Rotate(Rotate),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Rotate {
    #[command(flatten)]
    identity: IdentityArgs,
    /// The new public key
    #[arg(short, long, value_name = "age1...")]
    recipient: Vec<String>,
    /// Public keys of a file, or an identity file's own
    #[arg(short = 'R', long, value_name = "FILE", value_parser = parse_source)]
    recipients_file: Vec<Source>,
}

#[derive(Serialize)]
struct Listed {
    recipient: String,
    since: u64,
    retired: Option<u64>,
}

#[derive(Serialize)]
struct Rotated {
    rekeyed: u64,
    recipients: Vec<String>,
}

pub(crate) async fn run(command: &Command, env: &Env) -> Result<Exit, Error> {
    let store = env.open().await?;
    match command {
        Command::List => list(&store, env).await,
        Command::Rotate(args) => rotate(&store, args, env).await,
    }
}

async fn list(store: &Store, env: &Env) -> Result<Exit, Error> {
    let keys = store.keys().await?.into_iter();
    let keys: Vec<_> = keys
        .map(|key| Listed { recipient: key.recipient, since: key.since, retired: key.retired })
        .collect();
    env.out.result(&keys, |keys| {
        let state = |key: &Listed| match key.retired {
            None => "in use".to_owned(),
            Some(time) => format!("retired at {time}"),
        };
        keys.iter().map(|key| format!("{}  {}", key.recipient, state(key))).collect()
    })?;
    Ok(Exit::Done)
}

/// New files are under the new keys from the start; then page after page of the old
/// ones. A run that was killed is started again: what is under the new keys stays.
async fn rotate(store: &Store, args: &Rotate, env: &Env) -> Result<Exit, Error> {
    let keys = args.identity.keys()?;
    let to = recipients(&args.recipient, &args.recipients_file)?;
    let names: Vec<String> = to.iter().map(ToString::to_string).collect();
    let (wanted, to) = (label(&names), Recipients::Keys(to));
    store.use_keys(&names).await?;
    let mut progress = env.out.progress("under the new keys", Some(store.count_accounts().await?));
    let (mut after, mut rekeyed) = (None, 0);
    loop {
        let page = store.portfolios(after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.account);
        // Recipients cannot be shared by threads, and encrypting is quick.
        let opened =
            for_each(&page, true, || keys.keys(), |keys, stored| again(stored, keys, &wanted));
        for (stored, outcome) in page.iter().zip(opened) {
            progress.step();
            match outcome {
                Outcome::Done(Some(plain)) => {
                    let file = encrypt(&plain, &to, false)?;
                    rekeyed += u64::from(store.rekey(stored, &file, &wanted).await?);
                }
                Outcome::Failed(error) => {
                    env.out.refused(stored.account, error.told());
                }
                _ => {}
            }
        }
    }
    progress.end();
    let left = store.not_under(&wanted).await?;
    env.out.result(&Rotated { rekeyed, recipients: names }, |rotated| {
        vec![format!("{} portfolios put under {}", rotated.rekeyed, rotated.recipients.join(", "))]
    })?;
    match left {
        0 => Ok(Exit::Done),
        left => Err(Error::NotRekeyed { left }),
    }
}

/// The plain text of what is under other keys.
fn again(
    stored: &StoredPortfolio,
    keys: &Keys,
    wanted: &str,
) -> Result<Option<zeroize::Zeroizing<Vec<u8>>>, PortfolioError> {
    match stored.recipients == wanted {
        true => Ok(None),
        false => Ok(Some(decrypt(&stored.portfolio, keys)?)),
    }
}
