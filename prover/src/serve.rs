//! The page that verifies, served on loopback: `zkmargin verify --open`.
//!
//! A few fixed files, GET only, to this machine only: the `Host` is checked, so
//! that no website's name can be made to point here.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::time::Duration;

/// The longest request head that is read, in bytes.
const MAX_HEAD: u64 = 8 * 1024;
/// How long a connection may take.
const TIMEOUT: Duration = Duration::from_secs(5);

/// A file of the page.
#[derive(Clone, Debug)]
struct Page {
    kind: &'static str,
    bytes: Vec<u8>,
}

/// The page with a proof and its key, bound to a port.
#[derive(Debug)]
pub(crate) struct Server {
    listener: TcpListener,
    files: BTreeMap<String, Page>,
    port: u16,
}

impl Server {
    /// Binds the page to a free port of loopback.
    pub(crate) fn bind(proof: Vec<u8>, key: Option<(String, Vec<u8>)>) -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = listener.local_addr()?.port();
        let index = match &key {
            Some((digest, _)) => format!(r#"[{{"file":"key.vk","digest":"{digest}"}}]"#),
            None => "[]".to_owned(),
        };
        let mut files = BTreeMap::new();
        let mut put = |name: &str, kind, bytes: &[u8]| {
            files.insert(name.to_owned(), Page { kind, bytes: bytes.to_vec() });
        };
        put("/", "text/html; charset=utf-8", page::INDEX);
        put("/style.css", "text/css; charset=utf-8", page::STYLE);
        put("/app.js", "text/javascript; charset=utf-8", page::APP);
        put("/verifier.js", "text/javascript; charset=utf-8", page::VERIFIER);
        put("/verifier_bg.wasm", "application/wasm", page::WASM);
        put("/keys/keys.json", "application/json", index.as_bytes());
        put("/proof.json", "application/json", &proof);
        if let Some((_, bytes)) = key {
            put("/keys/key.vk", "application/octet-stream", &bytes);
        }
        Ok(Self { listener, files, port })
    }

    /// Where the page is, with the proof loaded.
    pub(crate) fn address(&self) -> String {
        format!("http://127.0.0.1:{}/?proof=proof.json", self.port)
    }

    /// Answers requests until the process is ended.
    pub(crate) fn run(&self) -> std::io::Result<()> {
        for stream in self.listener.incoming() {
            // One that breaks off is its own problem.
            let _ = stream.and_then(|stream| self.answer(stream));
        }
        Ok(())
    }

    fn answer(&self, stream: TcpStream) -> std::io::Result<()> {
        stream.set_read_timeout(Some(TIMEOUT))?;
        stream.set_write_timeout(Some(TIMEOUT))?;
        let mut lines = BufReader::new((&stream).take(MAX_HEAD)).lines();
        let request = lines.next().transpose()?.unwrap_or_default();
        let mut host = None;
        for line in lines {
            let line = line?;
            match line.split_once(':') {
                Some((name, value)) if name.eq_ignore_ascii_case("host") => {
                    host = Some(value.trim().to_owned());
                }
                Some(_) => {}
                None => break,
            }
        }
        let own = [format!("127.0.0.1:{}", self.port), format!("localhost:{}", self.port)];
        let path = request.strip_prefix("GET ").and_then(|rest| rest.split_whitespace().next());
        let path = path.and_then(|path| path.split('?').next());
        let (status, page) = match (path, host) {
            (_, host) if !host.as_ref().is_some_and(|host| own.contains(host)) => {
                ("403 Forbidden", None)
            }
            (None, _) => ("405 Method Not Allowed", None),
            (Some(path), _) => match self.files.get(path) {
                Some(page) => ("200 OK", Some(page)),
                None => ("404 Not Found", None),
            },
        };
        let empty = Page { kind: "text/plain", bytes: status.as_bytes().to_vec() };
        let Page { kind, bytes } = page.unwrap_or(&empty);
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\
             X-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\n\
             Connection: close\r\n\r\n",
            bytes.len()
        );
        let mut stream = &stream;
        stream.write_all(head.as_bytes())?;
        stream.write_all(bytes)
    }
}

/// Asks the system to open an address; whether it could be asked.
pub(crate) fn open_browser(address: &str) -> bool {
    let (program, first): (&str, &[&str]) = if cfg!(target_os = "macos") {
        ("open", &[])
    } else if cfg!(windows) {
        ("rundll32", &["url.dll,FileProtocolHandler"])
    } else {
        ("xdg-open", &[])
    };
    let mut command = Command::new(program);
    command.args(first).arg(address);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().is_ok()
}

/// The page's files, built into the command.
mod page {
    pub(super) const INDEX: &[u8] = include_bytes!("../../verifier/web/index.html");
    pub(super) const STYLE: &[u8] = include_bytes!("../../verifier/web/style.css");
    pub(super) const APP: &[u8] = include_bytes!("../../verifier/web/app.js");
    pub(super) const VERIFIER: &[u8] = include_bytes!("../../verifier/web/verifier.js");
    pub(super) const WASM: &[u8] = include_bytes!("../../verifier/web/verifier_bg.wasm");
}

#[cfg(test)]
mod tests {
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
        let server = Server::bind(b"{\"proof\": 1}".to_vec(), key).unwrap();
        let port = server.port;
        assert_eq!(server.address(), format!("http://127.0.0.1:{port}/?proof=proof.json"));
        thread::spawn(move || server.run());
        let get = |path: &str| {
            ask(port, &format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n"))
        };
        let index = get("/?proof=proof.json");
        assert!(index.starts_with("HTTP/1.1 200 OK"), "{index}");
        assert!(index.contains("Content-Security-Policy"));
        assert!(get("/proof.json").ends_with("{\"proof\": 1}"));
        assert!(get("/keys/keys.json").contains(r#""digest":"0x12""#));
        assert!(get("/keys/key.vk").ends_with("key bytes"));
        assert!(get("/verifier_bg.wasm").contains("application/wasm"));
        assert!(get("/../Cargo.toml").starts_with("HTTP/1.1 404"));
        let rebound = ask(port, "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n");
        assert!(rebound.starts_with("HTTP/1.1 403"), "{rebound}");
        let post = ask(port, &format!("POST / HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n"));
        assert!(post.starts_with("HTTP/1.1 405"), "{post}");
    }
}
