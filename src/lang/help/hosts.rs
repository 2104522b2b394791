//! One sale on several hosts: its two commands and their options.

use super::Pair;

/// English and Chinese, side by side.
pub(super) const ALL: &[Pair] = &[
    (
        "Lead one sale on several hosts: it has the plan, and runs no buyers",
        "主导多台主机上的一次售票：计划在它这里，自己不运行买家",
    ),
    (
        "Each host that joins takes its share of the buyers; all are let go at one moment. What they did is put on the lead's clock, as far as theirs can be known, and judged as one run.",
        "每台加入的主机领走一份买家；所有买家在同一时刻起跑。他们做了什么，按能测到的精度换算到主导方的时钟上，当作一次运行来判断。",
    ),
    ("Join a lead with this host: run a share of its buyers", "让这台主机加入一个主导方：运行它的一份买家"),
    ("Hosts", "主机"),
    ("How many hosts are to join", "要有多少台主机加入"),
    (
        "Where to wait for them: an address of this host, with a port or without; 0.0.0.0 is all of them",
        "在哪里等它们：本机的一个地址，端口可写可不写；0.0.0.0 是本机所有的地址",
    ),
    (
        "What hosts have to know to join, 16 characters or more [default: TICKETSIM_TOKEN, or one that is drawn, and shown]",
        "主机加入所需的口令，至少 16 个字符 [默认：TICKETSIM_TOKEN，否则随机生成并显示]",
    ),
    ("Where the lead is: HOST, or HOST:PORT", "主导方在哪里：HOST 或 HOST:PORT"),
    ("The lead's token [default: TICKETSIM_TOKEN]", "主导方的口令 [默认：TICKETSIM_TOKEN]"),
    (
        "The ticket file of the sale, as it is called on this host; any number of names, among which buyers take turns",
        "这次售票的票文件在本机上的名字；可以给出几个，买家轮流使用",
    ),
    (
        "The address of the store as this host reaches it, with its password [default: the lead's address, without one]",
        "本机访问存储的地址，可带密码 [默认：主导方的地址，不带密码]",
    ),
    (
        "What this host is called among the others [default: its name]",
        "这台主机在各主机之中叫什么 [默认：主机名]",
    ),
];
