//! The page, opened in a real browser: it shows the anomaly of a known history, zooms, answers, and
//! stays quick. Pictures of what it showed are kept in `target/tmp/`. And its smaller kin: the trace,
//! and the timeline in the terminal.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use ticketsim::fault::TornText;
use ticketsim::history::{Header, History, Outcome, Purchase, Steps};
use ticketsim::report::page::{Lang, html};
use ticketsim::verdict::judge;

use crate::browser::{Browser, LAPTOP, Screen};
use crate::harness::Folder;

pub(crate) const MS: u64 = 1_000_000;

/// A buyer that reads 1 ms after its call, and writes.
pub(crate) fn bought(buyer: u64, stock: i64, call_ms: u64, written_ms: u64) -> Purchase {
    let (invoke_ns, written_ns) = (call_ms * MS, written_ms * MS);
    Purchase {
        pid: (4700 + buyer as u32).into(),
        steps: Steps { read_ns: Some(invoke_ns + MS), written_ns: Some(written_ns), ..Steps::default() }
            .into(),
        ..Purchase::new(buyer, Outcome::Bought, invoke_ns, Some(written_ns + 500)).from_stock(stock)
    }
}

/// Ten buyers and one ticket without a lock: all read 1, all sell it.
pub(crate) fn known_race() -> History {
    let header = Header { initial: Some(1), remaining: Some(0), ..Header::default() };
    History { header, purchases: (1..=10).map(|buyer| bought(buyer, 1, 0, 5 + buyer * 2)).collect() }
}

/// Ten buyers, ten tickets, one after another.
fn known_peace() -> History {
    let header = Header { initial: Some(10), remaining: Some(0), ..Header::default() };
    let purchases = (0..10).map(|turn| bought(turn + 1, 10 - turn as i64, turn * 4, turn * 4 + 3)).collect();
    History { header, purchases }
}

pub(crate) fn write_page(folder: &Folder, history: &History) -> PathBuf {
    let path = folder.path("timeline.html");
    html::write(&[(history, &judge(history))], Lang::En, &path, &AtomicBool::new(false)).expect("written");
    path
}

pub(crate) fn kept(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

/// How many points of the picture have the colour of anomalies.
pub(crate) fn anomalous_points(browser: &mut Browser) -> f64 {
    browser.number(
        "(() => {
           const canvas = document.getElementById('canvas');
           const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
           const hex = getComputedStyle(document.documentElement).getPropertyValue('--anomaly').trim();
           const [r, g, b] = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
           let count = 0;
           for (let k = 0; k < data.length; k += 4)
             if (Math.abs(data[k] - r) + Math.abs(data[k + 1] - g) + Math.abs(data[k + 2] - b) < 6) count++;
           return count;
         })()",
    )
}

/// The length of time in view, in nanoseconds.
fn in_view(browser: &mut Browser) -> f64 {
    browser.number("ticketsim.state.until - ticketsim.state.from")
}

/// Where the middle of a purchase is on the page.
pub(crate) fn place(browser: &mut Browser, purchase: usize) -> (f64, f64) {
    let frame = "document.getElementById('canvas').getBoundingClientRect()";
    let x = browser.number(&format!("{frame}.left + ticketsim.place({purchase}).x"));
    let y = browser.number(&format!("{frame}.top + ticketsim.place({purchase}).y"));
    (x, y)
}

pub(crate) fn middle_of(browser: &mut Browser, selector: &str) -> (f64, f64) {
    let frame = format!("document.querySelector('{selector}').getBoundingClientRect()");
    let x = browser.number(&format!("{frame}.left + {frame}.width / 2"));
    let y = browser.number(&format!("{frame}.top + {frame}.height / 2"));
    (x, y)
}

/// Times may be small numbers, of a model or of a clock in seconds: a piece of evidence is shown whole, and
/// nearer than before. On a narrow screen nothing sticks out.
/// A give-back raises the stock in the picture, by as many as it gives back.
#[test]
fn the_stock_rises_where_tickets_come_back() {
    let Some(mut browser) = Browser::start() else { return };
    let folder = Folder::new();
    let order = |buyer, stock, call| Purchase { quantity: 2, ..bought(buyer, stock, call, call + 2) };
    let back = Purchase { outcome: Outcome::Returned, sold_from: None.into(), ..order(1, 0, 10) };
    let header = Header { initial: Some(3), ..Header::default() };
    let page =
        write_page(&folder, &History { header, purchases: vec![order(1, 3, 0), back, order(2, 3, 20)] });
    browser.open(&page, &LAPTOP);
    assert_eq!(browser.complaints(), [""; 0]);
    assert_eq!(browser.text("ticketsim.stock.inFile.value.join()"), "3,1,3,1");
    assert_eq!(browser.text("String(ticketsim.stock.parted)"), "false");
    // Of two items the whole is shown, by its receipts: what each says of its own stock is not shown.
    let mut header = Header::default();
    for (item, stock) in [("gold", 2), ("silver", 5)] {
        let item = header.items.number(item) as usize;
        header.items.initial[item] = Some(stock);
    }
    let purchases = vec![order(1, 2, 0), Purchase { item: 1, ..order(2, 5, 20) }];
    let page = write_page(&folder, &History { header, purchases });
    browser.open(&page, &LAPTOP);
    assert_eq!(browser.text("ticketsim.stock.inFile.value.join()"), "7,5,3");
    assert_eq!(browser.text("String(ticketsim.stock.byReceipts)"), "true");
}

#[test]
fn evidence_of_a_history_of_sixty_nanoseconds_stays_in_sight() {
    let Some(mut browser) = Browser::start() else { return };
    let folder = Folder::new();
    let at = |buyer: u64, stock: i64, call: u64, written: u64| {
        let times = bought(buyer, stock, 0, 1);
        let steps = Steps::default();
        Purchase { invoke_ns: call, return_ns: written.into(), steps: steps.into(), ..times }
    };
    let purchases = vec![at(1, 4, 0, 8), at(2, 3, 10, 16), at(3, 3, 20, 30), at(4, 1, 30, 60)];
    let header = Header { initial: Some(4), ..Header::default() };
    let page = write_page(&folder, &History { header, purchases });
    browser.open(&page, &LAPTOP);
    let whole = in_view(&mut browser);
    let (x, y) = middle_of(&mut browser, "[data-piece=\"0\"]");
    browser.click(x, y);
    let (from, until) = (browser.number("ticketsim.state.from"), browser.number("ticketsim.state.until"));
    assert!(from <= 10.0 && until >= 30.0 && until - from < whole * 0.8, "{from} to {until} of {whole}");

    browser.open(&page, &Screen { width: 390, height: 800, ..LAPTOP });
    let wide = browser.number("document.documentElement.scrollWidth");
    assert!(wide <= 390.0, "{wide} pixels wide");
    assert_eq!(browser.complaints(), [""; 0]);
}

#[test]
fn a_known_race_is_shown_and_answers() {
    let Some(mut browser) = Browser::start() else { return };
    let folder = Folder::new();
    let page = write_page(&folder, &known_race());
    browser.open(&page, &LAPTOP);
    assert_eq!(browser.complaints(), [""; 0]);
    assert!(browser.text("document.title").contains("unsound"));
    assert_eq!(browser.number("document.querySelectorAll('[data-piece]').length"), 10.0);
    assert!(browser.text("document.querySelector('.anomalies').textContent").contains("both read 1"));
    assert!(anomalous_points(&mut browser) > 500.0, "the arrows are drawn");
    browser.screenshot(&kept("page-race.png"));

    // An anomaly in the list zooms to its purchases.
    let whole = in_view(&mut browser);
    let (x, y) = middle_of(&mut browser, "[data-piece=\"1\"]");
    browser.click(x, y);
    assert_eq!(browser.number("ticketsim.state.piece"), 1.0);
    let close = in_view(&mut browser);
    assert!(close < whole * 0.8, "from {whole} to {close} ns in view");
    assert_eq!(browser.text("document.querySelector('[data-piece=\"1\"]').ariaPressed"), "true");
    browser.screenshot(&kept("page-anomaly.png"));

    // Hovering gives the exact values and the process.
    browser.press("Escape");
    let (x, y) = place(&mut browser, 2);
    browser.hover(x, y);
    let tip = browser.text("document.getElementById('tip').innerText");
    for value in ["buyer 3: bought", "4703", "at 1.000000 ms", "at 11.000000 ms", "11.000500 ms"] {
        assert!(tip.contains(value), "{value}: {tip}");
    }
    browser.screenshot(&kept("page-hover.png"));
    browser.hover(5.0, 5.0);
    assert_eq!(browser.eval("document.getElementById('tip').hidden"), true);

    // Wheel, drag and keys move it.
    let whole = in_view(&mut browser);
    browser.ctrl_wheel(x, y, -300.0);
    let closer = in_view(&mut browser);
    assert!(closer < whole * 0.7, "from {whole} to {closer} ns in view");
    let from = browser.number("ticketsim.state.from");
    browser.drag((x, y), (x - 120.0, y));
    assert!(browser.number("ticketsim.state.from") > from, "dragged to the left, later times come into view");
    browser.eval("document.getElementById('canvas').focus()");
    browser.press("+");
    assert!(in_view(&mut browser) < closer);
    browser.press("0");
    assert_eq!(in_view(&mut browser), whole);
    browser.press(".");
    assert!(browser.text("document.getElementById('live').textContent").contains("buyer 1: bought"));
    browser.press("n");
    assert_eq!(browser.number("ticketsim.state.piece"), 0.0);
    browser.press("Escape");

    // A buyer is found by number and by process.
    for (wanted, found) in
        [("7", "buyer 7: 1 purchase"), ("4704", "buyer 4: 1 purchase"), ("77", "no buyer 77")]
    {
        browser.eval("document.getElementById('search').value = ''");
        browser.press("/");
        for digit in wanted.chars() {
            browser.press(&digit.to_string());
        }
        let said = browser.text("document.getElementById('found').textContent");
        assert!(said.contains(found), "{wanted}: {said}");
        browser.press("Escape");
    }
    assert_eq!(browser.complaints(), [""; 0]);
}

#[test]
fn a_sound_history_has_no_arrows_and_dark_is_dark() {
    let Some(mut browser) = Browser::start() else { return };
    let folder = Folder::new();
    let page = write_page(&folder, &known_peace());
    let brightness = "(() => { const c = document.getElementById('canvas');
        return Math.max(...c.getContext('2d').getImageData(2, c.height - 2, 1, 1).data.slice(0, 3)); })()";
    browser.open(&page, &LAPTOP);
    assert_eq!(anomalous_points(&mut browser), 0.0);
    assert_eq!(browser.eval("document.querySelector('.anomalies')"), serde_json::Value::Null);
    assert!(browser.number(brightness) > 200.0);
    browser.show(&Screen { dark: true, ..LAPTOP });
    browser.hover(1.0, 1.0);
    assert!(browser.number(brightness) < 60.0);
    browser.screenshot(&kept("page-dark.png"));
    // The table says the same without a picture.
    assert_eq!(browser.number("document.querySelectorAll('tbody tr').length"), 10.0);
    assert_eq!(browser.complaints(), [""; 0]);
}

#[test]
fn strings_of_a_history_stay_strings() {
    let Some(mut browser) = Browser::start() else { return };
    let folder = Folder::new();
    let evil = "</script><script>window.caught = 1</script><img src=x onerror='window.caught = 2'>";
    let mut history = known_race();
    history.header.left_torn = Some(evil.to_owned());
    history.purchases[0].torn = Some(TornText::new(b"</script><script>evil()<!--").into());
    history.purchases[0].outcome = Outcome::Failed;
    let page = write_page(&folder, &history);
    browser.open(&page, &LAPTOP);
    let (x, y) = place(&mut browser, 0);
    browser.hover(x, y);
    assert!(browser.text("document.getElementById('tip').innerText").contains("</script>"));
    assert!(browser.text("document.querySelector('.anomalies').textContent").contains("</script>"));
    assert_eq!(browser.eval("window.caught ?? null"), serde_json::Value::Null);
    assert_eq!(browser.number("document.images.length"), 0.0);
    assert_eq!(browser.complaints(), [""; 0]);
}

#[test]
fn a_hundred_thousand_purchases_open_and_say_that_they_are_thinned() {
    let Some(mut browser) = Browser::start() else { return };
    let folder = Folder::new();
    let stock = 100_000;
    // A hundred buyers in turn, each turn 5 µs, and one ticket in the middle sold twice.
    let purchases = (0..stock as u64).map(|turn| {
        let invoke_ns = turn * 5_000;
        let steps = Steps {
            read_ns: Some(invoke_ns + 1_000),
            written_ns: Some(invoke_ns + 4_000),
            ..Steps::default()
        };
        let sold_from = if turn == 50_001 { stock - 50_000 } else { stock - turn as i64 };
        let return_ns = Some(invoke_ns + 4_500);
        Purchase {
            invoke_ns,
            return_ns: return_ns.into(),
            steps: steps.into(),
            ..bought(turn % 100 + 1, sold_from, 0, 1)
        }
    });
    let header = Header { initial: Some(stock), remaining: Some(0), ..Header::default() };
    let page = write_page(&folder, &History { header, purchases: purchases.collect() });
    browser.open(&page, &LAPTOP);
    assert_eq!(browser.complaints(), [""; 0]);
    assert_eq!(browser.number("ticketsim.history.count"), 100_000.0);
    let said = browser.text("document.getElementById('note').textContent");
    assert!(said.contains("100,000 of 100,000 purchases here are too close"), "{said}");
    let opened_ms = browser.text("document.documentElement.dataset.openedMs");
    let frame_ms = browser.number("Math.min(...[1, 2, 3, 4, 5].map(() => ticketsim.drawMs()))");
    println!("opened in {opened_ms} ms, a frame in {frame_ms:.1} ms");
    browser.screenshot(&kept("page-large.png"));
    // Ten times what it may take on a machine that has nothing else to do.
    assert!(opened_ms.parse::<f64>().expect("a number") < 30_000.0);

    browser.press("n");
    browser.press("n");
    let said = browser.text("document.getElementById('note').textContent");
    assert!(said.contains("in sight, each drawn"), "close enough, nothing is thinned: {said}");
    browser.screenshot(&kept("page-large-anomaly.png"));
}

#[test]
fn outcomes_differ_in_more_than_colour() {
    let Some(mut browser) = Browser::start() else { return };
    let folder = Folder::new();
    // As another shop would log them: nothing is known but call, return and outcome.
    let bare = |buyer, outcome| Purchase {
        outcome,
        seen: None::<i64>.into(),
        sold_from: None::<i64>.into(),
        steps: Steps::default().into(),
        ..bought(buyer, 1, 0, 20)
    };
    let waits = Steps {
        locked_ns: Some(4 * MS),
        read_ns: Some(9 * MS),
        unlocked_ns: Some(19 * MS),
        ..Steps::default()
    };
    let empties = Steps {
        read_ns: Some(MS),
        truncated_ns: Some(8 * MS),
        written_ns: Some(18 * MS),
        ..Steps::default()
    };
    let purchases = vec![
        bare(1, Outcome::Bought),
        bare(2, Outcome::Refused),
        bare(3, Outcome::Failed),
        Purchase { return_ns: None.into(), ..bare(4, Outcome::Unknown) },
        Purchase { steps: waits.into(), ..bare(5, Outcome::Refused) },
        Purchase { steps: empties.into(), ..bare(6, Outcome::Bought) },
        Purchase { torn: Some(TornText::new(b"").into()), steps: waits.into(), ..bare(7, Outcome::Failed) },
    ];
    let header = Header { initial: Some(3), remaining: Some(1), ..Header::default() };
    let page = write_page(&folder, &History { header, purchases });
    browser.open(&page, &LAPTOP);
    // How often the brightness changes along a line through a bar, off its middle.
    let mut changes = |purchase: usize| {
        browser.number(&format!(
            "(() => {{
               const {{ x, y }} = ticketsim.place({purchase});
               const line = document.getElementById('canvas').getContext('2d').getImageData(x - 60, y + 6, 120, 1).data;
               const bright = (k) => line[4 * k] + line[4 * k + 1] + line[4 * k + 2];
               let count = 0;
               for (let k = 1; k < 120; k++) if (Math.abs(bright(k) - bright(k - 1)) > 60) count++;
               return count;
             }})()"
        ))
    };
    assert_eq!(changes(0), 0.0, "bought is plain");
    assert!(changes(1) > 20.0 && changes(2) > 20.0, "refused is striped, failed is dotted");
    assert_ne!(changes(1), changes(2));
    assert_eq!(browser.complaints(), [""; 0]);
    browser.screenshot(&kept("page-outcomes.png"));
    browser.see_as("deuteranopia");
    browser.screenshot(&kept("page-outcomes-deuteranopia.png"));
}

#[test]
fn a_run_writes_its_page_and_its_trace() {
    let folder = Folder::new();
    let ran = folder.ticketsim("--buyers 4 --tickets 2 --html timeline.html --trace trace.json");
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let page = folder.read("timeline.html");
    assert!(page.contains("<title>4 buyers, 2 tickets, flock: sound"), "{page:.400}");
    assert!(!page.contains("http://") && !page.contains("https://"), "the page needs nothing else");
    let trace: serde_json::Value = serde_json::from_str(&folder.read("trace.json")).expect("JSON");
    let events = trace["traceEvents"].as_array().expect("events");
    for part in ["wait", "hold", "read", "think, write", "bought ticket 2", "refused"] {
        assert!(events.iter().any(|event| event["name"] == part), "{part}");
    }
    // Found out before the sale, not after it.
    let ran = folder.ticketsim("--buyers 2 --tickets 5 --html nowhere/timeline.html");
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("nowhere/timeline.html"), "{ran:?}");
    assert!(folder.read("data/ticket.json").contains("\"ticket\": 0"), "nothing was put on sale");
}

#[test]
fn a_history_of_another_shop_is_shown() {
    let folder = Folder::new();
    let evil = "</script><script>window.caught = 1</script>\u{1b}[2J";
    let lines = [
        r#"{"history_version":1,"initial":3}"#.to_owned(),
        r#"{"buyer":"ann","invoke_ns":1000,"return_ns":3000,"outcome":"bought"}"#.to_owned(),
        r#"{"buyer":"bob","invoke_ns":2000,"return_ns":6000,"outcome":"refused"}"#.to_owned(),
        r#"{"buyer":"eve","invoke_ns":8000,"return_ns":12000,"outcome":"bought"}"#.to_owned(),
        serde_json::json!({"buyer": evil, "invoke_ns": 9000, "return_ns": 9500, "outcome": "failed"})
            .to_string(),
    ];
    folder.write("shop.jsonl", lines.join("\n"));
    let ran = folder.ticketsim("report shop.jsonl -o timeline.html --trace trace.json");
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let lane = |start: &str| ran.stdout.lines().any(|line| line.starts_with(start));
    assert!(lane("buyer ann ") && lane("UNSOUND") && lane("wrote timeline.html"), "{ran:?}");
    assert!(!lane("buyer </script><script>\u{1b}"), "{ran:?}");
    assert!(folder.read("trace.json").contains("refused_early"));
    if let Some(mut browser) = Browser::start() {
        browser.open(&folder.path("timeline.html"), &LAPTOP);
        assert_eq!(browser.complaints(), [""; 0]);
        assert_eq!(browser.eval("window.caught ?? null"), serde_json::Value::Null);
        assert!(
            browser.text("document.querySelector('[data-piece]').textContent").contains("buyer eve (line 4)")
        );
        assert!(anomalous_points(&mut browser) > 50.0, "the arrow from bob to eve");
        browser.press("/");
        for letter in ["e", "v", "e"] {
            browser.press(letter);
        }
        assert!(
            browser.text("document.getElementById('found').textContent").contains("buyer eve: 1 purchase")
        );
        browser.screenshot(&kept("page-shop.png"));
    }
    let ran = folder.ticketsim("report nothing.jsonl -o timeline.html");
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("nothing.jsonl"), "{ran:?}");
    // One from a run, from standard input, is shown with the plan that made it.
    folder.ticketsim("--buyers 3 --tickets 2 --think 1ms --history run.jsonl");
    let mut command = folder.command(["report", "-", "-o", "run.html"]);
    command.stdin(std::fs::File::open(folder.path("run.jsonl")).expect("a history"));
    assert_eq!(command.output().expect("runs").status.code(), Some(0));
    assert!(folder.read("run.html").contains("<span>--tickets 2</span>"));
}

#[test]
fn a_small_race_is_drawn_in_the_terminal() {
    let folder = Folder::new();
    let run = |args: &str, locale: &str| {
        let output = folder.command(args.split_whitespace()).env("LC_ALL", locale).output().expect("runs");
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    let lane = |text: &str, start: &str| {
        let line = text.lines().find(|line| line.starts_with(start));
        line.unwrap_or_else(|| panic!("no line {start}: {text}")).to_owned()
    };
    let unicode = run("--buyers 3 --tickets 1 --seed 1", "C.UTF-8");
    assert!(lane(&unicode, "stock ").contains("1───"), "{unicode}");
    assert_eq!(unicode.lines().filter(|line| line.starts_with("buyer ")).count(), 3, "{unicode}");
    // Who waited has the lock for a moment before it reads; on a busy machine for long enough to be seen.
    let waited =
        |text: &str, wait: &str, hold: &str| [hold, ""].iter().any(|h| text.contains(&format!("{wait}{h}R")));
    assert!(unicode.contains("═W") && waited(&unicode, "┈", "═"), "{unicode}");
    assert!(!unicode.contains('\u{1b}'), "no colours in a pipe");
    let ascii = run("--buyers 3 --tickets 1 --seed 1", "C");
    assert!(lane(&ascii, "stock ").is_ascii() && ascii.contains("=W") && waited(&ascii, ".", "="), "{ascii}");
    let large = run("--buyers 3 --tickets 30 --per-buyer all --think 0", "C");
    assert!(!large.contains("\nstock "), "33 purchases are no picture: {large}");
    assert!(!run("--buyers 3 --tickets 1 --quiet", "C").contains("stock"));
}

/// The picture in the README, of a real race: `cargo test --test it picture -- --ignored`.
#[test]
#[ignore = "writes data/timeline.webp anew"]
fn picture_for_the_readme() {
    let mut browser = Browser::start().expect("this takes a Chromium");
    let folder = Folder::new();
    let ran = folder.ticketsim("--buyers 10 --tickets 1 --no-lock --seed 42 --html timeline.html");
    assert_eq!(ran.code, Some(1), "{ran:?}");
    browser.open(&folder.path("timeline.html"), &Screen { scale: 1.0, ..LAPTOP });
    // As far as the timeline goes.
    let bottom = browser.number("document.querySelector('.picture').getBoundingClientRect().bottom");
    browser.eval("document.querySelector('.playback').style.position = 'static'");
    browser.show(&Screen { height: bottom as u32 + 14, scale: 1.0, ..LAPTOP });
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/timeline.webp");
    browser.screenshot(&path);
    browser.screenshot(&kept("readme.png"));
    let bytes = std::fs::metadata(&path).expect("a file").len();
    assert!(bytes < 200_000, "{bytes} bytes are too many for a README");
}
