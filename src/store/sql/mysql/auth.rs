//! How a password is proven to a server. The password itself is sent only over a connection that nobody else can read.

use ring::digest::{Algorithm, Context, SHA1_FOR_LEGACY_USE_ONLY, SHA256};

/// How a server wants an account to be proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    /// `mysql_native_password`: what MariaDB has.
    Native,
    /// `caching_sha2_password`: what MySQL has.
    CachingSha2,
    /// `mysql_clear_password`: the password itself, for another service that checks it.
    Clear,
}

impl Method {
    /// The method of this name, if we have it.
    pub(super) fn named(name: &[u8]) -> Option<Self> {
        [Method::Native, Method::CachingSha2, Method::Clear].into_iter().find(|known| known.name() == name)
    }

    /// Its name.
    pub(super) const fn name(self) -> &'static [u8] {
        match self {
            Method::Native => b"mysql_native_password",
            Method::CachingSha2 => b"caching_sha2_password",
            Method::Clear => b"mysql_clear_password",
        }
    }

    /// The proof of a password with the server's random bytes. It is empty if there is no password.
    pub(super) fn proof(self, password: &str, drawn: &[u8]) -> Vec<u8> {
        let password = password.as_bytes();
        match self {
            Method::Clear => [password, &[0]].concat(),
            _ if password.is_empty() => Vec::new(),
            // SHA1(password) XOR SHA1(drawn, SHA1(SHA1(password)))
            Method::Native => {
                let once = hash(&SHA1_FOR_LEGACY_USE_ONLY, &[password]);
                let twice = hash(&SHA1_FOR_LEGACY_USE_ONLY, &[&once]);
                mixed(&once, &hash(&SHA1_FOR_LEGACY_USE_ONLY, &[drawn, &twice]))
            }
            // SHA256(password) XOR SHA256(SHA256(SHA256(password)), drawn)
            Method::CachingSha2 => {
                let once = hash(&SHA256, &[password]);
                let twice = hash(&SHA256, &[&once]);
                mixed(&once, &hash(&SHA256, &[&twice, drawn]))
            }
        }
    }
}

fn hash(algorithm: &'static Algorithm, parts: &[&[u8]]) -> Vec<u8> {
    let mut context = Context::new(algorithm);
    parts.iter().for_each(|part| context.update(part));
    context.finish().as_ref().to_vec()
}

fn mixed(one: &[u8], other: &[u8]) -> Vec<u8> {
    one.iter().zip(other).map(|(one, other)| one ^ other).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How a server checks a proof: it knows only the hash of the hash.
    #[test]
    fn a_proof_leads_to_the_hash_that_the_server_keeps() {
        let drawn = b"0123456789abcdefghij";
        for (method, algorithm) in
            [(Method::Native, &SHA1_FOR_LEGACY_USE_ONLY), (Method::CachingSha2, &SHA256)]
        {
            let kept = hash(algorithm, &[&hash(algorithm, &[b"open sesame"])]);
            let mask = match method {
                Method::Native => hash(algorithm, &[drawn, &kept]),
                _ => hash(algorithm, &[&kept, drawn]),
            };
            let is_right = |word: &str| hash(algorithm, &[&mixed(&method.proof(word, drawn), &mask)]) == kept;
            assert!(is_right("open sesame") && !is_right("open barley"), "{method:?}");
            assert!(method.proof("", drawn).is_empty());
        }
        // As MariaDB's own PASSWORD('secret') has it.
        let kept = hash(&SHA1_FOR_LEGACY_USE_ONLY, &[&hash(&SHA1_FOR_LEGACY_USE_ONLY, &[b"secret"])]);
        let text: String = kept.iter().map(|byte| format!("{byte:02X}")).collect();
        assert_eq!(text, "14E65567ABDB5135D0CFD9A70B3032C179A49EE7");
        assert_eq!(Method::Clear.proof("word", drawn), b"word\0");
    }
}
