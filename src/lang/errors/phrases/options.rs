//! What is left of options.

/// English and Chinese, side by side.
pub(super) const ALL: &[(&str, &str)] = &[
    ("longer than {} bytes", "超过 {} 字节"),
    ("unknown {} \"{}\": one of {}", "没有 \"{2}\" 这种{1}：可选 {3}"),
    ("MariaDB or MySQL", "MariaDB 或 MySQL"),
];
