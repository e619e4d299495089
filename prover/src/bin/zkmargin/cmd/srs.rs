//! `zkmargin srs`: powers of tau.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Subcommand;
use serde::Serialize;
use zkmargin_circuits::family::FamilyCircuit;
use zkmargin_circuits::gadgets::layout::{Columns, Usual, Wide};
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::layout::ColumnLayout;
use zkmargin_margin::relation::MarginFamily as _;
use zkmargin_margin::shape::Shape;
use zkmargin_params::market::{Market, scenario, simulation};
use zkmargin_params::srs::store::{Replace, SrsDamage};
use zkmargin_params::srs::{
    self, MAX_K, MIN_K, Srs, SrsError, SrsInfo, SrsKind, SrsSource, SrsStore,
};
use zkmargin_prover::family::FamilyMarket;

use crate::env::Env;
use crate::error::{Error, Exit};
use crate::input::warn_of_insecure_srs;

/// What is said after the help.
const IMPORT_NOTE: &str = "\
Every element that is used is checked, and that all are powers of one secret; nothing can \
show that nobody knows the secret. The files of the Perpetual Powers of Tau \
(powersOfTau28_hez_final_NN.ptau) are recognised by their digests; `snarkjs powersoftau \
verify` checks the transcript of any other. Without -k every size is stored that a circuit \
needs and the file holds. A file that was not prepared for phase 2 takes minutes.";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Check and store powers of tau from a .ptau file or a bare halo2 SRS
    Import(Import),
    /// Show what is stored and where it came from
    Info,
    /// Make INSECURE powers of tau for tests: everybody can forge proofs
    Dev(Dev),
}

#[derive(Debug, clap::Args)]
#[command(after_help = IMPORT_NOTE)]
pub(crate) struct Import {
    /// The file
    file: PathBuf,
    /// Store this size alone, as a power of two
    #[arg(short, value_name = "K", value_parser = clap::value_parser!(u32).range(i64::from(MIN_K)..=i64::from(MAX_K)))]
    k: Option<u32>,
    #[command(flatten)]
    layout: SizesOf,
    /// Replace stored powers of tau of another secret: their keys and proofs no
    /// longer fit
    #[arg(long)]
    force: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Dev {
    /// Make this size alone, as a power of two; without it, every size that a
    /// circuit needs
    #[arg(short, value_name = "K", value_parser = clap::value_parser!(u32).range(i64::from(MIN_K)..=i64::from(MAX_K)))]
    k: Option<u32>,
    #[command(flatten)]
    layout: SizesOf,
    /// What the secret is computed from
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    seed: u64,
    /// Replace stored insecure powers of tau of another seed
    #[arg(long)]
    force: bool,
}

#[derive(Serialize)]
struct Line {
    k: u32,
    path: PathBuf,
    #[serde(flatten)]
    content: Content,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Content {
    Usable {
        kind: SrsKind,
        id: String,
        source: SrsSource,
        #[serde(skip_serializing_if = "Option::is_none")]
        ceremony: Option<&'static str>,
    },
    Damaged {
        damage: String,
    },
}

impl From<&SrsInfo> for Content {
    fn from(info: &SrsInfo) -> Self {
        Self::Usable {
            kind: info.kind(),
            id: info.id().to_string(),
            source: info.source().clone(),
            ceremony: info.ceremony().map(|file| file.ceremony),
        }
    }
}

impl From<&SrsDamage> for Content {
    fn from(damage: &SrsDamage) -> Self {
        Self::Damaged { damage: damage.to_string() }
    }
}

pub(crate) fn run(command: &Command, env: Env) -> Result<Exit, Error> {
    match command {
        Command::Import(args) => import(args, env),
        Command::Info => info(env),
        Command::Dev(args) => dev(args, env),
    }
}

/// Which circuits' sizes are wanted.
#[derive(Clone, Copy, Debug, clap::Args)]
struct SizesOf {
    /// The sizes that circuits of this layout need alone: tall or wide
    #[arg(long, value_name = "LAYOUT", conflicts_with = "k")]
    layout: Option<ColumnLayout>,
}

impl SizesOf {
    /// The sizes that circuits need, ascending.
    fn sizes(self) -> BTreeSet<u32> {
        let layouts = ColumnLayout::ALL.into_iter();
        let wanted = layouts.filter(|one| self.layout.is_none_or(|wanted| wanted == *one));
        wanted
            .flat_map(|layout| match layout {
                ColumnLayout::Tall => sizes::<Usual>(),
                ColumnLayout::Wide => sizes::<Wide>(),
            })
            .collect()
    }
}

/// The sizes that the circuits of a layout need: of margin, and of changes to an account.
fn sizes<L: Columns>() -> BTreeSet<u32> {
    fn of<M: FamilyMarket<Bn254Fr>, L: Columns>() -> BTreeSet<u32> {
        let sizes = |shape: &Shape| {
            [
                M::CircuitIn::<L>::k(*shape),
                M::TransitionIn::<L>::k(*shape),
                M::DeleveragingIn::<L>::k(*shape),
            ]
        };
        M::Family::FAMILY.shapes().iter().flat_map(sizes).collect()
    }
    let families = [
        of::<Market<Bn254Fr>, L>(),
        of::<scenario::Market<Bn254Fr>, L>(),
        of::<simulation::Market<Bn254Fr>, L>(),
    ];
    families.into_iter().flatten().collect()
}

fn import(args: &Import, env: Env) -> Result<Exit, Error> {
    let store = SrsStore::open_default()?;
    let failed =
        |source| Error::SrsFile { path: args.file.display().to_string(), source: Box::new(source) };
    let wanted = args.k.map_or_else(|| args.layout.sizes(), |k| BTreeSet::from([k]));
    let mut lines = Vec::new();
    for k in wanted {
        let read = || srs::import_file(&args.file, k);
        let found = match env.progress.stage(&format!("import of size 2^{k}"), read) {
            // A smaller file than the largest circuits need is still good.
            Err(SrsError::TooFewPowers { power, .. }) if args.k.is_none() && !lines.is_empty() => {
                env.out.note(format!("the file holds powers to 2^{power}: 2^{k} is left out"));
                continue;
            }
            found => found.map_err(failed)?,
        };
        lines.push(put(&store, &found, args.force)?);
    }
    env.out.result(&lines, |lines| lines.iter().flat_map(text).collect())?;
    Ok(Exit::Done)
}

fn dev(args: &Dev, env: Env) -> Result<Exit, Error> {
    warn_of_insecure_srs();
    let store = SrsStore::open_default()?;
    let failed = |source| Error::SrsFile { path: "srs dev".to_owned(), source: Box::new(source) };
    let mut lines = Vec::new();
    for k in args.k.map_or_else(|| args.layout.sizes(), |k| BTreeSet::from([k])) {
        let make = || srs::dev(k, args.seed);
        let made = env.progress.stage(&format!("powers of tau, size 2^{k}"), make);
        lines.push(put(&store, &made.map_err(failed)?, args.force)?);
    }
    env.out.result(&lines, |lines| lines.iter().flat_map(text).collect())?;
    Ok(Exit::Done)
}

fn put(store: &SrsStore, srs: &Srs, force: bool) -> Result<Line, Error> {
    let replace = if force { Replace::Replace } else { Replace::Refuse };
    let path = store.put(srs, replace)?;
    Ok(Line { k: srs.k(), path, content: srs.info().into() })
}

fn info(env: Env) -> Result<Exit, Error> {
    let store = SrsStore::open_default()?;
    let lines: Vec<Line> = store
        .list()?
        .into_iter()
        .map(|stored| Line {
            k: stored.k,
            path: stored.path,
            content: match &stored.content {
                Ok(info) => info.into(),
                Err(damage) => damage.into(),
            },
        })
        .collect();
    if lines.is_empty() {
        env.out.note(format!("no powers of tau in {}", store.dir().display()));
    }
    env.out.result(&lines, |lines| lines.iter().flat_map(text).collect())?;
    let damaged = lines.iter().any(|line| matches!(line.content, Content::Damaged { .. }));
    Ok(if damaged { Exit::False } else { Exit::Done })
}

fn text(line: &Line) -> Vec<String> {
    let mut lines = vec![format!("2^{:<12} {}", line.k, line.path.display())];
    match &line.content {
        Content::Damaged { damage } => lines.push(format!("  DAMAGED      {damage}")),
        Content::Usable { kind, id, source, ceremony } => {
            lines.push(format!("  kind         {}", kind_text(*kind)));
            lines.push(format!("  id           {id}"));
            match source {
                SrsSource::File { name, digest, power, .. } => {
                    lines.push(format!("  file         {name}, powers to 2^{power}"));
                    lines.push(format!("  BLAKE2b-512  {}", hex::encode(digest)));
                }
                SrsSource::Seed { seed } => lines.push(format!("  seed         {seed}")),
                _ => {}
            }
            lines.extend(ceremony.map(|ceremony| format!("  ceremony     {ceremony}")));
        }
    }
    lines
}

fn kind_text(kind: SrsKind) -> &'static str {
    match kind {
        SrsKind::Ceremony => "a public ceremony's file",
        SrsKind::Imported => "a file of unknown origin: as good as whoever made it",
        SrsKind::InsecureDev => "INSECURE: everybody can compute the secret",
        _ => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_circuit_has_its_size() {
        let of = |layout| SizesOf { layout }.sizes();
        let (tall, wide) = (of(Some(ColumnLayout::Tall)), of(Some(ColumnLayout::Wide)));
        assert_eq!(tall, BTreeSet::from([13, 14, 15, 16, 17, 18]));
        assert_eq!(wide, BTreeSet::from([12, 13, 14, 15, 16, 17]));
        assert_eq!(of(None), tall.union(&wide).copied().collect());
    }
}
