//! What keys ask their owner: passphrases of SSH keys, and what plugins want to
//! know.

use std::fmt;
use std::sync::Arc;

use age::secrecy::SecretString;

/// Somebody who can be asked. `None` is no answer: the key is then left out.
pub trait Prompt: Send + Sync {
    /// Shows a message, such as to touch a hardware key.
    fn show(&self, message: &str);
    /// Asks whether to go on, with the words for yes and, if there are such, no.
    fn confirm(&self, message: &str, yes: &str, no: Option<&str>) -> Option<bool>;
    /// Asks for a text that is no secret.
    fn text(&self, description: &str) -> Option<String>;
    /// Asks for a passphrase or PIN.
    fn passphrase(&self, description: &str) -> Option<SecretString>;
}

/// Whom keys ask.
#[derive(Clone)]
pub struct Prompter(Arc<dyn Prompt>);

impl fmt::Debug for Prompter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Prompter(..)")
    }
}

impl Prompter {
    /// Asks this one.
    pub fn new(prompt: impl Prompt + 'static) -> Self {
        Self(Arc::new(prompt))
    }

    /// Nobody is asked.
    pub fn silent() -> Self {
        Self::new(Nobody)
    }
}

impl age::Callbacks for Prompter {
    fn display_message(&self, message: &str) {
        self.0.show(message);
    }

    fn confirm(&self, message: &str, yes: &str, no: Option<&str>) -> Option<bool> {
        self.0.confirm(message, yes, no)
    }

    fn request_public_string(&self, description: &str) -> Option<String> {
        self.0.text(description)
    }

    fn request_passphrase(&self, description: &str) -> Option<SecretString> {
        self.0.passphrase(description)
    }
}

struct Nobody;

impl Prompt for Nobody {
    fn show(&self, _: &str) {}

    fn confirm(&self, _: &str, _: &str, _: Option<&str>) -> Option<bool> {
        None
    }

    fn text(&self, _: &str) -> Option<String> {
        None
    }

    fn passphrase(&self, _: &str) -> Option<SecretString> {
        None
    }
}
