//! The words of a run's text output.

use super::texts;

texts! {
    /// The last line of a sound run under a lock.
    how_to_break(command) {
        en: "To see the race, take the lock away:  {command}",
        zh: "想看竞争，去掉锁：  {command}",
    }
    /// The last line of an unsound run without a lock.
    how_to_fix(command) {
        en: "To fix it, let them take a lock:  {command}",
        zh: "想修好它，让买家先拿锁：  {command}",
    }
}
