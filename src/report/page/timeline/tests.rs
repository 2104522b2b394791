//! Pictures of small races.

use super::super::sample::{bought, refused};
use super::*;
use crate::history::{Header, Host, Steps};

fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

fn race() -> History {
    let header = Header { initial: Some(1), remaining: Some(0), ..Header::default() };
    let locked =
        |ns| Steps { locked_ns: Some(ns), read_ns: Some(ns), unlocked_ns: Some(ns), ..Steps::default() };
    let purchases = vec![
        bought(1, 1, 0, 1_000_000),
        bought(2, 1, 0, 500_000),
        Purchase { steps: locked(900_000).into(), ..refused(3, 0, 900_000) },
    ];
    History { header, purchases }
}

const LOOK: Look = Look { width: 80, unicode: false, lang: Lang::En };

#[test]
fn a_buyer_killed_while_it_waits_is_drawn_as_waiting() {
    let mut history = race();
    history.purchases.truncate(1);
    let locked = Steps { locked_ns: Some(1), ..history.purchases[0].steps.get() };
    history.purchases[0].steps = locked.into();
    let killed = Purchase {
        return_ns: None.into(),
        fault: Some(Fault::plain(FaultKind::Killed)),
        outcome: Outcome::Failed,
        seen: None.into(),
        sold_from: None.into(),
        steps: Steps::default().into(),
        ..refused(2, 0, 900_000)
    };
    history.purchases.push(killed);
    let text = plain(&timeline(&history, &LOOK).expect("a picture"));
    let lane = text.lines().find(|line| line.starts_with("buyer 2")).expect("its lane");
    assert!(lane.contains("..") && !lane.contains("--"), "{text}");
}

/// The lane of a killed buyer ends where it was killed, and the sign there has one of our own colours.
#[test]
fn a_killed_buyer_holds_nothing_afterwards() {
    let mut history = race();
    let at_ns = 400_000;
    history.purchases[1] = Purchase {
        return_ns: None.into(),
        fault: Some(Fault::plain(FaultKind::Killed)),
        outcome: Outcome::Failed,
        steps: Steps { locked_ns: Some(1), read_ns: Some(1), ..Steps::default() }.into(),
        ..refused(2, 1, 1)
    };
    let drawn = |history: &History| {
        let text = timeline(history, &LOOK).expect("a picture");
        assert_eq!(crate::foreign::terminal(&text), text);
        let text = plain(&text);
        text.lines().find(|line| line.starts_with("buyer 2")).expect("its lane").to_owned()
    };
    assert!(drawn(&history).contains("R====================="), "the control: nobody knows until when");
    let at = "before write".to_owned();
    history.header.mishaps = vec![Befallen { buyer: 2, mishap: Mishap::Kill, at, at_ns, until_ns: None }];
    let lane = drawn(&history);
    assert!(lane.contains("=K   "), "{lane}");
}

#[test]
fn a_race_reads_from_top_to_bottom() {
    let text = plain(&timeline(&race(), &LOOK).expect("a timeline"));
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    assert_eq!(
        lines,
        [
            "         0                                1.0 ms",
            "stock    1------------------0-------------------",
            "buyer 2  --R----------------W                    + bought ticket 1",
            "buyer 3  ..................................R     x sold out",
            "buyer 1  ----R---------------------------------W + bought ticket 1, sold already",
            "         R reads the stock, W writes it   . waits for the lock   = holds it",
            "         - thinks, without a lock",
        ],
        "{text}"
    );
}

/// A receipt for a ticket that was sold already looks like no other, however little room there is.
#[test]
fn a_ticket_that_was_sold_again_shows_in_narrow_terminals() {
    let history = race();
    let drawn = |width| plain(&timeline(&history, &Look { width, ..LOOK }).expect("a picture"));
    for (width, first, again) in [
        (80, " + bought ticket 1\n", " + bought ticket 1, sold already\n"),
        (56, " + ticket 1\n", " + ticket 1 again\n"),
        (40, " +\n", " +!\n"),
    ] {
        let text = drawn(width).replace("  \n", "\n");
        let text = text.lines().map(str::trim_end).fold(String::new(), |all, line| all + line + "\n");
        assert!(text.contains(first) && text.contains(again), "{width}: {text}");
    }
}

#[test]
fn it_keeps_to_the_width_in_both_languages() {
    for lang in Lang::ALL.iter().copied() {
        for width in 0..120 {
            let Some(text) = timeline(&race(), &Look { width, unicode: true, lang }) else {
                assert!(width < 60, "there is room in {width} columns");
                continue;
            };
            for line in plain(&text).lines() {
                assert!(columns(line) <= width, "{width}: {line}");
            }
        }
    }
}

#[test]
fn names_of_any_script_keep_the_columns() {
    let (mut race, name) = (race(), "\u{d55c}\u{ad6d} e\u{301}\u{1f3ab}");
    race.purchases[0].buyer = race.header.names.number(name);
    let text = plain(&timeline(&race, &Look { unicode: true, ..LOOK }).expect("a timeline"));
    // Two columns each for the syllables and the picture, one for the e and its accent, two apart.
    let labels = "buyer ".len() + 8 + 2;
    assert!(text.contains(&format!("\nstock{}1─", " ".repeat(labels - 5))), "{text}");
    assert!(text.contains(&format!("\nbuyer {name}  ")), "{text}");
}

#[test]
fn a_write_is_not_hidden_by_the_read_that_follows() {
    let header = Header { initial: Some(2), ..Header::default() };
    let purchases = vec![bought(1, 2, 0, 500_000), bought(1, 1, 500_000, 1_000_000)];
    let text = plain(&timeline(&History { header, purchases }, &LOOK).expect("a timeline"));
    let lane = text.lines().find(|line| line.starts_with("buyer 1")).expect("a lane");
    assert_eq!(lane.matches(['R', 'W']).collect::<String>(), "RWRW", "{lane}");
}

/// A colour that the filter for foreign text does not know would come out as its code.
#[test]
fn every_colour_reaches_a_terminal() {
    for outcome in Outcome::ALL {
        let style = outcome_style(*outcome);
        let text = format!("{style}sign{}", style.render_reset());
        assert_eq!(crate::foreign::terminal(&text), text, "{outcome}");
    }
}

#[test]
fn ascii_is_ascii() {
    let mut race = race();
    race.purchases[0].buyer = race.header.names.number("Zo\u{eb}\u{202e}");
    let text = plain(&timeline(&race, &LOOK).expect("a timeline"));
    assert!(text.is_ascii() && text.contains("buyer Zo?\\u{202e}"), "{text}");
}

#[test]
fn the_stock_of_a_history_without_steps_falls_when_receipts_return() {
    let mut race = race();
    for purchase in &mut race.purchases {
        purchase.steps = Steps::default().into();
    }
    let stock = |race: &History| {
        let text = plain(&timeline(race, &LOOK).expect("a timeline"));
        text.lines().find(|line| line.starts_with("stock")).map(str::to_owned)
    };
    let line = stock(&race).expect("a stock");
    assert!(line.starts_with("stock    1-") && line.contains("-0-"), "{line}");
    race.purchases[0].sold_from = None.into();
    assert_eq!(stock(&race), None, "a receipt that does not say its stock");
}

#[test]
fn the_stock_rises_at_a_give_back() {
    let given = |said: Option<i64>| Purchase {
        outcome: Outcome::Returned,
        quantity: 3,
        sold_from: said.into(),
        steps: Steps::default().into(),
        ..bought(2, 0, 400_000, 600_000)
    };
    let header = Header { initial: Some(1), ..Header::default() };
    for said in [None, Some(0)] {
        let purchases = vec![bought(1, 1, 0, 200_000), given(said), bought(3, 3, 800_000, 1_000_000)];
        let history = History { header: header.clone(), purchases };
        let text = plain(&timeline(&history, &LOOK).expect("a timeline"));
        let line = text.lines().find(|line| line.starts_with("stock")).expect("a stock");
        let levels: String = line.chars().filter(char::is_ascii_digit).collect();
        assert_eq!(levels, "1032", "{text}");
    }
}

#[test]
fn what_is_too_large_is_not_drawn() {
    let many = (0..21).map(|at| bought(at, 30 - at as crate::stock::Stock, at, at + 1)).collect();
    assert_eq!(timeline(&History { purchases: many, ..History::default() }, &LOOK), None);
    assert_eq!(timeline(&History::default(), &LOOK), None);
}

/// Letters of mishaps stand where they happened, in colours that a terminal knows.
#[test]
fn what_befell_buyers_is_drawn_where_it_did() {
    let mut history = race();
    let fault = Some(Fault::plain(FaultKind::Killed));
    let steps = Steps { written_ns: None, ..history.purchases[0].steps.get() };
    let killed = &mut history.purchases[0];
    (killed.return_ns, killed.outcome, killed.fault, killed.steps) =
        (None.into(), Outcome::Failed, fault, steps.into());
    let befallen =
        |buyer, mishap, at_ns, until_ns| Befallen { buyer, mishap, at: "K1".into(), at_ns, until_ns };
    history.header.mishaps = vec![
        befallen(1, Mishap::Kill, 600_000, None),
        befallen(2, Mishap::Pause, 100_000, Some(300_000)),
        befallen(3, Mishap::Expire, 50_000, None),
    ];
    let text = timeline(&history, &LOOK).expect("a picture");
    assert_eq!(crate::foreign::terminal(&text), text, "our own colours alone");
    let text = plain(&text);
    let lane = |buyer: &str| text.lines().find(|line| line.starts_with(buyer)).expect("its lane").to_owned();
    assert!(lane("buyer 1").contains("--K  "), "its bar ends there: {text}");
    assert!(lane("buyer 2").contains('P') && lane("buyer 2").contains('G'), "{text}");
    assert!(lane("buyer 3").contains('X'), "{text}");
    assert!(text.contains("K killed   P paused, G goes on"), "{text}");
}

#[test]
fn the_lanes_of_a_host_have_a_heading_as_far_as_there_is_room() {
    let mut history =
        History { purchases: vec![bought(1, 2, 0, 10), bought(2, 1, 5, 20)], ..History::default() };
    let host = |name: &str, first_buyer| Host {
        name: name.to_owned(),
        first_buyer,
        buyers: 1,
        offset_ns: -5_000,
        error_ns: 40,
        ..Host::default()
    };
    history.header.hosts = vec![host("ann\u{1b}[35m#1", 1), host("bob#2", 2)];
    history.purchases[0].host = 2;
    history.purchases[1].host = 1;
    let drawn = |width, unicode| {
        let look = Look { width, unicode, lang: Lang::En };
        timeline(&history, &look).expect("a picture")
    };
    assert!(!drawn(80, true).contains("\u{1b}[35m"), "no command of a name reaches the terminal");
    let drawn = |width, unicode| plain(&drawn(width, unicode));
    let text = drawn(80, true);
    let lines: Vec<&str> = text.lines().collect();
    let at = |words: &str| lines.iter().position(|line| line.starts_with(words)).expect("a line");
    let heading = at("bob#2  1 buyer, clock −5.0 µs ±40 ns");
    assert_eq!((at("buyer 2"), at("buyer 1")), (heading - 1, heading + 1));
    assert!(drawn(80, false).contains("bob#2  1 buyer, clock -5.0 us ~40 ns"));
    assert!(drawn(40, true).lines().all(|line| columns(line) <= 40));
}
