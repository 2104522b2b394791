//! The keys of a sale, and the scripts that touch several of them at once.

use crate::protocol::StepKind;
use crate::store::sql::SaleName;

/// The keys of a sale.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Keys {
    /// The stock.
    pub(super) stock: String,
    /// The lease: it exists while a buyer has it.
    pub(super) lease: String,
    /// How often the lease was granted: the number of a grant is its token.
    pub(super) token: String,
    /// The highest token that was shown with a step that was accepted.
    pub(super) shown: String,
}

impl Keys {
    /// The keys of the sale of this name.
    pub(super) fn of(name: &SaleName) -> Self {
        let key = |what: &str| format!("ticketsim:{what}:{name}");
        Self { stock: key("stock"), lease: key("lease"), token: key("token"), shown: key("shown") }
    }

    /// All of them, the stock first.
    pub(super) fn all(&self) -> [&str; 4] {
        [&self.stock, &self.lease, &self.token, &self.shown]
    }
}

/// Grants the lease with the number of the grant as its token: KEYS lease, token; ARGV owner, milliseconds. 0 if
/// another buyer has it.
pub(super) const LOCK: &str = "\
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
local token = redis.call('INCR', KEYS[2])
redis.call('SET', KEYS[1], ARGV[1] .. token, 'PX', ARGV[2])
return token";

/// Deletes the lease if it is still this one: KEYS lease; ARGV its value.
pub(super) const UNLOCK: &str = "\
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0";

/// One less if there is one left: KEYS stock.
const TAKE: &str = "\
if tonumber(redis.call('GET', KEYS[1]) or '0') <= 0 then return false end
return redis.call('DECR', KEYS[1])";

/// Rejects a token that is older than one shown before: KEYS stock, shown; ARGV token.
const FENCE: &str = "\
if tonumber(ARGV[1]) < tonumber(redis.call('GET', KEYS[2]) or '0') then
  return redis.error_reply('FENCED a newer token has been shown')
end
redis.call('SET', KEYS[2], ARGV[1])
";

/// The script of a step; `None` if it is a plain command.
pub(super) fn script(step: StepKind, is_fenced: bool) -> Option<String> {
    let fenced = |rest: &str| is_fenced.then(|| format!("{FENCE}{rest}"));
    match step {
        StepKind::Take => Some(fenced(TAKE).unwrap_or_else(|| TAKE.to_owned())),
        StepKind::Read => fenced("return redis.call('GET', KEYS[1])"),
        StepKind::Write => fenced("return redis.call('SET', KEYS[1], ARGV[2])"),
        StepKind::Decrement => fenced("return redis.call('DECR', KEYS[1])"),
        StepKind::Lock if is_fenced => Some(LOCK.to_owned()),
        StepKind::Unlock => Some(UNLOCK.to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keys_bear_the_name_of_the_sale() {
        let keys = Keys::of(&SaleName::default());
        assert_eq!(keys.stock, "ticketsim:stock:ticket");
        assert!(keys.all().iter().all(|key| key.starts_with("ticketsim:") && key.ends_with(":ticket")));
    }
}
