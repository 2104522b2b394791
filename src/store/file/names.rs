//! One ticket file with several names: through another mount of its folder, a container's volume, or a link. Before
//! anything is sold, it is proven that they are one file. Equal names or equal stocks prove nothing.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::paths::folder;
use crate::plan::FilePlan;

/// Why several names can't be sold from as one ticket file.
#[derive(Debug, thiserror::Error)]
pub enum NamesError {
    /// One of them can't be opened.
    #[error("{}: can't be opened as a name of the ticket file: {source}", path.display())]
    Unopened {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The proof can't be written in this folder.
    #[error("{}: nothing can be written there to prove that its names are one: {source}", path.display())]
    Unwritten {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file written through one can't be read through the other.
    #[error(
        "{} and {} are not one folder: what is written through the first can't be read through the second, so \
         buyers would sell from two places",
        first.display(),
        other.display()
    )]
    TwoFolders {
        /// The first.
        first: PathBuf,
        /// The other one.
        other: PathBuf,
    },
    /// It can't be proven that they are one file.
    #[error(
        "{} and {} are not known to be one file: they are no links of one filesystem, and have different names",
        first.display(),
        other.display()
    )]
    TwoFiles {
        /// The first.
        first: PathBuf,
        /// The other one.
        other: PathBuf,
    },
}

/// How long a file written through one path may take to appear through the other: a client of a network filesystem may
/// have to ask its server.
const PATIENCE: Duration = Duration::from_secs(2);

/// Checks that all names of the ticket file are one file: by device and inode number; or, if two mounts have different
/// device numbers, by their folders and their names in them.
///
/// # Errors
/// When they are not, or it can't be proven.
pub(super) fn are_one_file(plan: &FilePlan) -> Result<(), NamesError> {
    let first = plan.file.as_path();
    for other in &plan.via {
        if identity(first)? == identity(other)? {
            continue;
        }
        if other.is_symlink() || first.file_name() != other.file_name() {
            return Err(NamesError::TwoFiles { first: first.to_owned(), other: other.clone() });
        }
        are_one_folder(folder(first), folder(other))?;
    }
    Ok(())
}

/// The device and inode number of a file.
fn identity(path: &Path) -> Result<(u64, u64), NamesError> {
    let file = File::open(path).and_then(|file| file.metadata());
    let about = file.map_err(|source| NamesError::Unopened { path: path.to_owned(), source })?;
    Ok((about.dev(), about.ino()))
}

/// Checks that two paths lead to one folder: a random number is written through the first and read through the other.
///
/// # Errors
/// When they do not, or it can't be proven.
pub fn are_one_folder(first: &Path, other: &Path) -> Result<(), NamesError> {
    let nonce = format!("{:032x}", rand::random::<u128>());
    let name = format!(".ticketsim-{nonce}");
    let written = first.join(&name);
    let failed = |source| NamesError::Unwritten { path: first.to_owned(), source };
    let mut file = OpenOptions::new().write(true).create_new(true).open(&written).map_err(failed)?;
    let put = file.write_all(nonce.as_bytes());
    // Network filesystems write when a file is closed.
    drop(file);
    let is_there = put.map(|()| appears(&other.join(&name), &nonce));
    let _ = std::fs::remove_file(&written);
    if is_there.map_err(failed)? {
        return Ok(());
    }
    Err(NamesError::TwoFolders { first: first.to_owned(), other: other.to_owned() })
}

fn appears(path: &Path, nonce: &str) -> bool {
    let began = Instant::now();
    loop {
        if std::fs::read(path).is_ok_and(|read| read == nonce.as_bytes()) {
            return true;
        }
        if began.elapsed() >= PATIENCE {
            return false;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::file::{FileChoices, Lock, Write};

    fn proven(first: &Path, other: &Path) -> Result<(), NamesError> {
        let choices = FileChoices::new(Lock::Flock, Write::Overwrite);
        are_one_file(&FilePlan { via: vec![other.to_owned()], ..FilePlan::new(choices, first) })
    }

    /// The same text under the same name in another folder is a different file.
    #[test]
    fn links_are_one_file_and_copies_are_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        for name in ["a", "b"] {
            std::fs::create_dir(at(name)).expect("made");
            std::fs::write(at(name).join("t.json"), "{\"ticket\": 5}").expect("written");
        }
        let file = at("a").join("t.json");
        std::fs::hard_link(&file, at("hard")).expect("linked");
        std::os::unix::fs::symlink(&file, at("soft")).expect("linked");
        std::os::unix::fs::symlink(at("a"), at("c")).expect("linked");
        for name in ["hard", "soft", "c/t.json", "a/t.json"] {
            proven(&file, &at(name)).expect(name);
        }
        let copy = proven(&file, &at("b").join("t.json")).expect_err("a copy");
        assert!(matches!(&copy, NamesError::TwoFolders { .. }), "{copy}");
        std::fs::copy(&file, at("copy")).expect("copied");
        assert!(matches!(proven(&file, &at("copy")), Err(NamesError::TwoFiles { .. })));
        assert!(matches!(proven(&file, &at("missing")), Err(NamesError::Unopened { .. })));
        let names: Vec<_> = std::fs::read_dir(at("a")).expect("a folder").flatten().collect();
        assert_eq!(names.len(), 1, "nothing stays behind");
    }
}
