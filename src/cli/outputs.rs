//! The files that a command is to write: found out before it begins whether it can, and that none of them
//! is a file that it reads or sells from.

use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::paths::{beside, folder};

/// The files of a sale that nothing else may be written to: the ticket file and what lies beside it.
pub(super) fn kept(ticket_file: &Path) -> [PathBuf; 3] {
    [ticket_file.to_owned(), beside(ticket_file, ".lock"), beside(ticket_file, ".sidecar")]
}

/// Finds out whether the outputs can be written, each to a file of its own that is none of those to be
/// kept: nothing is worse than a race that was caught and lost.
///
/// # Errors
/// When one can't, or would replace another or one to be kept.
pub(super) fn check_outputs<'a>(
    kept: &[PathBuf],
    outputs: impl IntoIterator<Item = &'a Path>,
) -> anyhow::Result<()> {
    let mut taken: Vec<PathBuf> = kept.iter().map(|path| place(path)).collect();
    for path in outputs {
        anyhow::ensure!(!path.is_dir(), "{}: is a folder", path.display());
        // A device or a pipe is written in place; a file comes by way of a temporary one beside it.
        if path.is_file() || !path.exists() {
            tempfile::tempfile_in(folder(path))
                .with_context(|| format!("{}: can't be written", path.display()))?;
        }
        let place = place(path);
        anyhow::ensure!(
            !taken.contains(&place),
            "{}: would be written over a file that this command reads or writes; name another one",
            path.display()
        );
        taken.push(place);
    }
    Ok(())
}

/// Where a path leads, through links: also for a file that is not there yet.
fn place(path: &Path) -> PathBuf {
    let whole = |path: &Path| path.canonicalize().ok();
    let in_folder = || Some(whole(folder(path))?.join(path.file_name()?));
    whole(path).or_else(in_folder).unwrap_or_else(|| path.to_owned())
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
        let check = |outputs: &[&str]| {
            let outputs: Vec<PathBuf> = outputs.iter().map(|name| path(name)).collect();
            check_outputs(&kept(&path("ticket.json")), outputs.iter().map(PathBuf::as_path)).is_ok()
        };
        assert!(check(&[]) && check(&["a", "b"]) && check(&["ticket.json.html"]));
        for bad in [&["ticket.json"][..], &["link"], &["ticket.json.lock"], &["a", "./a"], &["no/folder/a"]] {
            assert!(!check(bad), "{bad:?}");
        }
    }
}
