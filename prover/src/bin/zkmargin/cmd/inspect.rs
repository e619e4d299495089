//! `zkmargin inspect`.

use serde::Serialize;
use zkmargin_margin::ids::AccountId;
use zkmargin_margin::shape::Shape;
use zkmargin_prover::backend::Backend;
use zkmargin_prover::crypt::{self, Header, RecipientKind};
use zkmargin_prover::family::FamilyMarket as _;
use zkmargin_prover::files::Source;
use zkmargin_prover::portfolio_file::{Listings, PortfolioDocument};
use zkmargin_prover::venue::FieldHex;

use crate::env::Env;
use crate::error::{Error, Exit};
use crate::input::{KeyArgs, PublishedMarket, parse_source, with_market};

/// What is said after the help.
const NOTE: &str = "\
Shows the visible header of an age file; with a key, also what its owner may see: \
account, commitment, number of positions. Never quantities.";

#[derive(Debug, clap::Args)]
#[command(after_help = NOTE)]
pub(crate) struct Args {
    /// The encrypted portfolio
    #[arg(value_parser = parse_source)]
    portfolio: Source,
    /// The market whose lots the commitment counts in
    #[arg(short, long, value_name = "FILE", value_parser = parse_source)]
    market: Option<Source>,
    #[command(flatten)]
    keys: KeyArgs,
}

#[derive(Serialize)]
struct Report {
    #[serde(skip_serializing_if = "Option::is_none")]
    header: Option<Header>,
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<Owner>,
}

#[derive(Serialize)]
struct Owner {
    account: AccountId,
    positions: usize,
    isolated_buckets: usize,
    has_blinding: bool,
    smallest_shape: Option<Shape>,
    #[serde(skip_serializing_if = "Option::is_none")]
    commitment: Option<FieldHex>,
}

pub(crate) fn run(args: &Args, env: Env) -> Result<Exit, Error> {
    let file = args.portfolio.read_secret()?;
    let report = if crypt::is_age(&file) {
        let header = crypt::header(&file).map_err(|e| Error::crypt(&args.portfolio, e))?;
        // Without a key there is nothing to ask for: the header is all there is.
        let owner = match args.keys.given() {
            true => {
                let plain = args.keys.open(&args.portfolio, &file)?;
                Some(owner(args, &plain, env)?)
            }
            false => None,
        };
        Report { header: Some(header), owner }
    } else {
        env.out.note("not encrypted: everyone who can read the file can read the portfolio");
        Report { header: None, owner: Some(owner(args, &file, env)?) }
    };
    env.out.result(&report, lines)?;
    if report.owner.is_none() {
        env.out.note("give an identity (-i FILE) to see what its owner sees");
    }
    Ok(Exit::Done)
}

fn owner(args: &Args, plain: &[u8], env: Env) -> Result<Owner, Error> {
    let failed = |error| Error::portfolio(&args.portfolio, error);
    let document = PortfolioDocument::parse(plain).map_err(failed)?;
    let mut positions = document.positions_len();
    let mut commitment = None;
    let mut smallest_shape = Shape::standard_for(positions);
    if let Some(source) = &args.market {
        let published = PublishedMarket::load(source)?;
        (positions, commitment, smallest_shape) = with_market!(&published, env, B, market => {
            let portfolio = Listings::from(&market).portfolio(&document).map_err(failed)?;
            let commitment = FieldHex::of(&portfolio.commitment::<<B as Backend>::Field>());
            let shape = market.fit(portfolio.positions(), None).ok();
            (portfolio.positions().len(), Some(commitment), shape)
        });
    }
    Ok(Owner {
        account: document.account,
        positions,
        isolated_buckets: document.isolated.len(),
        has_blinding: document.blinding.is_some(),
        smallest_shape,
        commitment,
    })
}

fn lines(report: &Report) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(header) = &report.header {
        let kinds: Vec<_> = header
            .recipients
            .iter()
            .map(|kind| match kind {
                RecipientKind::X25519 => "X25519",
                RecipientKind::Passphrase => "passphrase",
                RecipientKind::Ssh => "SSH",
                _ => "plugin",
            })
            .collect();
        lines.push(format!("age file      {} bytes", header.bytes));
        lines.push(format!("armored       {}", if header.armored { "yes" } else { "no" }));
        lines.push(format!("recipients    {} ({})", kinds.len(), kinds.join(", ")));
    }
    if let Some(owner) = &report.owner {
        lines.push(format!("account       {}", owner.account));
        lines.push(format!("positions     {}", owner.positions));
        lines.push(format!("isolated      {} buckets", owner.isolated_buckets));
        let shape = owner.smallest_shape.map_or("none: too many".to_owned(), |s| s.to_string());
        lines.push(format!("shape         {shape}"));
        lines.push(match (owner.has_blinding, owner.commitment) {
            (false, _) => "commitment    none: the document has no blinding".to_owned(),
            (true, None) => "commitment    give --market to compute it".to_owned(),
            (true, Some(commitment)) => format!("commitment    {commitment}"),
        });
    }
    lines
}
