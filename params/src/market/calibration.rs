//! The numbers of calibrated models, from the snapshot.

use std::borrow::Cow;
use std::collections::BTreeMap;

use zkmargin_margin::ids::Epoch;

use crate::calibration::CalibrationError;
use crate::calibration::breakers::Record;
use crate::calibration::inputs::Numbers;
use crate::calibration::numbers::{Calibrated, Calibrator};
use crate::market::MarketError;
use crate::model::StandardModel;
use crate::snapshot::Snapshot;
use crate::symbol::Symbol;

/// The numbers of a model's calibrated instruments in an epoch; none of a model that
/// is not calibrated. Instruments without a price keep the numbers that they had, and
/// have none where they had none.
///
/// # Errors
/// When the snapshot lacks what the rule reads, its epoch before is not before, or a
/// breaker has it wait.
pub fn calibrate(
    model: &StandardModel,
    snapshot: &Snapshot,
    epoch: Epoch,
) -> Result<BTreeMap<Symbol, Calibrated>, CalibrationError> {
    let Some(rule) = model.calibration() else { return Ok(BTreeMap::new()) };
    let inputs = snapshot.calibration().ok_or(CalibrationError::NoInputs)?;
    if let Some(previous) = inputs.previous.as_ref().map(|previous| previous.epoch)
        && previous >= epoch
    {
        let (previous, epoch) = (previous.get(), epoch.get());
        return Err(CalibrationError::PreviousEpoch { previous, epoch });
    }
    breakers(model, snapshot)?;
    let calibrator =
        Calibrator { rule, denominator: model.denominator(), inputs, at: snapshot.timestamp() };
    let instruments = model.instruments().iter();
    calibrator.numbers(
        instruments.filter_map(|(symbol, rule)| Some((symbol, rule.calibrated.as_ref()?))),
        |symbol| snapshot.prices().contains_key(symbol),
    )
}

/// What the breakers of a model remember after an epoch; nothing where it has none.
///
/// # Errors
/// When one trips, and the snapshot is not as long after the one before as its pause.
pub fn breakers(
    model: &StandardModel,
    snapshot: &Snapshot,
) -> Result<Option<Record>, CalibrationError> {
    let Some(rule) = model.calibration().and_then(|rule| rule.breakers.as_ref()) else {
        return Ok(None);
    };
    let previous = snapshot.calibration().and_then(|inputs| inputs.previous.as_ref());
    let before = previous.and_then(|previous| previous.breakers.as_ref());
    let calibrated = model.instruments().iter().filter(|(_, rule)| rule.calibrated.is_some());
    let watched = calibrated
        .map(|(symbol, _)| (symbol, snapshot.prices().get(symbol).map(|point| point.price)));
    rule.next(before, snapshot.timestamp(), watched).map(Some)
}

/// The numbers alone.
pub fn numbers_of(found: BTreeMap<Symbol, Calibrated>) -> BTreeMap<Symbol, Numbers> {
    found.into_iter().map(|(symbol, calibrated)| (symbol, calibrated.numbers)).collect()
}

/// The model of an epoch: a calibrated one with its numbers in place of the rule, of
/// the instruments that have numbers, any other as it is. Its digest is not `MODEL`,
/// which is the rule's.
///
/// # Errors
/// As [`calibrate`].
pub fn model_of<'a>(
    model: &'a StandardModel,
    snapshot: &Snapshot,
    epoch: Epoch,
) -> Result<Cow<'a, StandardModel>, MarketError> {
    with_found(model, &calibrate(model, snapshot, epoch)?)
}

/// The same of what [`calibrate`] found.
///
/// # Errors
/// When no instrument has numbers.
pub(super) fn with_found<'a>(
    model: &'a StandardModel,
    numbers: &BTreeMap<Symbol, Calibrated>,
) -> Result<Cow<'a, StandardModel>, MarketError> {
    if model.calibration().is_none() {
        return Ok(Cow::Borrowed(model));
    }
    let mut spec = model.spec().clone();
    spec.calibration = None;
    spec.instruments.clear();
    for (symbol, rule) in model.instruments() {
        let fixed = match (&rule.calibrated, numbers.get(symbol)) {
            (None, _) => rule.clone(),
            (Some(_), Some(found)) => {
                let path = format!("instruments.{symbol}");
                model.with_numbers(rule, &path, &found.numbers)?
            }
            (Some(_), None) => continue,
        };
        spec.instruments.insert(symbol.clone(), fixed);
    }
    if spec.instruments.is_empty() {
        return Err(MarketError::NothingListed);
    }
    Ok(Cow::Owned(StandardModel::new(spec)?))
}
