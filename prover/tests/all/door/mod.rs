//! What embeds the prover elsewhere: schemas, manual pages, profiles, and the command
//! that proves by itself.

mod profile;
mod schema;
mod validator;
mod watch;
