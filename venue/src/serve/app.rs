//! Routes and what they answer.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, QueryRejection};
use axum::extract::{ConnectInfo, DefaultBodyLimit, MatchedPath, Path, Query, Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;
use zkmargin_margin::ids::{AccountId, ContextId, Epoch};
use zkmargin_params::srs::DevSrs;
use zkmargin_prover::backend::Backend;
use zkmargin_prover::venue::{FieldHex, PathFile};
use zkmargin_verifier::proof::{MAX_BYTES, ProofFile};

use super::answers::{Refusal, json_text};
use super::auth;
use super::limits::Rate;
use super::metrics::Metrics;
use super::tree::Followed;
use super::{Limits, ServeError};
use crate::provers::{CheckError, Verifiers};
use crate::statement::proof_row;
use crate::store::{EpochRow, Store, StoreError, now};

/// What the service does, for programs.
pub const OPENAPI: &str = include_str!("../../openapi.json");

/// Every route, as `openapi.json` describes it.
pub const ROUTES: [(&str, &str); 9] = [
    ("get", "/health"),
    ("get", "/metrics"),
    ("get", "/openapi.json"),
    ("get", "/v1/epochs/latest"),
    ("get", "/v1/epochs/{epoch}"),
    ("get", "/v1/markets/{epoch}"),
    ("get", "/v1/accounts/{account}/path"),
    ("get", "/v1/accounts/{account}/status"),
    ("post", "/v1/proofs"),
];

/// Proofs that are verified at a time: the others are told to come again.
const VERIFICATIONS: usize = 2;
/// How often the store is asked for a new epoch.
const FOLLOW: Duration = Duration::from_secs(1);
/// Proofs that a status lists.
const LISTED: u32 = 20;

/// What all requests share.
pub(super) struct App<B: Backend> {
    store: Store,
    followed: Followed<B::Field>,
    verifiers: Verifiers<B>,
    verifying: Semaphore,
    requests: Rate,
    proofs: Rate,
    patience: Duration,
    metrics: Metrics,
}

type Shared<B> = Arc<App<B>>;

impl<B: Backend> App<B> {
    pub(super) fn new(store: Store, limits: Limits, dev: DevSrs) -> Result<Shared<B>, ServeError> {
        Ok(Arc::new(Self {
            store,
            followed: Followed::new(),
            verifiers: Verifiers::new(dev),
            verifying: Semaphore::new(VERIFICATIONS),
            requests: Rate::per_second(limits.requests)
                .ok_or(ServeError::Limit("the rate of requests"))?,
            proofs: Rate::per_second(limits.proofs)
                .ok_or(ServeError::Limit("the rate of proofs"))?,
            patience: limits.patience,
            metrics: Metrics::new(),
        }))
    }

    /// Follows the store to its last epoch.
    pub(super) async fn follow_once(&self) -> Result<(), StoreError> {
        if self.followed.follow(&self.store).await?
            && let Some(served) = self.followed.now()
        {
            let gauge = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
            self.metrics.epoch.set(gauge(served.epoch.epoch.get()));
            self.metrics.accounts.set(gauge(served.epoch.accounts));
        }
        Ok(())
    }

    fn context(&self) -> ContextId {
        self.store.settings().context
    }
}

/// Follows the store for ever. What it served before is served while the database is
/// away.
pub(super) async fn follow<B: Backend>(app: Shared<B>) {
    loop {
        tokio::time::sleep(FOLLOW).await;
        app.requests.forget_silent();
        app.proofs.forget_silent();
        if app.follow_once().await.is_err() {
            app.metrics.store_errors.inc();
        }
    }
}

pub(super) fn router<B: Backend>(app: Shared<B>) -> Router {
    Router::new()
        .route("/health", get(health::<B>))
        .route("/metrics", get(metrics::<B>))
        .route("/openapi.json", get(|| async { json_text(OPENAPI) }))
        .route("/v1/epochs/latest", get(latest::<B>))
        .route("/v1/epochs/{epoch}", get(epoch::<B>))
        .route("/v1/markets/{epoch}", get(market::<B>))
        .route("/v1/accounts/{account}/path", get(path::<B>))
        .route("/v1/accounts/{account}/status", get(status::<B>))
        .route("/v1/proofs", post(submit::<B>))
        .fallback(|| async { Refusal::not_found("there is nothing here") })
        .method_not_allowed_fallback(|| async {
            let message = "this method is not for this place";
            Refusal::new(StatusCode::METHOD_NOT_ALLOWED, message, "see /openapi.json")
        })
        .layer(DefaultBodyLimit::max(MAX_BYTES))
        .layer(from_fn_with_state(Arc::clone(&app), guard::<B>))
        .with_state(app)
}

/// Rate, time and metrics of every request.
async fn guard<B: Backend>(State(app): State<Shared<B>>, request: Request, next: Next) -> Response {
    let start = Instant::now();
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let response = match admit(&app, &request) {
        Err(refusal) => {
            app.metrics.limited.inc();
            refusal.into_response()
        }
        Ok(()) => match tokio::time::timeout(app.patience, next.run(request)).await {
            Ok(response) => response,
            Err(_) => {
                let message = "the request took too long";
                Refusal::new(StatusCode::REQUEST_TIMEOUT, message, "send it at once")
                    .into_response()
            }
        },
    };
    let route = route.as_deref().unwrap_or("none");
    app.metrics.answered(route, response.status().as_u16(), start.elapsed());
    response
}

/// Whether a request is within its address's rates.
fn admit<B: Backend>(app: &App<B>, request: &Request) -> Result<(), Refusal> {
    let Some(ConnectInfo(address)) =
        request.extensions().get::<ConnectInfo<std::net::SocketAddr>>()
    else {
        return Err(Refusal::bad_request("the request has no address"));
    };
    let too_many = |wait| {
        let message = "too many requests from this address";
        Refusal::new(StatusCode::TOO_MANY_REQUESTS, message, "ask less often").after(wait)
    };
    app.requests.count(address.ip()).map_err(too_many)?;
    match *request.method() == Method::POST {
        true => app.proofs.count(address.ip()).map_err(too_many),
        false => Ok(()),
    }
}

async fn health<B: Backend>(State(app): State<Shared<B>>) -> Result<&'static str, Refusal> {
    app.store.ping().await?;
    Ok("ok\n")
}

async fn metrics<B: Backend>(State(app): State<Shared<B>>) -> Response {
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], app.metrics.text()).into_response()
}

/// An epoch's roots.
#[derive(Serialize)]
struct EpochAnswer {
    context: ContextId,
    epoch: Epoch,
    state_root: FieldHex,
    market_root: FieldHex,
    accounts: u64,
    made: u64,
}

impl EpochAnswer {
    fn of(context: ContextId, row: &EpochRow) -> Json<Self> {
        let EpochRow { epoch, state_root, market_root, accounts, made } = *row;
        Json(Self { context, epoch, state_root, market_root, accounts, made })
    }
}

fn no_epoch() -> Refusal {
    Refusal::not_found("the venue has no such epoch")
}

async fn latest<B: Backend>(State(app): State<Shared<B>>) -> Result<Json<EpochAnswer>, Refusal> {
    let served = app.followed.now().ok_or_else(no_epoch)?;
    Ok(EpochAnswer::of(app.context(), &served.epoch))
}

fn epoch_number(text: &str) -> Result<Epoch, Refusal> {
    match text.parse() {
        Ok(number @ 1..) => Ok(Epoch::new(number)),
        _ => Err(Refusal::bad_request("an epoch is a whole number from 1")),
    }
}

async fn epoch<B: Backend>(
    State(app): State<Shared<B>>,
    Path(text): Path<String>,
) -> Result<Json<EpochAnswer>, Refusal> {
    let row = app.store.epoch(epoch_number(&text)?).await?.ok_or_else(no_epoch)?;
    Ok(EpochAnswer::of(app.context(), &row))
}

async fn market<B: Backend>(
    State(app): State<Shared<B>>,
    Path(text): Path<String>,
) -> Result<Response, Refusal> {
    let market = app.store.market(epoch_number(&text)?).await?.ok_or_else(no_epoch)?;
    Ok(json_text(market))
}

/// What a request for a path says beside its signature.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PathQuery {
    expires: u64,
    subaccount: Option<u32>,
}

fn account_of(text: &str) -> Result<AccountId, Refusal> {
    text.parse().map_err(Refusal::bad_request)
}

async fn path<B: Backend>(
    State(app): State<Shared<B>>,
    Path(text): Path<String>,
    query: Result<Query<PathQuery>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let account = account_of(&text)?;
    let Query(query) = query.map_err(|_| {
        Refusal::bad_request(
            "allowed are expires=SECONDS and subaccount=NUMBER, the first is needed",
        )
    })?;
    let signature = headers.get("x-zkmargin-signature").map(|value| value.to_str().unwrap_or(""));
    let (subaccount, expires) = (query.subaccount, query.expires);
    let request = auth::Request { account, subaccount, expires, signature };
    // Before anything is said of the account: who asks may not learn that it is here.
    auth::check(app.context(), request, now().unsigned_abs())?;
    let served = app.followed.now().ok_or_else(no_epoch)?;
    let membership = served.tree.path(account, served.epoch.epoch).map_err(Refusal::not_found)?;
    let mut response = json_text(PathFile::from(&membership).to_json());
    // For its owner alone, and only until the next epoch.
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, header::HeaderValue::from_static("private, no-store"));
    Ok(response)
}

/// What is public of an account: its proofs, and what the ledger said of it. Whether
/// the venue has the account, it does not say.
#[derive(Serialize)]
struct StatusAnswer {
    account: AccountId,
    standing: Option<String>,
    standing_seen: Option<u64>,
    proofs: Vec<ProofAnswer>,
}

#[derive(Serialize)]
struct ProofAnswer {
    statement: String,
    epoch: Epoch,
    claim: String,
    circuit: String,
}

async fn status<B: Backend>(
    State(app): State<Shared<B>>,
    Path(text): Path<String>,
) -> Result<Json<StatusAnswer>, Refusal> {
    let account = account_of(&text)?;
    let (standing, standing_seen) = app.store.standing(account).await?.unzip();
    let proofs = app.store.proofs_of(account, LISTED).await?.into_iter().map(|row| ProofAnswer {
        statement: row.statement,
        epoch: row.epoch,
        claim: row.claim.to_string(),
        circuit: row.circuit,
    });
    Ok(Json(StatusAnswer { account, standing, standing_seen, proofs: proofs.collect() }))
}

/// What became of a proof.
#[derive(Serialize)]
struct Accepted {
    statement: String,
    new: bool,
}

async fn submit<B: Backend>(
    State(app): State<Shared<B>>,
    body: Result<Bytes, BytesRejection>,
) -> Result<(StatusCode, Json<Accepted>), Refusal> {
    let body = body.map_err(|rejection| {
        Refusal::new(rejection.status(), rejection.body_text(), "a proof file has at most 64 KiB")
    })?;
    let file = ProofFile::<B::Field>::parse(&body).map_err(Refusal::bad_request)?;
    under_our_roots(&app, &file).await?;
    let row = proof_row(&file);
    let statement = row.statement.clone();
    if app.store.proof(&statement).await?.is_some() {
        return Ok((StatusCode::OK, Json(Accepted { statement, new: false })));
    }
    let busy = |_| {
        let message = "other proofs are being verified";
        Refusal::new(StatusCode::SERVICE_UNAVAILABLE, message, "send it again in a moment").after(1)
    };
    let permit = app.verifying.try_acquire().map_err(busy)?;
    let checking = Arc::clone(&app);
    let checked = tokio::task::spawn_blocking(move || checking.verifiers.check(&file)).await;
    drop(permit);
    let invalid = |error: CheckError| match error {
        CheckError::Invalid(error) => unprocessable(error),
        other => unprocessable(format!("it cannot be verified here: {other}")),
    };
    checked.map_err(|_| unprocessable("the proof cannot be verified"))?.map_err(invalid)?;
    let new = app.store.put_proof(&row).await?;
    app.metrics.proofs.inc_by(u64::from(new));
    let code = if new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((code, Json(Accepted { statement, new })))
}

fn unprocessable(message: impl ToString) -> Refusal {
    let hint = "prove it under the roots of /v1/epochs/latest";
    Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, message, hint)
}

/// Whether a proof is about this deployment and the roots of one of its epochs.
async fn under_our_roots<B: Backend>(
    app: &App<B>,
    file: &ProofFile<B::Field>,
) -> Result<(), Refusal> {
    let instance = file.instance();
    if instance.context != app.context() {
        return Err(unprocessable("the proof is of another deployment"));
    }
    let row = app.store.epoch(instance.epoch).await?;
    let row = row.ok_or_else(|| unprocessable("the venue has no epoch of this number"))?;
    let roots = [FieldHex::of(&instance.state_root), FieldHex::of(&instance.market_root)];
    match roots == [row.state_root, row.market_root] {
        true => Ok(()),
        false => Err(unprocessable("the proof is under other roots than the epoch's")),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_description_has_every_route_and_no_other() {
        let document: serde_json::Value = serde_json::from_str(OPENAPI).unwrap();
        let mut described = BTreeSet::new();
        for (path, methods) in document["paths"].as_object().unwrap() {
            for (method, operation) in methods.as_object().unwrap() {
                assert!(operation["responses"].is_object(), "{path}: no responses");
                described.insert((method.clone(), path.clone()));
            }
        }
        let routed = ROUTES.map(|(method, path)| (method.to_owned(), path.to_owned()));
        assert_eq!(described, routed.into());
        assert_eq!(document["openapi"], "3.1.0");
    }
}
