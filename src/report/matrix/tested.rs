//! What a matrix was made on, in words.

use crate::foreign::shown;
use crate::lang::{Lang, matrix as say};
use crate::matrix::{Mounted, Tested};

/// What a matrix was made on: a line for each folder, and one for the machine.
pub(super) fn lines(tested: &Tested, lang: Lang) -> Vec<String> {
    let folder = |mounted: &Mounted| say::tested_folder(lang, folder(mounted, lang));
    tested.paths.iter().map(folder).chain([say::tested_on(lang, machine(tested, lang))]).collect()
}

/// A folder and its mount: `/mnt/share (nfs4, shop:/share, rw,vers=4.2)`.
pub(super) fn folder(Mounted { path, filesystem, source, options }: &Mounted, lang: Lang) -> String {
    let about: Vec<&str> = [filesystem, source, options].into_iter().flatten().map(String::as_str).collect();
    let about = if about.is_empty() { String::new() } else { lang.in_brackets(lang.list(&about)) };
    shown(&format!("{path}{about}")).into_owned()
}

/// The machine, the day and the version: `shop, Linux 6.1.0, 2026-01-31T12:00:00Z, ticketsim 0.1.0`.
pub(super) fn machine(Tested { version, date, host, kernel, .. }: &Tested, lang: Lang) -> String {
    let version = format!("ticketsim {version}");
    let parts = [host.as_ref(), kernel.as_ref(), Some(date), Some(&version)];
    let parts: Vec<&str> = parts.into_iter().flatten().map(String::as_str).collect();
    shown(&lang.list(&parts)).into_owned()
}
