//! The service, asked by a real client: owners, strangers, slow and hostile ones.
#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr)]

mod common;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use common::{account, context, market, sqlite};
use k256::ecdsa::SigningKey;
use pasta_curves::Fp;
use reqwest::{Client, StatusCode};
use sha3::{Digest as _, Keccak256};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use zkmargin_margin::ids::{AccountId, Epoch};
use zkmargin_params::srs::DevSrs;
use zkmargin_prover::backend::Ipa;
use zkmargin_prover::venue::{FieldHex, LiveState, PathFile};
use zkmargin_venue::serve::{Limits, ServeError, challenge, serve};
use zkmargin_venue::store::{NewAccount, Store};
use zkmargin_venue::tree::next;
use zkmargin_verifier::epoch::{Signature, Signer};

/// A service on a store in a file.
struct Service {
    _directory: tempfile::TempDir,
    store: Store,
    tree: LiveState<Fp>,
    address: SocketAddr,
    client: Client,
    stop: Option<oneshot::Sender<()>>,
    served: tokio::task::JoinHandle<Result<(), ServeError>>,
}

/// The key of the accounts that the tests own.
fn owner() -> SigningKey {
    SigningKey::from_slice(&[7; 32]).unwrap()
}

fn address_of(key: &SigningKey) -> Signer {
    Signer::of_key(key.verifying_key().to_encoded_point(false).as_bytes()).unwrap()
}

/// The owner's own account, and one derived from it.
fn owned() -> [(AccountId, Option<u32>); 2] {
    let address = *address_of(&owner()).as_bytes();
    [(AccountId::new(address), None), (AccountId::derive(&address, 3).unwrap(), Some(3))]
}

/// Signs a text as wallets do.
fn sign(key: &SigningKey, text: &str) -> String {
    let message = format!("\x19Ethereum Signed Message:\n{}{text}", text.len());
    let (signature, recovery) =
        key.sign_prehash_recoverable(&Keccak256::digest(message.as_bytes())).unwrap();
    let mut bytes = [0; 65];
    bytes[..64].copy_from_slice(&signature.to_bytes());
    bytes[64] = 27 + recovery.to_byte();
    Signature::new(bytes).to_string()
}

fn now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
}

fn stored(account: AccountId, commitment: u64) -> NewAccount {
    NewAccount {
        account,
        portfolio: Vec::new(),
        source: account.to_string(),
        lots: String::new(),
        commitment: FieldHex::of(&Fp::from(commitment)),
        recipients: String::new(),
    }
}

fn limits() -> Limits {
    Limits { requests: 10_000, patience: Duration::from_secs(2), ..Limits::default() }
}

impl Service {
    async fn start(limits: Limits) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let directory = tempfile::tempdir().unwrap();
        let store = sqlite(directory.path()).await;
        let mut accounts: Vec<_> = (1..=30).map(|n| stored(account(n), n)).collect();
        accounts.extend(owned().map(|(account, _)| stored(account, 99)));
        store.put_accounts(&accounts).await.unwrap();
        let mut tree = LiveState::new(context(), Vec::new()).unwrap();
        let root = FieldHex::of(&Fp::from(5));
        next(&store, &mut tree, Epoch::new(1), root, &market(1)).await.unwrap();
        let ((told, ready), (stop, stopped)) = (oneshot::channel(), oneshot::channel());
        let serving = store.clone();
        let served = tokio::spawn(async move {
            let any = "127.0.0.1:0".parse().unwrap();
            let told = |address| told.send(address).unwrap();
            let stop = async { drop(stopped.await) };
            serve::<Ipa>(serving, any, limits, DevSrs::Refuse, told, stop).await
        });
        let (address, client) = (ready.await.unwrap(), Client::new());
        let stop = Some(stop);
        Self { _directory: directory, store, tree, address, client, stop, served }
    }

    async fn get(&self, path: &str) -> (StatusCode, String) {
        let response = self.client.get(format!("http://{}{path}", self.address)).send().await;
        let response = response.unwrap();
        (response.status(), response.text().await.unwrap())
    }

    /// Asks for a path with a signature of these things, which may be others.
    async fn path(
        &self,
        account: AccountId,
        subaccount: Option<u32>,
        expires: u64,
        signature: &str,
    ) -> (StatusCode, String) {
        let number = subaccount.map_or(String::new(), |n| format!("&subaccount={n}"));
        let url =
            format!("http://{}/v1/accounts/{account}/path?expires={expires}{number}", self.address);
        let request = self.client.get(url).header("x-zkmargin-signature", signature);
        let response = request.send().await.unwrap();
        (response.status(), response.text().await.unwrap())
    }

    async fn post(&self, body: Vec<u8>) -> (StatusCode, String) {
        let request = self.client.post(format!("http://{}/v1/proofs", self.address)).body(body);
        let response = request.send().await.unwrap();
        (response.status(), response.text().await.unwrap())
    }

    /// Stops the service and waits for its end.
    async fn end(mut self) {
        drop(self.stop.take());
        self.served.await.unwrap().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_is_for_its_owner_alone() {
    let service = Service::start(limits()).await;
    let expires = now() + 60;
    for (account, subaccount) in owned() {
        let signature = sign(&owner(), &challenge(context(), account, expires));
        let (status, body) = service.path(account, subaccount, expires, &signature).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        let path = PathFile::parse(body.as_bytes()).unwrap().membership::<Fp>().unwrap();
        assert_eq!((path.account, path.state_root), (account, service.tree.root()));
        // Another account, another time, another number: nobody's or somebody else's.
        let asked = |a, s, e| service.path(a, s, e, &signature);
        assert_eq!(asked(common::account(1), None, expires).await.0, StatusCode::FORBIDDEN);
        assert_eq!(asked(account, Some(8), expires).await.0, StatusCode::FORBIDDEN);
        assert_eq!(asked(account, subaccount, expires + 1).await.0, StatusCode::FORBIDDEN);
        assert_eq!(asked(account, subaccount, now() - 1).await.0, StatusCode::UNAUTHORIZED);
        assert_eq!(asked(account, subaccount, now() + 9_999).await.0, StatusCode::UNAUTHORIZED);
    }
    // Who has no account here learns it only with a signature.
    let stranger = SigningKey::from_slice(&[9; 32]).unwrap();
    let theirs = AccountId::new(*address_of(&stranger).as_bytes());
    let signature = sign(&stranger, &challenge(context(), theirs, expires));
    assert_eq!(service.path(theirs, None, expires, &signature).await.0, StatusCode::NOT_FOUND);
    for wrong in ["", "0x", &signature[..100], &signature.to_uppercase()] {
        let (status, body) = service.path(theirs, None, expires, wrong).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{wrong}");
        assert!(body.contains("hint"), "{body}");
    }
    let url = format!("/v1/accounts/{theirs}/path?expires={expires}");
    assert_eq!(service.get(&url).await.0, StatusCode::UNAUTHORIZED);
    service.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_public_is_told_to_everybody() {
    let service = Service::start(limits()).await;
    let (status, body) = service.get("/v1/epochs/latest").await;
    assert_eq!(status, StatusCode::OK);
    let root = FieldHex::of(&service.tree.root()).to_string();
    assert!(body.contains(&root) && body.contains("\"accounts\":32"), "{body}");
    assert_eq!(service.get("/v1/epochs/1").await, (status, body));
    assert_eq!(service.get("/v1/markets/1").await, (StatusCode::OK, market(1)));
    assert_eq!(service.get("/health").await, (StatusCode::OK, "ok\n".to_owned()));
    assert!(service.get("/openapi.json").await.1.contains("3.1.0"));
    // Nobody learns from a status whether the venue has the account.
    let status = async |account: AccountId| {
        let (_, body) = service.get(&format!("/v1/accounts/{account}/status")).await;
        body.replace(&account.to_string(), "")
    };
    assert_eq!(status(account(1)).await, status(account(1_000)).await);
    for (path, expected) in [
        ("/v1/epochs/7", StatusCode::NOT_FOUND),
        ("/v1/epochs/0", StatusCode::BAD_REQUEST),
        ("/v1/epochs/18446744073709551615", StatusCode::NOT_FOUND),
        ("/v1/markets/x", StatusCode::BAD_REQUEST),
        ("/v1/accounts/0x12/status", StatusCode::BAD_REQUEST),
        ("/v1/accounts/0x12/path?expires=1", StatusCode::BAD_REQUEST),
        ("/v1/proofs", StatusCode::METHOD_NOT_ALLOWED),
        ("/elsewhere", StatusCode::NOT_FOUND),
        ("/v1/epochs/%ff", StatusCode::BAD_REQUEST),
    ] {
        let (status, body) = service.get(path).await;
        assert_eq!(status, expected, "{path}: {body}");
    }
    let metrics = service.get("/metrics").await.1;
    for line in ["zkmargin_venue_accounts 32", "zkmargin_venue_epoch 1", "status=\"404\""] {
        assert!(metrics.contains(line), "{line}\n{metrics}");
    }
    assert!(!metrics.contains("0x"), "no account is in the metrics");
    service.end().await;
}

/// A new epoch is served while the same connections go on.
#[tokio::test(flavor = "multi_thread")]
async fn new_epochs_are_followed() {
    let mut service = Service::start(limits()).await;
    let (account, _) = owned()[0];
    service
        .store
        .put_accounts(&[stored(account, 100), stored(common::account(77), 1)])
        .await
        .unwrap();
    let root = FieldHex::of(&Fp::from(6));
    next(&service.store, &mut service.tree, Epoch::new(2), root, "{}").await.unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    while !service.get("/v1/epochs/latest").await.1.contains("\"epoch\":2") {
        assert!(Instant::now() < deadline);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let expires = now() + 60;
    let signature = sign(&owner(), &challenge(context(), account, expires));
    let body = service.path(account, None, expires, &signature).await.1;
    let path = PathFile::parse(body.as_bytes()).unwrap().membership::<Fp>().unwrap();
    assert_eq!((path.epoch, path.state_root), (Epoch::new(2), service.tree.root()));
    service.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn proofs_that_are_none_are_refused_with_words() {
    let service = Service::start(limits()).await;
    for (body, expected) in [
        (b"{}".to_vec(), StatusCode::BAD_REQUEST),
        (Vec::new(), StatusCode::BAD_REQUEST),
        (vec![b' '; 70_000], StatusCode::PAYLOAD_TOO_LARGE),
        (vec![0xff; 1_000], StatusCode::BAD_REQUEST),
    ] {
        let (status, body) = service.post(body).await;
        assert_eq!(status, expected, "{body}");
        assert!(body.contains("message") && body.contains("hint"), "{body}");
    }
    service.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_too_often_is_told_to_wait() {
    let service = Service::start(Limits { requests: 5, proofs: 1, ..limits() }).await;
    let mut limited = 0;
    for _ in 0..20 {
        let (status, _) = service.get("/v1/epochs/latest").await;
        limited += u32::from(status == StatusCode::TOO_MANY_REQUESTS);
    }
    assert!(limited >= 10, "{limited}");
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    assert_eq!(service.post(Vec::new()).await.0, StatusCode::BAD_REQUEST);
    assert_eq!(service.post(Vec::new()).await.0, StatusCode::TOO_MANY_REQUESTS);
    service.end().await;
    let directory = tempfile::tempdir().unwrap();
    let store = sqlite(directory.path()).await;
    let none = Limits { requests: 0, ..limits() };
    let any = "127.0.0.1:0".parse().unwrap();
    let refused = serve::<Ipa>(store, any, none, DevSrs::Refuse, |_| {}, async {}).await;
    assert!(matches!(refused, Err(ServeError::Limit(_))));
}

/// Bytes on a connection, and what comes back until it is closed.
async fn raw(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // Who is too slow or sends too much may find it closed already.
    let _ = stream.write_all(bytes).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_and_hostile_clients_do_not_keep_others_out() {
    let limits = Limits { connections_each: 12, patience: Duration::from_secs(1), ..limits() };
    let service = Service::start(limits).await;
    let address = service.address;
    let start = Instant::now();
    let mut hostile = tokio::task::JoinSet::new();
    // Heads that never end, bodies that never come, silence, garbage, a head too large.
    hostile.spawn(async move { raw(address, b"GET /health HTTP/1.1\r\nx: ").await });
    hostile.spawn(async move {
        raw(address, b"POST /v1/proofs HTTP/1.1\r\nhost: x\r\ncontent-length: 99\r\n\r\n{").await
    });
    hostile.spawn(async move { raw(address, b"").await });
    hostile.spawn(async move { raw(address, b"\x16\x03\x01 hello\r\n\r\n").await });
    let large = format!("GET /health HTTP/1.1\r\nx: {}\r\n\r\n", "a".repeat(100_000));
    hostile.spawn(async move { raw(address, large.as_bytes()).await });
    let many = "GET /health HTTP/1.1\r\n".to_owned() + &"x: y\r\n".repeat(1_000) + "\r\n";
    hostile.spawn(async move { raw(address, many.as_bytes()).await });
    tokio::time::sleep(Duration::from_millis(200)).await;
    // Meanwhile everybody else is answered at once.
    let asked = Instant::now();
    assert_eq!(service.get("/health").await.0, StatusCode::OK);
    assert!(asked.elapsed() < Duration::from_millis(800), "{:?}", asked.elapsed());
    let answers = hostile.join_all().await;
    assert!(start.elapsed() < Duration::from_secs(15), "{:?}", start.elapsed());
    assert!(answers.iter().any(|answer| answer.contains("408")), "{answers:?}");
    assert!(answers.iter().all(|answer| !answer.contains("200 OK")), "{answers:?}");
    // An address has so many connections and no more.
    let mut open = Vec::new();
    for _ in 0..12 {
        open.push(TcpStream::connect(address).await.unwrap());
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    let refused =
        raw(address, b"GET /health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
    assert_eq!(refused, "");
    drop(open);
    service.end().await;
}

/// What is under way when the service is stopped is answered; then nobody is there.
#[tokio::test(flavor = "multi_thread")]
async fn a_stop_waits_for_answers() {
    let service = Service::start(limits()).await;
    let address = service.address;
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET /health HTTP/1.1\r\nhost: x\r\n").await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let ending = tokio::spawn(service.end());
    tokio::time::sleep(Duration::from_millis(100)).await;
    stream.write_all(b"\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    ending.await.unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}

/// How many paths a second. Run with
/// `cargo test -p zkmargin-venue --test serve -- --ignored --nocapture load`.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "ten seconds of load; prints requests a second"]
async fn load() {
    let limits = Limits { requests: 1_000_000, ..limits() };
    let service = std::sync::Arc::new(Service::start(limits).await);
    let (account, _) = owned()[0];
    let expires = now() + 500;
    let signature = sign(&owner(), &challenge(context(), account, expires));
    let (start, mut clients) = (Instant::now(), tokio::task::JoinSet::new());
    for _ in 0..16 {
        let (service, signature) = (service.clone(), signature.clone());
        clients.spawn(async move {
            let mut answered = 0_u32;
            let mut slowest = Duration::ZERO;
            while start.elapsed() < Duration::from_secs(10) {
                let asked = Instant::now();
                let (status, _) = service.path(account, None, expires, &signature).await;
                assert_eq!(status, StatusCode::OK);
                slowest = slowest.max(asked.elapsed());
                answered += 1;
            }
            (answered, slowest)
        });
    }
    let results = clients.join_all().await;
    let answered: u32 = results.iter().map(|r| r.0).sum();
    let slowest = results.iter().map(|r| r.1).max().unwrap();
    let rate = f64::from(answered) / start.elapsed().as_secs_f64();
    println!("{rate:.0} paths a second, the slowest in {slowest:.2?}");
}
