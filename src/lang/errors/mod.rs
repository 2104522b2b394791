//! What went wrong, in the words of each room: the English of an error is its `Display`, and `cli` says its Chinese.

pub mod inputs;
pub mod options;
pub mod readers;
pub mod together;

use crate::closed_set::UnknownName;

use super::{InChinese, Lang};

/// Every table.
#[cfg(test)]
pub(super) const TABLES: &[&[(&str, &str, &str)]] = &[inputs::ALL, options::ALL, together::ALL];

/// What closed sets are sets of.
const NOUNS: &[(&str, &str)] = &[
    ("anomaly", "异常"),
    ("answer", "回答"),
    ("choice of colour", "上色方式"),
    ("column", "列"),
    ("database", "数据库"),
    ("deed", "动作"),
    ("doubt", "疑点"),
    ("fault", "故障"),
    ("fence", "栅栏"),
    ("format", "格式"),
    ("grade", "评级"),
    ("hold", "占用"),
    ("isolation level", "隔离级别"),
    ("journal mode", "日志方式"),
    ("kind of lock", "锁"),
    ("kind of worker", "执行方式"),
    ("kind of write", "写法"),
    ("language", "语言"),
    ("language of exercises", "练习的语言"),
    ("lesson", "课"),
    ("letter", "字母"),
    ("mishap", "意外"),
    ("outcome", "结果"),
    ("place for the lock", "放锁的位置"),
    ("promise", "承诺"),
    ("ruling", "裁决"),
    ("sample", "样例"),
    ("scope", "范围"),
    ("side of a step", "步骤的先后"),
    ("source of the initial stock", "初始库存的来源"),
    ("sslmode", "sslmode"),
    ("step", "步骤"),
    ("store", "存储"),
    ("switch", "开关"),
    ("unit", "单位"),
    ("way to show progress", "进度的显示方式"),
    ("witness", "凭据"),
];

/// What a closed set is a set of, as it stands behind a Chinese word: what has no Chinese name is set off by a blank.
#[must_use]
pub fn noun(english: &str) -> String {
    let known = NOUNS.iter().find(|(noun, _)| *noun == english);
    let noun = known.map_or(english, |(_, noun)| noun);
    if noun.starts_with(|sign: char| sign.is_ascii()) { format!(" {noun}") } else { noun.to_owned() }
}

impl InChinese for UnknownName {
    fn in_chinese(&self) -> String {
        let what = noun(self.what);
        options::unknown_name(Lang::Zh, what, format!("{:?}", self.given), self.known.replace(", ", "、"))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// The sources below a folder.
    fn sources(folder: &Path, all: &mut String) {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                sources(&path, all);
            } else {
                all.push_str(&std::fs::read_to_string(&path).expect("a source"));
            }
        }
    }

    #[test]
    fn every_closed_set_has_a_name_in_chinese() {
        let mut all = String::new();
        sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut all);
        let sets = regex::Regex::new(r#"pub enum [A-Za-z]+: "([^"]+)" \{"#).expect("a pattern");
        let nouns: Vec<&str> = sets.captures_iter(&all).map(|set| set.extract::<1>().1[0]).collect();
        assert!(nouns.len() > 30, "{nouns:?}");
        for noun in &nouns {
            let known = NOUNS.iter().any(|(known, _)| known == noun);
            assert!(known, "{noun:?} is in no Chinese: add it to NOUNS in src/lang/errors/mod.rs");
        }
        for (noun, _) in NOUNS.iter().filter(|(noun, _)| *noun != "store") {
            assert!(nouns.contains(noun), "no closed set is called {noun:?}");
        }
    }
}
