//! The names of a ticket file: the paths through which buyers open it.

use std::path::{Path, PathBuf};

use super::{FilePlan, OneName, Plan, PlanError};
use crate::protocol::file::FileChoices;

impl FilePlan {
    /// A sale from this ticket file, which has one name.
    #[must_use]
    pub fn new(choices: FileChoices, file: &Path) -> Self {
        Self { choices, file: file.to_owned(), via: Vec::new() }
    }

    /// The names of the ticket file, at least one.
    pub fn names(&self) -> impl Iterator<Item = &Path> {
        std::iter::once(&self.file).chain(&self.via).map(PathBuf::as_path)
    }

    /// The name that a buyer, counted from 1, opens it by.
    #[must_use]
    pub fn name_of(&self, buyer: u32) -> &Path {
        let turn = (buyer.saturating_sub(1) as usize) % (self.via.len() + 1);
        turn.checked_sub(1).map_or(&self.file, |place| &self.via[place])
    }
}

impl Plan {
    /// Rejects names that no buyer would use, and choices that need a file with one name.
    pub(super) fn check_names(&self) -> Result<(), PlanError> {
        let Some(file) = self.file().filter(|file| !file.via.is_empty()) else { return Ok(()) };
        let names = file.via.len() + 1;
        if names > self.buyers as usize {
            return Err(PlanError::IdleNames { names, buyers: self.buyers });
        }
        if file.choices.inherit {
            return Err(PlanError::OneNameAlone(OneName::Inherit));
        }
        if self.restocks {
            return Err(PlanError::OneNameAlone(OneName::Restocks));
        }
        Ok(())
    }
}

pub(super) fn as_text<S: serde::Serializer>(paths: &[PathBuf], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(paths.iter().map(|path| path.to_string_lossy()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::file::{Lock, Write};

    #[test]
    fn buyers_take_turns_among_the_names() {
        let plan = FilePlan::new(FileChoices::new(Lock::Flock, Write::Overwrite), "a".as_ref());
        assert!((1..=5).all(|buyer| plan.name_of(buyer) == Path::new("a")));
        let plan = FilePlan { via: vec!["b".into(), "c".into()], ..plan };
        let names: Vec<&Path> = (1..=7).map(|buyer| plan.name_of(buyer)).collect();
        assert_eq!(names, ["a", "b", "c", "a", "b", "c", "a"].map(Path::new));
        assert_eq!(plan.names().collect::<Vec<_>>(), ["a", "b", "c"].map(Path::new));
    }
}
