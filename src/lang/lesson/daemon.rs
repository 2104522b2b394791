//! The words of the lesson `daemon`.

use crate::lang::texts;

texts! {
    /// What it is about.
    title() {
        en: "children that end with the program, or are told to",
        zh: "随程序一起结束的子进程，和被叫停的子进程",
    }
    /// What will happen.
    predicts() {
        en: "A daemon that never ends by itself will end when its parent's code ends.\n\
             Another child is sent a signal to terminate: right afterwards it may still be\n\
             alive, a moment later it will not be. Its name will still be known.",
        zh: "守护进程自己不会停，但父进程的代码一结束，它就跟着结束。另一个子进程会收到\n\
             终止信号：信号刚发出时它可能还活着，过一会儿就不在了；名字仍然查得到。",
    }
    /// A heading.
    a_daemon() { en: "A daemon", zh: "守护进程" }
    /// A heading.
    a_terminated() { en: "A child that is terminated", zh: "被终止的子进程" }
    /// The daemon.
    still_alive() { en: "still alive", zh: "我还活着" }
    /// The parent.
    code_done() {
        en: "its code ends here: it ends the daemon",
        zh: "代码到此结束：叫停守护进程",
    }
    /// The parent.
    daemon_ended() { en: "the daemon has ended", zh: "守护进程结束了" }
    /// The second child.
    would_take_long() { en: "would sleep for a minute", zh: "打算睡上一分钟" }
    /// The parent.
    still_there() {
        en: "has sent the signal: still alive",
        zh: "信号发出去了：它还活着",
    }
    /// The parent.
    already_gone() {
        en: "has sent the signal: gone already",
        zh: "信号发出去了：它已经没了",
    }
    /// The parent.
    a_moment_later(name) {
        en: "a moment later: gone; its name was \"{name}\"",
        zh: "过一会儿：没了；它的名字是“{name}”",
    }
    /// A claim.
    daemon_ended_with_the_code(beats) {
        en: "the daemon said \"still alive\" (times: {beats}), and ended with the parent's code",
        zh: "守护进程说了“我还活着”（次数：{beats}），随父进程的代码一起结束",
    }
    /// A claim.
    terminated_a_moment_later() {
        en: "the terminated child was alive before the signal, and gone a moment later",
        zh: "被终止的子进程：信号之前活着，过一会儿就没了",
    }
    /// A claim.
    name_still_known(name) {
        en: "its name is still known: \"{name}\"",
        zh: "它的名字仍然查得到：“{name}”",
    }
    /// A claim.
    none_left_behind() { en: "no process is left behind", zh: "没有留下任何进程" }
    /// Why it is so.
    why() {
        en: "Why: the system delivers a signal when the child next runs; terminate does not\n\
             wait for that, join does. The name is what the parent has noted of its child.",
        zh: "为什么：信号要等子进程下次运行时才送达，terminate 不等这一刻，join 才等。\n\
             名字则是父进程自己记下的。",
    }
}
