//! The samples that come with the command.

use crate::harness::Folder;

/// What the documentation checks is there without the repository: every sample, under its name, as its file.
#[test]
fn samples_come_with_the_command() {
    let folder = Folder::new();
    for (name, code) in [("unsound", 1), ("shop", 0), ("box-office", 0), ("jepsen", 1)] {
        let file = format!("{name}.jsonl");
        folder.write(
            &file,
            std::fs::read(format!("{}/data/{file}", env!("CARGO_MANIFEST_DIR"))).expect("a sample"),
        );
        let [sample, of_file] =
            [format!("check --sample {name}"), format!("check {file}")].map(|args| folder.ticketsim(&args));
        assert_eq!((sample.code, &sample.stdout), (Some(code), &of_file.stdout), "{sample:?}");
    }
    let ran = folder.ticketsim("check --sample nosuch");
    assert_eq!(ran.code, Some(2));
    assert!(
        ["unsound", "shop", "box-office", "jepsen"].iter().all(|name| ran.stderr.contains(name)),
        "{ran:?}"
    );
    assert_eq!(folder.ticketsim("check").code, Some(2), "nothing to judge");
}
