//! The words of one sale on several hosts.

use super::texts;

texts! {
    /// In a command that others are to call: how they reach this host.
    this_host() { en: "THIS-HOST", zh: "本机地址" }
    /// The lead waits.
    waiting(address, hosts, command) {
        en: "Waiting at {address} until {hosts} have joined; on each host: {command}",
        zh: "在 {address} 等待 {hosts} 台主机加入；请在每台主机上运行：{command}",
    }
    /// A host has joined.
    joined(name, address, there, all) {
        en: "{name} has joined from {address} ({there} of {all})",
        zh: "{name} 已从 {address} 加入（{there}/{all}）",
    }
    /// A host has gone before the sale began.
    left_again(name, why) {
        en: "{name} has left again, and its place is free: {why}",
        zh: "{name} 又离开了，它的位置空了出来：{why}",
    }
    /// A host was lost in the middle of the sale.
    lost(name, why) {
        en: "{name} is lost: {why}. The others go on; what it may have bought from now on is unknown",
        zh: "{name} 失去了联系：{why}。其余主机继续；它从此刻起可能买了什么，无从得知",
    }

    /// What a host that joined is to do.
    share(host, hosts, first, last, buyers) {
        en: "host {host} of {hosts}: buyers {first} to {last} of {buyers}",
        zh: "{hosts} 台主机中的第 {host} 台：{buyers} 个买家里的第 {first} 到第 {last} 个",
    }
    /// What came of its share.
    sent(bought, refused, failed) {
        en: "done here: {bought} bought, {refused} refused, {failed} failed",
        zh: "本机完成：买到 {bought}，售罄 {refused}，失败 {failed}",
    }
    /// What the lead says of the whole sale.
    result(ruling) { en: "the lead says of the whole sale: {ruling}", zh: "主导方对整场售票的判定：{ruling}" }

    /// In the plan line: buyers, and on how many hosts they are.
    on_hosts(buyers, hosts) { en: "{buyers} on {hosts}", zh: "{hosts}上的 {buyers}" }
}
