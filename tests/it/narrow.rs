//! Terminals of 60 columns: no command prints a line that is wider, but for what is copied as it is (a command, a line of
//! a log) and what can't be broken (a path). Wide characters count as two columns.

use unicode_width::UnicodeWidthStr;

use crate::harness::{Folder, Ran, TICKETSIM};

const COLUMNS: usize = 60;

/// What a command shows in a terminal of so many columns, made by util-linux.
fn in_a_terminal(folder: &Folder, columns: usize, lang: &str, args: &str) -> Ran {
    let locale = if lang == "zh" { "zh_CN.UTF-8" } else { "C.UTF-8" };
    let command = format!("stty cols {columns} rows 40; exec env LC_ALL={locale} {TICKETSIM} {args}");
    folder.write("command.sh", command);
    folder.bash("script -qefc 'bash command.sh' /dev/null < /dev/null")
}

/// The lines of what was shown as they stay on the screen: a progress that was taken away is not among them.
fn lines(shown: &str) -> Vec<String> {
    let plain = anstream::adapter::strip_str(shown).to_string().replace("\r\n", "\n");
    plain.lines().map(|line| line.rsplit('\r').next().unwrap_or_default().to_owned()).collect()
}

fn may_be_wide(line: &str) -> bool {
    let content = line.trim_start();
    let is_copied = ["ticketsim ", "{", "sqlite3 "].iter().any(|begin| content.starts_with(begin));
    is_copied || !content.contains(' ')
}

/// The commands, and what has to be found in each in English: one that prints nothing fits everywhere.
const COMMANDS: &[(&str, &str)] = &[
    ("-n 3 -t 1 --no-lock -v --file sale.json", "UNSOUND"),
    ("-n 40 -t 5 -v --file sale.json", "SOUND"),
    ("-n 3 -t 1 -q --no-lock --file sale.json", "UNSOUND"),
    ("-n 3 -t 1 --mishap 'kill first before write' --file sale.json", "killed"),
    ("-n 3 -t 1 --store sqlite:shop.db --isolation deferred", "tickets left"),
    ("explore -n 2 -t 1 --no-lock", "UNSOUND"),
    ("explore -n 3 -t 2 --no-lock --write truncate", "torn_read"),
    ("explore -n 3 -t 1", "every one of the 6"),
    ("explore -n 2 -t 1 --store postgres --isolation serializable --retry", "PostgreSQL"),
    ("explore -n 20 -t 1 --no-lock --sample 100", "drawn"),
    ("explore -n 2 -t 1 --lock lease --kills 1", "lost_stock"),
    ("check unsound.jsonl", "UNSOUND"),
    ("check unsound.jsonl missing.jsonl", "can't be read"),
    ("check last-two.json", "neither a purchase"),
    ("report unsound.jsonl", "refused early"),
    ("schedule run.jsonl", "To replay it"),
    ("matrix --trials 1 --workers thread --lock flock,posix", "posix on ticket"),
    ("matrix --trials 1 --workers process --lock flock --kill", "holder killed"),
    (
        "matrix --trials 1 --store sqlite:one.db --store sqlite:two.db --protocol one-statement",
        "one-statement",
    ),
    ("matrix --compare a.json a.json", "Grades"),
    ("protocols", "check-then-set"),
    ("protocols check-then-set", "goes wrong"),
    ("protocols lease-fenced", "fence"),
    (
        "race --trials 2 -n 3 -t 2 --stock 'cat stock' --reset 'echo 2 > stock' --bought exit=0 --refused exit=1 -- sh buy.sh",
        "trial",
    ),
    ("replay -n 2 -t 1 --no-lock --file sale.json 'R1 R2 W1 W2'", "UNSOUND"),
    ("replay -n 2 -t 1 --file sale.json 'L1 R1 L2'", "has to wait"),
    ("show --file sale.json", "left"),
    ("lesson", "process"),
    ("lesson process --fast", "child"),
    ("lesson lock --fast", "Without a lock"),
    ("steps", "read-for-update"),
    ("help locks", "semaphore"),
    ("anomalies", "lost_update"),
    ("logging", "JMeter"),
    ("--help", "Examples"),
    ("-h", "Exit code"),
    ("explore --help", "--max-states"),
    ("replay --help", "SCHEDULE"),
    ("step --help", "--html"),
    ("schedule --help", "replay"),
    ("check --help", "--columns"),
    ("report --help", "--output"),
    ("matrix --help", "--until"),
    ("race --help", "--gate"),
    ("show --help", "tickets"),
    ("lesson --help", "--source"),
    ("protocols --help", "--json"),
    ("man --help", "--dir"),
    ("--buyers 0", "30,000"),
    ("--lok", "--lock"),
    ("matrix --until 50%", "15%"),
    ("replay R1 W1", "error"),
];

#[test]
fn no_command_is_wider_than_a_narrow_terminal() {
    let folder = Folder::new();
    for name in ["unsound.jsonl", "last-two.json"] {
        let sample = format!("{}/data/{name}", env!("CARGO_MANIFEST_DIR"));
        folder.write(name, std::fs::read(sample).expect("a sample"));
    }
    folder.write("buy.sh", "n=$(cat stock); [ $n -gt 0 ] || exit 1; sleep 0.01; echo $((n-1)) > stock");
    folder.write("stock", "2\n");
    let ran = folder.ticketsim("-n 3 -t 1 --no-lock --file sale.json --history run.jsonl");
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let ran =
        folder.ticketsim("matrix --trials 1 --workers thread --lock flock --write overwrite --json --dir .");
    folder.write("a.json", ran.stdout);
    let mut wrong: Vec<String> = Vec::new();
    for (args, said) in COMMANDS {
        for lang in ["en", "zh"] {
            let lines = lines(&in_a_terminal(&folder, COLUMNS, lang, args).stdout);
            let whole = lines.join(" ").split_whitespace().collect::<Vec<_>>().join(" ");
            if lang == "en" && !whole.contains(said) {
                wrong.push(format!("{args}: no {said}: {whole}"));
            }
            let too_wide = |line: &&String| !may_be_wide(line) && line.width() > COLUMNS;
            wrong.extend(lines.iter().filter(too_wide).map(|line| format!("{args}, {lang}: {line}")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The shape of a table is that of the terminal: the same matrix is a table where there is room, and in a pipe.
#[test]
fn a_matrix_is_a_table_where_there_is_room() {
    let folder = Folder::new();
    let args = "matrix --trials 1 --workers thread --lock flock --write overwrite --dir .";
    for (columns, is_table) in [(60, false), (100, true), (200, true)] {
        let shown = in_a_terminal(&folder, columns, "en", args).stdout;
        assert_eq!(shown.contains("──────"), is_table, "{columns}: {shown}");
        assert_eq!(shown.contains("[1] Nothing keeps others out"), columns < 200, "{columns}: {shown}");
    }
    let piped = folder.ticketsim(args).stdout;
    let table = piped.lines().skip_while(|line| !line.contains("grade")).take_while(|line| !line.is_empty());
    let widest = table.map(UnicodeWidthStr::width).max().expect("a table");
    assert!((60..=120).contains(&widest), "{widest}: {piped}");
}
