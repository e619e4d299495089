//! What several commands read: portfolios, markets, contexts, paths; keys are in
//! `keys`.

use std::convert::Infallible;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use zeroize::Zeroizing;
use zkmargin_margin::claim::Level;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::{AccountId, ContextId, Epoch, Memo};
use zkmargin_margin::layout::ColumnLayout;
use zkmargin_margin::portfolio::Portfolio;
use zkmargin_margin::shape::ProofSystem;
use zkmargin_margin::statement::transition::{Aim, InvalidAim};
use zkmargin_params::market::{
    AnyMarketFile, MarketFileError, MarketKind, PublishedMarket as MarketFileOf,
};
use zkmargin_params::srs::DevSrs;
use zkmargin_params::symbol::Symbol;
use zkmargin_prover::crypt;
use zkmargin_prover::family::FamilyMarket;
use zkmargin_prover::files::{Kind, Source, refuse_target, write_atomic};
use zkmargin_prover::portfolio_file::{CASH_NOTE, PortfolioDocument};

use crate::env::Env;
use crate::error::Error;
pub(crate) use crate::keys::{
    EVM_KEY_ENV, EVM_PASSWORD_ENV, KeyArgs, RecipientArgs, read_recipients_file, without_secrets,
};
use crate::output::stderr_line;

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
    let (chain, verifier) = match place.split_once('/') {
        Some((chain, verifier)) => (chain, Some(verifier)),
        None => (place, None),
    };
    let mut address = [0; 20];
    if let Some(verifier) = verifier {
        verifier
            .strip_prefix("0x")
            .and_then(|digits| hex::decode_to_slice(digits, &mut address).ok())
            .ok_or(ALLOWED)?;
    }
    match (protocol.is_empty(), chain.parse()) {
        (false, Ok(chain)) => Ok(ContextId::derive(protocol, chain, address)),
        _ => Err(ALLOWED),
    }
}

/// Reads a level that can be claimed.
pub(crate) fn parse_level(text: &str) -> Result<Level, &'static str> {
    (1..=3)
        .filter_map(Level::from_u8)
        .find(|level| level.to_string() == text)
        .ok_or("allowed are margin-call, maintenance, initial")
}

/// Reads the level of the aim *healthier*.
pub(crate) fn parse_healthier(text: &str) -> Result<Aim, InvalidAim> {
    format!("healthier:{text}").parse()
}

/// Reads the levels of the aim *cures*: the breach, then the target.
pub(crate) fn parse_cures(text: &str) -> Result<Aim, InvalidAim> {
    format!("cures:{text}").parse()
}

/// Reads a memo: at most 31 bytes, which are its last.
pub(crate) fn parse_memo(text: &str) -> Result<Memo, &'static str> {
    let digits = text.strip_prefix("0x").and_then(|digits| hex::decode(digits).ok());
    digits
        .and_then(|bytes| Memo::of(&bytes))
        .ok_or("allowed are 0x and an even number of hexadecimal digits, at most 62")
}

/// Reads an epoch's number; zero is none.
pub(crate) fn parse_epoch(text: &str) -> Result<Epoch, &'static str> {
    match text.parse() {
        Ok(0) | Err(_) => Err("allowed are whole numbers from 1"),
        Ok(number) => Ok(Epoch::new(number)),
    }
}

/// A portfolio document, opened in memory.
pub(crate) fn load_document(
    source: &Source,
    keys: &KeyArgs,
    allow_plaintext: bool,
) -> Result<PortfolioDocument, Error> {
    load_document_with(source, |file| keys.open(source, file), allow_plaintext)
}

/// The same, opened in the caller's way.
pub(crate) fn load_document_with(
    source: &Source,
    open: impl FnOnce(&[u8]) -> Result<Zeroizing<Vec<u8>>, Error>,
    allow_plaintext: bool,
) -> Result<PortfolioDocument, Error> {
    let file = source.read_secret()?;
    let plain = if crypt::is_age(&file) {
        open(&file)?
    } else if allow_plaintext || !file.trim_ascii_start().starts_with(b"{") {
        // What is not JSON either is refused with its own error.
        match allow_plaintext {
            true => file,
            false => return Err(Error::crypt(source, crypt::CryptError::NotAge)),
        }
    } else {
        return Err(Error::PlaintextRefused(source.to_string()));
    };
    PortfolioDocument::parse(&plain).map_err(|error| Error::portfolio(source, error))
}

/// A portfolio as it would be committed to, for its owner's eyes: a missing
/// blinding hides nothing there.
pub(crate) fn load_portfolio<F: MarginField>(
    source: &Source,
    keys: &KeyArgs,
    allow_plaintext: bool,
    market: &impl FamilyMarket<F>,
) -> Result<(AccountId, Portfolio), Error> {
    let mut document = load_document(source, keys, allow_plaintext)?;
    document.ensure_blinding()?;
    let portfolio = market.listings().portfolio(&document);
    Ok((document.account, portfolio.map_err(|error| Error::portfolio(source, error))?))
}

/// The same, for a command that shows equity: cash that looks like a deposit is
/// noted.
pub(crate) fn load_portfolio_noting<F: MarginField>(
    source: &Source,
    keys: &KeyArgs,
    allow_plaintext: bool,
    market: &impl FamilyMarket<F>,
    env: Env,
) -> Result<(AccountId, Portfolio), Error> {
    let mut document = load_document(source, keys, allow_plaintext)?;
    document.ensure_blinding()?;
    let listings = market.listings();
    let portfolio =
        listings.portfolio(&document).map_err(|error| Error::portfolio(source, error))?;
    if listings.cash_looks_paid_in(&document) {
        env.out.note(format!("note: {CASH_NOTE}"));
    }
    Ok((document.account, portfolio))
}

/// A public text file.
pub(crate) fn load_text(source: &Source) -> Result<String, Error> {
    String::from_utf8(source.read()?).map_err(|_| Error::NotText(source.to_string()))
}

/// A market file that has been read; its root is recomputed where the field is
/// known.
pub(crate) struct PublishedMarket {
    place: Source,
    file: AnyMarketFile,
}

impl PublishedMarket {
    pub(crate) fn load(place: &Source) -> Result<Self, Error> {
        let file = AnyMarketFile::from_json(&load_text(place)?)
            .map_err(|source| Error::MarketFile { path: place.to_string(), source })?;
        Ok(Self { place: place.clone(), file })
    }

    pub(crate) fn file(&self) -> &AnyMarketFile {
        &self.file
    }

    /// Its proof system, unless another is asked for.
    pub(crate) fn proof_system(&self, env: Env) -> Result<ProofSystem, Error> {
        let system = match &self.file {
            AnyMarketFile::Standard(file) => file.proof_system(),
            AnyMarketFile::Scenario(file) => file.proof_system(),
            AnyMarketFile::Simulation(file) => file.proof_system(),
            AnyMarketFile::Settlement(file) => file.proof_system(),
        };
        env.proof_system_of(&self.place, system.map_err(|error| self.failed(error))?)
    }

    /// The market of one of its files, its root recomputed.
    pub(crate) fn open<K: MarketKind, F: MarginField>(
        &self,
        file: &MarketFileOf<K>,
    ) -> Result<K::Market<F>, Error> {
        file.market().map_err(|error| self.failed(error))
    }

    /// The quote currency.
    pub(crate) fn quote(&self) -> &Symbol {
        match &self.file {
            AnyMarketFile::Standard(file) => file.snapshot().quote(),
            AnyMarketFile::Scenario(file) => &file.snapshot().spec().quote,
            AnyMarketFile::Simulation(file) => &file.snapshot().spec().quote,
            AnyMarketFile::Settlement(file) => &file.snapshot().spec().quote,
        }
    }

    fn failed(&self, source: MarketFileError) -> Error {
        Error::MarketFile { path: self.place.to_string(), source }
    }
}

/// Runs code for a published market, of whatever family and proof system: the
/// one place where a family becomes a type.
macro_rules! with_market {
    ($published:expr, $env:expr, $backend:ident, $market:ident => $body:expr) => {{
        let published: &$crate::input::PublishedMarket = $published;
        ::zkmargin_prover::with_backend!(published.proof_system($env)?, $backend => {
            type Field = <$backend as ::zkmargin_prover::backend::Backend>::Field;
            match published.file() {
                ::zkmargin_params::market::AnyMarketFile::Standard(file) => {
                    let $market = published.open::<_, Field>(file)?;
                    $body
                }
                ::zkmargin_params::market::AnyMarketFile::Scenario(file) => {
                    let $market = published.open::<_, Field>(file)?;
                    $body
                }
                ::zkmargin_params::market::AnyMarketFile::Simulation(file) => {
                    let $market = published.open::<_, Field>(file)?;
                    $body
                }
                ::zkmargin_params::market::AnyMarketFile::Settlement(file) => {
                    let $market = published.open::<_, Field>(file)?;
                    $body
                }
            }
        })
    }};
}
pub(crate) use with_market;

/// Whether insecure powers of tau will do.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub(crate) struct SrsArgs {
    /// Use powers of tau whose secret everybody can compute (`zkmargin srs
    /// dev`): proofs prove nothing, which is enough for tests
    #[arg(long)]
    pub(crate) insecure_dev_srs: bool,
}

impl SrsArgs {
    pub(crate) fn dev(self) -> DevSrs {
        match self.insecure_dev_srs {
            true => DevSrs::AllowInsecure,
            false => DevSrs::Refuse,
        }
    }
}

/// How the gates of a circuit are laid out in columns.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub(crate) struct LayoutArgs {
    /// Columns of the circuit under kzg: tall (the default) costs a contract least
    /// gas; wide takes less time to prove, for whoever pays no gas or little:
    /// pages, CosmWasm, native verifiers, rollups. A verifier takes one of them
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

/// Said whenever insecure powers of tau are used, and not to be silenced.
pub(crate) fn warn_of_insecure_srs() {
    stderr_line(
        "WARNING: insecure powers of tau: everybody can forge such proofs; they prove nothing",
    );
}

/// Writes a public result to a file, or to standard output for `-`; whether it
/// went to standard output, which is then taken.
pub(crate) fn write_public(
    path: &Path,
    bytes: &[u8],
    force: bool,
    env: Env,
) -> Result<bool, Error> {
    write(path, bytes, if force { Kind::Replace } else { Kind::New }, env)
}

/// The same of what is for the owner's eyes alone, and easily made again.
pub(crate) fn write_private(
    path: &Path,
    bytes: &[u8],
    force: bool,
    env: Env,
) -> Result<bool, Error> {
    write(path, bytes, if force { Kind::PrivateReplace } else { Kind::Private }, env)
}

fn write(path: &Path, bytes: &[u8], kind: Kind, env: Env) -> Result<bool, Error> {
    if path.as_os_str() == "-" {
        env.out.bytes(bytes)?;
        return Ok(true);
    }
    write_atomic(path, bytes, kind)?;
    Ok(false)
}

/// Refuses a place for a result early, before the work that makes it.
pub(crate) fn refuse_existing(path: &Path, force: bool) -> Result<(), Error> {
    if path.as_os_str() == "-" {
        return Ok(());
    }
    Ok(refuse_target(path, if force { Kind::Replace } else { Kind::New })?)
}

/// Seconds since 1970.
pub(crate) fn now() -> Result<u64, Error> {
    SystemTime::now().duration_since(UNIX_EPOCH).map(|t| t.as_secs()).map_err(|_| Error::Clock)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contexts_come_as_digits_or_parts() {
        let derived = ContextId::derive("venue", 1, [0; 20]);
        assert_eq!(parse_context("venue@1"), Ok(derived));
        assert_eq!(parse_context(&derived.to_string()), Ok(derived));
        assert_eq!(parse_context("venue"), Ok(ContextId::derive("venue", 0, [0; 20])));
        let address = format!("venue@1/0x{}", "00".repeat(20));
        assert_eq!(parse_context(&address), Ok(derived));
        for text in ["", "@1", "venue@x", "venue@1/0x12", "0x12"] {
            assert!(parse_context(text).is_err(), "{text}");
        }
    }
}
