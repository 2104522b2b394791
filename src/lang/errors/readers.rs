//! What the readers of JSON and TOML say most often.

/// English and Chinese, side by side. `{}` stands for what differs; where the Chinese needs another order, `{1}` stands
/// for the first of them.
pub const SENTENCES: &[(&str, &str)] = &[
    ("EOF while parsing an object", "对象没有写完"),
    ("EOF while parsing a list", "列表没有写完"),
    ("EOF while parsing a string", "字符串没有写完"),
    ("EOF while parsing a value", "值没有写完"),
    ("expected value", "这里应有一个值"),
    ("expected ident", "这里应为 true、false 或 null"),
    ("trailing characters", "后面还有多余的字符"),
    ("trailing comma", "多了一个逗号"),
    ("key must be a string", "成员的名字应为字符串"),
    ("invalid number", "不是数"),
    ("number out of range", "数超出了范围"),
    ("expected `,` or `}`", "这里应为 `,` 或 `}`"),
    ("expected `,` or `]`", "这里应为 `,` 或 `]`"),
    ("expected `:`", "这里应为 `:`"),
    ("unknown field `{}`, expected one of {}", "没有 `{}` 这个成员；有的是 {}"),
    ("missing field `{}`", "缺少成员 `{}`"),
    ("duplicate field `{}`", "成员 `{}` 出现了两次"),
    ("invalid type: {}, expected {}", "类型不对：是 {}，应为 {}"),
    ("invalid value: {}, expected {}", "值不对：是 {}，应为 {}"),
    ("an object", "对象"),
    // Of ours: a name in a document that is in none of our sets.
    ("unknown {} \"{}\": one of {}", "没有 \"{2}\" 这种{1}：可选 {3}"),
];
