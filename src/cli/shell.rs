//! `ticketsim completions SHELL` and `ticketsim man`.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use anyhow::Context as _;
use clap::Args;
use clap_complete::Shell;

use super::print::print;
use super::wrong::Saying as _;
use super::{Exit, help, manual};
use crate::history::write_whole;
use crate::lang::Lang;
use crate::lang::errors::inputs;

/// `ticketsim completions SHELL`.
#[derive(Debug, Args)]
pub(super) struct CompletionsArgs {
    /// Which shell
    shell: Shell,
}

/// `ticketsim man`.
#[derive(Debug, Args)]
pub(super) struct ManArgs {
    /// Write the pages of all commands into this folder, instead of printing the one on the whole
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

pub(super) fn completions(args: &CompletionsArgs, interrupted: &AtomicBool) -> anyhow::Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut help::command(), "ticketsim", &mut script);
    print(&String::from_utf8(script)?, interrupted)?;
    Ok(Exit::Sound)
}

pub(super) fn man(args: &ManArgs, lang: Lang, interrupted: &AtomicBool) -> anyhow::Result<Exit> {
    let pages = manual::pages(lang)?;
    let Some(folder) = &args.dir else {
        let (_, page) = pages.into_iter().next().context("a page")?;
        print(&String::from_utf8(page)?, interrupted)?;
        return Ok(Exit::Sound);
    };
    let shown = |path: &Path| path.display().to_string();
    std::fs::create_dir_all(folder).saying(|lang| inputs::no_folder_made(lang, shown(folder)))?;
    for (name, page) in pages {
        let path = folder.join(name);
        write_whole(&path, interrupted, |out| out.write_all(&page))
            .saying(|lang| inputs::not_writable(lang, shown(&path)))?;
    }
    Ok(Exit::Sound)
}
