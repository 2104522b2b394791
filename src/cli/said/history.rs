//! Histories and matrices that can't be read or merged, in Chinese, and the ways out; and how a history was read, in both
//! languages.

use super::readers::of_reader;
use super::{place, way};
use crate::history::{
    ChunkError, EdnError, EventError, FORMAT_VERSION, Format, LineError, MOST_HOSTS, MergeError, ReadError,
    Remark, TableError,
};
use crate::lang::{Bilingual, InChinese as _};
use crate::report::matrix::MatrixError;

/// A history can't be read.
pub(super) fn read(error: &ReadError) -> String {
    match error {
        ReadError::Io { name, .. } => format!("{}：读不了", place(name)),
        ReadError::Line { name, line, column, what, .. } => {
            let column = column.map(|column| format!(":{column}")).unwrap_or_default();
            format!("{}:{line}{column}：{}", place(name), self::line(what))
        }
        ReadError::Empty { name } => format!(
            "{}：是空的；历史里每次购买占一行，例如 {{\"buyer\":1,\"invoke_ns\":10,\"return_ns\":25,\"outcome\":\"bought\"}}",
            place(name)
        ),
    }
}

/// The way out where a history can't be read.
pub(super) fn read_way(error: &ReadError) -> Option<Bilingual> {
    let ReadError::Line { what, looks, .. } = error else { return None };
    let looks =
        looks.filter(|_| !matches!(what, LineError::NoObject { looks: Some(_) } | LineError::Nothing));
    let looks = looks.and_then(|format| {
        way(
            format!("it looks like {format}: --from {format}"),
            format!("它看上去是 {format}：--from {format}"),
        )
    });
    match (line_way(what), looks) {
        (Some(one), Some(other)) => way(format!("{one}; {other}"), {
            let zh = |text: &Bilingual| text.in_chinese();
            format!("{}；{}", zh(&one), zh(&other))
        }),
        (one, other) => one.or(other),
    }
}

/// What is wrong with a line.
fn line(error: &LineError) -> String {
    match error {
        LineError::NoObject { .. } => "应为 JSON 对象：历史里每行一个".to_owned(),
        LineError::Json(said) => of_reader(said),
        LineError::NoText => "不是 UTF-8".to_owned(),
        LineError::TooLong(bytes) => format!("超过 {bytes} 字节"),
        LineError::TooMany => "超过 2^32 - 1 行".to_owned(),
        LineError::Compressed => "它是压缩的".to_owned(),
        LineError::LateHeader => "文件头须在第一行".to_owned(),
        LineError::Nothing => {
            "既不是购买（要有 \"outcome\"），也不是文件头（\"history_version\"），也不是事件（\"type\" 和 \"process\"）"
                .to_owned()
        }
        LineError::Needs(member) => format!("购买要有成员 \"{member}\""),
        LineError::NoReturn(outcome) => format!(
            "outcome 是 {outcome} 的购买要有成员 \"return_ns\"；若没有答复，outcome 应为 \"unknown\""
        ),
        LineError::ReturnedBefore { return_ns, invoke_ns } => {
            format!("它在 {return_ns} 返回，却在 {invoke_ns} 才发起")
        }
        LineError::SawNothing => "读取要有成员 \"stock\"：它看到的数".to_owned(),
        LineError::Twice(member) => format!("成员 {member:?} 出现了两次"),
        LineError::Synonyms(one, other) => format!("{one:?} 和 {other:?} 说的是一回事：请只留一个"),
        LineError::Outcome(unknown) => unknown.in_chinese(),
        LineError::Quantity { word, quantity } => {
            format!("\"{word}\" 是 {quantity}：应为 1 到 {} 的整数", u32::MAX)
        }
        LineError::NoItem(other) => format!("它没说是哪种票，而别的行说了，例如 {other:?}：它说的是哪一种？"),
        LineError::OneStock { member, items, names } => {
            let shown = names.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join("、");
            let more = if *items > names.len() { "、…" } else { "" };
            let first = names.first().map_or("", String::as_str);
            format!(
                "\"{member}\" 只是一个数，而票有 {items} 种（{shown}{more}）：请逐种写明，{{{first:?}:1,…}}"
            )
        }
        LineError::ItemStock { member, name, stock } => {
            format!("{name:?} 的 \"{member}\" 是 {stock}：应为整数")
        }
        LineError::Version(version) => {
            format!("history_version 是 {version}：这个 ticketsim 读第 1 到 {FORMAT_VERSION} 版")
        }
        LineError::TooManyHosts(hosts) => {
            format!("\"hosts\"：{hosts} 台主机，超过 {MOST_HOSTS} 台")
        }
        LineError::TwoHosts { buyer, hosts: [one, other] } => {
            format!("\"hosts\"：买家 {buyer} 属于两台主机：{one:?} 和 {other:?}")
        }
        LineError::Event(error) => event(error),
        LineError::Edn(error) => edn(*error).to_owned(),
        LineError::Table(error) => table(error),
    }
}

fn event(error: &EventError) -> String {
    match error {
        EventError::NoFunction => "事件要有成员 \"f\"".to_owned(),
        EventError::UnknownFunction(function) => format!("\"f\" 是 {function:?}，而没有说明它做什么"),
        EventError::UnknownType(kind) => format!("\"type\" 是 {kind:?}：应为 invoke、ok、fail、info 之一"),
        EventError::CalledAgain { process, line } => format!(
            "进程 {process} 又发起了一次，而它在第 {line} 行的那次还没有答复；若一直没有，应为 \"info\""
        ),
        EventError::NeverCalled { kind, process } => {
            format!("{kind:?} 属于进程 {process}，而它之前没有发起")
        }
        EventError::NoStock => {
            "\"ok\" 的 \"value\" 是卖出时的库存：应为整数，或 null，或 \"refused\"".to_owned()
        }
        EventError::NoTime => "时间应为不小于 0 的纳秒数".to_owned(),
    }
}

const fn edn(error: EdnError) -> &'static str {
    match error {
        EdnError::EndlessList => "操作的列表没有结束",
        EdnError::EndlessText => "文本没有结束",
        EdnError::EndsWithin => "半截就断了",
        EdnError::StrayBracket => "括号没有打开就关上了",
        EdnError::TooDeep => "嵌套太深",
        EdnError::NoOperation => "应为一个操作，例如 {:type :invoke, :f :buy, :process 0}",
        EdnError::NoEdn => "不是 EDN",
    }
}

fn table(error: &TableError) -> String {
    match error {
        TableError::NoColumns => "没有说明哪一列是什么".to_owned(),
        TableError::NoStart => "没有哪一列说明购买是何时发起的".to_owned(),
        TableError::NoOutcome => "没有规则，也没有哪一列，说明购买的结果".to_owned(),
        TableError::NoColumn { name, there } => {
            format!("没有 {name:?} 这一列：有的是 {}", there.join("、"))
        }
        TableError::Fields { fields, columns } => format!("有 {fields} 个字段，而首行有 {columns} 个名字"),
        TableError::NoCsv => "不是 CSV".to_owned(),
        TableError::NoCall => "没有说何时发起".to_owned(),
        TableError::NoEnd => "没有说何时返回".to_owned(),
        TableError::NoTime { column, text, unit } => {
            format!("{column}：{text:?} 不是时间：应为不小于 0 的 {unit} 数，或 2026-01-31T12:00:00.123Z")
        }
        TableError::NoNumber { column, text } => format!("{column} 是 {text:?}，不是整数"),
        TableError::NoRule(row) => format!("没有规则说明这一行的结果：{row}"),
    }
}

/// The way out where something is wrong with a line.
fn line_way(error: &LineError) -> Option<Bilingual> {
    match error {
        LineError::NoObject { looks: Some(Format::Jepsen) } => {
            way("EDN is read by --from jepsen", "EDN 用 --from jepsen 读")
        }
        LineError::NoObject { looks: Some(_) } => {
            way("CSV is read by --from csv --columns …", "CSV 用 --from csv --columns … 读")
        }
        LineError::Nothing => {
            way("other logs are read by --from jsonl --columns …", "别的日志用 --from jsonl --columns … 读")
        }
        LineError::Compressed => way(
            "pipe it in, as in `zcat FILE | ticketsim check -`",
            "请用管道送进来，例如 `zcat FILE | ticketsim check -`",
        ),
        LineError::Event(EventError::UnknownFunction(function)) => way(
            format!("say it with --f purchase={function}, return={function} or read={function}"),
            format!("请用 --f purchase={function}、return={function} 或 read={function} 说明"),
        ),
        LineError::Table(error) => table_way(error),
        _ => None,
    }
}

fn table_way(error: &TableError) -> Option<Bilingual> {
    match error {
        TableError::NoColumns | TableError::NoStart => {
            let example = "--columns buyer=user,start=began,end=ended,status=code --unit ms";
            way(format!("say it, as in {example}"), format!("请说明，例如 {example}"))
        }
        TableError::NoOutcome => way(
            "give rules, --bought 'status=200' --refused 'status=409', or name the column, --columns outcome=result",
            "请给出规则，--bought 'status=200' --refused 'status=409'，或写明是哪一列，--columns outcome=result",
        ),
        TableError::NoEnd => way(
            "name the column, --columns end=… or elapsed=…",
            "请写明是哪一列，--columns end=… 或 elapsed=…",
        ),
        TableError::NoRule(_) => way(
            "add --bought, --refused, --failed or --unknown 'COLUMN=VALUE', or --otherwise failed",
            "请加上 --bought、--refused、--failed 或 --unknown 'COLUMN=VALUE'，或 --otherwise failed",
        ),
        _ => None,
    }
}

/// What there is to remark on how a history was read.
pub(in crate::cli) fn remark(remark: &Remark) -> Bilingual {
    match remark {
        Remark::Guessed(format) => Bilingual::new(
            format!("read as {format} (--from {format})"),
            format!("按 {format} 读（--from {format}）"),
        ),
        Remark::NoTable(format) => Bilingual::new(
            format!(
                "--columns, --unit and rules are for tables: {format} says it itself, and they were not asked"
            ),
            format!("--columns、--unit 和规则用于表格：{format} 自己会说明，用不上它们"),
        ),
        Remark::NoFunctions(format) => Bilingual::new(
            format!("--f is for Jepsen's operations: {format} has none, and it was not asked"),
            format!("--f 用于 Jepsen 的操作：{format} 里没有，用不上它"),
        ),
        Remark::Untimed => Bilingual::new(
            "operations without a time: their order counts, and shown times are places in it",
            "有的操作没有时间：以它们的次序为准，显示的时间是次序中的位置",
        ),
        Remark::Disordered => Bilingual::new(
            "the times contradict the order of the operations: the order counts, and shown times are places in it",
            "时间与操作的次序矛盾：以次序为准，显示的时间是次序中的位置",
        ),
        Remark::Echoes(count) => Bilingual::new(
            format!(
                "{count} × an \"ok\" only repeats the value of its \"invoke\": that is no stock, and was not taken for one"
            ),
            format!("有 {count} 个 \"ok\" 只是重复了 \"invoke\" 的值：那不是库存，没有当作库存"),
        ),
    }
}

/// Histories are not one.
pub(super) fn merged(error: &MergeError) -> String {
    match error {
        MergeError::TwoSales { earlier, later, ended, begins } => format!(
            "{later} 开始时库存为 {begins}，而在它之前已经结束的 {earlier} 剩下 {ended}：这是两次售票"
        ),
        MergeError::TooMany => "合起来超过 2^32 - 1 次购买，或 65535 台主机".to_owned(),
    }
}

/// The way out where histories are not one.
pub(super) fn merged_way(error: &MergeError) -> Option<Bilingual> {
    match error {
        MergeError::TwoSales { .. } => way("check them without --merge", "请不用 --merge，分别检查"),
        MergeError::TooMany => None,
    }
}

/// A matrix can't be compared with another one.
pub(super) fn matrix(error: &MatrixError) -> String {
    match error {
        MatrixError::NoJson(why) => format!("不是 JSON 文档：{}", of_reader(why)),
        MatrixError::NoRows => "不是矩阵：没有行，或没有试验".to_owned(),
        MatrixError::Version(version) => format!("矩阵的版本（`schema_version`）不是 {version}"),
        MatrixError::Row(row) => format!("不是矩阵：第 {row} 行没说是什么，或没有评级"),
        MatrixError::Tested(why) => format!("不是矩阵：`tested`：{}", of_reader(why)),
    }
}

/// The way out where a matrix can't be compared.
pub(super) fn matrix_way(error: &MatrixError) -> Option<Bilingual> {
    match error {
        MatrixError::Version(_) => None,
        _ => {
            way("it takes what `ticketsim matrix --json` prints", "应为 `ticketsim matrix --json` 打印的东西")
        }
    }
}

/// What a host sent can't be its own.
pub(super) fn chunk(error: &ChunkError) -> String {
    match error {
        ChunkError::Buyer { buyer, buyers } => {
            format!("有一次购买属于买家 {buyer}，而那台主机只有 {buyers} 个买家")
        }
        ChunkError::Times { buyer } => format!("买家 {buyer} 有一次购买，还没发起就返回了"),
        ChunkError::TooMany => "购买或主机太多".to_owned(),
    }
}
