//! Tells the story and runs its commands.

use std::cell::Cell;
use std::path::PathBuf;

use rand::TryRng as _;
use rand::rngs::SysRng;
use serde::Serialize;
use zeroize::Zeroizing;
use zkmargin_margin::shape::ProofSystem;
use zkmargin_prover::crypt::{self, Recipients};
use zkmargin_prover::files::{Kind, Source, write_atomic};
use zkmargin_prover::portfolio_file::{NoRandomness, PortfolioDocument};

use super::example::CONTEXT;
use crate::env::Env;
use crate::error::{Error, Exit};
use crate::evm_key::{EvmKey, EvmKeyError};
use crate::input::{SrsArgs, read_recipients_file};

/// Commands that the story needs and that say nothing new: shown with `--verbose`.
const HOUSEKEEPING: [&[&str]; 17] = [
    &["epoch"],
    &["keygen"],
    &["inspect"],
    &["import"],
    &["stress"],
    &["market"],
    &["venue"],
    &["srs"],
    &["committee", "new"],
    &["call", "init"],
    &["call", "post"],
    &["call", "register"],
    &["call", "status"],
    &["call", "history"],
    &["call", "audit"],
    &["evm", "post"],
    &["evm", "register"],
];
/// Commands that make or take proofs, and so may be told to take insecure ones.
const PROOFS: [&str; 11] = [
    "prove",
    "prove-change",
    "verify",
    "submit",
    "submit-escrowed",
    "cure",
    "change",
    "show-change",
    "share",
    "open",
    "audit",
];
/// Lines of a command's result in a brief story.
const LINES: usize = 5;

/// Runs a command line inside this process. The demo is given it, for it plays
/// every command and is one of them.
pub(crate) type RunLine = fn(&[String], Env) -> Result<Exit, Error>;

/// A story in the making.
pub(super) struct Story {
    dir: PathBuf,
    srs: SrsArgs,
    env: Env,
    run_line: RunLine,
    brief: bool,
    /// Whether anything was said since the last title.
    said: Cell<bool>,
    proofs: usize,
    commands: Vec<String>,
    ledger: String,
    context: String,
}

impl Story {
    /// With `--json` or `--quiet` nothing is told but the end.
    pub(super) fn new(dir: PathBuf, srs: SrsArgs, env: Env, run_line: RunLine) -> Self {
        let silent = env.out.is_json() || env.out.is_quiet();
        let env = if silent { env.muted() } else { env };
        let brief = !env.out.is_verbose();
        let progress = if brief { env.progress.passing() } else { env.progress };
        let env = Env { progress, ..env };
        Self {
            dir,
            srs,
            env,
            run_line,
            brief,
            said: Cell::new(true),
            proofs: 0,
            commands: Vec::new(),
            ledger: "@ledger.redb".to_owned(),
            context: CONTEXT.to_owned(),
        }
    }

    /// The directory, the commands, and how many proofs they made.
    pub(super) fn into_parts(self) -> (PathBuf, Vec<String>, usize) {
        (self.dir, self.commands, self.proofs)
    }

    pub(super) fn chapter(&self, title: &str) -> Result<(), Error> {
        // Titles of chapters that say nothing follow each other.
        let blank = self.said.replace(false).then(String::new);
        let title = format!("== {title} ==");
        self.env.out.result(&(), |()| blank.into_iter().chain([title]).collect())
    }

    pub(super) fn tell(&self, text: &str) -> Result<(), Error> {
        self.said.set(true);
        self.env.out.result(&(), |()| vec![text.to_owned()])
    }

    /// A detail, for `--verbose`.
    pub(super) fn detail(&self, text: &str) -> Result<(), Error> {
        if self.brief { Ok(()) } else { self.tell(text) }
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
        let signer =
            EvmKey::from_bytes(&*key).ok_or_else(|| EvmKeyError::Key { place: name.into() })?;
        self.write_secret(name, Zeroizing::new(hex::encode(*key)).as_bytes())?;
        Ok(signer.address()?.to_string())
    }

    /// Adds a JSON line to a file.
    pub(super) fn append(&self, name: &str, entry: &impl Serialize) -> Result<(), Error> {
        let mut bytes = self.source(name).read()?;
        serde_json::to_writer(&mut bytes, entry).map_err(|_| Error::Output)?;
        bytes.push(b'\n');
        Ok(write_atomic(&self.dir.join(name), &bytes, Kind::Replace)?)
    }

    /// Encrypts a portfolio that exists in memory only, to trader and venue.
    pub(super) fn encrypt(&mut self, document: PortfolioDocument, name: &str) -> Result<(), Error> {
        self.encrypt_to("trader.key", document, name)
    }

    /// The same to the owner of another key, and the venue.
    pub(super) fn encrypt_to(
        &mut self,
        owner: &str,
        mut document: PortfolioDocument,
        name: &str,
    ) -> Result<(), Error> {
        let output = self.dir.join(name).display().to_string();
        let (own, venue) = (self.word(&format!("@{owner}")), self.word("@venue.key"));
        self.echo(
            &["encrypt", "-", "-R", &own, "-R", &venue, "-o", &output].map(str::to_owned),
            !self.brief,
        )?;
        document.ensure_blinding()?;
        let mut keys = read_recipients_file(&self.source(owner))?;
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
    #[cfg(feature = "chain")]
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
        let line = self.on_ledger(now, words);
        let line: Vec<&str> = line.iter().map(String::as_str).collect();
        self.run(&line, expected)
    }

    /// The same, of which the result is a detail, for `--verbose`.
    pub(super) fn ledger_detail(
        &mut self,
        now: u64,
        words: &[&str],
        expected: Exit,
    ) -> Result<(), Error> {
        let line = self.on_ledger(now, words);
        let line: Vec<&str> = line.iter().map(String::as_str).collect();
        self.run_shown(&line, expected, !self.brief)
    }

    fn on_ledger(&self, now: u64, words: &[&str]) -> Vec<String> {
        let (now, ledger) = (now.to_string(), self.ledger.as_str());
        [&["call"], words, &["-l", ledger, "--now", &now]]
            .concat()
            .into_iter()
            .map(str::to_owned)
            .collect()
    }

    /// A command whose result is a detail, for `--verbose`.
    pub(super) fn run_detail(&mut self, words: &[&str]) -> Result<(), Error> {
        self.run_shown(words, Exit::Done, !self.brief)
    }

    /// Shows a command line and runs it; `@name` is a file of the story.
    pub(super) fn run(&mut self, words: &[&str], expected: Exit) -> Result<(), Error> {
        let is = |names: &&[&str]| words.starts_with(names);
        let as_expected = matches!(expected, Exit::Done | Exit::MarginCall);
        let housekeeping = as_expected && HOUSEKEEPING.iter().any(is);
        self.run_shown(words, expected, !self.brief || !housekeeping)
    }

    fn run_shown(&mut self, words: &[&str], expected: Exit, shown: bool) -> Result<(), Error> {
        let mut words: Vec<String> = words.iter().map(|word| self.word(word)).collect();
        let proofs = |word: &String| PROOFS.contains(&word.as_str());
        if self.srs.insecure_dev_srs && words.iter().take(2).any(proofs) {
            words.push("--insecure-dev-srs".to_owned());
        }
        self.echo(&words, shown)?;
        let env = match (self.brief, shown) {
            (false, _) => self.env,
            (true, true) => Env { out: self.env.out.brief(LINES), ..self.env },
            (true, false) => self.env.muted(),
        };
        let exit = match (self.run_line)(&words, env) {
            Ok(exit) => exit,
            Err(error) if error.exit() == expected => {
                if shown {
                    self.tell(&format!("error: {}", error.message(true)))?;
                }
                expected
            }
            Err(error) => return Err(error),
        };
        if exit != expected {
            return Err(Error::Demo(words.join(" ")));
        }
        let makes = |word: &String| word == "prove" || word == "prove-change";
        if exit == Exit::Done && words.first().is_some_and(makes) {
            self.proofs += 1;
        }
        if exit != Exit::Done {
            self.detail(&format!("(exit code {})", exit as u8))?;
        }
        Ok(())
    }

    fn word(&self, word: &str) -> String {
        match word.strip_prefix('@') {
            Some(name) => self.dir.join(name).display().to_string(),
            None => word.to_owned(),
        }
    }

    /// Notes a command and, if it is to be, shows it.
    fn echo(&mut self, words: &[String], shown: bool) -> Result<(), Error> {
        let line = format!("zkmargin {}", words.join(" "));
        if shown {
            self.tell(&format!("$ {line}"))?;
        }
        self.commands.push(line);
        Ok(())
    }
}
