//! The words of progress, on stderr.

use super::texts;

texts! {
    /// A sale: how many tickets, and how many refusals.
    sold(sold, refused) { en: "{sold} sold, {refused} refused", zh: "卖出 {sold} 张，售罄 {refused} 次" }
    /// A sale whose lock keeps: how many tickets are left.
    left(left) { en: "{left} left", zh: "剩 {left} 张" }
    /// How many purchases a second.
    rate(rate) { en: "{rate}/s", zh: "每秒 {rate} 次" }
    /// How long it will take, as far as is known.
    to_go(time) { en: "about {time} to go", zh: "大约还要 {time}" }
    /// A matrix: which trial of which row.
    trial(trial, row, rows, label) {
        en: "row {row} of {rows}, trial {trial}: {label}",
        zh: "第 {row} 行（共 {rows} 行），第 {trial} 次试验：{label}",
    }
    /// A sample: how many schedules were drawn.
    drawn(draws, all) { en: "{draws} of {all} schedules drawn", zh: "{all} 个调度中已抽 {draws} 个" }
    /// A history that is read: how much of it.
    read(mebibytes, name) { en: "{mebibytes} MiB read of {name}", zh: "{name} 已读 {mebibytes} MiB" }
    /// A history that is judged.
    judging(purchases) { en: "judging {purchases}", zh: "正在判定 {purchases}" }
}
