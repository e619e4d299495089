//! Prints the account of the small shape of the standard family as the inputs of
//! the same statement in other proof systems (`benches/peers`): JSON on standard
//! output, numbers as decimal strings.
#![allow(clippy::print_stdout)] // Printing is what it is for.

use anyhow::Result;
use serde_json::{Map, Value, json};
use zkmargin_benches::{account, market};
use zkmargin_margin::field::MarginField as _;
use zkmargin_margin::field::bn254::Bn254Fr;
use zkmargin_margin::instance::PublicInputs as _;
use zkmargin_margin::merkle::Path;
use zkmargin_margin::shape::Shape;
use zkmargin_margin::standard::{StandardWitness, TierRow};
use zkmargin_margin::units::Denominator;
use zkmargin_margin::witness::Slot;

/// Names of the public inputs, in the order of the statement's.
const PUBLIC: [&str; 8] =
    ["context", "epoch", "account", "state_root", "market_root", "model", "claim", "disclosed"];

fn main() -> Result<()> {
    let (instance, witness) = account(&market::<Bn254Fr>()?, Shape::Small.standard_positions())?;
    let mut inputs = Map::new();
    for (name, value) in PUBLIC.iter().zip(instance.to_rows()) {
        inputs.insert((*name).to_owned(), number(value));
    }
    account_inputs(&witness, &mut inputs);
    slot_inputs(&witness, &mut inputs)?;
    println!("{}", Value::Object(inputs));
    Ok(())
}

/// What is private and not of a slot; the claim is of initial margin.
fn account_inputs(witness: &StandardWitness<Bn254Fr>, inputs: &mut Map<String, Value>) {
    let header = &witness.header;
    let mut put = |name: &str, value: Value| inputs.insert(name.to_owned(), value);
    put("timestamp", text(header.timestamp.get()));
    put("denominator", text(header.denominator.get()));
    put("blinding", number(witness.blinding.to_field()));
    put("reserved", text(witness.reserved.get()));
    put("is_maintenance", text(0));
    put("is_initial", text(1));
    put("is_below", text(0));
    put("account_path", path(&witness.account_path));
}

/// The inputs of slots, each a list.
fn slot_inputs(witness: &StandardWitness<Bn254Fr>, inputs: &mut Map<String, Value>) -> Result<()> {
    let mut deficit = 0_i128;
    for slot in &witness.slots {
        for (name, value) in one_slot(slot, witness.header.denominator, &mut deficit)? {
            let list = inputs.entry(name).or_insert_with(|| json!([]));
            if let Value::Array(list) = list {
                list.push(value);
            }
        }
    }
    Ok(())
}

fn one_slot(
    slot: &Slot<Bn254Fr, TierRow>,
    denominator: Denominator,
    deficit: &mut i128,
) -> Result<Vec<(&'static str, Value)>> {
    let (position, row) = (&slot.position, &slot.row);
    let assessed = row.assess(position.quantity, denominator)?;
    let short = u64::from(position.quantity.is_short());
    *deficit += assessed.initial.cast_signed() - assessed.value - position.cash.get();
    let above = assessed.notional.get() - row.lower.get() - u128::from(row.lower_exclusive);
    Ok(vec![
        ("padding", text(0)),
        ("new_bucket", text(0)),
        ("short", text(short)),
        ("magnitude_less_sign", text(position.quantity.magnitude() - short)),
        ("cash", text((position.cash.get() + (1 << 79)).cast_unsigned())),
        ("instrument", text(position.instrument.get())),
        ("bucket", text(position.bucket.get())),
        ("direction", text(row.direction as u8)),
        ("lower_exclusive", text(u8::from(row.lower_exclusive))),
        ("mantissa", text(row.price.mantissa())),
        ("unit", text(row.price.unit())),
        ("lower", text(row.lower.get())),
        ("upper", text(row.upper.get())),
        ("maintenance_rate", text(row.maintenance.rate.get())),
        ("maintenance_fraction", text(row.maintenance_fraction.get())),
        ("maintenance_base", text(row.maintenance.base.get())),
        ("initial_rate", text(row.initial.rate.get())),
        ("initial_base", text(row.initial.base.get())),
        ("above", text(above)),
        ("notional_remainder", text(assessed.notional_remainder)),
        ("mq", text(assessed.maintenance_marginal.quotient)),
        ("ms", text(assessed.maintenance_marginal.slack)),
        ("sq", text(assessed.maintenance_scaled.quotient)),
        ("ss", text(assessed.maintenance_scaled.slack)),
        ("iq", text(assessed.initial_marginal.quotient)),
        ("is", text(assessed.initial_marginal.slack)),
        ("positive", text(u8::from(*deficit > 0))),
        ("path", path(&slot.path)),
    ])
}

fn path(path: &Path<Bn254Fr>) -> Value {
    path.children()
        .iter()
        .map(|level| level.iter().copied().map(number).collect::<Value>())
        .collect()
}

fn text(number: impl std::fmt::Display) -> Value {
    Value::String(number.to_string())
}

/// An element in decimals.
fn number(element: Bn254Fr) -> Value {
    let mut digits = vec![0_u8];
    for byte in element.to_le_bytes().iter().rev() {
        let mut carry = u32::from(*byte);
        for digit in &mut digits {
            let value = u32::from(*digit) * 256 + carry;
            *digit = (value % 10) as u8;
            carry = value / 10;
        }
        while carry > 0 {
            digits.push((carry % 10) as u8);
            carry /= 10;
        }
    }
    Value::String(digits.iter().rev().map(|digit| char::from(b'0' + digit)).collect())
}
