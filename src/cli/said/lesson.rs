//! Lessons that could not be held.

use super::file::ticket_file;
use super::phrases::phrase;
use super::running::{forked, run, run_way, store};
use super::schedule::{replay, replay_way};
use crate::lang::Bilingual;
use crate::lesson::LessonError;

/// A lesson could not be held.
pub(super) fn lesson(error: &LessonError) -> String {
    match error {
        LessonError::Fork(error) => forked(error),
        LessonError::Start { name, why } => format!("{name} 没能启动：fork：{why}；见 ulimit -u"),
        LessonError::Child { name, code } => format!("{name} 结束时退出码为 {code}"),
        LessonError::Count { lesson, count, takes } => {
            format!("{lesson} 课：--count {count}：{}", phrase(takes))
        }
        LessonError::Store(error) => store(error),
        LessonError::Memory(source) => format!("进程间的共享内存：{source}"),
        LessonError::Io { doing, why } => format!("{}：{why}", phrase(doing)),
        LessonError::TicketFile(error) => ticket_file(error),
        LessonError::Run(error) => run(error),
        LessonError::Replay(error) => replay(error),
        LessonError::NoExercise { lesson } => format!("{lesson} 课没有练习：lock 课有"),
        LessonError::ExerciseIsThere { path } => {
            format!("{} 已经在那里，不会覆盖：把它移开，或换个目录", path.display())
        }
        LessonError::Interrupted => "已中断".to_owned(),
        LessonError::Output(source) => format!("标准输出：{source}"),
    }
}

/// The way out where a lesson could not be given.
pub(super) fn lesson_way(error: &LessonError) -> Option<Bilingual> {
    match error {
        LessonError::Run(error) => run_way(error),
        LessonError::Replay(error) => replay_way(error),
        _ => None,
    }
}
