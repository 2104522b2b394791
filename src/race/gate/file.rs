//! A file from which the shop reads its database's address. While the gate is open, it contains the gate's address.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use crate::paths::{Temporary, beside, folder, through_links};

/// The longest file: a longer one is no configuration.
const MOST_BYTES: u64 = 4 << 20;

/// A file of the shop can't be changed.
#[derive(Debug, thiserror::Error)]
pub enum GateFileError {
    /// It can't be read or written.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// An earlier gate changed it and was killed. The original file lies beside it.
    #[error("{}: was never put back: move it there yourself", .0.display())]
    NeverPutBack(PathBuf),
}

/// A changed file. It is put back in the end.
#[derive(Debug)]
pub struct GateFile {
    path: PathBuf,
    /// The original file, under another name.
    kept: PathBuf,
}

impl GateFile {
    /// Puts the changed text in place of the file; `None` if nothing is changed.
    ///
    /// # Errors
    /// When it can't be read or written, or an original file was never put back.
    pub fn put(path: &Path, change: &dyn Fn(&str) -> Option<String>) -> Result<Option<Self>, GateFileError> {
        let path = through_links(path);
        let kept = beside(&path, ".before-gate");
        if kept.exists() {
            return Err(GateFileError::NeverPutBack(kept));
        }
        let file = std::fs::File::open(&path)?;
        let permissions = file.metadata()?.permissions();
        let mut text = String::new();
        file.take(MOST_BYTES).read_to_string(&mut text)?;
        let Some(changed) = change(&text) else { return Ok(None) };
        let mut new = Temporary::new_in(folder(&path))?;
        new.file().write_all(changed.as_bytes())?;
        new.file().set_permissions(permissions)?;
        std::fs::rename(&path, &kept)?;
        let file = Self { path, kept };
        new.replace(&file.path)?;
        Ok(Some(file))
    }
}

impl Drop for GateFile {
    fn drop(&mut self) {
        // If this fails, the original still lies beside it.
        let _ = std::fs::rename(&self.kept, &self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_put_back() {
        let folder = crate::paths::temporary_folder().expect("a folder");
        let path = folder.path().join("shop.toml");
        std::fs::write(&path, "db = 'here'").expect("written");
        let read = || std::fs::read_to_string(&path).expect("a file");
        let put = GateFile::put(&path, &|text| Some(text.replace("here", "there"))).expect("put");
        assert_eq!((read().as_str(), put.is_some()), ("db = 'there'", true));
        assert!(GateFile::put(&path, &|_| None).is_err(), "one lies there");
        drop(put);
        assert_eq!(read(), "db = 'here'");
        assert!(GateFile::put(&path, &|_| None).expect("read").is_none());
    }
}
