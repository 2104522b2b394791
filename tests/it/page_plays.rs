//! The page as a teacher uses it: played and stepped, opened at a moment, in Chinese, two runs at once, on a
//! projector, on paper, as a picture; and what it says of purchases that were not recorded.

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use ticketsim::history::{Header, History, Purchase, Steps, Tally, Timing};
use ticketsim::report::page::{Lang, html};
use ticketsim::verdict::judge;

use crate::browser::{Browser, LAPTOP};
use crate::harness::{Folder, eventually};
use crate::page::{MS, anomalous_points, bought, kept, known_race, middle_of, write_page};
use crate::page_shows::look_at;

/// Buyer 2 waits for buyer 1, who has the lock from 2 to 20 ms.
fn locked() -> History {
    let with = |buyer: u64, stock: i64, times: [u64; 4]| {
        let [locked, read, written, unlocked] = times.map(|at| Some(at * MS));
        let steps = Steps {
            locked_ns: locked,
            read_ns: read,
            written_ns: written,
            unlocked_ns: unlocked,
            ..Steps::default()
        };
        Purchase { return_ns: unlocked.into(), steps: steps.into(), ..bought(buyer, stock, 0, 0) }
    };
    let header = Header { initial: Some(2), remaining: Some(0), exclusive: true, ..Header::default() };
    History { header, purchases: vec![with(1, 2, [2, 4, 18, 20]), with(2, 1, [21, 23, 38, 40])] }
}

/// Opens the page at an address of its own.
fn open_at(browser: &mut Browser, page: &std::path::Path, address: &str) {
    browser.open(page, &LAPTOP);
    browser.eval(&format!("location.hash = '{address}'"));
    browser.hover(1.0, 1.0);
}

fn moment(browser: &mut Browser) -> String {
    browser.text("document.getElementById('moment').textContent")
}

#[test]
fn a_race_is_played_stepped_and_opened_at_a_moment() {
    let Some(mut browser) = Browser::start() else { return };
    let folder = Folder::new();
    let page = write_page(&folder, &locked());
    browser.open(&page, &LAPTOP);
    assert_eq!(browser.eval("document.getElementById('moment').hidden"), true);
    assert_eq!(browser.complaints(), [""; 0]);
    // Event by event, by keys and by buttons; a mouse that is elsewhere does nothing.
    browser.press("l");
    assert_eq!(browser.number("ticketsim.shared.time"), 0.0);
    browser.press("l");
    assert_eq!(browser.number("ticketsim.shared.time"), 2.0 * MS as f64);
    let said = moment(&mut browser);
    assert!(
        said.contains("stock 2") && said.contains("buyer 1 holds the lock") && said.contains("1 waits"),
        "{said}"
    );
    let (x, y) = middle_of(&mut browser, "#step-on");
    browser.click(x, y);
    assert!(moment(&mut browser).contains("has read 2"));
    let (x, y) = middle_of(&mut browser, "#step-back");
    browser.click(x, y);
    assert_eq!(browser.number("ticketsim.shared.time"), 2.0 * MS as f64);
    // A link opens there; what is shown can be linked to.
    open_at(&mut browser, &page, "#t=20.5ms");
    let said = moment(&mut browser);
    assert!(said.contains("20.5 ms: stock 1") && said.contains("the lock is free"), "{said}");
    assert!(said.contains("1 bought") && said.contains("1 waits"), "{said}");
    browser.screenshot(&kept("page-moment.png"));
    browser.press("l");
    assert!(browser.text("location.hash").contains("t=21ms"));
    // Playing goes on by itself to the end, and stops there.
    browser.eval("document.activeElement.blur()");
    browser.press(" ");
    browser.press(">");
    browser.press(">");
    eventually("it has been played", || browser.eval("ticketsim.shared.playing") == false);
    assert_eq!(browser.number("ticketsim.shared.time"), 40.0 * MS as f64);
    assert!(moment(&mut browser).contains("stock 0"));
    browser.press("Escape");
    assert_eq!(browser.eval("document.getElementById('moment').hidden"), true);
    assert_eq!(browser.complaints(), [""; 0]);
    // An anomaly has an address, too.
    let page = write_page(&folder, &known_race());
    open_at(&mut browser, &page, "#anomaly=3&t=8ms");
    assert_eq!(browser.number("ticketsim.state.piece"), 2.0);
    assert!(moment(&mut browser).contains("has read 1") || moment(&mut browser).contains("has written"));
    browser.press("n");
    assert!(browser.text("location.hash").contains("anomaly=4"));
    browser.screenshot(&kept("page-anomaly-moment.png"));
}

#[test]
fn what_is_to_come_is_not_shown_yet() {
    let Some(mut browser) = Browser::start() else { return };
    let folder = Folder::new();
    let page = write_page(&folder, &known_race());
    open_at(&mut browser, &page, "#t=0ms");
    let early = anomalous_points(&mut browser);
    open_at(&mut browser, &page, "#t=25ms");
    let late = anomalous_points(&mut browser);
    assert!(late > 20.0 * early.max(1.0), "{early} points at the start, {late} at the end");
}

#[test]
fn it_speaks_chinese_when_asked() {
    let Some(mut browser) = Browser::start() else { return };
    let folder = Folder::new();
    let page = write_page(&folder, &known_race());
    browser.open(&page, &LAPTOP);
    let english = browser.text("document.body.innerText");
    let is_han = |c: char| ('\u{4e00}'..='\u{9fff}').contains(&c);
    // The button that switches is the one thing in the other language.
    assert!(!english.replace("中文", "").contains(is_han), "{english}");
    let (x, y) = middle_of(&mut browser, "#language");
    browser.click(x, y);
    let chinese = browser.text("document.body.innerText");
    for word in ["出错", "时间线", "早已卖出", "丢失更新", "收据", "买家", "复制"] {
        assert!(chinese.contains(word) || word == "复制", "{word}: {chinese}");
    }
    for word in ["buyer", "Timeline", "receipts", "sold already", "Drag"] {
        assert!(!chinese.contains(word), "{word}: {chinese}");
    }
    assert!(browser.text("document.title").contains("出错"));
    assert_eq!(browser.text("ticketsim.labels(5)[0]"), "⚠︎ 1 号票，早已卖出");
    assert!(browser.text("location.hash").contains("lang=zh"));
    let hint = browser.text("document.getElementById('search').placeholder");
    assert!(hint.contains(is_han), "{hint}");
    browser.press("l");
    assert!(moment(&mut browser).contains("库存 1"));
    browser.screenshot(&kept("page-chinese.png"));
    // A page written in Chinese begins with it.
    let path = folder.path("zh.html");
    let history = known_race();
    html::write(&[(&history, &judge(&history))], Lang::Zh, &path, &AtomicBool::new(false)).expect("written");
    look_at(&mut browser, &path, "chinese");
    assert!(browser.text("document.title").contains("出错"));
}

#[test]
fn two_runs_play_together_on_one_scale() {
    let Some(mut browser) = Browser::start() else { return };
    let folder = Folder::new();
    let ran = folder.ticketsim("--buyers 6 --tickets 1 --no-lock --seed 4 --history a.jsonl");
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let ran = folder.ticketsim("--buyers 6 --tickets 1 --seed 4 --history b.jsonl");
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let ran = folder.ticketsim("report a.jsonl b.jsonl -o both.html");
    assert_eq!(ran.code, Some(1), "the worse of the two: {ran:?}");
    assert!(ran.stdout.contains("UNSOUND") && ran.stdout.contains("SOUND: 1 receipt"), "{ran:?}");
    let page: PathBuf = folder.path("both.html");
    browser.open(&page, &LAPTOP);
    assert_eq!(browser.complaints(), [""; 0]);
    assert_eq!(browser.number("ticketsim.runs.length"), 2.0);
    assert!(browser.text("document.title").contains(" | "));
    let wide = |browser: &mut Browser, id: &str| {
        browser.number(&format!("document.getElementById('{id}').getBoundingClientRect().width"))
    };
    assert_eq!(wide(&mut browser, "canvas"), wide(&mut browser, "canvas-2"), "one scale needs one width");
    let longest = "Math.max(...ticketsim.runs.map((run) => Math.max(...run.shown.history.end)))";
    assert_eq!(browser.number(longest), browser.number("ticketsim.shared.span"));
    // Zooming one zooms the other; a moment is one for both.
    browser.eval("document.getElementById('canvas-2').focus()");
    let before = browser.number("ticketsim.runs[0].shown.state.until - ticketsim.runs[0].shown.state.from");
    browser.press("+");
    let after = browser.number("ticketsim.runs[1].shown.state.until - ticketsim.runs[1].shown.state.from");
    assert!(after < before);
    browser.press("0");
    browser.press("l");
    browser.press("l");
    for id in ["moment", "moment-2"] {
        let said = browser.text(&format!("document.getElementById('{id}').textContent"));
        assert!(said.contains("stock 1"), "{id}: {said}");
    }
    look_at(&mut browser, &page, "two-runs");
    // One page can't be a trace of two, and two need a page.
    for (bad, said) in [
        ("report a.jsonl b.jsonl", "-o both.html"),
        ("report a.jsonl b.jsonl -o both.html --trace t.json", "--trace takes one history"),
        ("report - - -o both.html", "named twice"),
    ] {
        let ran = folder.ticketsim(bad);
        assert_eq!(ran.code, Some(2), "{ran:?}");
        assert!(ran.stderr.contains(said), "{ran:?}");
    }
}

#[test]
fn what_was_not_recorded_is_hatched_and_named() {
    let Some(mut browser) = Browser::start() else { return };
    let folder = Folder::new();
    let purchases =
        (0..6).map(|turn| bought(turn % 3 + 1, 50 - turn as i64, turn * 4, turn * 4 + 3)).collect();
    let header = Header {
        initial: Some(50),
        remaining: Some(4),
        unrecorded: Tally { bought: 40, refused: 1_234_567, failed: 0 },
        timing: Some(Timing { launch_ns: 0, go_ns: 0, elapsed_ns: 100 * MS, go_spread_ns: None }),
        ..Header::default()
    };
    let page = write_page(&folder, &History { header, purchases });
    browser.open(&page, &LAPTOP);
    assert_eq!(browser.number("ticketsim.shared.span"), 100.0 * MS as f64, "as long as the run");
    let said = browser.text("document.getElementById('note').textContent");
    assert!(said.contains("1,234,607 purchases had no room in the record"), "{said}");
    assert!(browser.text("document.querySelector('.legend').innerText").contains("not recorded"));
    // How often the brightness changes along a lane, behind its last purchase.
    let changes = "(() => {
        const canvas = document.getElementById('canvas');
        const y = ticketsim.place(1).y;
        const line = canvas.getContext('2d').getImageData(700, y, 200, 1).data;
        let count = 0;
        for (let k = 1; k < 200; k++) if (Math.abs(line[4 * k] - line[4 * k - 4]) > 30) count++;
        return count;
      })()";
    assert!(browser.number(changes) > 20.0, "hatched");
    open_at(&mut browser, &page, "#t=50ms");
    assert!(moment(&mut browser).contains("stock ?"), "nobody knows what it was then");
    browser.press("Escape");
    browser.screenshot(&kept("page-unrecorded.png"));
    let page = write_page(&folder, &locked());
    browser.open(&page, &LAPTOP);
    assert!(browser.number(changes) < 20.0);
    assert!(!browser.text("document.body.innerText").contains("not recorded"));
}

#[test]
fn it_is_kept_as_a_picture_printed_and_enlarged() {
    let Some(mut browser) = Browser::start() else { return };
    let folder = Folder::new();
    let page = write_page(&folder, &known_race());
    browser.open(&page, &LAPTOP);
    let picture = browser
        .text("(() => { HTMLAnchorElement.prototype.click = () => {}; return ticketsim.picture(); })()");
    let bytes = picture.strip_prefix("data:image/png;base64,").expect("a PNG");
    let bytes = data_encoding::BASE64.decode(bytes.as_bytes()).expect("base64");
    assert!(bytes.len() > 5_000 && bytes.starts_with(b"\x89PNG"), "{} bytes", bytes.len());
    std::fs::write(kept("page-kept.png"), bytes).expect("written");
    // Bigger type: the picture is larger, and still answers where the mouse is.
    let small = browser.number("document.getElementById('canvas').getBoundingClientRect().height");
    browser.press("b");
    browser.hover(1.0, 1.0);
    let large = browser.number("document.getElementById('canvas').getBoundingClientRect().height");
    assert!(large > small * 1.2, "{small} to {large}");
    let (x, y) = crate::page::place(&mut browser, 2);
    browser.eval("window.scrollTo(0, 0)");
    browser.hover(x, y);
    let tip = browser.text("document.getElementById('tip').innerText");
    assert!(tip.contains("buyer 3: bought"), "{tip}");
    browser.screenshot(&kept("page-projector.png"));
    // On paper it is light, whatever the screen is, and no button is there.
    browser.open(&page, &crate::browser::Screen { dark: true, ..LAPTOP });
    let bright = "(() => { const c = document.getElementById('canvas');
        return Math.max(...c.getContext('2d').getImageData(2, c.height - 2, 1, 1).data.slice(0, 3)); })()";
    assert!(browser.number(bright) < 60.0);
    browser.eval("dispatchEvent(new Event('beforeprint'))");
    assert!(browser.number(bright) > 200.0);
    browser.eval("dispatchEvent(new Event('afterprint'))");
    assert!(browser.number(bright) < 60.0);
    assert_eq!(browser.complaints(), [""; 0]);
}

#[test]
fn fingers_are_told_what_they_can_do_and_do_it() {
    let Some(mut browser) = Browser::start() else { return };
    let folder = Folder::new();
    let page = write_page(&folder, &known_race());
    // What fingers can do is said to fingers alone, and what keys can do to a mouse's owner.
    let shown = |browser: &mut Browser, what: &str| {
        browser.text(&format!("getComputedStyle(document.querySelector('{what}')).display")) != "none"
    };
    browser.open(&page, &LAPTOP);
    assert_eq!([".gestures", ".keys"].map(|what| shown(&mut browser, what)), [false, true]);
    browser.has_fingers();
    let phone = crate::browser::Screen { width: 390, height: 900, ..LAPTOP };
    browser.open(&page, &phone);
    assert_eq!([".gestures", ".keys"].map(|what| shown(&mut browser, what)), [true, false]);
    assert!(browser.text("document.querySelector('.gestures').innerText").contains("pinch to zoom"));
    let (x, y) = crate::page::place(&mut browser, 2);
    browser.touch(&[[(x, y), (x, y)]]);
    let tip = browser.text("document.getElementById('tip').innerText");
    assert!(tip.contains("buyer 3: bought, sold already"), "{tip}");
    assert_eq!(browser.eval("document.getElementById('tip').hidden"), false);
    browser.screenshot(&kept("page-tap.png"));
    // Two fingers that part bring it nearer.
    let in_view = "ticketsim.state.until - ticketsim.state.from";
    let before = browser.number(in_view);
    browser.touch(&[[(x - 20.0, y), (x - 60.0, y)], [(x + 20.0, y), (x + 60.0, y)]]);
    let after = browser.number(in_view);
    assert!(after < before * 0.7, "from {before} to {after} ns in view");
    assert_eq!(browser.complaints(), [""; 0]);
}

/// At a database the stock falls for all to see when a sale is committed, not when it is written.
#[test]
fn the_stock_falls_with_the_commit() {
    let Some(mut browser) = Browser::start() else { return };
    let folder = Folder::new();
    let page = write_page(&folder, &crate::page_shows::at_a_database());
    browser.open(&page, &LAPTOP);
    assert_eq!(browser.text("ticketsim.stock.inFile.time.join()"), "0,20000000,60000000");
    let page = write_page(&folder, &locked());
    browser.open(&page, &LAPTOP);
    assert_eq!(browser.text("ticketsim.stock.inFile.time.join()"), "0,18000000,38000000");
}
