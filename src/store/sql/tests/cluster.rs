//! A server of PostgreSQL only for tests: it asks for passwords, has few connections, and can be stopped in the middle of
//! a sale.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::*;
use crate::fault::FaultKind;
use crate::store::server::Doing;
use crate::store::sql::address::{PostgresAddress, PostgresHost};

/// The password of the role that owns the server.
const PASSWORD: &str = "open sesame";

/// A server that listens on a socket in a folder of its own. Dropping it removes both.
struct Cluster {
    folder: tempfile::TempDir,
    programs: PathBuf,
    server: Option<Child>,
}

/// The folder of a server's programs.
fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?.filter_map(Result::ok);
    versions.map(|version| version.path().join("bin")).find(|bin| bin.join("initdb").exists())
}

impl Cluster {
    /// A new one; `None`, with a message, if there is no such server here.
    fn start(test: &str) -> Option<Self> {
        let Some(programs) = programs() else {
            assert!(std::env::var("CI").as_deref() != Ok("true"), "{test} is skipped: no initdb");
            eprintln!("skipped: {test}: there is no initdb");
            return None;
        };
        let folder = tempfile::tempdir().expect("a folder");
        let cluster = Self { folder, programs, server: None };
        std::fs::write(cluster.path("password"), PASSWORD).expect("a file");
        if let Some(user) = runs_as("postgres") {
            std::os::unix::fs::chown(cluster.folder.path(), Some(user.uid.as_raw()), None).expect("an owner");
        }
        std::fs::set_permissions(cluster.path("password"), PermissionsExt::from_mode(0o644)).expect("a mode");
        let made = cluster
            .program("initdb")
            .args(["--username", "owner", "--auth", "md5", "--no-sync", "--pwfile"])
            .arg(cluster.path("password"))
            .arg("--pgdata")
            .arg(cluster.path("data"))
            .output()
            .expect("initdb");
        assert!(made.status.success(), "{made:?}");
        Some(cluster.up())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.programs.join(name));
        command.current_dir(self.folder.path()).stdin(Stdio::null());
        if let Some(user) = runs_as("postgres") {
            command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
        }
        command
    }

    /// Starts the server, and waits until it accepts a login.
    fn up(mut self) -> Self {
        let settings = ["fsync=off", "shared_buffers=8MB", "max_connections=8", "listen_addresses="];
        let mut server = self.program("postgres");
        server.arg("-D").arg(self.path("data")).arg("-k").arg(self.folder.path());
        server.args(settings.iter().flat_map(|setting| ["-c", setting]));
        let log = std::fs::File::create(self.path("log")).expect("a log");
        self.server = Some(server.stdout(Stdio::null()).stderr(log).spawn().expect("a server"));
        let began = Instant::now();
        while let Err(error) = self.store(self.owner()).about() {
            assert!(began.elapsed() < Duration::from_secs(60), "{error}");
            std::thread::sleep(Duration::from_millis(20));
        }
        self
    }

    /// Ends the server at once, like a crash.
    fn crash(&mut self) {
        let mut server = self.server.take().expect("a server");
        kill(Pid::from_raw(server.id() as i32), Signal::SIGQUIT).expect("a signal");
        server.wait().expect("an end");
    }

    fn address(&self, user: &str, password: Option<&str>) -> PostgresAddress {
        let text = format!("postgres://{user}@/postgres");
        let Ok(Address::Postgres(address)) = Address::parse(&text) else { panic!("{text}") };
        PostgresAddress {
            host: PostgresHost::Folder(self.folder.path().to_owned()),
            port: 5432,
            password: password.map(str::to_owned),
            password_file: None,
            ..*address
        }
    }

    fn owner(&self) -> PostgresAddress {
        self.address("owner", Some(PASSWORD))
    }

    fn store(&self, address: PostgresAddress) -> SqlStore {
        let choices = SqlChoices { isolation: Isolation::ReadCommitted, ..SqlChoices::new(Engine::Postgres) };
        SqlStore::new(choices, Address::Postgres(Box::new(address)), SaleName::default()).expect("a store")
    }

    fn run(&self, statements: &str) {
        let store = self.store(self.owner());
        store
            .books(false)
            .expect("a connection")
            .apply(Doing::Connect, &[statements.to_owned()])
            .expect(statements);
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if self.server.is_some() {
            self.crash();
        }
    }
}

fn password_file(folder: &Path, line: &str) -> PathBuf {
    let path = folder.join("pgpass");
    std::fs::write(&path, line).expect("a file");
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).expect("a mode");
    path
}

#[test]
fn a_server_that_asks_for_passwords_gets_the_right_one_and_tells_of_a_wrong_one() {
    let Some(cluster) = Cluster::start("a_server_that_asks_for_passwords") else { return };
    cluster.run("SET password_encryption = 'md5'; CREATE ROLE old LOGIN SUPERUSER PASSWORD 'old sesame'");
    for (user, right) in [("owner", PASSWORD), ("old", "old sesame")] {
        let store = cluster.store(cluster.address(user, Some(right)));
        assert_eq!(store.put_on_sale(Some(2)).expect(user), 2);
        let file = password_file(cluster.folder.path(), &format!("*:*:postgres:{user}:{right}\n"));
        let from_file = PostgresAddress { password_file: Some(file), ..cluster.address(user, None) };
        assert_eq!(cluster.store(from_file).stock_left().expect(user), 2);

        let error = cluster.store(cluster.address(user, Some("wrong word"))).stock_left();
        let error = error.expect_err("a wrong password").to_string();
        assert!(error.contains("is not let in: password authentication failed"), "{error}");
        assert!(!error.contains("wrong word") && !error.contains("at hand"), "{error}");
        let error = cluster.store(cluster.address(user, None)).stock_left().expect_err("none").to_string();
        assert!(error.contains("no password was at hand"), "{error}");
    }
}

#[test]
fn a_server_that_is_full_says_so_and_one_that_crashes_in_mid_sale_leaves_the_books_in_order() {
    let Some(mut cluster) = Cluster::start("a_server_that_is_full") else { return };
    cluster.run("CREATE ROLE shop LOGIN PASSWORD 'word'; GRANT CREATE ON SCHEMA public TO shop");
    let store = cluster.store(cluster.address("shop", Some("word")));
    store.put_on_sale(Some(3)).expect("tickets");
    let recorder = recorder(20);
    let room = store.most_connections().expect("a server").expect("a limit");
    assert!(
        room.free > 0 && room.because.to_string().contains("max_connections = 8, 3 of them reserved"),
        "{room:?}"
    );
    let mut sessions = until_full(&store, &recorder);
    assert!(sessions.len() as u64 >= room.free, "{} sessions, {room:?}", sessions.len());
    let none =
        cluster.store(cluster.owner()).most_connections().expect("the reserved ones").expect("a limit");
    assert!(none.free <= 3, "{none:?}");

    let mut session = sessions.remove(0);
    drop(sessions);
    session.perform(Action::Begin);
    assert_eq!(session.perform(Action::Read), Reply::Stock(3));
    assert_eq!(session.perform(Action::Write(2)), Reply::Sold(3));
    cluster.crash();
    let lost = session.perform(Action::Commit);
    assert!(matches!(lost, Reply::Failed(fault) if fault.kind == FaultKind::AnswerLost), "{lost:?}");
    let error = store.stock_left().expect_err("no server").to_string();
    assert!(error.contains("no server there"), "{error}");
    let _up_again = cluster.up();
    assert_eq!(store.stock_left().expect("a stock"), 3);
}
