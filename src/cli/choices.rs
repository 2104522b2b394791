//! The options that say what one purchase does: the choices of a ticket file or of a database, or steps in an
//! order of your own, or a protocol by its name. Every command that sells, counts or replays takes them.
//!
//! Files and databases share the options `--lock`, `--write` and `--steps`, but with different values. So the values
//! are first read as plain words; the store gives them their meaning.

use anyhow::Context as _;
use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

use super::closed;
use super::redis_choices::RedisArgs;
use super::sql_choices::SqlArgs;
use super::trouble::TroubleArgs;
use super::wrong::{ensure, wrong};
use crate::closed_set::{ClosedSet, UnknownName};
use crate::lang::errors::together;
use crate::protocol::catalogue::{self, Case};
use crate::protocol::file::{FileChoices, Lock, LockOn, Others, Write};
use crate::protocol::redis::{RedisLock, RedisWrite};
use crate::protocol::sql::{SqlLock, SqlWrite};
use crate::protocol::{Choices, Protocol, StoreKind};

/// What one purchase does.
#[derive(Clone, Debug, Args)]
pub(super) struct ChoiceArgs {
    /// Take no lock: short for --lock none
    #[arg(long)]
    no_lock: bool,
    /// How buyers keep each other out; flock+posix: they take turns among the kinds [default: flock; none in a
    /// database]
    #[arg(long, value_name = "KIND",
          value_parser = Several(words(&[&Lock::ALL, &SqlLock::ALL, &RedisLock::ALL])))]
    lock: Option<String>,
    /// How the new stock is written [default: overwrite; set in a database]
    #[arg(long, value_name = "KIND", value_parser = words(&[&Write::ALL, &SqlWrite::ALL, &RedisWrite::ALL]))]
    write: Option<String>,
    /// Which file carries the lock [default: ticket; sidecar for --write rename]
    #[arg(long, value_name = "PLACE", value_parser = closed::<LockOn>(LockOn::ALL))]
    lock_on: Option<LockOn>,
    /// The steps of a purchase in an order of your own, e.g. 'read lock write unlock'
    ///
    /// The usual words, each with its letter in a schedule: open O, lock L (of the kind that --lock says), read R, think
    /// (no step of a schedule), write W (in the way that --write says; with truncate it stands for truncate T and fill
    /// F), unlock U. `ticketsim help steps` has them all, those of databases and Redis, too. Without think nobody
    /// thinks. A buyer that reads 0 takes only the unlock, if it holds the lock.
    #[arg(long, value_name = "STEPS")]
    steps: Option<Protocol>,
    /// A well-known protocol by its name: `ticketsim protocols` lists them
    ///
    /// It stands for steps and for the lock that it is known with. --lock on a file, or --isolation in a database,
    /// takes another one that it is known with.
    #[arg(long, value_name = "NAME",
          conflicts_with_all = ["steps", "no_lock", "write", "lock_on", "constraint", "retry"])]
    protocol: Option<String>,
    #[command(flatten)]
    trouble: TroubleArgs,
    #[command(flatten)]
    sql: SqlArgs,
    #[command(flatten)]
    redis: RedisArgs,
}

impl ChoiceArgs {
    /// What one purchase does at this store; at a ticket file, if there is none.
    ///
    /// # Errors
    /// When the store does not have one of the choices, or choices and steps contradict each other.
    pub(super) fn choices(&self, store: Option<StoreKind>) -> anyhow::Result<Choices> {
        if let Some(choices) = self.of_catalogue(store)? {
            return Ok(choices);
        }
        let Some(store) = store else { return Ok(Choices::File(self.of_file()?)) };
        self.trouble.none_at_a_database(store == StoreKind::Redis)?;
        ensure(self.lock_on.is_none(), |lang| together::no_lock_file(lang, store.title()))?;
        match store {
            StoreKind::Sql(engine) => {
                self.redis.none_elsewhere()?;
                let (lock, write) = self.words_of(store, engine.locks(), SqlWrite::ALL)?;
                Ok(Choices::Sql(self.sql.choices(engine, lock, write, self.steps)?))
            }
            StoreKind::Redis => {
                self.sql.none_elsewhere()?;
                let (lock, write) = self.words_of(store, RedisLock::ALL, RedisWrite::ALL)?;
                Ok(Choices::Redis(self.redis.choices(lock, write, self.steps, self.trouble.lease)?))
            }
        }
    }

    /// The lock and the write that were named, as this store has them.
    fn words_of<L, W>(
        &self,
        store: StoreKind,
        locks: &[L],
        writes: &[W],
    ) -> anyhow::Result<(Option<L>, Option<W>)>
    where
        L: Copy + ClosedSet,
        W: Copy + ClosedSet,
    {
        let has_not = |option: &'static str, given: String, known: Vec<&'static str>| {
            wrong(move |lang| together::store_has(lang, store.title(), option, &given, lang.list(&known)))
        };
        let lock = self.lock_word()?.map(str::parse::<L>).transpose();
        let lock = lock.map_err(|name| has_not("--lock", name.given, names(locks)))?;
        let write = self.write.as_deref().map(str::parse::<W>).transpose();
        Ok((lock, write.map_err(|name| has_not("--write", name.given, names(writes)))?))
    }

    /// What one purchase does at a ticket file. How long it waits for a lock is said by options of a run.
    ///
    /// # Errors
    /// When choices and steps contradict each other, or one of them is a database's.
    pub(super) fn of_file(&self) -> anyhow::Result<FileChoices> {
        self.sql.none_elsewhere()?;
        self.redis.none_elsewhere()?;
        if let Some(Choices::File(choices)) = self.of_catalogue(None)? {
            return Ok(choices);
        }
        let kinds = self.lock_word()?.into_iter().flat_map(|word| word.split('+')).map(str::parse::<Lock>);
        let kinds = kinds.collect::<Result<Vec<Lock>, _>>();
        let kinds = kinds.map_err(|name| file_has_not("--lock", &name, Lock::ALL))?;
        let (lock, others) = (kinds.first().copied(), Others::of(kinds.get(1..).unwrap_or_default()));
        let most = Others::MOST + 1;
        let others = others.ok_or_else(|| wrong(|lang| together::too_many_kinds(lang, most)))?;
        let write = self.write.as_deref().map(str::parse::<Write>).transpose();
        let write = write.map_err(|name| file_has_not("--write", &name, Write::ALL))?;
        let choices = match self.steps {
            Some(steps) => FileChoices::of_steps(steps, lock, self.lock_on, write).context("--steps")?,
            None => {
                let usual = FileChoices::new(lock.unwrap_or(Lock::Flock), write.unwrap_or(Write::Overwrite));
                // A lock that sits on no file has no place.
                let lock_on = self.lock_on.filter(|_| usual.lock.has_carrier()).unwrap_or(usual.lock_on);
                FileChoices { lock_on, ..usual }
            }
        };
        let kind = choices.lock;
        let is_carried = kind.has_carrier() || kind == Lock::None;
        ensure(self.lock_on.is_none() || is_carried, |lang| together::no_carrier(lang, kind))?;
        self.trouble.onto(FileChoices { others, ..choices })
    }

    /// The protocol that was named, at this store; on a ticket file, if there is none.
    ///
    /// # Errors
    /// When there is no such protocol there.
    pub(super) fn case(&self, store: Option<StoreKind>) -> anyhow::Result<Option<&'static Case>> {
        let Some(name) = &self.protocol else { return Ok(None) };
        let entry = catalogue::entry(name).context("--protocol")?;
        Ok(Some(entry.case(store).context("--protocol")?))
    }

    /// The first store where the protocol that was named is met, if no ticket file has it.
    pub(super) fn only_in(&self) -> Option<StoreKind> {
        let entry = catalogue::entry(self.protocol.as_deref()?).ok()?;
        if entry.case(None).is_ok() { None } else { entry.cases.first()?.kind() }
    }

    /// What the protocol that was named stands for.
    fn of_catalogue(&self, store: Option<StoreKind>) -> anyhow::Result<Option<Choices>> {
        let (Some(case), Some(name)) = (self.case(store)?, &self.protocol) else { return Ok(None) };
        let entry = catalogue::entry(name)?;
        if store.is_none() {
            let lock = self.lock_word()?.map(str::parse::<Lock>).transpose();
            let lock = lock.map_err(|name| file_has_not("--lock", &name, Lock::ALL))?.map(Lock::name);
            return Ok(Some(case.variant(entry, lock).context("--protocol")?.choices));
        }
        ensure(self.lock.is_none(), |lang| together::protocol_locks(lang, name))?;
        self.redis.none_beside(name)?;
        if store == Some(StoreKind::Redis) {
            self.sql.none_elsewhere()?;
            return Ok(Some(case.usual().choices));
        }
        let variant = case.variant(entry, self.sql.level()).context("--protocol")?;
        Ok(Some(match variant.choices {
            Choices::Sql(choices) => Choices::Sql(self.sql.tuned(choices)?),
            other @ (Choices::File(_) | Choices::Redis(_)) => other,
        }))
    }

    /// The kind of lock that was named.
    ///
    /// # Errors
    /// When both none and one was.
    fn lock_word(&self) -> anyhow::Result<Option<&str>> {
        match self.lock.as_deref() {
            Some(lock) if self.no_lock && lock != "none" => {
                Err(wrong(|lang| together::lock_and_none(lang, lock)))
            }
            lock => Ok(if self.no_lock { Some("none") } else { lock }),
        }
    }
}

/// One word, or several with a plus between them.
#[derive(Clone)]
struct Several(PossibleValuesParser);

impl TypedValueParser for Several {
    type Value = String;

    fn parse_ref(
        &self,
        command: &clap::Command,
        arg: Option<&clap::Arg>,
        value: &std::ffi::OsStr,
    ) -> Result<String, clap::Error> {
        let text = value.to_string_lossy();
        for word in text.split('+') {
            self.0.parse_ref(command, arg, word.as_ref())?;
        }
        Ok(text.into_owned())
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        self.0.possible_values()
    }
}

/// The words of a closed set, each with what is said of it.
trait Words {
    fn words(&self) -> Vec<(&'static str, &'static str)>;
}

impl<T: Copy + ClosedSet> Words for &'static [T] {
    fn words(&self) -> Vec<(&'static str, &'static str)> {
        self.iter().map(|member| (member.name(), member.about())).collect()
    }
}

/// A clap parser for the words that any store knows.
fn words(of_stores: &[&dyn Words]) -> PossibleValuesParser {
    let mut known: Vec<(&'static str, &'static str)> = Vec::new();
    for (name, about) in of_stores.iter().flat_map(|of_store| of_store.words()) {
        if known.iter().all(|(other, _)| *other != name) {
            known.push((name, about));
        }
    }
    let value = |(name, about): (&'static str, &'static str)| {
        PossibleValue::new(name).help(about.trim_end_matches('.'))
    };
    PossibleValuesParser::new(known.into_iter().map(value))
}

fn names<T: Copy + ClosedSet>(all: &[T]) -> Vec<&'static str> {
    all.iter().map(|member| member.name()).collect()
}

/// The word is a database's, and the tickets are in a file.
fn file_has_not<T: Copy + ClosedSet>(option: &str, name: &UnknownName, known: &[T]) -> anyhow::Error {
    wrong(|lang| together::file_has(lang, option, &name.given, lang.list(&names(known))))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::protocol::redis::{Fence, RedisChoices};
    use crate::protocol::sql::{Engine, Isolation, Journal, SqlChoices};

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        choices: ChoiceArgs,
    }

    fn chosen(line: &str, engine: impl Into<Option<Engine>>, steps: Option<&str>) -> anyhow::Result<Choices> {
        choices_at(line, engine.into().map(StoreKind::Sql), steps)
    }

    fn choices_at(line: &str, store: Option<StoreKind>, steps: Option<&str>) -> anyhow::Result<Choices> {
        let steps = steps.into_iter().flat_map(|steps| ["--steps", steps]);
        let words = std::iter::once("ticketsim").chain(line.split_whitespace()).chain(steps);
        Line::try_parse_from(words)?.choices.choices(store)
    }

    #[test]
    fn a_database_has_its_own_words() {
        let usual = SqlChoices::new(Engine::Postgres);
        let choices = SqlChoices {
            isolation: Isolation::ReadCommitted,
            lock: SqlLock::Row,
            constraint: true,
            retry: true,
            ..usual
        };
        let line = "--isolation read-committed --lock row --constraint --retry";
        assert_eq!(chosen(line, Some(Engine::Postgres), None).expect("choices"), Choices::Sql(choices));
        assert_eq!(chosen("--no-lock", Some(Engine::Postgres), None).expect("choices"), Choices::Sql(usual));
        let choices = SqlChoices {
            isolation: Isolation::Deferred,
            journal: Journal::Delete,
            busy_timeout_ns: 0,
            write: SqlWrite::Take,
            ..SqlChoices::new(Engine::Sqlite)
        };
        let line = "--isolation deferred --journal delete --busy-timeout 0 --write take";
        assert_eq!(chosen(line, Some(Engine::Sqlite), None).expect("choices"), Choices::Sql(choices));
    }

    #[test]
    fn a_redis_server_has_its_own_words() {
        let redis = Some(StoreKind::Redis);
        let usual = RedisChoices::new();
        let lease =
            RedisChoices { lock: RedisLock::Lease, lease_ns: 20_000_000, fence: Fence::Write, ..usual };
        let line = "--lock lease --lease 20ms --fence write";
        assert_eq!(choices_at(line, redis, None).expect("choices"), Choices::Redis(lease));
        let steps = Some("lock read think write unlock");
        assert_eq!(
            choices_at("--lease 20ms --fence write", redis, steps).expect("steps"),
            Choices::Redis(lease)
        );
        assert_eq!(choices_at("--no-lock", redis, None).expect("choices"), Choices::Redis(usual));
        for (line, store, steps, message) in [
            ("--lock row", redis, None, "Redis has no --lock row; it has: none, lease"),
            (
                "--write insert",
                redis,
                None,
                "Redis has no --write insert; it has: set, decrement, swap, take",
            ),
            ("--lock-on sidecar", redis, None, "Redis has no such file"),
            ("--isolation serializable", redis, None, "--isolation is of a database"),
            ("--fence write", redis, None, "it presents the token of a lease"),
            ("--lease 20ms", redis, None, "--lease is how long --lock lease lasts"),
            ("--lock lease --lease 0", redis, None, "1ms at least"),
            ("--lock lease --write swap --fence write", redis, None, "swap compares by itself"),
            ("--lock lease", redis, Some("read write"), "they never take the lease"),
            ("--write set", redis, Some("read write"), "--write stands for steps"),
            ("--fence write", Some(StoreKind::Sql(Engine::Postgres)), None, "--fence is of Redis"),
        ] {
            let error = format!("{:#}", choices_at(line, store, steps).expect_err(line));
            assert!(error.contains(message), "{line}: {error}");
        }
    }

    /// The usual steps of choices are these choices, however they were given.
    #[test]
    fn steps_say_which_lock_and_write_they_use() {
        for (line, steps) in [
            ("--lock row --isolation serializable", "begin read-for-update think write commit"),
            ("--lock advisory --write swap", "lock read think swap unlock"),
            ("--isolation read-committed --write insert", "begin count think insert commit"),
        ] {
            let level = line.split("--isolation ").nth(1).and_then(|rest| rest.split(' ').next());
            let level = level.map_or_else(String::new, |level| format!("--isolation {level}"));
            let usual = chosen(line, Some(Engine::Postgres), None).expect("choices");
            assert_eq!(chosen(&level, Some(Engine::Postgres), Some(steps)).expect("steps"), usual);
        }
    }

    #[test]
    fn what_a_store_does_not_have_is_rejected_with_what_it_has() {
        let postgres = Some(Engine::Postgres);
        for (line, engine, steps, message) in [
            ("--lock row", None, None, "a ticket file has no --lock row; it has: none, flock"),
            ("--write take", None, None, "--store says at which database"),
            ("--isolation serializable", None, None, "--isolation is of a database"),
            ("--retry", None, None, "--retry is of a database"),
            ("--busy-timeout 1s", None, None, "--busy-timeout is of a database"),
            ("--lock flock", postgres, None, "PostgreSQL has no --lock flock; it has: none, row"),
            (
                "--write truncate",
                postgres,
                None,
                "PostgreSQL has no --write truncate; it has: set, decrement",
            ),
            ("--lock-on sidecar", postgres, None, "PostgreSQL has no such file"),
            ("--journal wal", postgres, None, "--journal is of SQLite"),
            ("--busy-timeout 1s", postgres, None, "--busy-timeout is of SQLite"),
            ("--isolation immediate", postgres, None, "PostgreSQL has no level immediate"),
            ("--lock row", postgres, None, "choose one with --isolation"),
            ("--lock row", Some(Engine::Sqlite), None, "SQLite has no lock row"),
            ("--write set", postgres, Some("read write"), "--write stands for steps"),
            ("--lock row", postgres, Some("read write"), "no step takes the row lock"),
            ("", postgres, Some("begin read write commit"), "at level none each statement"),
        ] {
            let error = format!("{:#}", chosen(line, engine, steps).expect_err(line));
            assert!(error.contains(message), "{line}: {error}");
        }
    }
}
