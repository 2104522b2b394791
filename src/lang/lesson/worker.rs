//! The words of the lesson `worker`.

use crate::lang::texts;

texts! {
    /// What it is about.
    title() {
        en: "a process as a type of your own",
        zh: "把进程写成自己的类型",
    }
    /// What will happen.
    predicts() {
        en: "A type of our own holds the arguments, and has a name, a start and a run.\n\
             Three are made and started: each gets a process id when it starts; its run,\n\
             and nothing else, will run in the new process, with its own arguments.",
        zh: "我们自己定义一个类型：保存参数，有名字，有 start 和 run。造出三个并启动它们：\n\
             启动时各自得到进程号；只有 run 在新进程里运行，用的是各自的参数。",
    }
    /// The parent.
    made(count) { en: "has made {count} workers: no process yet", zh: "造好 {count} 个 worker：还没有进程" }
    /// The parent.
    started(count) { en: "has started all {count}", zh: "{count} 个都启动了" }
    /// A worker.
    begins(upto) { en: "adds up 1 to {upto}", zh: "从 1 加到 {upto}" }
    /// A worker.
    ends(sum) { en: "has found {sum}", zh: "算出来是 {sum}" }
    /// The parent.
    joined() { en: "has joined them all", zh: "全部 join 完" }
    /// A claim.
    own_process() {
        en: "none had a process id before its start; then each had one of its own",
        zh: "启动前都没有进程号，启动后各有各的",
    }
    /// A claim.
    own_arguments() {
        en: "each worked with its own arguments: 55, 210 and 465",
        zh: "各用各的参数：55、210 和 465",
    }
    /// A claim.
    own_name(names) {
        en: "each has a name, which ps shows, too: {names}",
        zh: "各有名字，ps 里也看得到：{names}",
    }
    /// Why it is so.
    why() {
        en: "Why: a process needs something to run and something to run it on; a type keeps\n\
             the two together. In Python: class Adder(Process) with an __init__ and a run.",
        zh: "为什么：进程要有活干，也要有干活用的数据，写成一个类型就把两者放到了一起。\n\
             在 Python 里是 class Adder(Process)，写好 __init__ 和 run。",
    }
}
