//! Files beside the ticket file that ticketsim names itself: the sidecar, the lockfile and its guard. If others may
//! write to the folder, these names may belong to anything. So no link is followed, no pipe is waited for, and reads
//! are bounded. (Files that the user names may be links: the user knows where they lead.)

use std::fs::{File, OpenOptions};
use std::io::{Error, ErrorKind, Read as _, Result};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use nix::libc;

/// Opens such a file for reading and writing, and creates it if there is none.
///
/// # Errors
/// When something else has its name, such as a link (`ELOOP`), or the system reports an error.
pub fn open_own(path: &Path) -> Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK);
    loop {
        // First without O_CREAT: with it, some systems do not open another user's file in a shared folder
        // (proc_sys_fs(5), protected_regular).
        match options.open(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            opened => return regular(opened?),
        }
        match options.clone().create_new(true).open(path) {
            // Another buyer was faster.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            created => return created,
        }
    }
}

/// Reads the start of such a file, at most this many bytes.
///
/// # Errors
/// As [`open_own`], and when there is none.
pub fn read_own(path: &Path, most: u64) -> Result<Vec<u8>> {
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK;
    read_regular(OpenOptions::new().read(true).custom_flags(flags).open(path)?, most)
}

/// Reads the start of a file that the user named, at most this many bytes, without waiting for a pipe.
///
/// # Errors
/// When it is no regular file, or the system reports an error.
pub fn read_start(path: &Path, most: u64) -> Result<Vec<u8>> {
    read_regular(OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path)?, most)
}

fn read_regular(file: File, most: u64) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    regular(file)?.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Something else than a regular file has the name of one of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a regular file")]
pub struct NotRegular;

fn regular(file: File) -> Result<File> {
    match file.metadata()?.is_file() {
        true => Ok(file),
        false => Err(Error::new(ErrorKind::InvalidInput, NotRegular)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::errno::Errno;

    #[test]
    fn no_link_is_followed_and_no_pipe_is_waited_for() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("victim"), "precious").expect("written");
        for (link, target) in [("dangling", "nowhere"), ("planted", "victim"), ("zero", "/dev/zero")] {
            std::os::unix::fs::symlink(target, path(link)).expect("a link");
            for error in [open_own(&path(link)).map(drop), read_own(&path(link), 9).map(drop)] {
                assert_eq!(error.expect_err(link).raw_os_error(), Some(Errno::ELOOP as i32), "{link}");
            }
        }
        assert!(!path("nowhere").exists());
        nix::unistd::mkfifo(&path("pipe"), nix::sys::stat::Mode::S_IRWXU).expect("a pipe");
        for error in [
            open_own(&path("pipe")).map(drop),
            read_own(&path("pipe"), 9).map(drop),
            read_start(&path("pipe"), 9).map(drop),
            read_start(&path("zero"), 9).map(drop),
        ] {
            assert_eq!(error.expect_err("no regular file").kind(), ErrorKind::InvalidInput);
        }
    }

    #[test]
    fn a_regular_file_is_opened_created_and_read_to_the_bound() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        open_own(&path).expect("created");
        std::fs::write(&path, "0123456789").expect("written");
        open_own(&path).expect("opened");
        assert_eq!(read_own(&path, 4).expect("read"), b"0123");
        assert_eq!(read_start(&path, 100).expect("read"), b"0123456789");
    }
}
