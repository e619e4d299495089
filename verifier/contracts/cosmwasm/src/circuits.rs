//! Which circuits are accepted, and when. What changes them tells the engine until
//! when proofs can be verified: its clock runs no longer than that.

use cosmwasm_std::{Binary, Event, Order, Storage};
use cw_storage_plus::Bound;
use zkmargin_margin::instance::NAMES;
use zkmargin_margin::layout::ColumnLayout;
use zkmargin_margin::statement::{escrow, transition};
use zkmargin_verifier::bn254::VerifyingKey;
use zkmargin_verifier::engine::{Action, Meta, Root};

use crate::apply::{announced, apply};
use crate::error::ContractError;
use crate::msg::CircuitAnswer;
use crate::state::{CIRCUITS, CONFIG, META, Moment, Stored, WINDOWS, windows};
use crate::windows::{FOREVER, MAX_CIRCUITS, Window, covered_until, frozen};

/// Accepts a circuit from the registry's start, without an end.
pub(crate) fn begin_with(
    storage: &mut dyn Storage,
    moment: &Moment,
    keys: &[Binary],
) -> Result<Vec<Event>, ContractError> {
    let window = Window::of_margin(moment.now, FOREVER);
    let added: Result<Vec<_>, _> = keys.iter().map(|key| store(storage, key, window)).collect();
    let mut events = added?;
    events.extend(tell(storage, moment)?);
    Ok(events)
}

/// Adds a circuit after the registry's delay.
pub(crate) fn add(
    storage: &mut dyn Storage,
    moment: &Moment,
    key: &[u8],
    valid_from: Option<u64>,
    valid_until: Option<u64>,
) -> Result<Vec<Event>, ContractError> {
    let delay = CONFIG.load(storage)?.delays.circuits;
    let earliest = moment.now.checked_add(delay).ok_or(ContractError::Time)?;
    let (from, until) = (valid_from.unwrap_or(earliest), valid_until.unwrap_or(FOREVER));
    if from < earliest || until <= from {
        return Err(ContractError::CircuitTimes { earliest });
    }
    let added = store(storage, key, Window::of_margin(from, until))?;
    let mut events = vec![added];
    events.extend(tell(storage, moment)?);
    Ok(events)
}

/// Which statement a circuit is of, its number of public inputs says.
fn store(storage: &mut dyn Storage, key: &[u8], window: Window) -> Result<Event, ContractError> {
    let key_bytes = key.to_vec();
    let key = VerifyingKey::from_bytes(key)?;
    let (digest, circuit) = (key.digest(), key.digest().to_string());
    if key.is_insecure() && !CONFIG.load(storage)?.for_tests {
        return Err(ContractError::InsecureSrs { circuit });
    }
    let (got, expected) = (key.system().public_inputs, NAMES.len());
    let (of_changes, of_escrows) = (got == transition::LEN, got == escrow::LEN);
    let window = Window { of_changes, of_escrows, ..window };
    if got != expected && !of_changes && !of_escrows {
        return Err(ContractError::CircuitInputs { circuit, got, expected });
    }
    if CIRCUITS.has(storage, digest.as_bytes()) {
        return Err(ContractError::CircuitAlreadyAdded { circuit });
    }
    if windows(storage)?.len() >= MAX_CIRCUITS {
        return Err(ContractError::TooManyCircuits);
    }
    CIRCUITS.save(storage, digest.as_bytes(), &key_bytes)?;
    WINDOWS.save(storage, digest.as_bytes(), &window)?;
    Ok(Event::new("zkmargin-circuit-added")
        .add_attribute("circuit", circuit)
        .add_attribute("valid_from", window.from.to_string())
        .add_attribute("valid_until", end(window.until)))
}

/// Has a circuit end earlier.
pub(crate) fn retire(
    storage: &mut dyn Storage,
    moment: &Moment,
    circuit: &str,
    until: u64,
) -> Result<Vec<Event>, ContractError> {
    change(storage, moment, circuit, |window| {
        if until < moment.now || until < window.from || until >= window.until {
            let (from, end) = (window.from.max(moment.now), window.until);
            return Err(ContractError::CircuitEnd { from, end });
        }
        window.until = until;
        Ok(Event::new("zkmargin-circuit-retired").add_attribute("valid_until", until.to_string()))
    })
}

/// Accepts no proofs of a circuit for now.
pub(crate) fn freeze(
    storage: &mut dyn Storage,
    moment: &Moment,
    circuit: &str,
) -> Result<Vec<Event>, ContractError> {
    change(storage, moment, circuit, |window| {
        if window.frozen.is_some() {
            return Err(ContractError::CircuitFrozen { circuit: circuit.to_owned() });
        }
        window.frozen = Some(moment.now);
        Ok(Event::new("zkmargin-circuit-frozen"))
    })
}

/// Accepts proofs of a frozen circuit again.
pub(crate) fn unfreeze(
    storage: &mut dyn Storage,
    moment: &Moment,
    circuit: &str,
) -> Result<Vec<Event>, ContractError> {
    change(storage, moment, circuit, |window| {
        let since = window.frozen.take();
        let since = since.ok_or(ContractError::CircuitNotFrozen { circuit: circuit.to_owned() })?;
        // One that did not begin for it begins no earlier than now.
        if since < window.from {
            window.from = window.from.max(moment.now);
        }
        Ok(Event::new("zkmargin-circuit-unfrozen"))
    })
}

fn change(
    storage: &mut dyn Storage,
    moment: &Moment,
    circuit: &str,
    change: impl FnOnce(&mut Window) -> Result<Event, ContractError>,
) -> Result<Vec<Event>, ContractError> {
    let (key, mut window) = window_of(storage, circuit)?;
    let event = change(&mut window)?;
    WINDOWS.save(storage, &key, &window)?;
    let mut events = vec![event.add_attribute("circuit", circuit)];
    events.extend(tell(storage, moment)?);
    Ok(events)
}

/// Accepts no more proofs of a circuit.
pub(crate) fn remove(
    storage: &mut dyn Storage,
    moment: &Moment,
    circuit: &str,
) -> Result<Vec<Event>, ContractError> {
    let (key, _) = window_of(storage, circuit)?;
    CIRCUITS.remove(storage, &key);
    WINDOWS.remove(storage, &key);
    let removed = Event::new("zkmargin-circuit-removed").add_attribute("circuit", circuit);
    let mut events = vec![removed];
    events.extend(tell(storage, moment)?);
    Ok(events)
}

/// Tells the engine until when proofs can be verified, unless it knows.
fn tell(storage: &mut dyn Storage, moment: &Moment) -> Result<Vec<Event>, ContractError> {
    let all = windows(storage)?;
    let escrows = CONFIG.load(storage)?.policy.params().escrow.is_some();
    let said = (covered_until(&all, moment.now, escrows), frozen(&all));
    let known = |meta: &Meta| (meta.circuits_until, meta.circuits_frozen) == said;
    if known(&META.load(storage)?) {
        return Ok(Vec::new());
    }
    let Stored { meta, begun, .. } = Stored::at(storage, moment)?;
    if known(&meta) {
        META.save(storage, &meta)?;
        return announced(&begun);
    }
    let (until, frozen) = said;
    apply(storage, moment, Action::SetCircuits { until, frozen })
}

/// What the proofs of a circuit say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Statement {
    /// An account's margin.
    Margin,
    /// What it becomes.
    Change,
    /// Its margin, with an escrow.
    Escrow,
}

/// Refuses a circuit whose proofs are not accepted now.
pub(crate) fn require_accepted(
    storage: &dyn Storage,
    circuit: &str,
    now: u64,
    statement: Statement,
) -> Result<(), ContractError> {
    let (_, window) = window_of(storage, circuit)?;
    let Window { from, until, frozen, of_changes, of_escrows } = window;
    let circuit = circuit.to_owned();
    let of = match (of_changes, of_escrows) {
        (true, _) => Statement::Change,
        (false, true) => Statement::Escrow,
        (false, false) => Statement::Margin,
    };
    if of != statement {
        return Err(ContractError::OtherStatement { circuit });
    }
    if frozen.is_some() {
        return Err(ContractError::CircuitFrozen { circuit });
    }
    if now < from {
        return Err(ContractError::CircuitNotYet { circuit, from });
    }
    if now > until {
        return Err(ContractError::CircuitEnded { circuit, until });
    }
    Ok(())
}

/// The verifying key of a circuit, whether or not its proofs are accepted now.
pub(crate) fn load(storage: &dyn Storage, circuit: &str) -> Result<VerifyingKey, ContractError> {
    let bytes = CIRCUITS.may_load(storage, &digest(circuit)?)?;
    let bytes = bytes.ok_or_else(|| unknown(circuit))?;
    Ok(VerifyingKey::from_bytes(&bytes)?)
}

/// A circuit's name: the layout is in it where it is not that of most keys.
fn name(key: &VerifyingKey) -> String {
    let (family, shape) = (key.family(), key.shape());
    match key.layout() {
        ColumnLayout::Tall => format!("{family}-{shape}"),
        layout => format!("{family}-{shape}-{layout}"),
    }
}

/// A page of circuits.
pub(crate) fn list(
    storage: &dyn Storage,
    start_after: Option<&str>,
    limit: usize,
) -> Result<Vec<CircuitAnswer>, ContractError> {
    let after = start_after.map(digest).transpose()?;
    let start = after.as_deref().map(Bound::exclusive);
    let page = CIRCUITS.range(storage, start, None, Order::Ascending).take(limit);
    page.map(|entry| {
        let (digest, bytes) = entry?;
        let key = VerifyingKey::from_bytes(&bytes)?;
        let window = WINDOWS.load(storage, &digest)?;
        Ok(CircuitAnswer {
            circuit: key.digest().to_string(),
            name: name(&key),
            proof_bytes: u32::try_from(key.proof_size()).unwrap_or(u32::MAX),
            insecure: key.is_insecure(),
            valid_from: window.from,
            valid_until: (window.until != FOREVER).then_some(window.until),
            frozen_since: window.frozen,
            of_changes: window.of_changes,
            of_escrows: window.of_escrows,
        })
    })
    .collect()
}

fn window_of(storage: &dyn Storage, circuit: &str) -> Result<(Vec<u8>, Window), ContractError> {
    let key = digest(circuit)?;
    let window = WINDOWS.may_load(storage, &key)?.ok_or_else(|| unknown(circuit))?;
    Ok((key, window))
}

/// `0x` and 64 lowercase digits.
fn digest(circuit: &str) -> Result<Vec<u8>, ContractError> {
    let root = circuit.parse::<Root>();
    root.map(|root| root.as_bytes().to_vec()).map_err(|_| unknown(circuit))
}

fn unknown(circuit: &str) -> ContractError {
    ContractError::UnknownCircuit { circuit: circuit.to_owned() }
}

fn end(until: u64) -> String {
    if until == FOREVER { "none".to_owned() } else { until.to_string() }
}
