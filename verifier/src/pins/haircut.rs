//! What proofs of a haircut must be about, and their verdict in words.

use alloc::borrow::ToOwned as _;
use alloc::format;
use alloc::string::{String, ToString as _};

use zkmargin_margin::claim::Side;

use super::rules::{Assurance, ClaimRule, Figure, Mismatch, Pins, Rule};
use super::words::{Assurances, Verdict};
use crate::haircut::VerifiedHaircut;

impl Figure {
    /// Those without which no haircut is accepted. It claims nothing of an account, and
    /// is about two state roots.
    pub const NEEDED_OF_HAIRCUT: [Self; 6] = [
        Self::Context,
        Self::StateRoot,
        Self::StateAfter,
        Self::MarketRoot,
        Self::Model,
        Self::Age,
    ];

    /// A haircut's value.
    fn of_haircut(self, haircut: &VerifiedHaircut) -> Option<String> {
        Some(match self {
            Self::Context => haircut.context.to_string(),
            Self::StateRoot => haircut.state_root.to_string(),
            Self::StateAfter => haircut.state_after.to_string(),
            Self::MarketRoot => haircut.market_root.to_string(),
            Self::Model => haircut.model.to_string(),
            Self::Epoch => haircut.epoch.get().to_string(),
            Self::Memo => haircut.memo.to_string(),
            Self::Signers | Self::Claim | Self::Age => return None,
            // It is about all accounts and about no change of one.
            Self::Account => "all of the venue's".to_owned(),
            Self::Next | Self::Change | Self::Venues => "none".to_owned(),
        })
    }
}

impl Pins {
    /// Holds what a haircut's proofs say together to every rule. They claim no level:
    /// whoever asks for one asks for other proofs.
    ///
    /// # Errors
    /// The first figure in which they are about something else.
    pub fn matches_haircut(&self, haircut: &VerifiedHaircut) -> Result<(), Mismatch> {
        for Rule { figure, expected, .. } in &self.rules {
            match figure.of_haircut(haircut) {
                Some(found) if found != *expected => {
                    return Err(Mismatch { figure: *figure, expected: expected.clone(), found });
                }
                _ => {}
            }
        }
        match self.claim {
            ClaimRule::Any => Ok(()),
            _ => Err(Mismatch {
                figure: Figure::Claim,
                expected: "one about a level".to_owned(),
                found: "a haircut".to_owned(),
            }),
        }
    }

    /// The verdict on a haircut's proofs.
    pub fn verdict_of_haircut(&self) -> Verdict {
        self.verdict(Side::AtLeast)
    }

    /// The same in words. That none is left out is said of state roots that somebody told.
    pub fn words_of_haircut(&self, haircut: &VerifiedHaircut) -> String {
        let is_told = |figure| self.assurance(figure) != Assurance::Claimed;
        let whole = match is_told(Figure::StateRoot) && is_told(Figure::StateAfter) {
            true => "none left out",
            false => "of the subtrees given, whatever there is beside them",
        };
        let VerifiedHaircut { winners, loss, equity, epoch, state_after, .. } = haircut;
        let winners = match winners {
            1 => "1 winner".to_owned(),
            winners => format!("{winners} winners"),
        };
        let statement = format!(
            "{winners} cut by {loss} of {equity} quote units in epoch {}, none more than its share, {whole}: the state afterwards is {state_after}",
            epoch.get(),
        );
        self.in_words(self.verdict_of_haircut(), &statement)
    }

    /// How well each figure of a haircut's proofs is known.
    pub fn assurances_of_haircut(&self, haircut: &VerifiedHaircut) -> Assurances {
        let mut all = self.about();
        let after = Figure::StateAfter;
        all.insert(after.key(), self.assurance(after));
        all.extend(["loss", "equity", "winners"].map(|key| (key, Assurance::Proved)));
        if !haircut.memo.is_none() {
            all.insert(Figure::Memo.key(), self.assurance(Figure::Memo));
        }
        all
    }
}
