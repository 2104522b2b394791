//! Of ticket files, schedules and lessons.

/// English and Chinese, side by side.
pub(super) const ALL: &[(&str, &str)] = &[
    ("can't be read", "读不了"),
    ("can't be written", "写不了"),
    (
        "{} names no sale: it takes 1 to {} of a-z, 0-9 and _, a letter first",
        "{} 不能用作售票的名字：应为 1 到 {} 个 a-z、0-9 和 _，以字母开头",
    ),
    ("rule {}, column {}: {}", "规则 {} 第 {} 列：{}"),
    ("a buyer died before the sale: {}", "售票前有买家死了：{}"),
    ("the buyers died before the sale", "买家在售票前死了"),
    ("the cgroup's pids.max", "cgroup 的 pids.max"),
];
