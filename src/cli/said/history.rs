//! Histories that can't be read or merged, and rules, in Chinese.

use super::phrases::phrase;
use crate::history::{ChunkError, MergeError, ReadError};
use crate::rules::RuleError;

/// A history can't be read.
pub(super) fn read(error: &ReadError) -> String {
    match error {
        ReadError::Io { name, .. } => format!("{name}：读不了"),
        ReadError::Line { name, line, column, what } => {
            let column = column.map(|column| format!(":{column}")).unwrap_or_default();
            format!("{name}:{line}{column}：{}", phrase(what))
        }
        ReadError::Empty { name } => format!(
            "{name}：是空的；历史里每次购买占一行，例如 {{\"buyer\":1,\"invoke_ns\":10,\"return_ns\":25,\"outcome\":\"bought\"}}"
        ),
    }
}

/// Histories are not one.
pub(super) fn merged(error: &MergeError) -> String {
    match error {
        MergeError::TwoSales { earlier, later, ended, begins } => format!(
            "{later} 开始时库存为 {begins}，而在它之前已经结束的 {earlier} 剩下 {ended}：这是两次售票；请不用 --merge，分别检查"
        ),
        MergeError::TooMany => "合起来超过 2^32 - 1 次购买，或 65535 台主机".to_owned(),
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

/// A rule can't be read.
pub(super) fn rule(error: &RuleError) -> String {
    let RuleError { rule, column, what } = error;
    format!("规则 {rule:?} 第 {column} 列：{}", phrase(what))
}
