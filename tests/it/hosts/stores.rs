//! Sales on several hosts from stores that all of them reach.

use serde_json::json;

use super::{Joined, Lead};
use crate::redis::Shop;

/// Three hosts sell from one Redis: without a lock they oversell, and the verdict sees it across hosts.
#[test]
fn hosts_sell_from_one_redis() {
    let Some(shop) = Shop::new() else { return };
    let folder = &shop.folder;
    for (options, code) in [("--write take", 0), ("", 1), ("--write take --workers thread", 0)] {
        let sale =
            format!("--hosts 3 -n 10 -t 100 --per-buyer all --think 1ms --json {} {options}", shop.place);
        let lead = Lead::start(folder, &sale);
        let hosts = ["a", "b", "c"].map(|name| Joined::start(folder, lead.port, name, ""));
        let (ran, document) = lead.end();
        assert_eq!(ran, Some(code), "{options}: {document}");
        assert!(document["at_once"].as_u64().expect("a number") > 1, "{document}");
        assert!(document["go_spread_ns"].is_u64(), "{document}");
        let shares: Vec<_> =
            document["hosts"].as_array().expect("hosts").iter().map(|host| &host["buyers"]).collect();
        assert_eq!(shares, [&json!(4), &json!(3), &json!(3)]);
        let command = document["command"].as_str().expect("a command");
        assert!(command.starts_with("ticketsim lead --hosts 3 --buyers 10"), "{command}");
        for host in hosts {
            let (code, said) = host.end();
            assert!(code == Some(0) && said.contains("of 10") && said.contains("the lead says"), "{said}");
        }
    }
}

/// A SQLite file that hosts share: each says where it is for it.
#[cfg(feature = "sqlite")]
#[test]
fn hosts_sell_from_one_sqlite_file() {
    let folder = crate::harness::Folder::new();
    let lead = Lead::start(&folder, "--hosts 2 -n 4 -t 3 --json --store sqlite:shop.db --write take");
    let (code, said) = Joined::start(&folder, lead.port, "x", "").end();
    assert!(code == Some(2) && said.contains("--store sqlite:PATH"), "{said}");
    let hosts = ["a", "b"].map(|name| Joined::start(&folder, lead.port, name, "--store sqlite:shop.db"));
    let (code, document) = lead.end();
    assert_eq!((code, &document["receipts"]), (Some(0), &json!(3)), "{document}");
    hosts.into_iter().for_each(|host| assert_eq!(host.end().0, Some(0)));
}
