//! What is wrong with a line of a history, or of a log of another tool.

use super::reading::{Column, Format, Unit};
use super::{FORMAT_VERSION, MOST_HOSTS, Outcome};
use crate::closed_set::UnknownName;

/// What is wrong with a line of a history.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// It does not begin as a JSON object does.
    #[error("expected a JSON object: a history has one on each line")]
    NoObject {
        /// What it could be instead.
        looks: Option<Format>,
    },
    /// It is no JSON, or a member has a wrong value, in the words of the reader of JSON.
    #[error("{0}")]
    Json(String),
    /// It is no text.
    #[error("it is no UTF-8")]
    NoText,
    /// It is longer than this many bytes.
    #[error("longer than {0} bytes")]
    TooLong(u64),
    /// There are more lines than can be numbered.
    #[error("more than 2^32 - 1 lines")]
    TooMany,
    /// The file is compressed.
    #[error("it is compressed")]
    Compressed,
    /// A header stands further down.
    #[error("the header has to be the first line")]
    LateHeader,
    /// It is nothing that a history has.
    #[error(
        "neither a purchase (it has an \"outcome\"), nor a header (\"history_version\"), nor an event (\"type\" \
         and \"process\")"
    )]
    Nothing,
    /// A purchase lacks a member.
    #[error("a purchase needs the member \"{0}\"")]
    Needs(&'static str),
    /// A purchase that was answered has no end.
    #[error(
        "a purchase that was {0} needs the member \"return_ns\"; if no answer came, its outcome is \"unknown\""
    )]
    NoReturn(Outcome),
    /// A purchase returned before it was called.
    #[error("it returned at {return_ns}, before its call at {invoke_ns}")]
    ReturnedBefore {
        /// When it returned.
        return_ns: u64,
        /// When it was called.
        invoke_ns: u64,
    },
    /// A read does not say what it saw.
    #[error("a read needs the member \"stock\": what it saw")]
    SawNothing,
    /// A member stands twice.
    #[error("the member {0:?} stands twice")]
    Twice(String),
    /// Two members have the same meaning.
    #[error("{0:?} and {1:?} say the same: keep one of them")]
    Synonyms(String, String),
    /// There is no such outcome.
    #[error(transparent)]
    Outcome(UnknownName),
    /// No number of tickets.
    #[error("\"{word}\" is {quantity}: it takes a whole number from 1 to {}", u32::MAX)]
    Quantity {
        /// What the number is called there.
        word: &'static str,
        /// The number.
        quantity: u64,
    },
    /// A purchase names no item, and others do.
    #[error("it names no item, and other lines do, such as {0:?}: which counter is it about?")]
    NoItem(String),
    /// One stock for several items.
    #[error(
        "\"{member}\" is one number, and there are {items} items ({}{}): say it for each, {{{:?}:1,…}}",
        .names.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", "),
        if *items > names.len() { ", …" } else { "" },
        .names.first().map_or("", String::as_str)
    )]
    OneStock {
        /// Which stock: `initial` or `remaining`.
        member: &'static str,
        /// How many items there are.
        items: usize,
        /// The first of them.
        names: Vec<String>,
    },
    /// The stock of an item is no whole number.
    #[error("\"{member}\" of {name:?} is {stock}: it takes a whole number")]
    ItemStock {
        /// Which stock: `initial` or `remaining`.
        member: &'static str,
        /// The item.
        name: String,
        /// What stands there, as JSON.
        stock: String,
    },
    /// The header is of another version of the format.
    #[error("history_version {0}: this ticketsim reads versions 1 to {FORMAT_VERSION}")]
    Version(u32),
    /// More hosts than can be numbered.
    #[error("\"hosts\": {0} hosts: more than {MOST_HOSTS}")]
    TooManyHosts(usize),
    /// Two hosts have the same buyer.
    #[error("\"hosts\": buyer {buyer} is of two hosts, {:?} and {:?}", .hosts[0], .hosts[1])]
    TwoHosts {
        /// The buyer.
        buyer: u32,
        /// The names of both.
        hosts: [String; 2],
    },
    /// It is no operation of Jepsen's that can be understood.
    #[error(transparent)]
    Event(#[from] EventError),
    /// It is no EDN.
    #[error(transparent)]
    Edn(#[from] EdnError),
    /// It is a row of a table that can't be understood.
    #[error(transparent)]
    Table(#[from] TableError),
}

impl LineError {
    /// serde_json's reason without the position at its end: we print the position in front.
    pub(in crate::history) fn json(error: &serde_json::Error) -> Self {
        Self::Json(error.to_string().split(" at line ").next().unwrap_or_default().to_owned())
    }
}

/// What is wrong with an event.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// It does not say what was called.
    #[error("an event needs the member \"f\"")]
    NoFunction,
    /// Nobody knows what this function does.
    #[error("\"f\" is {0:?}, and nobody has said what that does")]
    UnknownFunction(String),
    /// It is neither a call nor an answer.
    #[error("\"type\" is {0:?}: one of invoke, ok, fail, info")]
    UnknownType(String),
    /// A process was called that has not answered yet.
    #[error(
        "process {process} is called again, and its call on line {line} has no answer yet; if none came, that is an \
         \"info\""
    )]
    CalledAgain {
        /// The process, as it is written.
        process: String,
        /// Where it was called before.
        line: u32,
    },
    /// An answer without a call.
    #[error("{kind:?} of process {process}, which was not called before")]
    NeverCalled {
        /// The answer.
        kind: String,
        /// The process, as it is written.
        process: String,
    },
    /// What was sold is no stock.
    #[error(
        "the \"value\" of an \"ok\" is the stock that it was sold from, a whole number, or null, or \"refused\""
    )]
    NoStock,
    /// A time that is none.
    #[error("a time is a number of nanoseconds from 0")]
    NoTime,
}

/// What is wrong with a table, or with a row of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TableError {
    /// Nobody has said which column is what.
    #[error("nobody has said which column is what")]
    NoColumns,
    /// No column says when a purchase was called.
    #[error("no column says when a purchase was called")]
    NoStart,
    /// Neither a rule nor a column says what came of a purchase.
    #[error("neither a rule nor a column says what came of a purchase")]
    NoOutcome,
    /// There is no such column.
    #[error("there is no column {name:?}: there are {}", .there.join(", "))]
    NoColumn {
        /// The column.
        name: String,
        /// Those that there are.
        there: Vec<String>,
    },
    /// A row does not have as many fields as there are columns.
    #[error("{fields} fields, and the first line names {columns}")]
    Fields {
        /// How many fields it has.
        fields: u64,
        /// How many columns there are.
        columns: u64,
    },
    /// It is no CSV.
    #[error("it is no CSV")]
    NoCsv,
    /// A row does not say when its purchase was called.
    #[error("it does not say when it was called")]
    NoCall,
    /// A row does not say when its purchase returned.
    #[error("it does not say when it returned")]
    NoEnd,
    /// A time that is none.
    #[error(
        "the {column}: {text:?} is no time: it takes a number of {unit} from 0, or 2026-01-31T12:00:00.123Z"
    )]
    NoTime {
        /// What the column is.
        column: Column,
        /// The start of what stands there.
        text: String,
        /// The unit of numbers.
        unit: Unit,
    },
    /// It takes a whole number.
    #[error("the {column} is {text:?}, no whole number")]
    NoNumber {
        /// What the column is.
        column: Column,
        /// What stands there.
        text: String,
    },
    /// No rule holds for this row.
    #[error("no rule says what came of it: {0}")]
    NoRule(String),
}

/// What is wrong with a text of EDN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EdnError {
    /// A list of operations is not closed.
    #[error("the list of operations has no end")]
    EndlessList,
    /// A text is not closed.
    #[error("a text has no end")]
    EndlessText,
    /// It ends before its value does.
    #[error("it ends in the middle")]
    EndsWithin,
    /// It closes what was not opened.
    #[error("a bracket closes that was not opened")]
    StrayBracket,
    /// Brackets in brackets in brackets.
    #[error("nested too deep")]
    TooDeep,
    /// It is another value than an operation.
    #[error("expected an operation, such as {{:type :invoke, :f :buy, :process 0}}")]
    NoOperation,
    /// It is nothing that EDN has.
    #[error("no EDN")]
    NoEdn,
}
