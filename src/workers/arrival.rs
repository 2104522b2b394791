//! A buyer process reports to its launcher, over a pipe that all buyers share, that it is ready, or why it is not. A
//! report is shorter than PIPE_BUF, so reports of several buyers never mix (pipe(7)).

use std::io::{self, Write as _};

/// A buyer's report.
#[derive(Debug)]
pub(super) enum Arrived {
    /// It stands at the barrier.
    Ready,
    /// It could not open what it needs.
    NotOpened {
        /// Which buyer, from 1.
        buyer: u32,
        /// Why.
        why: io::Error,
    },
}

const READY: u8 = 0;
const NOT_OPENED: u8 = 1;
/// The length of a failure report's head: its mark, the buyer, the system's error number, and the length of the text.
const HEAD: usize = 1 + 4 + 4 + 1;

/// Reports that a buyer is ready.
pub(super) fn ready(pipe: &mut std::fs::File) -> io::Result<()> {
    pipe.write_all(&[READY])
}

/// Reports why a buyer is not ready. A text that is longer than a report is cut off.
pub(super) fn not_opened(pipe: &mut std::fs::File, buyer: u32, why: &io::Error) {
    let text = why.to_string();
    let text = &text.as_bytes()[..text.len().min(usize::from(u8::MAX))];
    let mut report = vec![NOT_OPENED];
    report.extend(buyer.to_le_bytes());
    report.extend(why.raw_os_error().unwrap_or(0).to_le_bytes());
    report.push(text.len() as u8);
    report.extend(text);
    // It fails only if the launcher is gone, and then nobody reads the report.
    let _ = pipe.write_all(&report);
}

/// Takes the first report from these bytes, if it is complete.
pub(super) fn take(bytes: &mut Vec<u8>) -> Option<Arrived> {
    if *bytes.first()? == READY {
        bytes.remove(0);
        return Some(Arrived::Ready);
    }
    let number = |at: usize| <[u8; 4]>::try_from(bytes.get(at..at + 4)?).ok();
    let (buyer, errno) = (u32::from_le_bytes(number(1)?), i32::from_le_bytes(number(5)?));
    let end = HEAD + usize::from(*bytes.get(HEAD - 1)?);
    let text = String::from_utf8_lossy(bytes.get(HEAD..end)?).into_owned();
    bytes.drain(..end);
    let why = if errno == 0 { io::Error::other(text) } else { io::Error::from_raw_os_error(errno) };
    Some(Arrived::NotOpened { buyer, why })
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn reports_arrive_as_they_were_made_wherever_they_are_cut() {
        let (read, write) = nix::unistd::pipe().expect("a pipe");
        let mut write = std::fs::File::from(write);
        ready(&mut write).expect("told");
        not_opened(&mut write, 7, &io::Error::from_raw_os_error(13));
        not_opened(&mut write, 300, &io::Error::other("the server at 127.0.0.1 takes no more: ä".repeat(20)));
        ready(&mut write).expect("told");
        drop(write);
        let mut all = Vec::new();
        std::fs::File::from(read).read_to_end(&mut all).expect("read");
        for size in [1, 3, all.len()] {
            let (mut bytes, mut told) = (Vec::new(), Vec::new());
            for part in all.chunks(size) {
                bytes.extend(part);
                while let Some(arrived) = take(&mut bytes) {
                    told.push(match arrived {
                        Arrived::Ready => "ready".to_owned(),
                        Arrived::NotOpened { buyer, why } => format!("{buyer} {why}"),
                    });
                }
            }
            assert_eq!(told.len(), 4, "{told:?}");
            assert_eq!((told[0].as_str(), told[3].as_str()), ("ready", "ready"));
            assert!(told[1].starts_with("7 Permission denied"), "{told:?}");
            assert!(told[2].starts_with("300 the server at 127.0.0.1 takes no more: ä"), "{told:?}");
        }
    }
}
