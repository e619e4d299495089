//! The native relation of both families: every clause is checked, and what is
//! false of an account is named.

use pasta_curves::Fp;
use zkmargin_margin::claim::{Claim, Level, Leverage, Multiplier, Side};
use zkmargin_margin::field::MarginField;
use zkmargin_margin::ids::{
    AccountId, BucketId, ContextId, Epoch, InstrumentId, Memo, ModelDigest, Timestamp,
};
use zkmargin_margin::instance::{MarginInstance, Shortfall};
use zkmargin_margin::market::{MARKET_DEPTH, MarketHeader, STATE_DEPTH, state_leaf};
use zkmargin_margin::merkle::{Path, Tree};
use zkmargin_margin::portfolio::{Blinding, Position, Reserved, commit};
use zkmargin_margin::poseidon::{Domain, hash};
use zkmargin_margin::relation::Violation;
use zkmargin_margin::scenario::{
    Charges, FACTOR_ONE, Fine, LossFactor, LotCharge, LotFee, LotValue, MinimumCharge, RowKind,
    SCENARIOS, Scenario, ScenarioRow, ScenarioTerms, ScenarioWitness, Underlying,
};
use zkmargin_margin::standard::{AccountMargin, Charge, Direction, Standard, TierRow};
use zkmargin_margin::statement::margin;
use zkmargin_margin::units::{Amount, Denominator, Lots, Notional, Price, Rate};
use zkmargin_margin::witness::{AccountWitness, Slot};

type Check<R> = fn(&MarginInstance<Fp>, &AccountWitness<Fp, R>) -> Result<(), Violation>;

/// An account of three positions in a market of four instruments.
#[derive(Clone)]
struct Case<R> {
    instance: MarginInstance<Fp>,
    account: AccountWitness<Fp, R>,
    leaf: fn(&R) -> Fp,
    check: Check<R>,
    /// Cash of the second position with which the account just meets the
    /// initial margin.
    even: i128,
}

impl<R: Clone> Case<R> {
    fn new(
        rows: &[R; 4],
        (denominator, terms): (u32, Fp),
        leaf: fn(&R) -> Fp,
        check: Check<R>,
        even: i128,
    ) -> Self {
        let leaves = rows.iter().map(leaf).collect();
        let tree = Tree::build(Domain::MarketNode, MARKET_DEPTH, leaves).unwrap();
        let header = MarketHeader {
            tree_root: tree.root(),
            model: ModelDigest::of(b"model"),
            epoch: Epoch::new(7),
            timestamp: Timestamp::new(1_700_000_000),
            denominator: Denominator::new(denominator).unwrap(),
            terms,
        };
        let positions = [(1, 10, 0), (2, -10, even), (3, 5, 0)];
        let slots = positions.iter().enumerate().map(|(index, (instrument, lots, cash))| Slot {
            position: Position {
                bucket: BucketId::CROSS,
                instrument: InstrumentId::new(*instrument),
                quantity: Lots::new(*lots),
                cash: Amount::new(*cash).unwrap(),
            },
            row: rows[index].clone(),
            path: tree.path(index).unwrap(),
        });
        let mut case = Self {
            instance: MarginInstance {
                context: ContextId::derive("venue", 1, [2; 20]),
                epoch: header.epoch,
                account: AccountId::new([3; 20]),
                state_root: Fp::from(0),
                market_root: header.root(),
                model: header.model,
                claim: Claim::new(Side::AtLeast, Level::Initial).unwrap(),
                disclosed: Shortfall::NONE,
                memo: Memo::NONE,
            },
            account: AccountWitness {
                slots: slots.collect(),
                reserved: Reserved::NONE,
                blinding: Blinding::new([9; 31]),
                commitment: Fp::from(0),
                account_path: Path::from_parts(Domain::StateNode, Vec::new()),
                header,
                padding: (rows[3].clone(), tree.path(3).unwrap()),
            },
            leaf,
            check,
            even,
        };
        case.attest((Domain::StateNode, STATE_DEPTH));
        case
    }

    /// Commits to the account as it is, in a state tree of this domain and depth.
    fn attest(&mut self, (domain, depth): (Domain, usize)) {
        let positions: Vec<_> =
            self.account.slots.iter().map(|slot| slot.position.clone()).collect();
        self.account.commitment =
            commit(&positions, &self.account.reserved, &self.account.blinding);
        let leaf =
            state_leaf(self.instance.account, self.account.commitment, self.instance.context);
        let tree = Tree::build(domain, depth, vec![Fp::from(1), leaf]).unwrap();
        self.instance.state_root = tree.root();
        self.account.account_path = tree.path(1).unwrap();
    }

    /// What the check says after a change; what the change breaks is committed
    /// to again, so that only the lie itself is left to be seen.
    fn after(&self, change: impl FnOnce(&mut Self)) -> Result<(), Violation> {
        let mut case = self.clone();
        change(&mut case);
        case.attest((Domain::StateNode, STATE_DEPTH));
        case.instance.market_root = case.account.header.root();
        (case.check)(&case.instance, &case.account)
    }

    /// What the check says after a change, with nothing committed to again.
    fn after_only(&self, change: impl FnOnce(&mut Self)) -> Result<(), Violation> {
        let mut case = self.clone();
        change(&mut case);
        (case.check)(&case.instance, &case.account)
    }

    /// What the check says of a claim about the initial margin, the account
    /// being so many quote units above it or below.
    fn claimed(&self, side: Side, above: i128, disclosed: u128) -> Result<(), Violation> {
        self.after(|case| {
            case.account.slots[1].position.cash = Amount::new(case.even + above).unwrap();
            case.instance.claim = Claim::new(side, Level::Initial).unwrap();
            case.instance.disclosed = Shortfall::new(disclosed).unwrap();
        })
    }
}

fn tier(instrument: u64) -> TierRow {
    let charge = |rate| Charge { base: Notional::ZERO, rate: Rate::new(rate) };
    TierRow {
        instrument: InstrumentId::new(instrument),
        direction: Direction::Both,
        lower_exclusive: false,
        price: Price::new(100, 1).unwrap(),
        lower: Notional::ZERO,
        upper: Notional::MAX,
        initial: charge(10),
        maintenance: charge(5),
        maintenance_fraction: Rate::new(100),
    }
}

/// Worth 500 and the cash; 10% of 2,500 is initial margin.
fn standard() -> Case<TierRow> {
    let rows = [1, 2, 3, 4].map(tier);
    Case::new(&rows, (100, Fp::from(0)), TierRow::leaf, margin::check::<Standard<Fp>>, -250)
}

fn terms() -> ScenarioTerms {
    ScenarioTerms {
        dampening: [Fine::ZERO; SCENARIOS],
        maintenance_factor: LossFactor::ZERO,
        initial_factor: LossFactor::ZERO,
        minimum: MinimumCharge::default(),
        naked: Charges::default(),
        basis_is_added: false,
        reliefs: Default::default(),
        minimum_times: Default::default(),
        delta_tiers: Default::default(),
    }
}

fn scenario_row(instrument: u64) -> ScenarioRow {
    let kind = match instrument {
        2 => RowKind::Perpetual { options_fee: LotFee::ZERO },
        _ => RowKind::Collateral { mark: LotValue::new(100).unwrap() },
    };
    let charge = LotCharge::new(5).unwrap();
    ScenarioRow {
        instrument: InstrumentId::new(instrument),
        underlying: Underlying::FIRST,
        kind,
        charges: Charges { maintenance: charge, initial: charge },
        delta: LotValue::ZERO,
        scenarios: [LotValue::ZERO; SCENARIOS],
    }
}

/// Worth 1,500 and the cash; 25 lots at 10 is initial margin.
fn scenario() -> Case<ScenarioRow> {
    let rows = [1, 2, 3, 4].map(scenario_row);
    let check = |instance: &_, account: &AccountWitness<Fp, ScenarioRow>| {
        let witness = ScenarioWitness { account: account.clone(), terms: terms().into() };
        margin::check::<Scenario<Fp>>(instance, &witness)
    };
    Case::new(&rows, (FACTOR_ONE, terms().digest()), ScenarioRow::leaf, check, -1_250)
}

fn checks_the_opening_and_the_state<R: Clone>(case: &Case<R>) {
    let opening = Err(Violation::Opening);
    let cash = Amount::new(1_000_000).unwrap();
    assert_eq!(case.after_only(|case| case.account.slots[0].position.cash = cash), opening);
    assert_eq!(case.after_only(|case| case.account.blinding = Blinding::new([8; 31])), opening);

    let state = Err(Violation::AccountNotInState);
    assert_eq!(case.after_only(|case| case.instance.account = AccountId::new([4; 20])), state);
    let context = ContextId::derive("venue", 2, [2; 20]);
    assert_eq!(case.after_only(|case| case.instance.context = context), state);
    assert_eq!(case.after_only(|case| case.instance.state_root = Fp::from(5)), state);
    // A tree of another kind or depth holds no accounts, whatever its root.
    assert_eq!(case.after_only(|case| case.attest((Domain::MarketNode, STATE_DEPTH))), state);
    assert_eq!(case.after_only(|case| case.attest((Domain::StateNode, STATE_DEPTH - 1))), state);
    assert_eq!(case.after_only(|case| case.attest((Domain::StateNode, STATE_DEPTH + 1))), state);
}

fn checks_the_market<R: Clone>(case: &Case<R>) {
    let header = Err(Violation::Header);
    assert_eq!(case.after_only(|case| case.instance.market_root = Fp::from(5)), header);
    assert_eq!(case.after(|case| case.instance.epoch = Epoch::new(8)), header);
    assert_eq!(case.after(|case| case.instance.model = ModelDigest::of(b"other")), header);
    assert_eq!(
        case.after_only(|case| case.account.header.timestamp = Timestamp::new(1_700_000_001)),
        header
    );

    // The row of the market's fourth instrument for the second position.
    let (row, path) = case.account.padding.clone();
    let other = case.after(|case| {
        case.account.slots[1].row = row.clone();
        case.account.slots[1].path = path.clone();
    });
    assert_eq!(other, Err(Violation::WrongInstrument(1)));
    // The second row at the third's place in the tree, and in trees of another
    // kind and depth under a root of their own.
    let missing = Err(Violation::RowNotInMarket(1));
    let elsewhere = |case: &mut Case<R>| {
        case.account.slots[1].path = Path::from_parts(Domain::MarketNode, Vec::new());
    };
    assert_eq!(case.after(elsewhere), missing);
    let leaves: Vec<_> = case.account.slots.iter().map(|slot| (case.leaf)(&slot.row)).collect();
    for (domain, depth) in [(Domain::StateNode, MARKET_DEPTH), (Domain::MarketNode, 6)] {
        let tree = Tree::build(domain, depth, leaves.clone()).unwrap();
        let another = case.after(|case| {
            case.account.header.tree_root = tree.root();
            for (index, slot) in case.account.slots.iter_mut().enumerate() {
                slot.path = tree.path(index).unwrap();
            }
        });
        assert_eq!(another, Err(Violation::RowNotInMarket(0)));
    }
}

fn checks_the_order<R: Clone>(case: &Case<R>) {
    assert_eq!(case.after(|case| case.account.slots.swap(1, 2)), Err(Violation::Order(2)));
    let twice = case.after(|case| case.account.slots[2] = case.account.slots[1].clone());
    assert_eq!(twice, Err(Violation::Order(2)));
    assert_eq!(case.after(|case| case.account.slots.swap(0, 1)), Err(Violation::Order(1)));
}

fn checks_the_claim<R: Clone>(case: &Case<R>) {
    let (claim, disclosure) = (Err(Violation::FalseClaim), Err(Violation::FalseDisclosure));
    for above in [0, 7] {
        assert_eq!(case.claimed(Side::AtLeast, above, 0), Ok(()));
        assert_eq!(case.claimed(Side::AtLeast, above, 7), disclosure);
        assert_eq!(case.claimed(Side::Below, above, 0), claim);
    }
    for (disclosed, verdict) in [(0, Ok(())), (6, disclosure), (7, Ok(())), (8, disclosure)] {
        assert_eq!(case.claimed(Side::Below, -7, disclosed), verdict);
        assert_eq!(case.claimed(Side::AtLeast, -7, disclosed), claim);
    }
    assert_eq!(case.claimed(Side::Below, -1, 1), Ok(()));
    // The claim is about its own level: maintenance is met all the same.
    let maintenance = case.after(|case| {
        case.account.slots[1].position.cash = Amount::new(case.even - 7).unwrap();
        case.instance.claim = Claim::new(Side::AtLeast, Level::Maintenance).unwrap();
    });
    assert_eq!(maintenance, Ok(()));
}

fn checks_what_is_reserved<R: Clone>(case: &Case<R>) {
    let with = |reserved: u128, level| {
        case.after(|case| {
            case.account.reserved = Reserved::new(reserved).unwrap();
            case.instance.claim = Claim::new(Side::AtLeast, level).unwrap();
        })
    };
    assert_eq!(with(0, Level::Initial), Ok(()));
    assert_eq!(with(1, Level::Initial), Err(Violation::FalseClaim));
    assert_eq!(with(1, Level::Maintenance), Ok(()));
    let hidden = case.after_only(|case| case.account.reserved = Reserved::new(1).unwrap());
    assert_eq!(hidden, Err(Violation::Opening));
    let told = case.after(|case| {
        case.account.reserved = Reserved::new(7).unwrap();
        case.instance.claim = Claim::new(Side::Below, Level::Initial).unwrap();
        case.instance.disclosed = Shortfall::new(7).unwrap();
    });
    assert_eq!(told, Ok(()));
}

/// A multiplier of what is required, and the shortfall with it.
fn checks_the_multiplier<R: Clone>(case: &Case<R>) {
    let claimed = |side, times: u32, above: i128, disclosed: u128| {
        case.after(|case| {
            case.account.slots[1].position.cash = Amount::new(case.even + above).unwrap();
            let plain = Claim::new(side, Level::Initial).unwrap();
            case.instance.claim = plain.with_multiplier(Multiplier::new(times).unwrap());
            case.instance.disclosed = Shortfall::new(disclosed).unwrap();
        })
    };
    assert_eq!(claimed(Side::AtLeast, 10_001, 0, 0), Err(Violation::FalseClaim));
    let missing = (1..).find(|above| claimed(Side::AtLeast, 15_000, *above, 0).is_ok()).unwrap();
    assert_eq!(claimed(Side::AtLeast, 15_000, missing - 1, 0), Err(Violation::FalseClaim));
    assert_eq!(claimed(Side::Below, 15_000, missing, 0), Err(Violation::FalseClaim));
    assert_eq!(claimed(Side::Below, 15_000, 0, missing.unsigned_abs()), Ok(()));
    let other = claimed(Side::Below, 15_000, 0, missing.unsigned_abs() - 1);
    assert_eq!(other, Err(Violation::FalseDisclosure));
}

/// Whatever it is.
fn does_not_look_at_the_memo<R: Clone>(case: &Case<R>) {
    let memo = Memo::of(&[0xff; 31]).unwrap();
    assert_eq!(case.after_only(|case| case.instance.memo = memo), Ok(()));
}

fn checks_every_common_clause<R: Clone>(case: &Case<R>) {
    assert_eq!(case.after_only(|_| ()), Ok(()));
    checks_the_opening_and_the_state(case);
    checks_the_market(case);
    checks_the_order(case);
    checks_the_claim(case);
    checks_what_is_reserved(case);
    checks_the_multiplier(case);
    does_not_look_at_the_memo(case);
}

/// The notional of all positions over the equity of all buckets.
#[test]
fn standard_checks_the_leverage() {
    let case = standard();
    let slots = case.account.slots.iter().map(|slot| (&slot.position, &slot.row));
    let margin = AccountMargin::assess(slots, &Reserved::NONE, Denominator::new(100).unwrap());
    let margin = margin.unwrap();
    let (gross, equity) = (margin.gross_notional(), margin.equity().unsigned_abs());
    let least = u32::try_from((gross * 100).div_ceil(equity)).unwrap();
    let claimed = |most: u32| {
        case.after_only(|case| {
            let most = Leverage::new(most).unwrap();
            case.instance.claim = case.instance.claim.with_leverage(most).unwrap();
        })
    };
    assert_eq!(claimed(least), Ok(()));
    assert_eq!(claimed(least - 1), Err(Violation::Leverage));
}

#[test]
fn scenario_has_no_leverage() {
    let claimed = scenario().after_only(|case| {
        let most = Leverage::new(0xff_ffff).unwrap();
        case.instance.claim = case.instance.claim.with_leverage(most).unwrap();
    });
    assert_eq!(claimed, Err(Violation::NoNotional));
}

#[test]
fn standard_checks_every_clause() {
    let case = standard();
    checks_every_common_clause(&case);
    let terms = case.after(|case| case.account.header.terms = Fp::from(1));
    assert_eq!(terms, Err(Violation::Header));
}

/// M4 and M5: what a row says about a position, of the position it is of.
#[test]
fn standard_names_the_position_that_a_row_does_not_fit() {
    let violation = |change: fn(&mut TierRow)| {
        let mut rows = [1, 2, 3, 4].map(tier);
        change(&mut rows[1]);
        let case = Case::new(
            &rows,
            (100, Fp::from(0)),
            TierRow::leaf,
            margin::check::<Standard<Fp>>,
            -250,
        );
        (case.check)(&case.instance, &case.account)
    };
    assert_eq!(violation(|_| ()), Ok(()));
    let wrong_direction = violation(|row| row.direction = Direction::Long);
    assert_eq!(wrong_direction, Err(Violation::WrongDirection(1)));
    let wrong_tier = violation(|row| row.upper = Notional::new(999).unwrap());
    assert_eq!(wrong_tier, Err(Violation::WrongTier(1)));
    let range = violation(|row| {
        (row.initial.rate, row.lower) = (Rate::new(u32::MAX), Notional::ZERO);
        row.price = Price::new(u64::MAX, 1).unwrap();
    });
    assert_eq!(range, Err(Violation::Range(1)));
}

#[test]
fn scenario_checks_every_clause() {
    let case = scenario();
    checks_every_common_clause(&case);
    let denominator = Denominator::new(FACTOR_ONE - 1).unwrap();
    let other = case.after(|case| case.account.header.denominator = denominator);
    assert_eq!(other, Err(Violation::Header));
    let terms = case.after(|case| case.account.header.terms = Fp::from(1));
    assert_eq!(terms, Err(Violation::Terms));
    let owed = case.after(|case| case.account.slots[2].position.quantity = Lots::new(-1));
    assert_eq!(owed, Err(Violation::WrongDirection(2)));
}

/// A padding row is one of the market that says something of zero lots.
#[test]
fn padding_is_a_row_of_the_market() {
    let elsewhere = Path::from_parts(Domain::MarketNode, vec![[Fp::from(1); 4]; MARKET_DEPTH]);
    let mut account = standard().account;
    assert!(account.has_padding());
    account.padding.1 = elsewhere.clone();
    assert!(!account.has_padding());
    // In the market, but a second tier.
    let mut rows = [1, 2, 3, 4].map(tier);
    rows[3].lower_exclusive = true;
    let case =
        Case::new(&rows, (100, Fp::from(0)), TierRow::leaf, margin::check::<Standard<Fp>>, -250);
    assert!(!case.account.has_padding());

    let mut witness = ScenarioWitness { account: scenario().account, terms: terms().into() };
    assert!(witness.has_padding());
    witness.account.padding.1 = elsewhere;
    assert!(!witness.has_padding());
}

/// Epoch, time and denominator are one element, 64, 64 and 32 bits of it.
#[test]
fn the_market_root_packs_its_header_as_documented() {
    let header = MarketHeader {
        epoch: Epoch::new(0x8123_4567_89ab_cdef),
        timestamp: Timestamp::new(0x9123_4567_89ab_cdef),
        denominator: Denominator::new(0xa123_4567).unwrap(),
        ..standard().account.header
    };
    let mut packed = [0; 32];
    packed[..8].copy_from_slice(&header.epoch.get().to_le_bytes());
    packed[8..16].copy_from_slice(&header.timestamp.get().to_le_bytes());
    packed[16..20].copy_from_slice(&header.denominator.get().to_le_bytes());
    let packed = Fp::from_le_bytes(&packed).unwrap();
    let message = [header.tree_root, header.model.to_field(), packed, header.terms];
    assert_eq!(header.root(), hash(Domain::MarketHeader, message));
}

/// The header is one element to the statement: each part of it counts.
#[test]
fn the_market_root_binds_every_part_of_its_header() {
    let header = standard().account.header;
    let one = |denominator| Denominator::new(denominator).unwrap();
    let roots = [
        header.root(),
        MarketHeader { tree_root: header.tree_root + Fp::from(1), ..header }.root(),
        MarketHeader { model: ModelDigest::of(b"other"), ..header }.root(),
        MarketHeader { epoch: Epoch::new(8), ..header }.root(),
        MarketHeader { timestamp: Timestamp::new(1), ..header }.root(),
        // Bits that would meet if the parts overlapped.
        MarketHeader { epoch: Epoch::new(7 | 1 << 63), ..header }.root(),
        MarketHeader { timestamp: Timestamp::new(1_700_000_000 | 1 << 63), ..header }.root(),
        MarketHeader { denominator: one(101), ..header }.root(),
        MarketHeader { denominator: one(u32::MAX), ..header }.root(),
        MarketHeader { terms: Fp::from(1), ..header }.root(),
    ];
    for (index, root) in roots.iter().enumerate() {
        assert!(!roots[..index].contains(root), "{index}");
    }
}

/// What is said of a violation begins with its clause.
#[test]
fn violations_name_their_clause() {
    for (violation, clause) in [
        (Violation::Opening, "M1"),
        (Violation::AccountNotInState, "M2"),
        (Violation::RowNotInMarket(0), "M3"),
        (Violation::Header, "M3"),
        (Violation::WrongInstrument(0), "M3"),
        (Violation::Terms, "M3"),
        (Violation::Expiry(0), "M3"),
        (Violation::Order(0), "M4"),
        (Violation::Range(0), "M4"),
        (Violation::Bucket(0), "M4"),
        (Violation::Quantity(0), "M4"),
        (Violation::Sum, "M4"),
        (Violation::WrongDirection(0), "M5"),
        (Violation::WrongTier(0), "M5"),
        (Violation::FalseClaim, "M6"),
        (Violation::FalseDisclosure, "M7"),
    ] {
        assert_eq!(violation.clause().to_string(), clause);
        assert!(violation.to_string().starts_with(&format!("{clause}: ")), "{violation}");
    }
}

#[test]
fn debug_shows_nothing_of_a_witness() {
    let account = standard().account;
    assert_eq!(format!("{account:?}{:?}", account.slots[0]), "AccountWitness(..)Slot(..)");
    let witness = ScenarioWitness { account: scenario().account, terms: terms().into() };
    assert_eq!(format!("{witness:?}"), "ScenarioWitness(..)");
}
