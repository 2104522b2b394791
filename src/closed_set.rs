//! `closed_set!`: an enum that lists, names, describes, parses, prints and serialises itself from
//! one place, so that a name can't differ between the command line, the JSON and the history.

/// A name that is not in its closed set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown {what} {given:?}: one of {known}")]
pub struct UnknownName {
    /// What the members are, e.g. `lock`.
    pub what: &'static str,
    /// The name that was given.
    pub given: String,
    /// The known names, separated by commas.
    pub known: String,
}

/// The common interface of all enums that `closed_set!` declares.
pub trait ClosedSet: std::str::FromStr<Err = UnknownName> {
    /// The name used on the command line, in JSON and in histories.
    fn name(self) -> &'static str;
    /// One sentence on the member.
    fn about(self) -> &'static str;
}

/// Declares a closed set: `enum Set: "what it is" { /// About. Member = "name", … }`.
macro_rules! closed_set {
    (
        $(#[$meta:meta])*
        pub enum $Set:ident: $what:literal {
            $( $(#[doc = $about:literal])+ $Member:ident = $name:literal ),+ $(,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $Set {
            $( $(#[doc = $about])+ $Member ),+
        }

        impl $Set {
            /// Every member, in the order of their declaration.
            pub const ALL: &[$Set] = &[$( $Set::$Member ),+];

            /// The name used on the command line, in JSON and in histories.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $( $Set::$Member => $name ),+ }
            }

            /// One sentence on the member, as its documentation has it.
            #[must_use]
            pub fn about(self) -> &'static str {
                match self { $( $Set::$Member => concat!($( $about ),+).trim() ),+ }
            }
        }

        impl $crate::closed_set::ClosedSet for $Set {
            fn name(self) -> &'static str {
                $Set::name(self)
            }
            fn about(self) -> &'static str {
                $Set::about(self)
            }
        }

        impl std::fmt::Display for $Set {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.name())
            }
        }

        impl std::str::FromStr for $Set {
            type Err = $crate::closed_set::UnknownName;
            fn from_str(given: &str) -> Result<Self, Self::Err> {
                Self::ALL.iter().copied().find(|member| member.name() == given).ok_or_else(|| {
                    $crate::closed_set::UnknownName {
                        what: $what,
                        given: given.to_owned(),
                        known: Self::ALL.iter().map(|member| member.name()).collect::<Vec<_>>().join(", "),
                    }
                })
            }
        }

        impl serde::Serialize for $Set {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.name())
            }
        }

        impl<'de> serde::Deserialize<'de> for $Set {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let name = std::borrow::Cow::<str>::deserialize(deserializer)?;
                name.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}
pub(crate) use closed_set;
