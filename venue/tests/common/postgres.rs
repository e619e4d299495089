//! A PostgreSQL server of a test's own. Where there are no binaries of it, the tests
//! say so and pass; `ZKMARGIN_REQUIRE_POSTGRES` makes that a failure.

use std::net::TcpListener;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use zkmargin_venue::store::{Place, Store};

/// The user and group of `nobody`: the server does not run as root.
const NOBODY: u32 = 65534;

/// A server, stopped when it is dropped.
pub(crate) struct Postgres {
    directory: TempDir,
    binaries: PathBuf,
    port: u16,
    server: Option<Child>,
}

/// Where `initdb` and `postgres` are.
fn binaries() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut places: Vec<PathBuf> = std::env::split_paths(&path).collect();
    if let Ok(versions) = std::fs::read_dir("/usr/lib/postgresql") {
        places.extend(versions.flatten().map(|version| version.path().join("bin")));
    }
    places.into_iter().find(|dir| dir.join("initdb").exists() && dir.join("postgres").exists())
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

impl Postgres {
    /// Starts a server with an empty database; `None` where there is none to start.
    pub(crate) async fn start() -> Option<Self> {
        let Some(binaries) = binaries() else {
            assert!(
                std::env::var_os("ZKMARGIN_REQUIRE_POSTGRES").is_none(),
                "no initdb and postgres on the PATH"
            );
            eprintln!("skipped: there is no initdb and postgres (Debian: postgresql)");
            return None;
        };
        let directory = tempfile::tempdir().unwrap();
        if is_root() {
            std::os::unix::fs::chown(directory.path(), Some(NOBODY), Some(NOBODY)).unwrap();
        }
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut server = Self { directory, binaries, port, server: None };
        let mut initdb = server.program("initdb");
        initdb.args(["-U", "venue", "-A", "trust", "--no-sync", "-D"]).arg(server.data());
        let made = initdb.output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        server.run().await;
        Some(server)
    }

    fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    /// A program of the server, as somebody who is not root.
    fn program(&self, name: &str) -> Command {
        let program = self.binaries.join(name);
        let mut command = match is_root() {
            true => {
                let mut command = Command::new("setpriv");
                let (user, group) = (format!("--reuid={NOBODY}"), format!("--regid={NOBODY}"));
                command.args([&user, &group, "--clear-groups", "--"]).arg(program);
                command
            }
            false => Command::new(program),
        };
        command.current_dir(self.directory.path()).env("HOME", self.directory.path());
        command
    }

    /// Starts the server, and again while what is left of a killed one is in its way.
    pub(crate) async fn run(&mut self) {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let mut command = self.program("postgres");
            command
                .args(["-p", &self.port.to_string(), "-c", "listen_addresses=127.0.0.1"])
                .args(["-c", "unix_socket_directories=", "-c", "shared_buffers=16MB"])
                .arg("-D")
                .arg(self.data())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .process_group(0);
            self.server = Some(command.spawn().unwrap());
            while self.server.as_mut().unwrap().try_wait().unwrap().is_none() {
                if answers(self.port).await {
                    return;
                }
                assert!(Instant::now() < deadline, "PostgreSQL does not answer");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            assert!(Instant::now() < deadline, "PostgreSQL does not start");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Kills the server as a power cut would, in the middle of whatever it does.
    pub(crate) fn kill(&mut self) {
        if let Some(mut server) = self.server.take() {
            server.kill().unwrap();
            server.wait().unwrap();
        }
    }

    /// The URL of its database.
    pub(crate) fn url(&self) -> String {
        format!("postgres://venue@127.0.0.1:{}/postgres", self.port)
    }

    /// A new venue in it.
    pub(crate) async fn store(&self) -> Store {
        Store::create(&self.place(), super::settings()).await.unwrap()
    }

    pub(crate) fn place(&self) -> Place {
        self.url().parse().unwrap()
    }
}

/// Whether there is a server that takes queries: one that starts takes connections
/// first.
async fn answers(port: u16) -> bool {
    let place: Place = format!("postgres://venue@127.0.0.1:{port}/postgres").parse().unwrap();
    matches!(Store::open(&place).await, Ok(_) | Err(zkmargin_venue::store::StoreError::Missing(_)))
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // Its children see that it is gone, and go.
        self.kill();
    }
}
