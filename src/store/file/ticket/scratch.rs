//! Scratch files: `--write rename` writes to one before it renames it. They lie beside the ticket file, perhaps in a
//! folder that others may write to, so nobody must be able to prepare one: each has a random name and is created
//! exclusively, which follows no link (open(2), `O_EXCL`).

use std::fs::{File, OpenOptions};
use std::io::{Error, ErrorKind, Result};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rand::rngs::{ChaCha8Rng, SysRng};
use rand::{Rng as _, SeedableRng as _};

use crate::paths::folder;

/// How the names of all scratch files begin; below, how they end.
const START: &str = ".ticketsim.";
const END: &str = ".tmp";
/// How many random names are tried. A name is hardly ever taken, unless another program creates it on purpose.
const MOST_TRIES: u32 = 16;

/// The part of the name that identifies the scratch files of one run. All its buyers use it, so files of killed buyers
/// can be found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunTag(String);

impl RunTag {
    /// The tag of a run with this random number.
    #[must_use]
    pub fn new(run: u64) -> Self {
        Self(format!("{START}{run:016x}."))
    }

    /// Removes the scratch files of this run beside a ticket file. Call it when all buyers have left.
    pub fn clean_up(&self, ticket_file: &Path) {
        // Errors are ignored: a folder that can't be read or written any more keeps the files.
        let Ok(entries) = std::fs::read_dir(folder(ticket_file)) else { return };
        for entry in entries.flatten() {
            if entry.file_name().to_string_lossy().starts_with(&self.0) {
                let _ = std::fs::remove_file(entry.path());
            }
        }
    }
}

/// Whether a file has the name of a scratch file, of any run.
#[must_use]
pub fn is_scratch(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with(START) && name.ends_with(END)
}

/// Makes one buyer's scratch files.
#[derive(Debug)]
pub(super) struct Scratch {
    tag: RunTag,
    /// Seeded by the system when the first name is drawn, so after the fork, in the buyer.
    names: Option<ChaCha8Rng>,
}

impl Scratch {
    pub(super) fn new(tag: &RunTag) -> Self {
        Self { tag: tag.clone(), names: None }
    }

    /// Creates one beside the ticket file, for this user alone.
    pub(super) fn create(&mut self, ticket_file: &Path) -> Result<Draft> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(0o600);
        for _ in 0..MOST_TRIES {
            let number = self.draw()?;
            let name = format!("{}{number:016x}{END}", self.tag.0);
            let path = ticket_file.with_file_name(name);
            match options.open(&path) {
                Ok(file) => return Ok(Draft { file, path, renamed: false }),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(ErrorKind::AlreadyExists.into())
    }

    fn draw(&mut self) -> Result<u64> {
        let names = match self.names.take() {
            Some(names) => names,
            None => ChaCha8Rng::try_from_rng(&mut SysRng).map_err(Error::other)?,
        };
        Ok(self.names.insert(names).next_u64())
    }
}

/// A scratch file. Dropping it removes it, unless it was renamed.
pub(super) struct Draft {
    pub(super) file: File,
    path: PathBuf,
    renamed: bool,
}

impl Draft {
    /// Renames it over the ticket file.
    pub(super) fn replace(mut self, ticket_file: &Path) -> Result<()> {
        std::fs::rename(&self.path, ticket_file)?;
        self.renamed = true;
        Ok(())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.renamed {
            // If it can't be removed either, it is left: the first error is the one to report.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scratch_file_has_a_name_of_its_own_and_none_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("ticket.json");
        let tag = RunTag::new(7);
        let mut makers = [Scratch::new(&tag), Scratch::new(&tag)];
        let mut drafts: Vec<Draft> =
            (0..100).map(|turn| makers[turn % 2].create(&file).expect("created")).collect();
        assert!(drafts.iter().all(|draft| is_scratch(&draft.path)));
        drafts.pop().expect("a draft").replace(&file).expect("renamed");
        drafts.clear();
        let names: Vec<_> = std::fs::read_dir(folder.path()).expect("a folder").flatten().collect();
        assert_eq!(names.len(), 1, "the ticket file alone: {names:?}");
    }

    /// A killed buyer's file is removed; those of another run, or of unknown origin, stay.
    #[test]
    fn a_run_cleans_up_after_itself_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("ticket.json");
        let left = |tag: &RunTag| {
            let mut draft = Scratch::new(tag).create(&file).expect("created");
            // As if its buyer were killed now.
            draft.renamed = true;
            draft.path.clone()
        };
        let (ours, others) = (left(&RunTag::new(1)), left(&RunTag::new(2)));
        std::fs::write(folder.path().join(".ticket.json.tmp"), "").expect("written");
        RunTag::new(1).clean_up(&file);
        assert!(!ours.exists() && others.exists());
        assert!(folder.path().join(".ticket.json.tmp").exists());
    }
}
