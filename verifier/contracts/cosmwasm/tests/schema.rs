//! The exported schema is that of the messages: `cargo run --example schema`
//! writes it.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use cosmwasm_schema::generate_api;
use zkmargin_cosmwasm::msg::{ExecuteMsg, InstantiateMsg, MigrateMsg, QueryMsg};

#[test]
fn schema_is_up_to_date() {
    let api = generate_api! {
        instantiate: InstantiateMsg,
        execute: ExecuteMsg,
        query: QueryMsg,
        migrate: MigrateMsg,
    };
    let parse = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
    let stored = parse(include_str!("../schema/zkmargin-cosmwasm.json"));
    let made = parse(&api.render().to_string().unwrap());
    assert!(made == stored, "the messages have changed: cargo run --example schema");
}
