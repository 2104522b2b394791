//! Exercises: a small program with the purchase left blank, and how `ticketsim race` judges it. Only the reader runs
//! the programs that are written here.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use super::{Lesson, LessonError, Used, failed};
use crate::closed_set::closed_set;
use crate::lang::{Lang, lesson::exercise as text};

closed_set! {
    /// What an exercise is written in.
    pub enum Exercise: "language of exercises" {
        /// Python 3, with nothing but its standard library.
        Python = "python",
    }
}

/// How many processes race, and for how many tickets.
const BUYERS: u32 = 10;
const TICKETS: u32 = 3;

impl Exercise {
    /// What its program is called.
    const fn file(self) -> &'static str {
        match self {
            Exercise::Python => "exercise.py",
        }
    }

    /// The command that judges it, beside the file with the tickets.
    #[must_use]
    pub fn command(self) -> String {
        let Exercise::Python = self;
        let file = self.file();
        format!(
            "ticketsim race -n {BUYERS} --trials 3 --stock 'cat tickets' --reset 'echo {TICKETS} > tickets' \
             --bought exit=0 --refused exit=3 -- python3 {file}"
        )
    }

    fn program(self, lang: Lang) -> String {
        let Exercise::Python = self;
        text::python(lang, BUYERS)
    }
}

/// Writes the program of a lesson's exercise into this folder, and nothing that is there already. Returns its path.
///
/// # Errors
/// When the lesson has none, when there is such a file, or when it can't be written.
pub fn write(lesson: Lesson, exercise: Exercise, folder: &Path, lang: Lang) -> Result<PathBuf, LessonError> {
    if lesson != Lesson::Lock {
        return Err(LessonError::NoExercise { lesson });
    }
    let path = folder.join(exercise.file());
    let io = |why| failed(Used::Exercise(path.clone()))(why);
    let mut file = match OpenOptions::new().write(true).create_new(true).open(&path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            return Err(LessonError::ExerciseIsThere { path });
        }
        file => file.map_err(io)?,
    };
    file.write_all(exercise.program(lang).as_bytes()).map_err(io)?;
    Ok(path)
}
