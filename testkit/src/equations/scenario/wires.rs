//! The wires of the scenario family's list: what its prover chooses.

use zkmargin_circuits::scenario::{
    Assignment, ExpiryHints, Hints, Signed, SlotHints, TotalsHints, UnderlyingHints,
};
use zkmargin_margin::field::MarginField;

use super::own;
use crate::equations::Wires;
use crate::equations::common::{set_path, wires_of};

/// The values of the wires that a prover or everybody knows.
pub fn wires<F: MarginField>(public: &[F], assignment: &Assignment<F>) -> Wires<F> {
    let Assignment { witness, claim, reserved, figures } = assignment;
    let mut wires = wires_of(public, (claim, *reserved), &witness.account);
    set_figures(&mut wires, figures);
    wires
}

/// Sets what a prover chooses of the figures.
pub fn set_figures<F: MarginField>(wires: &mut Wires<F>, figures: &Hints<F>) {
    for (u, of) in figures.underlyings.iter().enumerate() {
        set_underlying(wires, u, of);
    }
    for (i, slot) in figures.slots.iter().enumerate() {
        set_slot(wires, i, slot);
    }
    for (e, expiry) in figures.expiries.iter().enumerate() {
        set_expiry(wires, e, expiry);
    }
    set_totals(wires, &figures.totals);
}

fn set_underlying<F: MarginField>(wires: &mut Wires<F>, u: usize, of: &UnderlyingHints<F>) {
    let terms = &of.terms;
    let mut set = |name: &str, value: F| _ = wires.insert(own(u, name), value);
    for (i, dampening) in terms.dampening.iter().enumerate() {
        set(&format!("dampening.{i}"), *dampening);
    }
    for (name, value) in [
        ("maintenance_factor", terms.maintenance_factor),
        ("initial_factor", terms.initial_factor),
        ("net_rate", terms.net),
        ("hedged_rate", terms.half_hedged),
        ("short_fee", terms.short_fee),
        ("naked_charges", terms.naked),
        ("basis_is_added", terms.basis_is_added),
        ("minimum_is_of_all", terms.minimum_is_of_all),
        ("net_is_negative", of.net_delta_is_negative),
        ("options_fee", of.options_fee),
        ("worst", of.worst),
    ] {
        set(name, value);
    }
    for (i, bit) in terms.minimum_times.iter().enumerate() {
        set(&format!("times.{i}"), *bit);
    }
    for (i, relief) in terms.reliefs.iter().enumerate() {
        set(&format!("relief.{i}"), *relief);
    }
    for (tier, [from, rate]) in terms.delta_tiers.iter().enumerate() {
        set(&format!("tier.{tier}.from"), *from);
        set(&format!("tier.{tier}.rate"), *rate);
    }
    for (scenario, signed) in of.linear.iter().enumerate() {
        set_signed(wires, &own(u, &format!("linear.{scenario}")), signed);
    }
    for (tier, left) in of.tiers_left.iter().enumerate() {
        set_signed(wires, &own(u, &format!("tier.{tier}.left")), left);
    }
}

fn set_slot<F: MarginField>(wires: &mut Wires<F>, i: usize, slot: &SlotHints<F>) {
    let mut set = |name: &str, value: F| _ = wires.insert(format!("{i}.{name}"), value);
    for (name, value) in [
        ("padding", slot.padding),
        ("short", slot.short),
        ("size_less_sign", slot.size_less_sign),
        ("cash", slot.cash),
        ("head", slot.strike_head),
        ("tail", slot.strike_tail),
        ("low", slot.low),
        ("is_option", slot.is_option),
        ("second", slot.second),
        ("has_expiry", slot.has_expiry),
        ("is_long_only", slot.is_long_only),
        ("delta_is_negative", slot.delta_is_negative),
        ("fee", slot.options_fee),
        ("delta", slot.delta),
        ("group", slot.group),
        ("charges", slot.charges),
        ("same", slot.same_strike),
        ("inverse", slot.size_inverse),
        ("net_is_negative", slot.net_is_negative),
    ] {
        set(name, value);
    }
    for (e, member) in slot.members.iter().enumerate() {
        set(&format!("member.{e}"), *member);
    }
    for (element, value) in slot.values.iter().enumerate() {
        set(&format!("values.{element}"), *value);
    }
    set_path(wires, &format!("{i}.row"), &slot.path);
}

fn set_signed<F: MarginField>(wires: &mut Wires<F>, name: &str, signed: &Signed<F>) {
    wires.insert(format!("{name}.magnitude"), signed.magnitude);
    wires.insert(format!("{name}.negative"), signed.negative);
}

fn set_expiry<F: MarginField>(wires: &mut Wires<F>, e: usize, expiry: &ExpiryHints<F>) {
    for (name, value) in [
        ("key", expiry.key),
        ("second", expiry.second),
        ("long", expiry.long_discount),
        ("short", expiry.short_discount),
        ("weight", expiry.basis_weight),
        ("confidence", expiry.confidence_fee),
        ("basis_loss", expiry.basis_loss),
        ("fee", expiry.fee),
    ] {
        wires.insert(format!("expiry.{e}.{name}"), value);
    }
    for (i, sign) in expiry.skew_is_negative.iter().enumerate() {
        wires.insert(format!("expiry.{e}.skew.{i}"), *sign);
    }
    for (value, signed) in expiry.sums.iter().enumerate() {
        set_signed(wires, &format!("expiry.{e}.sum.{value}"), signed);
    }
}

fn set_totals<F: MarginField>(wires: &mut Wires<F>, totals: &TotalsHints<F>) {
    set_signed(wires, "collateral", &totals.collateral);
    for (name, signed) in ["charged.0", "charged.1"].into_iter().zip(&totals.charges) {
        set_signed(wires, name, signed);
    }
    for (name, value) in [("shortfall", totals.shortfall), ("slack", totals.slack)] {
        wires.insert(name.to_owned(), value);
    }
}
