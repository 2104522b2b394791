//! An optional number in the size of the number alone: each of a million purchases has ten of them.

use std::fmt;

/// A number, or nothing. The highest time, the lowest stock and the highest process id stand for nothing: they never
/// occur.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Noted<T>(T);

/// What can be [`Noted`].
pub trait Notable: Copy + Eq {
    /// The number that stands for nothing.
    const NOTHING: Self;
    /// The number next to it, which replaces it if it does occur.
    const NEAREST: Self;
}

impl Notable for u64 {
    const NOTHING: Self = Self::MAX;
    const NEAREST: Self = Self::MAX - 1;
}

impl Notable for u32 {
    const NOTHING: Self = Self::MAX;
    const NEAREST: Self = Self::MAX - 1;
}

impl Notable for i64 {
    const NOTHING: Self = Self::MIN;
    const NEAREST: Self = Self::MIN + 1;
}

impl<T: Notable> Noted<T> {
    /// Nothing was noted.
    pub const NONE: Self = Self(T::NOTHING);

    /// The number, where there is one.
    #[must_use]
    #[inline]
    pub fn get(self) -> Option<T> {
        if self.0 == T::NOTHING { None } else { Some(self.0) }
    }
}

impl<T: Notable> Default for Noted<T> {
    fn default() -> Self {
        Self::NONE
    }
}

impl<T: Notable> From<Option<T>> for Noted<T> {
    #[inline]
    fn from(number: Option<T>) -> Self {
        number.map_or(Self::NONE, Self::from)
    }
}

impl<T: Notable> From<T> for Noted<T> {
    #[inline]
    fn from(number: T) -> Self {
        Self(if number == T::NOTHING { T::NEAREST } else { number })
    }
}

impl<T: Notable + fmt::Debug> fmt::Debug for Noted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_comes_back_and_nothing_stays_nothing() {
        for number in [0, 1, u64::MAX - 1] {
            assert_eq!(Noted::from(number).get(), Some(number));
        }
        assert_eq!(Noted::from(u64::MAX).get(), Some(u64::MAX - 1), "far from any clock");
        assert_eq!(Noted::from(i64::MIN).get(), Some(-i64::MAX));
        assert_eq!((Noted::<i64>::default().get(), Noted::<u32>::from(None).get()), (None, None));
        assert_eq!(format!("{:?} {:?}", Noted::from(-1_i64), Noted::<u64>::NONE), "Some(-1) None");
        assert_eq!(size_of::<Noted<u64>>(), 8);
    }
}
