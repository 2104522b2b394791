//! Paths beside the ticket file, and files that are on their way to their place.

use std::fs::Permissions;
use std::io::{Error, Result};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// Where the buyer `tag` writes before it renames.
#[must_use]
pub fn scratch_path(path: &Path, tag: &str) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{tag}.tmp"))
}

/// The path of a file beside the ticket file: its name and this ending.
#[must_use]
pub fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(ending);
    path.with_file_name(name)
}

/// The file that a path leads to, if it is a link: a rename would replace the link, and a lockfile beside
/// it would be another one than beside the file. Any other path stays as it was given.
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

/// A temporary file in a folder, that will be moved to its place: readable for whom the umask allows.
///
/// # Errors
/// When the system refuses.
pub fn temporary_in(folder: &Path) -> Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.permissions(Permissions::from_mode(0o666)).tempfile_in(folder).map_err(unnamed)
}

/// An error of the crate tempfile without the name of the temporary file, of which nobody has heard.
#[must_use]
pub fn unnamed(error: Error) -> Error {
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
        let error = temporary_in(Path::new("/there/is/no/such/folder")).expect_err("no folder");
        assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
        assert_eq!(error.to_string(), Error::from_raw_os_error(nix::libc::ENOENT).to_string());
    }
}
