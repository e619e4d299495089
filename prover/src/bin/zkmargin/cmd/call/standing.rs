//! `zkmargin call standing`: may an account take more risk?

use serde::Serialize;
use zkmargin_margin::claim::Level;
use zkmargin_margin::ids::AccountId;
use zkmargin_prover::freshness::parse_period;
use zkmargin_prover::human::duration;
use zkmargin_verifier::engine;

use super::LedgerArgs;
use crate::env::Env;
use crate::error::{Error, Exit};
use crate::input::parse_level;

#[derive(Debug, clap::Args)]
pub(crate) struct Standing {
    #[command(flatten)]
    ledger: LedgerArgs,
    /// The account
    #[arg(short, long, value_name = "0x...")]
    account: AccountId,
    /// Level that it must have proved: margin-call, maintenance, initial
    #[arg(long, value_name = "LEVEL", value_parser = parse_level)]
    at_least: Level,
    /// How old the market may be in which it proved that, in real time: 15m, 1h
    #[arg(long, value_name = "PERIOD", value_parser = parse_period)]
    max_age: u64,
}

#[derive(Serialize)]
struct Report {
    account: AccountId,
    may_increase_risk: bool,
    standing: engine::Standing,
}

pub(super) fn run(args: &Standing, env: Env) -> Result<Exit, Error> {
    let ledger = args.ledger.open()?;
    let standing = ledger
        .standing(args.account, args.ledger.now()?)
        .map_err(|error| args.ledger.failed(error))?;
    let may_increase_risk = standing.may_increase_risk(args.at_least, args.max_age);
    let report = Report { account: args.account, may_increase_risk, standing };
    env.out.result(&report, Report::lines)?;
    Ok(if may_increase_risk { Exit::Done } else { Exit::False })
}

impl Report {
    fn lines(&self) -> Vec<String> {
        let verdict = if self.may_increase_risk { "may" } else { "MAY NOT" };
        let mut lines = vec![
            format!("{} {verdict} take more risk", self.account),
            format!("status        {}", self.standing.status),
        ];
        if self.standing.overdue {
            lines.push("proof         OVERDUE".to_owned());
        }
        lines.extend(
            self.standing.market_age.map(|age| format!("market        {} old", duration(age))),
        );
        if let Some(path) = self.standing.waits_for {
            let epoch = path.epoch.get();
            lines.push(format!(
                "path          WAITS for that of epoch {epoch}: its clock stands still"
            ));
        }
        if let Some(change) = self.standing.change {
            let epoch = change.epoch.get();
            lines.push(format!(
                "change        from epoch {epoch}, NOT SHOWN yet: other proofs do not count"
            ));
        }
        lines.extend(self.standing.standstill.map(|why| format!("engine        {why}")));
        lines
    }
}
