//! `zkmargin-venue paths`.

use std::path::PathBuf;

use rayon::prelude::*;
use serde::Serialize;
use zkmargin_margin::ids::{AccountId, Epoch};
use zkmargin_prover::backend::Backend;
use zkmargin_prover::files::{Kind, create_directory, write_atomic};
use zkmargin_prover::venue::{FieldHex, PathFile};
use zkmargin_prover::with_backend;
use zkmargin_venue::store::Store;

use crate::error::{Error, Exit};
use crate::input::Env;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Of these accounts alone
    #[arg(short, long, value_name = "0x...")]
    account: Vec<AccountId>,
    /// Where the paths go, each under its account's name
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
    /// Replace existing files
    #[arg(long)]
    force: bool,
}

#[derive(Serialize)]
struct Report {
    epoch: Epoch,
    paths: usize,
}

pub(crate) async fn run(args: &Args, env: &Env) -> Result<Exit, Error> {
    let store = env.open().await?;
    with_backend!(store.settings().proof_system, B => write::<B>(&store, args, env).await)
}

async fn write<B: Backend>(store: &Store, args: &Args, env: &Env) -> Result<Exit, Error> {
    let last = store.last_epoch().await?.ok_or(Error::NoEpoch)?;
    let tree = store.tree::<B::Field>(last.epoch).await?;
    if FieldHex::of(&tree.root()) != last.state_root {
        return Err(Error::Root(last.epoch.get()));
    }
    create_directory(&args.output)?;
    let accounts: Vec<AccountId> = match args.account.is_empty() {
        true => tree.entries().iter().map(|entry| entry.account).collect(),
        false => args.account.clone(),
    };
    let kind = if args.force { Kind::Replace } else { Kind::New };
    tokio::task::block_in_place(|| {
        accounts.par_iter().try_for_each(|account| {
            let path = tree.path(*account, last.epoch)?;
            let name = args.output.join(format!("{account}.json"));
            Ok::<_, Error>(write_atomic(&name, &PathFile::from(&path).to_json(), kind)?)
        })
    })?;
    let report = Report { epoch: last.epoch, paths: accounts.len() };
    env.out.result(&report, |r| {
        vec![format!("{} paths of epoch {} in {}", r.paths, r.epoch.get(), args.output.display())]
    })?;
    Ok(Exit::Done)
}
