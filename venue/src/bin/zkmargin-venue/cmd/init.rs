//! `zkmargin-venue init`.

use serde::Serialize;
use zkmargin_margin::ids::ContextId;
use zkmargin_margin::shape::ProofSystem;
use zkmargin_prover::files::Source;
use zkmargin_venue::keys::recipients;
use zkmargin_venue::store::{Settings, Store};

use crate::error::{Error, Exit};
use crate::input::{Env, parse_context, parse_source};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The deployment: 0x and 62 digits, or PROTOCOL[@CHAIN[/0xVERIFIER]]
    #[arg(short, long, value_parser = parse_context, env = "ZKMARGIN_CONTEXT", hide_env_values = true)]
    context: ContextId,
    /// Proof system of its roots: ipa or kzg
    #[arg(long, value_name = "SYSTEM", default_value = "ipa")]
    proof_system: ProofSystem,
    /// The venue's public key, which portfolios are encrypted to
    #[arg(short, long, value_name = "age1...")]
    recipient: Vec<String>,
    /// Public keys of a file, or an identity file's own
    #[arg(short = 'R', long, value_name = "FILE", value_parser = parse_source)]
    recipients_file: Vec<Source>,
}

#[derive(Serialize)]
struct Report {
    store: String,
    context: ContextId,
    proof_system: ProofSystem,
    recipients: Vec<String>,
}

pub(crate) async fn run(args: &Args, env: &Env) -> Result<Exit, Error> {
    let recipients = recipients(&args.recipient, &args.recipients_file)?;
    let recipients: Vec<String> = recipients.iter().map(ToString::to_string).collect();
    let settings = Settings { context: args.context, proof_system: args.proof_system };
    let store = Store::create(&env.place()?, settings).await?;
    store.use_keys(&recipients).await?;
    let report = Report {
        store: store.place().to_string(),
        context: args.context,
        proof_system: args.proof_system,
        recipients,
    };
    env.out.result(&report, |report| {
        vec![
            format!("venue         {}", report.store),
            format!("context       {}", report.context),
            format!("proof system  {}", report.proof_system),
            format!("encrypted to  {}", report.recipients.join(", ")),
        ]
    })?;
    Ok(Exit::Done)
}
