//! Sentences at the width of the terminal. Tables, pictures and commands keep their lines: a command that was
//! broken can't be copied.

use std::borrow::Cow;

use textwrap::core::{Word, display_width};
use textwrap::{Options, WordSeparator, WordSplitter};

/// Where a command begins within a line.
const COMMAND: &str = "ticketsim ";
/// Signs that pictures are drawn with.
const DRAWN: [char; 6] = ['─', '═', '┈', '│', '┬', '█'];
/// Below this, text is no more readable for being broken.
const LEAST: usize = 20;

/// The text with its long sentences broken, so that none is wider than so many columns.
pub(super) fn wrapped(text: &str, width: usize) -> Cow<'_, str> {
    if width < LEAST || text.lines().all(|line| display_width(line) <= width) {
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

fn push(whole: &mut String, line: &str, width: usize) {
    let content = line.trim_start_matches(' ');
    let indent = &line[..line.len() - content.len()];
    if display_width(line) <= width || content.starts_with(COMMAND) || content.contains(DRAWN) {
        return whole.push_str(line);
    }
    // A sentence that ends in a command: the command gets a line of its own.
    if let Some((sentence, command)) = content.split_once("  ").filter(|(_, rest)| rest.contains(COMMAND)) {
        push(whole, &format!("{indent}{sentence}"), width);
        whole.push_str(&format!("\n{indent}  {}", command.trim_start()));
        return;
    }
    if content.contains("  ") {
        return whole.push_str(line);
    }
    let hanging = format!("{indent}  ");
    let options = lines_of(width).initial_indent(indent).subsequent_indent(&hanging);
    whole.push_str(&textwrap::fill(content, options));
}

/// How sentences are broken: at blanks, and between Chinese characters. Paths, addresses and schedules stay whole,
/// however long they are.
pub(super) fn lines_of<'a>(width: usize) -> Options<'a> {
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
        if !is_inside || !line[end..].starts_with(|c: char| c.is_ascii()) {
            ends.push(end);
        }
    }
    let begins: Vec<usize> = std::iter::once(0).chain(ends.iter().copied()).collect();
    Box::new(begins.into_iter().zip(ends).map(|(begin, end)| Word::from(&line[begin..end])))
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
            "  tickets at the start   1    and a table is as wide as it is",
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
    fn wide_characters_take_two_columns_and_colours_none() {
        let chinese = "买家同时读到一张票所以同一张票卖了两次".repeat(3);
        let lines = wrapped(&chinese, 40).into_owned();
        assert!(lines.lines().all(|line| display_width(line) <= 40) && lines.lines().count() > 2, "{lines}");
        let coloured = format!("\u{1b}[1m{}\u{1b}[0m", "a".repeat(40));
        assert_eq!(wrapped(&coloured, 40), coloured);
    }
}
