//! The name of a sale at a database. It is a part of table names, so it must not need quoting on any engine.

/// The name of a sale: `ticket`, unless another is given.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SaleName(String);

/// Why a text is no valid name of a sale.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} names no sale: it takes 1 to {most} of a-z, 0-9 and _, a letter first",
    most = SaleName::MOST
)]
pub struct NoSaleName(String);

impl NoSaleName {
    /// The text.
    #[must_use]
    pub fn given(&self) -> &str {
        &self.0
    }
}

impl SaleName {
    /// The longest name: with its prefix it stays below the 63 bytes of PostgreSQL and the 64 characters of MariaDB.
    pub const MOST: usize = 40;

    /// The table of the stock.
    #[must_use]
    pub fn stock_table(&self) -> String {
        format!("ticketsim_stock_{}", self.0)
    }

    /// The table of the receipts.
    #[must_use]
    pub fn receipt_table(&self) -> String {
        format!("ticketsim_receipt_{}", self.0)
    }

    /// The number of this sale's lock at a server, computed from the name (FNV-1a, 64 bits), so it is the same
    /// everywhere.
    #[must_use]
    pub fn lock_key(&self) -> i64 {
        let text = format!("ticketsim/{}", self.0);
        let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        hash.cast_signed()
    }

    /// The name itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for SaleName {
    fn default() -> Self {
        Self("ticket".to_owned())
    }
}

impl std::fmt::Display for SaleName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&self.0)
    }
}

impl std::str::FromStr for SaleName {
    type Err = NoSaleName;

    fn from_str(text: &str) -> Result<Self, NoSaleName> {
        let is_part = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        let begins = text.as_bytes().first().is_some_and(u8::is_ascii_lowercase);
        if begins && text.len() <= Self::MOST && text.bytes().all(is_part) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NoSaleName(text.chars().take(Self::MOST + 1).collect()))
        }
    }
}

impl serde::Serialize for SaleName {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> serde::Deserialize<'de> for SaleName {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_needs_quoting_names_no_sale() {
        for good in ["ticket", "a", "black_friday_2026", &"x".repeat(40)] {
            assert_eq!(
                good.parse::<SaleName>().expect("a name").stock_table(),
                format!("ticketsim_stock_{good}")
            );
        }
        for bad in ["", "1st", "_x", "Ticket", "a b", "a;drop", "a\"", "票", &"x".repeat(41)] {
            let error = bad.parse::<SaleName>().expect_err(bad).to_string();
            assert!(error.contains("a letter first"), "{error}");
        }
        assert!("a\u{1b}[2J".parse::<SaleName>().expect_err("a control character").to_string().is_ascii());
    }

    #[test]
    fn the_key_of_a_lock_is_the_same_for_ever() {
        let key = |name: &str| name.parse::<SaleName>().expect("a name").lock_key();
        assert_eq!(key("ticket"), SaleName::default().lock_key());
        assert_ne!(key("ticket"), key("ticket2"));
    }
}
