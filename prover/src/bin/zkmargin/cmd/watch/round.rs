//! One epoch, from its file to the submitted proof.

use std::fs;
use std::path::{Path, PathBuf};

use zkmargin_margin::ids::Epoch;
use zkmargin_params::market::MAX_MARKET_FILE_BYTES;
use zkmargin_prover::files::{FileError, Kind, PUBLIC_LIMIT, Source, write_atomic};
use zkmargin_verifier::epoch::{EpochDigest, MAX_BYTES, SignedEpoch};

use super::fetch::Fetcher;
use super::steps::{self, Calibrated};
use super::{Args, RunLine};
use crate::env::Env;
use crate::error::{Error, Exit};
use crate::input::{KeyArgs, load_document};

/// The epoch that was looked at last.
#[derive(Default)]
pub(super) struct Seen {
    current: Option<(Epoch, EpochDigest)>,
    /// Whether nothing is left to do about it.
    closed: bool,
}

impl Seen {
    pub(super) fn current(&self) -> Option<Epoch> {
        self.current.map(|(epoch, _)| epoch)
    }

    /// Nothing more is done about it.
    pub(super) fn close(&mut self) {
        self.closed = true;
    }
}

/// What was proved.
pub(super) struct Proved {
    pub(super) epoch: Epoch,
    pub(super) claim: String,
    pub(super) market_timestamp: u64,
    pub(super) proof: PathBuf,
    pub(super) submitted: bool,
}

/// What an error means for what comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// An input of the command is wrong, and will be the next time.
    Fatal,
    /// The claim is false in this epoch.
    False,
    /// It may succeed another time.
    Again,
}

pub(super) fn kind(error: &Error) -> Failure {
    match error {
        Error::Proving { source, .. } if source.is_false_statement() => Failure::False,
        Error::Portfolio { .. }
        | Error::Crypt { .. }
        | Error::Identity { .. }
        | Error::NoPassphrase
        | Error::PlaintextRefused(_)
        | Error::Signers { .. }
        | Error::Model { .. }
        | Error::UnknownModel(_)
        | Error::Setup(_)
        | Error::InsecureSrs(_)
        | Error::Usage(_)
        | Error::Output => Failure::Fatal,
        _ => Failure::Again,
    }
}

/// Looks for an epoch, and deals with it.
pub(super) struct Round<'a> {
    pub(super) args: &'a Args,
    pub(super) fetcher: Fetcher,
    pub(super) env: Env,
    pub(super) run_line: RunLine,
}

impl Round<'_> {
    /// Proves the epoch that is published, unless that was done; what was proved.
    pub(super) fn next(&self, seen: &mut Seen) -> Result<Option<Proved>, Error> {
        let bytes = self.fetcher.get("epoch.json", MAX_BYTES)?;
        let epoch = SignedEpoch::parse(&bytes).map_err(|source| Error::EpochFile {
            path: "the epoch file that was fetched".to_owned(),
            source,
        })?;
        let found = (epoch.post.epoch, epoch.digest());
        if seen.current == Some(found) && seen.closed {
            return Ok(None);
        }
        // Of an epoch that is none of this deployment's, nothing is said but why.
        self.keep("epoch.json", &bytes)?;
        *seen = Seen { current: Some(found), closed: false };
        self.accept()?;
        let proved = self.prove(&epoch)?;
        seen.close();
        Ok(Some(proved))
    }

    /// Holds epoch and market to the signers, the deployment, the model and the age.
    fn accept(&self) -> Result<(), Error> {
        let args = self.args;
        let (epoch, market) = (self.text("epoch.json"), self.text("market.json"));
        let max_age = format!("{}s", args.max_age);
        let (signers, context) = (path_text(&args.signers), args.context.to_string());
        // First what is small: a stranger's epoch costs no download.
        self.run(&[
            "epoch",
            "verify",
            &epoch,
            "--signers",
            &signers,
            "--context",
            &context,
            "--max-age",
            &max_age,
        ])?;
        self.keep("market.json", &self.fetcher.get("market.json", MAX_MARKET_FILE_BYTES)?)?;
        let calibrated = Calibrated::read(&market)?;
        let steps = match &calibrated {
            Some(calibrated) => calibrated.options(args)?,
            // Told of a market that has no steps: that is refused.
            None => steps::told(args),
        };
        let mut words = vec!["market", "verify", &market, "--model", &args.model];
        words.extend(steps.iter().map(String::as_str));
        self.run(&words)?;
        self.run(&["epoch", "verify", &epoch, "--signers", &signers, "--market", &market])?;
        calibrated.map_or(Ok(()), |calibrated| calibrated.keep(&market, args))
    }

    fn prove(&self, epoch: &SignedEpoch) -> Result<Proved, Error> {
        let args = self.args;
        let number = epoch.post.epoch;
        let proof = args.output.join(format!("epoch-{}.proof.json", number.get()));
        // From an earlier run: it is verified again like any other.
        if !proof.exists() {
            self.make(epoch, &proof)?;
        } else {
            self.verify(&proof)?;
        }
        let submitted = self.submit(&proof)?;
        Ok(Proved {
            epoch: number,
            claim: args.claim.to_string(),
            market_timestamp: epoch.post.market_timestamp.get(),
            proof,
            submitted,
        })
    }

    /// Makes the proof; it has its name once it is verified, and its prices are still
    /// young enough.
    fn make(&self, epoch: &SignedEpoch, proof: &Path) -> Result<(), Error> {
        let args = self.args;
        let (option, place) = self.membership(epoch)?;
        let draft = args.output.join("draft.proof.json");
        let (portfolio, market) = (args.portfolio.display().to_string(), self.text("market.json"));
        let (claim, context) = (args.claim.to_string(), args.context.to_string());
        let output = draft.display().to_string();
        let mut words = vec![
            "prove",
            &portfolio,
            "--market",
            &market,
            option,
            &place,
            "--context",
            &context,
            "--claim",
            &claim,
            "--output",
            &output,
            "--force",
        ];
        let identities: Vec<_> =
            args.identity.iter().map(|path| path.display().to_string()).collect();
        for identity in &identities {
            words.extend(["--identity", identity]);
        }
        self.run(&words)?;
        self.verify(&draft)?;
        let failed = |source| FileError::Write { path: proof.display().to_string(), source };
        Ok(fs::rename(&draft, proof).map_err(failed)?)
    }

    fn verify(&self, proof: &Path) -> Result<(), Error> {
        let args = self.args;
        let (proof, epoch) = (proof.display().to_string(), self.text("epoch.json"));
        let (signers, context) = (path_text(&args.signers), args.context.to_string());
        let (max_age, claim) = (format!("{}s", args.max_age), args.claim.to_string());
        self.run(&[
            "verify",
            &proof,
            "--epoch",
            &epoch,
            "--signers",
            &signers,
            "--context",
            &context,
            "--claim",
            &claim,
            "--max-age",
            &max_age,
        ])
    }

    /// The state, or the account's path in it.
    fn membership(&self, epoch: &SignedEpoch) -> Result<(&'static str, String), Error> {
        let Some(name) = &self.args.path else {
            self.keep("state.json", &self.fetcher.get("state.json", PUBLIC_LIMIT)?)?;
            return Ok(("--state", self.text("state.json")));
        };
        let portfolio = Source::Path(self.args.portfolio.clone());
        let keys = KeyArgs::of(&self.args.identity);
        let account = load_document(&portfolio, &keys, false)?.account;
        let name = name.replace("{account}", &account.to_string());
        let name = name.replace("{epoch}", &epoch.post.epoch.get().to_string());
        self.keep("path.json", &self.fetcher.get(&name, MAX_MARKET_FILE_BYTES)?)?;
        Ok(("--path", self.text("path.json")))
    }

    fn submit(&self, proof: &Path) -> Result<bool, Error> {
        let proof = proof.display().to_string();
        match &self.args.ledger {
            Some(ledger) => {
                let ledger = ledger.display().to_string();
                self.run(&["call", "submit", &proof, "--ledger", &ledger])?;
            }
            None if self.args.evm => self.run(&["evm", "submit", &proof])?,
            None => return Ok(false),
        }
        Ok(true)
    }

    /// Runs a command in silence; what it does not accept is an error.
    fn run(&self, words: &[&str]) -> Result<(), Error> {
        let mut words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let takes_srs = matches!(words[0].as_str(), "prove" | "verify" | "call" | "evm");
        if self.args.srs.insecure_dev_srs && takes_srs {
            words.push("--insecure-dev-srs".to_owned());
        }
        match (self.run_line)(&words, self.env.muted())? {
            Exit::Done => Ok(()),
            _ => Err(Error::Unexpected(words[0].clone())),
        }
    }

    /// Keeps what was fetched beside the proofs.
    fn keep(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        Ok(write_atomic(&self.args.output.join(name), bytes, Kind::Replace)?)
    }

    fn text(&self, name: &str) -> String {
        self.args.output.join(name).display().to_string()
    }
}

fn path_text(source: &Source) -> String {
    match source {
        Source::Stdin => "-".to_owned(),
        Source::Path(path) => path.display().to_string(),
    }
}
