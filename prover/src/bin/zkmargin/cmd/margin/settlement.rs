//! Margin of the settlement family, in figures.

use serde::Serialize;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::{AccountId, Epoch};
use zkmargin_params::market::SettlementMarketFile;
use zkmargin_params::market::settlement::Market;
use zkmargin_prover::settlement::SettlementReport;

use super::Args;
use crate::env::Env;
use crate::error::{Error, Exit};
use crate::input::load_portfolio;

#[derive(Serialize)]
struct Report {
    account: AccountId,
    epoch: Epoch,
    model: String,
    quote: String,
    #[serde(flatten)]
    margin: SettlementReport,
}

pub(super) fn run<F: MarginField>(
    args: &Args,
    file: &SettlementMarketFile,
    market: &Market<F>,
    env: Env,
) -> Result<Exit, Error> {
    if args.picture.wanted() {
        return Err(Error::Usage(
            "--plot: not for accounts of markets that bound options by their expiry",
        ));
    }
    let (account, portfolio) =
        load_portfolio(&args.portfolio, &args.keys, args.insecure_plaintext, market)?;
    let margin = SettlementReport::new(market, &portfolio)
        .map_err(|error| Error::market(&args.portfolio, error))?;
    let report = Report {
        account,
        epoch: file.epoch(),
        model: file.model().name().to_owned(),
        quote: file.snapshot().spec().quote.to_string(),
        margin,
    };
    env.out.result(&report, lines)?;
    Ok(Exit::Done)
}

fn lines(report: &Report) -> Vec<String> {
    let mut lines = vec![
        format!("account       {}", report.account),
        format!("epoch         {}, model {}", report.epoch.get(), report.model),
    ];
    lines.extend(report.margin.lines(&report.quote));
    lines
}
