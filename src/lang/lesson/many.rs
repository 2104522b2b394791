//! The words of the lesson `many`.

use crate::lang::texts;

texts! {
    /// What it is about.
    title() {
        en: "many children, one after another and all at once",
        zh: "许多子进程，逐个运行与同时运行",
    }
    /// What will happen.
    predicts(children, work_s, in_turn_s) {
        en: "{children} children write a file each, which takes {work_s} s each. Started and joined\n\
             one by one they will take a little more than {in_turn_s} s; all started first,\n\
             and all joined then, about {work_s} s. Then every file will be there, whole.",
        zh: "{children} 个子进程各写一个文件，每个要 {work_s} 秒。启动一个、join 一个，总共要\n\
             {in_turn_s} 秒多一点；先全部启动，再全部 join，大约只要 {work_s} 秒。join 之后，文件\n\
             一个不少，内容完整。",
    }
    /// A heading.
    one_by_one() { en: "Started and joined one by one", zh: "启动一个，join 一个" }
    /// A heading.
    all_at_once() { en: "All started, then all joined", zh: "先全部启动，再全部 join" }
    /// A child.
    wrote(number, bytes) { en: "wrote info{number}, {bytes} stars", zh: "写完 info{number}，{bytes} 个星号" }
    /// The parent.
    all_started(children) { en: "has started all {children}", zh: "{children} 个全部启动了" }
    /// The parent.
    joined(children, seconds) {
        en: "has joined all {children}: {seconds} s",
        zh: "{children} 个全部 join 完：{seconds} 秒",
    }
    /// The listing.
    listing(files) {
        en: "In the folder, in bytes: {files}",
        zh: "文件夹（字节数）：{files}",
     }
    /// A claim.
    adds_up(seconds) {
        en: "one by one the times add up: {seconds} s",
        zh: "逐个运行，时间相加：{seconds} 秒",
    }
    /// A claim.
    is_faster(seconds, times) {
        en: "all at once the waiting overlaps: {seconds} s, {times} times as fast",
        zh: "同时运行，等待重叠：{seconds} 秒，速度是逐个运行的 {times} 倍",
    }
    /// A claim.
    complete(children, bytes) {
        en: "after the joins the folder is complete, up to info{children} with {bytes} bytes",
        zh: "join 之后文件齐全，直到 info{children}，{bytes} 字节",
    }
    /// Why it is so.
    why() {
        en: "Why: a join right after each start leaves one child at work at a time. Many\n\
             can wait side by side, for a disk, say; to calculate they share processors.",
        zh: "为什么：每次启动后立刻 join，任何时刻都只有一个子进程在干活。等待（等磁盘、\n\
             等网络）可以同时进行；要是纯做计算，就得分享有限的处理器了。",
    }
}
