//! The languages that are spoken at the gate, as far as it must understand them: where a statement begins and
//! ends, and where its answer does. No byte is changed.

pub(super) mod postgres;
pub(super) mod redis;
