//! The lessons, each on its facts: order without mercy, times with plenty of room.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use unicode_width::UnicodeWidthStr as _;

use crate::harness::{Folder, Ran, children, eventually};

const LESSONS: [&str; 11] = [
    "process",
    "join",
    "many",
    "worker",
    "isolation",
    "daemon",
    "lock",
    "server",
    "protocols",
    "isolation-levels",
    "leases",
];

/// Gives a lesson three times, checks that it held, and returns its facts.
fn three_times(lesson: &str, check: impl Fn(&Value)) {
    let folder = Folder::new();
    for _ in 0..3 {
        let (code, document) = folder.json(&format!("lesson {lesson} --fast"));
        assert_eq!(code, Some(0), "{document}");
        assert_eq!(document["schema_version"], 1);
        assert_eq!(document["lesson"], lesson.split(' ').next().expect("a name"));
        assert_eq!(document["held"], true, "{document}");
        let claims = document["claims"].as_object().expect("claims");
        assert!(claims.len() >= 2 && claims.values().all(|held| held == true), "{document}");
        check(&document["facts"]);
    }
    assert_eq!(folder.list("."), [""; 0], "a lesson leaves nothing in the folder");
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value} is no number"))
}

/// Whether there is a process with this id.
fn exists(pid: &Value) -> bool {
    kill(Pid::from_raw(number(pid) as i32), None).is_ok()
}

#[test]
fn process_the_parent_goes_on_and_the_program_ends_last() {
    three_times("process", |facts| {
        assert_eq!(facts["child_parent_pid"], facts["parent_pid"]);
        assert_ne!(facts["child_pid"], facts["parent_pid"]);
        assert_eq!(facts["arguments"], json!([6, 7]));
        assert!(number(&facts["parent_went_on_ns"]) < number(&facts["code_done_ns"]), "{facts}");
        assert!(number(&facts["code_done_ns"]) < number(&facts["child_ended_ns"]), "{facts}");
        assert!(number(&facts["child_ended_ns"]) < number(&facts["program_ended_ns"]), "{facts}");
        assert!(!exists(&facts["child_pid"]));
    });
}

#[test]
fn join_puts_what_follows_after_the_child() {
    three_times("join", |facts| {
        let order = |round: &str| {
            let round = &facts[round];
            number(&round["next_line_ns"]).cmp(&number(&round["child_ended_ns"]))
        };
        assert!(order("with_join").is_gt(), "{facts}");
        assert!(order("without_join").is_lt(), "{facts}");
    });
}

#[test]
fn many_at_once_take_the_time_of_one() {
    let check = |facts: &Value, children: u64| {
        let files: Vec<Value> = (1..=children)
            .map(|i| json!({"number": i, "name": format!("info{i}"), "bytes": i * 10}))
            .collect();
        for round in ["one_by_one", "all_at_once"] {
            assert_eq!(facts[round]["files"], json!(files), "{round}");
        }
        let elapsed_ns = |round: &str| number(&facts[round]["elapsed_ns"]);
        assert!(elapsed_ns("one_by_one") >= children * number(&facts["work_ns"]), "{facts}");
        assert!(elapsed_ns("all_at_once") >= number(&facts["work_ns"]), "{facts}");
        assert!(elapsed_ns("all_at_once") < elapsed_ns("one_by_one"), "{facts}");
        assert!(facts["speed_up"].as_f64() > Some(1.0), "{facts}");
    };
    three_times("many", |facts| check(facts, 10));
    let (code, document) = Folder::new().json("lesson many --fast --count 60");
    assert_eq!(code, Some(0), "{document}");
    check(&document["facts"], 60);
}

#[test]
fn worker_runs_in_processes_of_its_own() {
    three_times("worker", |facts| {
        let workers = facts["workers"].as_array().expect("workers");
        let sums: Vec<u64> = workers.iter().map(|worker| number(&worker["sum"])).collect();
        assert_eq!(sums, [55, 210, 465]);
        assert!(workers.iter().all(|worker| worker["pid_before_start"].is_null()));
        let mut pids: Vec<u64> = workers.iter().map(|worker| number(&worker["pid"])).collect();
        pids.push(number(&facts["parent_pid"]));
        pids.sort_unstable();
        pids.dedup();
        assert_eq!(pids.len(), 4, "{facts}");
    });
}

#[test]
fn isolation_ends_where_memory_is_shared() {
    three_times("isolation", |facts| {
        let round = |parent_after: u64| json!({"parent_before": 100, "child_before": 100, "child_after": 0, "parent_after": parent_after});
        assert_eq!(*facts, json!({"global": round(100), "shared": round(0)}));
    });
}

#[test]
fn daemon_ends_with_the_code_and_nobody_is_left() {
    three_times("daemon", |facts| {
        let (daemon, terminated) = (&facts["daemon"], &facts["terminated"]);
        assert!(number(&daemon["beats"]) > 0, "{facts}");
        assert_eq!(daemon["alive_when_code_done"], true);
        assert!(number(&daemon["last_beat_ns"]) < number(&daemon["ended_ns"]));
        assert!(number(&daemon["code_done_ns"]) < number(&daemon["ended_ns"]));
        assert_eq!((&daemon["signal"], &terminated["signal"]), (&json!(15), &json!(15)));
        assert_eq!((&terminated["alive_before"], &terminated["name"]), (&json!(true), &json!("child")));
        assert!(terminated["alive_right_after"].is_boolean(), "either is right");
        assert_eq!(terminated["alive_a_moment_later"], false);
        assert_eq!(facts["left_behind"], 0);
        assert!(!exists(&daemon["pid"]) && !exists(&terminated["pid"]));
    });
}

#[test]
fn lock_sells_one_ticket_and_no_lock_sells_it_again() {
    three_times("lock", |facts| {
        let (with, without) = (&facts["with_lock"], &facts["without_lock"]);
        assert_eq!((number(&with["receipts"]), number(&with["refused"])), (1, 9));
        assert_eq!((&with["remaining"], &with["verdict"]), (&json!(0), &json!("sound")));
        // Ten times 0.1 s after reading and 0.1 s before writing, cut to a quarter.
        assert!(number(&with["elapsed_ns"]) >= 500_000_000, "{facts}");
        assert!(number(&without["receipts"]) > 1, "{facts}");
        assert_eq!(without["verdict"], "unsound");
        // Whether a read is torn is luck; where one was, it says what it met.
        let torn = &facts["without_pauses"];
        assert_eq!(torn["torn_text"].is_null(), number(&torn["torn_reads"]) == 0, "{facts}");
    });
}

#[test]
fn server_serves_everybody_and_waits_for_nobody() {
    let check = |facts: &Value, clients: u64| {
        assert_eq!((number(&facts["receipts"]), number(&facts["sold_out"])), (1, clients));
        assert_eq!(facts["remaining"], 0);
        assert_eq!(number(&facts["connections"]), clients + 4);
        assert_eq!(facts["serving_processes"], facts["connections"]);
        for odd in ["slow", "silent"] {
            assert!(number(&facts["clients_done_ns"]) < number(&facts[odd]["done_ns"]), "{facts}");
        }
        assert!(["TICKET", "SOLD OUT"].contains(&facts["slow"]["answer"].as_str().expect("an answer")));
        assert_eq!(facts["silent"]["answer"], "ERROR no message in time");
        assert_eq!(facts["garbage"]["answer"], "ERROR not UTF-8");
        assert_eq!(facts["flood"]["answer"], "ERROR message too long");
        assert_eq!(facts["port_taken_while_serving"], true);
        assert_eq!(facts["port_free_afterwards"], true);
        assert!(!exists(&facts["server_pid"]));
    };
    three_times("server", |facts| check(facts, 10));
    let (code, document) = Folder::new().json("lesson server --fast --count 40");
    assert_eq!(code, Some(0), "{document}");
    check(&document["facts"], 40);
}

/// What the lesson says of each protocol is what explore counts, and what it makes happen is what a replay makes happen.
#[test]
fn protocols_that_break_are_made_to_break_and_the_locked_one_is_not() {
    let folder = Folder::new();
    three_times("protocols", |facts| {
        let protocols = facts["protocols"].as_array().expect("protocols");
        assert_eq!(protocols.len(), 4);
        for tried in protocols {
            let name = tried["name"].as_str().expect("a name");
            let (_, counted) = folder.json(&format!("explore --protocol {name}"));
            let figure = |value: &Value| value.as_str().expect("a figure").parse::<u64>().expect("a number");
            let (all, sound) = (figure(&counted["schedules"]), figure(&counted["sound"]));
            assert_eq!(
                (number(&tried["orders"]["all"]), number(&tried["orders"]["unsound"])),
                (all, all - sound)
            );
            let breaks = name != "locked";
            assert_eq!(tried["promise"], if breaks { "breaks" } else { "keeps" });
            let happened = &tried["happened"];
            assert_eq!(number(&happened["receipts"]), if breaks { 2 } else { 1 }, "{tried}");
            assert_eq!(happened["verdict"], if breaks { "unsound" } else { "sound" }, "{tried}");
            assert_eq!(all == sound, !breaks, "{tried}");
        }
    });
}

#[test]
fn isolation_levels_oversell_abort_and_wait() {
    three_times("isolation-levels", |facts| {
        let levels = facts["levels"].as_array().expect("levels");
        let [none, deferred, immediate] = &levels[..] else { panic!("{facts}") };
        let came_to = |level: &Value| {
            let happened = &level["happened"];
            ["receipts", "failed", "waited"].map(|what| number(&happened[what]))
        };
        assert_eq!((came_to(none)[0], &none["happened"]["verdict"]), (2, &json!("unsound")), "{facts}");
        assert_eq!(came_to(deferred), [1, 1, 0], "{facts}");
        assert_eq!((came_to(immediate)[0], came_to(immediate)[1]), (1, 0), "{facts}");
        assert!(came_to(immediate)[2] > 0, "{facts}");
        // SQLITE_BUSY, or that its snapshot is old (SQLITE_BUSY_SNAPSHOT).
        assert!(["5", "517"].contains(&deferred["code"].as_str().expect("a code")), "{facts}");
        let orders = levels.iter().map(|level| number(&level["orders"]["unsound"]) > 0);
        assert_eq!(orders.collect::<Vec<_>>(), [true, false, false]);
        assert!(number(&deferred["aborting"]) > 0 && number(&immediate["aborting"]) == 0, "{facts}");
    });
}

#[test]
fn leases_sell_twice_over_a_pause_and_flock_does_not() {
    three_times("leases", |facts| {
        let (lease, flock) = (&facts["lease"], &facts["flock"]);
        assert_eq!(number(&lease["happened"]["receipts"]), 2, "{facts}");
        assert_eq!(lease["happened"]["verdict"], "unsound");
        assert_eq!((number(&flock["happened"]["receipts"]), number(&flock["happened"]["refused"])), (1, 1));
        assert_eq!(flock["happened"]["verdict"], "sound");
        assert!(
            number(&lease["orders"]["unsound"]) > 0 && number(&flock["orders"]["unsound"]) == 0,
            "{facts}"
        );
        assert!(facts["wrote_after_ns"].is_u64(), "the first wrote after the second was done: {facts}");
    });
}

/// The exercise as its reader goes through it: blank it says nothing, as first thought of it oversells, and with the lock
/// in the right place it is sound; each by the command that is printed.
#[test]
fn the_exercise_is_judged_by_the_command_that_it_prints() {
    let naive = "    left = int(open(\"tickets\").read())\n    if left == 0:\n        return False\n    pay()\n    \
                 open(\"tickets\", \"w\").write(str(left - 1))\n    return True\n";
    let solved = format!("    lock = open(\"lock\", \"w\")\n    fcntl.flock(lock, fcntl.LOCK_EX)\n{naive}");
    for lang in ["en", "zh"] {
        let folder = Folder::new();
        let ran = folder.ticketsim(&format!("lesson lock --exercise python --lang {lang}"));
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{ran:?}");
        let command =
            ran.stdout.split_once("ticketsim race").expect("a command").1.lines().next().expect("a line");
        let blank = folder.read("exercise.py");
        let place = blank.find("    raise NotImplementedError").expect("the blank");
        let end = place + blank[place..].find('\n').expect("its line") + 1;
        for (body, code, said) in [
            (&blank[place..end], 2, "UNKNOWN"),
            (naive, 1, "UNSOUND"),
            (solved.as_str(), 0, "all of them sound"),
        ] {
            folder.write("exercise.py", [&blank[..place], body, &blank[end..]].concat());
            let ran = folder.bash(&format!("{} race {command}", crate::harness::TICKETSIM));
            assert_eq!(ran.code, Some(code), "{body}: {ran:?}");
            assert!(ran.stdout.contains(said) || code == 0, "{body}: {ran:?}");
        }
        // What somebody has filled in is not written over.
        let mine = folder.read("exercise.py");
        let ran = folder.ticketsim("lesson lock --exercise python");
        assert!(ran.code == Some(2) && ran.stderr.contains("nothing is overwritten"), "{ran:?}");
        assert_eq!(folder.read("exercise.py"), mine);
    }
    let ran = Folder::new().ticketsim("lesson join --exercise python");
    assert!(ran.code == Some(2) && ran.stderr.contains("lesson lock has one"), "{ran:?}");
}

#[test]
fn all_lessons_run_in_the_order_of_the_course() {
    let (code, document) = Folder::new().json("lesson --all --fast");
    assert_eq!(code, Some(0), "{document}");
    let lessons = document["lessons"].as_array().expect("lessons");
    let names: Vec<_> = lessons.iter().map(|lesson| lesson["lesson"].as_str().expect("a name")).collect();
    assert_eq!(names, LESSONS);
    assert_eq!(document["held"], true);
}

/// Each lesson fits a terminal of 80 columns and 24 lines, with room for the prompt, and says who did what when, in both languages.
#[test]
fn a_lesson_fits_a_screen_in_either_language() {
    let folder = Folder::new();
    for lang in ["en", "zh"] {
        for lesson in LESSONS {
            let ran = folder.ticketsim(&format!("lesson {lesson} --fast --lang {lang}"));
            assert_eq!(ran.code, Some(0), "{ran:?}");
            assert_eq!(ran.stderr, "");
            // The daemon goes on saying that it is alive for as long as a loaded machine takes.
            let beat = |line: &&str| line.contains("still alive") || line.contains("我还活着");
            let beats = ran.stdout.lines().filter(beat).count();
            let lines = ran.stdout.lines().count() - beats.saturating_sub(3);
            assert!(lines <= 22, "{lesson} {lang}:\n{}", ran.stdout);
            for line in ran.stdout.lines() {
                assert!(line.width() <= 78, "{lesson} {lang}, {} columns: {line}", line.width());
            }
            let is_han = |c: char| ('\u{4e00}'..='\u{9fff}').contains(&c);
            assert_eq!(ran.stdout.contains(is_han), lang == "zh", "{}", ran.stdout);
            assert!(ran.stdout.contains('✓') && !ran.stdout.contains(['✗', '\u{1b}']), "{}", ran.stdout);
        }
    }
}

#[test]
fn the_locale_chooses_the_language() {
    let folder = Folder::new();
    let list = |variables: &[(&str, &str)]| {
        let mut command = folder.command(["lesson"]);
        command.envs(variables.iter().copied());
        Ran::from(command.output().expect("ticketsim runs")).stdout
    };
    let (english, chinese) = (list(&[]), list(&[("LANG", "zh_CN.UTF-8")]));
    assert!(english.contains("process") && chinese.contains("进程"), "{english}{chinese}");
    // LC_ALL, then LC_MESSAGES, then LANG; an empty one counts as unset (POSIX, 8.2).
    assert_eq!(list(&[("LC_ALL", ""), ("LC_MESSAGES", "zh_TW"), ("LANG", "en_GB")]), chinese);
    assert_eq!(list(&[("LC_ALL", "C"), ("LC_MESSAGES", "zh_TW"), ("LANG", "zh_CN")]), english);
}

#[test]
fn mistakes_are_explained() {
    let folder = Folder::new();
    for (args, what) in [
        ("lesson proces", "isolation"),
        ("lesson --fast", "--all"),
        ("lesson --source", "--all"),
        ("lesson many --count 501", "it takes 1 to 500"),
        ("lesson server --count 0", "it takes 1 to 200"),
        ("lesson join --count 3", "only many and server"),
        ("lesson lock --serve 4000", "ticketsim lesson server --serve 4000"),
        ("lesson server --tickets 3", "--serve"),
        ("lesson server --serve 0", "put tickets on sale first with --tickets N"),
        ("lesson server --connect 1", "the counter at 1"),
        ("lesson server --connect nonsense", "the counter at nonsense"),
        ("lesson process --lang fr", "zh"),
    ] {
        let ran = folder.ticketsim(args);
        assert_eq!(ran.code, Some(2), "{args}: {ran:?}");
        assert!(ran.stderr.contains(what), "{args}: {ran:?}");
        assert_eq!(ran.stdout, "", "{args}");
    }
}

#[test]
fn the_source_is_the_program() {
    let folder = Folder::new();
    for lesson in LESSONS {
        let ran = folder.ticketsim(&format!("lesson {lesson} --source"));
        assert_eq!(ran.code, Some(0), "{ran:?}");
        let file = if lesson == "server" { "server/mod".to_owned() } else { lesson.replace('-', "_") };
        let path = format!("{}/src/lesson/{file}.rs", env!("CARGO_MANIFEST_DIR"));
        assert!(ran.stdout.contains(&std::fs::read_to_string(path).expect("the source")), "{lesson}");
    }
}

/// Starts a lesson, and waits until it has children.
fn started(folder: &Folder, args: &str) -> (Child, Vec<u32>) {
    let lesson = folder
        .command(args.split(' '))
        .env("TMPDIR", folder.root())
        .stdout(Stdio::piped())
        .spawn()
        .expect("ticketsim starts");
    let mut brood = Vec::new();
    eventually("the lesson has children", || {
        brood = children(lesson.id());
        !brood.is_empty()
    });
    (lesson, brood)
}

#[test]
fn an_interrupt_leaves_no_process_and_no_file_behind() {
    for lesson in ["process", "many", "daemon", "lock", "server"] {
        let folder = Folder::new();
        let (mut lesson, _) = started(&folder, &format!("lesson {lesson}"));
        kill(Pid::from_raw(lesson.id() as i32), Signal::SIGINT).expect("sent");
        // What it started until it saw the interrupt is gone as well, when it is.
        let mut said = String::new();
        lesson.stdout.take().expect("a pipe").read_to_string(&mut said).expect("text");
        assert_eq!(lesson.wait().expect("ends").code(), Some(130), "{said}");
        assert_eq!(folder.list("."), [""; 0]);
    }
}

#[test]
fn children_die_with_a_killed_lesson() {
    let folder = Folder::new();
    let (mut lesson, brood) = started(&folder, "lesson daemon");
    lesson.kill().expect("killed");
    lesson.wait().expect("reaped");
    eventually("the children are gone", || {
        brood.iter().all(|pid| {
            std::fs::read_to_string(format!("/proc/{pid}/stat")).map_or(true, |stat| stat.contains(") Z "))
        })
    });
}

#[test]
fn a_closed_pipe_ends_a_lesson_quietly() {
    let folder = Folder::new();
    let script = format!("{} lesson join --fast | head -1", crate::harness::TICKETSIM);
    let output = std::process::Command::new("bash").args(["-c", &script]).output().expect("bash");
    let ran = Ran::from(output);
    assert_eq!(ran.stdout.lines().count(), 1, "{ran:?}");
    assert_eq!(ran.stderr, "");
    drop(folder);
}

/// The two sides by hand: a counter in one process, customers that know nothing of it but its port.
#[test]
fn a_counter_by_hand_serves_customers_by_hand() {
    let folder = Folder::new();
    let mut counter = folder
        .command("lesson server --serve 0 --tickets 2".split(' '))
        .stdout(Stdio::piped())
        .spawn()
        .expect("ticketsim starts");
    let mut lines = BufReader::new(counter.stdout.take().expect("a pipe")).lines();
    let first = lines.next().expect("a line").expect("text");
    let port: u16 = first
        .split("127.0.0.1:")
        .nth(1)
        .and_then(|rest| rest.split(';').next())
        .and_then(|port| port.parse().ok())
        .unwrap_or_else(|| panic!("no port in {first:?}"));
    let customer = |message: &str| {
        let mut customer = folder
            .command(["lesson", "server", "--connect", &port.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("ticketsim starts");
        customer.stdin.take().expect("a pipe").write_all(message.as_bytes()).expect("sent");
        Ran::from(customer.wait_with_output().expect("ends"))
    };
    for answer in ["TICKET", "TICKET", "SOLD OUT"] {
        let ran = customer("buy me\n");
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert!(ran.stdout.starts_with(&format!("你好\n{answer} ")), "{ran:?}");
    }
    for (message, answer) in [("sell\n", "ERROR say: buy"), ("", "ERROR say: buy")] {
        let ran = customer(message);
        assert_eq!(ran.code, Some(1), "{ran:?}");
        assert!(ran.stdout.contains(answer), "{ran:?}");
    }
    // Any program may be a customer.
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("connected");
    stream.set_read_timeout(Some(Duration::from_secs(60))).expect("set");
    stream.write_all(b"buy\r\n").expect("sent");
    let mut heard = String::new();
    stream.read_to_string(&mut heard).expect("UTF-8");
    assert!(heard.starts_with("你好\nSOLD OUT (process "), "{heard}");

    kill(Pid::from_raw(counter.id() as i32), Signal::SIGINT).expect("sent");
    assert_eq!(counter.wait().expect("ends").code(), Some(130));
    assert_eq!(folder.read("data/ticket.json"), "{\"ticket\": 0}\n");
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err(), "the port is free again");
}

/// More than the standard library's listeners keep waiting: the longer queue takes them all at once.
#[test]
fn a_crowd_at_the_counter_is_served() {
    let (code, document) = Folder::new().json("lesson server --count 150 --fast");
    assert_eq!((code, &document["held"]), (Some(0), &true.into()), "{document}");
}

/// A reader that leaves ends the lesson without a word from any of its processes.
#[test]
fn a_reader_that_has_left_is_no_mishap() {
    let folder = Folder::new();
    let mut command = folder.command(["lesson", "server", "--fast"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("ticketsim runs");
    drop(child.stdout.take());
    let ran = Ran::from(child.wait_with_output().expect("waited"));
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
}
