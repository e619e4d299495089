//! How models are accepted: announced first, so that accounts see them coming.

use cosmwasm_std::{Event, Storage};
use zkmargin_margin::ids::ModelDigest;
use zkmargin_verifier::engine::{Action, Refusal};

use crate::apply::apply;
use crate::error::ContractError;
use crate::state::{ANNOUNCED, CONFIG, MODELS, Moment};

/// Announces a model.
pub(crate) fn announce(
    storage: &mut dyn Storage,
    moment: &Moment,
    model: ModelDigest,
) -> Result<Event, ContractError> {
    if MODELS.has(storage, model.as_bytes()) {
        return Err(Refusal::ModelAlreadyAccepted.into());
    }
    let notice = CONFIG.load(storage)?.delays.models;
    let from = moment.now.checked_add(notice).ok_or(ContractError::Time)?;
    ANNOUNCED.save(storage, model.as_bytes(), &from)?;
    Ok(announced(model, &from.to_string()))
}

fn announced(model: ModelDigest, from: &str) -> Event {
    Event::new("zkmargin-model-announced")
        .add_attribute("model", model.to_string())
        .add_attribute("acceptable_from", from)
}

/// Accepts a model that was announced in time. Without a notice it need not be.
pub(crate) fn accept(
    storage: &mut dyn Storage,
    moment: &Moment,
    model: ModelDigest,
) -> Result<Vec<Event>, ContractError> {
    let from = ANNOUNCED.may_load(storage, model.as_bytes())?;
    let due = from.is_some_and(|from| from <= moment.now);
    let accepted = MODELS.has(storage, model.as_bytes());
    if !accepted && !due && CONFIG.load(storage)?.delays.models != 0 {
        return Err(ContractError::NoticeNotGiven { from });
    }
    ANNOUNCED.remove(storage, model.as_bytes());
    apply(storage, moment, Action::AcceptModel { model })
}

/// Revokes a model, or withdraws its announcement.
pub(crate) fn revoke(
    storage: &mut dyn Storage,
    moment: &Moment,
    model: ModelDigest,
) -> Result<Vec<Event>, ContractError> {
    let was_announced = ANNOUNCED.has(storage, model.as_bytes());
    ANNOUNCED.remove(storage, model.as_bytes());
    if was_announced && !MODELS.has(storage, model.as_bytes()) {
        return Ok(vec![announced(model, "never")]);
    }
    apply(storage, moment, Action::RevokeModel { model })
}
