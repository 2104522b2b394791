//! A password is passed through: a server of the test's own that lets nobody in without.

use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::gated_by;
use crate::race::target;

/// A server of PostgreSQL, with the password `wörd` of its user.
struct Server {
    child: Child,
    folder: tempfile::TempDir,
    port: u16,
}

fn programs() -> Option<PathBuf> {
    let folders = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    folders.map(|entry| entry.path().join("bin")).filter(|bin| bin.join("initdb").exists()).max()
}

/// Whom a server may run as: not root.
fn user() -> Option<(u32, u32)> {
    let user = nix::unistd::User::from_name("nobody").ok().flatten()?;
    nix::unistd::geteuid().is_root().then(|| (user.uid.as_raw(), user.gid.as_raw()))
}

impl Server {
    fn start() -> Option<Self> {
        let Some(bin) = programs() else {
            eprintln!("skipped: no initdb in /usr/lib/postgresql");
            return None;
        };
        let folder = tempfile::tempdir_in("/tmp").expect("a folder");
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("word"), "w\u{f6}rd").expect("written");
        let as_user = |mut command: Command| {
            if let Some((uid, gid)) = user() {
                command.uid(uid).gid(gid);
            }
            command.current_dir("/").stdout(Stdio::null()).stderr(Stdio::null());
            command
        };
        if let Some((uid, gid)) = user() {
            for place in [folder.path().to_owned(), path("word")] {
                std::os::unix::fs::chown(place, Some(uid), Some(gid)).expect("given away");
            }
        }
        let mut init = Command::new(bin.join("initdb"));
        init.args(["-N", "-U", "seller", "--auth=scram-sha-256", "-E", "UTF8", "--locale=C", "-D"])
            .arg(path("data"));
        init.arg(format!("--pwfile={}", path("word").display()));
        assert!(as_user(init).status().expect("initdb runs").success());
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .and_then(|own| own.local_addr())
            .expect("a port")
            .port();
        let mut postgres = Command::new(bin.join("postgres"));
        postgres.args(["-F", "-h", "127.0.0.1", "-p", &port.to_string(), "-k"]).arg(folder.path());
        postgres.arg("-D").arg(path("data"));
        let child = as_user(postgres).spawn().expect("postgres runs");
        let server = Self { child, folder, port };
        let until = Instant::now() + Duration::from_secs(60);
        let is_ready = || {
            let mut ask = Command::new(bin.join("pg_isready"));
            ask.args(["-q", "-h", "127.0.0.1", "-p", &port.to_string()]);
            ask.status().is_ok_and(|status| status.success())
        };
        while !is_ready() {
            assert!(Instant::now() < until, "it is there in time");
            std::thread::sleep(Duration::from_millis(50));
        }
        Some(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let pid = nix::unistd::Pid::from_raw(i32::try_from(self.child.id()).expect("a number"));
        // At once: nobody needs what it keeps.
        let _ = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGQUIT);
        let _ = self.child.wait();
        assert!(self.folder.path().starts_with("/tmp"));
    }
}

#[test]
fn a_password_is_passed_through() {
    let Some(server) = Server::start() else { return };
    let url = |word: &str| format!("postgres://seller:{word}@127.0.0.1:{}/postgres", server.port);
    let right = url("w%C3%B6rd");
    let shop = format!("{} {{port}} racy --pool 2", target("gated.py"));
    let gate = format!("--gate {right} --env DATABASE_URL={}", url("w\u{f6}rd"));
    let (code, document) = gated_by(&gate, &shop, "--replays 10");
    assert_eq!((code, &document["verdict"]), (Some(1), &"unsound".into()), "{document}");
    assert!(!document.to_string().contains("rd@"), "{document}");
}
