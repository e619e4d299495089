//! Writes the messages' schema to `schema/`:
//!
//!     cargo run --example schema

use cosmwasm_schema::write_api;
use zkmargin_cosmwasm::msg::{ExecuteMsg, InstantiateMsg, MigrateMsg, QueryMsg};

fn main() {
    write_api! {
        instantiate: InstantiateMsg,
        execute: ExecuteMsg,
        query: QueryMsg,
        migrate: MigrateMsg,
    }
}
