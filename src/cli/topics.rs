//! `ticketsim help steps`, `help locks` and `help anomalies`: what stands behind options that many commands take,
//! and behind verdicts. The lines are as wide as a terminal of 80 columns, since nothing wraps them.

/// The words of `--steps` and the letters of schedules.
pub(super) const STEPS: &str = "\
The steps of a purchase: the words of --steps, and the letters of schedules

A purchase is a list of steps, and the options are short for the usual lists:
--lock flock --write overwrite is `lock read think write unlock`. --steps writes
down any other order, right or wrong, for a run, explore, replay and step. What
can't be carried out is an error, with the reason and the word's place: a write
without a read before it, an unlock without a lock, steps that never write.

A schedule names a step by its letter and the buyer's number: R1 R2 W1 W2. After
a read of 0 a purchase takes the steps alone that let go (unlock, commit,
give-back), and is refused. An error ends it: it unlocks, and no step follows.

In every store
  read             R  reads the stock
  think               lets the think time pass; no schedule names it
  write            W  writes one less than was read, in the way --write says
  lock             L  takes the lock that --lock names
  unlock           U  lets it go

On a ticket file
  open             O  opens the file that carries the lock anew; else a buyer
                      has it open from its start
  truncate         T  empties the file,
  fill             F  and writes one less into it: two steps, as open(\"w\") does
  lock-shared      H  takes the lock as one of several (LOCK_SH, F_RDLCK):
                      flock, posix, ofd
  upgrade          V  turns the shared lock into one of its own, as that kind
                      does it: flock lets go in between
  close-other      E  opens the lock's file once more and closes that: a POSIX
                      lock is lost by it
  unlink           N  removes the file that carries the lock, a sidecar
  reopen-check     I  begins again unless the locked file still has its name
  break-stale         stands for the next two
  look-stale       Y  looks whether the lockfile's holder is dead, or older than
                      --lease,
  remove-stale     J  and removes the lockfile if it was
  helper-unlock    A  has a helper process, which inherited the lock's file,
                      unlock it; process buyers only

In a database
  begin               begins a transaction; where that does nothing yet, no
                      schedule names it
  begin-immediate  B  begins one that may write from the start (SQLite)
  read-for-update  R  SELECT … FOR UPDATE
  read-for-share   R  SELECT … FOR SHARE
  count            R  reads the capacity less the receipts
  insert           W  adds a receipt
  lock-until-commit L takes a lock that the transaction's end lets go
                      (PostgreSQL)
  commit           C  makes the transaction last
  rollback         Z  undoes it

In a database and at Redis
  decrement        D  writes one less than there is, whatever was read
  take             D  one statement: one less if there is one left
  swap             S  one less if the stock is still what was read; else it
                      reads again
  give-back        Q  gives back what a decrement took below 0

At Redis
  watch            B  has a swap miss that comes after others' touches

What befalls a buyer, in explore, replay and --mishap
  kill             K  it is killed, and takes no further step
  pause            P  it is paused,
  go-on            G  and goes on
  expire           X  its lease expires (--lock lease)

In a database a step is a request. One that has to wait has been sent: another
buyer's step brings its answer.
";

/// Which lock keeps whom apart.
pub(super) const LOCKS: &str = "\
Locks: whom each keeps apart, and what is left of it when its holder is killed

On a ticket file (--lock)
  none       nobody: this is the race
  flock      open file descriptions: processes, and threads that each open the
             file. The kernel lets it go.
  posix      processes alone: threads of one process share it. The kernel lets
             it go.
  ofd        open file descriptions, as flock; Linux only. The kernel lets it
             go.
  lockfile   the process that creates FILE.lock first has it. It works on any
             filesystem, but waiters try again and again, which costs CPU. It
             stays: the others are `stuck`, and say whose it is. --break-stale
             removes it, if it was taken in the same boot and pid namespace,
             where a dead process can be told.
  link       the process that gives a private file the name FILE.lock first has
             it (old NFS). It stays, as a lockfile does.
  mkdir      the process that makes FILE.lock.d first has it. It stays, and
             names nobody.
  lease      as lockfile, for as long as --lease says (10 s): then another takes
             it over, whether its holder is dead or only slow. A fencing token
             needs a store that compares and writes at once, which a file is
             not.
  semaphore  the buyers of one run, as Python's multiprocessing.Lock. It stays
             taken: the launcher sees it (on Linux), and the others are `stuck`.
             --lock-timeout ends any wait.

All of them are advisory: one program that does not ask for the lock breaks it
for all. --rogue N has N buyers that do not ask, --lock flock+posix has buyers
take turns among kinds, --inherit has all share one open file, and --stale puts
a dead process's lockfile there.

Which file carries the lock (--lock-on). A rename replaces the ticket file, and
the lock goes with the old one: so --write rename locks a sidecar beside it.
--write rename --lock-on ticket is the trap, to be seen.

In a database (--lock)
  row         SELECT … FOR UPDATE: the row that is read, until the transaction
              ends
  row-shared  SELECT … FOR SHARE: against writers alone
  advisory    a lock by name, of the session: pg_advisory_lock, GET_LOCK
When a session ends, however it ends, the database lets them go. --lock-timeout
has PostgreSQL and MariaDB give up a wait.

At Redis (--lock lease)
  lease      SET NX PX: it expires after --lease, whatever its holder does.
             --fence write presents its token at the write alone, and the old
             holder may write first: it still oversells. --fence read-write
             presents it at the read as well, and does not.
";

/// What can go wrong, and what a verdict does not claim.
pub(super) const ANOMALIES: &str = "\
Anomalies: what can go wrong with a sale, by the names that verdicts have

  oversold         more receipts than tickets
  lost_update      two receipts were sold from the same stock
  lost_stock       stock went without a receipt (its buyer was killed), or came
                   back although it was sold
  negative_stock   the store said less than 0
  torn_read        a read met no valid ticket file
  refused_early    a purchase was refused although stock remained from its call
                   to its return
  returned_twice   an order was given back that was never bought, or twice
  over_limit       a buyer holds more receipts than --limit-per-buyer
  out_of_order     no order of the purchases fits both their times and a ticket
                   counter
  stuck            a buyer never got the lock

Each comes with its evidence: who read what, and how long before who wrote.
Receipts are one book, the stock that the store says when all have gone is the
other: a lost update makes the stock look right, so both are compared.

A verdict is sound, unsound or unknown; it is never guessed. It is unknown with
nothing on sale; where nobody bought and nobody was refused; where a buyer was
killed in the middle of a purchase, unless stock and receipts prove it harmless;
where the stock rose while none of our buyers held the lock. Where no two
purchases overlapped, the verdict's line says so (\"at_once\":1 in the JSON).

A sound run is one in which nothing went wrong, no proof that nothing can: none
in N runs means that it happens in fewer than 3 of N, with 95 % confidence.
";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::StepKind;
    use crate::protocol::file::Lock;
    use crate::protocol::sql::SqlLock;
    use crate::verdict::AnomalyKind;

    /// Every word stands there, with the letter that it has in a schedule.
    #[test]
    fn the_topics_name_all_that_there_is() {
        let row = |text: &str, name: &str| -> Option<Vec<String>> {
            let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
            text.lines().filter(|line| line.starts_with("  ")).map(words).find(|words| words[0] == name)
        };
        for kind in StepKind::ALL {
            let row = row(STEPS, kind.name()).unwrap_or_else(|| panic!("help steps lacks {}", kind.name()));
            if let Some(letter) = kind.letter() {
                assert_eq!(row[1], letter.name(), "{}", kind.name());
            }
        }
        for name in
            Lock::ALL.iter().map(|lock| lock.name()).chain(SqlLock::ALL.iter().map(|lock| lock.name()))
        {
            assert!(row(LOCKS, name).is_some(), "help locks lacks {name}");
        }
        for kind in AnomalyKind::ALL {
            assert!(row(ANOMALIES, kind.name()).is_some(), "help anomalies lacks {}", kind.name());
        }
        assert!(row(STEPS, "no-such-word").is_none());
    }
}
