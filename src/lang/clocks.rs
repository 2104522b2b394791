//! The words for the hosts of a sale, and for what their clocks leave open.

use super::texts;

texts! {
    /// The clock of a host, against the lead's.
    clock(offset, error) { en: "clock {offset} ±{error}", zh: "时钟 {offset} ±{error}" }
    /// …of a host that was lost.
    lost_after(time) { en: "lost after {time}", zh: "{time} 后失联" }
    /// A buyer, with its host.
    on_host(buyer, host) { en: "{buyer} on {host}", zh: "{host} 上的 {buyer}" }
    /// What the errors of clocks leave open.
    agree(error, typical) {
        en: "Hosts' clocks agree to ±{error}; half the purchases took at most {typical}. Who came first on two hosts is \
             known only where more lies between them than that error.",
        zh: "主机之间的时钟误差不超过 ±{error}；一半的购买用时不超过 {typical}。两台主机上的先后，只有相隔超过这个误差才分得清。",
    }
    /// The same, where that is nearly everything.
    hardly_agree(error, typical) {
        en: "Hosts' clocks agree to ±{error} only, and half the purchases took at most {typical}: between hosts a wrong \
             order can hardly show. The books do not depend on clocks.",
        zh: "主机之间的时钟误差达 ±{error}，而一半的购买用时不超过 {typical}：主机之间即使顺序错了也很难看出来。账目与时钟无关。",
    }
    /// How far the moments are apart when hosts let their buyers go.
    spread(spread) { en: "All hosts went within {spread}.", zh: "所有主机在 {spread} 之内先后开抢。" }
    /// Purchases that would be out of order if clocks were exact.
    within_error(purchases) {
        en: "If the clocks were exact, {purchases} would be out of order: by less than their error, so that proves nothing.",
        zh: "如果时钟完全准确，会有 {purchases}次序矛盾：但没有超出时钟误差，什么也证明不了。",
    }
    /// Whether two purchases overlapped is not known.
    overlap_unknown() {
        en: "Whether purchases of two hosts overlapped can't be told: the clocks' error is longer than what they share.",
        zh: "不同主机上的购买是否重叠无法判断：时钟误差比重叠的时间还长。",
    }
    /// Not judged: a host was lost.
    host_lost(host, buyers) {
        en: "{host} was lost in mid-sale: what {buyers} of its own bought from then on is not known",
        zh: "{host} 中途失联：它的 {buyers}此后买了什么，不得而知",
    }
    /// …and tickets are gone.
    gone(tickets) {
        en: " ({tickets} gone without a receipt may be theirs)",
        zh: "（有 {tickets}没有收据，可能是他们买走的）",
    }
    /// The books: sold by others, or by a host that was lost.
    ledger_outside_or_lost() { en: "sold by others, or on a lost host", zh: "他人或失联主机卖出" }
}
