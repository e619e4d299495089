//! `zkmargin schema`.

use serde::Serialize;
use zkmargin_prover::schema::{self, Schema};

use crate::env::Env;
use crate::error::{Error, Exit};

/// What is said after the help.
const NOTE: &str = "\
JSON Schema, draft 2020-12. A schema says what a file looks like: which fields there are and \
what is in them. What else a file must satisfy (sums, orders, roots, signatures) its command \
checks. Without a name, the schemas there are.";

#[derive(Debug, clap::Args)]
#[command(after_help = NOTE)]
pub(crate) struct Args {
    /// Whose schema is written
    #[arg(value_parser = parse_name)]
    name: Option<&'static Schema>,
}

fn parse_name(text: &str) -> Result<&'static Schema, String> {
    schema::by_name(text).ok_or_else(|| {
        let names: Vec<_> = schema::ALL.iter().map(|schema| schema.name).collect();
        format!("allowed are {}", names.join(", "))
    })
}

#[derive(Serialize)]
struct Line {
    name: &'static str,
    about: &'static str,
}

pub(crate) fn run(args: &Args, env: Env) -> Result<Exit, Error> {
    if let Some(schema) = args.name {
        env.out.bytes(schema.document().as_bytes())?;
        return Ok(Exit::Done);
    }
    let lines: Vec<_> =
        schema::ALL.iter().map(|schema| Line { name: schema.name, about: schema.about }).collect();
    env.out.result(&lines, |lines| {
        lines.iter().map(|line| format!("{:<17} {}", line.name, line.about)).collect()
    })?;
    Ok(Exit::Done)
}
