//! The words of the exercises.

use crate::lang::texts;

texts! {
    /// The program in Python.
    python(buyers) {
        en: r#""""One purchase of a ticket: exit code 0 if it got one, 3 if it was sold out.

The file "tickets" holds how many are left, as a number. {buyers} of these programs
run at once, and as many may get a ticket as there are: no more, no fewer.
"""

import fcntl
import sys
import time


def pay():
    """Takes its time, as paying does."""
    time.sleep(0.2)


def buy():
    """Buys a ticket, if one is left, and says whether it did.

    Read how many are left; if none is, return False. Then pay(), write one
    less, and return True. In these words it oversells: something has to keep
    the others out. What is it (fcntl.flock), on which file, from when until when?
    """
    raise NotImplementedError("this is the exercise")


sys.exit(0 if buy() else 3)
"#,
        zh: r#""""买一张票：买到则退出码为 0，售罄则为 3。

文件 tickets 里写着余票数。{buyers} 个这样的程序同时运行：有几张票就该有几个买到，
不多也不少。
"""

import fcntl
import sys
import time


def pay():
    """付款要花点时间。"""
    time.sleep(0.2)


def buy():
    """有票就买一张，并说出买到没有。

    读余票；没有了就返回 False。然后 pay()，写回减一后的数，返回 True。
    只照这几句写会超卖：得有东西挡住别人。
    用什么（fcntl.flock）、锁哪个文件、从哪一步锁到哪一步？
    """
    raise NotImplementedError("这就是练习")


sys.exit(0 if buy() else 3)
"#,
    }
    /// It was written.
    written(path) { en: "wrote {path}: fill in buy()", zh: "写好了 {path}：请补全 buy()" }
    /// How it is judged.
    judged_by(command) {
        en: "It is judged by:  {command}",
        zh: "用这条命令来判：  {command}",
    }
    /// What has to come out.
    goal() {
        en: "Left blank it is UNKNOWN, as first thought of UNSOUND, and right when it is SOUND.",
        zh: "空着是“无法判定”，照最先想到的写是“出错”，写对了才是“正确”。",
    }
}
