//! An account in a small market of joint scenarios: terms that are made once, and rows,
//! lots and cash of the input's numbers. Whatever they are, the account's margin is what
//! sorting its losses gives, and its shortfall the least cash that mends it.

use std::sync::LazyLock;

use zkmargin_margin::claim::Level;
use zkmargin_margin::ids::{BucketId, InstrumentId, ModelDigest};
use zkmargin_margin::portfolio::{Position, Reserved};
use zkmargin_margin::simulation::{
    Charges, SUM_BITS, SimulationMargin, SimulationRow, SimulationTerms, WEIGHT_ONE, Weights,
};
use zkmargin_margin::units::{Amount, Lots};

const SCENARIOS: usize = 16;
const TAIL: usize = 3;
/// Positions of an account, each in its own row.
const POSITIONS: usize = 3;

static TERMS: LazyLock<SimulationTerms> = LazyLock::new(|| {
    let one = WEIGHT_ONE;
    let low = Weights { shortfall: one / 4 + 1, var: one / 10, stress: one / 5 };
    let high = Weights { shortfall: one / 3, var: one / 9, stress: one / 5 + 7 };
    SimulationTerms::new((SCENARIOS, TAIL), low, high, ModelDigest::of(b"set"))
        .expect("terms in range")
});

/// Numbers of the input, four bytes each, and zeros after its end.
struct Numbers<'a>(&'a [u8]);

impl Numbers<'_> {
    fn next(&mut self) -> i64 {
        let (head, tail) = self.0.split_at(self.0.len().min(4));
        self.0 = tail;
        let mut bytes = [0; 4];
        bytes[..head.len()].copy_from_slice(head);
        i64::from(i32::from_le_bytes(bytes))
    }

    fn charge(&mut self) -> u32 {
        u32::try_from(self.next().unsigned_abs()).expect("at most 2^31")
    }

    fn row(&mut self, id: u64) -> SimulationRow {
        let is_long_only = self.next() & 7 == 0;
        let charges = Charges { maintenance: self.charge(), initial: self.charge() };
        let columns = (0..TERMS.columns()).map(|_| self.next()).collect();
        SimulationRow::new(InstrumentId::new(id), is_long_only, charges, columns)
            .expect("31 bits and a sign are in range")
    }

    fn position(&mut self, id: u64) -> Position {
        Position {
            bucket: BucketId::CROSS,
            instrument: InstrumentId::new(id),
            // Mostly in range, which is of 24 bits and a sign.
            quantity: Lots::new(self.next() >> 6),
            cash: Amount::new(i128::from(self.next()) << 20).expect("52 bits are in range"),
        }
    }
}

/// Assesses an account whose rows, lots and cash are these bytes.
pub(super) fn assess(bytes: &[u8]) {
    let mut numbers = Numbers(bytes);
    let mut account: Vec<(Position, SimulationRow)> =
        (1..=POSITIONS as u64).map(|id| (numbers.position(id), numbers.row(id))).collect();
    let reserved = Reserved::new(u128::from(numbers.next().unsigned_abs())).expect("32 bits");
    let of = |account: &[(Position, SimulationRow)]| {
        let slots = account.iter().map(|(position, row)| (position, row));
        SimulationMargin::assess(slots, &reserved, &TERMS)
    };
    let Ok(margin) = of(&account) else { return };
    is_by_definition(&account, &margin);
    for level in [Level::MarginCall, Level::Maintenance, Level::Initial] {
        let shortfall = margin.shortfall(level);
        let own = account[0].0.cash;
        for (cash, left) in [(shortfall, 0), (shortfall.saturating_sub(1), shortfall.min(1))] {
            let more = own.get() + i128::try_from(cash).expect("a shortfall is below 2^94");
            let Ok(more) = Amount::new(more) else { continue };
            account[0].0.cash = more;
            assert_eq!(of(&account).expect("as before").shortfall(level), left);
        }
        account[0].0.cash = own;
    }
}

/// Sums over the positions, then what the largest losses are by sorting them all.
fn is_by_definition(account: &[(Position, SimulationRow)], margin: &SimulationMargin) {
    let lots = |position: &Position| i128::from(position.quantity.get());
    let sums: Vec<i128> = (0..TERMS.columns())
        .map(|column| {
            account.iter().map(|(p, row)| lots(p) * i128::from(row.columns()[column])).sum()
        })
        .collect();
    assert!(sums.iter().all(|sum| (-(1_i128 << SUM_BITS)..1 << SUM_BITS).contains(sum)));
    let mut losses: Vec<i128> = sums[..SCENARIOS].iter().map(|pnl| -pnl).collect();
    losses.sort_unstable_by(|a, b| b.cmp(a));
    let [stress @ .., marks] = &sums[SCENARIOS..] else { panic!("terms have a mark") };
    let stress = stress.iter().map(|pnl| -pnl).fold(0, i128::max);
    assert_eq!(margin.tail_loss, losses[..TAIL].iter().sum::<i128>().max(0));
    assert_eq!(i128::from(margin.var), losses[TAIL - 1].max(0));
    assert_eq!(i128::from(margin.stress_loss), stress);
    let cash: i128 = account.iter().map(|(position, _)| position.cash.get()).sum();
    assert_eq!(margin.equity(), marks + cash);
}
