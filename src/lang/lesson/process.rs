//! The words of the lesson `process`.

use crate::lang::texts;

texts! {
    /// What it is about.
    title() {
        en: "a process starts another one and goes on at once",
        zh: "启动一个子进程，自己马上继续",
    }
    /// What will happen.
    predicts() {
        en: "A child process is started with two arguments. The parent does not wait for\n\
             it: its own code will be done first. Yet the program will end only when the\n\
             child has ended.",
        zh: "父进程启动一个子进程，并传给它两个参数。父进程不等它，自己的代码会先跑完；\n\
             但要等子进程也结束了，整个程序才会结束。",
    }
    /// The parent, before it starts the child.
    starts() {
        en: "starts a child with the arguments 6 and 7",
        zh: "启动子进程，参数是 6 和 7",
    }
    /// The parent, after it has started the child.
    goes_on(pid) {
        en: "goes on: the child is process {pid}",
        zh: "接着往下走：子进程是 {pid} 号",
    }
    /// The parent.
    code_done() {
        en: "has reached the end of its code",
        zh: "自己的代码跑完了",
    }
    /// The child.
    child_begins(a, b) {
        en: "got {a} and {b}, and works a little",
        zh: "收到 {a} 和 {b}，干一会儿活",
    }
    /// The child.
    child_ends(a, b, sum) {
        en: "is done: {a} + {b} = {sum}",
        zh: "干完了：{a} + {b} = {sum}",
    }
    /// The parent.
    ends() {
        en: "the child has ended, so the program ends",
        zh: "子进程结束了，程序这才结束",
    }
    /// A claim.
    child_of_its_parent(pid) {
        en: "the child's parent is process {pid}, the one that started it",
        zh: "子进程的父进程是 {pid} 号，正是启动它的那个",
    }
    /// A claim.
    arguments_arrived() {
        en: "both arguments arrived in the child",
        zh: "两个参数都传到了子进程",
    }
    /// A claim.
    parent_went_on_at_once() {
        en: "the parent went on at once: its code was done while the child still worked",
        zh: "父进程没有等：它的代码跑完时，子进程还在干活",
    }
    /// A claim.
    program_ended_last() {
        en: "the program ended after the child",
        zh: "程序在子进程结束之后才结束",
    }
    /// Why it is so.
    why() {
        en: "Why: to start a process is to ask the system for one; from then on both run\n\
             side by side. The waiting at the end is no law of the system, which would let\n\
             the parent go: Python's multiprocessing joins all children on exit; so do we.",
        zh: "为什么：启动进程只是向系统申请一个新进程，此后两个进程各跑各的。结尾的等待\n\
             并不是系统的规定，系统会放父进程先走；是 Python 的 multiprocessing 在退出前\n\
             把子进程逐个 join 了一遍，这里也照此办理。",
    }
}
