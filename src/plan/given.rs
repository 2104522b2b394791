//! How the address of a store was given, and what therefore goes into it.

use super::StorePlan;

/// How the address of a store was given.
#[derive(Clone, Default, PartialEq, Eq)]
pub enum Given {
    /// As it stands in the plan; what it leaves open, the environment says.
    #[default]
    Url,
    /// As this text, which may hold a password and is never shown; what it leaves open, the environment says.
    Text(String),
    /// By another host, as it stands in the plan: nothing of this host's goes into it.
    Stranger,
}

impl std::fmt::Debug for Given {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Given::Url => "Url",
            Given::Text(_) => "Text",
            Given::Stranger => "Stranger",
        })
    }
}

impl StorePlan {
    /// Whether another host has named its address.
    #[must_use]
    pub fn is_a_strangers(&self) -> bool {
        match self {
            StorePlan::File(_) => false,
            StorePlan::At(plan) => plan.given == Given::Stranger,
        }
    }
}
