//! The commands.

pub(crate) mod commit;
pub(crate) mod deleverage;
pub(crate) mod encrypt;
pub(crate) mod farm;
pub(crate) mod init;
pub(crate) mod keys;
pub(crate) mod ledger;
pub(crate) mod paths;
pub(crate) mod prove;
pub(crate) mod root;
pub(crate) mod screen;
pub(crate) mod serve;
pub(crate) mod status;
