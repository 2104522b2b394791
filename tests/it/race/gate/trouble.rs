//! What goes wrong around the gate: databases that are not there, orders that are none, ends in the middle.

use std::process::Stdio;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::{Tables, target};
use crate::harness::Folder;

const RACE: &str = "-n 2 -t 1 --http http://127.0.0.1:1/ --reset true";

#[test]
fn a_database_that_is_not_there_is_told_at_once() {
    let folder = Folder::new();
    for (gate, message) in [
        ("postgres://postgres@127.0.0.1:1/shop", "127.0.0.1:1"),
        ("redis://127.0.0.1:1", "redis://127.0.0.1:1"),
        ("redis://127.0.0.1:99999", "port"),
        ("postgres:/127.0.0.1/shop", "--gate"),
        ("rediss://127.0.0.1", "TLS"),
        (
            "postgres:///shop?host=/var/run/postgresql",
            "error: --gate: the gate stands before a host and a port",
        ),
        ("postgres://postgres@no.such.host.invalid/shop", "no.such.host.invalid"),
        ("postgres://postgres@203.0.113.7/shop", "--remote"),
    ] {
        let began = Instant::now();
        let told = folder.ticketsim(&format!("race --gate {gate} {RACE}"));
        assert!(told.code == Some(2) && told.stderr.contains(message), "{gate}: {told:?}");
        assert_eq!(told.stderr.matches("error: ").count(), 1, "{gate}: {told:?}");
        assert!(began.elapsed() < Duration::from_secs(20), "{gate}");
    }
}

#[test]
fn orders_that_are_none_are_told_with_their_file() {
    let folder = Folder::new();
    let gate = "--gate postgres://postgres@127.0.0.1:1/shop";
    folder.write("empty.order", "# nothing\n");
    folder.write("broken.order", "1:SELECT a, what");
    folder.write("bytes.order", [0xff_u8, 0xfe, b'1']);
    folder.write("far.order", "1:SELECT a, 3:SELECT a");
    folder.write("huge.order", "1:SELECT a,\n".repeat(2_000_000));
    for name in
        ["empty.order", "broken.order", "bytes.order", "far.order", "huge.order", "missing.order", "."]
    {
        let told = folder.ticketsim(&format!("race {gate} {RACE} --order {name}"));
        let message = if name == "far.order" { "--order: 3:SELECT a: there are 2 buyers" } else { name };
        assert!(told.code == Some(2) && told.stderr.contains(message), "{name}: {told:?}");
        assert!(!told.stderr.contains("127.0.0.1:1/shop"), "{name}: {told:?}");
    }
}

/// In the middle of it: the shop ends with it, and its file is as it was, or says where it lies.
#[test]
fn an_end_in_the_middle_leaves_the_shop_as_it_was() {
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGKILL] {
        let Some(tables) = Tables::new() else { return };
        let folder = Folder::new();
        let text = format!("database = {}\n", tables.url);
        folder.write("shop.ini", text.clone());
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .and_then(|own| own.local_addr())
            .expect("a port")
            .port();
        let args = format!(
            "race --gate {} -n 3 -t 1 --gate-file shop.ini --http POST@http://127.0.0.1:{port}/buy --stock \
             http://127.0.0.1:{port}/stock#$.left --reset POST@http://127.0.0.1:{port}/reset?n=1 -- python3 {} {port} \
             receipts --table {} --config {}",
            tables.url,
            target("gated.py"),
            tables.name,
            folder.path("shop.ini").display()
        );
        let args: Vec<String> = args.split_whitespace().map(|word| word.replace("POST@", "POST ")).collect();
        let mut command = folder.command(args.iter().map(String::as_str));
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("ticketsim runs");
        let until = Instant::now() + Duration::from_secs(20);
        let listens = || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok();
        while !listens() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(20));
        }
        std::thread::sleep(Duration::from_millis(1500));
        kill(Pid::from_raw(i32::try_from(child.id()).expect("a number")), signal).expect("it runs");
        let output = child.wait_with_output().expect("its end");
        while listens() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(20));
        }
        assert!(!listens(), "{signal}: the shop has ended");
        if signal == Signal::SIGKILL {
            let again = folder.command(args.iter().map(String::as_str)).output().expect("ticketsim runs");
            let said = String::from_utf8_lossy(&again.stderr).into_owned();
            assert!(again.status.code() == Some(2) && said.contains("was never put back"), "{said}");
            assert_eq!(folder.read("shop.ini.before-gate"), text);
        } else {
            assert_eq!(output.status.code(), Some(130), "{signal}: {output:?}");
            assert_eq!(folder.read("shop.ini"), text, "{signal}");
        }
    }
}

/// The database ends the shop's connections in the middle of the replays: what was found stays found, and the end is told.
#[test]
fn a_database_that_ends_its_connections() {
    let Some(tables) = Tables::new() else { return };
    let end = format!(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%{}%' AND pid <> pg_backend_pid()",
        tables.name
    );
    let (url, done) = (tables.url.clone(), std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false)));
    let over = std::sync::Arc::clone(&done);
    let ender = std::thread::spawn(move || {
        let began = Instant::now();
        while !over.load(std::sync::atomic::Ordering::Relaxed) && began.elapsed() < Duration::from_secs(100) {
            std::thread::sleep(Duration::from_millis(500));
            if began.elapsed() > Duration::from_secs(6) {
                let asked = std::process::Command::new("psql").args(["-q", &url, "-c", &end]).output();
                assert!(asked.expect("psql runs").status.success());
            }
        }
    });
    let (code, document) = super::gated(&tables, "racy --pool 2", "--replays 10000");
    done.store(true, std::sync::atomic::Ordering::Relaxed);
    ender.join().expect("it ends");
    assert!(document["why"].as_str().is_some(), "{document}");
    let verdict = document["verdict"].as_str().expect("a verdict");
    assert!(matches!((code, verdict), (Some(1), "unsound") | (Some(2), "unknown")), "{document}");
}

/// A pooler between the gate and the database: nobody can say who waits there, and that is said.
#[test]
fn a_pooler_behind_the_gate_is_told() {
    let Some(tables) = Tables::new() else { return };
    let rest = tables.url.trim_start_matches("postgres://");
    let (user, rest) = rest.rsplit_once('@').unwrap_or(("postgres", rest));
    let (place, database) = rest.split_once('/').expect("a database");
    let (host, port) = place.rsplit_once(':').unwrap_or((place, "5432"));
    let own =
        std::net::TcpListener::bind("127.0.0.1:0").and_then(|own| own.local_addr()).expect("a port").port();
    let mut pooler = std::process::Command::new("python3")
        .args([&target("pooler.py"), &own.to_string(), host, port])
        .spawn()
        .expect("python3 runs");
    let until = Instant::now() + Duration::from_secs(20);
    while std::net::TcpStream::connect(("127.0.0.1", own)).is_err() && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(20));
    }
    let behind =
        Tables { url: format!("postgres://{user}@127.0.0.1:{own}/{database}"), name: tables.name.clone() };
    let (code, document) = super::gated(&behind, "for_update --pool 2", "--timeout 3s");
    pooler.kill().and_then(|()| pooler.wait()).expect("its end");
    std::mem::forget(behind);
    assert_eq!((code, &document["verdict"]), (Some(2), &"unknown".into()), "{document}");
    assert!(
        document["why"].as_str().expect("why").contains("a pooler between the gate and the database"),
        "{document}"
    );
}
