//! `ticketsim matrix --compare A B`: what changed from one matrix to another.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use anyhow::Context as _;

use super::Exit;
use super::print::{print, print_json};
use super::reading::read_bounded;
use crate::lang::Lang;
use crate::report::matrix::{Compared, Read};

/// Reads both, and says what changed.
pub(super) fn compare(
    paths: &[PathBuf],
    as_json: bool,
    lang: Lang,
    interrupted: &AtomicBool,
) -> anyhow::Result<Exit> {
    let [first, second] = paths else { anyhow::bail!("--compare takes two files: a.json b.json") };
    let compared = Compared::new([read(first, interrupted)?, read(second, interrupted)?]);
    anyhow::ensure!(
        !compared.has_nothing_in_common(),
        "{} and {} have no row in common: they are matrices of different things",
        first.display(),
        second.display()
    );
    if as_json {
        print_json(&compared.json(), interrupted)?;
    } else {
        print(&compared.text(lang), interrupted)?;
    }
    Ok(if compared.is_same() { Exit::Sound } else { Exit::Unsound })
}

fn read(path: &Path, interrupted: &AtomicBool) -> anyhow::Result<Read> {
    let text = read_bounded(path, interrupted)?;
    Read::parse(&text).map_err(anyhow::Error::msg).with_context(|| path.display().to_string())
}
