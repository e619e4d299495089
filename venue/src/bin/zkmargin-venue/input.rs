//! What several commands read.

use std::convert::Infallible;

use zkmargin_margin::claim::Claim;
use zkmargin_margin::ids::{ContextId, Epoch};
use zkmargin_margin::layout::ColumnLayout;
use zkmargin_margin::shape::{ProofSystem, Shape};
use zkmargin_params::market::AnyMarketFile;
use zkmargin_params::srs::DevSrs;
use zkmargin_prover::crypt::SharedKeys;
use zkmargin_prover::files::Source;
use zkmargin_venue::keys::identities;
use zkmargin_venue::prove::Wanted;
use zkmargin_venue::store::{Place, Store};

use crate::error::Error;
use crate::output::Output;

/// Environment variable with the store.
const STORE_ENV: &str = "ZKMARGIN_VENUE_STORE";
/// The store where none is named.
const DEFAULT_STORE: &str = "venue.db";

/// What every command is given.
#[derive(Clone, Debug)]
pub(crate) struct Env {
    pub(crate) out: Output,
    pub(crate) store: Option<String>,
}

impl Env {
    /// Where the store is: named, in the environment, or a file here.
    pub(crate) fn place(&self) -> Result<Place, Error> {
        if let Some(text) = &self.store {
            let place: Place = text.parse()?;
            return match place.has_password() {
                true => Err(Error::PasswordShown),
                false => Ok(place),
            };
        }
        let text = std::env::var(STORE_ENV).ok().filter(|text| !text.is_empty());
        Ok(text.as_deref().unwrap_or(DEFAULT_STORE).parse()?)
    }

    pub(crate) async fn open(&self) -> Result<Store, Error> {
        Ok(Store::open(&self.place()?).await?)
    }
}

/// Which portfolios are meant.
#[derive(Debug, clap::Args)]
pub(crate) struct Inputs {
    /// The files; of a directory the .age and .json files in it
    #[arg(value_parser = parse_source, required_unless_present = "list")]
    pub(crate) portfolio: Vec<Source>,
    /// A file that names portfolios, one a line
    #[arg(short, long, value_name = "FILE", value_parser = parse_source)]
    pub(crate) list: Vec<Source>,
    /// Go on after one that is refused
    #[arg(long)]
    pub(crate) keep_going: bool,
}

/// What portfolios are opened with.
#[derive(Debug, clap::Args)]
pub(crate) struct IdentityArgs {
    /// Identity file of age; ZKMARGIN_IDENTITY works too, and ZKMARGIN_PASSPHRASE
    /// opens a file that is encrypted
    #[arg(short, long, value_name = "FILE", value_parser = parse_source)]
    pub(crate) identity: Vec<Source>,
}

impl IdentityArgs {
    pub(crate) fn keys(&self) -> Result<SharedKeys, Error> {
        Ok(identities(&self.identity)?)
    }
}

/// What is claimed of every account.
#[derive(Debug, clap::Args)]
pub(crate) struct ClaimArgs {
    /// at-least:LEVEL or below:LEVEL, with LEVEL one of margin-call, maintenance,
    /// initial; accounts that it is not true of are left out
    #[arg(short, long, default_value = "at-least:maintenance")]
    pub(crate) claim: Claim,
    /// Size of the circuit: auto, small, medium, large or deep
    #[arg(long, default_value = "auto", value_parser = parse_shape)]
    pub(crate) shape: ShapeChoice,
}

impl ClaimArgs {
    pub(crate) fn wanted(&self, disclose: bool) -> Wanted {
        Wanted { claim: self.claim, disclose, shape: self.shape.0 }
    }
}

/// A shape, or the smallest that fits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ShapeChoice(pub(crate) Option<Shape>);

fn parse_shape(text: &str) -> Result<ShapeChoice, &'static str> {
    match text {
        "auto" => Ok(ShapeChoice(None)),
        _ => text
            .parse()
            .map(|shape| ShapeChoice(Some(shape)))
            .map_err(|_| "allowed are auto, small, medium, large, deep, huge, multi, multi-large"),
    }
}

/// How the gates of circuits are laid out in columns.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub(crate) struct LayoutArgs {
    /// Columns of the circuit under kzg: tall (the default) costs a contract least
    /// gas; wide takes less time to prove, for whoever pays no gas or little. A
    /// verifier takes one of them
    #[arg(long, value_name = "LAYOUT")]
    layout: Option<ColumnLayout>,
}

impl LayoutArgs {
    /// The layout asked for, else the usual one.
    pub(crate) fn of(self, system: ProofSystem) -> Result<ColumnLayout, Error> {
        let layout = self.layout.unwrap_or(system.usual_layout());
        match system.has_layout(layout) {
            true => Ok(layout),
            false => Err(Error::Usage("--layout tall: proofs of ipa have the wide layout alone")),
        }
    }
}

/// Whether insecure powers of tau will do.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct SrsArgs {
    /// Use powers of tau whose secret everybody can compute: proofs prove nothing,
    /// which is enough for tests
    #[arg(long)]
    pub(crate) insecure_dev_srs: bool,
}

impl SrsArgs {
    pub(crate) fn dev(self) -> DevSrs {
        if self.insecure_dev_srs { DevSrs::AllowInsecure } else { DevSrs::Refuse }
    }
}

/// Reads an argument that names a file or `-`.
pub(crate) fn parse_source(text: &str) -> Result<Source, Infallible> {
    Ok(Source::from(text))
}

/// Reads a context: its digits, or the parts it is derived from.
pub(crate) fn parse_context(text: &str) -> Result<ContextId, &'static str> {
    const ALLOWED: &str = "allowed are 0x and 62 hexadecimal digits, or PROTOCOL, PROTOCOL@CHAIN, PROTOCOL@CHAIN/0xVERIFIER";
    if text.starts_with("0x") {
        return text.parse().map_err(|_| ALLOWED);
    }
    let (protocol, place) = text.split_once('@').unwrap_or((text, "0"));
    let (chain, verifier) = place.split_once('/').unwrap_or((place, ""));
    let mut address = [0; 20];
    if place.contains('/') {
        let digits = verifier.strip_prefix("0x").ok_or(ALLOWED)?;
        hex::decode_to_slice(digits, &mut address).map_err(|_| ALLOWED)?;
    }
    match (protocol.is_empty(), chain.parse()) {
        (false, Ok(chain)) => Ok(ContextId::derive(protocol, chain, address)),
        _ => Err(ALLOWED),
    }
}

/// A market file: its text, and what it says.
pub(crate) fn load_market(source: &Source) -> Result<(String, AnyMarketFile), Error> {
    let text = String::from_utf8(source.read()?).map_err(|_| Error::NotText(source.to_string()))?;
    let file = AnyMarketFile::from_json(&text)
        .map_err(|error| Error::Market { path: source.to_string(), source: error })?;
    Ok((text, file))
}

/// The market that the last epoch was made with.
pub(crate) async fn stored_market(store: &Store) -> Result<(Epoch, AnyMarketFile), Error> {
    let epoch = store.last_epoch().await?.ok_or(Error::NoEpoch)?.epoch;
    let text = store.market(epoch).await?.ok_or(Error::NoEpoch)?;
    Ok((epoch, AnyMarketFile::from_json(&text)?))
}
