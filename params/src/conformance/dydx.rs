//! dYdX v4: a lot is a base quantum, a quote unit is 1e-6 USDC, rates are
//! parts per million.

use rust_decimal::Decimal;
use serde::Deserialize;
use zkmargin_margin::units::{Denominator, Price};

use crate::conformance::{Case, CaseAccount, ConformanceError, Figure, Integer, signed};
use crate::convert::open_interest_units;
use crate::decimal::pow10;
use crate::fraction::Fraction;
use crate::model::{Basis, ChargeRule, InstrumentRule, Kind, OpenInterestCaps, Quotation, Tier};

/// Parts in a million.
const PPM: u32 = 1_000_000;
/// Decimals of a quote quantum.
const QUOTE_DECIMALS: u32 = 6;

#[derive(Deserialize)]
pub(super) struct File {
    margin_requirements: Vec<Requirement>,
    #[serde(default)]
    initial_margin_with_open_interest: Vec<OpenInterest>,
    #[serde(default)]
    effective_initial_margin_ppm: Vec<EffectiveRate>,
    #[serde(default)]
    net_notional: Vec<NetNotional>,
}

#[derive(Deserialize)]
struct Conversion {
    price: Integer,
    price_exponent: i32,
    atomic_resolution: i32,
    base_quantums: Integer,
}

#[derive(Deserialize)]
struct Caps {
    open_interest_lower_cap: Integer,
    open_interest_upper_cap: Integer,
}

#[derive(Deserialize)]
struct Requirement {
    name: String,
    #[serde(flatten)]
    conversion: Conversion,
    initial_margin_ppm: u32,
    maintenance_fraction_ppm: u32,
    open_interest_base_quantums: Integer,
    #[serde(flatten)]
    caps: Caps,
    expected: Expected,
}

#[derive(Deserialize)]
struct Expected {
    initial_margin_quote_quantums: Integer,
    maintenance_margin_quote_quantums: Integer,
}

#[derive(Deserialize)]
struct OpenInterest {
    name: String,
    initial_margin_ppm: u32,
    quote_quantums: Integer,
    open_interest_quote_quantums: Integer,
    #[serde(flatten)]
    caps: Caps,
    expected_initial_margin_quote_quantums: Integer,
}

#[derive(Deserialize)]
struct EffectiveRate {
    name: String,
    initial_margin_ppm: u32,
    open_interest_quote_quantums: Integer,
    #[serde(flatten)]
    caps: Caps,
    expected_initial_margin_ppm: u32,
}

#[derive(Deserialize)]
struct NetNotional {
    name: String,
    #[serde(flatten)]
    conversion: Conversion,
    expected_net_notional_quote_quantums: Integer,
}

/// Runs all cases.
pub(super) fn run(file: File) -> Result<Vec<Figure>, ConformanceError> {
    let mut figures = Vec::new();
    for case in &file.margin_requirements {
        figures.extend(case.run()?);
    }
    for case in &file.initial_margin_with_open_interest {
        figures.push(case.run()?);
    }
    for case in &file.effective_initial_margin_ppm {
        figures.push(case.run()?);
    }
    for case in &file.net_notional {
        figures.push(case.run()?);
    }
    Ok(figures)
}

/// The accounts of all cases that have one: an effective rate has none.
pub(super) fn accounts(file: &File) -> Result<Vec<CaseAccount>, ConformanceError> {
    let requirements = file.margin_requirements.iter().map(Requirement::case);
    let interests = file.initial_margin_with_open_interest.iter().map(OpenInterest::case);
    let notionals = file.net_notional.iter().map(NetNotional::case);
    requirements.chain(interests).chain(notionals).map(|case| case?.account()).collect()
}

impl Requirement {
    fn case(&self) -> Result<Case<'_>, ConformanceError> {
        let name = &self.name;
        let price = self.conversion.price(name)?;
        let rule = rule(name, self.initial_margin_ppm, self.maintenance_fraction_ppm, &self.caps)?;
        let interest =
            decimal(name, "open_interest_base_quantums", self.open_interest_base_quantums)?;
        let open_interest = Some(open_interest_units(interest, Decimal::ONE, price));
        let lots = self.conversion.lots(name)?;
        Ok(Case { name, rule, quotation: quotation(name)?, price, lots, open_interest })
    }

    fn run(&self) -> Result<[Figure; 2], ConformanceError> {
        let name = &self.name;
        let (_, figures) = self.case()?.assess()?;
        let expected = &self.expected;
        Ok([
            Figure::exact(
                name,
                "initial margin",
                expected.initial_margin_quote_quantums.0,
                signed(figures.initial),
            ),
            Figure::exact(
                name,
                "maintenance margin",
                expected.maintenance_margin_quote_quantums.0,
                signed(figures.maintenance),
            ),
        ])
    }
}

impl OpenInterest {
    fn case(&self) -> Result<Case<'_>, ConformanceError> {
        let (name, quantums) = (&self.name, self.quote_quantums.0);
        Ok(Case {
            name,
            rule: rule(name, self.initial_margin_ppm, PPM, &self.caps)?,
            quotation: quotation(name)?,
            price: unit_price(name)?,
            lots: i64::try_from(quantums).map_err(|_| range(name, "quote_quantums"))?,
            open_interest: Some(units(name, self.open_interest_quote_quantums)?),
        })
    }

    fn run(&self) -> Result<Figure, ConformanceError> {
        let name = &self.name;
        let (_, figures) = self.case()?.assess()?;
        let expected = self.expected_initial_margin_quote_quantums.0;
        Ok(Figure::exact(name, "initial margin", expected, signed(figures.initial)))
    }
}

impl EffectiveRate {
    fn run(&self) -> Result<Figure, ConformanceError> {
        let name = &self.name;
        let case = Case {
            name,
            rule: rule(name, self.initial_margin_ppm, PPM, &self.caps)?,
            quotation: quotation(name)?,
            price: unit_price(name)?,
            lots: 0,
            open_interest: Some(units(name, self.open_interest_quote_quantums)?),
        };
        let (row, _) = case.assess()?;
        let expected = self.expected_initial_margin_ppm.into();
        Ok(Figure::exact(name, "initial margin ppm", expected, row.initial.rate.get().into()))
    }
}

impl NetNotional {
    fn case(&self) -> Result<Case<'_>, ConformanceError> {
        let name = &self.name;
        let no_caps =
            Caps { open_interest_lower_cap: Integer(0), open_interest_upper_cap: Integer(0) };
        let rule = rule(name, PPM, PPM, &no_caps)?;
        let price = self.conversion.price(name)?;
        let lots = self.conversion.lots(name)?;
        Ok(Case { name, rule, quotation: quotation(name)?, price, lots, open_interest: None })
    }

    fn run(&self) -> Result<Figure, ConformanceError> {
        let name = &self.name;
        let (_, figures) = self.case()?.assess()?;
        let expected = self.expected_net_notional_quote_quantums.0;
        Ok(Figure::exact(name, "net notional", expected, figures.value))
    }
}

impl Conversion {
    /// Quote quantums per base quantum.
    fn price(&self, case: &str) -> Result<Price, ConformanceError> {
        let out = || range(case, "price");
        let mantissa = u64::try_from(self.price.0).map_err(|_| out())?;
        let exponent = [self.price_exponent, self.atomic_resolution]
            .into_iter()
            .try_fold(6i32, i32::checked_add)
            .ok_or_else(out)?;
        let power = pow10(exponent.unsigned_abs()).and_then(|power| u64::try_from(power).ok());
        let power = power.ok_or_else(out)?;
        let price = match exponent < 0 {
            true => Price::new(mantissa, power),
            false => Price::new(mantissa.checked_mul(power).ok_or_else(out)?, 1),
        };
        price.map_err(|_| out())
    }

    fn lots(&self, case: &str) -> Result<i64, ConformanceError> {
        i64::try_from(self.base_quantums.0).map_err(|_| range(case, "base_quantums"))
    }
}

/// A dYdX perpetual: the maintenance charge is a fraction of the initial one.
fn rule(
    case: &str,
    initial_ppm: u32,
    fraction_ppm: u32,
    caps: &Caps,
) -> Result<InstrumentRule, ConformanceError> {
    let ppm = |parts: u32| Fraction::new(parts.into(), PPM.into());
    let tier = |rate| vec![Tier { up_to: None, rate }];
    let rate = ppm(initial_ppm).ok_or_else(|| range(case, "initial_margin_ppm"))?;
    let fraction = ppm(fraction_ppm).ok_or_else(|| range(case, "maintenance_fraction_ppm"))?;
    let in_quote = |quantums: Integer| {
        Decimal::try_from_i128_with_scale(quantums.0, QUOTE_DECIMALS)
            .map_err(|_| range(case, "open_interest_cap"))
    };
    let open_interest_caps = match caps.open_interest_upper_cap.0 {
        0 => None,
        _ => Some(OpenInterestCaps {
            lower: in_quote(caps.open_interest_lower_cap)?,
            upper: in_quote(caps.open_interest_upper_cap)?,
        }),
    };
    Ok(InstrumentRule {
        kind: Kind::Perpetual,
        lot_size: Decimal::ONE,
        margin: Some(ChargeRule {
            initial_basis: Basis::Marginal,
            initial: tier(rate),
            maintenance_basis: Basis::Marginal,
            maintenance: tier(rate),
            maintenance_fraction: fraction,
        }),
        collateral: None,
        liability: None,
        open_interest_caps,
        calibrated: None,
        leverages: Vec::new(),
    })
}

fn quotation(case: &str) -> Result<Quotation, ConformanceError> {
    let denominator = Denominator::new(PPM).map_err(|_| range(case, "denominator"))?;
    Ok(Quotation { decimals: QUOTE_DECIMALS, denominator })
}

/// One quote quantum per lot: the case gives the notional itself.
fn unit_price(case: &str) -> Result<Price, ConformanceError> {
    Price::new(1, 1).map_err(|_| range(case, "price"))
}

fn units(case: &str, integer: Integer) -> Result<u128, ConformanceError> {
    u128::try_from(integer.0).map_err(|_| range(case, "open_interest_quote_quantums"))
}

fn decimal(case: &str, field: &'static str, integer: Integer) -> Result<Decimal, ConformanceError> {
    Decimal::try_from_i128_with_scale(integer.0, 0).map_err(|_| range(case, field))
}

fn range(case: &str, field: &'static str) -> ConformanceError {
    ConformanceError::Range { case: case.to_owned(), field }
}
