//! The words of the lesson `server`.

use crate::lang::texts;

texts! {
    /// What it is about.
    title() {
        en: "a networked ticket counter, one process a connection",
        zh: "网络售票窗口，每个连接一个进程",
    }
    /// What will happen.
    predicts(clients) {
        en: "A server that has one ticket gives every connection a process of its own.\n\
             {clients} clients and a slow one want to buy: one will get the ticket. Three more\n\
             send nothing, garbage and megabytes: told off, they will hold up nobody.",
        zh: "服务器只有一张票，给每个连接一个专门的进程。{clients} 个顾客和一个慢顾客来买票：\n\
             只有一个人买到。另外三个，一个不说话，一个发乱码，一个发几兆字节：都会收到\n\
             错误答复，也不会耽误别人。",
    }
    /// The server.
    opens(address) { en: "opens at {address}", zh: "在 {address} 开张" }
    /// The parent.
    lets_go(clients) { en: "lets {clients} clients connect at once", zh: "{clients} 个顾客同时连接" }
    /// A client.
    buyer_says(answer) { en: "buys and is told: {answer}", zh: "买票，答复：{answer}" }
    /// The slow client.
    slow_says(answer) { en: "buys late and is told: {answer}", zh: "慢慢买票，答复：{answer}" }
    /// The silent client.
    silent_says(answer) { en: "says nothing: {answer}", zh: "不说话：{answer}" }
    /// The client that sends garbage.
    garbage_says(answer) { en: "sends garbage: {answer}", zh: "发乱码：{answer}" }
    /// The client that sends megabytes.
    flood_says(answer) { en: "sends 4 MiB: {answer}", zh: "发 4 MiB：{answer}" }
    /// The parent.
    refused(clients) { en: "clients told SOLD OUT: {clients}", zh: "被告知 SOLD OUT 的顾客：{clients}" }
    /// The parent.
    closed(port) { en: "the counter is closed, and port {port}", zh: "窗口关了，端口 {port} 也关了" }
    /// A claim.
    one_ticket_sold(buyers) {
        en: "{buyers} wanted to buy, one got the ticket, the others were told SOLD OUT",
        zh: "{buyers} 个人要买，一个人买到，其余都得到 SOLD OUT",
    }
    /// A claim.
    own_process_each(connections) {
        en: "{connections} connections were served by {connections} processes",
        zh: "{connections} 个连接由 {connections} 个进程接待",
    }
    /// A claim.
    nobody_held_up() {
        en: "nobody waited for the slow or the silent one, and the slow one was served",
        zh: "没有人被慢顾客和沉默的顾客耽误，慢顾客也得到了接待",
    }
    /// A claim.
    nonsense_answered() {
        en: "silence, garbage and megabytes were each answered with an error",
        zh: "沉默、乱码和几兆字节，都得到了错误答复",
    }
    /// A claim.
    port_free_again() {
        en: "the port was taken while the server ran, and free again afterwards",
        zh: "服务器运行时端口被占用，之后又空了出来",
    }
    /// Why it is so.
    why() {
        en: "Why: a customer blocks only its own process, which bounds bytes and time.\n\
             By hand, in two terminals:  --serve 4000 --tickets 1  and  --connect 4000",
        zh: "为什么：顾客能堵住的，只有接待自己的那个进程；字节数和时间都有上限。\n\
             想亲手试试，开两个终端：  --serve 4000 --tickets 1  和  --connect 4000",
    }
    /// A seller, by hand.
    answers(address, answer) { en: "{address} is told: {answer}", zh: "答复 {address}：{answer}" }
    /// The counter, by hand.
    counter_open(address, stock, file) {
        en: "Open at {address}; tickets left in {file}: {stock}. Ctrl-C closes.",
        zh: "在 {address} 开张；{file} 里的余票：{stock}。按 Ctrl-C 关闭。",
    }
    /// The counter, by hand.
    counter_hint(port) {
        en: "In another terminal:  ticketsim lesson server --connect {port}",
        zh: "在另一个终端运行：  ticketsim lesson server --connect {port}",
    }
    /// The customer, by hand.
    say_buy() {
        en: "Type  buy  and Enter (or anything else, to see what comes of it).",
        zh: "输入  buy  再按回车（也可以输入别的，看看会怎样）。",
    }
    /// The customer, by hand.
    counter_says(answer, process) {
        en: "{answer} (from process {process})",
        zh: "{answer}（来自 {process} 号进程）",
    }
}
