//! Texts at the width of the terminal: sentences are broken, what stands in columns hangs below its column, and prose that
//! was broken by hand is filled anew. Pictures and commands keep their lines: a command that was broken can't be copied.

use std::borrow::Cow;

use textwrap::core::{Word, display_width};
use textwrap::{Options, WordSeparator, WordSplitter};

/// Where a command begins within a line.
const COMMAND: &str = "ticketsim ";
/// Signs that pictures are drawn with.
const DRAWN: [char; 6] = ['─', '═', '┈', '│', '┬', '█'];
/// Below this width, broken text is no more readable.
const LEAST: usize = 20;
/// A last column with less room than this begins a line of its own.
const LEAST_COLUMN: usize = 24;
/// The approximate width of prose that was broken by hand.
const BY_HAND: usize = 76;

/// The text with its long lines broken, so that none is wider than this many columns.
pub fn wrapped(text: &str, width: usize) -> Cow<'_, str> {
    if width < LEAST || fits(text, width) {
        return Cow::Borrowed(text);
    }
    let mut whole = String::with_capacity(text.len() + 64);
    for line in text.split_inclusive('\n') {
        let (line, end) = line.strip_suffix('\n').map_or((line, ""), |line| (line, "\n"));
        push(&mut whole, line, width);
        whole.push_str(end);
    }
    Cow::Owned(whole)
}

/// Prose of ours that was broken by hand, for a terminal that is too narrow for it: its lines are joined, those of a last
/// column, too, and filled anew.
pub fn refilled(text: &str, width: usize) -> Cow<'_, str> {
    if width < LEAST || fits(text, width) {
        return Cow::Borrowed(text);
    }
    let mut lines: Vec<String> = Vec::new();
    let mut before: Option<&str> = None;
    for line in text.lines() {
        match (before, lines.last_mut()) {
            (Some(before), Some(last)) if goes_on(before, last, line) => {
                // Chinese words have nothing between them.
                let is_wide = |c: Option<char>| c.is_some_and(|c| c > '\u{2e7f}');
                let content = line.trim_start();
                if !is_wide(last.chars().next_back()) || !is_wide(content.chars().next()) {
                    last.push(' ');
                }
                last.push_str(content);
            }
            _ => lines.push(line.to_owned()),
        }
        before = Some(line);
    }
    let mut whole = String::with_capacity(text.len() + 64);
    for line in &lines {
        push(&mut whole, line, width);
        whole.push('\n');
    }
    if !text.ends_with('\n') {
        whole.pop();
    }
    Cow::Owned(whole)
}

fn fits(text: &str, width: usize) -> bool {
    text.lines().all(|line| display_width(line) <= width)
}

/// Whether a line goes on with what the last one said, which began at `first`.
fn goes_on(before: &str, first: &str, line: &str) -> bool {
    let content = line.trim_start();
    let indent = line.len() - content.len();
    let has_columns =
        content.split_once("  ").is_some_and(|(_, rest)| !rest.trim_start().starts_with(COMMAND));
    if content.is_empty() || before.trim().is_empty() || is_kept(content) || has_columns {
        return false;
    }
    let word = content.split(' ').next().unwrap_or_default();
    let was_full = display_width(before) + 1 + display_width(word).min(12) > BY_HAND - 12;
    match columns(first).last() {
        // Below the last column.
        Some(last) => indent == display_width(&first[..*last]),
        None => indent == first.len() - first.trim_start().len() && was_full,
    }
}

/// Whether a line is never broken: a command, what is copied as it is, a picture.
fn is_kept(content: &str) -> bool {
    let plain = anstream::adapter::strip_str(content).to_string();
    plain.starts_with(COMMAND) || plain.starts_with('{') || plain.contains(DRAWN)
}

/// Where the columns of a line begin after the first one: two spaces stand before each.
fn columns(line: &str) -> Vec<usize> {
    let indent = line.len() - line.trim_start().len();
    let mut begin: Vec<usize> = Vec::new();
    let mut spaces = 0;
    for (place, c) in line.char_indices() {
        if c == ' ' {
            spaces += 1;
        } else {
            if spaces > 1 && place > indent {
                begin.push(place);
            }
            spaces = 0;
        }
    }
    let ends: Vec<usize> = begin.iter().skip(1).copied().chain([line.len()]).collect();
    // The end of a colour is no colour.
    let is_seen = |(begin, end): &(usize, usize)| display_width(line[*begin..*end].trim()) > 0;
    begin.into_iter().zip(ends).filter(is_seen).map(|(begin, _)| begin).collect()
}

fn push(whole: &mut String, line: &str, width: usize) {
    let content = line.trim_start_matches(' ');
    let indent = &line[..line.len() - content.len()];
    if display_width(line) <= width || is_kept(content) {
        return whole.push_str(line);
    }
    // A sentence that ends in a command: the command gets a line of its own.
    if let Some((sentence, command)) = content.split_once("  ").filter(|(_, rest)| rest.contains(COMMAND)) {
        push(whole, &format!("{indent}{sentence}"), width);
        whole.push_str(&format!("\n{indent}  {}", command.trim_start()));
        return;
    }
    let columns = columns(line);
    let Some(last) = columns.last().copied() else {
        return whole.push_str(&filled(content, indent, &format!("{indent}  "), width));
    };
    let begins_at = display_width(&line[..last]);
    if begins_at + LEAST_COLUMN <= width {
        let below = " ".repeat(begins_at);
        whole.push_str(&line[..last]);
        whole.push_str(&filled(&line[last..], &below, &below, width)[begins_at..]);
        return;
    }
    // A word without room begins another line.
    let ends = columns.iter().skip(1).copied().chain([line.len()]);
    let has_no_room = |(_, end): &(&usize, usize)| display_width(line[..*end].trim_end()) > width;
    let place = columns.iter().zip(ends).find(has_no_room).map_or(last, |(begin, _)| *begin);
    push(whole, line[..place].trim_end(), width);
    whole.push('\n');
    let further = if indent.len() < 6 { "    " } else { "" };
    push(whole, &format!("{indent}{further}{}", &line[place..]), width);
}

fn filled(content: &str, indent: &str, hanging: &str, width: usize) -> String {
    textwrap::fill(content, lines_of(width).initial_indent(indent).subsequent_indent(hanging))
}

/// How sentences are broken: at blanks, and between Chinese characters. Paths, addresses and schedules stay whole,
/// however long they are.
pub fn lines_of<'a>(width: usize) -> Options<'a> {
    let options = Options::new(width).break_words(false).word_splitter(WordSplitter::NoHyphenation);
    options.word_separator(WordSeparator::Custom(words))
}

/// The words of a line. Unicode would break `sqlite:PATH?SELECT` and `a/b`; between two ASCII characters there is a
/// break at a blank alone.
fn words(line: &str) -> Box<dyn Iterator<Item = Word<'_>> + '_> {
    let mut ends = Vec::new();
    let mut end = 0;
    for word in WordSeparator::UnicodeBreakProperties.find_words(line) {
        end += word.word.len() + word.whitespace.len();
        let is_inside = word.whitespace.is_empty() && word.word.ends_with(|c: char| c.is_ascii());
        let is_inside = is_inside && line[end..].starts_with(|c: char| c.is_ascii());
        if !is_inside && !belongs(word.word, &line[end..]) {
            ends.push(end);
        }
    }
    let begins: Vec<usize> = std::iter::once(0).chain(ends.iter().copied()).collect();
    Box::new(begins.into_iter().zip(ends).map(|(begin, end)| Word::from(&line[begin..end])))
}

/// Whether what follows stays beside a word: the unit of a number, the count of a thing (`oversold × 5`).
fn belongs(word: &str, rest: &str) -> bool {
    const UNITS: [&str; 5] = ["ns", "µs", "ms", "s", "%"];
    let is_unit =
        |unit: &&str| rest.strip_prefix(*unit).is_some_and(|rest| !rest.starts_with(char::is_alphanumeric));
    let is_number = word.ends_with(|c: char| c.is_ascii_digit());
    word == "×" || rest.starts_with("× ") || is_number && UNITS.iter().any(is_unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_are_broken_and_nothing_else() {
        let sentence = "buyers 10 and 3 both read 1: buyer 3 did so 5.5 ms before buyer 10 wrote 0";
        let narrow = wrapped(sentence, 40).into_owned();
        assert_eq!(narrow, "buyers 10 and 3 both read 1: buyer 3 did\n  so 5.5 ms before buyer 10 wrote 0");
        for whole in [
            "buyer 10   R─────────────W                       ✓ bought ticket 1",
            "  ticketsim --buyers 10 --tickets 1 --no-lock --per-buyer all --think 0",
        ] {
            assert_eq!(wrapped(whole, 40), whole);
        }
        let fix = "To fix it, let them take a lock:  ticketsim --buyers 10 --tickets 1\n";
        assert_eq!(
            wrapped(fix, 40),
            "To fix it, let them take a lock:\n  ticketsim --buyers 10 --tickets 1\n"
        );
    }

    #[test]
    fn a_number_keeps_its_unit_and_a_thing_its_count() {
        for (text, width, lines) in [
            ("it took them all of it 14 ms, 5 s", 26, "it took them all of it\n  14 ms, 5 s"),
            ("UNSOUND oversold × 5, lost_stock × 4", 34, "UNSOUND oversold × 5,\n  lost_stock × 4"),
            ("从开抢到最后一次购买用了 14 ms，每秒卖", 28, "从开抢到最后一次购买用了\n  14 ms，每秒卖"),
            // The control: what is no unit is a word.
            ("it took them all of it 14 sad days", 26, "it took them all of it 14\n  sad days"),
        ] {
            assert_eq!(wrapped(text, width), lines);
        }
    }

    #[test]
    fn columns_hang_below_themselves_or_begin_a_line() {
        let row = "  flock   open file descriptions: processes, and threads";
        assert_eq!(wrapped(row, 40), "  flock   open file descriptions:\n          processes, and threads");
        let buyer = "  buyer 77  bought   read 5, wrote 4  after 9.4 ms  pid 30683";
        assert_eq!(wrapped(buyer, 44), "  buyer 77  bought   read 5, wrote 4\n      after 9.4 ms  pid 30683");
        for width in LEAST..70 {
            let lines = wrapped(buyer, width).into_owned();
            assert!(fits(&lines, width), "{width}: {lines}");
            let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
            assert_eq!(words(&lines), words(buyer));
        }
    }

    #[test]
    fn prose_that_was_broken_by_hand_is_filled_anew() {
        let prose = "Receipts are one book, the stock that the store says when all have gone is the\n\
                     other: both are compared.\n\n  ofd     file descriptions, as flock\n          does.\n  x\n";
        assert_eq!(refilled(prose, 80), prose);
        assert_eq!(
            refilled(prose, 40),
            "Receipts are one book, the stock that\n  the store says when all have gone is\n  the other: both are \
             compared.\n\n  ofd     file descriptions, as flock\n          does.\n  x\n"
        );
        let chinese =
            "父进程启动一个子进程，并传给它两个参数。父进程不等它，自己的代码会先跑完；\n但程序要等它结束。";
        let lines = refilled(chinese, 40).into_owned();
        assert!(fits(&lines, 40) && lines.replace(['\n', ' '], "") == chinese.replace('\n', ""), "{lines}");
        let ends = "Why: read, think, write are three steps; others come in between. A lock makes\n\
                    them one for all. Evidence:  ticketsim --tickets 1 --no-lock";
        let lines = refilled(ends, 60).into_owned();
        assert!(lines.contains("A lock makes them one for all. Evidence:\n  ticketsim --tickets"), "{lines}");
        let list = "Tested: /mnt\nOn: vm\n";
        assert_eq!(refilled(list, 20), list);
    }

    #[test]
    fn wide_characters_take_two_columns_and_colours_none() {
        let chinese = "买家同时读到一张票所以同一张票卖了两次".repeat(3);
        let lines = wrapped(&chinese, 40).into_owned();
        assert!(lines.lines().all(|line| display_width(line) <= 40) && lines.lines().count() > 2, "{lines}");
        let coloured = format!("\u{1b}[1m{}\u{1b}[0m", "a".repeat(40));
        assert_eq!(wrapped(&coloured, 40), coloured);
        let command = format!("  \u{1b}[1m{}\u{1b}[0m", "ticketsim explore --buyers 2 --tickets 1 --no-lock");
        assert_eq!(wrapped(&command, 40), command);
    }
}
