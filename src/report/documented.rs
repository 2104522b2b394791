//! The manuals on a combination: why its lock keeps its buyers apart, or why it does not.

use crate::lang::{Lang, matrix as say, run as say_run};
use crate::plan::{Exclusion, Plan, Workers};
use crate::protocol::file::{FileChoices, Lock, Write};

/// Why a combination keeps its buyers apart, or why not, in one sentence.
#[must_use]
pub fn documented(choices: &FileChoices, workers: Workers, lang: Lang) -> String {
    match Exclusion::of(choices, workers) {
        Exclusion::NoLock => match choices.write {
            Write::Overwrite => say::why_none_overwrite(lang),
            Write::Truncate => say::why_none_truncate(lang),
            Write::Rename => say::why_none_rename(lang),
        },
        Exclusion::SameOwner => say::why_same_owner(lang),
        Exclusion::RenamedAway => say::why_renamed_away(lang),
        Exclusion::ClosedAway => say::why_closed_away(lang),
        Exclusion::Unlinked => say::why_unlinked(lang),
        Exclusion::NotCovered => say::why_not_covered(lang),
        Exclusion::Inherited => say::why_inherited(lang),
        Exclusion::Mixed => say::why_mixed(lang),
        Exclusion::Rogue => say::why_rogue(lang),
        Exclusion::HelperUnlocked => say::why_helper_unlocked(lang),
        Exclusion::StaleBroken => say::why_stale_broken(lang),
        Exclusion::Leased => say::why_leased(lang),
        Exclusion::InTurn => say::why_in_turn(lang),
        Exclusion::Excludes => match choices.lock {
            // Without a lock nothing keeps buyers apart.
            Lock::None => String::new(),
            Lock::Flock => say::why_flock(lang),
            Lock::Posix => say::why_posix(lang),
            Lock::Ofd => say::why_ofd(lang),
            Lock::Lockfile => say::why_lockfile(lang),
            Lock::Semaphore => say::why_semaphore(lang),
            Lock::Mkdir => say::why_mkdir(lang),
            Lock::Link => say::why_link(lang),
            // A lease keeps buyers apart only until it expires.
            Lock::Lease => say::why_leased(lang),
        },
    }
}

/// What is said about a plan whose lock does not keep its buyers apart.
#[must_use]
pub fn demonstration(plan: &Plan, lang: Lang) -> Option<String> {
    match plan.exclusion() {
        Exclusion::Excludes | Exclusion::NoLock | Exclusion::InTurn => None,
        Exclusion::RenamedAway
        | Exclusion::SameOwner
        | Exclusion::ClosedAway
        | Exclusion::Unlinked
        | Exclusion::NotCovered
        | Exclusion::Inherited
        | Exclusion::Mixed
        | Exclusion::Rogue
        | Exclusion::HelperUnlocked
        | Exclusion::StaleBroken
        | Exclusion::Leased => {
            let documented = documented(&plan.file()?.choices, plan.workers, lang);
            Some(say_run::demonstration(lang, documented))
        }
    }
}
