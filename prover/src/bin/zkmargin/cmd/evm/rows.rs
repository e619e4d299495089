//! Rows that are none of their model's, shown on chain.

use alloy_sol_types::SolConstructor as _;
use alloy_sol_types::private::{Address, B256, U256};
use serde::Deserialize;
use zkmargin_evm::contracts::{MarginPriceCheck as check, MarginRowChallenge as challenge};
use zkmargin_evm::price::{calibrated_terms, number_terms, row_terms, scenario_terms};
use zkmargin_margin::ids::InstrumentId;
use zkmargin_params::market::fixed_rows;
use zkmargin_params::market::numbers::NumberTerms;
use zkmargin_params::market::scenario::marks::ScenarioTerms;
use zkmargin_params::model::AnyModel;
use zkmargin_prover::files::Source;

use super::actions::{self, report};
use super::chain::Outcome;
use super::deployment::Registry;
use crate::cmd::market::load_model;
use crate::env::Env;
use crate::error::{Error, Exit};

/// A row with its path, as a file has it.
#[derive(Deserialize)]
#[serde(untagged)]
enum RowFile {
    Scenario(Box<ScenarioFile>),
    Standard(Box<StandardFile>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StandardFile {
    elements: [U256; 4],
    path: [[U256; 4]; 7],
    denominator: u32,
    /// Of a calibrated row: `0x` and hexadecimal digits.
    #[serde(default)]
    numbers: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ScenarioFile {
    elements: [U256; 18],
    path: [[U256; 4]; 7],
    terms: U256,
    denominator: u32,
    /// `0x` and hexadecimal digits.
    marks: String,
}

/// The digests that `setTerms` takes of a model: of the rows of a standard one, of the
/// scenarios of one that states marks.
pub(super) fn terms_of(name: &str) -> Result<(AnyModel, Vec<B256>), Error> {
    const FAMILY: &str = "models that simulate have rows of no rule that contracts know";
    const MARKS: &str = "the set does not state marks: its rows cannot be computed again on chain";
    let model = load_model(name)?;
    let terms = match &model {
        AnyModel::Standard(model) => {
            let failed = |source| Error::Market { path: name.to_owned(), source };
            let rows = fixed_rows(model).map_err(failed)?;
            let own = rows.iter().map(|row| row_terms(row, model.denominator()));
            let rules = NumberTerms::of(model).into_iter().flat_map(|rule| {
                let calibrated = calibrated_terms(rule.instrument, rule.direction);
                [number_terms(&rule.to_bytes()), calibrated]
            });
            own.chain(rules).collect()
        }
        AnyModel::Scenario(model) if model.spec().states_marks => {
            let all = ScenarioTerms::of(model);
            all.iter().map(|terms| scenario_terms(&terms.to_bytes())).collect()
        }
        AnyModel::Scenario(_) => return Err(Error::Usage(MARKS)),
        AnyModel::Simulation(_) | AnyModel::Settlement(_) => return Err(Error::Usage(FAMILY)),
    };
    Ok((model, terms))
}

/// Deploys the contract that computes rows of scenario markets again.
pub(super) fn deploy(on: &Registry, notice: u32, env: Env) -> Result<Exit, Error> {
    let arguments = challenge::constructorCall { markets: on.at.markets, notice };
    let code = [challenge::BYTECODE.as_ref(), &arguments.abi_encode()].concat();
    actions::deployed(on, "rows", code, env)
}

/// What a row is shown with.
pub(super) struct With<'a> {
    /// The model that says how it is computed again.
    pub(super) model: Option<&'a str>,
    /// Of a scenario market: the value that is.
    pub(super) value: Option<usize>,
    /// Of a calibrated row: an epoch before, and a row of it.
    pub(super) before: Option<(u64, &'a Source)>,
}

/// Shows a row of an epoch; of a scenario market with the value that is computed again, and
/// the model that says how; of a calibrated one with its numbers and the model, or with those
/// of an epoch before.
pub(super) fn show(
    (on, at): (&Registry, Address),
    epoch: u64,
    row: &Source,
    with: With<'_>,
    env: Env,
) -> Result<Exit, Error> {
    const MARKS: &str = "marks: allowed are 0x and hexadecimal digits";
    const WHICH: &str = "a row of a scenario market is computed again: give --model and --value";
    let context = on.context();
    let outcome = match read(row)? {
        RowFile::Standard(file) => show_standard((on, at), epoch, *file, &with)?,
        RowFile::Scenario(file) => {
            let With { model, value, before: None } = with else {
                return Err(Error::Usage(WHICH));
            };
            let (Some(model), Some(value)) = (model, value) else {
                return Err(Error::Usage(WHICH));
            };
            let scenario = scenario_of(model, value)?.to_bytes().into();
            let ScenarioFile { elements, path, terms, denominator, marks } = *file;
            let marks = marks.strip_prefix("0x").and_then(|digits| hex::decode(digits).ok());
            let marks = marks.ok_or(Error::Usage(MARKS))?.into();
            let row = challenge::ScenarioRow { elements, path, terms, denominator };
            let call = challenge::checkScenarioCall { context, epoch, row, marks, scenario };
            on.chain.send(at, &call)?
        }
    };
    report(on, &[outcome], env)
}

fn read(row: &Source) -> Result<RowFile, Error> {
    const ROW: &str = "the row is no JSON of elements, path and denominator, with numbers where \
        it is calibrated, or of those, terms and marks: see --help";
    serde_json::from_slice(&row.read()?).map_err(|_| Error::Usage(ROW))
}

/// A row of a standard market.
fn show_standard(
    (on, at): (&Registry, Address),
    epoch: u64,
    file: StandardFile,
    with: &With<'_>,
) -> Result<Outcome, Error> {
    const VALUE: &str = "--value is of rows of scenario markets alone";
    const MODEL: &str = "a row with numbers is computed again by its rule: give --model, or \
        --before and --before-epoch for the numbers that it steps from";
    const NUMBERS: &str = "--model, --before and --before-epoch are of rows with numbers";
    const EARLIER: &str = "--before: a row with numbers of a standard market";
    let context = on.context();
    if with.value.is_some() {
        return Err(Error::Usage(VALUE));
    }
    if file.numbers.is_none() {
        if with.model.is_some() || with.before.is_some() {
            return Err(Error::Usage(NUMBERS));
        }
        let StandardFile { elements, path, denominator, .. } = file;
        let row = check::MarketRow { elements, path, denominator };
        return Ok(on.chain.send(at, &check::checkRowCall { context, epoch, row })?);
    }
    let instrument = InstrumentId::new(file.elements[0].as_limbs()[0]);
    let shown = file.numbered()?;
    match (with.model, with.before) {
        (Some(model), None) => {
            let rule = rule_of(model, instrument)?.to_bytes().into();
            Ok(on.chain.send(at, &check::checkNumbersCall { context, epoch, shown, rule })?)
        }
        (None, Some((before, row))) => {
            let RowFile::Standard(earlier) = read(row)? else { return Err(Error::Usage(EARLIER)) };
            let earlier = earlier.numbered()?;
            let call = check::checkStepCall { context, epoch, shown, before, earlier };
            Ok(on.chain.send(at, &call)?)
        }
        _ => Err(Error::Usage(MODEL)),
    }
}

impl StandardFile {
    /// The row with the numbers beside it.
    fn numbered(self) -> Result<check::NumberedRow, Error> {
        const NUMBERS: &str = "numbers: allowed are 0x and hexadecimal digits";
        let Self { elements, path, denominator, numbers } = self;
        let words = numbers.as_deref().and_then(|text| text.strip_prefix("0x"));
        let words = words.and_then(|digits| hex::decode(digits).ok());
        let row = check::MarketRow { elements, path, denominator };
        let numbers = words.ok_or(Error::Usage(NUMBERS))?.into();
        Ok(check::NumberedRow { row, numbers })
    }
}

/// What a model says of the calibrated rows of an instrument.
fn rule_of(model: &str, instrument: InstrumentId) -> Result<NumberTerms, Error> {
    const FAMILY: &str = "--model: a row with numbers is of a standard model";
    const RULE: &str = "--model: the model states no numbers of the row's instrument";
    let AnyModel::Standard(model) = load_model(model)? else {
        return Err(Error::Usage(FAMILY));
    };
    let mut rules = NumberTerms::of(&model).into_iter();
    rules.find(|rule| rule.instrument == instrument).ok_or(Error::Usage(RULE))
}

fn scenario_of(model: &str, value: usize) -> Result<ScenarioTerms, Error> {
    const FAMILY: &str = "--model: a row of a scenario market is of a scenario set";
    const VALUE: &str = "--value: the set has no such value that is computed again: allowed are \
        the scenarios but skews, and 42 for the mark of an option";
    let AnyModel::Scenario(model) = load_model(model)? else {
        return Err(Error::Usage(FAMILY));
    };
    ScenarioTerms::of(&model)
        .into_iter()
        .find(|terms| terms.slot == value)
        .ok_or(Error::Usage(VALUE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_of_rows_are_read() {
        let words = |count: usize| vec!["0x1"; count];
        let path = vec![words(4); 7];
        let mut file = serde_json::json!({ "elements": words(4), "path": path, "denominator": 5 });
        let read = |file: &serde_json::Value| serde_json::from_value::<RowFile>(file.clone());
        assert!(matches!(read(&file).unwrap(), RowFile::Standard(_)));
        file["numbers"] = "0x00ff".into();
        let RowFile::Standard(standard) = read(&file).unwrap() else { panic!("{file}") };
        assert_eq!(standard.numbered().unwrap().numbers.as_ref(), [0, 255]);
        file["numbers"] = "00".into();
        let RowFile::Standard(standard) = read(&file).unwrap() else { panic!("{file}") };
        assert!(matches!(standard.numbered(), Err(Error::Usage(_))));
        file.as_object_mut().unwrap().remove("numbers");
        file["elements"] = words(18).into();
        assert!(read(&file).is_err());
        (file["terms"], file["marks"]) = ("0x2".into(), "0x00".into());
        assert!(matches!(read(&file).unwrap(), RowFile::Scenario(_)));
    }

    #[test]
    fn models_without_marks_have_no_terms() {
        assert!(terms_of("span-dynamic").unwrap().1.len() == 17);
        assert!(matches!(terms_of("span-16"), Err(Error::Usage(_))));
        assert!(matches!(terms_of("var-99"), Err(Error::Usage(_))));
        assert!(matches!(terms_of("dynamic"), Err(Error::Market { .. })));
        assert!(scenario_of("span-dynamic", 42).is_ok());
        assert!(matches!(scenario_of("span-dynamic", 41), Err(Error::Usage(_))));
    }
}
