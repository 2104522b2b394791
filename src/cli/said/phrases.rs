//! Sentences that lower rooms write themselves: they are recognised by their English text and translated to Chinese.

use crate::lang::errors::{noun, phrases};

/// The text in Chinese, or as it is where it is nobody's of ours: the system's, a server's.
pub(super) fn phrase(english: &str) -> String {
    known(english).unwrap_or_else(|| english.to_owned())
}

fn known(english: &str) -> Option<String> {
    let fits = |(template, chinese): &(&str, &str)| {
        let mut holes = holes(template, english)?;
        if template.starts_with("unknown ") {
            holes[0] = noun(holes[0]);
            return Some(filled(chinese, &holes).replace(", ", "、"));
        }
        // A file's name, or an option, before the sentence is no part of it.
        let place =
            holes.first().filter(|_| template.starts_with("{}")).and_then(|hole| hole.split_once(": "));
        if place.is_some_and(|(place, _)| !place.contains([' ', '"'])) {
            return None;
        }
        Some(filled(chinese, &holes))
    };
    phrases::OF_READERS
        .iter()
        .chain(phrases::OURS.iter().copied().flatten())
        .find_map(fits)
        .or_else(|| behind_a_place(english))
}

/// A sentence behind a file's name, an option or the like.
fn behind_a_place(english: &str) -> Option<String> {
    let mut places = english.match_indices(": ");
    places.find_map(|(at, colon)| {
        Some(format!("{}：{}", phrase(&english[..at]), known(&english[at + colon.len()..])?))
    })
}

/// What stands in the holes of a template, where the text is one.
fn holes<'a>(template: &str, mut text: &'a str) -> Option<Vec<&'a str>> {
    let mut parts = template.split("{}");
    text = text.strip_prefix(parts.next()?)?;
    let mut parts = parts.peekable();
    let mut holes = Vec::new();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            holes.push(text.strip_suffix(part)?);
            return Some(holes);
        }
        let (hole, rest) = text.split_once(part)?;
        holes.push(hole);
        text = rest;
    }
    text.is_empty().then_some(holes)
}

/// The Chinese with what stands in the holes, which may be words of ours, too.
fn filled(chinese: &str, holes: &[&str]) -> String {
    let mut text = String::new();
    let mut rest = chinese;
    let mut next = 0;
    while let Some(at) = rest.find('{') {
        let Some((number, after)) = rest[at + 1..].split_once('}') else { break };
        let place = match number.parse::<usize>() {
            Ok(number) => number - 1,
            Err(_) if number.is_empty() => next,
            Err(_) => break,
        };
        text.push_str(&rest[..at]);
        text.push_str(&holes.get(place).map(|hole| phrase(hole)).unwrap_or_default());
        (rest, next) = (after, next + 1);
    }
    text + rest
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn sentences_are_known_wherever_they_stand() {
        for (english, chinese) in [
            ("can't be read", "读不了"),
            ("a.json: can't be read", "a.json：读不了"),
            ("--from: missing field `ticket`", "--from：缺少成员 `ticket`"),
            ("unknown kind of lock \"x: y\": one of none, flock", "没有 \"x: y\" 这种锁：可选 none、flock"),
            ("unknown store \"x\": one of file, redis", "没有 \"x\" 这种存储：可选 file、redis"),
            // What others say stays.
            ("No such file or directory (os error 2)", "No such file or directory (os error 2)"),
            ("FATAL: too many clients: wait", "FATAL: too many clients: wait"),
            ("", ""),
        ] {
            assert_eq!(phrase(english), chinese, "{english}");
        }
    }

    /// The sources below a folder, but for these tables.
    fn sources(folder: &Path, all: &mut String) {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                sources(&path, all);
            } else if !path.ends_with("phrases.rs") && !path.to_string_lossy().contains("/phrases/") {
                all.push_str(&std::fs::read_to_string(&path).expect("a source"));
            }
        }
    }

    /// A sentence that nobody says any more is to go, and one that was changed is to change here, too.
    #[test]
    fn every_sentence_is_one_that_somebody_says() {
        let mut all = String::new();
        sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut all);
        let broken = regex::Regex::new(r"\\\n\s*").expect("a pattern");
        let all = broken.replace_all(&all, "").replace("\\\"", "\"").replace("{{", "{").replace("}}", "}");
        for (english, chinese) in phrases::OURS.iter().copied().flatten() {
            for part in english.split("{}").filter(|part| !part.trim().is_empty()) {
                assert!(
                    all.contains(part),
                    "nobody says {part:?}, of {english:?} in src/lang/errors/phrases/"
                );
            }
            let holes = |text: &str| text.matches('{').count();
            assert!(holes(english) >= holes(chinese), "{english} {chinese}");
        }
    }
}
