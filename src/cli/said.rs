//! What went wrong, in the language of whoever reads it. Errors of lower rooms are data: each says itself in English
//! and in Chinese. What other programs and the system say stays as they say it.

use std::error::Error;
use std::num::{ParseFloatError, ParseIntError};

use crate::closed_set::UnknownName;
use crate::lang::errors::options as say;
use crate::lang::{Bilingual, InChinese as _, Lang};

/// The error in this language, without its causes.
pub(super) fn said(error: &(dyn Error + 'static), lang: Lang) -> String {
    match lang {
        Lang::En => error.to_string(),
        Lang::Zh => chinese(error).unwrap_or_else(|| error.to_string()),
    }
}

/// The first of these types that the error is of says it.
macro_rules! of_types {
    ($error:ident: $($type:ty),+ $(,)?) => {
        $(if let Some(error) = $error.downcast_ref::<$type>() {
            return Some(error.in_chinese());
        })+
    };
}

fn chinese(error: &(dyn Error + 'static)) -> Option<String> {
    of_types!(error: Bilingual, UnknownName);
    // What the standard library says of numbers.
    if error.is::<ParseIntError>() {
        return Some(say::no_whole_number(Lang::Zh));
    }
    error.is::<ParseFloatError>().then(|| say::no_fraction(Lang::Zh))
}
