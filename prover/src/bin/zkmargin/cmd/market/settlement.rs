//! Markets of the settlement family, shown.

use serde::Serialize;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::Timestamp;
use zkmargin_margin::settlement::{Charges, RowKind, SettlementRow};
use zkmargin_margin::shape::{Family, ProofSystem};
use zkmargin_params::market::settlement::{Listing, Market};
use zkmargin_params::market::{SettlementKind, SettlementMarketFile};
use zkmargin_params::scenario::ScenarioSnapshot;
use zkmargin_params::settlement::SettlementError;
use zkmargin_params::settlement::snapshot::SettlementSnapshot;
use zkmargin_params::symbol::Symbol;
use zkmargin_prover::figures::Table;
use zkmargin_prover::files::Source;
use zkmargin_prover::venue::FieldHex;

use super::{Show, Shown, Summary, listed, summary_lines};
use crate::env::Env;
use crate::error::Error;

#[derive(Serialize)]
struct Details {
    #[serde(flatten)]
    summary: Summary,
    underlyings: Vec<Symbol>,
    listings: Vec<ListingLine>,
}

/// An instrument's row, in decimals of the quote currency per lot.
#[derive(Serialize)]
struct ListingLine {
    symbol: Symbol,
    id: String,
    lot: String,
    mark: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    strike: Option<String>,
    maintenance: String,
    initial: String,
    /// Of a short call that no call of its expiry covers.
    #[serde(skip_serializing_if = "Option::is_none")]
    unpaired_maintenance: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unpaired_initial: Option<String>,
    /// Of initial margin, on top, whatever the expiry can lose.
    extra: String,
}

fn failed(source: &Source, error: SettlementError) -> Error {
    Error::Settlement { path: source.to_string(), source: Box::new(error) }
}

/// Whether a text is an options market as importers make it: of one underlying.
fn is_chain(text: &str) -> bool {
    let fields = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(text);
    fields.is_ok_and(|fields| fields.contains_key("market"))
}

impl Shown for SettlementKind {
    fn summary<F: MarginField>(file: &SettlementMarketFile, market: &Market<F>) -> Summary {
        let spec = file.snapshot().spec();
        Summary {
            family: Family::Settlement,
            proof_system: ProofSystem::of_field(F::NAME).unwrap_or(ProofSystem::Ipa),
            market_root: FieldHex::of(&market.root()),
            epoch: file.epoch(),
            timestamp: spec.timestamp,
            source: spec.source.clone(),
            quote: spec.quote.to_string(),
            model_name: file.model().name().to_owned(),
            model: file.model().digest(),
            instruments: market.listings().count(),
            rows: market.rows().len(),
            unpriced: None,
        }
    }

    /// Of all underlyings, or an options market of one.
    fn snapshot(text: &str, source: &Source) -> Result<SettlementSnapshot, Error> {
        let snapshot = match is_chain(text) {
            false => SettlementSnapshot::from_json(text),
            true => {
                let chain = ScenarioSnapshot::from_json(text).map_err(|error| {
                    let path = source.to_string();
                    Error::ScenarioMarket { path, source: Box::new(error) }
                })?;
                SettlementSnapshot::of_chains(&[chain])
            }
        };
        snapshot.map_err(|error| failed(source, error))
    }

    fn with_second(
        snapshot: SettlementSnapshot,
        second: SettlementSnapshot,
        source: &Source,
    ) -> Result<SettlementSnapshot, Error> {
        snapshot.with(&second).map_err(|error| failed(source, error))
    }

    fn timestamp(snapshot: &SettlementSnapshot) -> Timestamp {
        snapshot.spec().timestamp
    }

    fn show<F: MarginField>(
        file: &SettlementMarketFile,
        market: &Market<F>,
        args: &Show,
        env: Env,
    ) -> Result<(), Error> {
        let listings = match &args.instrument {
            Some(symbol) => vec![listed(args, market.listing(symbol.as_str()))?],
            None => market.listings().collect(),
        };
        let markets = &file.snapshot().spec().markets;
        let details = Details {
            summary: Self::summary(file, market),
            underlyings: markets.iter().map(|of| of.spec().underlying.clone()).collect(),
            listings: listings.into_iter().filter_map(|of| line(market, of)).collect(),
        };
        env.out.result(&details, lines)
    }
}

fn line<F: MarginField>(market: &Market<F>, listing: &Listing) -> Option<ListingLine> {
    let row: &SettlementRow = market.rows().get(listing.row())?;
    let amount = |units: u64| market.format_amount(units.into());
    let Charges { maintenance, initial } = row.charges();
    let unpaired = |units: u64| row.is_call().then(|| amount(units));
    Some(ListingLine {
        symbol: listing.symbol().clone(),
        id: format!("{:#018x}", listing.id().get()),
        lot: listing.lot_size().to_string(),
        mark: amount(row.mark()),
        strike: match row.kind() {
            RowKind::Option { strike, .. } => Some(amount(strike)),
            RowKind::Contract | RowKind::Collateral => None,
        },
        maintenance: amount(maintenance),
        initial: amount(initial),
        unpaired_maintenance: unpaired(row.unpaired().maintenance),
        unpaired_initial: unpaired(row.unpaired().initial),
        extra: amount(row.extra()),
    })
}

fn lines(details: &Details) -> Vec<String> {
    let mut lines = summary_lines(&details.summary);
    let names: Vec<_> = details.underlyings.iter().map(Symbol::as_str).collect();
    lines.extend([format!("underlyings   {}", names.join(", ")), String::new()]);
    let heads = ["instrument", "lot", "mark", "maintenance", "initial", "naked call", "extra"];
    let mut table = Table::new(1, heads);
    for line in &details.listings {
        table.row([
            line.symbol.to_string(),
            line.lot.clone(),
            line.mark.clone(),
            line.maintenance.clone(),
            line.initial.clone(),
            line.unpaired_initial.clone().unwrap_or_default(),
            line.extra.clone(),
        ]);
    }
    lines.extend(table.lines());
    lines.push(
        "figures are per lot; of options per short lot, their mark in it; a naked call is one that \
         no call of its expiry covers"
            .to_owned(),
    );
    lines
}
