//! The secret that lead and hosts share. Each proves to the other that it knows it, with HMAC-SHA-256 (RFC 2104) over a
//! random number from the other. The secret itself is never sent.

use std::fmt;

use data_encoding::HEXLOWER;
use ring::hmac;

/// The shared secret.
#[derive(Clone)]
pub struct Token(hmac::Key);

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}

/// A token that is too short.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a token has at least {least} characters, so that nobody finds it out by trying; `lead` draws one by itself", least = Token::LEAST)]
pub struct TokenError;

/// The side that proves it: the proof of one side is not valid for the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Lead,
    Host,
}

impl Token {
    /// The fewest characters of a token.
    pub const LEAST: usize = 16;

    /// The token of this text.
    ///
    /// # Errors
    /// When it is too short.
    pub fn new(text: &str) -> Result<Self, TokenError> {
        if text.chars().count() < Self::LEAST {
            return Err(TokenError);
        }
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, text.as_bytes())))
    }

    /// A token that nobody can guess, as text.
    #[must_use]
    pub fn drawn() -> String {
        nonce()
    }

    /// The proof of one side, of what both have seen.
    pub(super) fn proof(&self, side: Side, seen: &[&str]) -> String {
        HEXLOWER.encode(hmac::sign(&self.0, &message(side, seen)).as_ref())
    }

    /// Whether this is that side's proof, compared in constant time.
    pub(super) fn is_proof(&self, proof: &str, side: Side, seen: &[&str]) -> bool {
        let Ok(proof) = HEXLOWER.decode(proof.as_bytes()) else { return false };
        hmac::verify(&self.0, &message(side, seen), &proof).is_ok()
    }
}

/// The message to sign: each part with its length, so that different lists never give the same message.
fn message(side: Side, seen: &[&str]) -> Vec<u8> {
    let side = if side == Side::Lead { "ticketsim lead" } else { "ticketsim host" };
    let mut message = Vec::new();
    for part in std::iter::once(&side).chain(seen) {
        message.extend((part.len() as u64).to_le_bytes());
        message.extend(part.as_bytes());
    }
    message
}

/// A fresh random number: 128 bits, in hexadecimal.
pub(super) fn nonce() -> String {
    format!("{:032x}", rand::random::<u128>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_is_of_one_token_one_side_and_one_message() {
        let token = Token::new("sesame-sesame-sesame").expect("a token");
        let other = Token::new("sesame-sesame-sesamE").expect("a token");
        let proof = token.proof(Side::Host, &["ab", "c"]);
        assert!(token.is_proof(&proof, Side::Host, &["ab", "c"]));
        assert!(!token.is_proof(&proof, Side::Lead, &["ab", "c"]), "sent back");
        assert!(!token.is_proof(&proof, Side::Host, &["a", "bc"]), "cut elsewhere");
        assert!(
            !token.is_proof(&proof[..62], Side::Host, &["ab", "c"]) && !token.is_proof("", Side::Host, &[])
        );
        assert!(!other.is_proof(&proof, Side::Host, &["ab", "c"]));
        assert!(Token::new("fifteen letters").is_err() && Token::new(&Token::drawn()).is_ok());
        assert_eq!(format!("{token:?}"), "Token");
    }
}
