//! How a story ends: what it showed, and what to try next.

use zkmargin_prover::human;

use super::after_call::Part;
use super::example::{DEPOSIT, Example};
use super::{Args, Report};

/// What the story showed.
pub(super) fn summary(args: &Args, example: &Example, report: &Report) -> Vec<String> {
    let all = report.commands.len();
    if args.liquidation {
        let part = |part: &Part| format!("{:37}{:5.1} s", part.name, part.seconds);
        let rest = format!("--verbose shows all {all} commands");
        return report.parts.iter().map(part).chain([rest]).collect();
    }
    let rest = format!("; --verbose shows all {all} commands");
    let mut lines = vec![
        format!(
            "account    {}, {} positions, never in plain text",
            report.account,
            example.positions()
        ),
        format!("prices of  {}, the example's first epoch", human::time(example.start())),
    ];
    lines.extend(match args.chain {
        true => vec![
            "healthy    proved to contracts; then silent, overdue and called".to_owned(),
            format!("cured      by a proof of initial margin{rest}"),
        ],
        false => vec![
            "epoch 1    healthy: proved by the trader, verified, on the ledger".to_owned(),
            "epoch 2    prices move: no proof of health exists; the breach is proved and called"
                .to_owned(),
            format!("epoch 3    {DEPOSIT} USDC paid in: cured by a proof of initial margin"),
            format!("options    covered call and iron condor healthy, naked strangle called{rest}"),
        ],
    });
    lines
}

/// What to try next.
pub(super) fn next(args: &Args, dir: &str) -> Vec<String> {
    if args.chain {
        return vec![
            format!("  zkmargin inspect {dir}/portfolio-1.age"),
            format!(
                "  zkmargin verify {dir}/proof-3.json -m {dir}/market-3.json --at-least initial --any-context --any-state-root --any-age --insecure-dev-srs"
            ),
            "  zkmargin evm export -c standard-medium --insecure-dev-srs -o Verifier.sol"
                .to_owned(),
            "  zkmargin evm --help".to_owned(),
        ];
    }
    let insecure = if args.srs.insecure_dev_srs { " --insecure-dev-srs" } else { "" };
    if args.liquidation {
        return vec![
            format!("  zkmargin call history -l {dir}/ledger.redb"),
            format!("  zkmargin decrypt {dir}/carol-opened.age -i {dir}/dave.key"),
        ];
    }
    vec![
        format!(
            "  zkmargin margin {dir}/portfolio-2.age -m {dir}/market-3.json -i {dir}/trader.key --json"
        ),
        format!(
            "  zkmargin verify {dir}/proof-1.json --epoch {dir}/epoch-1.json --signers {dir}/signers.json --at-least maintenance --any-age{insecure}"
        ),
        format!("  zkmargin stress {dir}/strangle.age -m {dir}/options.json -i {dir}/trader.key"),
        format!("  open {dir}/iron-condor.svg"),
    ]
}
