//! How an action of the engine is applied to storage.

use cosmwasm_std::{Attribute, Event, StdError, StdResult, Storage};
use zkmargin_verifier::engine::{self, ActionRecord, Changes, transition};

use crate::error::ContractError;
use crate::state::{Moment, Stored, write};

/// What an action does.
pub(crate) struct Decided {
    changes: Changes,
    events: Vec<engine::Event>,
}

/// Decides an action as if its proof were valid, and writes nothing. `None` when
/// what it claims is on record already: there is nothing to verify or to write.
pub(crate) fn decide(
    storage: &dyn Storage,
    moment: &Moment,
    action: ActionRecord,
) -> Result<Option<Decided>, ContractError> {
    let stored = Stored::at(storage, moment)?;
    let action = action.assume_verified_unchecked();
    let decided = transition(&stored.config.policy, &stored, moment.now, &action)?;
    if decided.events.is_empty() {
        return Ok(None);
    }
    let events = stored.begun.into_iter().chain(decided.events).collect();
    Ok(Some(Decided { changes: decided.changes, events }))
}

/// Applies an action without a proof.
pub(crate) fn apply(
    storage: &mut dyn Storage,
    moment: &Moment,
    action: ActionRecord,
) -> Result<Vec<Event>, ContractError> {
    apply_proved(storage, moment, action, |_| Ok(()))
}

/// Applies an action whose proof is verified after everything else is checked, and
/// before anything is written.
pub(crate) fn apply_proved(
    storage: &mut dyn Storage,
    moment: &Moment,
    action: ActionRecord,
    verify: impl FnOnce(&dyn Storage) -> Result<(), ContractError>,
) -> Result<Vec<Event>, ContractError> {
    let Some(Decided { changes, events }) = decide(storage, moment, action)? else {
        return Ok(Vec::new());
    };
    verify(storage)?;
    write(storage, &changes)?;
    announced(&events)
}

/// The engine's events as the chain announces them.
pub(crate) fn announced(events: &[engine::Event]) -> Result<Vec<Event>, ContractError> {
    Ok(events.iter().map(announce).collect::<StdResult<_>>()?)
}

/// An engine's event: its name after `zkmargin-`, its fields as attributes.
fn announce(event: &engine::Event) -> StdResult<Event> {
    let value = serde_json::to_value(event).map_err(|error| StdError::msg(error.to_string()))?;
    let fields = value.as_object().into_iter().flatten().filter(|(name, _)| *name != "type");
    let attributes = fields.map(|(name, value)| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        Attribute::new(name.clone(), text)
    });
    Ok(Event::new(format!("zkmargin-{}", event.name())).add_attributes(attributes))
}
