//! Answers that no rule matches: the first few different ones are kept, without secrets, and with a rule that would
//! match them.

use super::command::CommandAnswer;
use super::http::HttpAnswer;
use super::plan::RacePlan;
use super::request::Cookies;
use super::template::Variables;
use super::url::{is_secret, masked};
use crate::history::Outcome;
use crate::rules::Rules;

/// The most answers that are kept.
const MOST_STRANGE: usize = 10;
/// The most characters of an answer that are shown.
const MOST_SHOWN: usize = 160;
/// Shorter values are not secrets: they may stand in any answer.
const SHORTEST_SECRET: usize = 4;

/// An answer that no rule matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Strange {
    /// What was answered, in one line.
    pub answer: String,
    /// The outcome that it probably stands for.
    pub outcome: Outcome,
    /// A rule that would match it.
    pub rule: String,
    /// How often it came.
    pub count: u64,
}

/// An answer in one line, a rule that would match it, and the outcome that it probably stands for.
type Told = (String, String, Outcome);

/// What must not be shown of the answers to each buyer: the values that the set-up took, its cookies, and the columns
/// whose names suggest a secret.
pub(super) fn secrets(plan: &RacePlan, buyers: &[(Variables, Cookies)]) -> Vec<Vec<String>> {
    let taken = plan.setup.iter().flat_map(|setup| setup.takes.iter().map(|(name, _)| name));
    let columns = plan.users.columns.iter().filter(|column| is_secret(column));
    let names: Vec<&String> = taken.chain(columns).collect();
    let of_buyer = |(values, cookies): &(Variables, Cookies)| {
        let values = names.iter().filter_map(|name| values.get(*name)).chain(cookies.values());
        values.filter(|value| value.len() >= SHORTEST_SECRET).cloned().collect()
    };
    buyers.iter().map(of_buyer).collect()
}

/// Notes an answer that no rule matches.
pub(super) fn note(strange: &mut Vec<Strange>, (answer, rule, outcome): Told) {
    if let Some(known) = strange.iter_mut().find(|known| known.answer == answer) {
        known.count += 1;
    } else if strange.len() < MOST_STRANGE {
        strange.push(Strange { answer, outcome, rule, count: 1 });
    }
}

/// What a server answered, without the hidden values.
pub(super) fn of_http(answer: &HttpAnswer, hidden: &[String], rules: &Rules<Outcome>) -> Told {
    let mut text = format!("status {}", answer.status);
    for name in ["location", "set-cookie", "retry-after"] {
        for value in answer.header(name) {
            let value = String::from_utf8_lossy(value);
            let value = match value.split_once('=') {
                Some((cookie, _)) if name == "set-cookie" => format!("{cookie}=***"),
                _ => one_line(masked(&value).as_bytes(), hidden),
            };
            text.push_str(&format!(", {name}: {value}"));
        }
    }
    if !answer.body.trim_ascii().is_empty() {
        text.push_str(&format!(", body: {}", one_line(&answer.body, hidden)));
    }
    let outcome = match answer.status {
        500.. => Outcome::Unknown,
        200..300 => agreeing(rules),
        400 | 401 | 403 | 404 | 422 | 429 => Outcome::Failed,
        _ => Outcome::Refused,
    };
    (text, format!("status={}", answer.status), outcome)
}

/// What a positive answer probably stands for: a purchase, unless a rule says what a purchase looks like.
fn agreeing(rules: &Rules<Outcome>) -> Outcome {
    let said = rules.iter().any(|(outcome, _)| outcome == Outcome::Bought);
    if said { Outcome::Refused } else { Outcome::Bought }
}

/// How a command ended, without the hidden values.
pub(super) fn of_command(answer: &CommandAnswer, hidden: &[String], rules: &Rules<Outcome>) -> Told {
    let code = answer.exit.unwrap_or(0);
    let mut text = format!("exit code {code}");
    for (name, output) in [("stdout", &answer.stdout), ("stderr", &answer.stderr)] {
        if !output.trim_ascii().is_empty() {
            text.push_str(&format!(", {name}: {}", one_line(output, hidden)));
        }
    }
    let outcome = match answer.stderr.trim_ascii() {
        _ if code == 0 => agreeing(rules),
        [] => Outcome::Refused,
        _ => Outcome::Failed,
    };
    (text, format!("exit={code}"), outcome)
}

/// The start of a text, in one line, without the hidden values.
fn one_line(bytes: &[u8], hidden: &[String]) -> String {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(4 * MOST_SHOWN)]).into_owned();
    let text = hidden.iter().fold(text, |text, secret| text.replace(secret, "***"));
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let shown: String = text.chars().take(MOST_SHOWN).collect();
    if shown.len() < text.len() { shown + " …" } else { shown }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::Kind;

    fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> HttpAnswer {
        let headers =
            headers.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec())).collect();
        let mut answer = HttpAnswer::default();
        (answer.status, answer.headers, answer.body) = (status, headers, body.as_bytes().to_vec());
        answer
    }

    #[test]
    fn an_answer_is_shown_without_its_secrets() {
        let headers = [("location", "/pay?token=abcd&n=1"), ("set-cookie", "sid=hush; Path=/")];
        let answer = answer(302, &headers, &format!("go on,\n hush-hush {}", "x".repeat(400)));
        let (text, rule, outcome) = of_http(&answer, &["hush-hush".to_owned()], &Rules::default());
        assert!(
            text.starts_with(
                "status 302, location: /pay?token=***&n=1, set-cookie: sid=***, body: go on, *** xxx"
            ),
            "{text}"
        );
        assert!(text.ends_with("x …") && !text.contains("hush"), "{text}");
        assert_eq!((rule.as_str(), outcome), ("status=302", Outcome::Refused));
    }

    #[test]
    fn a_positive_answer_is_a_purchase_unless_a_rule_says_what_one_looks_like() {
        let told = |rule: (Outcome, &'static str)| {
            let rules = Rules::parse([rule], Kind::Http).expect("a rule");
            of_http(&answer(200, &[], ""), &[], &rules).2
        };
        assert_eq!(told((Outcome::Refused, "status=409")), Outcome::Bought);
        assert_eq!(told((Outcome::Bought, "json:$.ok=true")), Outcome::Refused);
    }

    #[test]
    fn the_first_ten_are_kept_each_once() {
        let mut strange = Vec::new();
        for round in 0..3 {
            for status in 300..320 {
                note(&mut strange, of_http(&answer(status, &[], ""), &[], &Rules::default()));
            }
            assert_eq!(strange.len(), 10);
            assert!(strange.iter().all(|one| one.count == round + 1));
        }
    }
}
