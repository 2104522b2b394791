//! What a terminal that does not speak UTF-8 gets: the same text in ASCII. Signs that draw pictures become one
//! sign each, so that columns stay where they are.

use std::borrow::Cow;

/// Whether a locale such as `de_DE.UTF-8` is one of UTF-8. `C` and `POSIX` are not (locale(7)).
#[must_use]
pub fn is_utf8_locale(locale: &str) -> bool {
    let charset = locale.split_once('.').map_or("", |(_, charset)| charset);
    let charset = charset.split('@').next().unwrap_or_default();
    charset.eq_ignore_ascii_case("utf-8") || charset.eq_ignore_ascii_case("utf8")
}

/// The text in ASCII. What has no likeness there becomes a question mark.
#[must_use]
pub fn ascii(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().fold(String::with_capacity(text.len()), |mut plain, c| {
        match likeness(c) {
            Some(likeness) => plain.push_str(likeness),
            None => plain.push(if c.is_ascii() { c } else { '?' }),
        }
        plain
    }))
}

/// What looks like this character, and is ASCII.
const fn likeness(c: char) -> Option<&'static str> {
    Some(match c {
        '─' | '━' | '–' | '—' | '−' | '‐' | '‑' => "-",
        '═' => "=",
        '┈' | '┄' | '·' | '░' | '∙' => ".",
        '│' | '┃' | '║' | '▏' => "|",
        '┌' | '┐' | '└' | '┘' | '├' | '┤' | '┬' | '┴' | '┼' | '╭' | '╮' | '╰' | '╯' | '✓' | '✔' => {
            "+"
        }
        '✗' | '✘' | '×' => "x",
        '●' | '•' | '◆' | '★' => "*",
        '○' | '◇' | '°' => "o",
        '█' | '▇' | '▆' | '▅' | '▄' | '▃' | '▂' | '▁' | '▓' | '▒' | '▌' | '▐' => "#",
        '⠋' | '⠙' | '⠹' | '⠸' | '⠼' | '⠴' | '⠦' | '⠧' | '⠇' | '⠏' => "*",
        '▲' | '↑' | '⌃' => "^",
        '▼' | '↓' => "v",
        '▶' | '›' | '»' => ">",
        '◀' | '‹' | '«' => "<",
        '→' => "->",
        '←' => "<-",
        '⇒' => "=>",
        '↔' => "<->",
        '…' => "...",
        '≥' => ">=",
        '≤' => "<=",
        '≠' => "!=",
        '≈' => "~",
        '±' => "+-",
        '÷' => "/",
        'µ' | 'μ' => "u",
        '‘' | '’' | '′' => "'",
        '“' | '”' | '„' | '″' => "\"",
        '⁰' => "^0",
        '¹' => "^1",
        '²' => "^2",
        '³' => "^3",
        '⁴' => "^4",
        '⁵' => "^5",
        '⁶' => "^6",
        '⁷' => "^7",
        '⁸' => "^8",
        '⁹' => "^9",
        '\u{a0}' | '\u{2009}' | '\u{202f}' => " ",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_locale_says_whether_it_is_utf8() {
        for (locale, is) in [
            ("C", false),
            ("POSIX", false),
            ("en_US", false),
            ("de_DE.ISO-8859-1", false),
            ("C.UTF-8", true),
            ("en_US.utf8", true),
            ("ca_ES.UTF-8@valencia", true),
        ] {
            assert_eq!(is_utf8_locale(locale), is, "{locale}");
        }
    }

    #[test]
    fn pictures_keep_their_columns_and_words_their_sense() {
        let picture = "stock 1──┈┈═0│ ✓ ✗";
        assert_eq!(ascii(picture), "stock 1--..=0| + x");
        assert_eq!(ascii(picture).chars().count(), picture.chars().count());
        assert_eq!(ascii("10ms ±50%, ≥ 2 × … −1, 票"), "10ms +-50%, >= 2 x ... -1, ?");
        assert!(matches!(ascii("plain"), Cow::Borrowed("plain")));
    }
}
