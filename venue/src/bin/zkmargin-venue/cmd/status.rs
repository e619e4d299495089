//! `zkmargin-venue status`.

use serde::Serialize;
use zkmargin_margin::ids::ContextId;
use zkmargin_margin::shape::ProofSystem;
use zkmargin_prover::venue::FieldHex;

use crate::error::{Error, Exit};
use crate::input::Env;

#[derive(Serialize)]
struct Report {
    store: String,
    context: ContextId,
    proof_system: ProofSystem,
    recipients: Vec<String>,
    accounts: u64,
    epoch: Option<u64>,
    state_root: Option<FieldHex>,
    in_tree: Option<u64>,
    proofs: u64,
}

pub(crate) async fn run(env: &Env) -> Result<Exit, Error> {
    let store = env.open().await?;
    let last = store.last_epoch().await?;
    let report = Report {
        store: store.place().to_string(),
        context: store.settings().context,
        proof_system: store.settings().proof_system,
        recipients: store.recipients().await?,
        accounts: store.count_accounts().await?,
        epoch: last.map(|row| row.epoch.get()),
        state_root: last.map(|row| row.state_root),
        in_tree: last.map(|row| row.accounts),
        proofs: store.count_proofs().await?,
    };
    env.out.result(&report, |r| {
        let mut lines = vec![
            format!("venue         {}", r.store),
            format!("context       {} ({})", r.context, r.proof_system),
            format!("encrypted to  {}", r.recipients.join(", ")),
            format!("accounts      {}", r.accounts),
        ];
        match (r.epoch, r.state_root, r.in_tree) {
            (Some(epoch), Some(root), Some(accounts)) => {
                lines.push(format!("epoch         {epoch}, {accounts} accounts, root {root}"));
            }
            _ => lines.push("epoch         none yet".to_owned()),
        }
        lines.push(format!("proofs        {}", r.proofs));
        lines
    })?;
    Ok(Exit::Done)
}
