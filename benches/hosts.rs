//! Three hosts against one Redis, beside the same buyers on one: sales a second, in pairs, since a machine's mood lasts
//! longer than a pair. All of them are on this machine, so that the difference is what lead and chunks cost.
//!
//! `TICKETSIM_REDIS` says where the server is, unless it is redis://127.0.0.1:6379. Lead and hosts are ticketsim itself.

use std::process::{Child, Command, Output, Stdio};

const TICKETSIM: &str = env!("CARGO_BIN_EXE_ticketsim");
const TOKEN: &str = "a-benchmark-is-no-secret";
/// So many buyers, and tickets: a second or two.
const SALE: &str = "-n 9 -t 40000 --per-buyer all --think 0 --write take --json --progress never";
const PAIRS: usize = 9;

fn command(args: &str) -> Command {
    let mut command = Command::new(TICKETSIM);
    command.args(args.split_whitespace()).env("TICKETSIM_TOKEN", TOKEN).stderr(Stdio::null());
    command
}

/// How many it sold a second, if all is well.
fn rate(ran: &Output) -> f64 {
    assert!(ran.status.success(), "{ran:?}");
    let document: serde_json::Value = serde_json::from_slice(&ran.stdout).expect("a document");
    document["sales_per_s"].as_f64().expect("a number")
}

fn on_one(place: &str) -> f64 {
    rate(&command(&format!("{place} {SALE}")).output().expect("it runs"))
}

fn on_three(place: &str, port: u16) -> f64 {
    let lead = command(&format!("lead --listen 127.0.0.1:{port} --hosts 3 {place} {SALE}"));
    let lead = { lead }.stdout(Stdio::piped()).spawn().expect("it starts");
    let address = ("127.0.0.1", port);
    while std::net::TcpStream::connect(address).is_err() {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let join =
        |_| command(&format!("join 127.0.0.1:{port}")).stdout(Stdio::null()).spawn().expect("it starts");
    let hosts: Vec<Child> = (0..3).map(join).collect();
    let sold = rate(&lead.wait_with_output().expect("it ends"));
    for mut host in hosts {
        assert!(host.wait().expect("it ends").success());
    }
    sold
}

fn main() {
    let url = std::env::var("TICKETSIM_REDIS").unwrap_or_else(|_| "redis://127.0.0.1:6379".to_owned());
    let place = format!("--store {url} --sale bench_hosts_{}", std::process::id());
    let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    let port = free.expect("a port").port();
    // `cargo bench -- --test` wants to see that it runs, not how fast.
    let pairs = if std::env::args().any(|arg| arg == "--test") { 1 } else { PAIRS };
    let mut ratios = Vec::new();
    for pair in 0..pairs {
        // Neither is always the first.
        let (one, three) = if pair % 2 == 0 {
            let one = on_one(&place);
            (one, on_three(&place, port))
        } else {
            let three = on_three(&place, port);
            (on_one(&place), three)
        };
        println!("one host {one:.0}, three hosts {three:.0} sales a second: {:.2}", three / one);
        ratios.push(three / one);
    }
    let cleared = command(&format!("clear {place}")).stdout(Stdio::null()).status();
    assert!(cleared.is_ok_and(|status| status.success()), "what was sold is cleared away");
    ratios.sort_by(f64::total_cmp);
    println!(
        "three hosts sell {:.2} ({:.2} to {:.2}) of what one does",
        ratios[pairs / 2],
        ratios[0],
        ratios[pairs - 1]
    );
}
