//! Of histories, and logs of others.

/// English and Chinese, side by side.
pub(super) const ALL: &[(&str, &str)] = &[
    ("a matrix of another version than {} (`schema_version`)", "矩阵的版本（`schema_version`）不是 {}"),
    ("it takes what `ticketsim matrix --json` prints", "应为 `ticketsim matrix --json` 打印的东西"),
    ("no JSON document: {}; {}", "不是 JSON 文档：{}；{}"),
    ("no matrix: it has no rows, or no trials; {}", "不是矩阵：没有行，或没有试验；{}"),
    (
        "no matrix: row {} does not say what it is about, or has no grade; {}",
        "不是矩阵：第 {} 行没说是什么，或没有评级；{}",
    ),
    ("no matrix: `tested`: {}", "不是矩阵：`tested`：{}"),
];
