//! The ticket file: a JSON object whose integer member `ticket` is the stock, at least 0. Its other members and its
//! formatting are kept byte for byte: a write replaces only the number.
//!
//! A text is parsed as JSON only once. Later reads compare it with the parsed text, as long as only the number differs.
//! That is correct: replacing one integer by another never makes a JSON text invalid.

mod own;
mod scratch;
mod text;

use std::fs::{File, OpenOptions, Permissions};
use std::io::{Error, ErrorKind, Result as IoResult, Write as _};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use own::{NotRegular, open_own, read_own, read_start};
pub use scratch::{RunTag, is_scratch};
pub use text::{Parsed, TextError, TextMistake, parse};

use crate::fault::TornText;
use crate::paths::{Temporary, folder};
use crate::stock::Stock;
use scratch::Scratch;
use text::Template;

/// The largest ticket file, in bytes.
pub const MOST_BYTES: usize = 64 * 1024;

/// A text up to this length lies in one page of the page cache: the kernel copies it at once, and a SIGKILL during
/// pwrite(2) leaves the old text or the new one.
const ONE_PAGE: usize = 4096;

/// Why a file can't be sold from.
#[derive(Debug, thiserror::Error)]
pub enum TicketFileError {
    /// There is none.
    #[error("{}: no such file", path.display())]
    Missing {
        /// Which.
        path: PathBuf,
    },
    /// It is not a regular file.
    #[error("{}: not a regular file", path.display())]
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
    /// It is empty, for example because a buyer was killed between emptying and filling it. Tickets can be put on sale
    /// in it, since nothing can be lost.
    #[error("{}:1:1: the file is empty", path.display())]
    Empty {
        /// Which.
        path: PathBuf,
    },
    /// Its text is no valid ticket.
    #[error("{}:{}:{}: {}; a ticket file looks like {{\"ticket\": 1}}", path.display(), error.line, error.column, error.wrong)]
    Invalid {
        /// Which.
        path: PathBuf,
        /// What is wrong with the text, and where.
        error: TextError,
    },
    /// The system reported an error.
    #[error("{}: {cannot}: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// What could not be done.
        cannot: Cannot,
        /// Why it failed.
        source: Error,
    },
}

/// What can't be done with a file, or in a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Cannot {
    /// Read it.
    #[error("can't be read")]
    Read,
    /// Write it.
    #[error("can't be written")]
    Write,
    /// Create it.
    #[error("can't be created")]
    Create,
    /// Open it for writing.
    #[error("can't be opened for writing")]
    OpenToWrite,
    /// Open it to take a lock on it.
    #[error("can't be opened to lock it")]
    OpenToLock,
    /// Put a lock there: something else has the name.
    #[error("can't carry the lock")]
    CarryLock,
    /// Lock it while the lockfile beside it is looked at.
    #[error("can't be locked to look at the lockfile")]
    Guard,
    /// Follow it: it is a link that has the name of a file of ours.
    #[error("is a link, and ticketsim follows none there")]
    Follow,
    /// Write a file in it that is then renamed.
    #[error("can't be written, and a rename needs that")]
    RenameIn,
}

/// The result of a read of the ticket file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sighting {
    /// This stock.
    Stock(Stock),
    /// This text, which is no valid ticket.
    Torn(TornText),
}

/// A buyer's own open ticket file.
#[derive(Debug)]
pub struct TicketFile {
    path: PathBuf,
    file: Arc<File>,
    fsync: bool,
    /// Where a write by rename writes first.
    scratch: Scratch,
    template: Template,
    /// The text of the last read in the first `length` bytes; the rest is spare room.
    seen: Vec<u8>,
    length: usize,
    /// Its number; below, how many digits that has.
    stock: Stock,
    width: usize,
    text: Vec<u8>,
}

impl TicketFile {
    /// Opens the file for reading and writing. `run` identifies the scratch files of this run.
    ///
    /// # Errors
    /// When the system reports an error.
    pub fn open(path: &Path, fsync: bool, run: &RunTag) -> IoResult<Self> {
        Ok(Self {
            path: path.to_owned(),
            file: Arc::new(open(path)?),
            fsync,
            scratch: Scratch::new(run),
            template: Template::default(),
            seen: vec![0; 512],
            length: 0,
            stock: 0,
            width: 0,
            text: Vec::with_capacity(512),
        })
    }

    /// The open file, to take a lock on it.
    #[must_use]
    pub fn file(&self) -> &Arc<File> {
        &self.file
    }

    /// Where it lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Opens the file that has this name now: after a rename it is a different one.
    ///
    /// # Errors
    /// When the system reports an error.
    pub fn reopen(&mut self) -> IoResult<()> {
        self.file = Arc::new(open(&self.path)?);
        Ok(())
    }

    /// Reads the stock, with one pread(2).
    ///
    /// # Errors
    /// When the system reports an error. A text that is no valid ticket is no error, but a sighting.
    #[inline(always)]
    pub fn read(&mut self) -> IoResult<Sighting> {
        self.length = match self.file.read_at(&mut self.seen, 0) {
            Ok(length) if length < self.seen.len() => length,
            // There may be more.
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

    /// Parses the text that was read as JSON.
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

    /// Overwrites the last text read with one that has this stock: one pwrite(2), padded with spaces, so that the file
    /// never shrinks and never holds half a text.
    ///
    /// # Errors
    /// When the system reports an error.
    #[inline(always)]
    pub fn overwrite(&mut self, stock: Stock) -> IoResult<()> {
        let start = self.template.before.len();
        let number = start..start + self.width;
        if self.length > ONE_PAGE || decimal_width(stock) != self.width {
            return self.overwrite_resized(stock);
        }
        // The number has as many digits as before, so nothing else moves; usually only the last digit differs.
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

    /// As [`TicketFile::overwrite`], if the text after the number moves, or the text is long.
    #[cold]
    fn overwrite_resized(&mut self, stock: Stock) -> IoResult<()> {
        not_negative(stock)?;
        self.template.text(stock, self.length, &mut self.text);
        if self.text.len() > ONE_PAGE && decimal_width(stock) <= self.places() {
            // Too long to be written at once: change only the number, and pad after it.
            self.text.clear();
            write!(self.text, "{stock:<width$}", width = self.width)?;
            self.put(self.template.before.len() as u64)?;
        } else {
            self.make_room()?;
            self.put(0)?;
        }
        self.sync()
    }

    /// How many bytes the number may use without overwriting anything else: its digits and the spaces after them.
    fn places(&self) -> usize {
        let end = self.template.before.len() + self.width;
        let behind = self.seen.get(end..self.length).unwrap_or_default();
        self.width + behind.iter().take_while(|byte| **byte == b' ').count()
    }

    /// How long the file will be once this stock is written.
    fn length_with(&self, stock: Stock) -> usize {
        self.length + decimal_width(stock).saturating_sub(self.places())
    }

    /// Makes the file as long as the new text, by adding spaces at its end, which do not change its meaning. If the
    /// system has no room for them, the old text is still whole.
    fn make_room(&self) -> IoResult<()> {
        let spaces = vec![b' '; self.text.len().saturating_sub(self.length)];
        if spaces.is_empty() {
            return Ok(());
        }
        put(&self.file, &spaces, self.length as u64).inspect_err(|_| {
            // If this fails, the spaces do no harm.
            let _ = self.file.set_len(self.length as u64);
        })
    }

    /// Empties the file, as `open("w")` does.
    ///
    /// # Errors
    /// When the system reports an error.
    pub fn truncate(&mut self) -> IoResult<()> {
        self.file.set_len(0)
    }

    /// Begins a text in a file that is empty or has only white space.
    fn begin(&mut self) -> IoResult<()> {
        self.template = Template::fresh();
        self.length = 0;
        self.file.set_len(0)
    }

    /// Fills the emptied file with the text that was read last and this stock.
    ///
    /// # Errors
    /// When the system reports an error.
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
    /// When the system reports an error.
    pub fn replace(&mut self, stock: Stock) -> IoResult<()> {
        not_negative(stock)?;
        self.template.text(stock, 0, &mut self.text);
        let mode = self.file.metadata()?.mode();
        let scratch = self.scratch.create(&self.path)?;
        scratch.file.set_permissions(Permissions::from_mode(mode & 0o7777))?;
        put(&scratch.file, &self.text, 0)?;
        if self.fsync {
            scratch.file.sync_all()?;
        }
        scratch.replace(&self.path)?;
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

/// How many digits a stock has; 0 if a ticket file can't hold it.
fn decimal_width(number: Stock) -> usize {
    number.checked_ilog10().map_or(usize::from(number == 0), |power| power as usize + 1)
}

/// Rejects negative numbers: a ticket file can't hold them.
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

/// Reads from the start with one pread(2), or a second, larger one if the buffer was too small. Returns the number of
/// bytes, at most one more than [`MOST_BYTES`].
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
/// When there is none, or it is no ticket file, or the system reports an error.
pub fn load(path: &Path) -> Result<Stock, TicketFileError> {
    // Without O_NONBLOCK, opening a pipe would block before it is seen to be one.
    let file = OpenOptions::new().read(true).custom_flags(nix::libc::O_NONBLOCK).open(path);
    let file = file.map_err(|source| io_error(path, Cannot::Read, source))?;
    check_size(&file, path)?;
    load_from(&file, path).map(|parsed| parsed.stock)
}

/// Whether there is a ticket file at `path`.
#[must_use]
pub fn is_ticket_file(path: &Path) -> bool {
    load(path).is_ok()
}

/// Opens the ticket file at `path` without buying: to read it, or to put tickets on sale.
///
/// # Errors
/// When the system reports an error.
pub fn open_to_look(path: &Path) -> IoResult<TicketFile> {
    // The tag is not used: nothing is renamed.
    TicketFile::open(path, false, &RunTag::new(0))
}

/// Sets the stock of the existing ticket file at `path` in place: other members stay. An empty file becomes a ticket
/// file. The caller holds the lock.
///
/// # Errors
/// When it is no ticket file, has no room for the number, or the system reports an error. It is unchanged then.
pub fn set(path: &Path, stock: Stock) -> Result<(), TicketFileError> {
    let failed = |cannot| move |source| io_error(path, cannot, source);
    let mut ticket_file = open_to_look(path).map_err(failed(Cannot::OpenToWrite))?;
    check_size(&ticket_file.file, path)?;
    if let Sighting::Torn(_) = ticket_file.read().map_err(failed(Cannot::Read))? {
        match parsed(&ticket_file.seen[..ticket_file.length], path) {
            Err(TicketFileError::Empty { .. }) => ticket_file.begin().map_err(failed(Cannot::Write))?,
            Err(error) => return Err(error),
            Ok(_) => {}
        }
    }
    let bytes = ticket_file.length_with(stock) as u64;
    if bytes > MOST_BYTES as u64 {
        return Err(TicketFileError::TooLarge { path: path.to_owned(), bytes });
    }
    ticket_file.overwrite(stock).map_err(failed(Cannot::Write))
}

/// Creates a ticket file with this stock, whole or not at all, and its folder, if needed.
///
/// # Errors
/// When there is one already, or the system reports an error.
pub fn create(path: &Path, stock: Stock) -> Result<(), TicketFileError> {
    // Not `io_error`: if a part of the path is missing, it does not help to put tickets on sale.
    let failed = |source| TicketFileError::Io { path: path.to_owned(), cannot: Cannot::Create, source };
    std::fs::create_dir_all(folder(path)).map_err(failed)?;
    let mut temporary = Temporary::new_in(folder(path)).map_err(failed)?;
    writeln!(temporary.file(), "{{\"ticket\": {stock}}}").map_err(failed)?;
    temporary.settle(path).map_err(failed)
}

fn check_size(file: &File, path: &Path) -> Result<(), TicketFileError> {
    let metadata = file.metadata().map_err(|source| io_error(path, Cannot::Read, source))?;
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
    let length = read_at_start(file, &mut buffer).map_err(|source| io_error(path, Cannot::Read, source))?;
    parsed(&buffer[..length], path)
}

fn parsed(text: &[u8], path: &Path) -> Result<Parsed, TicketFileError> {
    if text.iter().all(u8::is_ascii_whitespace) {
        return Err(TicketFileError::Empty { path: path.to_owned() });
    }
    parse(text).map_err(|error| TicketFileError::Invalid { path: path.to_owned(), error })
}

fn io_error(path: &Path, cannot: Cannot, source: Error) -> TicketFileError {
    match source.kind() {
        ErrorKind::NotFound => TicketFileError::Missing { path: path.to_owned() },
        ErrorKind::IsADirectory => TicketFileError::NoFile { path: path.to_owned() },
        _ => TicketFileError::Io { path: path.to_owned(), cannot, source },
    }
}

#[cfg(test)]
mod tests;
