//! A ticket file that hosts have under paths of their own.

use serde_json::{Value, json};

use super::{Joined, Lead};
use crate::harness::{Folder, kinds};
use crate::paths_of_one::two_clients;

fn sell(folder: &Folder, options: &str, paths: [&str; 2]) -> (Option<i32>, Value) {
    let sale = "--hosts 2 -n 8 -t 60 --per-buyer all --think 1ms --json --file shared/t.json";
    let lead = Lead::start(folder, &format!("{sale} {options}"));
    let hosts = [("a", paths[0]), ("b", paths[1])];
    let hosts = hosts.map(|(name, path)| Joined::start(folder, lead.port, name, &format!("--via {path}")));
    let ended = lead.end();
    drop(hosts);
    ended
}

/// Two bindfs mounts are two clients: each knows its own flocks alone, and a lockfile is there for both. (Where the file is
/// opened anew for each read: each client keeps what it has read of one that stays open.)
#[test]
fn a_flock_does_not_reach_the_other_hosts_mount_and_a_lockfile_does() {
    let folder = Folder::new();
    let Some(_mounts) = two_clients(&folder) else { return };
    folder.write("data/t.json", "{\"ticket\": 1}");
    let paths = ["m1/t.json", "m2/t.json"];
    for _ in 0..2 {
        let (code, document) = sell(&folder, "--lock lockfile --write rename", paths);
        assert_eq!((code, &document["receipts"]), (Some(0), &json!(60)), "{document}");
    }
    let (code, document) = sell(&folder, "--lock flock --write rename", paths);
    assert_eq!(code, Some(1), "{document}");
    assert!(kinds(&document).contains(&"lost_update"), "{document}");
    // Control: through one mount it does.
    let (code, document) = sell(&folder, "--lock flock --write rename", ["m1/t.json", "m1/t.json"]);
    assert_eq!((code, &document["receipts"]), (Some(0), &json!(60)), "{document}");
}

/// Two files are two stocks: who would sell from both would sell everything twice.
#[test]
fn hosts_that_see_another_file_are_found_out_before_anything_is_sold() {
    let folder = Folder::new();
    for name in ["t.json", "copy.json"] {
        folder.write(name, "{\"ticket\": 60}");
    }
    folder.write("other", "no ticket file");
    let sale = "--hosts 2 -n 8 -t 60 --json";
    for (path, said) in
        [("copy.json", "sees another stock"), ("other", "other"), ("missing.json", "missing.json")]
    {
        let mut lead = Lead::start(&folder, sale);
        let one = Joined::start(&folder, lead.port, "one", "--via t.json");
        crate::harness::eventually("it is there", || lead.said().contains("(1 of 2)"));
        let two = Joined::start(&folder, lead.port, "two", &format!("--via {path}"));
        assert_eq!(lead.child.wait().expect("it ends").code(), Some(2), "{path}");
        let words = lead.said();
        assert!(words.contains(said) && words.contains("nothing was sold"), "{path}: {words}");
        for host in [one, two] {
            let (code, said) = host.end();
            assert!(code == Some(2) && said.contains("error"), "{said}");
        }
    }
    assert_eq!(
        (folder.read("copy.json"), folder.read("other")),
        ("{\"ticket\": 60}".into(), "no ticket file".into())
    );
}

/// A host uses no path of its lead's: where the file is here, it has to be told.
#[test]
fn a_host_takes_no_path_from_its_lead() {
    let folder = Folder::with_ticket_file("{\"ticket\": 1}");
    let sale = "--hosts 1 -n 2 -t 1 --json --file data/ticket.json";
    let lead = Lead::start(&folder, sale);
    for (args, said) in [
        ("", "nobody has said where it is on this host; say it with --via PATH"),
        ("--store sqlite:x.db", "the sale is from a ticket file"),
        ("--via a --via a --via a", "3 names of the ticket file and 2 buyers"),
    ] {
        let (code, words) = Joined::start(&folder, lead.port, "a", args).end();
        assert!(code == Some(2) && words.contains(said), "{args}: {words}");
    }
    let host = Joined::start(&folder, lead.port, "a", "--via data/ticket.json");
    assert_eq!(lead.end().0, Some(0));
    assert_eq!(host.end().0, Some(0));
    for (args, said) in [
        ("-n 2 -t 1 --hosts 3", "take more --buyers"),
        ("-n 2 --hosts 2", "with --tickets"),
        ("-n 2 -t 1 --hosts 2 --inherit", "leave --inherit out"),
        ("-n 2 -t 1 --hosts 2 --via x.json", "join --via"),
        ("-n 2 -t 1 --hosts 2 --workers sequential", "leave --workers sequential out"),
        ("-n 2 -t 1", "--hosts <N>"),
    ] {
        let ran = folder.ticketsim(&format!("lead --listen 127.0.0.1:0 {args}"));
        assert!(ran.code == Some(2) && ran.stderr.contains(said) && ran.stdout.is_empty(), "{args}: {ran:?}");
    }
}

/// What befalls a buyer befalls it on the host where it is, under its number among all.
#[test]
fn a_mishap_befalls_the_buyer_that_it_is_for() {
    let folder = Folder::new();
    folder.write("t.json", "{\"ticket\": 1}");
    let args = ["--hosts", "3", "-n", "9", "-t", "30", "--think", "1ms", "--per-buyer", "2", "--json"];
    let mishap = ["--mishap", "kill 5 before write"];
    let lead = Lead::start_with(&folder, &[&args[..], &mishap].concat());
    let hosts = ["a", "b", "c"].map(|name| Joined::start(&folder, lead.port, name, "--via t.json"));
    let (code, document) = lead.end();
    assert_eq!(code, Some(0), "{document}");
    assert_eq!(document["receipts"], json!(16), "{document}");
    let [befallen] = document["mishaps"].as_array().expect("mishaps").as_slice() else {
        panic!("{document}")
    };
    assert_eq!((&befallen["buyer"], &befallen["mishap"]), (&json!(5), &json!("kill")), "{document}");
    assert_eq!(document["buyers"][4]["killed_by"], json!(9), "{document}");
    hosts.into_iter().for_each(|host| assert_eq!(host.end().0, Some(0)));
}
