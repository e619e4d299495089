//! `zkmargin-venue deleverage`.

use clap::Subcommand;
use serde::Serialize;
use zkmargin_prover::files::Source;
use zkmargin_venue::deleverage::{
    Amount, DeleverageError, Holding, MAX_DECIMALS, Replay, Wave, check, replay, share,
};

use crate::error::{Error, Exit};
use crate::input::{Env, parse_source};

/// Tables are comma-separated values with a header; lines that begin with # are skipped.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Write each account's cut, from a table `account,equity` in quote units
    ///
    /// Every winner is cut by the same proportion of its equity, to one unit of the last
    /// decimal, and the cuts sum to the loss. The table has everybody: those with no
    /// equity are not cut.
    Share(Shared),
    /// Say whether the cuts of a table `account,equity,cut` are fair
    Check(Shared),
    /// Hold a past deleveraging against the rule, from a table `wave,needed,closed,equity`
    ///
    /// Needed is the loss of a wave, closed what was taken from winners, equity what all
    /// winners had.
    Replay(Args),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The table
    #[arg(value_name = "FILE", value_parser = parse_source)]
    table: Source,
    /// Digits behind the point that amounts can have
    #[arg(
        long,
        value_name = "N",
        default_value_t = 6,
        value_parser = clap::value_parser!(u32).range(..=i64::from(MAX_DECIMALS))
    )]
    decimals: u32,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Shared {
    /// The loss to share
    #[arg(long, value_name = "AMOUNT")]
    loss: String,
    #[command(flatten)]
    args: Args,
}

#[derive(Serialize)]
struct Cuts {
    loss: Amount,
    accounts: Vec<Holding>,
}

#[derive(Serialize)]
struct Fair {
    fair: bool,
    accounts: usize,
}

pub(crate) fn run(command: &Command, env: &Env) -> Result<Exit, Error> {
    match command {
        Command::Share(shared) => {
            let (loss, units) = shared.loss()?;
            let told = shared.args.told();
            let accounts = share(&shared.args.read()?, units, shared.args.decimals);
            let accounts = accounts.map_err(told)?;
            env.out.result(&Cuts { loss, accounts }, |cuts| {
                let row = |h: &Holding| format!("{},{},{}", h.account, h.equity, h.cut);
                let head = "account,equity,cut".to_owned();
                std::iter::once(head).chain(cuts.accounts.iter().map(row)).collect()
            })?;
            Ok(Exit::Done)
        }
        Command::Check(shared) => {
            let (_, units) = shared.loss()?;
            let told = shared.args.told();
            let accounts = check(&shared.args.read()?, units, shared.args.decimals);
            let fair = Fair { fair: true, accounts: accounts.map_err(told)? };
            env.out.result(&fair, |fair| {
                vec![format!("fair: {} accounts, every winner by its share", fair.accounts)]
            })?;
            Ok(Exit::Done)
        }
        Command::Replay(args) => {
            let played = replay(&args.read()?, args.decimals).map_err(args.told())?;
            for refused in &played.refused {
                env.out.refused(&args.table, refused);
            }
            env.out.result(&played, lines)?;
            match played.refused.len() as u64 {
                0 => Ok(Exit::Done),
                refused => {
                    let total = played.waves.len() as u64 + refused;
                    Err(Error::Some { refused, total, what: "waves" })
                }
            }
        }
    }
}

impl Args {
    fn read(&self) -> Result<Vec<u8>, Error> {
        Ok(self.table.read()?.to_vec())
    }

    /// Errors with the file's name.
    fn told(&self) -> impl FnOnce(DeleverageError) -> Error {
        let path = self.table.to_string();
        |source| Error::Deleverage { path, source }
    }
}

impl Shared {
    fn loss(&self) -> Result<(Amount, u128), Error> {
        let amount = Amount::parse(&self.loss, self.args.decimals);
        let units = amount.and_then(Amount::positive);
        amount.zip(units).ok_or(Error::Usage(
            "--loss is an amount of zero or more, with no more decimals than --decimals",
        ))
    }
}

fn lines(replay: &Replay) -> Vec<String> {
    let row = |wave: &str, amounts: [&str; 4], cut: &str| {
        let [needed, closed, overshoot, rule] = amounts;
        format!("{wave:<6} {needed:>20} {closed:>20} {overshoot:>20} {rule:>20} {cut:>10}")
    };
    let amounts = |w: &Wave| [w.needed, w.closed, w.overshoot, w.pro_rata].map(|a| a.to_string());
    let told = |wave: &Wave| {
        let texts = amounts(wave);
        let cut = wave.cut_millionths;
        let percent = format!("{}.{:04}%", cut / 10_000, cut % 10_000);
        row(&wave.wave, texts.each_ref().map(String::as_str), &percent)
    };
    let head = row("wave", ["needed", "closed", "overshoot", "pro rata"], "each by");
    let sums = [replay.needed, replay.closed, replay.overshoot, replay.pro_rata];
    let sums = sums.map(|amount| amount.to_string());
    let last = row("all", sums.each_ref().map(String::as_str), "");
    std::iter::once(head).chain(replay.waves.iter().map(told)).chain([last]).collect()
}
