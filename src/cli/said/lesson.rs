//! Lessons that could not be given, in Chinese, and the ways out.

use super::file::{ticket_file, ticket_file_way};
use super::running::{forked, forked_way, run, run_way, store, store_way};
use super::schedule::{replay, replay_way};
use super::{of_io, way};
use crate::lang::Bilingual;
use crate::lesson::{LessonError, NoCounter, Used};

/// A lesson could not be given.
pub(super) fn lesson(error: &LessonError) -> String {
    match error {
        LessonError::Fork(error) => forked(error),
        LessonError::Start { name, why } => format!("{name} 没能启动：fork：{why}；见 ulimit -u"),
        LessonError::Child { name, code } => format!("{name} 结束时退出码为 {code}"),
        LessonError::Count { lesson, count, most } => {
            format!("{lesson} 课不能有 {count} 个：应为 1 到 {most}")
        }
        LessonError::NoCount(lesson) => format!("{lesson} 课没有个数：只有 many 和 server 才有"),
        LessonError::Store(error) => store(error),
        LessonError::Memory(source) => format!("进程间的共享内存：{source}"),
        LessonError::Io { what, why } => format!("{}：{}", used(what), of_io(why)),
        LessonError::TicketFile(error) => ticket_file(error),
        LessonError::Run(error) => run(error),
        LessonError::Replay(error) => replay(error),
        LessonError::NoExercise { lesson } => format!("{lesson} 课没有练习：lock 课有"),
        LessonError::ExerciseIsThere { path } => {
            format!("{} 已经在那里，不会覆盖：把它移开，或换个目录", path.display())
        }
        LessonError::Interrupted => "已中断".to_owned(),
        LessonError::Output(source) => format!("标准输出：写不了：{source}"),
    }
}

/// What a lesson uses.
fn used(what: &Used) -> String {
    match what {
        Used::Folder => "临时文件夹".to_owned(),
        Used::Listing => "文件夹的清单".to_owned(),
        Used::AnyPort => "127.0.0.1 上的端口".to_owned(),
        Used::Port(port) => format!("127.0.0.1 上的端口 {port}"),
        Used::Counter => "售票窗口".to_owned(),
        Used::CounterAt(address) => format!("{address} 的售票窗口"),
        Used::Stdin => "标准输入".to_owned(),
        Used::Exercise(path) => path.display().to_string(),
    }
}

/// Something else than a ticket counter is at the other end.
pub(super) fn no_counter(error: &NoCounter) -> String {
    match error {
        NoCounter::NoAddress => "没有这个地址；应为 HOST:PORT，或一个端口".to_owned(),
        NoCounter::Greeting(start) => format!("招呼是 {start}"),
        NoCounter::Answer(start) => format!("回答是 {start}"),
        NoCounter::TooLong(bytes) => format!("说了超过 {bytes} 字节还没有换行"),
        NoCounter::Silent(seconds) => format!("{seconds} 秒内什么也没来"),
    }
}

/// The way out where a lesson could not be given.
pub(super) fn lesson_way(error: &LessonError) -> Option<Bilingual> {
    match error {
        LessonError::Fork(error) => forked_way(error),
        LessonError::Store(error) => store_way(error),
        LessonError::TicketFile(error) => ticket_file_way(error),
        LessonError::Run(error) => run_way(error),
        LessonError::Replay(error) => replay_way(error),
        LessonError::Count { .. } => way("take another --count", "请换一个 --count"),
        LessonError::NoCount(_) => way("leave --count out", "请去掉 --count"),
        _ => None,
    }
}
