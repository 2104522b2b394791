//! A folder that others may write to: whatever they have put under the names of ticketsim's own files is
//! not followed, not read without end, not waited for beyond what was asked, and not written over.

use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::sys::stat::Mode;
use nix::unistd::{Pid, mkfifo};

use crate::harness::{Folder, TICKETSIM, catches, eventually, have_opened, kinds, lockfile_text};

/// A shop beside which there lies a file that is nobody's business, for its owner alone.
fn shop() -> Folder {
    let folder = Folder::with_ticket_file("{\"ticket\": 9}");
    folder.write("victim", "precious");
    std::fs::set_permissions(folder.path("victim"), std::fs::Permissions::from_mode(0o600)).expect("set");
    folder
}

/// Starts a command of which nobody listens to what it says.
fn quiet(folder: &Folder, args: &str) -> Child {
    let mut command = folder.command(args.split(' '));
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("ticketsim starts")
}

fn assert_unharmed(folder: &Folder) {
    assert_eq!(folder.read("victim"), "precious");
    assert_eq!(folder.path("victim").metadata().expect("there").permissions().mode() & 0o777, 0o600);
    assert!(!folder.path("nowhere").exists());
}

/// The sidecar and the guard, each as a link that leads to a file and as one that leads nowhere, under every
/// command that opens them.
#[test]
fn no_link_under_a_name_of_ours_is_followed() {
    for target in ["../victim", "../nowhere"] {
        for (link, args) in [
            ("sidecar", "-n 2 --think 0 --lock-on sidecar"),
            ("sidecar", "-n 2 --think 0 --write rename"),
            ("sidecar", "-n 2 -t 5 --write rename --lock ofd --workers thread"),
            ("sidecar", "replay R1 --write rename"),
            ("sidecar", "step --write rename"),
            ("lock.guard", "-n 2 -t 5 --lock lockfile --break-stale"),
        ] {
            let folder = shop();
            let name = format!("data/ticket.json.{link}");
            symlink(target, folder.path(&name)).expect("a link");
            // Only who breaks a lockfile has to do with the guard.
            folder.write("data/ticket.json.lock", lockfile_text(crate::harness::dead_pid()));
            let ran = folder.ticketsim(args);
            assert_eq!(ran.code, Some(2), "{args}: {ran:?}");
            assert!(ran.stderr.contains(&format!("{name}: is a link")), "{args}: {ran:?}");
            assert!(folder.path(&name).is_symlink());
            assert_unharmed(&folder);
            assert_eq!(folder.read("data/ticket.json"), "{\"ticket\": 9}", "{args}");
        }
    }
}

/// Links under all names that a scratch file ever had, or could be expected to have, are not touched.
#[test]
fn a_scratch_file_is_made_where_nobody_expects_it() {
    for args in ["-n 3 --think 0 --write rename", "-n 3 --think 0 --write rename --workers task --no-lock"] {
        let folder = shop();
        let mut child = quiet(&folder, args);
        for buyer in 1..=3 {
            let name = format!("data/.ticket.json.run-{}.buyer-{buyer}.tmp", child.id());
            symlink("../victim", folder.path(&name)).expect("a link");
        }
        child.wait().expect("ends");
        assert_unharmed(&folder);
        assert!(!folder.path("data/ticket.json").is_symlink());
        let scratch = folder.list("data").into_iter().filter(|name| name.starts_with(".ticketsim"));
        assert_eq!(scratch.count(), 0);
    }
}

/// A disk, or a limit, without room for the scratch file: the purchases fail, and nothing stays behind.
#[test]
fn without_room_for_a_scratch_file_nothing_stays() {
    let text = format!("{{\"ticket\": 9, \"x\": \"{}\"}}", "y".repeat(3000));
    let folder = Folder::with_ticket_file(&text);
    let ran = folder.bash(&format!("ulimit -f 2; {TICKETSIM} -n 3 --think 0 --write rename --json"));
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.stdout.contains("\"write\""), "it is told: {ran:?}");
    assert_eq!(folder.read("data/ticket.json"), text);
    assert_eq!(folder.list("data"), ["ticket.json", "ticket.json.sidecar"]);
}

/// Whatever lies where the lockfile should: nobody gets in, it is not read to an end that it has not, and
/// time-outs and interrupts work, for the launcher and for each kind of worker.
#[test]
fn what_is_no_lockfile_can_be_given_up_on() {
    for what in ["/dev/zero", "/dev/tty", "nowhere", "pipe"] {
        for break_stale in ["", " --break-stale"] {
            let folder = shop();
            let place = folder.path("data/ticket.json.lock");
            match what {
                "pipe" => mkfifo(&place, Mode::S_IRWXU).expect("a pipe"),
                target => symlink(target, &place).expect("a link"),
            }
            for workers in ["process", "thread", "task"] {
                let args = format!(
                    "-n 2 --think 0 --lock lockfile --lock-timeout 100ms --workers {workers}{break_stale}"
                );
                let (code, document) = folder.json(&args);
                assert_eq!((code, kinds(&document)), (Some(1), vec!["stuck"]), "{what} {args}: {document}");
            }
            let ran = folder.ticketsim(&format!("-t 5 --lock lockfile --lock-timeout 100ms{break_stale}"));
            assert_eq!(ran.code, Some(2), "{what}: {ran:?}");
            assert!(ran.stderr.contains("ticket.json.lock: locked by another program"), "{what}: {ran:?}");
            let ran = folder.ticketsim("replay L1 --lock lockfile");
            assert!(ran.stderr.contains("can't be found out from here"), "{what}: {ran:?}");
            let args = format!("-n 2 -t 5 --lock lockfile{break_stale}");
            let mut child = quiet(&folder, &args);
            eventually("it catches the signal", || catches(child.id()));
            std::thread::sleep(Duration::from_millis(100));
            kill(Pid::from_raw(child.id() as i32), Signal::SIGINT).expect("interrupted");
            assert_eq!(child.wait().expect("ends").code(), Some(130), "{what} {args}");
            assert!(place.symlink_metadata().is_ok(), "{what}: it is still there");
            assert_eq!(folder.read("data/ticket.json"), "{\"ticket\": 9}");
        }
    }
}

/// Stepping by hand shows the file again after each step: also when it is none any more.
#[test]
fn a_pipe_in_the_ticket_files_place_is_not_waited_for() {
    use std::io::Write as _;
    let folder = shop();
    let mut command = folder.command("step -n 1 --no-lock".split(' '));
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut step = command.spawn().expect("it starts");
    eventually("its buyer is there", || have_opened(step.id(), 1, "data/ticket.json".as_ref()));
    std::fs::remove_file(folder.path("data/ticket.json")).expect("removed");
    mkfifo(&folder.path("data/ticket.json"), Mode::S_IRWXU).expect("a pipe");
    let began = Instant::now();
    step.stdin.take().expect("a pipe").write_all(b"1\nq\n").expect("typed");
    let output = step.wait_with_output().expect("ends");
    assert!(began.elapsed() < Duration::from_secs(60));
    assert!(String::from_utf8_lossy(&output.stdout).contains("not a regular file"), "{output:?}");
}

/// A lockfile names a process of its own container: from another one, which may share the host's name and
/// the folder, nobody can tell whether that process lives.
#[test]
fn a_lockfile_of_another_container_is_not_broken() {
    let elsewhere = ["unshare", "--pid", "--fork", "--kill-child"];
    if !Command::new(elsewhere[0]).args(&elsewhere[1..]).arg("true").status().is_ok_and(|s| s.success()) {
        eprintln!("SKIPPED: this user may make no pid namespace");
        return;
    }
    let folder = shop();
    let args = "-n 1 --think 60s --lock lockfile";
    let mut holder = quiet(&folder, args);
    let lockfile = || std::fs::read_to_string(folder.path("data/ticket.json.lock")).unwrap_or_default();
    eventually("it holds the lock", || lockfile().lines().count() == 4);
    let before = lockfile();
    let there = |args: &str| folder.bash(&format!("{} {TICKETSIM} {args}", elsewhere.join(" ")));
    for args in [
        "-n 2 --think 0 --lock lockfile --break-stale --lock-timeout 300ms",
        "-n 2 --think 0 --lock lockfile --lock-timeout 300ms --workers thread",
    ] {
        let ran = there(args);
        assert_eq!(ran.code, Some(1), "stuck: {ran:?}");
        assert!(!ran.stdout.contains("left its lockfile behind"), "{ran:?}");
        assert_eq!(lockfile(), before, "{args}");
    }
    let ran = there("-n 2 -t 5 --lock lockfile --break-stale --lock-timeout 300ms");
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert_eq!((lockfile(), folder.read("data/ticket.json")), (before, "{\"ticket\": 9}".to_owned()));
    // The control: at home, once it is dead, it is broken.
    holder.kill().expect("killed, and its buyer with it");
    holder.wait().expect("reaped");
    let (code, document) = folder.json("-n 2 --think 0 --lock lockfile --break-stale");
    assert_eq!((code, document["verdict"].as_str()), (Some(0), Some("sound")), "{document}");
}

/// In a pid namespace whose /proc is another's, the numbers in there are other processes: nobody is called
/// dead by what is read there.
#[test]
fn a_proc_of_another_namespace_is_not_believed() {
    let elsewhere = "unshare --pid --fork --kill-child";
    let folder = shop();
    if folder.bash(&format!("{elsewhere} true")).code != Some(0) {
        eprintln!("SKIPPED: this user may make no pid namespace");
        return;
    }
    for lock in ["lockfile", "semaphore", "flock"] {
        let args = format!("-n 8 -t 8 --per-buyer all --think 1ms --lock {lock}");
        let ran = folder.bash(&format!("{elsewhere} {TICKETSIM} {args}"));
        assert_eq!(ran.code, Some(0), "{lock}: {ran:?}");
    }
}

/// No output is written over a file that a sale needs, whichever command writes it.
#[test]
fn no_output_takes_the_place_of_a_file_that_a_sale_needs() {
    let folder = shop();
    assert!(folder.ticketsim("-n 2 --no-lock -q --history race.jsonl").code.is_some());
    folder.write("other.json", "{\"ticket\": 4}");
    let scratch = "data/.ticketsim.0123456789abcdef.0123456789abcdef.tmp";
    let (ticket, before) = ("data/ticket.json", folder.read("data/ticket.json"));
    for name in
        [ticket, "data/ticket.json.lock", "data/ticket.json.lock.guard", "data/ticket.json.sidecar", scratch]
    {
        for command in [
            "-n 2 --history",
            "-n 2 --html",
            "-n 2 --trace",
            "replay R1 --history",
            "replay R1 --html",
            "report race.jsonl --output",
            "report race.jsonl --trace",
            "schedule race.jsonl --output",
        ] {
            let ran = folder.ticketsim(&format!("{command} {name}"));
            assert_eq!(ran.code, Some(2), "{command} {name}: {ran:?}");
            assert!(ran.stderr.contains("name another one"), "{command} {name}: {ran:?}");
            assert_eq!(folder.list("data"), ["ticket.json"], "{command} {name}");
            assert_eq!(folder.read(ticket), before);
        }
    }
    // A ticket file of which the history knows nothing.
    for command in ["report race.jsonl -o", "schedule race.jsonl -o", "matrix --trials 1 --html"] {
        let ran = folder.ticketsim(&format!("{command} other.json"));
        assert_eq!(ran.code, Some(2), "{command}: {ran:?}");
        assert_eq!(folder.read("other.json"), "{\"ticket\": 4}", "{command}");
    }
}
