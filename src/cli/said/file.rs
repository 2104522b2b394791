//! What goes wrong at a ticket file, in Chinese, and the ways out.

use std::time::Duration;

use super::readers::of_reader;
use super::{of_io, way};
use crate::lang::Bilingual;
use crate::protocol::file::Lock;
use crate::stock::Stock;
use crate::store::file::ticket::{Cannot, MOST_BYTES, NotRegular, TextError, TextMistake, TicketFileError};
use crate::store::file::{FileError, NamesError};

/// Tickets can't be sold from a file.
pub(super) fn file(error: &FileError) -> String {
    match error {
        FileError::TicketFile(error) => ticket_file(error),
        FileError::Names(error) => names(error),
        FileError::NoLocking { path, lock, source } => {
            format!("{}：{lock} 锁在这里不能用：{}", path.display(), of_io(source))
        }
        FileError::Locked { path, lock: _, waited } => format!(
            "{}：试了 {}，一直被别的程序锁着",
            path.display(),
            humantime::format_duration(Duration::from_millis(waited.as_millis() as u64))
        ),
        FileError::Interrupted => "还没开始售票就被中断".to_owned(),
    }
}

/// The way out where tickets can't be sold from a file.
pub(super) fn file_way(error: &FileError) -> Option<Bilingual> {
    match error {
        FileError::TicketFile(error) => ticket_file_way(error),
        FileError::Names(error) => names_way(error),
        FileError::NoLocking { .. } => way(
            "take another filesystem, or --no-lock to see what that means",
            "请换一个文件系统，或用 --no-lock 看看没有锁会怎样",
        ),
        FileError::Locked { lock: Lock::Lockfile | Lock::Link | Lock::Lease, .. } => {
            way("the file says by which", "文件里写着是哪个程序")
        }
        FileError::Locked { lock: Lock::Mkdir, .. } => {
            way("if nobody uses it, remove it (rmdir)", "若没有程序在用，请删掉它（rmdir）")
        }
        FileError::Locked { .. } => way("see who with lslocks, or fuser", "用 lslocks 或 fuser 看是哪个程序"),
        FileError::Interrupted => None,
    }
}

/// A file can't be sold from.
pub(super) fn ticket_file(error: &TicketFileError) -> String {
    match error {
        TicketFileError::Missing { path } => format!("{}：没有这个文件", path.display()),
        TicketFileError::NoFile { path } => format!("{}：不是普通文件", path.display()),
        TicketFileError::TooLarge { path, bytes } => {
            format!("{}：有 {bytes} 字节；票文件至多 {MOST_BYTES} 字节", path.display())
        }
        TicketFileError::Empty { path } => format!("{}:1:1：文件是空的", path.display()),
        TicketFileError::Invalid { path, error: TextError { line, column, wrong } } => format!(
            "{}:{line}:{column}：{}；票文件的样子是 {{\"ticket\": 1}}",
            path.display(),
            mistake(wrong)
        ),
        TicketFileError::Io { path, cannot, source } => {
            format!("{}：{}：{}", path.display(), not_done(*cannot), of_io(source))
        }
    }
}

/// The way out where a file can't be sold from.
pub(super) fn ticket_file_way(error: &TicketFileError) -> Option<Bilingual> {
    match error {
        TicketFileError::Missing { .. } => {
            way("put tickets on sale first with --tickets N", "请先用 --tickets N 放出票")
        }
        TicketFileError::NoFile { .. } => {
            way("--file takes a file like data/ticket.json", "--file 要的是像 data/ticket.json 那样的文件")
        }
        TicketFileError::Empty { .. } => {
            way("put tickets on sale in it with --tickets N", "请用 --tickets N 在里面放出票")
        }
        TicketFileError::Io { cannot: Cannot::Follow, .. } => way("remove it (rm)", "请删掉它（rm）"),
        TicketFileError::Io { cannot: Cannot::RenameIn, .. } => {
            way("take another folder, or another --write", "请换一个文件夹，或换一种 --write")
        }
        TicketFileError::TooLarge { .. } | TicketFileError::Invalid { .. } | TicketFileError::Io { .. } => {
            None
        }
    }
}

const fn not_done(cannot: Cannot) -> &'static str {
    match cannot {
        Cannot::Read => "读不了",
        Cannot::Write => "写不了",
        Cannot::Create => "建不了",
        Cannot::OpenToWrite => "不能打开来写",
        Cannot::OpenToLock => "不能打开来加锁",
        Cannot::CarryLock => "不能用来放锁",
        Cannot::Guard => "不能加锁去看锁文件",
        Cannot::Follow => "是一个链接，ticketsim 在这里不跟随链接",
        Cannot::RenameIn => "写不了，而改名要有能写的文件夹",
    }
}

/// Something else has the name of a file.
pub(super) fn not_regular(_: &NotRegular) -> String {
    "不是普通文件".to_owned()
}

/// A text is no ticket file.
pub(super) fn text(error: &TextError) -> String {
    format!("第 {} 行第 {} 列：{}", error.line, error.column, mistake(&error.wrong))
}

fn mistake(mistake: &TextMistake) -> String {
    match mistake {
        TextMistake::Empty => "文件是空的".to_owned(),
        TextMistake::Json(said) => of_reader(said),
        TextMistake::NoTicket => "没有成员 \"ticket\"".to_owned(),
        TextMistake::Twice => "成员 \"ticket\" 出现了两次".to_owned(),
        TextMistake::NotWhole(given) => format!("\"ticket\" 是 {given}，应为不小于 0 的整数"),
        TextMistake::TooLarge(given) => {
            format!("\"ticket\" 是 {given}，超出 63 位（至多 {}）", Stock::MAX)
        }
    }
}

/// Several names are not one file.
pub(super) fn names(error: &NamesError) -> String {
    match error {
        NamesError::Unopened { path, source } => {
            format!("{}：不能当作票文件的名字打开：{source}", path.display())
        }
        NamesError::Unwritten { path, source } => {
            format!("{}：那里什么也写不了，无法证明几个名字是同一个文件：{source}", path.display())
        }
        NamesError::TwoFolders { first, other } => format!(
            "{} 和 {} 不是同一个文件夹：经前一个写下的，从后一个读不到，买家会从两处各卖各的",
            first.display(),
            other.display()
        ),
        NamesError::TwoFiles { first, other } => format!(
            "看不出 {} 和 {} 是同一个文件：它们不是同一文件系统里的链接，名字也不同",
            first.display(),
            other.display()
        ),
    }
}

/// The way out where several names are not one file.
pub(super) fn names_way(error: &NamesError) -> Option<Bilingual> {
    match error {
        NamesError::TwoFolders { .. } => way("name the same folder twice", "请两次都说同一个文件夹"),
        NamesError::TwoFiles { .. } => way("name the same file in both", "请两处都说同一个文件"),
        NamesError::Unopened { .. } | NamesError::Unwritten { .. } => None,
    }
}
