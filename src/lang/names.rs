//! The names of closed sets in a word, for tables and lists. In English they are the names that JSON has.

use super::texts;

texts! {
    /// An anomaly.
    oversold() { en: "oversold", zh: "超卖" }
    /// An anomaly.
    lost_update() { en: "lost_update", zh: "丢失更新" }
    /// An anomaly.
    lost_stock() { en: "lost_stock", zh: "库存丢失" }
    /// An anomaly.
    negative_stock() { en: "negative_stock", zh: "负库存" }
    /// An anomaly.
    torn_read() { en: "torn_read", zh: "读到半截" }
    /// An anomaly.
    out_of_order() { en: "out_of_order", zh: "次序矛盾" }
    /// An anomaly.
    refused_early() { en: "refused_early", zh: "过早拒绝" }
    /// An anomaly.
    returned_twice() { en: "returned_twice", zh: "重复退票" }
    /// An anomaly.
    over_limit() { en: "over_limit", zh: "超过限购" }
    /// An anomaly.
    stuck() { en: "stuck", zh: "卡住" }

    /// An outcome.
    bought() { en: "bought", zh: "买到" }
    /// An outcome.
    refused() { en: "refused", zh: "售罄" }
    /// An outcome.
    failed() { en: "failed", zh: "失败" }
    /// An outcome.
    unknown() { en: "unknown", zh: "不明" }
    /// An outcome.
    returned() { en: "returned", zh: "退票" }
    /// An outcome.
    read() { en: "read", zh: "查看" }

    /// A ruling.
    is_sound() { en: "sound", zh: "正确" }
    /// A ruling.
    is_unsound() { en: "unsound", zh: "出错" }
    /// A ruling.
    is_unknown() { en: "unknown", zh: "无法判定" }

    /// What a race could not show.
    nothing_overlapped() { en: "nothing_overlapped", zh: "无重叠" }
    /// What a race could not show.
    nothing_bought() { en: "nothing_bought", zh: "无人买到" }
    /// What a race could not show.
    too_few() { en: "too_few", zh: "购买太少" }
    /// What a race could not show.
    unmatched() { en: "unmatched", zh: "有回答不合规则" }
    /// What a race could not show.
    stalled() { en: "stalled", zh: "有购买没有答复" }
    /// What a race could not show.
    restless() { en: "restless", zh: "库存未静止" }
    /// What a race could not show.
    died() { en: "died", zh: "目标已死或库存不可读" }
}
