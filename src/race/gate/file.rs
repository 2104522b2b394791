//! A file from which the shop reads its database's address: while the gate is open, it has the gate's address.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use crate::paths::{Temporary, beside, folder, through_links};

/// A longer file says more than an address.
const MOST_BYTES: u64 = 4 << 20;

/// A file of the shop can't be changed.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The system does not let it be read or written.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// An earlier gate has changed it, and was killed: the file as it was lies beside it.
    #[error("{}: was never put back: move it there yourself", .0.display())]
    NeverPutBack(PathBuf),
}

/// Such a file. It is put back in the end.
#[derive(Debug)]
pub struct GateFile {
    path: PathBuf,
    /// The file as it was, under another name.
    kept: PathBuf,
}

impl GateFile {
    /// Puts what a text becomes in place of the file; whether it becomes anything else is the first of the pair.
    ///
    /// # Errors
    /// When it can't be read or written, or when one lies there that was never put back.
    pub fn put(path: &Path, change: &dyn Fn(&str) -> Option<String>) -> Result<Option<Self>, FileError> {
        let path = through_links(path);
        let kept = beside(&path, ".before-gate");
        if kept.exists() {
            return Err(FileError::NeverPutBack(kept));
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
        // If it can't be, it still lies beside.
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
