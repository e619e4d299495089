//! The netting statement as equations, of every family: one account at four venues.
//!
//! What a venue has is gathered from the slots and opened as a list is, where the circuit
//! has a word wait for the next. That a venue which is not there has nothing is said slot
//! by slot, and that an isolated bucket is one venue's of every two of its slots.

use zkmargin_circuits::figures::FamilyFigures;
use zkmargin_circuits::statement::netting::Assignment;
use zkmargin_margin::field::MarginField;
use zkmargin_margin::market::STATE_DEPTH;
use zkmargin_margin::poseidon::Domain;
use zkmargin_margin::relation::MarginFamily as _;
use zkmargin_margin::statement::netting::{MAX_VENUES, NAMES};

use super::common::{List, P, n, of, set_path, sum, two_to, used, w, word};
use super::transition::Account;
use super::{Flagged, Statement, Wires, scenario, simulation, standard};

/// The values of the wires that a prover or everybody knows; the figures by `set_figures`
/// of the family.
pub fn wires<F: MarginField, G: FamilyFigures<F>>(
    public: &[F],
    assignment: &Assignment<F, G>,
    set: impl FnOnce(&mut Wires<F>, &G::Hints),
) -> Wires<F> {
    let Assignment { witness, claim, figures, venues, slots } = assignment;
    let header = G::Family::account(&witness.total).header;
    let shared = [
        ("is_maintenance", claim.is_maintenance),
        ("is_initial", claim.is_initial),
        ("is_below", claim.is_below),
        ("above_one", claim.above_one),
        ("leverage", claim.leverage),
        ("reserved", sum_of(venues.iter().map(|venue| venue.reserved))),
        ("timestamp", F::from(header.timestamp.get())),
        ("denominator", F::from(u64::from(header.denominator.get()))),
    ];
    let shared = NAMES.into_iter().zip(public.iter().copied()).chain(shared);
    let mut wires: Wires<F> = shared.map(|(name, value)| (name.to_owned(), value)).collect();
    set(&mut wires, figures);
    for (v, venue) in venues.iter().enumerate() {
        let present = if v == 0 { F::ONE } else { venue.present };
        for (name, value) in [
            ("present", present),
            ("context", venue.context),
            ("account", venue.account),
            ("reserved", venue.reserved),
            ("blinding", venue.blinding),
        ] {
            wires.insert(format!("venue {v}.{name}"), value);
        }
        set_path(&mut wires, &format!("venue {v}.state"), &venue.path);
    }
    for (i, slot) in slots.iter().enumerate() {
        for (v, held) in slot.iter().enumerate() {
            for (name, value) in [("held", held.held), ("lots", held.lots), ("cash", held.cash)] {
                wires.insert(format!("{i}.{v}.{name}"), value);
            }
        }
    }
    wires
}

fn sum_of<F: MarginField>(values: impl Iterator<Item = F>) -> F {
    values.fold(F::ZERO, |sum, value| sum + value)
}

/// The statement about so many slots.
pub fn statements<F: MarginField>(account: Account, slots: usize) -> Vec<Statement<F>> {
    let mut list = List(Vec::new());
    list.list_positions(slots);
    match account {
        Account::Standard => standard::account(&mut list, slots),
        Account::Scenario(expiries) => scenario::account(&mut list, slots, expiries),
        Account::Simulation(scenarios) => simulation::account(&mut list, slots, scenarios),
    }
    (0..slots).for_each(|i| list.sums_of_venues(i));
    (0..MAX_VENUES).for_each(|v| list.venue(v, slots));
    list.list_of_venues();
    if matches!(account, Account::Standard) {
        list.isolated_buckets(slots);
    }
    list.0
}

/// A wire of a slot at a venue.
fn at<F>(i: usize, v: usize, name: &str) -> P<F> {
    w(format!("{i}.{v}.{name}"))
}

/// A wire of a venue.
fn venue<F>(v: usize, name: &str) -> P<F> {
    w(format!("venue {v}.{name}"))
}

fn absent<F: MarginField>(v: usize) -> P<F> {
    n(1) - venue(v, "present")
}

fn pairs() -> impl Iterator<Item = (usize, usize)> {
    (0..MAX_VENUES).flat_map(|v| (0..v).map(move |u| (u, v)))
}

impl<F: MarginField> List<F> {
    /// N1, N2: what each venue has of a slot, and the slot as their sum.
    fn sums_of_venues(&mut self, i: usize) {
        for v in 0..MAX_VENUES {
            let name = |what: &str| format!("{i}.{v}: {what}");
            self.bit(&format!("{i}.{v}.held"));
            self.below(name("lots"), at(i, v, "lots"), 64);
            self.below(name("cash"), at(i, v, "cash"), 80);
            let not_held = || n(1) - at(i, v, "held");
            self.zero(name("no lots"), not_held() * (at(i, v, "lots") - two_to(63)));
            self.zero(name("no cash"), not_held() * (at(i, v, "cash") - two_to(79)));
            self.zero(name("absent has none"), absent(v) * at(i, v, "held"));
            let own = word(i, at(i, v, "lots"), at(i, v, "cash"));
            self.define(format!("{i}.{v}.word"), at(i, v, "held") * own);
        }
        let lots = sum((0..MAX_VENUES).map(|v| at(i, v, "lots") - two_to(63)));
        let cash = sum((0..MAX_VENUES).map(|v| at(i, v, "cash") - two_to(79)));
        self.zero(format!("{i}.N2 lots"), of(i, "lots") - two_to(63) - lots);
        self.zero(format!("{i}.N2 cash"), of(i, "cash") - two_to(79) - cash);
        // Used where some venue has it, and nowhere else.
        let nowhere = (0..MAX_VENUES).map(|v| n(1) - at(i, v, "held"));
        let nowhere = nowhere.reduce(|all, one| all * one).unwrap_or_else(|| n(1));
        self.zero(format!("{i}.N2 held nowhere"), n(1) - used(i) - nowhere);
    }

    /// N1, N3: what a venue attests, zeros where it is not there.
    fn venue(&mut self, v: usize, slots: usize) {
        let name = |what: &str| format!("venue {v}: {what}");
        self.bit(&format!("venue {v}.present"));
        if v > 1 {
            self.zero(name("comes first"), absent(v - 1) * venue(v, "present"));
        }
        self.zero(name("no context"), absent(v) * venue(v, "context"));
        self.zero(name("no account"), absent(v) * venue(v, "account"));
        self.zero(name("nothing reserved"), absent(v) * venue(v, "reserved"));
        self.below(name("reserved"), venue(v, "reserved"), 80);
        let flagged = (0..slots).map(|i| Flagged { flag: at(i, v, "held"), of: at(i, v, "word") });
        let names: Vec<_> = (0..slots).map(|place| format!("venue {v}.{place}")).collect();
        self.0.push(Statement::Gathered(names.clone(), flagged.collect()));
        let words = names.into_iter().map(w).collect();
        let (start, chain) = (venue(v, "reserved"), format!("venue {v}.chain"));
        self.0.push(Statement::Chain(chain, Domain::Positions, start, words));
        let message = [venue(v, "chain"), venue(v, "blinding"), n(0), n(0)];
        let digest = |name: &str, domain, message| {
            Statement::Digest(format!("venue {v}.{name}"), domain, message)
        };
        self.0.push(digest("commitment", Domain::Portfolio, message));
        let leaf = [venue(v, "account"), venue(v, "commitment"), venue(v, "context"), n(0)];
        self.0.push(digest("leaf", Domain::StateLeaf, leaf));
        let (path, leaf) = (format!("venue {v}.state"), format!("venue {v}.leaf"));
        self.path(&path, &leaf, Domain::StateNode, STATE_DEPTH);
        let root = venue(v, "present") * venue(v, "state.root");
        self.define(format!("venue {v}.root"), root);
    }

    /// N3: no two venues are one, and all of them are public.
    fn list_of_venues(&mut self) {
        for (u, v) in pairs() {
            for what in ["context", "root", "commitment"] {
                let differ = [venue(v, "present"), venue(u, what) - venue(v, what)];
                let name = format!("venues {u} and {v}: {what}");
                self.0.push(Statement::Differs(name, differ));
            }
        }
        let mut elements = vec![w("context"), w("account")];
        for v in 0..MAX_VENUES {
            elements.extend(["context", "root", "account"].map(|what| venue(v, what)));
        }
        self.chain("list", (Domain::Venues, Domain::VenuesNext), &elements);
        self.zero("N3 venues", w("list") - w("venues"));
    }

    /// N4: no two slots of an isolated bucket are of two venues, nor is one of them.
    fn isolated_buckets(&mut self, slots: usize) {
        for i in 0..slots {
            let cross = (0..=i).map(standard::same).reduce(|all, one| all * one);
            let isolated = || n(1) - cross.clone().unwrap_or_else(|| n(1));
            let mut same = n(1);
            for j in i..slots {
                if j > i {
                    same = same * standard::same(j);
                }
                for (u, v) in pairs().flat_map(|(u, v)| [(u, v), (v, u)]) {
                    let both = at(i, u, "held") * at(j, v, "held");
                    let name = format!("{i} and {j}: one venue, {u} or {v}");
                    self.zero(name, isolated() * same.clone() * both);
                }
            }
        }
    }
}
