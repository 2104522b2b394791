//! The words of the lesson `join`.

use crate::lang::texts;

texts! {
    /// What it is about.
    title() {
        en: "waiting for a child, and not waiting for it",
        zh: "等子进程，与不等子进程",
    }
    /// What will happen.
    predicts() {
        en: "The parent has one more line to say after it has started a child. With a join\n\
             it will say it after the child's end; without one, before.",
        zh: "启动子进程之后，父进程还有一句话要说。有 join，这句话在子进程结束之后才说；\n\
             没有 join，就抢在子进程结束之前说。",
    }
    /// A heading.
    with_join() { en: "With a join", zh: "有 join" }
    /// A heading.
    without_join() { en: "Without a join", zh: "没有 join" }
    /// The parent.
    starts() { en: "starts a child", zh: "启动子进程" }
    /// The child.
    child_begins() { en: "works for a while", zh: "开始干活" }
    /// The child.
    child_ends() { en: "is done", zh: "干完了" }
    /// The parent.
    next_line() { en: "says its next line", zh: "说下一句话" }
    /// A claim.
    with_join_after() {
        en: "with a join the next line came after the child's end",
        zh: "有 join：下一句话在子进程结束之后",
    }
    /// A claim.
    without_join_before() {
        en: "without a join it came before the child's end",
        zh: "没有 join：下一句话在子进程结束之前",
    }
    /// Why it is so.
    why() {
        en: "Why: join blocks the parent until the system reports that the child has ended\n\
             (waitpid). To use what a child leaves behind, a parent has to join it first.",
        zh: "为什么：join 会一直阻塞父进程，直到系统报告子进程已经结束（waitpid）。\n\
             要用子进程留下的结果，就得先 join。",
    }
}
