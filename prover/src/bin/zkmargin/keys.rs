//! Where keys come from, and whom portfolios are encrypted to.

use std::io::{self, IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::process::Command;

use age::secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;
use zkmargin_prover::crypt::{self, Keys, Prompt, Prompter, Recipient, Recipients};
use zkmargin_prover::files::Source;

use crate::env::Env;
use crate::error::Error;
use crate::input::parse_source;
use crate::output::stderr_line;

/// Environment variable with an identity.
const IDENTITY_ENV: &str = "ZKMARGIN_IDENTITY";
/// Environment variable with a passphrase.
const PASSPHRASE_ENV: &str = "ZKMARGIN_PASSPHRASE";
/// Environment variable with the key that sends transactions and signs epochs.
pub(crate) const EVM_KEY_ENV: &str = "ZKMARGIN_EVM_KEY";
/// Environment variable with the password of a keystore with such a key.
pub(crate) const EVM_PASSWORD_ENV: &str = "ZKMARGIN_EVM_PASSWORD";

/// Where keys come from.
#[derive(Debug, clap::Args)]
pub(crate) struct KeyArgs {
    /// Identity file that opens the portfolio: of age, one that is encrypted with a
    /// passphrase, or a private SSH key; ZKMARGIN_IDENTITY and
    /// ZKMARGIN_PASSPHRASE work too
    #[arg(short, long, value_name = "FILE", value_parser = parse_source)]
    identity: Vec<Source>,
}

impl KeyArgs {
    /// Identity files that another command names.
    pub(crate) fn of(files: &[PathBuf]) -> Self {
        Self { identity: files.iter().cloned().map(Source::Path).collect() }
    }

    /// Whether any key was given.
    pub(crate) fn given(&self) -> bool {
        !self.identity.is_empty()
            || secret_env(IDENTITY_ENV).is_some()
            || secret_env(PASSPHRASE_ENV).is_some()
    }

    /// Opens an age file with the keys given, asking for a passphrase where
    /// that is what it needs.
    pub(crate) fn open(&self, path: &Source, file: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        let keys = self.keys_of(path, file)?;
        crypt::decrypt(file, &keys).map_err(|e| Error::crypt(path, e))
    }

    /// The keys given, of the kind that an age file needs.
    pub(crate) fn keys_of(&self, path: &Source, file: &[u8]) -> Result<Keys, Error> {
        if crypt::needs_passphrase(file).map_err(|e| Error::crypt(path, e))? {
            let passphrase = passphrase(&format!("Passphrase for {path}: "))?;
            return Ok(Keys::default().with_passphrase(passphrase));
        }
        self.identities()
    }

    /// The identities given.
    pub(crate) fn identities(&self) -> Result<Keys, Error> {
        let mut keys = Keys::default();
        for source in &self.identity {
            let text = read_key_file(source)?;
            keys = keys.and(parse(&text, source.to_string())?);
        }
        if let Some(text) = secret_env(IDENTITY_ENV) {
            keys = keys.and(parse(text.expose_secret().as_bytes(), IDENTITY_ENV.to_owned())?);
        }
        Ok(keys)
    }
}

fn parse(text: &[u8], place: String) -> Result<Keys, Error> {
    Keys::parse_asking(text, &owner()).map_err(|source| Error::Identity { place, source })
}

/// A key file; one that is encrypted is opened with a passphrase.
fn read_key_file(source: &Source) -> Result<Zeroizing<Vec<u8>>, Error> {
    let file = source.read_secret()?;
    let locked = crypt::is_age(&file)
        && crypt::needs_passphrase(&file).map_err(|e| Error::crypt(source, e))?;
    if !locked {
        // What is encrypted to somebody is no identity file, and is refused as such.
        return Ok(file);
    }
    let keys = Keys::default();
    let keys = keys.with_passphrase(passphrase(&format!("Passphrase for {source}: "))?);
    crypt::decrypt(&file, &keys).map_err(|e| Error::crypt(source, e))
}

/// A program that does not get this one's secrets.
pub(crate) fn without_secrets(command: &mut Command) -> &mut Command {
    let secrets = [IDENTITY_ENV, PASSPHRASE_ENV, EVM_KEY_ENV, EVM_PASSWORD_ENV];
    secrets.into_iter().fold(command, Command::env_remove)
}

/// A secret from the environment; empty is absent.
fn secret_env(name: &str) -> Option<SecretString> {
    std::env::var(name).ok().filter(|text| !text.is_empty()).map(SecretString::from)
}

fn passphrase(prompt: &str) -> Result<SecretString, Error> {
    if let Some(passphrase) = secret_env(PASSPHRASE_ENV) {
        return Ok(passphrase);
    }
    if !io::stdin().is_terminal() && !io::stderr().is_terminal() {
        return Err(Error::NoPassphrase);
    }
    rpassword::prompt_password(prompt).map(SecretString::from).map_err(|_| Error::NoPassphrase)
}

/// The owner at the terminal, whom SSH keys and plugins ask.
fn owner() -> Prompter {
    Prompter::new(Owner)
}

struct Owner;

impl Prompt for Owner {
    fn show(&self, message: &str) {
        stderr_line(message);
    }

    fn confirm(&self, message: &str, yes: &str, no: Option<&str>) -> Option<bool> {
        let no = no.unwrap_or("no");
        match ask_line(&format!("{message} (y: {yes}, n: {no}) "))?.to_lowercase().as_str() {
            "y" | "yes" => Some(true),
            "n" | "no" => Some(false),
            _ => None,
        }
    }

    fn text(&self, description: &str) -> Option<String> {
        ask_line(&format!("{description} "))
    }

    fn passphrase(&self, description: &str) -> Option<SecretString> {
        let given = passphrase(&format!("{description}: "));
        if let Err(error) = &given {
            stderr_line(&format!("note: {description}: {error}"));
        }
        given.ok()
    }
}

/// A line of the terminal; none where there is no terminal.
pub(crate) fn ask_line(question: &str) -> Option<String> {
    if !io::stdin().is_terminal() {
        return None;
    }
    let mut stderr = io::stderr().lock();
    write!(stderr, "{}", crate::output::printable(question)).and_then(|()| stderr.flush()).ok()?;
    let mut line = String::new();
    let read = io::stdin().read_line(&mut line).ok()?;
    (read > 0).then(|| line.trim().to_owned())
}

/// Whom a portfolio is encrypted to.
#[derive(Debug, clap::Args)]
pub(crate) struct RecipientArgs {
    /// Encrypt to a recipient: of age, of one of its plugins, or a public SSH key
    #[arg(short, long, value_name = "age1...|ssh-...")]
    recipient: Vec<String>,
    /// Encrypt to the recipients of a file, or to an identity file's own
    #[arg(short = 'R', long, value_name = "FILE", value_parser = parse_source)]
    recipients_file: Vec<Source>,
    /// Encrypt with a passphrase, asked for on the terminal or taken from
    /// ZKMARGIN_PASSPHRASE
    #[arg(short, long, conflicts_with_all = ["recipient", "recipients_file"])]
    passphrase: bool,
}

impl RecipientArgs {
    /// Whether anybody was named.
    pub(crate) fn given(&self) -> bool {
        self.passphrase || !self.recipient.is_empty() || !self.recipients_file.is_empty()
    }

    /// The recipients, asking for a passphrase where one is to be used.
    pub(crate) fn recipients(&self) -> Result<Recipients, Error> {
        if self.passphrase {
            return Ok(Recipients::Passphrase(new_passphrase()?));
        }
        let mut keys = Vec::new();
        for text in &self.recipient {
            let key = Recipients::parse_key_asking(text, &owner())
                .map_err(|source| Error::Recipient { place: "--recipient".to_owned(), source })?;
            keys.push(key);
        }
        for source in &self.recipients_file {
            keys.extend(read_recipients_file(source)?);
        }
        match keys.is_empty() {
            true => Err(Error::NoRecipients),
            false => Ok(Recipients::Keys(keys)),
        }
    }

    /// The recipients of a file that is written anew: those named, or the one that
    /// it had, where the keys that open it say who that is.
    pub(crate) fn again(
        &self,
        path: &Source,
        file: &[u8],
        keys: &Keys,
        env: Env,
    ) -> Result<Recipients, Error> {
        let before = crypt::header(file).map_err(|e| Error::crypt(path, e))?.recipients.len();
        if self.given() {
            let recipients = self.recipients()?;
            if recipients.count() != before {
                let now = recipients.count();
                env.out.note(format!("recipients: {before} before, {now} now"));
            }
            return Ok(recipients);
        }
        if let Some(passphrase) = keys.passphrase() {
            return Ok(Recipients::Passphrase(passphrase.clone()));
        }
        let place = || path.to_string();
        let own =
            keys.recipients().map_err(|source| Error::Recipient { place: place(), source })?;
        // One recipient and one identity that opens the file: they are a pair.
        match (before, own.len()) {
            (1, 1) => Ok(Recipients::Keys(own)),
            _ => Err(Error::WhichRecipients { path: place(), count: before }),
        }
    }
}

/// A new passphrase, asked for twice.
pub(crate) fn new_passphrase() -> Result<SecretString, Error> {
    if let Some(passphrase) = secret_env(PASSPHRASE_ENV) {
        return Ok(passphrase);
    }
    let first = passphrase("New passphrase: ")?;
    let second = passphrase("The same again: ")?;
    let same = first.expose_secret() == second.expose_secret();
    match same && !first.expose_secret().is_empty() {
        true => Ok(first),
        false => Err(Error::PassphraseMismatch),
    }
}

/// Recipients of a recipients file or an identity file.
pub(crate) fn read_recipients_file(source: &Source) -> Result<Vec<Recipient>, Error> {
    let text = read_key_file(source)?;
    Recipients::parse_file_asking(&text, &owner())
        .map_err(|error| Error::Recipient { place: source.to_string(), source: error })
}
