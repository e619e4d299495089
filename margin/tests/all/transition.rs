//! The transition statement natively, in both families: what is allowed, and for
//! every clause a lie. The numbers of StarkEx's rule are from the unit tests of
//! x10xchange/starknet-perpetual (Apache-2.0), value_risk_calculator.cairo.

use pasta_curves::Fp;
use zkmargin_margin::claim::{Claim, Level, Multiplier, Side};
use zkmargin_margin::ids::{
    AccountId, BucketId, ContextId, Epoch, InstrumentId, Memo, ModelDigest, Timestamp,
};
use zkmargin_margin::instance::{MarginInstance, Shortfall};
use zkmargin_margin::market::{MARKET_DEPTH, MarketHeader, STATE_DEPTH, state_leaf};
use zkmargin_margin::merkle::{Path, Tree};
use zkmargin_margin::portfolio::{Blinding, Position, Reserved, commit};
use zkmargin_margin::poseidon::Domain;
use zkmargin_margin::relation::{Figures, MarginFamily, Violation};
use zkmargin_margin::scenario::{
    Charges, FACTOR_ONE, Fine, LossFactor, LotCharge, LotFee, LotValue, MinimumCharge, RowKind,
    SCENARIOS, Scenario, ScenarioRow, ScenarioTerms, ScenarioWitness, Underlying,
};
use zkmargin_margin::standard::{Charge, Direction, Standard, TierRow};
use zkmargin_margin::statement::transition::{
    Aim, BYTES, CHANGE, Change, ChangeError, Entry, InvalidTransition, NAMES, NEXT, Ratio,
    TransitionInstance, TransitionSlot, TransitionWitness, check,
};
use zkmargin_margin::units::{Amount, Denominator, Lots, Notional, Price, Rate};
use zkmargin_margin::witness::{AccountWitness, Slot};

/// What the tests need of a family beside its figures.
trait TestFamily: MarginFamily<Field = Fp> + Sized {
    fn rows() -> Vec<Self::Row>;
    fn header(tree_root: Fp) -> MarketHeader<Fp>;
    fn witness(account: AccountWitness<Fp, Self::Row>) -> Self::Witness;
    fn account_mut(witness: &mut Self::Witness) -> &mut AccountWitness<Fp, Self::Row>;
}

fn header(tree_root: Fp, denominator: u32, terms: Fp) -> MarketHeader<Fp> {
    MarketHeader {
        tree_root,
        model: ModelDigest::of(b"model"),
        epoch: Epoch::new(7),
        timestamp: Timestamp::new(1_700_000_000),
        denominator: Denominator::new(denominator).unwrap(),
        terms,
    }
}

/// Price and risk in thousandths, of instruments 1 to 5.
const ASSETS: [(u64, u32); 5] = [(900, 500), (1_000, 900), (500, 100), (100, 700), (2_000, 0)];

impl TestFamily for Standard<Fp> {
    fn rows() -> Vec<TierRow> {
        let row = |(index, (price, risk)): (usize, (u64, u32))| {
            let charge = Charge { base: Notional::ZERO, rate: Rate::new(risk) };
            TierRow {
                instrument: InstrumentId::new(1 + u64::try_from(index).unwrap()),
                direction: Direction::Both,
                lower_exclusive: false,
                price: Price::new(price, 1).unwrap(),
                lower: Notional::ZERO,
                upper: Notional::MAX,
                initial: charge,
                maintenance: charge,
                maintenance_fraction: Rate::new(1_000),
            }
        };
        ASSETS.into_iter().enumerate().map(row).collect()
    }

    fn header(tree_root: Fp) -> MarketHeader<Fp> {
        header(tree_root, 1_000, Fp::from(0))
    }

    fn witness(account: AccountWitness<Fp, TierRow>) -> AccountWitness<Fp, TierRow> {
        account
    }

    fn account_mut(witness: &mut Self::Witness) -> &mut AccountWitness<Fp, TierRow> {
        witness
    }
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

/// Perpetuals, whose value is in their cash, charged as the assets of the standard
/// family are.
impl TestFamily for Scenario<Fp> {
    fn rows() -> Vec<ScenarioRow> {
        let row = |(index, (price, risk)): (usize, (u64, u32))| {
            let charge = i64::try_from(price * u64::from(risk) / 1_000).unwrap();
            let maintenance = LotCharge::new(charge).unwrap();
            ScenarioRow {
                instrument: InstrumentId::new(1 + u64::try_from(index).unwrap()),
                underlying: Underlying::FIRST,
                kind: RowKind::Perpetual { options_fee: LotFee::ZERO },
                charges: Charges { maintenance, initial: LotCharge::ZERO },
                delta: LotValue::ZERO,
                scenarios: [LotValue::ZERO; SCENARIOS],
            }
        };
        ASSETS.into_iter().enumerate().map(row).collect()
    }

    fn header(tree_root: Fp) -> MarketHeader<Fp> {
        header(tree_root, FACTOR_ONE, terms().digest())
    }

    fn witness(account: AccountWitness<Fp, ScenarioRow>) -> ScenarioWitness<Fp> {
        ScenarioWitness { account, terms: terms().into() }
    }

    fn account_mut(witness: &mut Self::Witness) -> &mut AccountWitness<Fp, ScenarioRow> {
        &mut witness.account
    }
}

type Holding = (u64, i64, i128);

fn position(&(instrument, lots, cash): &Holding) -> Position {
    Position {
        bucket: BucketId::CROSS,
        instrument: InstrumentId::new(instrument),
        quantity: Lots::new(lots),
        cash: Amount::new(cash).unwrap(),
    }
}

/// A transition that can be changed at will.
struct Case<M: TestFamily> {
    instance: TransitionInstance<Fp>,
    witness: TransitionWitness<M>,
}

impl<M: TestFamily> Clone for Case<M> {
    fn clone(&self) -> Self {
        Self { instance: self.instance, witness: self.witness.clone() }
    }
}

impl<M: TestFamily> Case<M> {
    /// From what is held to what is held afterwards; the change is what lies
    /// between them.
    fn new(before: &[Holding], after: &[Holding], aim: Aim) -> Self {
        let leaves = M::rows().iter().map(|row| M::leaf(row).1).collect();
        let tree = Tree::build(Domain::MarketNode, MARKET_DEPTH, leaves).unwrap();
        let slot = |holding: &Holding| Slot {
            position: position(holding),
            row: M::rows()[usize::try_from(holding.0).unwrap() - 1].clone(),
            path: tree.path(usize::try_from(holding.0).unwrap() - 1).unwrap(),
        };
        let market = M::header(tree.root());
        let blinding = Blinding::new([9; 31]);
        let positions: Vec<_> = before.iter().map(position).collect();
        let commitment = commit(&positions, &Reserved::NONE, &blinding);
        let context = ContextId::derive("venue", 1, [2; 20]);
        let account = AccountId::new([3; 20]);
        let leaf = state_leaf(account, commitment, context);
        let state = Tree::build(Domain::StateNode, STATE_DEPTH, vec![Fp::from(1), leaf]).unwrap();

        let mut keys: Vec<_> = before.iter().chain(after).map(|holding| holding.0).collect();
        keys.sort_unstable();
        keys.dedup();
        let find = |of: &[Holding], key| of.iter().find(|holding| holding.0 == key).copied();
        let mut entries = Vec::new();
        let mut slots = Vec::new();
        for key in keys {
            let (was, is) = (find(before, key), find(after, key));
            let (_, lots, cash) = was.unwrap_or_default();
            let (_, more, gain) = is.unwrap_or_default();
            let (lots, cash) = (i128::from(more) - i128::from(lots), gain - cash);
            if (lots, cash) != (0, 0) {
                let key = (BucketId::CROSS, InstrumentId::new(key));
                entries.push(Entry::new(key, lots, cash).unwrap());
            }
            slots.push(TransitionSlot {
                slot: slot(&is.unwrap_or((key, 0, 0))),
                kept: is.is_some(),
            });
        }
        let last = entries.iter().rev().find(|entry| entry.lots() != 0);
        let taken_back = last.map(|entry| {
            let key = entry.key().1.get();
            let (_, lots, cash) = find(after, key).unwrap_or((key, 0, 0));
            slot(&(key, lots - i64::try_from(entry.lots().signum()).unwrap(), cash))
        });
        let witness = TransitionWitness::<M> {
            before: M::witness(AccountWitness {
                slots: before.iter().map(slot).collect(),
                reserved: Reserved::NONE,
                blinding,
                commitment,
                account_path: state.path(1).unwrap(),
                header: market,
                padding: (M::rows()[0].clone(), tree.path(0).unwrap()),
            }),
            slots,
            blinding: Blinding::new([10; 31]),
            change: Change::new(entries, Blinding::new([11; 31])).unwrap(),
            taken_back,
        };
        let account = MarginInstance {
            context,
            epoch: market.epoch,
            account,
            state_root: state.root(),
            market_root: market.root(),
            model: market.model,
            claim: Claim::new(Side::Below, Level::Initial).unwrap(),
            disclosed: Shortfall::new(5).unwrap(),
            memo: Memo::NONE,
        };
        let (next, change) = (witness.next(), witness.change.digest());
        let instance = TransitionInstance::new(account, aim, next, change).unwrap();
        Self { instance, witness }
    }

    fn check(&self) -> Result<(), Violation> {
        check(&self.instance, &self.witness)
    }

    /// What the check says after a lie; the public inputs follow.
    fn after(&self, lie: impl FnOnce(&mut TransitionWitness<M>)) -> Result<(), Violation> {
        let mut case = self.clone();
        lie(&mut case.witness);
        let (next, change) = (case.witness.next(), case.witness.change.digest());
        let (account, aim) = (*case.instance.account(), case.instance.aim());
        case.instance = TransitionInstance::new(account, aim, next, change).unwrap();
        case.check()
    }

    fn ratios(&self) -> [Ratio; 2] {
        let before = M::account(&self.witness.before).slots.iter();
        let figures = [
            M::assess(&self.witness.before, before, &Reserved::NONE).unwrap(),
            M::assess(&self.witness.before, self.witness.kept(), &Reserved::NONE).unwrap(),
        ];
        figures.map(|figures| {
            let buckets = figures.buckets(Level::Maintenance, Multiplier::ONE);
            Ratio {
                equity: buckets.iter().map(|bucket| bucket.equity).sum(),
                requirement: buckets.iter().map(|bucket| bucket.requirement).sum(),
            }
        })
    }
}

const MEETS: Aim = Aim::Meets(Level::Maintenance);
const HEALTHIER: Aim = Aim::Healthier(Level::Maintenance);
const CURES: Aim = Aim::Cures { breach: Level::Maintenance, target: Level::Maintenance };

/// StarkEx's vectors of transitions, all of them: name, before, after, equity (TV) and
/// requirement (TR) before and after. `circuits/tests` holds them in proof.
type StarkCase = (&'static str, Vec<(u64, i64)>, Vec<(u64, i64)>, [i128; 2], [i128; 2]);

fn stark_cases() -> Vec<StarkCase> {
    let many = |first| vec![(1, first), (2, 40), (3, 20), (4, 10), (5, 5)];
    vec![
        ("basic", vec![(1, 60)], vec![(1, 80)], [54_000, 72_000], [27_000, 36_000]),
        ("negative_balance", vec![(1, -60)], vec![(1, 20)], [-54_000, 18_000], [27_000, 9_000]),
        ("multiple_assets", many(60), many(80), [115_000, 133_000], [64_700, 73_700]),
        ("empty_diff", vec![(1, 60)], vec![(1, 60)], [54_000; 2], [27_000; 2]),
        ("empty", vec![], vec![], [0; 2], [0; 2]),
    ]
}

#[test]
fn figures_and_states_are_those_of_starkex() {
    for (name, before, after, values, risks) in stark_cases() {
        let holdings =
            |of: &[(u64, i64)]| of.iter().map(|(key, lots)| (*key, *lots, 0)).collect::<Vec<_>>();
        let (before, after) = (holdings(&before), holdings(&after));
        let case = Case::<Standard<Fp>>::new(&before, &after, MEETS);
        let [was, is] = case.ratios();
        assert_eq!([was.equity, is.equity], values, "{name}");
        assert_eq!([was.requirement, is.requirement], risks, "{name}");
        // Healthy is TV >= TR, and that is what *meets* says of the account after.
        let healthy = values[1] >= risks[1];
        assert_eq!(case.check().is_ok(), healthy, "{name}");
        // Healthier is TV1/TR1 >= TV0/TR0 and TR1 < TR0.
        let falls = values[1] * risks[0] < values[0] * risks[1];
        assert_eq!(is.is_healthier_than(was), !falls && risks[1] < risks[0], "{name}");
    }
}

/// An account with a maintenance margin of 39,000.
fn poor(cash: i128) -> Vec<Holding> {
    vec![(1, 60, cash), (2, -10, 0), (3, -60, 0)]
}

fn cash_for<M: TestFamily>(holdings: impl Fn(i128) -> Vec<Holding>, equity: i128) -> i128 {
    let [was, _] = Case::<M>::new(&holdings(0), &[], MEETS).ratios();
    equity - was.equity
}

fn every_aim_is_reached_and_refused<M: TestFamily>() {
    let cash = cash_for::<M>(poor, 20_000);
    let before = poor(cash);
    // What a lot sold at its mark brings: nothing where its value is in cash.
    let [one, two] = [0, 1].map(|lots| {
        let held = [(1, 10 + lots, 0)];
        Case::<M>::new(&held, &[], MEETS).ratios()[0].equity
    });
    let mark = two - one;
    assert!(mark == 900 || mark == 0);
    let sold = |lots: i64| {
        let mut after = before.clone();
        after[0].1 -= lots;
        after[0].2 += i128::from(lots) * mark;
        after
    };

    // Maintenance is 60 * 450 + 10 * 900 + 60 * 50 = 39,000; each lot sold takes
    // 450 off, so that 43 are needed for 20,000 of equity, and no fewer.
    let [was, _] = Case::<M>::new(&before, &before, MEETS).ratios();
    assert_eq!((was.equity, was.requirement), (20_000, 39_000));
    for (lots, meets, cures) in [
        (42, Err(Violation::FalseClaim), Err(Violation::FalseClaim)),
        (43, Ok(()), Ok(())),
        (44, Ok(()), Err(Violation::ClosesTooMuch)),
    ] {
        assert_eq!(Case::<M>::new(&before, &sold(lots), MEETS).check(), meets, "{lots}");
        assert_eq!(Case::<M>::new(&before, &sold(lots), CURES).check(), cures, "{lots}");
        assert_eq!(Case::<M>::new(&before, &sold(lots), HEALTHIER).check(), Ok(()));
    }

    // What grows, flips or takes cash out is no deleveraging, however healthy.
    let rich: Vec<Holding> = vec![(1, 60, 1_000_000), (2, -10, 0), (3, -60, 0)];
    let with = |index: usize, lots: i64, cash: i128| {
        let mut after = rich.clone();
        after[index].1 += lots;
        after[index].2 += cash;
        after
    };
    for after in [with(0, 1, 0), with(1, -1, 0), with(1, 21, 0), with(2, 0, -1)] {
        assert_eq!(Case::<M>::new(&rich, &after, HEALTHIER).check(), Err(Violation::Grows(0)));
        assert_eq!(Case::<M>::new(&rich, &after, MEETS).check(), Ok(()));
    }
    let deposit = Case::<M>::new(&rich, &with(2, 0, 1), HEALTHIER);
    assert_eq!(deposit.check(), Ok(()));
    assert_eq!(
        Case::<M>::new(&rich, &with(0, -1, mark - 30_000), HEALTHIER).check(),
        Err(Violation::LessHealthy)
    );
    // Nothing to cure, and a deposit is no liquidation.
    assert_eq!(
        Case::<M>::new(&rich, &with(0, -1, mark), CURES).check(),
        Err(Violation::NotInBreach)
    );
    let mut saved = before.clone();
    saved[2].2 += 1_000_000;
    assert_eq!(Case::<M>::new(&before, &saved, CURES).check(), Err(Violation::Grows(0)));
}

#[test]
fn every_aim_is_reached_and_refused_in_both_families() {
    every_aim_is_reached_and_refused::<Standard<Fp>>();
    every_aim_is_reached_and_refused::<Scenario<Fp>>();
}

/// One position opened, one closed, one changed, one left alone.
fn traded<M: TestFamily>() -> Case<M> {
    let before = [(1, 60, 500_000), (2, 5, 100), (4, -3, 0)];
    let after = [(1, 60, 500_000), (3, 7, -50), (4, -4, 20)];
    Case::new(&before, &after, MEETS)
}

fn lies_about_the_change_are_refused<M: TestFamily>() {
    let case = traded::<M>();
    assert_eq!(case.check(), Ok(()));
    assert_eq!(case.witness.change.entries().len(), 3);
    let more = |slot: &mut TransitionSlot<M>| {
        slot.slot.position.quantity = Lots::new(slot.slot.position.quantity.get() + 1);
    };
    assert_eq!(case.after(|w| more(&mut w.slots[0])), Err(Violation::Change(0)));
    assert_eq!(case.after(|w| more(&mut w.slots[3])), Err(Violation::Change(3)));
    assert_eq!(case.after(|w| more(&mut w.slots[1])), Err(Violation::Closed(1)));
    let cash = Amount::new(7).unwrap();
    assert_eq!(case.after(|w| w.slots[3].slot.position.cash = cash), Err(Violation::Change(3)));
    assert_eq!(case.after(|w| w.slots[3].kept = false), Err(Violation::Closed(3)));
    assert_eq!(case.after(|w| drop(w.slots.remove(0))), Err(Violation::NotListed));
    assert_eq!(case.after(|w| w.slots.swap(0, 1)), Err(Violation::Order(1)));
    // A position that is closed may be kept, as nothing.
    assert_eq!(case.after(|w| w.slots[1].kept = true), Ok(()));
    let other = |entries: Vec<Entry>| Change::new(entries, Blinding::new([11; 31])).unwrap();
    let entries = case.witness.change.entries().to_vec();
    assert_eq!(case.after(|w| w.change = other(entries[1..].to_vec())), Err(Violation::Change(1)));
    let stranger = Entry::new((BucketId::new(1), InstrumentId::new(1)), 0, 0).unwrap();
    let with_stranger = entries.iter().cloned().chain([stranger]).collect();
    assert_eq!(case.after(|w| w.change = other(with_stranger)), Err(Violation::NotListed));
    // Digest and commitment are of another change and portfolio.
    let mut lie = case.clone();
    lie.witness.blinding = Blinding::new([1; 31]);
    assert_eq!(lie.check(), Err(Violation::Next));
    let mut lie = case.clone();
    lie.witness.change = Change::new(entries, Blinding::new([1; 31])).unwrap();
    assert_eq!(lie.check(), Err(Violation::ChangeDigest));
    // A slot that neither portfolio has.
    let idle = |w: &mut TransitionWitness<M>| {
        let mut slot = w.slots[3].clone();
        slot.slot.position = position(&(5, 0, 0));
        slot.slot.row = M::rows()[4].clone();
        slot.kept = false;
        w.slots.push(slot);
    };
    assert!(matches!(case.after(idle), Err(Violation::RowNotInMarket(4) | Violation::Idle(4))));
}

#[test]
fn lies_about_the_change_are_refused_in_both_families() {
    lies_about_the_change_are_refused::<Standard<Fp>>();
    lies_about_the_change_are_refused::<Scenario<Fp>>();
}

fn the_account_before_is_the_one_in_the_state<M: TestFamily>() {
    let case = traded::<M>();
    let opening = case.after(|w| M::account_mut(&mut w.before).blinding = Blinding::new([1; 31]));
    assert_eq!(opening, Err(Violation::Opening));
    let path = Path::from_parts(Domain::StateNode, Vec::new());
    let state = case.after(|w| M::account_mut(&mut w.before).account_path = path);
    assert_eq!(state, Err(Violation::AccountNotInState));
    let row = case.after(|w| w.slots[1].slot.row = M::rows()[0].clone());
    assert_eq!(row, Err(Violation::WrongInstrument(1)));
}

#[test]
fn the_account_before_is_the_one_in_the_state_in_both_families() {
    the_account_before_is_the_one_in_the_state::<Standard<Fp>>();
    the_account_before_is_the_one_in_the_state::<Scenario<Fp>>();
}

#[test]
fn the_lot_taken_back_is_that_of_the_change() {
    let cash = cash_for::<Standard<Fp>>(poor, 20_000);
    let mut after = poor(cash);
    after[0].1 -= 43;
    after[0].2 += 43 * 900;
    let case = Case::<Standard<Fp>>::new(&poor(cash), &after, CURES);
    assert_eq!(case.check(), Ok(()));
    let mut two = case.clone();
    two.witness.taken_back.as_mut().unwrap().position.quantity = Lots::new(19);
    assert_eq!(two.check(), Err(Violation::TakenBack));
    let mut none = case.clone();
    none.witness.taken_back = None;
    assert_eq!(none.check(), Err(Violation::TakenBack));
    let mut other = case;
    other.witness.taken_back = Some(other.witness.slots[1].slot.clone());
    assert_eq!(other.check(), Err(Violation::TakenBack));
}

#[test]
fn public_inputs_round_trip_and_refuse_the_rest() {
    for aim in
        [MEETS, HEALTHIER, CURES, Aim::Cures { breach: Level::MarginCall, target: Level::Initial }]
    {
        let case = Case::<Standard<Fp>>::new(&[(1, 1, 0)], &[(1, 2, 0)], aim);
        let bytes = case.instance.to_bytes();
        assert_eq!(TransitionInstance::from_bytes(&bytes), Ok(case.instance), "{aim}");
        assert_eq!(case.instance.account().disclosed, Shortfall::NONE);
        assert_eq!(aim.to_string().parse(), Ok(aim));
        for row in 0..NAMES.len() {
            let mut wrong = bytes;
            wrong[32 * row] = 0xff;
            assert!(TransitionInstance::<Fp>::from_bytes(&wrong).is_err(), "{}", NAMES[row]);
        }
        let claim = 32 * zkmargin_margin::instance::CLAIM + 31;
        let mut kinds = Vec::new();
        for code in 0..=u8::MAX {
            let mut other = bytes;
            other[claim] = code;
            if let Ok(read) = TransitionInstance::<Fp>::from_bytes(&other) {
                assert_eq!(read.to_bytes(), other);
                kinds.push(read.aim());
            }
        }
        // Three levels to meet, two to be healthier against, six pairs to cure.
        assert_eq!(kinds.len(), 3 + 2 + 6);
        let mut disclosed = bytes;
        disclosed[32 * zkmargin_margin::instance::DISCLOSED + 31] = 1;
        assert_eq!(
            TransitionInstance::<Fp>::from_bytes(&disclosed),
            Err(InvalidTransition::Disclosed)
        );
    }
    assert_eq!(
        TransitionInstance::<Fp>::from_bytes(&[0; BYTES - 1]),
        Err(InvalidTransition::Length(BYTES - 1))
    );
    for text in [
        "meets",
        "meets:bankrupt",
        "healthier:margin-call",
        "cures:initial:maintenance",
        "cures:initial",
        "meets:initial:initial",
        "",
    ] {
        assert!(text.parse::<Aim>().is_err(), "{text}");
    }
    assert_eq!((NAMES[NEXT], NAMES[CHANGE]), ("next", "change"));
}

/// *Meets* takes both dials, *cures* a multiplier, *healthier* none: in the texts and in
/// the bits of `CLAIM`.
#[test]
fn aims_take_their_own_dials() {
    type Instance = TransitionInstance<Fp>;
    let account = *Case::<Standard<Fp>>::new(&[], &[], MEETS).instance.account();
    for (text, is_one) in [
        ("meets:initial,multiplier:1.5,leverage:10", true),
        ("cures:maintenance:initial,multiplier:1.25", true),
        ("cures:maintenance:initial,leverage:10", false),
        ("cures:maintenance:initial,multiplier:1.25,leverage:10", false),
        ("healthier:maintenance,multiplier:1.25", false),
        ("healthier:maintenance,leverage:10", false),
        ("cures:maintenance,multiplier:1.25", false),
    ] {
        let read = Instance::parse_claim(text);
        assert_eq!(read.is_ok(), is_one, "{text}");
        let Ok((aim, claim)) = read else { continue };
        let account = MarginInstance { claim, ..account };
        let instance = Instance::new(account, aim, Fp::from(1), Fp::from(2)).unwrap();
        assert_eq!(instance.claim_text(), text);
        let bytes = instance.to_bytes();
        assert_eq!(Instance::from_bytes(&bytes), Ok(instance));
        // The dials of another aim.
        let mut other = bytes;
        let code = 32 * zkmargin_margin::instance::CLAIM + 31;
        other[code] = 0b0000_1010;
        assert!(Instance::from_bytes(&other).is_err(), "{text}");
    }
}

/// The target times 1.25.
fn a_multiple_is_cured<M: TestFamily>() {
    let cash = cash_for::<M>(poor, 20_000);
    let before = poor(cash);
    let [one, two] =
        [10, 11].map(|lots| Case::<M>::new(&[(1, lots, 0)], &[], MEETS).ratios()[0].equity);
    let mark = two - one;
    let cured = |lots: i64, multiplier: u32| {
        let mut after = before.clone();
        after[0].1 -= lots;
        after[0].2 += i128::from(lots) * mark;
        let mut case = Case::<M>::new(&before, &after, CURES);
        let claim = case.instance.account().claim;
        let claim = claim.with_multiplier(Multiplier::new(multiplier).unwrap());
        let account = MarginInstance { claim, ..*case.instance.account() };
        let (next, change) = (case.instance.next(), case.instance.change());
        case.instance = TransitionInstance::new(account, CURES, next, change).unwrap();
        case.check()
    };
    // 20,000 over 1.25 are 16,000: 51.1 lots less than 39,000 are to be closed.
    assert_eq!(cured(51, 12_500), Err(Violation::FalseClaim));
    assert_eq!(cured(52, 12_500), Ok(()));
    assert_eq!(cured(53, 12_500), Err(Violation::ClosesTooMuch));
    assert_eq!(cured(43, 10_000), Ok(()));
}

#[test]
fn a_multiple_is_cured_in_both_families() {
    a_multiple_is_cured::<Standard<Fp>>();
    a_multiple_is_cured::<Scenario<Fp>>();
}

/// What is opened or left out as nothing has an entry in a deleveraging.
#[test]
fn positions_of_nothing_do_not_come_and_go_unsaid() {
    let (with, without) = ([(1, 60, 9), (2, 0, 0)], [(1, 60, 9)]);
    let check = |before: &[Holding], after: &[Holding], aim| {
        Case::<Standard<Fp>>::new(before, after, aim).check()
    };
    assert_eq!(check(&with, &without, HEALTHIER), Err(Violation::Unsaid(1)));
    assert_eq!(check(&without, &with, HEALTHIER), Err(Violation::Unsaid(1)));
    assert_eq!(check(&with, &without, MEETS), Ok(()));
    let entry = Entry::new((BucketId::CROSS, InstrumentId::new(2)), 0, 0).unwrap();
    let case = Case::<Standard<Fp>>::new(&with, &without, HEALTHIER);
    let said = |w: &mut TransitionWitness<_>| {
        w.change = Change::new(vec![entry], Blinding::new([11; 31])).unwrap();
    };
    assert_eq!(case.after(said), Ok(()));
}

#[test]
fn entries_are_ordered_bounded_and_hidden() {
    let key = |instrument| (BucketId::CROSS, InstrumentId::new(instrument));
    let entry = |instrument, lots| Entry::new(key(instrument), lots, 0).unwrap();
    let salt = || Blinding::new([1; 31]);
    let change = Change::new(vec![entry(2, 1), entry(1, -1)], salt()).unwrap();
    assert_eq!(change.entries()[0].key(), key(1));
    assert_eq!(
        Change::new(vec![entry(2, 1), entry(2, -1)], salt()).unwrap_err(),
        ChangeError::Duplicate
    );
    for (lots, cash, fits) in
        [((1 << 64) - 1, (1 << 80) - 1, true), (1 << 64, 0, false), (0, -(1 << 80), false)]
    {
        assert_eq!(Entry::new(key(1), lots, cash).is_ok(), fits);
    }
    // Every part of an entry is in the digest, and so is the salt.
    let digest = |entry: Entry, salt| Change::new(vec![entry], salt).unwrap().digest::<Fp>();
    let reference = digest(entry(1, 1), salt());
    let others = [
        digest(entry(2, 1), salt()),
        digest(entry(1, 2), salt()),
        digest(Entry::new(key(1), 1, 1).unwrap(), salt()),
        digest(Entry::new((BucketId::new(1), InstrumentId::new(1)), 1, 0).unwrap(), salt()),
        digest(entry(1, 1), Blinding::new([2; 31])),
        Change::new(Vec::new(), salt()).unwrap().digest(),
    ];
    assert!(others.iter().all(|other| *other != reference));
    assert_eq!(format!("{:?} {change:?}", change.entries()), "[Entry(..), Entry(..)] Change(..)");
    // An empty word is none's.
    assert_ne!(entry(0, -(1 << 64) + 1).word::<Fp>(), Fp::from(0));
}
