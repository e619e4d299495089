//! An account's margin, in exact integers.

use alloc::vec::Vec;

use ethnum::I256;

use super::row::{GroupTerms, ScenarioRow};
use super::terms::{MarketTerms, ScenarioTerms};
use super::units::Underlying;
use super::{BASIS, FINE_ONE, MARK, REGULAR_SCENARIOS, RELIEVED_FROM, SCENARIOS, SUM_BITS, VALUES};
use crate::ids::{BucketId, InstrumentId};
use crate::portfolio::{Position, Reserved};
use crate::relation::Violation;

/// Least lots of a position.
pub const MIN_LOTS: i64 = -(1 << 32);
/// Most lots of a position.
pub const MAX_LOTS: i64 = (1 << 32) - 1;

/// Most lots of all positions together, long and short: as many as 64 positions can have.
/// What is packed in rows stays apart up to here; a shape of more positions asks for it.
pub const MAX_GROSS_LOTS: u64 = 1 << 38;

/// Sums over the options and futures of an expiry, in quote units.
#[derive(Clone, PartialEq, Eq)]
pub struct ExpirySums {
    /// The expiry.
    pub terms: GroupTerms,
    /// Dampened values of its options under each scenario.
    pub scenarios: [i128; SCENARIOS],
    /// Marks of its options.
    pub mark: i128,
    /// Profit and loss of its options and futures with the basis up and down.
    pub basis: [i128; 2],
    /// Option lots, long and short.
    pub gross: u128,
}

/// Sums of charges, in quote units.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct ChargeSums {
    /// Of both margins.
    pub maintenance: i128,
    /// Of initial margin, on top, less what low confidence costs options.
    pub initial: i128,
    /// What low confidence costs options; of initial margin, on top.
    pub confidence: u128,
}

/// An account's margin under a scenario table: what of it is on one underlying.
///
/// With `a` the lots, `v`, `mark`, `up`, `down` the values of the rows, `e` an
/// expiry with its discounts and weight, `R` the dampening, and `[..]` over
/// [`FINE_ONE`]:
///
/// ```text
/// M_e(s)   = sum of a v(s)                        over the options of e
/// m_e      = sum of a mark                        over the options of e
/// L(s)     = sum of a v(s)                        over all but options
/// PnL(s)   = sum over e of (M_e >= 0 ? long_e : short_e) M_e - R(s) m_e + [1] L(s)
///            sum over e of -|..| + [1] L(s)       in a skew scenario
///            and of the last regular scenarios + [1] relief(s) - times(s) minimum + beside
/// basis    = sum over e of weight_e min(0, up_e, down_e)      options and futures
/// naked    = sum over strikes of max(0, -(a of the call + a of the put))
/// minimum  = net |X - Y| + half_hedged (X + Y - |X - Y|) + [1] short_fee naked
/// added    = sum over tiers of rate max(0, |X - Y| - from), and -basis where it is added
/// beside   = added where the minimum charge is of all, or zero
/// worst    = min(basis where it is not added, beside - minimum, PnL(s))
/// MMc      = sum of |a| mm + naked mm
/// IMc      = sum of |a| im + naked im + sum over e of gross_e max(fee_e, P) + reserved
/// MtM      = sum of a mark + cash
/// ```
///
/// where `X` and `Y` are the notionals of the long and the short deltas and `P`
/// is the largest fee on options of the perpetuals held. What a level's loss factor
/// multiplies is `worst - added`. With moves of `delta` and `-delta` the basis loss
/// of an expiry is its weight times its net delta, long or short.
#[derive(Clone, PartialEq, Eq)]
pub struct ScenarioMargin {
    /// The expiries held on the underlying, ascending.
    pub expiries: Vec<ExpirySums>,
    /// Dampened profit and loss of all but options under each scenario, in
    /// quote units.
    pub linear: [i128; SCENARIOS],
    /// Marks of collateral, in quote units.
    pub collateral: i128,
    /// Cash, in quote units.
    pub cash: i128,
    /// Option lots short that no other side of their strike covers.
    pub naked: u128,
    /// Notional of the deltas above and below zero, in quote units.
    pub deltas: [u128; 2],
    /// The largest fee on options of the perpetuals held.
    pub options_fee: u64,
    /// Profit and loss under each scenario, in quote units times `FINE_ONE`.
    pub scenario_pnl: [I256; SCENARIOS],
    /// The basis loss, at most zero, on the same scale.
    pub basis: I256,
    /// The minimum charge, on the same scale.
    pub minimum: I256,
    /// The least of these, at most zero, on the same scale.
    pub worst: I256,
    /// What is charged beside the worst loss and counts with its factor, at least
    /// zero, on the same scale.
    pub added: I256,
    /// The charges beside the worst loss.
    pub charges: ChargeSums,
    /// What is reserved for open orders, of initial margin, in quote units.
    pub reserved: u128,
    pub(super) maintenance_factor: u64,
    pub(super) initial_factor: u64,
}

redacted_debug!(ExpirySums, ChargeSums, ScenarioMargin);

impl ScenarioMargin {
    /// Assesses positions on the only underlying of a market, each with its row, in
    /// canonical order: the call and the put of a strike are neighbours.
    ///
    /// # Errors
    /// When a position is out of range or in another bucket, collateral is
    /// owed, a row is of another underlying, two rows do not agree on their expiry, or
    /// a sum is out of range, that of all lots ([`MAX_GROSS_LOTS`]) among them.
    pub fn assess<'a>(
        positions: impl IntoIterator<Item = (&'a Position, &'a ScenarioRow)>,
        reserved: &Reserved,
        terms: &ScenarioTerms,
    ) -> Result<Self, Violation> {
        let terms = MarketTerms::from(*terms);
        let [account] = assess_each(positions, reserved, &terms)?
            .try_into()
            // There are as many as terms.
            .map_err(|_| Violation::Terms)?;
        Ok(account)
    }

    fn new(terms: &ScenarioTerms) -> Self {
        Self {
            expiries: Vec::new(),
            linear: [0; SCENARIOS],
            collateral: 0,
            cash: 0,
            naked: 0,
            deltas: [0; 2],
            options_fee: 0,
            scenario_pnl: [I256::ZERO; SCENARIOS],
            basis: I256::ZERO,
            minimum: I256::ZERO,
            worst: I256::ZERO,
            added: I256::ZERO,
            charges: ChargeSums::default(),
            reserved: 0,
            maintenance_factor: terms.maintenance_factor.get(),
            initial_factor: terms.initial_factor.get(),
        }
    }

    /// Adds one position's products.
    fn add(&mut self, index: usize, lots: i64, row: &ScenarioRow) -> Result<(), Violation> {
        let size = u128::from(lots.unsigned_abs());
        let a = i128::from(lots);
        let values: [i128; VALUES] = row.values().map(|value| a * i128::from(value));
        self.charges.maintenance += size.cast_signed() * i128::from(row.charges.maintenance.get());
        self.charges.initial += size.cast_signed() * i128::from(row.charges.initial.get());
        let delta = row.delta.get();
        let side = usize::from((lots < 0) != (delta < 0));
        self.deltas[side] += size * u128::from(delta.unsigned_abs());
        if lots != 0 {
            self.options_fee = self.options_fee.max(row.options_fee().get());
        }
        match row.group() {
            None => self.collateral += values[MARK],
            Some(group) => {
                let sums = self.expiry_mut(index, group)?;
                for (sum, place) in sums.basis.iter_mut().zip(BASIS) {
                    *sum += values[place];
                }
                sums.mark += values[MARK];
                if row.is_option() {
                    sums.gross += size;
                    add(&mut sums.scenarios, &values);
                }
            }
        }
        if !row.is_option() {
            add(&mut self.linear, &values);
        }
        Ok(())
    }

    /// The sums of an expiry.
    fn expiry_mut(
        &mut self,
        index: usize,
        terms: &GroupTerms,
    ) -> Result<&mut ExpirySums, Violation> {
        let place = match self.expiries.binary_search_by_key(&terms.key, |sums| sums.terms.key) {
            Ok(place) if self.expiries[place].terms == *terms => place,
            Ok(_) => return Err(Violation::Expiry(index)),
            Err(place) => {
                let sums = ExpirySums {
                    terms: *terms,
                    scenarios: [0; SCENARIOS],
                    mark: 0,
                    basis: [0; 2],
                    gross: 0,
                };
                self.expiries.insert(place, sums);
                place
            }
        };
        Ok(&mut self.expiries[place])
    }

    /// Everything that follows from the sums.
    fn finish(&mut self, terms: &ScenarioTerms) -> Result<(), Violation> {
        let naked = self.naked.cast_signed();
        self.charges.maintenance += naked * i128::from(terms.naked.maintenance.get());
        self.charges.initial += naked * i128::from(terms.naked.initial.get());
        if !self.sums_in_range() {
            return Err(Violation::Sum);
        }
        for expiry in &self.expiries {
            let fee = expiry.terms.confidence_fee.get().max(self.options_fee);
            self.charges.confidence += expiry.gross * u128::from(fee);
            let loss = expiry.basis[0].min(expiry.basis[1]).min(0);
            self.basis += I256::from(loss) * I256::from(expiry.terms.basis_weight.get());
        }
        self.minimum = self.minimum_charge(terms);
        let (added, one_of) =
            if terms.basis_is_added { (-self.basis, I256::ZERO) } else { (I256::ZERO, self.basis) };
        self.added = added + self.delta_charge(terms);
        self.scenario_pnl = core::array::from_fn(|s| self.pnl(s, terms));
        let floor = one_of.min(self.beside(terms) - self.minimum);
        self.worst = self.scenario_pnl.into_iter().fold(floor, I256::min);
        Ok(())
    }

    /// M4: each sum on the underlying is below `2^72` either way.
    fn sums_in_range(&self) -> bool {
        let expiries = self.expiries.iter().flat_map(|sums| {
            sums.scenarios.iter().chain(&sums.basis).chain(core::iter::once(&sums.mark))
        });
        let mut sums = expiries.chain(&self.linear);
        sums.all(|sum| sum.unsigned_abs() >> SUM_BITS == 0)
            && (self.deltas[0] + self.deltas[1]) >> SUM_BITS == 0
    }

    /// What large net deltas are charged.
    fn delta_charge(&self, terms: &ScenarioTerms) -> I256 {
        let [long, short] = self.deltas;
        let net = long.abs_diff(short);
        terms.delta_tiers.iter().fold(I256::ZERO, |sum, tier| {
            let beyond = net.saturating_sub(u128::from(tier.from.get()));
            sum + I256::from(tier.rate.get()) * I256::from(beyond)
        })
    }

    fn minimum_charge(&self, terms: &ScenarioTerms) -> I256 {
        let minimum = &terms.minimum;
        let [long, short] = self.deltas;
        let net = long.abs_diff(short);
        I256::from(minimum.net.get()) * I256::from(net)
            + I256::from(minimum.half_hedged.get()) * I256::from(long + short - net)
            + I256::from(FINE_ONE) * I256::from(minimum.short_fee.get()) * I256::from(self.naked)
    }

    /// What of a minimum charge is lost beside the worst loss.
    fn beside(&self, terms: &ScenarioTerms) -> I256 {
        if terms.minimum.is_of_all { self.added } else { I256::ZERO }
    }

    /// What a scenario gains beside the positions, where it is one of the last.
    fn relief(&self, scenario: usize, terms: &ScenarioTerms) -> I256 {
        let last = scenario.checked_sub(RELIEVED_FROM);
        let of = |i: usize| Some((terms.reliefs.get(i)?, terms.minimum_times.get(i)?));
        last.and_then(of).map_or(I256::ZERO, |(relief, times)| {
            let relief = I256::from(FINE_ONE) * I256::from(relief.get());
            relief - I256::from(times.get()) * self.minimum + self.beside(terms)
        })
    }

    fn pnl(&self, scenario: usize, terms: &ScenarioTerms) -> I256 {
        let linear = I256::from(FINE_ONE) * I256::from(self.linear[scenario]);
        let linear = linear + self.relief(scenario, terms);
        let dampening = I256::from(terms.dampening[scenario].get());
        self.expiries.iter().fold(linear, |pnl, expiry| {
            let value = expiry.scenarios[scenario];
            let discount =
                if value < 0 { expiry.terms.short_discount } else { expiry.terms.long_discount };
            let change = I256::from(discount.get()) * I256::from(value)
                - dampening * I256::from(expiry.mark);
            pnl + if scenario < REGULAR_SCENARIOS { change } else { -change.abs() }
        })
    }
}

/// The figures on each underlying of a market: what is reserved counts with the first.
pub(super) fn assess_each<'a>(
    positions: impl IntoIterator<Item = (&'a Position, &'a ScenarioRow)>,
    reserved: &Reserved,
    terms: &MarketTerms,
) -> Result<Vec<ScenarioMargin>, Violation> {
    let mut parts: Vec<_> = terms.iter().map(ScenarioMargin::new).collect();
    let mut strike = Strike::default();
    let mut gross: u64 = 0;
    for (index, (position, row)) in positions.into_iter().enumerate() {
        let lots = lots_of(index, position, row)?;
        // Refused at once, so that no sum can overflow.
        gross = gross.saturating_add(lots.unsigned_abs());
        if gross > MAX_GROSS_LOTS {
            return Err(Violation::Sum);
        }
        // An expiry is of one underlying.
        let shared = row.group().is_some_and(|group| {
            let others = parts.iter().zip(0_u8..).filter(|(_, u)| *u != row.underlying.get());
            others.flat_map(|(part, _)| &part.expiries).any(|sums| sums.terms.key == group.key)
        });
        if shared {
            return Err(Violation::Expiry(index));
        }
        let option_lots = if row.is_option() { lots } else { 0 };
        let ended = strike.next(index, (position.instrument, row.underlying), option_lots)?;
        naked(&mut parts, ended);
        let part = parts.get_mut(usize::from(row.underlying.get()));
        let part = part.ok_or(Violation::Underlying(index))?;
        part.add(index, lots, row)?;
        part.cash += position.cash.get();
    }
    naked(&mut parts, strike.ended());
    if let Some(first) = parts.first_mut() {
        first.reserved = reserved.get();
    }
    for (part, terms) in parts.iter_mut().zip(terms.iter()) {
        part.finish(terms)?;
    }
    match account_sums_in_range(&parts) {
        true => Ok(parts),
        false => Err(Violation::Sum),
    }
}

/// M4: what counts for the whole account, whatever the underlying: each sum is below
/// `2^72` either way.
fn account_sums_in_range(parts: &[ScenarioMargin]) -> bool {
    let sum = |of: fn(&ScenarioMargin) -> i128| parts.iter().map(of).sum::<i128>();
    let sums = [
        sum(|part| part.charges.maintenance),
        sum(|part| part.charges.initial),
        sum(|part| part.collateral),
    ];
    sums.iter().all(|sum| sum.unsigned_abs() >> SUM_BITS == 0)
}

/// Counts what is naked of a strike with its underlying.
fn naked(parts: &mut [ScenarioMargin], (underlying, lots): (Underlying, u128)) {
    if let Some(part) = parts.get_mut(usize::from(underlying.get())) {
        part.naked += lots;
    }
}

/// The lots of a position, after the checks on it alone.
fn lots_of(index: usize, position: &Position, row: &ScenarioRow) -> Result<i64, Violation> {
    let lots = position.quantity.get();
    if position.bucket != BucketId::CROSS {
        return Err(Violation::Bucket(index));
    }
    if !(MIN_LOTS..=MAX_LOTS).contains(&lots) {
        return Err(Violation::Quantity(index));
    }
    if row.is_long_only() && lots < 0 {
        return Err(Violation::WrongDirection(index));
    }
    Ok(lots)
}

fn add(sums: &mut [i128; SCENARIOS], values: &[i128; VALUES]) {
    for (sum, value) in sums.iter_mut().zip(values) {
        *sum += value;
    }
}

/// Option lots of the strike last seen.
#[derive(Default)]
struct Strike {
    last: Option<(InstrumentId, Underlying)>,
    net: i128,
}

impl Strike {
    /// Moves on to a position; returns what is naked of a strike it ends, and the
    /// underlying of that.
    fn next(
        &mut self,
        index: usize,
        of: (InstrumentId, Underlying),
        lots: i64,
    ) -> Result<(Underlying, u128), Violation> {
        let same = self.last.filter(|(last, _)| last.strike() == of.0.strike());
        if same.is_some_and(|(_, underlying)| underlying != of.1) {
            return Err(Violation::Underlying(index));
        }
        let ended = if same.is_some() { (of.1, 0) } else { self.ended() };
        self.net = if same.is_some() { self.net } else { 0 } + i128::from(lots);
        self.last = Some(of);
        Ok(ended)
    }

    fn ended(&self) -> (Underlying, u128) {
        let underlying = self.last.map_or(Underlying::FIRST, |(_, underlying)| underlying);
        (underlying, self.net.min(0).unsigned_abs())
    }
}
