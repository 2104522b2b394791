//! Reading histories: what is accepted, what is rejected, and the error texts.

use std::io::Read as _;

use super::*;
use crate::history::Outcome;
use crate::history::quick::Parsed;

fn history(text: &str) -> Result<History, ReadError> {
    read(text.as_bytes(), "h.jsonl")
}

fn mistake(text: &str) -> String {
    history(text).expect_err("a mistake").to_string()
}

#[test]
fn lines_stand_in_any_order_and_unknown_members_are_ignored() {
    let text = "\u{feff}{\"history_version\":1,\"initial\":2,\"shop\":{\"name\":\"kiosk\"}}\r\n\n\
        {\"outcome\":\"refused\",\"buyer\":\"bob\",\"invoke_ns\":50,\"return_ns\":60,\"type\":7,\"time\":1.5}\n\
        {\"buyer\":\"3\",\"invoke_ns\":10,\"return_ns\":10,\"outcome\":\"bought\",\"stock\":2}\n\
        {\"buyer\":\"bob\",\"invoke_ns\":5,\"outcome\":\"unknown\",\"return_ns\":null}";
    let History { header, purchases } = history(text).expect("a history");
    assert_eq!((header.initial, header.cut_short), (Some(2), None));
    assert_eq!(purchases.iter().map(|p| p.line).collect::<Vec<_>>(), [3, 4, 5]);
    assert_eq!(header.names.name(purchases[0].buyer), Some("bob"));
    assert_eq!((purchases[0].buyer, purchases[1].buyer), (purchases[2].buyer, 3));
    assert_eq!((purchases[1].sold_from.get(), purchases[2].return_ns.get()), (Some(2), None));
}

/// The results of the quick and the slow parser for a line.
fn both_roads(line: &str) -> (Option<History>, Result<History, LineError>) {
    let mut parsed = Parsed::default();
    parsed.read(line.as_bytes());
    let quick = parsed.others.is_empty().then(|| {
        let mut lines = Lines { name: "h", reader: Reader::default(), lines: 0 };
        lines.take(Block { text: line.as_bytes(), parsed: &mut parsed }).expect("it was read");
        lines.reader.finish().map(|(history, _)| history).map_err(|(_, mistake)| mistake.what)
    });
    let mut reader = Reader::default();
    let slow = reader
        .take(line.trim_ascii_end().as_bytes(), 1)
        .and_then(|()| reader.finish().map_err(|(_, mistake)| mistake));
    let slow = slow.map(|(history, _)| history).map_err(|mistake| mistake.what);
    (quick.map(|quick| quick.expect("items are settled")), slow)
}

/// Usual lines, and each with one byte added, removed or changed at every place: if the quick parser accepts
/// a line, the slow one gives the same result.
#[test]
fn the_quick_road_agrees_with_the_slow_one() {
    let lines = [
        "{\"buyer\":7,\"pid\":4711,\"invoke_ns\":17000000000123456,\"return_ns\":17000000000999999,\
         \"outcome\":\"bought\",\"stock\":12,\"locked_ns\":1,\"read_ns\":20,\"truncated_ns\":300,\
         \"written_ns\":4000,\"unlocked_ns\":50000}",
        "{\"buyer\": \"ann\", \"invoke_ns\": 5, \"return_ns\": 60, \"outcome\": \"refused\", \"seen\": -1, \"sold_from\": 0}",
        "{\"buyer\":\"Zoë\",\"invoke_ns\":0,\"outcome\":\"unknown\",\"gives_back\":true,\"quantity\":3,\"item\":\"gold\",\"order\":\"o1\"}\r\n",
        "{\"buyer\":\"3\",\"invoke_ns\":8,\"return_ns\":8,\"outcome\":\"read\",\"seat\":\"A1\",\"stock\":1}\n",
        "{\"buyer\":1,\"invoke_ns\":8,\"outcome\":\"failed\"}\n",
    ];
    let mut taken = 0;
    for line in lines {
        let (quick, slow) = both_roads(line);
        assert_eq!(quick.expect("the quick road takes it"), slow.expect("a purchase"), "{line}");
        for at in 0..line.len() {
            for byte in *b"0 19\"\\,:{}-.entx\x01\xff" {
                let (before, after) = (&line.as_bytes()[..at], &line.as_bytes()[at..]);
                for text in [
                    [before, &[byte], &after[1..]].concat(),
                    [before, &[byte], after].concat(),
                    [before, &after[1..]].concat(),
                ] {
                    // A line feed makes two lines for both parsers; bytes that are no UTF-8 are left to the slow one.
                    let Ok(text) = std::str::from_utf8(&text) else { continue };
                    let (quick, slow) = both_roads(text);
                    if let Some(quick) = quick {
                        taken += 1;
                        assert_eq!(Ok(quick), slow, "{text}");
                    }
                }
            }
        }
    }
    assert!(taken > 1_000, "{taken} changed lines were taken by the quick road");
}

/// One file of many blocks, with lines for both parsers: nothing is lost, and the order is kept.
#[test]
fn a_long_file_is_read_in_its_order() {
    let line = |number: u64| match number % 5 {
        0 => format!(
            "{{\"outcome\":\"bought\",\"buyer\":\"b{}\",\"invoke_ns\":{number},\"return_ns\":{number}}}\n",
            number % 50
        ),
        1 => "\n".to_owned(),
        2 => format!("{{\"buyer\":\"b{}\",\"invoke_ns\":{number},\"outcome\":\"failed\"}}\n", number % 70),
        _ => format!("{{\"buyer\":{number},\"invoke_ns\":{number},\"outcome\":\"failed\"}}\n"),
    };
    let text: String = (1..40_001).map(line).collect();
    let History { header, purchases } = history(&text).expect("a history");
    assert_eq!(purchases.len(), 32_000);
    for purchase in purchases {
        let number = purchase.invoke_ns;
        assert_eq!(u64::from(purchase.line), number);
        let name = match number % 5 {
            0 => Some(format!("b{}", number % 50)),
            2 => Some(format!("b{}", number % 70)),
            _ => None,
        };
        assert_eq!(header.names.name(purchase.buyer).map(str::to_owned), name);
    }
    // The first mistake is reported, even after a block of the quick parser.
    let broken =
        text.replacen("\"buyer\":30004,", "\"buyer\":x,", 1).replacen("\"buyer\":30009,", "\"buyer\":,", 1);
    assert!(mistake(&broken).starts_with("h.jsonl:30004:10: "), "{}", mistake(&broken));
}

#[test]
fn a_broken_line_is_named_with_its_place() {
    let good = "{\"buyer\":1,\"invoke_ns\":1,\"return_ns\":2,\"outcome\":\"bought\"}\n";
    for (line, message) in [
        ("{\"buyer\":1,,}\n", ":2:12: key must be a string"),
        ("[1]\n", ":2:1: expected a JSON object"),
        ("  sold\n", ":2:3: expected a JSON object"),
        ("{\"buyer\":-1,\"invoke_ns\":1,\"outcome\":\"failed\"}\n", ":2:11: invalid type"),
        ("{\"buyer\":1,\"invoke_ns\":1.5,\"outcome\":\"failed\"}\n", ":2:26: invalid type"),
        ("{\"buyer\":1,\"stock\":-1.5,\"outcome\":\"failed\"}\n", ":2:23: invalid type"),
        ("{\"buyer\":1,\"invoke_ns\":1,\"outcome\":\"sold\"}\n", "unknown outcome \"sold\": one of bought,"),
        ("{\"buyer\":1,\"invoke_ns\":1,\"outcome\":\"bought\"}\n", ":2: a purchase that was bought needs"),
        ("{\"invoke_ns\":1,\"outcome\":\"failed\"}\n", ":2: a purchase needs the member \"buyer\""),
        ("{\"buyer\":1,\"outcome\":\"failed\"}\n", "needs the member \"invoke_ns\""),
        ("{\"buyer\":1,\"invoke_ns\":1}\n", "needs the member \"outcome\""),
        ("{\"buyer\":1,\"invoke_ns\":3,\"return_ns\":2,\"outcome\":\"bought\"}\n", "returned at 2, before"),
        ("{\"buyer\":9223372036854775808,\"invoke_ns\":3,\"outcome\":\"failed\"}\n", "2^63 - 1"),
        ("{\"ticket\":1}\n", ":2: neither a purchase"),
        ("{\"history_version\":1}\n", ":2: the header has to be the first line"),
        ("{\"buyer\":1,\"invoke_ns\":1\n", ":2:24: EOF"),
        ("{\"buyer\":1,\"invoke_ns\":1x", ":2:25: expected"),
    ] {
        let message_given = mistake(&format!("{good}{line}"));
        assert!(message_given.starts_with("h.jsonl:2:"), "{line}: {message_given}");
        assert!(message_given.contains(message), "{line}: {message_given}");
    }
    assert!(
        mistake("{\"history_version\":3}").contains("h.jsonl:1: history_version 3: this ticketsim reads")
    );
    assert!(mistake("").starts_with("h.jsonl: empty; a history has a line for each purchase"));
    assert!(mistake("\n \n").starts_with("h.jsonl: empty"));
}

#[test]
fn a_line_that_is_cut_short_is_noted_and_the_rest_is_kept() {
    let good = "{\"buyer\":1,\"invoke_ns\":1,\"return_ns\":2,\"outcome\":\"bought\"}";
    let text = format!("{good}\n{good}");
    for end in good.len() + 2..text.len() {
        let history = history(&text[..end]).expect("a history");
        assert_eq!((history.purchases.len(), history.header.cut_short), (1, Some(2)), "{}", &text[..end]);
    }
    assert_eq!(history(&text).expect("a history").header.cut_short, None);
}

#[test]
fn a_line_without_end_is_rejected_before_it_fills_the_memory() {
    let endless = std::io::Cursor::new(b"{").chain(std::io::repeat(b' '));
    let error = read(std::io::BufReader::new(endless), "h").expect_err("too long");
    assert_eq!(error.to_string(), "h:1: longer than 1048576 bytes");
}

#[test]
fn events_are_paired() {
    let text = r#"{"process":0,"type":"invoke","f":"buy","value":null,"time":10}
{"process":1,"type":":invoke","f":":buy","time":11}
{"process":"nemesis","type":"info","f":"kill","value":["n1"],"time":12}
{"process":1,"type":"ok","f":"buy","value":2,"time":13,"index":3}
{"process":0,"type":"fail","f":"buy","error":["sold-out"],"time":14}
{"process":0,"type":"invoke","f":"buy","time":15}
{"process":0,"type":"fail","f":"buy","error":"Sold out","time":16}
{"process":2,"type":"invoke","f":"buy","time":17}
{"process":3,"type":"invoke","f":"buy","time":18}
{"process":2,"type":"info","f":"buy","time":19}
"#;
    let History { purchases, .. } = history(text).expect("a history");
    let found: Vec<_> = purchases
        .iter()
        .map(|p| (p.buyer, p.outcome, p.sold_from.get(), p.invoke_ns, p.return_ns.get(), p.line))
        .collect();
    let expected = [
        (1, Outcome::Bought, Some(2), 11, Some(13), 4),
        (0, Outcome::Refused, None, 10, Some(14), 5),
        (0, Outcome::Refused, None, 15, Some(16), 7),
        (2, Outcome::Unknown, None, 17, None, 10),
        (3, Outcome::Unknown, None, 18, None, 9),
    ];
    assert_eq!(found, expected);
}

#[test]
fn events_that_do_not_pair_are_rejected() {
    let call = r#"{"process":0,"type":"invoke","f":"buy","time":10}"#;
    for (event, message) in [
        (call, "h.jsonl:2: process 0 is called again, and its call on line 1 has no answer"),
        (r#"{"process":1,"type":"ok","f":"buy","time":11}"#, "\"ok\" of process 1, which was not called"),
        (
            r#"{"process":0,"type":"ok","f":"sell","time":11}"#,
            "h.jsonl:2:30: \"f\" is \"sell\", and nobody has said what that does",
        ),
        (r#"{"process":0,"type":"ok","f":"buy","time":-9}"#, "a time is a number of nanoseconds from 0"),
        (r#"{"process":0,"type":"done","f":"buy","time":11}"#, "\"type\" is \"done\": one of invoke"),
        (r#"{"process":0,"type":"ok","f":"buy","time":11,"value":[1]}"#, "h.jsonl:2:54: the \"value\" of"),
    ] {
        let error = mistake(&format!("{call}\n{event}\n"));
        assert!(error.contains(message), "{event}: {error}");
    }
}
