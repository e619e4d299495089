//! The page that verifies, served on loopback: `zkmargin verify --open`.
//!
//! A few fixed files, GET only, to this machine only: the `Host` is checked, so
//! that no website's name can be made to point here.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use tiny_http::{Header, Method, Request, Response, Server as Http};

/// A file of the page.
#[derive(Clone, Debug)]
struct Page {
    kind: &'static str,
    bytes: Vec<u8>,
}

/// What the page is served with.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shown {
    /// The proof file.
    pub(crate) proof: Vec<u8>,
    /// A key and its digest.
    pub(crate) key: Option<(String, Vec<u8>)>,
    /// The epoch file, and who must have signed it.
    pub(crate) epoch: Option<Vec<u8>>,
    pub(crate) signers: Option<Vec<u8>>,
    /// What else proofs are held to: `expected.json`.
    pub(crate) expected: Vec<u8>,
}

/// The page with a proof and its key, bound to a port.
pub(crate) struct Server {
    http: Http,
    files: BTreeMap<String, Page>,
    port: u16,
}

impl Server {
    /// Binds the page to a free port of loopback.
    pub(crate) fn bind(shown: Shown) -> std::io::Result<Self> {
        let Shown { proof, key, epoch, signers, expected } = shown;
        let http = Http::http((Ipv4Addr::LOCALHOST, 0)).map_err(std::io::Error::other)?;
        let address = http.server_addr().to_ip();
        let port =
            address.map(|address| address.port()).ok_or(std::io::ErrorKind::AddrNotAvailable)?;
        let index = match &key {
            Some((digest, _)) => format!(r#"[{{"file":"key.vk","digest":"{digest}"}}]"#),
            None => "[]".to_owned(),
        };
        let mut files = BTreeMap::new();
        let mut put = |name: &str, kind, bytes: &[u8]| {
            files.insert(name.to_owned(), Page { kind, bytes: bytes.to_vec() });
        };
        for (name, kind, bytes) in zkmargin_page::FILES {
            put(name, kind, bytes);
        }
        put("/keys/keys.json", "application/json", index.as_bytes());
        put("/proof.json", "application/json", &proof);
        put("/expected.json", "application/json", &expected);
        for (name, bytes) in [("/epoch.json", epoch), ("/signers.json", signers)] {
            if let Some(bytes) = bytes {
                put(name, "application/json", &bytes);
            }
        }
        if let Some((_, bytes)) = key {
            put("/keys/key.vk", "application/octet-stream", &bytes);
        }
        Ok(Self { http, files, port })
    }

    /// Where the page is, with the proof loaded.
    pub(crate) fn address(&self) -> String {
        format!("http://127.0.0.1:{}/?proof=proof.json", self.port)
    }

    /// Answers requests until the process is ended.
    pub(crate) fn run(&self) {
        for request in self.http.incoming_requests() {
            let answer = self.answer(&request);
            // One that breaks off is its own problem.
            let _ = request.respond(answer);
        }
    }

    fn answer(&self, request: &Request) -> Response<std::io::Cursor<Vec<u8>>> {
        let own = [format!("127.0.0.1:{}", self.port), format!("localhost:{}", self.port)];
        let host = request.headers().iter().find(|header| header.field.equiv("Host"));
        let path = request.url().split('?').next().unwrap_or_default();
        if !host.is_some_and(|host| own.iter().any(|own| host.value == own.as_str())) {
            return Response::from_string("403 Forbidden").with_status_code(403);
        }
        if *request.method() != Method::Get {
            return Response::from_string("405 Method Not Allowed").with_status_code(405);
        }
        match self.files.get(path) {
            Some(Page { kind, bytes }) => {
                let answer = Response::from_data(bytes.clone());
                let headers = [
                    ("Content-Type", *kind),
                    ("X-Content-Type-Options", "nosniff"),
                    ("Cache-Control", "no-store"),
                ];
                let headers = headers.into_iter().filter_map(|(name, value)| {
                    Header::from_bytes(name.as_bytes(), value.as_bytes()).ok()
                });
                headers.fold(answer, Response::with_header)
            }
            None => Response::from_string("404 Not Found").with_status_code(404),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpStream;
    use std::thread;

    use super::*;

    fn ask(port: u16, request: &str) -> String {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }

    #[test]
    fn serves_the_page_to_this_machine_alone() {
        let key = Some(("0x12".to_owned(), b"key bytes".to_vec()));
        let shown = Shown {
            proof: b"{\"proof\": 1}".to_vec(),
            key,
            epoch: Some(b"the epoch".to_vec()),
            expected: br#"{"max_age":"15m"}"#.to_vec(),
            ..Shown::default()
        };
        let server = Server::bind(shown).unwrap();
        let port = server.port;
        assert_eq!(server.address(), format!("http://127.0.0.1:{port}/?proof=proof.json"));
        thread::spawn(move || server.run());
        let get = |path: &str| {
            ask(port, &format!("GET {path} HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\n\r\n"))
        };
        let index = get("/?proof=proof.json");
        assert!(index.starts_with("HTTP/1.0 200 OK"), "{index}");
        assert!(index.contains("Content-Security-Policy"));
        assert!(get("/proof.json").ends_with("{\"proof\": 1}"));
        assert!(get("/keys/keys.json").contains(r#""digest":"0x12""#));
        assert!(get("/keys/key.vk").ends_with("key bytes"));
        assert!(get("/verifier_bg.wasm").contains("application/wasm"));
        assert!(get("/epoch.json").ends_with("the epoch"));
        assert!(get("/expected.json").ends_with(r#"{"max_age":"15m"}"#));
        assert!(get("/signers.json").starts_with("HTTP/1.0 404"));
        // Every script that another one loads is there.
        let scripts =
            zkmargin_page::FILES.map(|(name, _, bytes)| (name, String::from_utf8_lossy(bytes)));
        for (name, script) in scripts.iter().filter(|(name, _)| name.ends_with(".js")) {
            for line in script.lines().filter(|line| line.starts_with("import ")) {
                let path = line.split("\"./").nth(1).and_then(|rest| rest.split('"').next());
                let path = format!("/{}", path.unwrap());
                assert!(scripts.iter().any(|(name, _)| *name == path), "{name} loads {path}");
            }
        }
        assert!(get("/../Cargo.toml").starts_with("HTTP/1.0 404"));
        let rebound = ask(port, "GET / HTTP/1.0\r\nHost: evil.example\r\n\r\n");
        assert!(rebound.starts_with("HTTP/1.0 403"), "{rebound}");
        let post = ask(port, &format!("POST / HTTP/1.0\r\nHost: localhost:{port}\r\n\r\n"));
        assert!(post.starts_with("HTTP/1.0 405"), "{post}");
    }
}
