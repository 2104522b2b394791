//! Paths beside the ticket file, and temporary files that are renamed into place.

use std::fs::{File, Permissions};
use std::io::{Error, Result};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use tempfile::{NamedTempFile, TempDir};

/// The path of a file beside the ticket file: its name and this ending.
#[must_use]
pub fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(ending);
    path.with_file_name(name)
}

/// The target of a path that is a link: a rename would replace the link, and a lockfile beside the link would differ
/// from one beside the file. Any other path is returned unchanged.
#[must_use]
pub fn through_links(path: &Path) -> PathBuf {
    match (path.is_symlink(), path.canonicalize()) {
        (true, Ok(file)) => file,
        _ => path.to_owned(),
    }
}

/// The folder that a file is in.
#[must_use]
pub fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

/// A temporary file that will be renamed into place. Its errors do not contain its temporary name, which means nothing
/// to the user. Dropping it removes it.
#[derive(Debug)]
pub struct Temporary(NamedTempFile);

impl Temporary {
    /// Makes one in a folder, with permissions by the umask.
    ///
    /// # Errors
    /// When the system reports an error.
    pub fn new_in(folder: &Path) -> Result<Self> {
        let mut builder = tempfile::Builder::new();
        let file = builder.permissions(Permissions::from_mode(0o666)).tempfile_in(folder);
        file.map(Self).map_err(unnamed)
    }

    /// The open file. (Only its own methods keep the temporary name out of their errors.)
    pub fn file(&mut self) -> &mut File {
        self.0.as_file_mut()
    }

    /// Gives it its name, whatever had that before.
    ///
    /// # Errors
    /// When the system reports an error.
    pub fn replace(self, path: &Path) -> Result<()> {
        self.0.persist(path).map(drop).map_err(|error| unnamed(error.error))
    }

    /// Gives it its name, if nothing else has that.
    ///
    /// # Errors
    /// When something has, or the system reports an error.
    pub fn settle(self, path: &Path) -> Result<()> {
        self.0.persist_noclobber(path).map(drop).map_err(|error| unnamed(error.error))
    }
}

/// Checks whether files can be made in a folder.
///
/// # Errors
/// When they can't.
pub fn probe_folder(folder: &Path) -> Result<()> {
    tempfile::tempfile_in(folder).map(drop).map_err(unnamed)
}

/// A temporary folder in another one, which is removed in the end.
///
/// # Errors
/// When the system reports an error; the error names the folder that it was to be in.
pub fn temporary_folder_in(folder: &Path, prefix: &str) -> Result<TempDir> {
    tempfile::Builder::new().prefix(prefix).tempdir_in(folder).map_err(|error| {
        let error = unnamed(error);
        Error::new(error.kind(), format!("{}: {error}", folder.display()))
    })
}

/// The same in the system's folder for temporary files.
///
/// # Errors
/// As [`temporary_folder_in`].
pub fn temporary_folder() -> Result<TempDir> {
    temporary_folder_in(&std::env::temp_dir(), "ticketsim-")
}

/// An error of the crate tempfile without the name of the temporary file, which means nothing to the user.
fn unnamed(error: Error) -> Error {
    match error.to_string().split_once(" at path ") {
        Some((what, _)) => Error::new(error.kind(), what),
        None => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_no_file_of_which_nobody_has_heard() {
        let nowhere = Path::new("/there/is/no/such/folder");
        let cause = Error::from_raw_os_error(nix::libc::ENOENT).to_string();
        for (error, said) in [
            (Temporary::new_in(nowhere).map(drop), cause.clone()),
            (probe_folder(nowhere), cause.clone()),
            (temporary_folder_in(nowhere, "x").map(drop), format!("/there/is/no/such/folder: {cause}")),
        ] {
            let error = error.expect_err("no folder");
            assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
            assert_eq!(error.to_string(), said);
        }
    }

    #[test]
    fn an_error_on_the_way_to_its_place_names_it_neither() {
        let folder = tempfile::tempdir().expect("a folder");
        let place = folder.path().join("taken");
        std::fs::create_dir(&place).expect("made");
        let temporary = || Temporary::new_in(folder.path()).expect("a file");
        for error in [temporary().replace(&place), temporary().settle(&place)] {
            let error = error.expect_err("a folder is there").to_string();
            assert!(!error.contains(".tmp"), "{error}");
        }
        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 1, "nothing stays");
    }
}
