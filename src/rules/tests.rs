//! What rules say of answers, and what is said of bad rules.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// Outcomes, in the order in which their rules are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
enum Outcome {
    Bought,
    Refused,
    Failed,
    Unknown,
}

/// An answer made of texts, by the question's name.
struct Said {
    texts: Vec<(&'static str, &'static str)>,
    json: Option<Value>,
}

impl Answer for Said {
    fn any(&self, question: &Question, holds: &mut dyn FnMut(&[u8]) -> bool) -> bool {
        let name = match question {
            Question::Exit => "exit",
            Question::Stdout => "stdout",
            Question::Stderr => "stderr",
            Question::Status => "status",
            Question::Body => "body",
            Question::Header(name) | Question::Column(name) => name,
            Question::Json(_) => return false,
        };
        self.texts.iter().filter(|(asked, _)| *asked == name).any(|(_, text)| holds(text.as_bytes()))
    }

    fn json(&self) -> Option<&Value> {
        self.json.as_ref()
    }
}

fn said(texts: &[(&'static str, &'static str)], json: &str) -> Said {
    Said { texts: texts.to_vec(), json: serde_json::from_str(json).ok() }
}

fn holds(rule: &str, kind: Kind, answer: &Said) -> bool {
    Rule::parse(rule, kind).unwrap_or_else(|error| panic!("{error}")).holds(answer)
}

#[test]
fn every_condition_holds_for_what_it_names_and_for_nothing_else() {
    let http = said(
        &[
            ("status", "204"),
            ("body", "<b>You're in!</b> 3 left"),
            ("set-cookie", "a=1"),
            ("set-cookie", "won=yes; Path=/"),
        ],
        r#"{"ok":true,"left":2.0,"error":null,"state":"on hold","items":[{"id":7,"name":"a = b"}],"a b":1}"#,
    );
    let yes = [
        "status=204",
        "status=200,204",
        "status=2xx",
        "status~^20",
        "status",
        "body~You're",
        "body~'You.re in!'",
        r#"body~"You're in!" status=2xx"#,
        r"body~\d\sleft",
        r#"'body~You.re in' status=2xx"#,
        "header:Set-Cookie~^won=",
        "header:set-cookie=a=1",
        "header:set-cookie",
        "json:$.ok",
        "json:$.ok=true",
        "json:$.left=2",
        "json:$.left=2.0",
        "json:$.state='on hold'",
        "json:$.state~^on",
        "json:$.items[?@.id == 7].name='a = b'",
        "json:$['a b']=1",
        r#"json:$.items[*].id~^\d$ json:$.ok"#,
        r#"'json:$.items=[{"id":7,"name":"a = b"}]'"#,
    ];
    for rule in yes {
        assert!(holds(rule, Kind::Http, &http), "{rule}");
    }
    let no = [
        "status=200",
        "status=4xx,500",
        "body~sold",
        "status=2xx body~sold",
        "header:x-other",
        "header:set-cookie~^on=",
        "json:$.error",
        "json:$.ok=false",
        "json:$.left=3",
        "json:$.missing",
        "json:$.items[?@.id == 8]",
    ];
    for rule in no {
        assert!(!holds(rule, Kind::Http, &http), "{rule}");
    }
    let no_json = said(&[("status", "200")], "<html>");
    assert!(!holds("json:$", Kind::Http, &no_json));
}

#[test]
fn a_commands_exit_code_beats_its_output() {
    let rules = [
        (Outcome::Failed, "exit=3"),
        (Outcome::Bought, "stdout~^ticket"),
        (Outcome::Refused, "exit=0 stderr~'sold out'"),
    ];
    let rules = Rules::parse(rules, Kind::Command).expect("rules");
    let outcome = |exit, stdout, stderr| {
        let answer = said(&[("exit", exit), ("stdout", stdout), ("stderr", stderr)], "");
        rules.outcome(&answer).map(|(outcome, _)| outcome)
    };
    assert_eq!(outcome("0", "ticket 7", ""), Some(Outcome::Bought));
    assert_eq!(outcome("3", "ticket 7", ""), Some(Outcome::Failed));
    assert_eq!(outcome("0", "", "sold out"), Some(Outcome::Refused));
    assert_eq!(outcome("1", "sold out", ""), None);
}

#[test]
fn the_first_rule_wins_in_the_order_of_the_outcomes() {
    let rules = [
        (Outcome::Unknown, "status=5xx"),
        (Outcome::Failed, "status=2xx body~busy"),
        (Outcome::Refused, "status=409"),
        (Outcome::Refused, "status=200 body~sold"),
        (Outcome::Bought, "status=200 json:$.ok=true"),
    ];
    let rules = Rules::parse(rules, Kind::Http).expect("rules");
    let outcome = |status, body, json| {
        let answer = said(&[("status", status), ("body", body)], json);
        rules.outcome(&answer).map(|(outcome, rule)| (outcome, rule.text().to_owned()))
    };
    let told = |outcome, rule: &str| Some((outcome, rule.to_owned()));
    let ok = r#"{"ok":true}"#;
    assert_eq!(outcome("200", "sold, busy", ok), told(Outcome::Bought, "status=200 json:$.ok=true"));
    assert_eq!(outcome("200", "sold, busy", ""), told(Outcome::Refused, "status=200 body~sold"));
    assert_eq!(outcome("200", "busy", ""), told(Outcome::Failed, "status=2xx body~busy"));
    assert_eq!(outcome("503", "", ""), told(Outcome::Unknown, "status=5xx"));
    assert_eq!(outcome("429", "", ""), None, "what no rule matches is no refusal");
}

#[test]
fn columns_of_a_table() {
    let row = said(&[("responseCode", "200"), ("label", "buy a seat"), ("success", "true")], "");
    for rule in ["responseCode=200,409", "responseCode=2xx success=true", "label='buy a seat'", "label~^buy"]
    {
        assert!(holds(rule, Kind::Table, &row), "{rule}");
    }
    for rule in ["responseCode=20", "label=buy", "other~.", "success=true label~seats"] {
        assert!(!holds(rule, Kind::Table, &row), "{rule}");
    }
    let rule = Rule::parse("a=1 b~2", Kind::Table).expect("a rule");
    let columns: Vec<&Question> = rule.questions().collect();
    assert_eq!(columns, [&Question::Column("a".to_owned()), &Question::Column("b".to_owned())]);
}

#[test]
fn a_bad_rule_is_told_with_its_place() {
    let bad = [
        ("", Kind::Http, 1, "empty"),
        ("  ", Kind::Command, 1, "empty"),
        ("status=ok", Kind::Http, 8, "three digits"),
        ("status=2x", Kind::Http, 8, "three digits"),
        ("status=9xx", Kind::Http, 8, "three digits"),
        ("exit=2xx", Kind::Command, 6, "from 0 to 255"),
        ("exit=256", Kind::Command, 6, "from 0 to 255"),
        ("status=200 exit=0", Kind::Http, 12, "\"exit\" can't be asked"),
        ("exit=0 status=200", Kind::Command, 8, "\"status\" can't be asked"),
        ("header:~x", Kind::Http, 1, "can't be asked"),
        ("=200", Kind::Http, 1, "nothing is asked"),
        ("body~'sold out", Kind::Http, 6, "never closed"),
        ("body~'sold'out", Kind::Http, 12, "a blank must follow"),
        ("body~(", Kind::Http, 6, "no regular expression: unclosed group"),
        ("status=200 json:ok", Kind::Http, 17, "no JSON path"),
        ("json:$.ok[", Kind::Http, 9, "no JSON path"),
        ("“status”=200", Kind::Http, 1, "can't be asked"),
    ];
    for (rule, kind, column, what) in bad {
        let error = Rule::parse(rule, kind).expect_err(rule);
        assert!(error.what.to_string().contains(what), "{rule}: {error}");
        assert_eq!(error.column, column, "{rule}: {error}");
    }
    let deep = format!("json:$[?{}1==1{}]", "(".repeat(1000), ")".repeat(1000));
    assert!(Rule::parse(&deep, Kind::Http).is_err());
    let long = format!("body~{}", "a".repeat(5000));
    assert!(Rule::parse(&long, Kind::Http).is_err());
    assert!(Rule::parse(r"body~(\w{1000}){1000}", Kind::Http).is_err(), "too large an expression");
}

#[test]
fn rules_serialise_as_they_are_tried() {
    let rules = [(Outcome::Refused, "status=409"), (Outcome::Bought, " status=200 ")];
    let rules = Rules::parse(rules, Kind::Http).expect("rules");
    let rows: Vec<BTreeMap<String, String>> =
        serde_json::from_value(serde_json::to_value(&rules).expect("json")).expect("rows");
    let row = |outcome: &str, rule: &str| {
        BTreeMap::from([("outcome".to_owned(), outcome.to_owned()), ("rule".to_owned(), rule.to_owned())])
    };
    assert_eq!(rows, [row("bought", "status=200"), row("refused", "status=409")]);
}

proptest! {
    #[test]
    fn no_text_is_too_bad(text in ".{0,60}", signs in "[a-z:$.=~ '\"\\[\\]()]{0,40}") {
        for kind in [Kind::Command, Kind::Http, Kind::Table] {
            for rule in [&text, &signs, &format!("json:{signs}")] {
                if let Err(error) = Rule::parse(rule, kind) {
                    prop_assert!(error.column <= rule.chars().count() + 1);
                }
            }
        }
    }

    #[test]
    fn a_quoted_value_is_itself(value in "[^']{1,30}") {
        let rule = Rule::parse(&format!("a='{value}' b=1"), Kind::Table).expect("a rule");
        prop_assert_eq!(rule.questions().count(), 2);
    }
}
