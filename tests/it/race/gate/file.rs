//! The gate as a file says it.

use super::{Tables, target};
use crate::harness::Folder;

#[test]
fn a_file_says_all_of_it_and_the_command_line_comes_before_it() {
    let Some(tables) = Tables::new() else { return };
    let folder = Folder::new();
    let own = &tables.name;
    folder.write(
        "shop.toml",
        format!(
            "buyers = 2\ntickets = 1\nhttp = 'POST http://127.0.0.1:{{port}}/buy'\n\
             stock = 'http://127.0.0.1:{{port}}/stock#$.left'\nreset = 'POST http://127.0.0.1:{{port}}/reset?n=1'\n\
             serve = \"exec python3 '{}' {{port}} racy --table {own}\"\nenv = ['DATABASE_URL={1}']\n\
             gate = ['{1}']\nreplays = 5\nexpect = 'unsound'\n",
            target("gated.py"),
            tables.url
        ),
    );
    let found = folder.ticketsim("race --from shop.toml --json");
    assert_eq!(found.code, Some(0), "{found:?}");
    let document: serde_json::Value = serde_json::from_str(&found.stdout).expect("JSON");
    assert_eq!(document["verdict"], "unsound", "{document}");
    assert_eq!(document["replayed"], serde_json::json!({ "same": 5, "of": 5 }), "{document}");
    folder.write("one.order", format!("1:SELECT {own}, 1:UPDATE {own}, 2:SELECT {own}"));
    let one = folder.ticketsim("race --from shop.toml --order one.order --expect sound");
    assert!(one.code == Some(0) && one.stdout.contains("sound, as expected"), "{one:?}");
}

#[test]
fn what_is_wrong_in_a_file_is_told_with_its_place() {
    let folder = Folder::new();
    let rest = "tickets = 1\nbuyers = 2\nreset = 'true'\nhttp = 'http://127.0.0.1:1/'\n";
    for (line, message) in [
        ("gate = ['sqlite:x.db']", "x.toml:1:9: the gate stands before"),
        ("orders = 'all'", "x.toml: orders: it is for the gate, and there is none; say --gate"),
        ("gate = ['redis://h']\norders = 'most'", "x.toml:2:10: \"most\": it takes all"),
        ("gate = ['redis://h']\npatience = 'long'", "x.toml:2:12:"),
        ("gate = ['redis://h']\nbuyer = 7", "x.toml:2:1: unknown field"),
        ("gate = ['redis://h']\nper-buyer = 2", "x.toml: per-buyer: the gate takes one purchase"),
    ] {
        folder.write("x.toml", format!("{line}\n{rest}"));
        let told = folder.ticketsim("race --from x.toml");
        assert!(told.code == Some(2) && told.stderr.contains(message), "{line}: {told:?}");
    }
    let told = folder.ticketsim("race -t 1 --http http://127.0.0.1:1/ --patience 1s");
    assert!(
        told.code == Some(2)
            && told.stderr.contains("--patience: it is for the gate, and there is none; say --gate"),
        "{told:?}"
    );
}
