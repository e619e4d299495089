//! Several processes that share a device: each proves its share of the accounts.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use zkmargin_circuits::family::{FamilyCircuit, Witness};
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::instance::MarginInstance;

use crate::Account;
use crate::options::Options;
use crate::proofs::Bench;

/// What a worker says when its keys are made and its device is warm, and when all
/// its accounts are proved.
const READY: &str = "ready";
const DONE: &str = "done";
const VERIFIED: &str = "verified";

struct Worker {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl Worker {
    fn start(arguments: &[String], share: usize) -> Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(arguments)
            .args(["--share", &share.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let to = child.stdin.take().context("no pipe to a worker")?;
        let from = BufReader::new(child.stdout.take().context("no pipe from a worker")?);
        let mut worker = Self { child, to, from };
        // One after the other: keys are made with all cores.
        worker.hear(READY)?;
        Ok(worker)
    }

    fn hear(&mut self, word: &str) -> Result<()> {
        let mut line = String::new();
        self.from.read_line(&mut line)?;
        ensure!(line.trim() == word, "a worker failed");
        Ok(())
    }
}

/// How long workers take for all accounts, from the moment that all are warm.
pub(crate) fn run(arguments: &[String]) -> Result<Duration> {
    let options = Options::parse(arguments)?;
    let mut workers = (0..options.workers)
        .map(|share| Worker::start(arguments, share))
        .collect::<Result<Vec<_>>>()?;
    let start = Instant::now();
    for worker in &mut workers {
        worker.to.write_all(b"go\n")?;
    }
    for worker in &mut workers {
        worker.hear(DONE)?;
    }
    let taken = start.elapsed();
    for mut worker in workers {
        worker.hear(VERIFIED)?;
        ensure!(worker.child.wait()?.success(), "a worker failed");
    }
    Ok(taken)
}

/// The work of one.
pub(crate) fn work<C>(
    bench: &Bench<C>,
    options: &Options,
    accounts: &[Account<C>],
    share: usize,
) -> Result<()>
where
    C: FamilyCircuit<Bn254Fr, Instance = MarginInstance<Bn254Fr>> + 'static,
    Witness<Bn254Fr, C>: Sync,
{
    bench.prove(&accounts[0])?;
    let mine: Vec<_> = accounts.iter().skip(share).step_by(options.workers.max(1)).collect();
    println!("{READY}");
    std::io::stdin().read_line(&mut String::new())?;
    let files = bench.prove_all(&mine, options.threads)?;
    println!("{DONE}");
    bench.verify(&files)?;
    println!("{VERIFIED}");
    Ok(())
}
