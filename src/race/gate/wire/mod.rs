//! The protocols at the gate, as far as it must understand them: where a statement and its answer begin and end. No
//! byte is changed.

pub(super) mod postgres;
pub(super) mod redis;
