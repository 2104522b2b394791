//! What each write leaves in the file, and how a stock is set.

use super::*;

fn file_with(text: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("ticket.json");
    std::fs::write(&path, text).expect("written");
    (folder, path)
}

fn tag() -> RunTag {
    RunTag::new(1)
}

fn sell(ticket_file: &mut TicketFile, write: impl Fn(&mut TicketFile, Stock)) {
    let Sighting::Stock(stock) = ticket_file.read().expect("read") else { panic!("torn") };
    write(ticket_file, stock - 1);
}

#[test]
fn each_write_keeps_the_other_members() {
    let text = "{ \"show\": \"Käthe\",\n  \"ticket\": 10, \"price\": 1.50 }\n";
    let (_folder, path) = file_with(text);
    let mut ticket_file = TicketFile::open(&path, true, &tag()).expect("open");
    sell(&mut ticket_file, |file, stock| file.overwrite(stock).expect("written"));
    let shown = std::fs::read_to_string(&path).expect("read");
    assert_eq!(shown, text.replace("10", "9").replace(" }\n", " } \n"));
    sell(&mut ticket_file, |file, stock| {
        file.truncate().expect("truncated");
        file.fill(stock).expect("filled");
    });
    assert_eq!(std::fs::read_to_string(&path).expect("read"), text.replace("10", "8"));
    sell(&mut ticket_file, |file, stock| file.replace(stock).expect("replaced"));
    assert_eq!(std::fs::read_to_string(&path).expect("read"), text.replace("10", "7"));
    let files = std::fs::read_dir(path.parent().expect("a folder")).expect("a folder");
    assert_eq!(files.count(), 1, "no scratch file stays");
}

#[test]
fn a_long_text_is_changed_at_its_number_alone() {
    let text = format!("{{\"ticket\": 100, \"note\": \"{}\"}}", "x".repeat(9000));
    let (_folder, path) = file_with(&text);
    let mut ticket_file = TicketFile::open(&path, false, &tag()).expect("open");
    for _ in 0..2 {
        sell(&mut ticket_file, |file, stock| file.overwrite(stock).expect("written"));
    }
    assert_eq!(std::fs::read_to_string(&path).expect("read"), text.replace("100,", "98 ,"));
}

#[test]
fn digits_are_borrowed_from_as_far_as_it_takes() {
    for stock in [1, 10, 11, 100, 110, 2000, 9999, 10_000, 999_999_999_999, 10_i64.pow(18), Stock::MAX] {
        let (_folder, path) = file_with(&format!("{{\"price\": 20, \"ticket\": {stock} , \"row\": 10}}\n"));
        let mut ticket_file = TicketFile::open(&path, false, &tag()).expect("open");
        for sold in 1..=stock.min(12) {
            sell(&mut ticket_file, |file, stock| file.overwrite(stock).expect("written"));
            assert_eq!(load(&path).expect("a ticket file"), stock - sold);
        }
        let shown = std::fs::read_to_string(&path).expect("read");
        let rest = shown.strip_prefix("{\"price\": 20, \"ticket\": ").expect("what was before");
        let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit()).trim_ascii_end();
        assert_eq!(rest, " , \"row\": 10}");
    }
}

#[test]
fn a_torn_text_is_shown_as_it_was_met() {
    let (_folder, path) = file_with("{\"ticket\": 3}");
    let mut ticket_file = TicketFile::open(&path, false, &tag()).expect("open");
    assert_eq!(ticket_file.read().expect("read"), Sighting::Stock(3));
    for torn in ["", "{\"ticket\": 3", "{\"ticket\": }", "{\"ticket\": 03}", "{\"ticket\": 3}x"] {
        std::fs::write(&path, torn).expect("written");
        assert_eq!(ticket_file.read().expect("read"), Sighting::Torn(TornText::new(torn.as_bytes())));
    }
}

#[test]
fn setting_and_creating_lose_nothing() {
    let (folder, path) = file_with("{\"ticket\": 3, \"show\": 1}");
    set(&path, 1000).expect("set");
    assert_eq!(std::fs::read_to_string(&path).expect("read"), "{\"ticket\": 1000, \"show\": 1}");
    std::fs::write(&path, "no ticket file").expect("written");
    assert!(matches!(set(&path, 1), Err(TicketFileError::Invalid { .. })));
    assert!(create(&path, 1).is_err());
    assert_eq!(std::fs::read_to_string(&path).expect("read"), "no ticket file");
    let fresh = folder.path().join("new/ticket.json");
    create(&fresh, 7).expect("created");
    assert_eq!(load(&fresh).expect("loaded"), 7);
}

/// For any length of the text and of both numbers: the number is set, every other member stays, and each kind of write
/// can go on from the result.
#[test]
fn setting_loses_nothing_at_any_length_and_width() {
    let lengths = [60, 4090, 4095, 4096, 4097, 9000, MOST_BYTES - 1, MOST_BYTES];
    for length in lengths {
        for (old, new) in [(9, 10), (9, 1_234_567), (10, Stock::MAX), (Stock::MAX, 3), (100, 100)] {
            let start = format!("{{\"ticket\":{old},\"a\":1,\"x\":\"");
            let text = format!("{start}{}\"}}", "y".repeat(length - start.len() - 2));
            let (_folder, path) = file_with(&text);
            let fits = length + decimal_width(new).saturating_sub(decimal_width(old)) <= MOST_BYTES;
            if !fits {
                assert!(matches!(set(&path, new), Err(TicketFileError::TooLarge { .. })));
                assert_eq!(std::fs::read_to_string(&path).expect("read"), text);
                continue;
            }
            set(&path, new).expect("set");
            let expected = |stock: Stock| text.replacen(&old.to_string(), &stock.to_string(), 1);
            let squeezed = |text: String| text.replace(' ', "");
            let read = || squeezed(std::fs::read_to_string(&path).expect("read"));
            assert_eq!(read(), expected(new), "{length} {old} {new}");
            let mut ticket_file = TicketFile::open(&path, false, &tag()).expect("open");
            sell(&mut ticket_file, |file, stock| file.overwrite(stock).expect("written"));
            assert_eq!(read(), expected(new - 1), "{length} {old} {new}");
            sell(&mut ticket_file, |file, stock| {
                file.truncate().expect("truncated");
                file.fill(stock).expect("filled");
            });
            assert_eq!(read(), expected(new - 2), "{length} {old} {new}");
            sell(&mut ticket_file, |file, stock| file.replace(stock).expect("replaced"));
            assert_eq!(read(), expected(new - 3), "{length} {old} {new}");
        }
    }
}

/// A gap that an earlier write has left is used before anything moves.
#[test]
fn a_long_texts_gap_is_used_first() {
    let tail = format!(",\"x\":\"{}\"}}", "y".repeat(5000));
    let (_folder, path) = file_with(&format!("{{\"ticket\":9  {tail}"));
    set(&path, 123).expect("set");
    assert_eq!(std::fs::read_to_string(&path).expect("read"), format!("{{\"ticket\":123{tail}"));
    set(&path, 1234).expect("set");
    assert_eq!(std::fs::read_to_string(&path).expect("read"), format!("{{\"ticket\":1234{tail}"));
}

/// A buyer that is killed between emptying and filling leaves an empty file, in which nothing can be lost.
#[test]
fn tickets_are_put_on_sale_in_an_empty_file() {
    for text in [String::new(), "\n".to_owned(), " ".repeat(5000)] {
        let (_folder, path) = file_with(&text);
        assert!(matches!(load(&path), Err(TicketFileError::Empty { .. })));
        set(&path, 12).expect("set");
        assert_eq!(std::fs::read_to_string(&path).expect("read").trim_ascii_end(), "{\"ticket\": 12}");
    }
}

/// Without room for a scratch file's text or its new name, the error is reported and no file stays.
#[test]
fn a_replacement_that_fails_leaves_nothing_behind() {
    let (folder, path) = file_with("{\"ticket\": 3}");
    let mut ticket_file = TicketFile::open(&path, false, &tag()).expect("open");
    ticket_file.read().expect("read");
    std::fs::remove_file(&path).expect("removed");
    std::fs::create_dir(&path).expect("a folder in its place");
    ticket_file.replace(2).expect_err("a file does not replace a folder");
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 1);
}
