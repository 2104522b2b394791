//! The ticket file: a JSON object whose integer member `ticket` is the stock, at least 0. Its other
//! members, and its formatting, are kept byte for byte: a write replaces the number alone.
//!
//! A text is parsed as JSON once; as long as only the number changes, which is all that a sale does,
//! later reads compare it with the text that was parsed. That is sound because whether a JSON text is
//! valid does not depend on which integer stands in a place where an integer may stand.

mod text;

use std::fs::{File, OpenOptions, Permissions};
use std::io::{Error, ErrorKind, Result as IoResult, Write as _};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use text::{Parsed, TextError, parse};

use crate::fault::TornText;
use crate::paths::{folder, scratch_path, temporary_in};
use crate::stock::Stock;
use text::Template;

/// The largest ticket file, in bytes.
pub const MOST_BYTES: usize = 64 * 1024;

/// A text up to this length lies in one page of the page cache: the kernel copies it in one go, and a
/// SIGKILL in the middle of pwrite(2) leaves the old text or the new one.
const ONE_PAGE: usize = 4096;

/// Why a file can't be sold from.
#[derive(Debug, thiserror::Error)]
pub enum TicketFileError {
    /// There is none.
    #[error("{}: no such file; put tickets on sale first with --tickets N", path.display())]
    Missing {
        /// Which.
        path: PathBuf,
    },
    /// It is a folder, a device or the like.
    #[error("{}: not a regular file; --file takes a file like data/ticket.json", path.display())]
    NoFile {
        /// Which.
        path: PathBuf,
    },
    /// It is larger than [`MOST_BYTES`].
    #[error("{}: {bytes} bytes; a ticket file has at most {MOST_BYTES}", path.display())]
    TooLarge {
        /// Which.
        path: PathBuf,
        /// Its size.
        bytes: u64,
    },
    /// Its text is no ticket file.
    #[error("{}:{}:{}: {}; a ticket file looks like {{\"ticket\": 1}}", path.display(), error.line, error.column, error.what)]
    Invalid {
        /// Which.
        path: PathBuf,
        /// What is wrong with the text, and where.
        error: TextError,
    },
    /// The system refused.
    #[error("{}: {doing}: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// Why it failed.
        source: Error,
    },
}

/// What a read of the ticket file met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sighting {
    /// This stock.
    Stock(Stock),
    /// No ticket file, but this.
    Torn(TornText),
}

/// A buyer's own open ticket file.
#[derive(Debug)]
pub struct TicketFile {
    path: PathBuf,
    file: Arc<File>,
    fsync: bool,
    /// Where a rename writes first: beside the file, of this buyer alone.
    scratch: PathBuf,
    template: Template,
    /// What the last read met, in its first `length` bytes; the rest is room.
    seen: Vec<u8>,
    length: usize,
    /// Its number, and how many digits that has.
    stock: Stock,
    width: usize,
    text: Vec<u8>,
}

impl TicketFile {
    /// Opens the file for reading and writing. `scratch` tells the temporary files of several buyers
    /// apart.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn open(path: &Path, fsync: bool, scratch: &str) -> IoResult<Self> {
        Ok(Self {
            path: path.to_owned(),
            file: Arc::new(open(path)?),
            fsync,
            scratch: scratch_path(path, scratch),
            template: Template::default(),
            seen: vec![0; 512],
            length: 0,
            stock: 0,
            width: 0,
            text: Vec::with_capacity(512),
        })
    }

    /// The open file, for a lock to be taken on it.
    #[must_use]
    pub fn file(&self) -> &Arc<File> {
        &self.file
    }

    /// Where it lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Opens the file that now has this name: after a rename that is another one.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn reopen(&mut self) -> IoResult<()> {
        self.file = Arc::new(open(&self.path)?);
        Ok(())
    }

    /// Reads the stock, with one pread(2).
    ///
    /// # Errors
    /// When the system refuses. A text that is no ticket file is not an error, but a sighting.
    #[inline(always)]
    pub fn read(&mut self) -> IoResult<Sighting> {
        self.length = match self.file.read_at(&mut self.seen, 0) {
            Ok(length) if length < self.seen.len() => length,
            // It may be that there is more.
            _ => read_at_start(&self.file, &mut self.seen)?,
        };
        match self.template.recognise(&self.seen[..self.length]) {
            Some((stock, width)) => {
                (self.stock, self.width) = (stock, width);
                Ok(Sighting::Stock(stock))
            }
            None => Ok(self.look_closely()),
        }
    }

    /// What was read, as JSON.
    #[cold]
    fn look_closely(&mut self) -> Sighting {
        let seen = &self.seen[..self.length];
        match parse(seen) {
            Ok(parsed) => {
                self.template = Template::new(seen, &parsed.number);
                (self.stock, self.width) = (parsed.stock, parsed.number.len());
                Sighting::Stock(parsed.stock)
            }
            Err(_) => Sighting::Torn(TornText::new(seen)),
        }
    }

    /// Overwrites the text that was read last by one with this stock: one pwrite(2), padded with
    /// spaces, so that the file never shrinks and never holds half a text.
    ///
    /// # Errors
    /// When the system refuses.
    #[inline(always)]
    pub fn overwrite(&mut self, stock: Stock) -> IoResult<()> {
        let start = self.template.before.len();
        let number = start..start + self.width;
        if self.length > ONE_PAGE || decimal_width(stock) != self.width {
            return self.overwrite_resized(stock);
        }
        // As wide as the one before it, so nothing else moves; mostly the last digit alone differs.
        let (mut new, mut old) = (stock, self.stock);
        for digit in self.seen[number].iter_mut().rev() {
            if new == old {
                break;
            }
            *digit = b'0' + (new % 10) as u8;
            (new, old) = (new / 10, old / 10);
        }
        put(&self.file, &self.seen[..self.length], 0)?;
        self.sync()
    }

    /// As [`TicketFile::overwrite`], where what follows the number moves, or the text is long.
    #[cold]
    fn overwrite_resized(&mut self, stock: Stock) -> IoResult<()> {
        not_negative(stock)?;
        self.template.text(stock, self.length, &mut self.text);
        if self.text.len() <= ONE_PAGE {
            self.put(0)?;
        } else {
            // Too long to be written in one go: change the number alone, and pad behind it.
            self.text.clear();
            write!(self.text, "{stock:<width$}", width = self.width)?;
            self.put(self.template.before.len() as u64)?;
        }
        self.sync()
    }

    /// Empties the file, as `open("w")` does.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn truncate(&mut self) -> IoResult<()> {
        self.file.set_len(0)
    }

    /// Fills the emptied file with the text that was read last and this stock.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn fill(&mut self, stock: Stock) -> IoResult<()> {
        not_negative(stock)?;
        self.template.text(stock, 0, &mut self.text);
        self.put(0)?;
        self.sync()
    }

    /// Writes a new file with this stock and renames it over the old one (rename(2): readers see the
    /// one or the other). With fsync, the data and then the folder are on the disk when it returns.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn replace(&mut self, stock: Stock) -> IoResult<()> {
        not_negative(stock)?;
        self.template.text(stock, 0, &mut self.text);
        let mode = self.file.metadata()?.mode();
        let scratch =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&self.scratch)?;
        scratch.set_permissions(Permissions::from_mode(mode & 0o7777))?;
        put(&scratch, &self.text, 0)?;
        if self.fsync {
            scratch.sync_all()?;
        }
        std::fs::rename(&self.scratch, &self.path)?;
        if self.fsync {
            File::open(folder(&self.path))?.sync_all()?;
        }
        Ok(())
    }

    fn put(&self, at: u64) -> IoResult<()> {
        put(&self.file, &self.text, at)
    }

    fn sync(&self) -> IoResult<()> {
        if self.fsync { self.file.sync_data() } else { Ok(()) }
    }
}

fn open(path: &Path) -> IoResult<File> {
    OpenOptions::new().read(true).write(true).open(path)
}

/// How many digits a stock has; none if it is no stock of a ticket file.
fn decimal_width(number: Stock) -> usize {
    number.checked_ilog10().map_or(usize::from(number == 0), |power| power as usize + 1)
}

/// A ticket file holds no negative number, so none is written into it.
fn not_negative(stock: Stock) -> IoResult<()> {
    if stock >= 0 {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::InvalidInput,
        format!("a ticket file holds no negative number, such as {stock}"),
    ))
}

/// One pwrite(2). A short one is an error: going on would write the text in two steps.
#[inline(always)]
fn put(file: &File, text: &[u8], at: u64) -> IoResult<()> {
    match file.write_at(text, at)? {
        written if written == text.len() => Ok(()),
        written => Err(cut_short(written, text.len())),
    }
}

#[cold]
fn cut_short(written: usize, length: usize) -> Error {
    Error::new(ErrorKind::WriteZero, format!("only {written} of {length} bytes were written"))
}

/// Reads from the start with one pread(2), a larger one if the buffer was too small. Returns how many
/// bytes there were, at most one more than [`MOST_BYTES`].
fn read_at_start(file: &File, buffer: &mut Vec<u8>) -> IoResult<usize> {
    loop {
        let length = match file.read_at(buffer, 0) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            result => result?,
        };
        if length < buffer.len() || buffer.len() > MOST_BYTES {
            return Ok(length);
        }
        buffer.resize((buffer.len() * 2).min(MOST_BYTES + 1), 0);
    }
}

/// Reads the stock of the ticket file at `path`.
///
/// # Errors
/// When there is none, or it is no ticket file, or the system refuses.
pub fn load(path: &Path) -> Result<Stock, TicketFileError> {
    // Without O_NONBLOCK a pipe would be waited for before it is seen to be one.
    let file = OpenOptions::new().read(true).custom_flags(nix::libc::O_NONBLOCK).open(path);
    let file = file.map_err(|source| io_error(path, "can't be read", source))?;
    check_size(&file, path)?;
    load_from(&file, path).map(|parsed| parsed.stock)
}

/// Sets the stock of the ticket file at `path`, which is there, in place: other members stay. The
/// caller holds the lock.
///
/// # Errors
/// When it is no ticket file (it is left as it is), or the system refuses.
pub fn set(path: &Path, stock: Stock) -> Result<(), TicketFileError> {
    let failed = |doing| move |source| io_error(path, doing, source);
    let mut ticket_file = TicketFile::open(path, false, "").map_err(failed("can't be opened for writing"))?;
    check_size(&ticket_file.file, path)?;
    load_from(&ticket_file.file, path)?;
    ticket_file.read().map_err(failed("can't be read"))?;
    ticket_file.overwrite(stock).map_err(failed("can't be written"))
}

/// Creates a ticket file with this stock, and its folder, unless there is one. It appears whole or not
/// at all.
///
/// # Errors
/// When there is one already, or the system refuses.
pub fn create(path: &Path, stock: Stock) -> Result<(), TicketFileError> {
    // Not `io_error`: that something on the way is missing is no reason to say `--tickets` again.
    let failed = |source| TicketFileError::Io { path: path.to_owned(), doing: "can't be created", source };
    std::fs::create_dir_all(folder(path)).map_err(failed)?;
    let mut temporary = temporary_in(folder(path)).map_err(failed)?;
    writeln!(temporary, "{{\"ticket\": {stock}}}").map_err(failed)?;
    temporary.persist_noclobber(path).map_err(|error| failed(error.error))?;
    Ok(())
}

fn check_size(file: &File, path: &Path) -> Result<(), TicketFileError> {
    let metadata = file.metadata().map_err(|source| io_error(path, "can't be read", source))?;
    if !metadata.is_file() {
        return Err(TicketFileError::NoFile { path: path.to_owned() });
    }
    if metadata.len() > MOST_BYTES as u64 {
        return Err(TicketFileError::TooLarge { path: path.to_owned(), bytes: metadata.len() });
    }
    Ok(())
}

fn load_from(file: &File, path: &Path) -> Result<Parsed, TicketFileError> {
    let mut buffer = vec![0; 512];
    let length =
        read_at_start(file, &mut buffer).map_err(|source| io_error(path, "can't be read", source))?;
    parse(&buffer[..length]).map_err(|error| TicketFileError::Invalid { path: path.to_owned(), error })
}

fn io_error(path: &Path, doing: &'static str, source: Error) -> TicketFileError {
    match source.kind() {
        ErrorKind::NotFound => TicketFileError::Missing { path: path.to_owned() },
        ErrorKind::IsADirectory => TicketFileError::NoFile { path: path.to_owned() },
        _ => TicketFileError::Io { path: path.to_owned(), doing, source },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file_with(text: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("ticket.json");
        std::fs::write(&path, text).expect("written");
        (folder, path)
    }

    fn sell(ticket_file: &mut TicketFile, write: impl Fn(&mut TicketFile, Stock)) {
        let Sighting::Stock(stock) = ticket_file.read().expect("read") else { panic!("torn") };
        write(ticket_file, stock - 1);
    }

    #[test]
    fn each_write_keeps_the_other_members() {
        let text = "{ \"show\": \"Käthe\",\n  \"ticket\": 10, \"price\": 1.50 }\n";
        let (_folder, path) = file_with(text);
        let mut ticket_file = TicketFile::open(&path, true, "test").expect("open");
        sell(&mut ticket_file, |file, stock| file.overwrite(stock).expect("written"));
        let shown = std::fs::read_to_string(&path).expect("read");
        assert_eq!(shown, text.replace("10", "9").replace(" }\n", " } \n"));
        sell(&mut ticket_file, |file, stock| {
            file.truncate().expect("truncated");
            file.fill(stock).expect("filled");
        });
        assert_eq!(std::fs::read_to_string(&path).expect("read"), text.replace("10", "8"));
        sell(&mut ticket_file, |file, stock| file.replace(stock).expect("replaced"));
        assert_eq!(std::fs::read_to_string(&path).expect("read"), text.replace("10", "7"));
        assert!(!scratch_path(&path, "test").exists());
    }

    #[test]
    fn a_long_text_is_changed_at_its_number_alone() {
        let text = format!("{{\"ticket\": 100, \"note\": \"{}\"}}", "x".repeat(9000));
        let (_folder, path) = file_with(&text);
        let mut ticket_file = TicketFile::open(&path, false, "test").expect("open");
        for _ in 0..2 {
            sell(&mut ticket_file, |file, stock| file.overwrite(stock).expect("written"));
        }
        assert_eq!(std::fs::read_to_string(&path).expect("read"), text.replace("100,", "98 ,"));
    }

    #[test]
    fn digits_are_borrowed_from_as_far_as_it_takes() {
        for stock in [1, 10, 11, 100, 110, 2000, 9999, 10_000, 999_999_999_999, 10_i64.pow(18), Stock::MAX] {
            let (_folder, path) =
                file_with(&format!("{{\"price\": 20, \"ticket\": {stock} , \"row\": 10}}\n"));
            let mut ticket_file = TicketFile::open(&path, false, "test").expect("open");
            for sold in 1..=stock.min(12) {
                sell(&mut ticket_file, |file, stock| file.overwrite(stock).expect("written"));
                assert_eq!(load(&path).expect("a ticket file"), stock - sold);
            }
            let shown = std::fs::read_to_string(&path).expect("read");
            let rest = shown.strip_prefix("{\"price\": 20, \"ticket\": ").expect("what was before");
            let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit()).trim_ascii_end();
            assert_eq!(rest, " , \"row\": 10}");
        }
    }

    #[test]
    fn a_torn_text_is_shown_as_it_was_met() {
        let (_folder, path) = file_with("{\"ticket\": 3}");
        let mut ticket_file = TicketFile::open(&path, false, "test").expect("open");
        assert_eq!(ticket_file.read().expect("read"), Sighting::Stock(3));
        for torn in ["", "{\"ticket\": 3", "{\"ticket\": }", "{\"ticket\": 03}", "{\"ticket\": 3}x"] {
            std::fs::write(&path, torn).expect("written");
            assert_eq!(ticket_file.read().expect("read"), Sighting::Torn(TornText::new(torn.as_bytes())));
        }
    }

    #[test]
    fn setting_and_creating_lose_nothing() {
        let (folder, path) = file_with("{\"ticket\": 3, \"show\": 1}");
        set(&path, 1000).expect("set");
        assert_eq!(std::fs::read_to_string(&path).expect("read"), "{\"ticket\": 1000, \"show\": 1}");
        std::fs::write(&path, "no ticket file").expect("written");
        assert!(matches!(set(&path, 1), Err(TicketFileError::Invalid { .. })));
        assert!(create(&path, 1).is_err());
        assert_eq!(std::fs::read_to_string(&path).expect("read"), "no ticket file");
        let fresh = folder.path().join("new/ticket.json");
        create(&fresh, 7).expect("created");
        assert_eq!(load(&fresh).expect("loaded"), 7);
    }
}
