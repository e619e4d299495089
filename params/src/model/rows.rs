//! From an instrument's rules to the rows of the risk table.

use rust_decimal::Decimal;
use zkmargin_margin::standard::{Charge, Direction};
use zkmargin_margin::units::{Denominator, Notional, Rate};

use crate::decimal::to_units;
use crate::fraction::Fraction;
use crate::leverage::ChosenLeverage;
use crate::model::{
    Basis, ChargeRule, CollateralRule, FieldProblem, InstrumentRule, Kind, MAX_TIERS, ModelError,
    OpenInterestCaps,
};

/// How money and rates become integers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Quotation {
    /// Decimals of a quote unit.
    pub(crate) decimals: u32,
    /// The denominator of rates.
    pub(crate) denominator: Denominator,
}

/// A row of the risk table before it has an instrument and a price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RowSpec {
    pub(crate) direction: Direction,
    pub(crate) lower: Notional,
    pub(crate) upper: Notional,
    pub(crate) initial: Charge,
    pub(crate) maintenance: Charge,
    pub(crate) maintenance_fraction: Rate,
}

/// A tier in quote units: its inclusive upper bound and its rate.
type UnitTier = (u128, Rate);

/// A tier of either kind of list, with the name of its rate.
struct RawTier {
    up_to: Option<Decimal>,
    rate: Fraction,
    field: &'static str,
}

impl InstrumentRule {
    /// The rows of an instrument, ascending by direction and tier, at an open
    /// interest in quote units (none: zero).
    pub(crate) fn rows(
        &self,
        path: &str,
        quotation: Quotation,
        open_interest: Option<u128>,
    ) -> Result<Vec<RowSpec>, ModelError> {
        self.rows_at(path, quotation, open_interest, None)
    }

    /// The same for an account that chose a leverage: an initial rate is one over it where
    /// the rule's is less. Maintenance does not know it.
    pub(super) fn rows_at(
        &self,
        path: &str,
        quotation: Quotation,
        open_interest: Option<u128>,
        leverage: Option<(&str, ChosenLeverage)>,
    ) -> Result<Vec<RowSpec>, ModelError> {
        check_lot_size(self.lot_size, path)?;
        self.check_parts(path)?;
        let chosen = leverage.map(|(field, chosen)| exact_rate(chosen.rate(), field, quotation));
        let least = chosen.transpose()?.unwrap_or(Rate::ZERO);
        let mut rows = Vec::new();
        if let Some(rule) = &self.margin {
            let caps = (self.open_interest_caps.as_ref())
                .map(|caps| Caps::new(caps, &format!("{path}.open_interest_caps"), quotation))
                .transpose()?;
            let scale = |rate: Rate| {
                let own = match caps {
                    Some(caps) => {
                        caps.scale(rate, open_interest.unwrap_or(0), quotation.denominator)
                    }
                    None => rate,
                };
                own.max(least)
            };
            rows.extend(rule.rows(&format!("{path}.margin"), quotation, Direction::Both, scale)?);
        }
        if let Some(rule) = &self.collateral {
            rows.extend(rule.rows(&format!("{path}.collateral"), quotation)?);
        }
        if let Some(rule) = &self.liability {
            let path = format!("{path}.liability");
            rows.extend(rule.rows(&path, quotation, Direction::Short, |rate| rate)?);
        }
        Ok(rows)
    }

    /// Each kind has its parts and no others.
    pub(super) fn check_parts(&self, path: &str) -> Result<(), ModelError> {
        let present = [
            ("margin", self.margin.is_some()),
            ("collateral", self.collateral.is_some()),
            ("liability", self.liability.is_some()),
            ("open_interest_caps", self.open_interest_caps.is_some()),
            ("leverages", !self.leverages.is_empty()),
        ];
        let allowed: &[&str] = match (self.kind, self.calibrated.is_some()) {
            // No file can say it: options have rules by underlying.
            (Kind::Option, _) => &[],
            (Kind::Perpetual | Kind::Future, false) => {
                &["margin", "open_interest_caps", "leverages"]
            }
            (Kind::Perpetual | Kind::Future, true) => &["open_interest_caps", "leverages"],
            (Kind::Spot, false) => &["collateral", "liability"],
            (Kind::Spot, true) => &["liability"],
        };
        for (name, is_present) in present {
            if is_present && !allowed.contains(&name) {
                let problem = match (self.kind, self.calibrated.is_some()) {
                    (Kind::Spot, false) => "a spot coin has collateral and liability",
                    (_, false) => "a perpetual or future has margin and open_interest_caps",
                    (_, true) => "its rates are calibrated",
                };
                return Err(ModelError::at(
                    format!("{path}.{name}"),
                    FieldProblem::NotAllowed(problem),
                ));
            }
        }
        let missing = match self.kind {
            _ if self.calibrated.is_some() => return Ok(()),
            Kind::Spot if self.collateral.is_none() && self.liability.is_none() => {
                "collateral or liability"
            }
            Kind::Perpetual | Kind::Future if self.margin.is_none() => "margin",
            _ => return Ok(()),
        };
        Err(ModelError::at(path, FieldProblem::Missing(missing)))
    }
}

/// Checks the coins in a lot.
pub(super) fn check_lot_size(lot_size: Decimal, path: &str) -> Result<(), ModelError> {
    let largest = Decimal::from(1_000_000_000_000u64);
    let fits =
        lot_size > Decimal::ZERO && lot_size <= largest && lot_size.normalize().scale() <= 18;
    match fits {
        true => Ok(()),
        false => Err(ModelError::at(format!("{path}.lot_size"), FieldProblem::LotSize)),
    }
}

impl ChargeRule {
    fn rows(
        &self,
        path: &str,
        quotation: Quotation,
        direction: Direction,
        scale_initial: impl Fn(Rate) -> Rate,
    ) -> Result<Vec<RowSpec>, ModelError> {
        let raw = |tiers: &[super::Tier]| -> Vec<RawTier> {
            let tier = |t: &super::Tier| RawTier { up_to: t.up_to, rate: t.rate, field: "rate" };
            tiers.iter().map(tier).collect()
        };
        let initial_path = format!("{path}.initial");
        let initial = resolve(&raw(&self.initial), &initial_path, quotation)?;
        let maintenance_path = format!("{path}.maintenance");
        let maintenance = resolve(&raw(&self.maintenance), &maintenance_path, quotation)?;
        if initial.last().map(|t| t.0) != maintenance.last().map(|t| t.0) {
            return Err(ModelError::at(maintenance_path, FieldProblem::EndsDiffer));
        }
        for (basis, tiers, path) in [
            (self.initial_basis, &initial, &initial_path),
            (self.maintenance_basis, &maintenance, &maintenance_path),
        ] {
            if basis == Basis::Flat && tiers.windows(2).any(|pair| pair[0].1 > pair[1].1) {
                return Err(ModelError::at(path, FieldProblem::FlatDescending));
            }
        }
        let fraction_path = format!("{path}.maintenance_fraction");
        let fraction = exact_rate(self.maintenance_fraction, &fraction_path, quotation)?;
        let initial: Vec<UnitTier> =
            initial.into_iter().map(|(bound, rate)| (bound, scale_initial(rate))).collect();
        let bases = [self.initial_basis, self.maintenance_basis];
        let grid = Grid { bases, fraction, denominator: quotation.denominator };
        grid.rows(direction, &initial, &maintenance, path)
    }
}

impl CollateralRule {
    fn rows(&self, path: &str, quotation: Quotation) -> Result<Vec<RowSpec>, ModelError> {
        let one = Rate::new(quotation.denominator.get());
        let charges = |tiers: &[super::WeightTier], path: String| -> Result<Vec<UnitTier>, _> {
            let raw: Vec<_> = tiers
                .iter()
                .map(|t| RawTier { up_to: t.up_to, rate: t.weight, field: "weight" })
                .collect();
            let weights = resolve(&raw, &path, quotation)?;
            // The part that does not count is charged; above the last bound that is all of it.
            let mut tiers: Vec<UnitTier> = weights
                .into_iter()
                .map(|(bound, weight)| (bound, Rate::new(one.get() - weight.get())))
                .collect();
            if tiers.last().is_some_and(|(bound, _)| *bound < Notional::MAX.get()) {
                tiers.push((Notional::MAX.get(), one));
            }
            Ok::<_, ModelError>(tiers)
        };
        let initial = charges(&self.initial, format!("{path}.initial"))?;
        let maintenance = charges(&self.maintenance, format!("{path}.maintenance"))?;
        let bases = [Basis::Marginal; 2];
        let grid = Grid { bases, fraction: one, denominator: quotation.denominator };
        grid.rows(Direction::Long, &initial, &maintenance, path)
    }
}

/// Checks a list of tiers and brings it to quote units.
fn resolve(
    tiers: &[RawTier],
    path: &str,
    quotation: Quotation,
) -> Result<Vec<UnitTier>, ModelError> {
    if tiers.is_empty() {
        return Err(ModelError::at(path, FieldProblem::Empty));
    }
    if tiers.len() > MAX_TIERS {
        return Err(ModelError::at(path, FieldProblem::TooManyTiers { count: tiers.len() }));
    }
    let mut resolved: Vec<UnitTier> = Vec::with_capacity(tiers.len());
    for (index, tier) in tiers.iter().enumerate() {
        let rate = exact_rate(tier.rate, &format!("{path}[{index}].{}", tier.field), quotation)?;
        let bound_path = format!("{path}[{index}].up_to");
        let bound = match tier.up_to {
            Some(up_to) => to_units(up_to, quotation.decimals)
                .and_then(|units| u128::try_from(units).ok())
                .filter(|units| (1..=Notional::MAX.get()).contains(units))
                .ok_or(FieldProblem::Bound { decimals: quotation.decimals }),
            None if index + 1 < tiers.len() => Err(FieldProblem::UnboundedNotLast),
            None => Ok(Notional::MAX.get()),
        }
        .map_err(|problem| ModelError::at(&bound_path, problem))?;
        if resolved.last().is_some_and(|(below, _)| *below >= bound) {
            return Err(ModelError::at(bound_path, FieldProblem::NotAscending));
        }
        resolved.push((bound, rate));
    }
    Ok(resolved)
}

/// A rate from 0 to 1 over the common denominator.
pub(super) fn exact_rate(
    rate: Fraction,
    path: &str,
    quotation: Quotation,
) -> Result<Rate, ModelError> {
    let denominator = quotation.denominator;
    let problem = match rate.is_at_most_one() {
        false => FieldProblem::AboveOne(rate),
        true => match rate.over(denominator) {
            Some(rate) => return Ok(rate),
            None => FieldProblem::NotRepresentable { rate, denominator: denominator.get() },
        },
    };
    Err(ModelError::at(path, problem))
}

/// [`OpenInterestCaps`] in quote units.
#[derive(Clone, Copy)]
struct Caps {
    lower: u128,
    upper: u128,
}

impl Caps {
    fn new(caps: &OpenInterestCaps, path: &str, quotation: Quotation) -> Result<Self, ModelError> {
        let units = |amount| {
            to_units(amount, quotation.decimals)
                .and_then(|units| u128::try_from(units).ok())
                .filter(|units| *units <= Notional::MAX.get())
        };
        match (units(caps.lower), units(caps.upper)) {
            (Some(lower), Some(upper)) if lower < upper => Ok(Self { lower, upper }),
            _ => Err(ModelError::at(path, FieldProblem::Caps)),
        }
    }

    /// The rate at an open interest: the tier's up to the lower cap, one from
    /// the upper cap, and in between on the line, rounded down.
    fn scale(self, rate: Rate, open_interest: u128, denominator: Denominator) -> Rate {
        let one = denominator.get();
        if open_interest <= self.lower {
            return rate;
        }
        if open_interest >= self.upper {
            return Rate::new(one);
        }
        // 32 and 80 bits; the quotient is below `one - rate`.
        let rise =
            u128::from(one - rate.get()) * (open_interest - self.lower) / (self.upper - self.lower);
        Rate::new(u32::try_from(rise).map_or(one, |rise| rate.get() + rise))
    }
}

/// Distance at both ends of a row, in quote units, at which roundings (one of the
/// initial margin there, two of the maintenance margin anywhere) cannot make
/// lines cross.
const ROUNDING: u128 = 3;

/// Lays two lists of tiers over each other.
struct Grid {
    /// Of the initial and the maintenance tiers.
    bases: [Basis; 2],
    fraction: Rate,
    denominator: Denominator,
}

impl Grid {
    fn rows(
        &self,
        direction: Direction,
        initial: &[UnitTier],
        maintenance: &[UnitTier],
        path: &str,
    ) -> Result<Vec<RowSpec>, ModelError> {
        let mut uppers: Vec<u128> =
            initial.iter().chain(maintenance).map(|(bound, _)| *bound).collect();
        uppers.sort_unstable();
        uppers.dedup();
        let one = Rate::new(self.denominator.get());
        let (mut lower, mut initial_base, mut maintenance_base) = (0, 0, 0);
        let mut rows = Vec::with_capacity(uppers.len());
        for upper in uppers {
            let (initial_rate, maintenance_rate) =
                (rate_at(initial, upper), rate_at(maintenance, upper));
            if self.bases[0] == Basis::Flat {
                initial_base = self.charge(lower, initial_rate, one);
            }
            if self.bases[1] == Basis::Flat {
                maintenance_base = self.charge(lower, maintenance_rate, self.fraction);
            }
            let width = upper - lower;
            let initial_end = initial_base + self.charge(width, initial_rate, one);
            let maintenance_end =
                maintenance_base + self.charge(width, maintenance_rate, self.fraction);
            for (notional, initial, maintenance) in
                [(lower, initial_base, maintenance_base), (upper, initial_end, maintenance_end)]
            {
                if maintenance > initial {
                    let problem = FieldProblem::MaintenanceAboveInitial { notional };
                    return Err(ModelError::at(format!("{path}.maintenance"), problem));
                }
            }
            // Between the ends the lines could cross by their rounding: not when
            // the rate itself is no higher, nor when they keep their distance.
            let apart = initial_base >= maintenance_base + ROUNDING
                && initial_end >= maintenance_end + ROUNDING;
            if maintenance_rate > initial_rate && !apart {
                let problem = FieldProblem::MaintenanceRateAboveInitial { notional: lower };
                return Err(ModelError::at(format!("{path}.maintenance"), problem));
            }
            // All are at most `upper`: rates are at most one and bounds are whole.
            let notional = |units| {
                let problem = FieldProblem::MaintenanceAboveInitial { notional: units };
                Notional::new(units).map_err(|_| ModelError::at(path, problem))
            };
            rows.push(RowSpec {
                direction,
                lower: notional(lower)?,
                upper: notional(upper)?,
                initial: Charge { base: notional(initial_base)?, rate: initial_rate },
                maintenance: Charge { base: notional(maintenance_base)?, rate: maintenance_rate },
                maintenance_fraction: self.fraction,
            });
            (lower, initial_base, maintenance_base) = (upper, initial_end, maintenance_end);
        }
        Ok(rows)
    }

    /// The row's own rounding: the rate up, then the fraction up.
    fn charge(&self, amount: u128, rate: Rate, fraction: Rate) -> u128 {
        let denominator = u128::from(self.denominator.get());
        let marginal = (amount * u128::from(rate.get())).div_ceil(denominator);
        (marginal * u128::from(fraction.get())).div_ceil(denominator)
    }
}

/// The rate of the tier that holds notionals up to `upper`.
fn rate_at(tiers: &[UnitTier], upper: u128) -> Rate {
    let tier = tiers.iter().find(|(bound, _)| *bound >= upper).or(tiers.last());
    tier.map_or(Rate::ZERO, |(_, rate)| *rate)
}
