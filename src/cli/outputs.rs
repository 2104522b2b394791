//! The files that a command is to write. It checks beforehand that they can be written, and that none of them is a file
//! that it reads or sells from; at the end it reports those that could not be written anyway.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use super::Exit;
use super::print::complain;
use super::wrong::{Saying as _, ensure};
use crate::foreign;
use crate::history::History;
use crate::lang::Bilingual;
use crate::lang::errors::inputs;
use crate::paths::{folder, probe_folder, through_links};
use crate::plan::{FilePlan, Plan};
use crate::report::words;
use crate::store::file::lock::{guard_path, lockfile_path, sidecar_path};
use crate::store::file::ticket::{self, is_scratch};
use crate::streams;

/// The outputs of a command that has done its work: what could not be written is noted, and the
/// rest is written all the same. The verdict comes last in any case.
pub(super) struct Outputs<'a> {
    /// Set when the command is to end early.
    pub(super) interrupted: &'a AtomicBool,
    /// What failed, a sentence each.
    failures: Vec<Bilingual>,
    unwritten: Vec<PathBuf>,
    gave_up: bool,
}

impl<'a> Outputs<'a> {
    pub(super) fn new(interrupted: &'a AtomicBool) -> Self {
        Self { interrupted, failures: Vec::new(), unwritten: Vec::new(), gave_up: false }
    }

    /// Notes how the writing of an output ended.
    pub(super) fn note(&mut self, path: &Path, written: std::io::Result<()>) {
        if let Err(error) = written {
            self.unwritten.push(path.to_owned());
            self.gave_up |= streams::gave_up(&error);
            let say = |lang| inputs::not_written(lang, foreign::path(path), &error);
            self.failures.push(Bilingual::of(say));
        }
    }

    /// Whether this output could not be written.
    pub(super) fn failed(&self, path: &Path) -> bool {
        self.unwritten.iter().any(|unwritten| unwritten == path)
    }

    /// Notes that the ticket file could not be read after the sale.
    pub(super) fn note_unread(&mut self, history: &History) {
        let (Some(why), Some(plan)) = (&history.header.unread, &history.header.plan) else { return };
        // What the store has forgotten is in the verdict.
        if history.header.forgot() {
            return;
        }
        let place = words::place(&plan.store);
        let say = |lang| inputs::stock_unread(lang, &place, foreign::shown(why));
        self.failures.push(Bilingual::of(say));
    }

    /// What failed, as documents have it.
    pub(super) fn failures(&self) -> Vec<String> {
        self.failures.iter().map(Bilingual::to_string).collect()
    }

    /// Says what failed, and returns how the command ends: like this, unless something failed.
    pub(super) fn exit(self, exit: Exit) -> Exit {
        for failure in &self.failures {
            complain(&failure.clone().into(), self.interrupted);
        }
        match self {
            Outputs { gave_up: true, .. } => Exit::Interrupted,
            _ if exit == Exit::Interrupted => exit,
            Outputs { failures, .. } if failures.is_empty() => exit,
            _ => Exit::Failed,
        }
    }
}

/// The files of a sale that nothing else may be written to: the ticket file and what lies beside it.
pub(super) fn kept(plan: &Plan) -> Vec<PathBuf> {
    let names = plan.file().into_iter().flat_map(FilePlan::names);
    names.flat_map(|name| beside(&through_links(name))).collect()
}

/// A ticket file, and what lies beside it.
fn beside(ticket_file: &Path) -> [PathBuf; 4] {
    [ticket_file.to_owned(), lockfile_path(ticket_file), guard_path(ticket_file), sidecar_path(ticket_file)]
}

/// The files that are to be kept where a history is read: itself, and those of the sale that it tells of.
pub(super) fn kept_of(path: &Path, history: &History) -> Vec<PathBuf> {
    let sale = history.header.plan.iter().flat_map(kept);
    sale.chain([path.to_owned()]).collect()
}

/// Finds out whether the outputs can be written, each to a file of its own, and not over one that is
/// to be kept: nothing is worse than a race that was caught and lost.
///
/// # Errors
/// When one can't, or would replace another or one to be kept.
pub(super) fn check_outputs<'a>(
    kept: &[PathBuf],
    outputs: impl IntoIterator<Item = &'a Path>,
) -> anyhow::Result<()> {
    let mut taken: Vec<PathBuf> = kept.iter().map(|path| place(path)).collect();
    for path in outputs {
        let name = path.display();
        ensure(!path.is_dir(), |lang| inputs::is_a_folder(lang, &name))?;
        // A device or a pipe is written in place; a file comes by way of a temporary one beside it.
        if path.is_file() || !path.exists() {
            probe_folder(folder(path)).saying(|lang| inputs::not_writable(lang, &name))?;
        }
        let place = place(path);
        let is_of_tickets = is_scratch(&place) || ticket::is_ticket_file(&place);
        ensure(!is_of_tickets, |lang| inputs::is_a_ticket_file(lang, &name))?;
        ensure(!taken.contains(&place), |lang| inputs::is_taken(lang, &name))?;
        taken.push(place);
    }
    Ok(())
}

/// Where a path leads, through links: also for a file that is not there yet, and for a link to one.
fn place(path: &Path) -> PathBuf {
    /// As many links as the system follows (path_resolution(7)).
    const MOST_LINKS: u32 = 40;
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        if let Ok(whole) = path.canonicalize() {
            return whole;
        }
        match path.read_link() {
            Ok(target) => path = folder(&path).join(target),
            Err(_) => break,
        }
    }
    let in_folder = || Some(folder(&path).canonicalize().ok()?.join(path.file_name()?));
    in_folder().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_output_is_no_other_file_of_the_command() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("ticket.json"), "").expect("written");
        std::os::unix::fs::symlink(path("ticket.json"), path("link")).expect("linked");
        // Links to what is not there yet: by a whole path, and by way of another one.
        std::os::unix::fs::symlink(path("ticket.json.lock.guard"), path("to the guard")).expect("linked");
        std::os::unix::fs::symlink("./to c", path("to b")).expect("linked");
        std::os::unix::fs::symlink("b", path("to c")).expect("linked");
        let check = |outputs: &[&str]| {
            let outputs: Vec<PathBuf> = outputs.iter().map(|name| path(name)).collect();
            check_outputs(&beside(&path("ticket.json")), outputs.iter().map(PathBuf::as_path)).is_ok()
        };
        assert!(check(&[]) && check(&["a", "b"]) && check(&["ticket.json.html"]));
        std::fs::write(path("other.json"), "{\"ticket\": 1}").expect("written");
        for bad in [
            &["ticket.json"][..],
            &["link"],
            &["ticket.json.lock"],
            &["ticket.json.lock.guard"],
            &["ticket.json.sidecar"],
            &[".ticketsim.0123456789abcdef.0123456789abcdef.tmp"],
            &["other.json"],
            &["to the guard"],
            &["to b", "b"],
            &["a", "./a"],
            &["no/folder/a"],
        ] {
            assert!(!check(bad), "{bad:?}");
        }
    }
}
