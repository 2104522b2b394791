//! A build without PostgreSQL has no gate, and says so.

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use clap::Args;

use super::Exit;
use super::pictures::PictureArgs;
use crate::lang::Lang;
use crate::race::config::{Config, ConfigError, Mistake};
use crate::race::plan::RacePlan;

/// There are no options.
#[derive(Debug, Args)]
pub(super) struct GateArgs {}

/// What of the output is asked for.
#[allow(dead_code, reason = "it is what the gate takes where there is one")]
pub(super) struct Asked<'a> {
    pub(super) json: bool,
    pub(super) quiet: bool,
    pub(super) history: Option<&'a std::path::Path>,
    pub(super) pictures: &'a PictureArgs,
}

/// There is none.
pub(super) enum GatePlan {}

impl GateArgs {
    pub(super) fn order(&self) -> Option<&PathBuf> {
        None
    }

    pub(super) fn over(&self, _: &mut Config) {}
}

pub(super) fn plan(
    config: &Config,
    _: &AtomicBool,
    wrong: &dyn Fn(ConfigError) -> anyhow::Error,
) -> anyhow::Result<Option<GatePlan>> {
    let setting = config.of_gate().or((!config.gate.is_empty()).then_some("gate"));
    let what = Mistake::NotBuiltIn;
    setting.map_or(Ok(None), |setting| Err(wrong(ConfigError { setting, at: 0..0, what })))
}

pub(super) fn check(gate: &GatePlan, _: &RacePlan) -> Result<(), ConfigError> {
    match *gate {}
}

pub(super) fn execute(
    gate: &GatePlan,
    _: &RacePlan,
    _: &Asked<'_>,
    _: Lang,
    _: &AtomicBool,
) -> anyhow::Result<Exit> {
    match *gate {}
}
