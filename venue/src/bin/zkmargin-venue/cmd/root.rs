//! `zkmargin-venue root`.

use serde::Serialize;
use zkmargin_margin::ids::{ContextId, Epoch};
use zkmargin_prover::backend::Backend;
use zkmargin_prover::family::FamilyMarket;
use zkmargin_prover::files::Source;
use zkmargin_prover::venue::{FieldHex, LiveState};
use zkmargin_venue::store::Store;
use zkmargin_venue::tree::next;
use zkmargin_venue::with_market;

use crate::error::{Error, Exit};
use crate::input::{Env, load_market, parse_source};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The market of the epoch
    #[arg(short, long, value_name = "FILE", value_parser = parse_source)]
    market: Source,
}

#[derive(Serialize)]
struct Report {
    state_root: FieldHex,
    market_root: FieldHex,
    context: ContextId,
    epoch: Epoch,
    accounts: u64,
    changed: usize,
    added: usize,
}

pub(crate) async fn run(args: &Args, env: &Env) -> Result<Exit, Error> {
    let store = env.open().await?;
    let (text, market) = load_market(&args.market)?;
    let system = store.settings().proof_system;
    with_market!(system, market, B, market => epoch::<B, _>(&store, &market, &text, env).await)
}

async fn epoch<B: Backend, M: FamilyMarket<B::Field>>(
    store: &Store,
    market: &M,
    text: &str,
    env: &Env,
) -> Result<Exit, Error> {
    if store.count_accounts().await? == 0 {
        return Err(Error::NoAccount);
    }
    let mut tree: LiveState<B::Field> = match store.last_epoch().await? {
        None => LiveState::new(store.settings().context, Vec::new())?,
        Some(last) => {
            let tree = store.tree::<B::Field>(last.epoch).await?;
            if FieldHex::of(&tree.root()) != last.state_root {
                return Err(Error::Root(last.epoch.get()));
            }
            tree
        }
    };
    let market_root = FieldHex::of(&market.root());
    let (row, changes) = next(store, &mut tree, market.header().epoch, market_root, text).await?;
    let report = Report {
        state_root: row.state_root,
        market_root,
        context: tree.context(),
        epoch: row.epoch,
        accounts: row.accounts,
        changed: changes.changed,
        added: changes.added,
    };
    env.out.result(&report, |report| {
        vec![
            format!("state root    {}", report.state_root),
            format!("market root   {}", report.market_root),
            format!("context       {}", report.context),
            format!("epoch         {}", report.epoch.get()),
            format!(
                "accounts      {}, of which {} changed and {} are new",
                report.accounts, report.changed, report.added
            ),
        ]
    })?;
    Ok(Exit::Done)
}
