//! Of stores and hosts.

/// English and Chinese, side by side.
pub(super) const ALL: &[(&str, &str)] = &[("interrupted", "已中断")];
