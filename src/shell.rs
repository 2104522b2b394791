//! Words as a POSIX shell takes them, for commands that a user can copy.

use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use crate::foreign;

/// The text as one word of a POSIX shell.
#[must_use]
pub fn shell_quoted(text: &str) -> String {
    if text.contains(foreign::is_harmful) {
        return dollar_quoted(text.as_bytes());
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// The path as one word of a POSIX shell.
#[must_use]
pub fn shell_quoted_path(path: &Path) -> String {
    path.to_str().map_or_else(|| dollar_quoted(path.as_os_str().as_bytes()), shell_quoted)
}

/// The bytes as one word of a shell that knows `$'…'` (POSIX since 2024; bash, zsh and ksh long before): those
/// that a terminal would obey, or that are no text, stand as octal numbers.
fn dollar_quoted(bytes: &[u8]) -> String {
    let mut word = "$'".to_owned();
    let octal = |bytes: &[u8]| bytes.iter().map(|byte| format!("\\{byte:03o}")).collect::<String>();
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\'' | '\\' => word.extend(['\\', c]),
                c if foreign::is_harmful(c) => word += &octal(c.encode_utf8(&mut [0; 4]).as_bytes()),
                c => word.push(c),
            }
        }
        word += &octal(chunk.invalid());
    }
    word + "'"
}
