//! `ticketsim race` on targets that sell with a race, with a lock, and in all manners of answering: each racy
//! one is caught, each locked one never.

mod commands;
mod gate;
mod manners;
mod requests;

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::harness::Folder;

/// A script of tests/targets.
fn target(name: &str) -> String {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "tests", "targets", name].iter().collect();
    path.to_str().expect("text").to_owned()
}

/// A shop that is open as long as it is held.
struct Shop {
    process: Child,
    port: u16,
}

impl Shop {
    /// Opens a shop in this folder, with these arguments of `shop.py`.
    fn open(folder: &Folder, args: &str) -> Self {
        let mut process = Command::new("python3")
            .arg(target("shop.py"))
            .args(args.split_whitespace())
            .current_dir(folder.root())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("python3 runs");
        let mut line = String::new();
        BufReader::new(process.stdout.take().expect("its output")).read_line(&mut line).expect("its port");
        Self { process, port: line.trim().parse().expect("a port") }
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// The usual arguments of a race at this shop.
    fn race(&self, trials: u32) -> Vec<String> {
        let words = [
            "race",
            "--tickets",
            "5",
            "--settle",
            "20ms",
            "--trials",
            &trials.to_string(),
            "--http",
            &format!("POST {}", self.url("/buy")),
            "--stock",
            &self.url("/stock#$.left"),
            "--reset",
            &format!("POST {}", self.url("/reset?n=5")),
        ];
        words.map(ToOwned::to_owned).to_vec()
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Runs it with `--json` and more options, which take the place of those that they repeat: its exit code, and
/// its document.
fn race(folder: &Folder, args: &[String], more: &[&str]) -> (Option<i32>, Value) {
    let mut args: Vec<&str> = args.iter().map(String::as_str).collect();
    for option in more.iter().take_while(|word| **word != "--") {
        if let Some(place) = args.iter().position(|known| option.starts_with("--") && known == option) {
            args.drain(place..place + 2);
        }
    }
    let args = args.into_iter().chain(["--json"]).chain(more.iter().copied());
    let output = folder.command(args).output().expect("ticketsim runs");
    let stdout = String::from_utf8(output.stdout).expect("UTF-8");
    let document = serde_json::from_str(&stdout);
    let document = document.unwrap_or_else(|error| {
        panic!("{error}: {stdout} {}", String::from_utf8_lossy(&output.stderr));
    });
    (output.status.code(), document)
}

/// Asserts that it was caught in at least 19 of 20 trials.
fn assert_caught((code, document): (Option<i32>, Value)) {
    assert_eq!((code, &document["verdict"]), (Some(1), &"unsound".into()), "{document}");
    let rate = &document["rate"];
    assert!(rate["caught"].as_u64() >= Some(19) && rate["judged"] == 20, "{document}");
}

/// Asserts that it was sound in every trial.
fn assert_sound((code, document): (Option<i32>, Value)) {
    assert_eq!((code, &document["verdict"]), (Some(0), &"sound".into()), "{document}");
    for trial in document["trials"].as_array().expect("trials") {
        assert_eq!((&trial["receipts"], &trial["after"]), (&5.into(), &0.into()), "{document}");
        assert!(trial["overlap"]["at_once"].as_u64() > Some(1), "{document}");
    }
}
