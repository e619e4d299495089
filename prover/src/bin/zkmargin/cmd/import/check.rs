//! What a venue states of an account, beside what a model here gives at the account's
//! own marks.

mod settlement;

use std::fmt;

use pasta_curves::Fp;
use rust_decimal::Decimal;
use serde::Serialize;
use zkmargin_margin::ids::Epoch;
use zkmargin_params::import::{
    AccountProblem, Holding, ImportError, SHORT_LEG, VenueAccount, both_sides,
};
use zkmargin_params::market::Market;
use zkmargin_params::model::{AnyModel, StandardModel};
use zkmargin_prover::files::Source;
use zkmargin_prover::portfolio_file::{Listings, PortfolioDocument};

use crate::cmd::market::load_model;
use crate::error::Error;

/// Figures this close are one: the venue's last decimals, and those of our rounding.
const CLOSE: Decimal = Decimal::from_parts(1, 0, 0, false, 6);

/// A figure that the venue states.
#[derive(Clone, Serialize)]
pub(super) struct Checked {
    pub(super) figure: &'static str,
    pub(super) stated: String,
    pub(super) computed: String,
    pub(super) agrees: bool,
    quote: String,
    model: String,
}

impl Checked {
    /// A figure by its name, in a currency, as the venue states it and as a model by its name
    /// gives it: apart by what the model rounds, at most, and the venue's last decimals.
    fn new(
        (figure, quote, model): (&'static str, &str, &str),
        stated: Decimal,
        computed: String,
        rounding: Decimal,
    ) -> Self {
        let apart = computed.parse::<Decimal>().ok().and_then(|own| own.checked_sub(stated));
        let scale = stated.abs().max(Decimal::ONE).checked_mul(CLOSE);
        let allowed = scale.and_then(|scale| scale.checked_add(rounding));
        let agrees = apart.zip(allowed).is_some_and(|(apart, most)| apart.abs() <= most);
        let (quote, model) = (quote.to_owned(), model.to_owned());
        Self { figure, stated: stated.normalize().to_string(), computed, agrees, quote, model }
    }
}

impl fmt::Display for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { figure, stated, computed, agrees, quote, model } = self;
        match agrees {
            true => write!(f, "{figure}: the venue states {stated} {quote}, and so does {model}"),
            false => write!(
                f,
                "{figure}: the venue states {stated} {quote}, {model} gives {computed}: they differ"
            ),
        }
    }
}

/// What an account is compared with.
#[derive(Clone, Copy)]
pub(super) struct Against<'a> {
    /// A shipped model, or its file.
    pub(super) model: &'a str,
    /// Marks in place of the account's own, which options need.
    pub(super) marks: Option<&'a Source>,
}

/// Compares all that the venue states.
///
/// # Errors
/// When the model is of a family that the answers say too little for, or does not take the
/// account.
pub(super) fn check(
    against: Against<'_>,
    account: &VenueAccount,
    document: &PortfolioDocument,
    file: &Source,
) -> Result<Vec<Checked>, Error> {
    match (load_model(against.model)?, against.marks) {
        (AnyModel::Standard(model), None) => standard(*model, account, document, file),
        (AnyModel::Standard(_), Some(_)) => Err(Error::Usage(
            "--marks: a standard model is compared at the account's own marks: leave it out",
        )),
        (AnyModel::Settlement(model), marks) => {
            settlement::check(&model, marks, (account, document), file)
        }
        _ => Err(Error::Usage("--check: only standard and settlement models can be compared")),
    }
}

fn standard(
    model: StandardModel,
    account: &VenueAccount,
    document: &PortfolioDocument,
    file: &Source,
) -> Result<Vec<Checked>, Error> {
    let model = with_leverages(&with_legs(model, account, file)?, account, file)?;
    let flat = || ImportError::Account(AccountProblem::Flat);
    let failed = |error| Error::account(file, error, "");
    // When is of no account here.
    let marks = account.snapshot(Some(0)).map_err(failed)?;
    let marks = marks.ok_or_else(|| failed(flat()))?;
    let market = Market::<Fp>::build(&model, &marks, Epoch::new(0))
        .map_err(|error| Error::market(file, error))?;
    let portfolio = Listings::from(&market)
        .portfolio(document)
        .map_err(|error| Error::portfolio(file, error))?;
    let margin = market.margin(&portfolio).map_err(|error| Error::market(file, error))?;
    let equity: i128 = margin.buckets.iter().map(|bucket| bucket.equity).sum();
    let initial: u128 = margin.buckets.iter().map(|bucket| bucket.initial).sum();
    let maintenance: u128 = margin.buckets.iter().map(|bucket| bucket.maintenance).sum();
    let figure = |figure, stated: Option<Decimal>, units: i128| {
        let named = (figure, account.quote.as_str(), model.name());
        Some(Checked::new(named, stated?, market.format_amount(units), Decimal::ZERO))
    };
    let stated = &account.stated;
    Ok([
        figure("equity", stated.equity, equity),
        // Sums of at most 128 figures below 2^82.
        figure("initial margin", stated.initial, initial.cast_signed()),
        figure("maintenance margin", stated.maintenance, maintenance.cast_signed()),
    ]
    .into_iter()
    .flatten()
    .collect())
}

/// The model with short legs of its own, where the account has one.
fn with_legs(
    model: StandardModel,
    account: &VenueAccount,
    file: &Source,
) -> Result<StandardModel, Error> {
    let is_leg = |held: &Holding| held.symbol.as_str().ends_with(SHORT_LEG);
    if !account.positions.iter().any(is_leg) {
        return Ok(model);
    }
    let mut spec = model.spec().clone();
    spec.instruments = both_sides(spec.instruments);
    StandardModel::new(spec).map_err(|error| Error::import(file, error.into()))
}

/// The model with the leverages that the account has, of what it lists.
fn with_leverages(
    model: &StandardModel,
    account: &VenueAccount,
    file: &Source,
) -> Result<StandardModel, Error> {
    let mut wanted = account.leverages();
    wanted.retain(|symbol, _| model.instruments().contains_key(symbol));
    model.offering(&wanted).map_err(|error| Error::import(file, error.into()))
}

#[cfg(test)]
mod tests {
    use zkmargin_margin::ids::AccountId;
    use zkmargin_params::import::{binance, derive};

    use super::*;
    use crate::cmd::import::document;

    const BINANCE: [&str; 2] = [
        include_str!("../../../../../../params/fixtures/accounts/binance_hedge_account.json"),
        include_str!("../../../../../../params/fixtures/accounts/binance_hedge_positions.json"),
    ];
    const DERIVE: &str =
        include_str!("../../../../../../params/fixtures/accounts/derive_subaccount.json");

    /// A model at the account's own marks.
    fn own(model: &str) -> Against<'_> {
        Against { model, marks: None }
    }

    /// The portfolio of an account, as JSON without its blinding.
    fn portfolio(account: &VenueAccount, decimals: u32) -> serde_json::Value {
        let document = document(AccountId::new([0; 20]), account, decimals);
        // What is written must be what is read.
        document.check().unwrap();
        serde_json::from_slice(&document.to_json()).unwrap()
    }

    #[test]
    fn a_portfolio_has_what_the_venue_says() {
        let account = binance::account(BINANCE[0], BINANCE[1], None, &"USDT".parse().unwrap());
        let written = portfolio(&account.unwrap(), 8);
        assert_eq!(written["balance"], "4100.25");
        let short = &written["positions"][1];
        assert_eq!(short["instrument"], "BTCUSDT:SHORT");
        assert_eq!((&short["quantity"], &short["entry_price"]), (&"-0.2".into(), &"94500".into()));
        assert_eq!(written["isolated"][0]["balance"], "900");
        assert!(written["cash"].is_null() && written["reserved"].is_null());
    }

    #[test]
    fn amounts_are_rounded_against_the_account() {
        let written = portfolio(&derive::account(DERIVE).unwrap(), 6);
        assert_eq!(written["balance"], "45.894332");
        assert_eq!(written["positions"][0]["unrealised"], "0.000318");
        assert_eq!(written["reserved"], "0.25");
        let loss = DERIVE
            .replace("0.000318767368", "-0.000318767368")
            .replace("45.894651148427", "45.894013613691")
            .replace("-0.25", "-0.2500001");
        let written = portfolio(&derive::account(&loss).unwrap(), 6);
        assert_eq!(written["positions"][0]["unrealised"], "-0.000319");
        assert_eq!(written["reserved"], "0.250001");
    }

    #[test]
    fn what_differs_from_the_venue_is_said() {
        let quote = "USDT".parse().unwrap();
        let account = binance::account(BINANCE[0], BINANCE[1], None, &quote).unwrap();
        let mut document = document(AccountId::new([0; 20]), &account, 8);
        document.ensure_blinding().unwrap();
        let file = Source::from("account.json");
        // The shipped model lists one leg; both are compared.
        let checked = check(own("binance-usdm"), &account, &document, &file).unwrap();
        assert_eq!(checked.len(), 3);
        assert!(checked.iter().all(|one| one.agrees && one.stated == one.computed));
        let scenario = check(own("scan"), &account, &document, &file).err().unwrap();
        assert!(scenario.message(false).contains("standard and settlement models"));
        let mut alone = account.clone();
        alone.positions.pop();
        let mut document = super::super::document(AccountId::new([0; 20]), &alone, 8);
        document.ensure_blinding().unwrap();
        let checked = check(own("binance-usdm"), &alone, &document, &file).unwrap();
        let said: Vec<_> = checked.iter().map(|one| (one.figure, one.agrees)).collect();
        let expected =
            [("equity", false), ("initial margin", false), ("maintenance margin", false)];
        assert_eq!(said, expected);
        let last = checked[2].to_string();
        assert_eq!(
            last,
            "maintenance margin: the venue states 320.66504 USDT, binance-usdm gives 245.5036: \
             they differ"
        );
    }
}
