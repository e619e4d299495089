//! What to do about what a ledger refuses.

use zkmargin_verifier::engine::Refusal;
use zkmargin_verifier::ledger::LedgerError;

/// What to do about an error of a ledger.
pub(crate) fn ledger_hint(error: &LedgerError) -> Option<String> {
    let text = match error {
        LedgerError::Refused(refusal) => return refusal_hint(refusal),
        LedgerError::NotSigned(_) => {
            "get the epoch with the signatures of its publishers: `zkmargin epoch sign` adds one"
        }
        LedgerError::ProofMissing { .. } | LedgerError::EscrowMissing { .. } => {
            "replay it alone with --skip-proofs"
        }
        LedgerError::AlreadyExists { .. } => "a ledger is never overwritten: give another name",
        LedgerError::NotFound { .. } => "make one with `zkmargin call init`",
        LedgerError::Locked => "wait until the other process is done",
        LedgerError::SchemaVersion { .. } => {
            "read it with the release that wrote it, and make a new one with `zkmargin call init`"
        }
        LedgerError::NotALedger | LedgerError::Corrupted { .. } => "restore it from a copy",
        LedgerError::Io(_) => "check that the directory exists, is writable and has room",
        _ => return None,
    };
    Some(text.to_owned())
}

/// What to do about a refusal.
pub(crate) fn refusal_hint(refusal: &Refusal) -> Option<String> {
    let text = match refusal {
        Refusal::NotRegistered => "register it with `zkmargin call register`",
        Refusal::Replayed { .. } => "prove a later epoch: a proof counts once",
        Refusal::SnapshotStale { .. } => "post a new epoch with fresh prices, and prove in it",
        Refusal::SnapshotInFuture => {
            "times are whole seconds since 1970; check the publisher's clock"
        }
        Refusal::UnknownEpoch => "post the epoch first with `zkmargin call post`",
        Refusal::WrongContext
        | Refusal::WrongStateRoot
        | Refusal::WrongMarketRoot
        | Refusal::WrongModel => {
            "prove against the market and state that were posted for the epoch"
        }
        Refusal::PathRequested { .. } => "wait for the answer, or ask in the next epoch",
        Refusal::LiquidationLimit { .. } => {
            "mark it in the next window; until then its owner may cure it with `zkmargin call cure`"
        }
        Refusal::CallOpen { .. } => "cure the call with `zkmargin call cure`",
        Refusal::ChangeOpen { .. } => {
            "show it with `zkmargin prove-change --unchanged` and `call show-change`"
        }
        Refusal::ChangeNotLatest { .. } => "prove the change against the latest epoch",
        Refusal::WrongNext { .. } => {
            "prove with --unchanged the portfolio that the change led to, under its blinding"
        }
        Refusal::ChangesNotTaken => "`zkmargin call init --change-epochs` makes a ledger that does",
        Refusal::EscrowDemanded { .. } => {
            "prove with `zkmargin prove --escrow COMMITTEE --ciphertext FILE`, and submit both with `call submit-escrowed`"
        }
        Refusal::WrongCommittee { .. } => "prove with --escrow and the file of that committee",
        Refusal::EscrowNotDemanded => {
            "prove without --escrow; `zkmargin call init --escrow` makes a ledger that demands one"
        }
        Refusal::ModelNotAccepted => "accept it with `zkmargin call accept`",
        Refusal::LevelTooLow { .. } => {
            "prove a higher level: `zkmargin prove --claim at-least:LEVEL`"
        }
        Refusal::WrongSide => "submit takes both sides; cure takes at-least proofs",
        Refusal::TooOldToCure { .. } => "prove an epoch after that of the call",
        Refusal::EpochQuarantined | Refusal::Halted => {
            "the guardian must `zkmargin call resume` first, or a pause must end"
        }
        Refusal::EpochRejected => "post a new epoch, and prove in it",
        Refusal::WrongConfirmation { .. } => {
            "look at the latest epoch with `zkmargin call status`, and name it"
        }
        Refusal::EpochNotNext { .. } => "post the epochs in their order",
        Refusal::WrongPrevious => {
            "make it again with `zkmargin epoch make --previous FILE`, the epoch posted last"
        }
        Refusal::WrongReference { .. } => {
            "make it again with `zkmargin epoch make --confirmed MARKET`, of that epoch"
        }
        Refusal::RootNotCanonical => {
            "make market and state with the proof system that the ledger was made for"
        }
        _ => return None,
    };
    Some(text.to_owned())
}
