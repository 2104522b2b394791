//! The graph of states in a real browser: what flows, where it ends, and what a click shows.

use serde_json::{Value, json};

use crate::browser::{Browser, LAPTOP};
use crate::harness::{Folder, TICKETSIM};

const READ_COMMITTED: &str = "--store postgres --isolation read-committed";

/// The probability of an unsound end, as JSON has it: by fractions.
fn unsound_share(exact: &Value) -> f64 {
    let outcomes = exact["outcomes"].as_array().expect("outcomes").iter();
    let unsound = outcomes.filter(|outcome| outcome["anomalies"] != json!([]));
    let number = |text: &str| text.parse::<f64>().expect("a number");
    let shares = unsound.map(|outcome| {
        let text = outcome["probability"].as_str().expect("a fraction");
        let (part, all) = text.split_once('/').unwrap_or((text, "1"));
        number(part) / number(all)
    });
    shares.sum()
}

/// No text of the picture goes on beyond its edge.
fn assert_nothing_is_cut(browser: &mut Browser) {
    let end = "Math.max(...[...document.querySelectorAll('svg text')].map((e) => e.getBBox()).map((b) => b.x + b.width))";
    let (end, edge) =
        (browser.number(end), browser.number("document.querySelector('svg').viewBox.baseVal.width"));
    assert!(end > 0.0 && end <= edge, "{end} of {edge}");
}

#[test]
fn the_graph_of_two_fits_a_slide_and_a_click_shows_a_schedule() {
    let Some(mut browser) = Browser::start() else { return };
    let folder = Folder::new();
    for (options, unsound) in [("--no-lock", 2.0 / 3.0), ("", 0.0), (READ_COMMITTED, 0.75)] {
        let ran = folder.ticketsim(&format!("explore {options} --html graph.html"));
        assert!(ran.code == Some(i32::from(unsound > 0.0)), "{ran:?}");
        browser.open(&folder.path("graph.html"), &LAPTOP);
        assert_eq!(browser.complaints(), [""; 0]);
        let shown = browser.number("document.querySelector('svg').getBoundingClientRect().width");
        let whole = browser.number("document.querySelector('svg').viewBox.baseVal.width");
        assert!(whole <= shown && browser.number("document.documentElement.scrollHeight") <= 900.0);
        assert_eq!(browser.number("document.querySelectorAll('.note').length"), 0.0, "nothing is left out");
        assert_nothing_is_cut(&mut browser);
        // The ends, told apart in colour and sign, with their shares.
        let ends = |browser: &mut Browser, kind: &str| {
            browser.number(&format!("document.querySelectorAll('rect.{kind}').length"))
        };
        assert!(ends(&mut browser, "sound") > 0.0);
        assert_eq!(ends(&mut browser, "unsound") > 0.0, unsound > 0.0);
        let share = "[...document.querySelectorAll('text.unsound')].map((e) => \
                     Number(e.textContent.match(/([0-9.]+) %/)[1])).reduce((a, b) => a + b, 0)";
        let exact = folder.json(&format!("explore {options}")).1;
        if unsound > 0.0 {
            assert!(browser.text("document.querySelector('text.unsound').textContent").starts_with('✗'));
            let whole = unsound_share(&exact);
            assert!((browser.number(share) - 100.0 * whole).abs() < 0.5, "{options}: {whole}");
        }
        // Each step's schedule is one of the model, and is said to lead where it leads.
        let edges = browser.number("document.querySelectorAll('.flow').length") as usize;
        assert!(edges >= 6, "{edges}");
        for edge in 0..edges {
            browser.eval(&format!(
                "document.getElementById('e{edge}').dispatchEvent(new MouseEvent('click')), 0"
            ));
            let schedule = browser.text("document.getElementById('schedule').textContent");
            let end = browser.text("document.getElementById('end').textContent");
            let command = browser.text("document.getElementById('command').textContent");
            let chosen = browser.number("document.querySelectorAll('.chosen').length");
            assert_eq!(chosen as usize, schedule.split(' ').count(), "{schedule}");
            assert!(!end.is_empty() && !schedule.contains('…'), "{schedule}: {end}");
            if !options.contains("--store") {
                assert!(command.starts_with(&format!("ticketsim replay '{schedule}'")), "{command}");
                if edge == 0 || edge + 1 == edges {
                    let ran = folder.bash(&format!("{} --json", command.replacen("ticketsim", TICKETSIM, 1)));
                    let replayed: Value = serde_json::from_str(&ran.stdout).expect("a document");
                    let sold =
                        format!("{} sold, {} left", replayed["receipts"], replayed["stock"]["remaining"]);
                    assert!(end.starts_with(&sold), "{end}: {replayed}");
                }
            }
        }
    }
}

#[test]
fn a_big_space_is_thinned_and_says_so() {
    let Some(mut browser) = Browser::start() else { return };
    let folder = Folder::new();
    let ran = folder.ticketsim("explore -n 6 -t 4 --no-lock --html graph.html --lang zh");
    assert_eq!(ran.code, Some(1), "{ran:?}");
    browser.open(&folder.path("graph.html"), &LAPTOP);
    assert_eq!(browser.complaints(), [""; 0]);
    let note = browser.text("document.querySelector('.note').textContent");
    assert_nothing_is_cut(&mut browser);
    assert!(note.starts_with("有删减") && note.contains('%'), "{note}");
    let drawn = browser.number("document.querySelectorAll('rect').length");
    assert!(drawn > 100.0 && drawn < 19.0 * 81.0, "{drawn}");
}

#[test]
fn a_page_of_a_sample_is_rejected() {
    let ran = Folder::new().ticketsim("explore --sample 10 --html graph.html");
    assert_eq!(ran.code, Some(2));
}
