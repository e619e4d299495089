//! `zkmargin man`: the manual pages, one for each command.

use std::path::PathBuf;

use serde::Serialize;
use zkmargin_prover::files::{Kind, create_directory, write_atomic};

use crate::env::Env;
use crate::error::{Error, Exit};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The directory that the pages go to; pages that are there are replaced
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
}

#[derive(Serialize)]
struct Report {
    output: PathBuf,
    pages: Vec<String>,
}

pub(crate) fn run(args: &Args, mut command: clap::Command, env: Env) -> Result<Exit, Error> {
    command.build();
    create_directory(&args.output)?;
    let mut pages = Vec::new();
    write(&command, "zkmargin", args, &mut pages)?;
    let report = Report { output: args.output.clone(), pages };
    env.out.result(&report, |report| {
        vec![format!("{} pages in {}", report.pages.len(), report.output.display())]
    })?;
    Ok(Exit::Done)
}

/// The page of a command, and those of its own commands.
fn write(
    command: &clap::Command,
    name: &str,
    args: &Args,
    pages: &mut Vec<String>,
) -> Result<(), Error> {
    let page = clap_mangen::Man::new(command.clone().name(name.to_owned()));
    let mut text = Vec::new();
    page.render(&mut text).map_err(|_| Error::Output)?;
    let file = format!("{name}.1");
    write_atomic(&args.output.join(&file), &text, Kind::Replace)?;
    pages.push(file);
    let own = command.get_subcommands().filter(|sub| !sub.is_hide_set());
    for sub in own.filter(|sub| sub.get_name() != "help") {
        write(sub, &format!("{name}-{}", sub.get_name()), args, pages)?;
    }
    Ok(())
}
