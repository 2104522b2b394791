//! `ticketsim matrix --compare A B`: what changed from one matrix to another.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use anyhow::Context as _;

use super::Exit;
use super::print::{print, print_json};
use super::reading::read_bounded;
use super::wrong::{ensure, wrong};
use crate::lang::Lang;
use crate::lang::errors::{inputs, together};
use crate::report::matrix::{Compared, Read};

/// Reads both, and says what changed.
pub(super) fn compare(
    paths: &[PathBuf],
    as_json: bool,
    lang: Lang,
    interrupted: &AtomicBool,
) -> anyhow::Result<Exit> {
    let [first, second] = paths else { return Err(wrong(together::compare_two)) };
    let compared = Compared::new([read(first, interrupted)?, read(second, interrupted)?]);
    ensure(!compared.has_nothing_in_common(), |lang| {
        inputs::nothing_in_common(lang, first.display(), second.display())
    })?;
    if as_json {
        print_json(&compared.json(), interrupted)?;
    } else {
        print(&compared.text(lang), interrupted)?;
    }
    Ok(if compared.is_same() { Exit::Sound } else { Exit::Unsound })
}

fn read(path: &Path, interrupted: &AtomicBool) -> anyhow::Result<Read> {
    let text = read_bounded(path, interrupted)?;
    Read::parse(&text).with_context(|| path.display().to_string())
}
