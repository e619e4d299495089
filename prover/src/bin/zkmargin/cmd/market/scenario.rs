//! Markets of the scenario family, shown: the risk table, readably.

use serde::Serialize;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::Timestamp;
use zkmargin_margin::scenario::Underlying;
use zkmargin_margin::shape::{Family, ProofSystem};
use zkmargin_params::market::scenario::{Listing, Market, Part};
use zkmargin_params::market::{MarketError, ScenarioKind, ScenarioMarketFile};
use zkmargin_params::scenario::parameters::Scenario;
use zkmargin_params::scenario::{
    GroupRow, MarketSpec, RiskRow, RowKind, ScenarioModel, ScenarioSnapshot,
};
use zkmargin_prover::figures::{Table, change, fixed, money, significant};
use zkmargin_prover::files::Source;
use zkmargin_prover::scenario::{days, vol_name};
use zkmargin_prover::venue::FieldHex;

use super::inputs::check_steps;
use super::{Build, Show, Shown, Summary, Verify, listed, summary_lines};
use crate::env::Env;
use crate::error::Error;

#[derive(Serialize)]
struct Details {
    #[serde(flatten)]
    summary: Summary,
    #[serde(flatten)]
    first: OfUnderlying,
    /// What else the market has.
    #[serde(skip_serializing_if = "Option::is_none")]
    second: Option<OfUnderlying>,
    listings: Vec<ListingLine>,
}

/// What is of an underlying.
#[derive(Serialize)]
struct OfUnderlying {
    /// Of a market of two.
    #[serde(skip_serializing_if = "Option::is_none")]
    underlying: Option<String>,
    spot: f64,
    scenarios: Vec<Scenario>,
    expiries: Vec<GroupRow>,
}

impl OfUnderlying {
    fn new(part: &Part, prices: &MarketSpec, named: bool) -> Self {
        let table = part.table();
        // Of published arrays the table has no price: deltas are in what they are charged.
        let spot = if table.terms.imported_arrays { prices.spot } else { table.terms.spot };
        Self {
            underlying: named.then(|| part.underlying().to_string()),
            spot,
            scenarios: table.terms.scenarios.clone(),
            expiries: table.groups.clone(),
        }
    }
}

#[derive(Serialize)]
struct ListingLine {
    id: String,
    lot: String,
    /// It is of the second underlying.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    of_second: bool,
    /// In units of the underlying, not in lots.
    #[serde(flatten)]
    row: RiskRow,
}

impl Shown for ScenarioKind {
    fn summary<F: MarginField>(file: &ScenarioMarketFile, market: &Market<F>) -> Summary {
        let spec = file.snapshot().spec();
        Summary {
            family: Family::Scenario,
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

    fn snapshot(text: &str, source: &Source) -> Result<ScenarioSnapshot, Error> {
        ScenarioSnapshot::from_json(text).map_err(|error| Error::ScenarioMarket {
            path: source.to_string(),
            source: Box::new(error),
        })
    }

    fn with_second(
        snapshot: ScenarioSnapshot,
        second: ScenarioSnapshot,
        source: &Source,
    ) -> Result<ScenarioSnapshot, Error> {
        snapshot.with_second(second).map_err(|error| Error::ScenarioMarket {
            path: source.to_string(),
            source: Box::new(error),
        })
    }

    fn with_inputs(
        snapshot: ScenarioSnapshot,
        model: &ScenarioModel,
        args: &Build,
        env: Env,
    ) -> Result<ScenarioSnapshot, Error> {
        args.inputs.complete_set(snapshot, model, &args.snapshot, env)
    }

    fn check_steps(file: &ScenarioMarketFile, args: &Verify, env: Env) -> Result<(), Error> {
        let kept = file.snapshot().spec().calibration.as_ref();
        check_steps(file, file.model().rules().next().map(|_| kept), args, env)
    }

    fn timestamp(snapshot: &ScenarioSnapshot) -> Timestamp {
        snapshot.spec().timestamp
    }

    fn show<F: MarginField>(
        file: &ScenarioMarketFile,
        market: &Market<F>,
        args: &Show,
        env: Env,
    ) -> Result<(), Error> {
        let listings = match &args.instrument {
            Some(symbol) => vec![listed(args, market.listing(symbol.as_str()))?],
            None => market.listings().collect(),
        };
        let line = |listing: &Listing| {
            let row = market.risk_row(listing.row())?.clone();
            let (id, lot) = (listing.id().to_string(), listing.lot_size().to_string());
            let of_second = market.rows()[listing.row()].underlying == Underlying::SECOND;
            Some(ListingLine { id, lot, of_second, row })
        };
        let spec = file.snapshot().spec();
        let second = spec.second.as_ref().map(|second| &second.market);
        let prices = [&spec.market].into_iter().chain(second);
        let named = market.only().is_err();
        let mut parts = market
            .parts()
            .iter()
            .zip(prices)
            .map(|(part, prices)| OfUnderlying::new(part, prices.spec(), named));
        let missing = || Error::market(&args.market, MarketError::NoSuchRow(0));
        let details = Details {
            summary: Self::summary(file, market),
            first: parts.next().ok_or_else(missing)?,
            second: parts.next(),
            listings: listings.into_iter().filter_map(line).collect(),
        };
        env.out.result(&details, |details| match args.instrument {
            Some(_) => one(details),
            None => all(details),
        })
    }
}

fn all(details: &Details) -> Vec<String> {
    let mut lines = summary_lines(&details.summary);
    for of in [&details.first].into_iter().chain(&details.second) {
        let name = of.underlying.as_deref().unwrap_or_default();
        lines.push(format!("spot          {} {name}", money(of.spot)).trim_end().to_owned());
        lines.push(String::new());
        let heads = ["expiry", "forward", "long discount", "short discount", "basis weight"];
        let mut table = Table::new(1, heads);
        for group in &of.expiries {
            table.row([
                days(group.expiry_seconds),
                money(group.forward),
                fixed(group.long_discount, 6),
                fixed(group.short_discount, 6),
                fixed(group.basis_weight, 6),
            ]);
        }
        lines.extend(table.lines());
        lines.push(String::new());
    }
    let heads =
        ["instrument", "kind", "lot", "mark", "delta", "vega", "lowest", "highest", "charge"];
    let mut table = Table::new(2, heads);
    for ListingLine { lot, row, .. } in &details.listings {
        let lowest = row.scenarios.iter().copied().reduce(f64::min).unwrap_or_default();
        let highest = row.scenarios.iter().copied().reduce(f64::max).unwrap_or_default();
        table.row([
            row.symbol.to_string(),
            kind(row).to_owned(),
            lot.clone(),
            money(row.mark),
            significant(row.greeks.delta),
            money(row.greeks.vega),
            money(lowest),
            money(highest),
            money(row.mm_charge),
        ]);
    }
    lines.extend(table.lines());
    lines.push(
        "figures are per unit; lowest and highest over the scenarios, charge for maintenance"
            .to_owned(),
    );
    lines
}

fn one(details: &Details) -> Vec<String> {
    let Some(ListingLine { id, lot, row, of_second }) = details.listings.first() else {
        return Vec::new();
    };
    let of = details.second.as_ref().filter(|_| *of_second).unwrap_or(&details.first);
    let mut lines = summary_lines(&details.summary);
    lines.extend([
        String::new(),
        format!("instrument    {} ({}, id {id})", row.symbol, kind(row)),
        format!("lot           {lot}"),
        format!("mark          {}", money(row.mark)),
        format!(
            "greeks        delta {}, gamma {}, vega {}, theta {}",
            significant(row.greeks.delta),
            significant(row.greeks.gamma),
            money(row.greeks.vega),
            money(row.greeks.theta)
        ),
        format!(
            "charges       maintenance {}, initial {} more",
            money(row.mm_charge),
            money(row.im_charge)
        ),
        format!("basis         up {}, down {}", money(row.basis[0]), money(row.basis[1])),
        String::new(),
    ]);
    let value = if matches!(row.kind, RowKind::Option { .. }) { "value" } else { "profit" };
    let mut table = Table::new(0, ["no.", "spot", "volatility", "weight", value]);
    for (index, (scenario, value)) in of.scenarios.iter().zip(&row.scenarios).enumerate() {
        table.row([
            index.to_string(),
            change(scenario.spot_shock),
            vol_name(scenario.vol_shock_direction).trim_start_matches("volatility ").to_owned(),
            significant(scenario.dampening_factor),
            money(*value),
        ]);
    }
    lines.extend(table.lines());
    lines
}

fn kind(row: &RiskRow) -> &'static str {
    match row.kind {
        RowKind::Option { .. } => "option",
        RowKind::Perpetual { .. } => "perpetual",
        RowKind::Future { .. } => "future",
        RowKind::Collateral => "collateral",
    }
}
