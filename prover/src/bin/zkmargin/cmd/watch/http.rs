//! Files below a URL.

use std::str::FromStr;
use std::time::Duration;

use reqwest::{StatusCode, Url};
use tokio::runtime::{Builder, Runtime};

/// How long an answer may take in all: a state file of a million accounts is half a
/// gigabyte.
const ANSWER: Duration = Duration::from_secs(120);

/// The URL that files are below: it ends in a slash.
#[derive(Clone, Debug)]
pub(super) struct Base(Url);

impl FromStr for Base {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const ALLOWED: &str =
            "allowed are a folder, or a URL of http:// or https:// without ? and #";
        let mut url: Url = text.parse().map_err(|_| ALLOWED)?;
        let plain = url.query().is_none() && url.fragment().is_none();
        if !["http", "https"].contains(&url.scheme()) || !plain {
            return Err(ALLOWED);
        }
        // What is below it, and not beside it.
        if !url.path().ends_with('/') {
            url.set_path(&format!("{}/", url.path()));
        }
        Ok(Self(url))
    }
}

/// Why a file was not fetched. A password in the URL is not told.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum FetchError {
    #[error("the connection cannot be prepared: {0}")]
    Client(reqwest::Error),
    #[error("the connection cannot be prepared: {0}")]
    Runtime(std::io::Error),
    #[error("{name} is no name of a file below the URL")]
    Name { name: String },
    #[error("{name} of {host}: no answer: {source}")]
    Sent { name: String, host: String, source: reqwest::Error },
    #[error("{name} of {host}: the answer is {status}")]
    Status { name: String, host: String, status: StatusCode },
    #[error("{name} of {host} is larger than {limit} bytes")]
    TooLarge { name: String, host: String, limit: usize },
}

/// Asks one server.
pub(super) struct Client {
    runtime: Runtime,
    client: reqwest::Client,
    base: Url,
}

impl Client {
    pub(super) fn new(base: &Base) -> Result<Self, FetchError> {
        // There is a provider already when a command of this process ran before.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .timeout(ANSWER)
            .build()
            .map_err(|error| FetchError::Client(error.without_url()))?;
        let runtime =
            Builder::new_current_thread().enable_all().build().map_err(FetchError::Runtime)?;
        Ok(Self { runtime, client, base: base.0.clone() })
    }

    /// A file's bytes.
    pub(super) fn get(&self, name: &str, limit: usize) -> Result<Vec<u8>, FetchError> {
        self.runtime.block_on(download(&self.client, &self.base, name, limit))
    }
}

async fn download(
    client: &reqwest::Client,
    base: &Url,
    name: &str,
    limit: usize,
) -> Result<Vec<u8>, FetchError> {
    let host = || base.host_str().unwrap_or_default().to_owned();
    let unsent = |error: reqwest::Error| FetchError::Sent {
        name: name.to_owned(),
        host: host(),
        source: error.without_url(),
    };
    let url = base.join(name).ok().filter(|url| url.as_str().starts_with(base.as_str()));
    let url = url.ok_or_else(|| FetchError::Name { name: name.to_owned() })?;
    let mut answer = client.get(url).send().await.map_err(unsent)?;
    if answer.status() != StatusCode::OK {
        let (name, status) = (name.to_owned(), answer.status());
        return Err(FetchError::Status { name, host: host(), status });
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(unsent)? {
        if bytes.len() + chunk.len() > limit {
            return Err(FetchError::TooLarge { name: name.to_owned(), host: host(), limit });
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bases_are_plain_urls() {
        let url = |text: &str| text.parse::<Base>().unwrap().0.to_string();
        assert_eq!(
            url("https://venue.example/epochs/latest"),
            "https://venue.example/epochs/latest/"
        );
        assert_eq!(url("http://127.0.0.1:8080"), "http://127.0.0.1:8080/");
        for text in ["ftp://a/b", "https://a/b?c=d", "https://a/b#c", "https://"] {
            assert!(text.parse::<Base>().is_err(), "{text}");
        }
    }

    #[test]
    fn nothing_outside_the_url_is_asked_for() {
        let client = Client::new(&"http://127.0.0.1:9/below".parse().unwrap()).unwrap();
        for name in ["../beside.json", "//other.example/x", "https://other.example/x"] {
            let error = client.get(name, 10).unwrap_err().to_string();
            assert!(error.contains("is no name of a file below the URL"), "{name}: {error}");
        }
    }
}
