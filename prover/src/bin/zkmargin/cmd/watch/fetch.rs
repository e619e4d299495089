//! Files of an epoch, from a folder or by HTTP.

use std::path::PathBuf;
use std::str::FromStr;

use zkmargin_prover::files::Source;

use super::http::{Base, Client};
use crate::error::Error;

pub(crate) use super::http::FetchError;

/// Where epochs are published.
#[derive(Clone, Debug)]
pub(super) enum Place {
    Folder(PathBuf),
    Url(Base),
}

impl FromStr for Place {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.contains("://") {
            true => text.parse().map(Self::Url),
            false => Ok(Self::Folder(text.into())),
        }
    }
}

/// Fetches from one place.
pub(super) enum Fetcher {
    Folder(PathBuf),
    Http(Client),
}

impl Fetcher {
    pub(super) fn new(place: &Place) -> Result<Self, FetchError> {
        match place {
            Place::Folder(folder) => Ok(Self::Folder(folder.clone())),
            Place::Url(base) => Client::new(base).map(Self::Http),
        }
    }

    /// A file's bytes.
    pub(super) fn get(&self, name: &str, limit: usize) -> Result<Vec<u8>, Error> {
        match self {
            Self::Folder(folder) => Ok(Source::Path(folder.join(name)).read_at_most(limit)?),
            Self::Http(client) => Ok(client.get(name, limit)?),
        }
    }
}
