//! What proofs of a venue's subtrees must be about, and their verdict in words.

use alloc::borrow::ToOwned as _;
use alloc::format;
use alloc::string::{String, ToString as _};

use zkmargin_margin::claim::{Claim, Multiplier, Side};
use zkmargin_margin::statement::transition::Aim;

use super::rules::{Assurance, ClaimRule, Figure, Mismatch, Pins, Rule};
use super::words::{Assurances, Verdict};
use crate::coverage::Coverage;

impl Figure {
    /// A venue's value.
    fn of_venue(self, venue: &Coverage) -> Option<String> {
        Some(match self {
            Self::Context => venue.context.to_string(),
            Self::StateRoot => venue.state_root.to_string(),
            Self::MarketRoot => venue.market_root.to_string(),
            Self::Model => venue.model.to_string(),
            Self::Epoch => venue.epoch.get().to_string(),
            Self::Memo => venue.memo.to_string(),
            Self::Signers | Self::Claim | Self::Age => return None,
            // It is about all accounts and about no change.
            Self::Account => "all of the venue's".to_owned(),
            Self::Next | Self::Change | Self::StateAfter | Self::Venues => "none".to_owned(),
        })
    }
}

impl Pins {
    /// Holds what a venue's proofs say together to every rule. Who is flagged depends
    /// on the level and its multiplier: they must be the ones asked for, and a higher
    /// level is another answer.
    ///
    /// # Errors
    /// The first figure in which they are about something else.
    pub fn matches_venue(&self, venue: &Coverage) -> Result<(), Mismatch> {
        for Rule { figure, expected, .. } in &self.rules {
            match figure.of_venue(venue) {
                Some(found) if found != *expected => {
                    return Err(Mismatch { figure: *figure, expected: expected.clone(), found });
                }
                _ => {}
            }
        }
        let expected = match self.claim {
            ClaimRule::Any => return Ok(()),
            ClaimRule::AtLeast { level, times, leverage } => {
                let claim = Claim::new(Side::AtLeast, level);
                let claim = claim.map(|claim| claim.with_multiplier(times));
                let claim = claim.and_then(|claim| match leverage {
                    Some(leverage) => claim.with_leverage(leverage),
                    None => Ok(claim),
                });
                match claim {
                    Ok(claim) if claim == venue.claim => return Ok(()),
                    Ok(claim) => claim.to_string(),
                    Err(_) => format!("at-least:{level}"),
                }
            }
            ClaimRule::Exactly(claim) if claim == venue.claim => return Ok(()),
            ClaimRule::Exactly(claim) => claim.to_string(),
            ClaimRule::Meets { level, .. } => Aim::Meets(level).to_string(),
            ClaimRule::Reaches { aim, times: Multiplier::ONE } => aim.to_string(),
            ClaimRule::Reaches { aim, times } => format!("{aim},multiplier:{times}"),
        };
        Err(Mismatch { figure: Figure::Claim, expected, found: venue.claim.to_string() })
    }

    /// The verdict on a venue's proofs: *accepted* says that they are true of the
    /// whole venue, whoever is flagged.
    pub fn verdict_of_venue(&self) -> Verdict {
        self.verdict(Side::AtLeast)
    }

    /// The same in words. That none is left out is said of a state root that
    /// somebody told.
    pub fn words_of_venue(&self, venue: &Coverage) -> String {
        let whole = match self.assurance(Figure::StateRoot) {
            Assurance::Claimed => "of the subtrees given, whatever there is beside them",
            _ => "none left out",
        };
        let (accounts, flagged) = (venue.accounts, venue.flagged.len());
        let are = if flagged == 1 { "is" } else { "are" };
        let statement = format!(
            "{accounts} accounts in epoch {}, {flagged} flagged, {whole}: the flagged {are} not {claim}, all others are",
            venue.epoch.get(),
            claim = venue.claim,
        );
        self.in_words(self.verdict_of_venue(), &statement)
    }

    /// How well each figure of a venue's proofs is known.
    pub fn assurances_of_venue(&self, venue: &Coverage) -> Assurances {
        let mut all = self.about();
        all.extend(["claim", "accounts", "flagged"].map(|key| (key, Assurance::Proved)));
        if !venue.memo.is_none() {
            all.insert(Figure::Memo.key(), self.assurance(Figure::Memo));
        }
        all
    }
}
