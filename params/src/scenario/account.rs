//! An account's margin from a risk table.
//!
//! With the table's values everything is a piecewise-linear function of the
//! quantities `a`:
//!
//! ```text
//! m_e       = sum of a * mark                          over the options of expiry e
//! M_e(s)    = sum of a * value(s)                      the same under scenario s
//! delta_e   = (M_e * (long discount if M_e >= 0 else short discount) - m_e) * dampening
//! PnL(s)    = sum over e of delta_e, or -|delta_e| in a skew scenario
//!             + sum of a * PnL(s)                      over perpetuals, futures, collateral
//! basis     = sum over e of min(0, up_e, down_e) * weight_e
//! added     = -basis where it is added, + sum over tiers of rate * max(0, |net delta| - from)
//! beside    = added where the minimum charge is of all, or zero
//! worst     = min(basis where it is not added, beside - minimum charge, PnL of each scenario)
//! MMc       = sum of |a| * mm charge + naked shorts * charge       IMc likewise, and confidence
//! maintenance margin = (worst - added) * mm factor       - MMc + mark-to-market
//! initial margin     = (worst - added) * im factor - IMc - MMc - reserved + mark-to-market
//! ```
//!
//! Both are balances: negative is short of margin. Naked shorts are the
//! quantities short per expiry and strike, calls netted against puts.

use rayon::prelude::*;
use serde::Serialize;

use crate::scenario::math::{max, min};
use crate::scenario::parameters::{DeltaTier, LossGroup, MinimumCharge, MinimumTier};
use crate::scenario::portfolio::Holdings;
use crate::scenario::table::{RiskTable, RowKind};

/// An account's margins and what they are made of, in quote currency.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Assessment {
    /// Initial margin balance: negative is short of margin.
    #[serde(rename = "initial_balance")]
    pub initial_margin: f64,
    /// Maintenance margin balance: negative is a margin call.
    #[serde(rename = "maintenance_balance")]
    pub maintenance_margin: f64,
    /// What the account is worth.
    pub mark_to_market: MarkToMarket,
    /// Profit and loss under each scenario.
    pub scenario_pnl: Vec<f64>,
    /// The part of it of perpetuals, futures and collateral.
    pub linear_pnl: Vec<f64>,
    /// The basis contingency, at most 0.
    pub basis_contingency: f64,
    /// The minimum charge, at least 0.
    pub minimum_charge: f64,
    /// The worst of all, at most 0.
    pub worst: Worst,
    /// What is charged beside it and counts with its factors, at least 0.
    pub added: f64,
    /// The charges beside the worst loss.
    pub contingencies: Contingencies,
    /// What each expiry with a position adds.
    pub expiries: Vec<ExpiryPart>,
}

/// Mark-to-market by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct MarkToMarket {
    /// Options.
    pub options: f64,
    /// Collateral.
    pub collateral: f64,
    /// Unrealised profit, loss and funding of perpetuals and futures.
    pub unrealised: f64,
    /// Cash.
    pub cash: f64,
    /// All of it.
    pub total: f64,
}

/// The worst loss.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Worst {
    /// Its profit and loss, at most 0.
    pub pnl: f64,
    /// Where it comes from.
    pub group: LossGroup,
    /// The scenario, when it is one.
    pub scenario: Option<usize>,
}

/// Charges beside the worst loss. What begins with `im_` is added for initial
/// margin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Contingencies {
    /// Perpetuals and futures.
    pub mm_perpetual: f64,
    /// Naked short options.
    pub mm_option: f64,
    /// Collateral haircuts.
    pub mm_collateral: f64,
    /// The roll shock of options; that of perpetuals and futures is among theirs.
    pub mm_roll: f64,
    /// Perpetuals and futures.
    pub im_perpetual: f64,
    /// Naked short options.
    pub im_option: f64,
    /// Collateral haircuts.
    pub im_collateral: f64,
    /// The roll shock of options.
    pub im_roll: f64,
    /// Low confidence in perpetuals and futures.
    pub im_confidence_perpetual: f64,
    /// Low confidence in an expiry's feeds.
    pub im_confidence_option: f64,
    /// Low confidence in collateral.
    pub im_confidence_collateral: f64,
}

impl Contingencies {
    /// What maintenance margin is charged.
    pub fn maintenance(&self) -> f64 {
        self.mm_perpetual + self.mm_option + self.mm_collateral + self.mm_roll
    }

    /// What initial margin is charged on top.
    pub fn initial(&self) -> f64 {
        let confidence = self.im_confidence_perpetual
            + self.im_confidence_option
            + self.im_confidence_collateral;
        self.im_perpetual + self.im_option + self.im_collateral + confidence + self.im_roll
    }
}

/// What an expiry adds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ExpiryPart {
    /// Its group in the table.
    pub group: usize,
    /// Seconds to expiry.
    pub expiry_seconds: u64,
    /// Mark-to-market of its options.
    pub mark: f64,
    /// What its options add to each scenario's profit and loss.
    pub scenario_pnl: Vec<f64>,
    /// What it adds to the basis contingency.
    pub basis_contingency: f64,
    /// Its naked short options.
    pub naked_shorts: f64,
    /// Its options, long and short.
    pub gross: f64,
}

/// Sums over the options of an expiry, and its futures for the basis.
struct GroupSums {
    group: usize,
    options: bool,
    mark: f64,
    gross: f64,
    scenarios: Vec<f64>,
    basis: [f64; 2],
    /// Strike key and net quantity.
    strikes: Vec<(usize, f64)>,
}

impl GroupSums {
    fn new(group: usize, scenarios: usize) -> Self {
        let scenarios = vec![0.0; scenarios];
        let strikes = Vec::new();
        Self { group, options: false, mark: 0.0, gross: 0.0, scenarios, basis: [0.0; 2], strikes }
    }

    fn net(&mut self, key: usize, quantity: f64) {
        match self.strikes.iter_mut().find(|(other, _)| *other == key) {
            Some((_, net)) => *net += quantity,
            None => self.strikes.push((key, quantity)),
        }
    }

    fn part(&self, table: &RiskTable) -> ExpiryPart {
        let group = &table.groups[self.group];
        let pnl = self.scenarios.iter().zip(&table.terms.scenarios).map(|(value, scenario)| {
            let discount = if *value >= 0.0 { group.long_discount } else { group.short_discount };
            let change = (value * discount - self.mark) * scenario.dampening_factor;
            let skew = scenario.vol_shock_direction.is_skew();
            if skew { -change.abs() } else { change }
        });
        let scenario_pnl =
            if self.options { pnl.collect() } else { vec![0.0; self.scenarios.len()] };
        let [up, down] = self.basis;
        ExpiryPart {
            group: self.group,
            expiry_seconds: group.expiry_seconds,
            mark: self.mark,
            scenario_pnl,
            basis_contingency: min(0.0, min(up, down)) * group.basis_weight,
            naked_shorts: self.strikes.iter().fold(0.0, |sum, (_, net)| sum + max(0.0, -net)),
            gross: self.gross,
        }
    }
}

/// Assesses an account.
pub fn assess(table: &RiskTable, holdings: &Holdings) -> Assessment {
    let terms = &table.terms;
    let mut sums: Vec<GroupSums> = Vec::new();
    let mut mark = MarkToMarket {
        unrealised: holdings.unrealised,
        cash: holdings.cash,
        ..MarkToMarket::default()
    };
    let mut charges = Contingencies::default();
    let mut linear_pnl = vec![0.0; terms.scenarios.len()];
    // Of the perpetuals held; none can lower a confidence of 1.
    let mut perpetual_confidence = f64::INFINITY;
    let (mut long_delta, mut short_delta) = (0.0, 0.0);
    for &(index, quantity) in &holdings.quantities {
        let row = &table.rows[index];
        let size = quantity.abs();
        let delta = quantity * row.charged_delta;
        long_delta += max(0.0, delta);
        short_delta += max(0.0, -delta);
        match row.kind {
            RowKind::Option { group, strike_key } => {
                let sums = sums_of(&mut sums, group, terms.scenarios.len());
                sums.options = true;
                sums.mark += quantity * row.mark;
                sums.gross += size;
                add(&mut sums.scenarios, quantity, &row.scenarios);
                add(&mut sums.basis, quantity, &row.basis);
                sums.net(strike_key, quantity);
                charges.mm_roll += size * row.mm_charge;
                charges.im_roll += size * row.im_charge;
                continue;
            }
            RowKind::Future { group } | RowKind::Perpetual { group: Some(group) } => {
                add(
                    &mut sums_of(&mut sums, group, terms.scenarios.len()).basis,
                    quantity,
                    &row.basis,
                );
            }
            RowKind::Collateral => {
                mark.collateral += quantity * row.mark;
                charges.mm_collateral += size * row.mm_charge;
                charges.im_collateral += size * row.im_charge;
                charges.im_confidence_collateral += size * row.confidence_charge;
            }
            RowKind::Perpetual { group: None } => {}
        }
        add(&mut linear_pnl, quantity, &row.scenarios);
        if row.kind != RowKind::Collateral {
            charges.mm_perpetual += size * row.mm_charge;
            charges.im_perpetual += size * row.im_charge;
            charges.im_confidence_perpetual += size * row.confidence_charge;
            let confidence = row.perpetual_confidence.unwrap_or(f64::INFINITY);
            perpetual_confidence = min(perpetual_confidence, confidence);
        }
    }
    sums.sort_by_key(|sums| sums.group);
    let expiries: Vec<_> = sums.iter().map(|sums| sums.part(table)).collect();
    let mut scenario_pnl = linear_pnl.clone();
    let mut basis_contingency = 0.0;
    let mut naked = 0.0;
    for part in &expiries {
        let group = &table.groups[part.group];
        mark.options += part.mark;
        basis_contingency += part.basis_contingency;
        naked += part.naked_shorts;
        add(&mut scenario_pnl, 1.0, &part.scenario_pnl);
        let confidence = min(group.confidence, perpetual_confidence);
        let charge = terms.confidence_charge(confidence, terms.conf_threshold, terms.spot);
        charges.im_confidence_option += part.gross * charge;
    }
    for (pnl, scenario) in scenario_pnl.iter_mut().zip(&terms.scenarios) {
        *pnl += scenario.relief;
    }
    charges.mm_option = naked * terms.naked_mm_charge;
    charges.im_option = naked * terms.naked_im_charge;
    mark.total = mark.options + mark.collateral + mark.unrealised + mark.cash;
    let minimum_charge = terms.minimum_charge.map_or(0.0, |minimum| {
        let once = terms.spot * minimum_fraction(&minimum, long_delta, short_delta, naked);
        tiered(once, &terms.minimum_tiers)
    });
    let net = terms.spot * (long_delta - short_delta).abs();
    let (basis_added, basis) = match terms.basis_is_added {
        true => (-basis_contingency, 0.0),
        false => (0.0, basis_contingency),
    };
    let beyond = |tier: &DeltaTier| tier.rate * max(0.0, net - tier.from);
    let added = terms.delta_tiers.iter().map(beyond).fold(basis_added, |sum, part| sum + part);
    let of_all = terms.minimum_charge.is_some_and(|minimum| minimum.of_all);
    let beside = if of_all { added } else { 0.0 };
    let worst = worst(table, &scenario_pnl, basis, minimum_charge - beside);
    let lost = if added == 0.0 { worst.pnl } else { worst.pnl - added };
    let maintenance = charges.maintenance();
    Assessment {
        initial_margin: lost * terms.im_loss_factor
            - charges.initial()
            - maintenance
            - holdings.reserved
            + mark.total,
        maintenance_margin: lost * terms.mm_loss_factor - maintenance + mark.total,
        mark_to_market: mark,
        scenario_pnl,
        linear_pnl,
        basis_contingency,
        minimum_charge,
        worst,
        added,
        contingencies: charges,
        expiries,
    }
}

/// Assesses many accounts on all cores, in their order.
pub fn assess_all(table: &RiskTable, accounts: &[Holdings]) -> Vec<Assessment> {
    accounts.par_iter().map(|holdings| assess(table, holdings)).collect()
}

fn add(sums: &mut [f64], quantity: f64, values: &[f64]) {
    for (sum, value) in sums.iter_mut().zip(values) {
        *sum += quantity * value;
    }
}

fn sums_of(all: &mut Vec<GroupSums>, group: usize, scenarios: usize) -> &mut GroupSums {
    let index = all.iter().position(|sums| sums.group == group).unwrap_or_else(|| {
        all.push(GroupSums::new(group, scenarios));
        all.len() - 1
    });
    &mut all[index]
}

fn minimum_fraction(minimum: &MinimumCharge, long: f64, short: f64, naked: f64) -> f64 {
    let net = (long - short).abs() * minimum.net_delta_percent;
    net + min(long, short) * minimum.hedged_delta_percent + naked * minimum.short_option_percent
}

/// A minimum charge of which what is beyond a tier counts more often.
fn tiered(once: f64, tiers: &[MinimumTier]) -> f64 {
    let (mut charge, mut before) = (once, 1.0);
    for tier in tiers {
        let times = f64::from(tier.times);
        charge += (times - before) * max(0.0, once - tier.from);
        before = times;
    }
    charge
}

fn worst(table: &RiskTable, scenario_pnl: &[f64], basis: f64, minimum: f64) -> Worst {
    // Without basis loss and minimum charge these are zero: the worst is never
    // a profit.
    let mut worst = Worst { pnl: f64::INFINITY, group: LossGroup::Regular, scenario: None };
    for (index, (scenario, pnl)) in table.terms.scenarios.iter().zip(scenario_pnl).enumerate() {
        if *pnl < worst.pnl {
            worst = Worst { pnl: *pnl, group: scenario.group(), scenario: Some(index) };
        }
    }
    for (pnl, group) in [(basis, LossGroup::FwdContingency), (-minimum, LossGroup::MinimumCharge)] {
        if pnl < worst.pnl {
            worst = Worst { pnl, group, scenario: None };
        }
    }
    worst
}
