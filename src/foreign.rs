//! The only way for text that others control to reach a reader: names in histories, paths, the content of a ticket
//! file, raw arguments, errors that quote any of these. A terminal obeys control characters, and invisible ones that
//! change the direction of writing mislead readers. Here they become visible escapes, like `\u{1b}` for ESC.
//!
//! Every room can use it: [`shown`] and [`path`] where foreign text enters a sentence, [`terminal`] and [`json`] for
//! everything that is printed.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::path::Path;

/// Whether a terminal would obey this character, or a reader would not see it: Unicode's categories Cc, Cf, Zl and Zp.
#[must_use]
pub fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{890}'..='\u{891}'
            | '\u{8e2}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{110bd}' | '\u{110cd}'
            | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e007f}')
}

/// The text in one harmless line: harmful characters, including line feeds, become escapes.
#[must_use]
pub fn shown(text: &str) -> Cow<'_, str> {
    if !text.contains(is_harmful) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    text.chars().for_each(|c| push(&mut shown, c));
    Cow::Owned(shown)
}

/// A path as [`shown`].
#[must_use]
pub fn path(path: &Path) -> String {
    shown(&path.to_string_lossy()).into_owned()
}

fn push(shown: &mut String, c: char) {
    if is_harmful(c) { shown.extend(c.escape_default()) } else { shown.push(c) }
}

/// The codes of our own styles, between `ESC [` and `m`, which [`terminal`] lets pass.
const STYLES: [&str; 10] = ["0", "1", "2", "4", "31", "32", "33", "34", "35", "36"];

/// A whole text on its way to a terminal: lines, tabs and our own colours stay, all other harmful characters become
/// escapes. It catches what did not go through [`shown`].
#[must_use]
pub fn terminal(text: &str) -> Cow<'_, str> {
    let stays = |c: char| c == '\n' || c == '\t';
    if !text.contains(|c: char| is_harmful(c) && !stays(c)) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let length = style_length(rest).unwrap_or(0);
        let (styled, after) = rest.split_at(length);
        shown.push_str(styled);
        rest = after;
        if length == 0 {
            if stays(c) {
                shown.push(c);
            } else {
                push(&mut shown, c);
            }
            rest = &rest[c.len_utf8()..];
        }
    }
    Cow::Owned(shown)
}

/// The length of our style's code at the start of the text, if there is one.
fn style_length(text: &str) -> Option<usize> {
    let (code, _) = text.strip_prefix("\u{1b}[")?.split_once('m')?;
    STYLES.contains(&code).then_some("\u{1b}[m".len() + code.len())
}

/// A JSON document on its way out: harmful characters in its strings become JSON escapes; its meaning stays the same.
#[must_use]
pub fn json(document: &str) -> Cow<'_, str> {
    // Outside of its strings a document has no control characters but these, and within them none.
    let stays = |c: char| matches!(c, '\n' | '\r' | '\t');
    if !document.contains(|c: char| is_harmful(c) && !stays(c)) {
        return Cow::Borrowed(document);
    }
    let mut text = String::with_capacity(document.len() + 16);
    for c in document.chars() {
        if is_harmful(c) && !stays(c) {
            escape(&mut text, c);
        } else {
            text.push(c);
        }
    }
    Cow::Owned(text)
}

/// A JSON document in ASCII: other characters, which occur only in its strings, become JSON escapes; its meaning stays
/// the same.
#[must_use]
pub fn ascii_json(document: &str) -> String {
    let mut text = String::with_capacity(document.len() + 16);
    for c in document.chars() {
        if c.is_ascii() {
            text.push(c);
        } else {
            escape(&mut text, c);
        }
    }
    text
}

fn escape(text: &mut String, c: char) {
    for unit in c.encode_utf16(&mut [0; 2]) {
        // Writing to a String can't fail.
        let _ = write!(text, "\\u{unit:04x}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ESC, BEL, DEL, C1's CSI, the overrides and isolates of bidirectional text, a byte order mark, a tag.
    const EVIL: &str = "\u{1b}]0;x\u{7}\u{7f}\u{9b}2J\u{202e}\u{2066}\u{feff}\u{e0041}\r\n\t";

    #[test]
    fn nothing_harmful_comes_through_and_all_of_it_can_be_read() {
        assert_eq!(shown(EVIL), r"\u{1b}]0;x\u{7}\u{7f}\u{9b}2J\u{202e}\u{2066}\u{feff}\u{e0041}\r\n\t");
        assert_eq!(path(Path::new("a\u{1b}[2J.json")), r"a\u{1b}[2J.json");
        assert!(matches!(shown("Käthe's \"票\" \\ 100 %"), Cow::Borrowed("Käthe's \"票\" \\ 100 %")));
    }

    #[test]
    fn a_terminal_gets_lines_and_our_own_colours_alone() {
        let ours = "\u{1b}[1m\u{1b}[32mSOUND\u{1b}[0m: 2 票\n\tall\n";
        assert_eq!(terminal(ours), ours);
        let theirs = "\u{1b}[8mhidden\u{1b}[2J\u{1b}[31;5m\u{1b}[";
        assert_eq!(terminal(theirs), r"\u{1b}[8mhidden\u{1b}[2J\u{1b}[31;5m\u{1b}[");
        assert_eq!(terminal(EVIL).matches(is_harmful).collect::<String>(), "\n\t");
    }

    #[test]
    fn a_json_document_says_the_same() {
        let value = serde_json::json!({ EVIL: [EVIL, "\u{1d173}票"] });
        let text = value.to_string();
        assert!(text.contains(is_harmful), "JSON lets some of them stand");
        let safe = json(&text);
        assert!(!safe.contains(is_harmful), "{safe}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&safe).expect("JSON"), value);
        let plain = ascii_json(&text);
        assert!(plain.is_ascii(), "{plain}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&plain).expect("JSON"), value);
        let pretty = "{\n  \"a\": 1\n}\n";
        assert_eq!(json(pretty), pretty);
    }
}
