//! Cuts a stream of lines into blocks. Several threads parse them side by side ([`super::quick`]) and hand them on in
//! their order. A thread takes a block from the stream, parses it, and waits for its turn to hand it on. So memory
//! holds one block for each thread, however long the stream is, and data from a pipe is handed on when it comes.

use std::io::Read;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::quick::Parsed;

/// The most that is read at a time, in bytes.
const BLOCK: usize = 1 << 18;
/// A stream longer than this, in bytes, is worth another thread.
const ALONE: u64 = 1 << 18;
/// More threads would wait for the one that reads.
const MOST_THREADS: usize = 4;

/// Whole lines of the stream; only the last line of the stream may lack its line feed.
pub(super) struct Block<'a> {
    pub(super) text: &'a [u8],
    pub(super) parsed: &'a mut Parsed,
}

/// Takes the blocks, in their order.
pub(super) trait Sink: Send {
    /// Why it wants no more blocks.
    type Error: Send;

    /// Takes the next block.
    ///
    /// # Errors
    /// When something in it is wrong.
    fn take(&mut self, block: Block<'_>) -> Result<(), Self::Error>;

    /// The error for a stream that can't be read.
    fn unread(&self, error: std::io::Error) -> Self::Error;
}

/// Reads a stream of lines to its end, or until an error. A line may have `most_line` bytes; of a longer one,
/// this many and at most one block more come as a block without a line feed.
pub(super) fn read<S: Sink>(
    stream: impl Read + Send,
    most_line: usize,
    sink: &mut S,
) -> Result<(), S::Error> {
    let source =
        Mutex::new(Source { stream, rest: Vec::new(), most_line, blocks: 0, bytes: 0, ended: false });
    let hand = Mutex::new(Hand { sink, turn: 0, failed: None, abandoned: false });
    let crew = Crew { source, hand, turned: Condvar::new() };
    crew.work(ALONE);
    let unfinished = || !lock(&crew.source).ended && lock(&crew.hand).failed.is_none();
    if unfinished() {
        let others = std::thread::available_parallelism().map_or(1, usize::from).min(MOST_THREADS) - 1;
        std::thread::scope(|threads| {
            for _ in 0..others {
                // If the system gives no more threads, the others do all the work.
                let _ = std::thread::Builder::new().spawn_scoped(threads, || crew.work(u64::MAX));
            }
            crew.work(u64::MAX);
        });
    }
    let hand = crew.hand.into_inner().unwrap_or_else(PoisonError::into_inner);
    hand.failed.map_or(Ok(()), Err)
}

/// A poisoned lock is fine here: the panic is reported when the thread is joined.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What the threads share.
struct Crew<'a, R, S: Sink> {
    source: Mutex<Source<R>>,
    hand: Mutex<Hand<'a, S>>,
    turned: Condvar,
}

/// The sink, and which block's turn it is.
struct Hand<'a, S: Sink> {
    sink: &'a mut S,
    turn: u64,
    failed: Option<S::Error>,
    abandoned: bool,
}

impl<R: Read + Send, S: Sink> Crew<'_, R, S> {
    /// Reads blocks and hands them on, until the end or until `most_bytes` have been read.
    fn work(&self, most_bytes: u64) {
        let _leaving = Leaving(self);
        let mut buffer = Buffer::default();
        let mut parsed = Parsed::default();
        loop {
            let mut source = lock(&self.source);
            if source.ended || source.bytes > most_bytes {
                return;
            }
            let number = source.blocks;
            let read = source.next(&mut buffer);
            drop(source);
            if read.is_ok() {
                parsed.read(buffer.text());
            }
            let mut hand = lock(&self.hand);
            while hand.turn != number && !hand.is_over() {
                hand = self.turned.wait(hand).unwrap_or_else(PoisonError::into_inner);
            }
            if hand.is_over() {
                return;
            }
            let taken = match read {
                Ok(()) => hand.sink.take(Block { text: buffer.text(), parsed: &mut parsed }),
                Err(error) => Err(hand.sink.unread(error)),
            };
            hand.failed = taken.err();
            hand.turn += 1;
            let over = hand.is_over();
            drop(hand);
            self.turned.notify_all();
            if over {
                // The stream may still be open, so an error is reported now, not at its end.
                return;
            }
        }
    }
}

impl<S: Sink> Hand<'_, S> {
    fn is_over(&self) -> bool {
        self.failed.is_some() || self.abandoned
    }
}

/// Wakes the others when a thread panics: its turn would never end.
struct Leaving<'a, 'b, R, S: Sink>(&'a Crew<'b, R, S>);

impl<R, S: Sink> Drop for Leaving<'_, '_, R, S> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            lock(&self.0.hand).abandoned = true;
            self.0.turned.notify_all();
        }
    }
}

/// A block's bytes, in memory that is used again for the next block.
#[derive(Default)]
struct Buffer {
    bytes: Vec<u8>,
    length: usize,
}

impl Buffer {
    fn text(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    /// Room for this many bytes after the present ones.
    fn room(&mut self, more: usize) -> &mut [u8] {
        if self.bytes.len() < self.length + more {
            self.bytes.resize(self.length + more, 0);
        }
        &mut self.bytes[self.length..self.length + more]
    }
}

/// The stream, and the part of the next block that was already read.
struct Source<R> {
    stream: R,
    /// The unfinished line after the last block.
    rest: Vec<u8>,
    most_line: usize,
    blocks: u64,
    bytes: u64,
    ended: bool,
}

impl<R: Read> Source<R> {
    /// Reads the next block: what is available now, up to its last line feed.
    fn next(&mut self, block: &mut Buffer) -> std::io::Result<()> {
        self.blocks += 1;
        block.length = 0;
        block.room(self.rest.len()).copy_from_slice(&self.rest);
        block.length = self.rest.len();
        self.rest.clear();
        loop {
            let length = match self.stream.read(block.room(BLOCK)) {
                Ok(length) => length,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    self.ended = true;
                    return Err(error);
                }
            };
            let came_from = block.length;
            block.length += length;
            self.bytes += length as u64;
            self.ended = length == 0;
            if self.ended {
                return Ok(());
            }
            if let Some(last) = block.text()[came_from..].iter().rposition(|byte| *byte == b'\n') {
                let end = came_from + last + 1;
                self.rest.extend_from_slice(&block.text()[end..]);
                block.length = end;
                return Ok(());
            }
            if block.length >= self.most_line {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Keeps all text that it gets, and fails at a word.
    struct Copy {
        text: Vec<u8>,
        lines: u32,
        fails_at: &'static [u8],
    }

    impl Sink for Copy {
        type Error = String;

        fn take(&mut self, block: Block<'_>) -> Result<(), String> {
            self.text.extend_from_slice(block.text);
            self.lines += block.parsed.lines;
            let fails = block.text.windows(self.fails_at.len().max(1)).any(|text| text == self.fails_at);
            if fails { Err("the word".to_owned()) } else { Ok(()) }
        }

        fn unread(&self, error: std::io::Error) -> String {
            error.to_string()
        }
    }

    /// A stream that brings a little at a time, and then an error.
    struct Drops<'a> {
        text: &'a [u8],
        at_most: usize,
        fails: bool,
    }

    impl Read for Drops<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            if self.text.is_empty() && self.fails {
                return Err(std::io::Error::other("gone"));
            }
            let length = self.text.len().min(self.at_most).min(buffer.len());
            buffer[..length].copy_from_slice(&self.text[..length]);
            self.text = &self.text[length..];
            Ok(length)
        }
    }

    fn copy_of(stream: impl Read + Send, fails_at: &'static [u8]) -> (Copy, Result<(), String>) {
        let mut copy = Copy { text: Vec::new(), lines: 0, fails_at };
        let result = read(stream, 1 << 20, &mut copy);
        (copy, result)
    }

    #[test]
    fn all_comes_in_its_order_whatever_a_read_brings() {
        let line = |number: u32| format!("{number:>width$}\n", width = 1 + (number as usize * 7919) % 300);
        let text: String = (0..20_000).map(line).collect::<String>() + "no line feed";
        for at_most in [7, 1000, 65_536, usize::MAX] {
            let (copy, result) =
                copy_of(Drops { text: text.as_bytes(), at_most, fails: false }, b"none such");
            assert!(result.is_ok() && copy.text == text.as_bytes(), "{at_most} at most");
            assert_eq!(copy.lines, 20_001);
        }
    }

    #[test]
    fn the_first_error_is_the_one_that_is_told() {
        let text: String = (0..200_000).map(|number| format!("{number}\n")).collect();
        let (copy, result) =
            copy_of(Drops { text: text.as_bytes(), at_most: 4096, fails: true }, b"\n150000\n");
        assert_eq!(result, Err("the word".to_owned()));
        assert!(text.as_bytes().starts_with(&copy.text) && copy.text.len() < text.len());
        let (copy, result) =
            copy_of(Drops { text: text.as_bytes(), at_most: 4096, fails: true }, b"none such");
        // The line that the error cut off is not handed on.
        let lost = text.len() - copy.text.len();
        assert!(
            result == Err("gone".to_owned()) && text.as_bytes().starts_with(&copy.text) && lost < 8,
            "{lost}"
        );
    }

    /// A stream that brings one line, and may not be asked for more.
    struct Once(Option<&'static [u8]>);

    impl Read for Once {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let text = self.0.take().expect("nobody reads on");
            buffer[..text.len()].copy_from_slice(text);
            Ok(text.len())
        }
    }

    #[test]
    fn what_is_wrong_is_told_before_more_is_waited_for() {
        let (_, result) = copy_of(Once(Some(b"one\n")), b"one\n");
        assert_eq!(result, Err("the word".to_owned()));
    }

    #[test]
    fn a_line_without_end_is_handed_on_before_it_fills_the_memory() {
        let endless = std::io::repeat(b' ');
        let (copy, result) = copy_of(std::io::Read::take(endless, 1 << 24), b"none such");
        assert_eq!((result, copy.text.len()), (Ok(()), 1 << 24));
    }
}
