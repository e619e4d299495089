//! What is answered: JSON, and refusals in words.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::auth::AuthError;
use crate::store::StoreError;

/// A refusal: what is wrong, and what to do next.
#[derive(Debug)]
pub struct Refusal {
    status: StatusCode,
    message: String,
    hint: &'static str,
    /// Seconds after which it may be otherwise.
    retry: Option<u32>,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, message: impl ToString, hint: &'static str) -> Self {
        Self { status, message: message.to_string(), hint, retry: None }
    }

    /// What could be otherwise in so many seconds.
    pub(super) fn after(self, seconds: u32) -> Self {
        Self { retry: Some(seconds), ..self }
    }

    pub(super) fn not_found(message: impl ToString) -> Self {
        Self::new(StatusCode::NOT_FOUND, message, "see /openapi.json for what there is")
    }

    pub(super) fn bad_request(message: impl ToString) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message, "see /openapi.json for what is asked for")
    }
}

#[derive(Serialize)]
struct Body<'a> {
    error: Told<'a>,
}

#[derive(Serialize)]
struct Told<'a> {
    message: &'a str,
    hint: &'a str,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let error = Told { message: &self.message, hint: self.hint };
        let mut response = (self.status, Json(Body { error })).into_response();
        if let Some(seconds) = self.retry {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// The database's own words are for the venue's log, and not for strangers.
impl From<StoreError> for Refusal {
    fn from(_: StoreError) -> Self {
        let message = "the venue's database does not answer";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, message, "ask again in a moment").after(5)
    }
}

impl From<AuthError> for Refusal {
    fn from(error: AuthError) -> Self {
        let status = match error {
            AuthError::NotOwner => StatusCode::FORBIDDEN,
            _ => StatusCode::UNAUTHORIZED,
        };
        Self::new(status, error, "sign the text that /openapi.json gives, with the account's key")
    }
}

/// A JSON text as it is.
pub(super) fn json_text(text: impl Into<axum::body::Body>) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], text.into()).into_response()
}
