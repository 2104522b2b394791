//! What the readers of JSON and TOML say, in Chinese: they are libraries, whose sentences are recognised by their English
//! text.

use crate::lang::errors::noun;
use crate::lang::errors::readers::SENTENCES;

/// What a reader says in Chinese, or as it is where it is not known.
pub(super) fn of_reader(english: &str) -> String {
    known(english).unwrap_or_else(|| english.to_owned())
}

fn known(english: &str) -> Option<String> {
    let fits = |(template, chinese): &(&str, &str)| {
        let mut holes = holes(template, english)?;
        if template.starts_with("unknown {} ") {
            let noun = noun(holes[0]);
            holes[0] = &noun;
            return Some(filled(chinese, &holes).replace(", ", "、"));
        }
        Some(filled(chinese, &holes))
    };
    SENTENCES.iter().find_map(fits).or_else(|| behind_a_place(english))
}

/// A sentence behind a file's name, an option or the like.
fn behind_a_place(english: &str) -> Option<String> {
    let mut places = english.match_indices(": ");
    places
        .find_map(|(at, colon)| Some(format!("{}：{}", &english[..at], known(&english[at + colon.len()..])?)))
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

/// The Chinese with what stands in the holes, which may be words of a reader, too.
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
        let hole = holes.get(place).map(|hole| of_reader(hole)).unwrap_or_default();
        // Between Chinese words there is no blank.
        if hole.starts_with(|sign: char| !sign.is_ascii()) && text.ends_with(' ') {
            text.pop();
        }
        text.push_str(&hole);
        (rest, next) = (after, next + 1);
    }
    text + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_are_known_wherever_they_stand() {
        for (english, chinese) in [
            ("trailing comma", "多了一个逗号"),
            ("--from: missing field `ticket`", "--from：缺少成员 `ticket`"),
            ("invalid type: a: b, expected an object", "类型不对：是 a: b，应为对象"),
            ("unknown kind of lock \"x: y\": one of none, flock", "没有 \"x: y\" 这种锁：可选 none、flock"),
            ("unknown store \"x\": one of file, redis", "没有 \"x\" 这种存储：可选 file、redis"),
            // What others say stays.
            ("No such file or directory (os error 2)", "No such file or directory (os error 2)"),
            ("FATAL: too many clients: wait", "FATAL: too many clients: wait"),
            ("", ""),
        ] {
            assert_eq!(of_reader(english), chinese, "{english}");
        }
    }

    #[test]
    fn no_translation_has_more_holes_than_its_sentence() {
        for (english, chinese) in SENTENCES {
            let holes = |text: &str| text.matches('{').count();
            assert!(holes(english) >= holes(chinese), "{english} {chinese}");
        }
    }
}
