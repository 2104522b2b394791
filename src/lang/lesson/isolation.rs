//! The words of the lesson `isolation`.

use crate::lang::texts;

texts! {
    /// What it is about.
    title() {
        en: "what one process changes, no other one sees",
        zh: "一个进程改的，别的进程看不见",
    }
    /// What will happen.
    predicts() {
        en: "A child sets a global variable from 100 to 0. Its parent will still read 100.\n\
             Then the same number lies in memory that both share: the parent will read 0.",
        zh: "子进程把全局变量从 100 改成 0，父进程读到的仍然是 100。然后把同一个数放进\n\
             两个进程共享的内存里：这回父进程读到 0。",
    }
    /// A heading.
    global() { en: "A global variable", zh: "全局变量" }
    /// A heading.
    shared() { en: "A number in shared memory", zh: "共享内存里的数" }
    /// The parent.
    reads(stock) { en: "reads {stock}", zh: "读到 {stock}" }
    /// The child.
    sets(before, after) {
        en: "reads {before}, sets it to 0, and reads {after}",
        zh: "读到 {before}，改成 0，再读到 {after}",
    }
    /// The parent.
    reads_again(stock) {
        en: "reads {stock} after the child's end",
        zh: "子进程结束之后读到 {stock}",
    }
    /// A claim.
    child_has_a_copy() {
        en: "the child had the variable, and changed it: 100, then 0",
        zh: "子进程有这个变量，也改了它：从 100 到 0",
    }
    /// A claim.
    parent_keeps_its_own() {
        en: "the parent's own was not touched: still 100",
        zh: "父进程自己的那份没有动：仍是 100",
    }
    /// A claim.
    shared_memory_is_one() {
        en: "the number in shared memory is one for both: 0",
        zh: "共享内存里的数只有一份：0",
    }
    /// Why it is so.
    why() {
        en: "Why: a process has its memory for itself; a child starts with a copy of its\n\
             parent's (fork). What processes are to share has to lie outside: in a mapping\n\
             that is marked as shared, in a pipe, or in a file, such as the ticket file.",
        zh: "为什么：每个进程的内存只归自己；子进程开始时拿到的是父进程内存的一份拷贝\n\
             （fork）。要共享的东西必须放在外面：标为共享的内存映射、管道，或者文件，\n\
             比如票文件。",
    }
}
