//! A server of MariaDB only for tests: it asks for passwords and speaks TLS, has few connections and short time-outs, and
//! can be stopped in the middle of a sale.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::*;
use crate::fault::{Fault, StoreCode};
use crate::store::server::Doing;
use crate::store::sql::address::{MysqlAddress, MysqlHost, SslMode};

/// The password of the user that owns the server.
const PASSWORD: &str = "open sesame";
/// The program that makes the folder of a server's data.
const INSTALL: &str = "mariadb-install-db";

/// A server that listens on a socket and a port, in a folder of its own. Dropping it removes both.
struct Server {
    folder: tempfile::TempDir,
    port: u16,
    server: Option<Child>,
}

/// A program of the server's.
fn program(name: &str) -> Option<PathBuf> {
    ["/usr/bin", "/usr/sbin", "/usr/libexec"]
        .iter()
        .map(|folder| Path::new(folder).join(name))
        .find(|path| path.exists())
}

impl Server {
    /// A new one; `None`, with a message, if there is no such server here.
    fn start(test: &str) -> Option<Self> {
        let (Some(install), Some(_)) = (program(INSTALL), program("mariadbd")) else {
            assert!(std::env::var("CI").as_deref() != Ok("true"), "{test} is skipped: no {INSTALL}");
            eprintln!("skipped: {test}: there is no {INSTALL}");
            return None;
        };
        let folder = tempfile::tempdir().expect("a folder");
        // It was free a moment ago. If another program takes it meanwhile, the test fails.
        let port = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
        let server = Self { folder, port, server: None };
        if let Some(user) = runs_as("mysql") {
            std::os::unix::fs::chown(server.folder.path(), Some(user.uid.as_raw()), None).expect("an owner");
        }
        let made = server
            .program(install)
            .args(["--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve"])
            .output()
            .expect(INSTALL);
        assert!(made.status.success(), "{made:?}");
        let server = server.up();
        let open = MysqlAddress { password: None, database: "mysql".to_owned(), ..server.owner() };
        let run = |text: String| {
            let mut talk = super::super::mysql::Talk::begin(&open, String::new()).expect("a connection");
            talk.ask(Doing::Connect, &text).expect("a statement")
        };
        run("CREATE DATABASE shop".to_owned());
        run(format!("ALTER USER root@localhost IDENTIFIED BY '{PASSWORD}'"));
        Some(server)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn program(&self, program: PathBuf) -> Command {
        let mut command = Command::new(program);
        command.arg("--no-defaults").arg(format!("--datadir={}", self.path("data").display()));
        // At its start a server removes files that look like temporary tables of an earlier one.
        command.env("TMPDIR", self.folder.path()).current_dir("/").stdin(Stdio::null());
        if let Some(user) = runs_as("mysql") {
            command.arg(format!("--user={}", user.name));
        }
        command
    }

    /// Starts the server, and waits until it answers.
    fn up(mut self) -> Self {
        let tls = |name: &str| format!("{}/tests/targets/tls/{name}", env!("CARGO_MANIFEST_DIR"));
        // The server's user may not look into our folders.
        for name in ["server.pem", "server.key"] {
            std::fs::copy(tls(name), self.path(name)).expect("a file");
            if let Some(user) = runs_as("mysql") {
                std::os::unix::fs::chown(self.path(name), Some(user.uid.as_raw()), None).expect("an owner");
            }
        }
        let mut server = self.program(program("mariadbd").expect("a server"));
        server.arg(format!("--socket={}", self.path("m.sock").display()));
        server.args([format!("--port={}", self.port), "--bind-address=127.0.0.1".to_owned()]);
        server.arg(format!("--pid-file={}", self.path("pid").display()));
        server.arg(format!("--ssl-cert={}", self.path("server.pem").display()));
        server.arg(format!("--ssl-key={}", self.path("server.key").display()));
        server.args(["--max-connections=10", "--innodb-lock-wait-timeout=1", "--skip-log-bin"]);
        server.args(["--innodb-buffer-pool-size=16M", "--innodb-flush-log-at-trx-commit=0"]);
        let log = std::fs::File::create(self.path("log")).expect("a log");
        self.server = Some(server.stdout(Stdio::null()).stderr(log).spawn().expect("a server"));
        let began = Instant::now();
        while let Err(SqlError::NoServer { source, .. }) = self.store(self.owner()).about() {
            let log = || std::fs::read_to_string(self.path("log")).unwrap_or_default();
            assert!(began.elapsed() < Duration::from_secs(60), "{source}: {}", log());
            std::thread::sleep(Duration::from_millis(20));
        }
        self
    }

    /// Ends the server at once, like a crash.
    fn crash(&mut self) {
        let mut server = self.server.take().expect("a server");
        kill(Pid::from_raw(server.id() as i32), Signal::SIGKILL).expect("a signal");
        server.wait().expect("an end");
    }

    fn address(&self, user: &str, password: Option<&str>) -> MysqlAddress {
        let text = format!("mysql://{user}@/shop");
        let Ok(Address::Mysql(address)) = Address::parse(&text) else { panic!("{text}") };
        let host = MysqlHost::Socket(self.path("m.sock"));
        MysqlAddress { host, port: self.port, password: password.map(str::to_owned), ..*address }
    }

    fn owner(&self) -> MysqlAddress {
        self.address("root", Some(PASSWORD))
    }

    /// The same through the network.
    fn by_port(&self, address: MysqlAddress) -> MysqlAddress {
        MysqlAddress { host: MysqlHost::Name("localhost".to_owned()), ..address }
    }

    fn store(&self, address: MysqlAddress) -> SqlStore {
        let choices = SqlChoices {
            isolation: Isolation::ReadCommitted,
            lock: SqlLock::Row,
            ..SqlChoices::new(Engine::Mysql)
        };
        SqlStore::new(choices, Address::Mysql(Box::new(address)), SaleName::default()).expect("a store")
    }

    fn run(&self, statement: &str) {
        let store = self.store(self.owner());
        let mut books = store.books(false).expect("a connection");
        books.apply(Doing::Connect, &[statement.to_owned()]).expect(statement);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.server.is_some() {
            self.crash();
        }
    }
}

#[test]
fn a_server_that_asks_for_passwords_gets_the_right_one_over_socket_port_and_tls() {
    let Some(server) = Server::start("a_server_that_asks_for_passwords") else { return };
    server.run("CREATE USER ann IDENTIFIED BY 'of Ann'");
    server.run("GRANT ALL ON shop.* TO ann");
    for (user, right) in [("root", PASSWORD), ("ann", "of Ann")] {
        let own = server.address(user, Some(right));
        assert_eq!(server.store(own.clone()).put_on_sale(Some(2)).expect(user), 2);
        assert_eq!(server.store(server.by_port(own)).stock_left().expect(user), 2);
        let error = server.store(server.address(user, Some("wrong word"))).stock_left();
        let error = error.expect_err("a wrong password").to_string();
        assert!(
            error.contains("is not let in: Access denied") && error.contains("using password: YES"),
            "{error}"
        );
        assert!(!error.contains("wrong word") && !error.contains("at hand"), "{error}");
        let error = server.store(server.address(user, None)).stock_left().expect_err("none").to_string();
        assert!(error.contains("no password was at hand"), "{error}");
    }
    // What nobody else may read is sent only over TLS.
    let is_tls = "SELECT variable_value <> '' FROM information_schema.session_status WHERE variable_name = 'ssl_cipher'";
    let through = |ssl_mode, root: Option<&str>| {
        let ssl_root =
            root.map(|name| format!("{}/tests/targets/tls/{name}", env!("CARGO_MANIFEST_DIR")).into());
        let address = MysqlAddress { ssl_mode, ssl_root, ..server.by_port(server.owner()) };
        server.store(address).books(false).and_then(|mut books| books.number(Doing::Connect, is_tls))
    };
    assert_eq!(through(SslMode::Disable, None).expect("a server"), Some(0));
    for mode in [SslMode::Prefer, SslMode::Require] {
        assert_eq!(through(mode, None).expect("a server"), Some(1), "{mode}");
    }
    for mode in [SslMode::VerifyCa, SslMode::VerifyFull] {
        assert_eq!(through(mode, Some("ca.pem")).expect("a server"), Some(1), "{mode}");
        let stranger = through(mode, None).expect_err("an authority of its own");
        assert!(matches!(stranger, SqlError::Tls { .. }), "{stranger}");
    }
    // An account that is proven by a method that we do not have is reported.
    let error = {
        server.run("INSTALL SONAME 'auth_ed25519'");
        server.run("CREATE USER ed IDENTIFIED VIA ed25519 USING PASSWORD('x')");
        server.store(server.address("ed", Some("x"))).stock_left().expect_err("another proof").to_string()
    };
    assert!(error.contains("client_ed25519") && error.contains("mysql_native_password"), "{error}");
}

#[test]
fn a_server_that_is_full_impatient_or_crashes_says_so_and_leaves_the_books_in_order() {
    let Some(mut server) = Server::start("a_server_that_is_full") else { return };
    server.run("CREATE USER shop IDENTIFIED BY 'word'");
    server.run("GRANT ALL ON shop.* TO shop");
    let store = server.store(server.address("shop", Some("word")));
    store.put_on_sale(Some(3)).expect("tickets");
    let recorder = recorder(20);
    let room = store.most_connections().expect("a server").expect("a limit");
    assert!(room.free > 0 && room.because.to_string().contains("max_connections = 10"), "{room:?}");
    let mut sessions = until_full(&store, &recorder);
    assert!(sessions.len() as u64 >= room.free, "{} sessions, {room:?}", sessions.len());

    let mut session = sessions.remove(0);
    let mut late = sessions.remove(0);
    drop(sessions);
    session.perform(Action::Begin);
    assert_eq!(session.perform(Action::ReadForUpdate), Reply::Stock(3));
    // A buyer that waits longer than the server allows gets an error, and has changed nothing.
    late.perform(Action::Begin);
    let waited = Reply::Failed(Fault::of_store(FaultKind::LockTimeout, StoreCode(1205)));
    assert_eq!(late.perform(Action::ReadForUpdate), waited);
    assert_eq!(late.perform(Action::Rollback), Reply::Done);
    assert_eq!(session.perform(Action::Write(2)), Reply::Sold(3));
    server.crash();
    let lost = session.perform(Action::Commit);
    assert!(matches!(lost, Reply::Failed(fault) if fault.kind == FaultKind::AnswerLost), "{lost:?}");
    let error = store.stock_left().expect_err("no server").to_string();
    assert!(error.contains("no server there"), "{error}");
    let _up_again = server.up();
    assert_eq!(store.stock_left().expect("a stock"), 3);
}
