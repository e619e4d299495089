//! URLs where the command was built without the feature `chain`: none is fetched.

use std::convert::Infallible;
use std::str::FromStr;

/// Any URL.
#[derive(Clone, Debug)]
pub(super) struct Base;

impl FromStr for Base {
    type Err = &'static str;

    fn from_str(_: &str) -> Result<Self, Self::Err> {
        Ok(Self)
    }
}

/// There is one reason only.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FetchError {
    #[error("this zkmargin reads folders alone: it was built without --features chain")]
    NotBuilt,
}

/// There is none.
pub(super) struct Client(Infallible);

impl Client {
    pub(super) fn new(_: &Base) -> Result<Self, FetchError> {
        Err(FetchError::NotBuilt)
    }

    pub(super) fn get(&self, _: &str, _: usize) -> Result<Vec<u8>, FetchError> {
        match self.0 {}
    }
}
