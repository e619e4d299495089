//! Tells the story and runs its commands.

use std::path::PathBuf;

use alloy_signer_local::PrivateKeySigner;
use rand::TryRng as _;
use rand::rngs::SysRng;
use serde::Serialize;
use zeroize::Zeroizing;
use zkmargin_margin::shape::ProofSystem;
use zkmargin_prover::crypt::{self, Recipients};
use zkmargin_prover::files::{Kind, Source, write_atomic};
use zkmargin_prover::portfolio_file::{NoRandomness, PortfolioDocument};

use super::example::CONTEXT;
use crate::cli::{Env, run_line};
use crate::error::{Error, Exit};
use crate::evm_key::EvmKeyError;
use crate::input::{SrsArgs, read_recipients_file};

/// A story in the making.
pub(super) struct Story {
    dir: PathBuf,
    srs: SrsArgs,
    env: Env,
    commands: Vec<String>,
    ledger: String,
    context: String,
}

impl Story {
    /// With `--json` or `--quiet` nothing is told but the end.
    pub(super) fn new(dir: PathBuf, srs: SrsArgs, env: Env) -> Self {
        let silent = env.out.is_json() || env.out.is_quiet();
        let env = if silent { env.muted() } else { env };
        Self {
            dir,
            srs,
            env,
            commands: Vec::new(),
            ledger: "@ledger.redb".to_owned(),
            context: CONTEXT.to_owned(),
        }
    }

    pub(super) fn into_parts(self) -> (PathBuf, Vec<String>) {
        (self.dir, self.commands)
    }

    pub(super) fn chapter(&self, title: &str) -> Result<(), Error> {
        self.env.out.result(&(), |()| vec![String::new(), format!("== {title} ==")])
    }

    pub(super) fn tell(&self, text: &str) -> Result<(), Error> {
        self.env.out.result(&(), |()| vec![text.to_owned()])
    }

    /// What its commands are given.
    pub(super) fn env(&self) -> Env {
        self.env
    }

    /// The proof system it plays in.
    pub(super) fn proof_system(&self) -> ProofSystem {
        self.env.new_proof_system()
    }

    /// A file of the story.
    pub(super) fn source(&self, name: &str) -> Source {
        Source::Path(self.dir.join(name))
    }

    pub(super) fn write(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        Ok(write_atomic(&self.dir.join(name), bytes, Kind::New)?)
    }

    /// Writes what only its owner may read.
    pub(super) fn write_secret(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        Ok(write_atomic(&self.dir.join(name), bytes, Kind::Secret)?)
    }

    /// Writes a new key of an EVM account; its address.
    pub(super) fn write_signer(&self, name: &str) -> Result<String, Error> {
        let mut key = Zeroizing::new([0; 32]);
        SysRng.try_fill_bytes(&mut *key).map_err(|_| NoRandomness)?;
        let signer = PrivateKeySigner::from_slice(&*key)
            .map_err(|_| EvmKeyError::Key { place: name.into() })?;
        self.write_secret(name, Zeroizing::new(hex::encode(*key)).as_bytes())?;
        Ok(signer.address().to_string())
    }

    /// Adds a JSON line to a file.
    pub(super) fn append(&self, name: &str, entry: &impl Serialize) -> Result<(), Error> {
        let mut bytes = self.source(name).read()?;
        serde_json::to_writer(&mut bytes, entry).map_err(|_| Error::Output)?;
        bytes.push(b'\n');
        Ok(write_atomic(&self.dir.join(name), &bytes, Kind::Replace)?)
    }

    /// Encrypts a portfolio that exists in memory only, to trader and venue.
    pub(super) fn encrypt(
        &mut self,
        mut document: PortfolioDocument,
        name: &str,
    ) -> Result<(), Error> {
        let output = self.dir.join(name).display().to_string();
        let (trader, venue) = (self.word("@trader.key"), self.word("@venue.key"));
        self.echo(
            &["encrypt", "-", "-R", &trader, "-R", &venue, "-o", &output].map(str::to_owned),
        )?;
        document.ensure_blinding()?;
        let mut keys = read_recipients_file(&self.source("trader.key"))?;
        keys.extend(read_recipients_file(&self.source("venue.key"))?);
        let file = crypt::encrypt(&document.to_json(), &Recipients::Keys(keys), false)
            .map_err(|error| Error::crypt(&self.source(name), error))?;
        self.write(name, &file)
    }

    /// The deployment that the venue commits for.
    pub(super) fn context(&self) -> &str {
        &self.context
    }

    /// The venue commits for this deployment from now on.
    pub(super) fn use_context(&mut self, context: &str) {
        context.clone_into(&mut self.context);
    }

    /// Commands are on this ledger from now on.
    pub(super) fn use_ledger(&mut self, name: &str) {
        self.ledger = format!("@{name}");
    }

    /// A command on the ledger at a time.
    pub(super) fn ledger(&mut self, now: u64, words: &[&str]) -> Result<(), Error> {
        self.ledger_ending(now, words, Exit::Done)
    }

    /// A command on the ledger that ends in a certain way.
    pub(super) fn ledger_ending(
        &mut self,
        now: u64,
        words: &[&str],
        expected: Exit,
    ) -> Result<(), Error> {
        let (now, ledger) = (now.to_string(), self.ledger.clone());
        let mut line = vec!["call"];
        line.extend_from_slice(words);
        line.extend_from_slice(&["-l", &ledger, "--now", &now]);
        self.run(&line, expected)
    }

    /// Shows a command line and runs it; `@name` is a file of the story.
    pub(super) fn run(&mut self, words: &[&str], expected: Exit) -> Result<(), Error> {
        let mut words: Vec<String> = words.iter().map(|word| self.word(word)).collect();
        let proofs =
            |word: &String| ["prove", "verify", "submit", "cure", "audit"].contains(&word.as_str());
        if self.srs.insecure_dev_srs && words.iter().take(2).any(proofs) {
            words.push("--insecure-dev-srs".to_owned());
        }
        self.echo(&words)?;
        let exit = match run_line(&words, self.env) {
            Ok(exit) => exit,
            Err(error) if error.exit() == expected => {
                self.tell(&format!("error: {}", error.message(true)))?;
                expected
            }
            Err(error) => return Err(error),
        };
        if exit != expected {
            return Err(Error::Demo(words.join(" ")));
        }
        if exit != Exit::Done {
            self.tell(&format!("(exit code {})", exit as u8))?;
        }
        Ok(())
    }

    fn word(&self, word: &str) -> String {
        match word.strip_prefix('@') {
            Some(name) => self.dir.join(name).display().to_string(),
            None => word.to_owned(),
        }
    }

    fn echo(&mut self, words: &[String]) -> Result<(), Error> {
        let line = format!("zkmargin {}", words.join(" "));
        self.tell(&format!("$ {line}"))?;
        self.commands.push(line);
        Ok(())
    }
}
