//! What the page shows of a history that went wrong, and of one at a database: receipts for tickets that were sold
//! already, every anomaly, transactions, aborts and tries.

use ticketsim::fault::{Fault, FaultKind, StoreCode};
use ticketsim::history::{Header, History, Outcome, Purchase, Steps, Tries};

use crate::browser::{Browser, LAPTOP, Screen};
use crate::harness::Folder;
use crate::page::{MS, bought, kept, known_race, place, write_page};

/// The widths at which every page is looked at.
pub(crate) const WIDTHS: [u32; 4] = [390, 800, 1280, 1920];

/// Keeps pictures of a page at every width, light and dark; on none does anything stick out.
pub(crate) fn look_at(browser: &mut Browser, page: &std::path::Path, name: &str) {
    for width in WIDTHS {
        for dark in [false, true] {
            browser.open(page, &Screen { width, height: 900, dark, ..LAPTOP });
            let wide = browser.number("document.documentElement.scrollWidth");
            assert!(wide <= f64::from(width), "{name}: {wide} pixels wide at {width}");
            let cut = "[...document.querySelectorAll('button')].filter((e) => e.scrollWidth > e.clientWidth).length";
            assert_eq!(
                browser.number(cut),
                0.0,
                "{name}: buttons are wide enough for their words at {width}"
            );
            assert_eq!(browser.complaints(), [""; 0]);
            let colours = if dark { "dark" } else { "light" };
            browser.screenshot(&kept(&format!("page-{name}-{width}-{colours}.png")));
        }
    }
}

/// What colours the middle of a purchase's bar has: how many of its points are of this colour of the style.
fn points(browser: &mut Browser, purchase: usize, colour: &str) -> f64 {
    browser.number(&format!(
        "(() => {{
           const {{ x, y }} = ticketsim.place({purchase});
           const line = document.getElementById('canvas').getContext('2d').getImageData(x - 30, y - 9, 60, 18).data;
           const hex = getComputedStyle(document.documentElement).getPropertyValue('--{colour}').trim();
           const [r, g, b] = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
           let count = 0;
           for (let k = 0; k < line.length; k += 4)
             if (Math.abs(line[k] - r) + Math.abs(line[k + 1] - g) + Math.abs(line[k + 2] - b) < 8) count++;
           return count;
         }})()"
    ))
}

#[test]
fn a_receipt_for_a_ticket_that_was_sold_already_looks_like_one() {
    let Some(mut browser) = Browser::start() else { return };
    let folder = Folder::new();
    let page = write_page(&folder, &known_race());
    browser.open(&page, &LAPTOP);
    // The first receipt is the ticket's; the other nine are for the same one.
    let kinds = browser.text("ticketsim.history.kind.join()");
    assert_eq!(kinds, "0,6,6,6,6,6,6,6,6,6");
    assert!(points(&mut browser, 0, "bought-soft") > 100.0 && points(&mut browser, 0, "anomaly-soft") == 0.0);
    assert!(points(&mut browser, 5, "anomaly-soft") > 100.0 && points(&mut browser, 5, "bought-soft") == 0.0);
    let words = browser.text("JSON.stringify([0, 5].map((i) => ticketsim.labels(i)[0]))");
    assert_eq!(words, r#"["✓ bought ticket 1","⚠︎ ticket 1, sold already"]"#);
    assert!(browser.text("document.querySelector('.legend').textContent").contains("sold already"));
    let (x, y) = place(&mut browser, 5);
    browser.hover(x, y);
    assert!(browser.text("document.getElementById('tip').innerText").contains("bought, sold already"));
    assert_eq!(browser.number("document.querySelectorAll('td.oversold').length"), 9.0);
    assert_eq!(browser.complaints(), [""; 0]);
    look_at(&mut browser, &page, "oversold");
    // Nothing of it where each ticket was sold once.
    let header = Header { initial: Some(2), remaining: Some(0), ..Header::default() };
    let sound = History { header, purchases: vec![bought(1, 2, 0, 10), bought(2, 1, 20, 30)] };
    let page = write_page(&folder, &sound);
    browser.open(&page, &LAPTOP);
    assert_eq!(browser.text("ticketsim.history.kind.join()"), "0,0");
    assert!(!browser.text("document.querySelector('.main').textContent").contains("sold already"));
}

#[test]
fn every_anomaly_of_two_hundred_buyers_is_reached_and_drawn() {
    let Some(mut browser) = Browser::start() else { return };
    let folder = Folder::new();
    let header = Header { initial: Some(2), remaining: Some(0), ..Header::default() };
    let purchases = (1..=200).map(|buyer| bought(buyer, 1 + (buyer % 2) as i64, 0, 5 + buyer)).collect();
    let page = write_page(&folder, &History { header, purchases });
    browser.open(&page, &LAPTOP);
    let pieces = browser.number("document.querySelectorAll('[data-piece]').length");
    assert!(pieces >= 198.0, "{pieces} pieces of evidence");
    assert!(!browser.text("document.querySelector('.anomalies').textContent").contains("… and"));
    let said = browser.text("document.getElementById('note').textContent");
    assert!(said.contains("anomalies in sight, drawn as"), "{said}");
    // The last of them, by one key from the first.
    browser.press("p");
    assert_eq!(browser.number("ticketsim.state.piece"), pieces - 1.0);
    let said = browser.text("document.getElementById('note').textContent");
    assert!(said.contains("in sight, each drawn"), "{said}");
    browser.screenshot(&kept("page-200-last.png"));
    look_at(&mut browser, &page, "200");
}

/// As PostgreSQL tells it: one that committed, one that was aborted, one that was tried again, one without an answer.
pub(crate) fn at_a_database() -> History {
    let steps = |read: u64, written: Option<u64>, unlocked: Option<u64>| Steps {
        read_ns: Some(read * MS),
        written_ns: written.map(|at| at * MS),
        unlocked_ns: unlocked.map(|at| at * MS),
        ..Steps::default()
    };
    let of = |buyer, outcome, end: Option<u64>, steps: Steps| Purchase {
        steps: steps.into(),
        ..Purchase::new(buyer, outcome, 0, end.map(|at| at * MS)).from_stock(3)
    };
    let aborted = Fault::of_store(FaultKind::Aborted, StoreCode::of_state("40001"));
    let tries = Tries { count: 3, aborted: 2, code: StoreCode::of_state("40P01") };
    let lost = Fault::of_store(FaultKind::AnswerLost, StoreCode::of_state("57P01"));
    let purchases = vec![
        of(1, Outcome::Bought, Some(20), steps(4, Some(14), Some(20))),
        Purchase { fault: Some(aborted), ..of(2, Outcome::Failed, Some(24), steps(5, None, None)) },
        Purchase {
            tries: tries.into(),
            ..of(3, Outcome::Bought, Some(60), steps(40, Some(52), Some(60))).from_stock(2)
        },
        Purchase { fault: Some(lost), ..of(4, Outcome::Unknown, None, steps(30, Some(45), None)) },
    ];
    let plan = serde_json::json!({
        "buyers": 4, "tickets": 3, "workers": "process", "store": "postgres", "isolation": "serializable",
        "lock": "none", "write": "set", "retry": true, "lock_timeout_ns": null,
        "steps": "begin read think write commit", "url": "postgres://x@127.0.0.1:1/test", "name": "ticket",
        "per_buyer": 1, "think_ns": 10_000_000, "jitter": 0.5, "seed": "1",
    });
    let plan = serde_json::from_value(plan).expect("a plan");
    let header = Header { initial: Some(3), remaining: Some(1), plan: Some(plan), ..Header::default() };
    History { header, purchases }
}

#[test]
fn transactions_aborts_and_tries_are_drawn_as_far_as_they_are_known() {
    let Some(mut browser) = Browser::start() else { return };
    let folder = Folder::new();
    let page = write_page(&folder, &at_a_database());
    browser.open(&page, &LAPTOP);
    assert_eq!(browser.complaints(), [""; 0]);
    let known = browser.text("JSON.stringify([0, 1, 2, 3].map((i) => ticketsim.transaction(i)))");
    // Of several tries nobody knows when the last began, and of one without an answer not how it ended.
    let expected = r#"[{"from":0,"until":20000000,"committed":true},{"from":0,"until":24000000,"committed":false},{"from":null,"until":60000000,"committed":true},{"from":0,"until":null,"committed":true}]"#;
    assert_eq!(known, expected);
    let words = browser.text("JSON.stringify([1, 2].map((i) => ticketsim.labels(i)[0]))");
    assert_eq!(words, r#"["! aborted by the database (40001)","✓ bought ticket 2"]"#);
    let mut tip = |purchase| {
        let (x, y) = place(&mut browser, purchase);
        browser.hover(x, y);
        browser.text("document.getElementById('tip').innerText")
    };
    assert!(tip(1).contains("aborted by the database (40001)"));
    let tried = tip(2);
    assert!(tried.contains("3, 2 aborted (40P01)") && tried.contains("committed"), "{tried}");
    let legend = browser.text("document.querySelector('.legend').textContent");
    assert!(legend.contains("in a transaction") && legend.contains("tries that came to nothing"), "{legend}");
    look_at(&mut browser, &page, "database");
    // The lock of a row is drawn as that of a file, from the read that takes it.
    let mut history = at_a_database();
    let plan = serde_json::to_value(history.header.plan.as_ref().expect("a plan")).expect("JSON");
    let mut plan = plan;
    plan["lock"] = "row".into();
    plan["isolation"] = "read-committed".into();
    plan["steps"] = "begin read-for-update think write commit".into();
    history.header.plan = Some(serde_json::from_value(plan).expect("a plan"));
    let page = write_page(&folder, &history);
    browser.open(&page, &LAPTOP);
    assert_eq!(browser.number("ticketsim.history.granted[0]"), 4.0 * MS as f64);
    assert!(browser.text("document.querySelector('.legend').textContent").contains("waits for the row"));
    browser.screenshot(&kept("page-row-lock.png"));
    // A file's run has none of it.
    let page = write_page(&folder, &known_race());
    browser.open(&page, &LAPTOP);
    assert_eq!(browser.text("String(ticketsim.transaction(0))"), "null");
    assert!(!browser.text("document.querySelector('.legend').textContent").contains("transaction"));
}
