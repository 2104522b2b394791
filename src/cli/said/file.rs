//! What goes wrong at a ticket file, in Chinese.

use std::time::Duration;

use super::phrases::phrase;
use crate::protocol::file::Lock;
use crate::store::file::ticket::{MOST_BYTES, TextError, TicketFileError};
use crate::store::file::{FileError, NamesError};

/// Tickets can't be sold from a file.
pub(super) fn file(error: &FileError) -> String {
    match error {
        FileError::TicketFile(error) => ticket_file(error),
        FileError::Names(error) => names(error),
        FileError::NoLocking { path, lock, source } => format!(
            "{}：{lock} 锁在这里不能用：{source}；请换一个文件系统，或用 --no-lock 看看没有锁会怎样",
            path.display()
        ),
        FileError::Locked { path, lock, waited } => format!(
            "{}：试了 {}，一直被别的程序锁着；{}",
            path.display(),
            humantime::format_duration(Duration::from_millis(waited.as_millis() as u64)),
            whose(*lock)
        ),
        FileError::Interrupted => "还没开始售票就被中断".to_owned(),
    }
}

const fn whose(lock: Lock) -> &'static str {
    match lock {
        Lock::Lockfile | Lock::Link | Lock::Lease => "文件里写着是哪个程序",
        Lock::Mkdir => "若没有程序在用，请删掉它（rmdir）",
        _ => "用 lslocks 或 fuser 看是哪个程序",
    }
}

/// A file can't be sold from.
pub(super) fn ticket_file(error: &TicketFileError) -> String {
    match error {
        TicketFileError::Missing { path } => {
            format!("{}：没有这个文件；请先用 --tickets N 放出票", path.display())
        }
        TicketFileError::NoFile { path } => {
            format!("{}：不是普通文件；--file 要的是像 data/ticket.json 那样的文件", path.display())
        }
        TicketFileError::TooLarge { path, bytes } => {
            format!("{}：有 {bytes} 字节；票文件至多 {MOST_BYTES} 字节", path.display())
        }
        TicketFileError::Empty { path } => {
            format!("{}:1:1：文件是空的；请用 --tickets N 在里面放出票", path.display())
        }
        TicketFileError::Invalid { path, error: TextError { line, column, what } } => {
            format!("{}:{line}:{column}：{}；票文件的样子是 {{\"ticket\": 1}}", path.display(), phrase(what))
        }
        TicketFileError::Io { path, doing, source } => {
            format!("{}：{}：{source}", path.display(), phrase(doing))
        }
    }
}

/// A text is no ticket file.
pub(super) fn text(error: &TextError) -> String {
    format!("第 {} 行第 {} 列：{}", error.line, error.column, phrase(&error.what))
}

/// Several names are not one file.
pub(super) fn names(error: &NamesError) -> String {
    match error {
        NamesError::Io { path, doing, source } => {
            format!("{}：{}：{source}", path.display(), phrase(doing))
        }
        NamesError::TwoFolders { first, other } => format!(
            "{} 和 {} 不是同一个文件夹：经前一个写下的，从后一个读不到，买家会从两处各卖各的；请两次都说同一个文件夹",
            first.display(),
            other.display()
        ),
        NamesError::TwoFiles { first, other } => format!(
            "看不出 {} 和 {} 是同一个文件：它们不是同一文件系统里的链接，名字也不同；请两处都说同一个文件",
            first.display(),
            other.display()
        ),
    }
}
