//! Replays at databases: real sessions, held at gates, and what waits there waits in the engine.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use ticketsim::buyer::Ending;
use ticketsim::fault::Fault;
use ticketsim::history::Outcome;
use ticketsim::plan::{Given, Pace, PerBuyer, Plan, SqlPlan, Workers};
use ticketsim::protocol::sql::{Engine, Isolation, SqlChoices};
use ticketsim::replay::{Conductor, Replayed, repeat, replay};
use ticketsim::schedule::{Says, Wait};
use ticketsim::store::sql::SqlStore;
use ticketsim::verdict::Ruling;

use crate::{QUIET, assert_no_children, steps};

/// A sale of a test's own at a database, which is removed with it.
pub(crate) struct Shop(SqlPlan);

impl Shop {
    /// At the server of PostgreSQL that is there; where none is, that is said.
    pub(crate) fn postgres() -> Option<Self> {
        Self::at_server(Engine::Postgres, "TICKETSIM_POSTGRES", "postgres://postgres@127.0.0.1:5432/postgres")
    }

    /// The same at the server of MariaDB.
    pub(crate) fn mysql() -> Option<Self> {
        Self::at_server(Engine::Mysql, "TICKETSIM_MYSQL", "mysql://root@127.0.0.1:3306/test")
    }

    fn at_server(engine: Engine, variable: &str, usual: &str) -> Option<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let url = std::env::var(variable).unwrap_or_else(|_| usual.to_owned());
        let name = format!("replay_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let plan = SqlPlan { choices: SqlChoices::new(engine), url, given: Given::default(), name };
        match SqlStore::of(&plan).map(|store| store.about()) {
            Ok(Ok(_)) => return Some(Self(plan)),
            Ok(Err(error)) => println!("  skipped: {error}"),
            Err(error) => println!("  skipped: {error}"),
        }
        assert!(std::env::var("CI").as_deref() != Ok("true"), "there is no {}", engine.title());
        None
    }

    /// In a file of this folder.
    pub(crate) fn sqlite(folder: &Path) -> Self {
        let url = format!("sqlite:{}", folder.join("shop.db").display());
        Self(SqlPlan {
            choices: SqlChoices::new(Engine::Sqlite),
            url,
            given: Given::default(),
            name: "ticket".to_owned(),
        })
    }

    /// A plan for a replay of these purchases there.
    pub(crate) fn plan_of(&self, choices: SqlChoices, buyers: u32, tickets: i64) -> Plan {
        Plan {
            buyers,
            tickets: Some(tickets),
            workers: Workers::Process,
            store: self.0.with(choices).into(),
            per_buyer: PerBuyer::ONE,
            pace: Pace { think_ns: 0, jitter: 0.0, seed: 0 },
            restocks: false,
            mishaps: Vec::new(),
            hosts: 0,
        }
    }

    /// A plan for a replay there: steps, with what differs from the usual sale.
    pub(crate) fn plan(
        &self,
        text: &str,
        change: impl FnOnce(&mut SqlChoices),
        buyers: u32,
        tickets: i64,
    ) -> Plan {
        let mut choices = self.0.choices;
        change(&mut choices);
        let choices =
            choices.of_steps(text.parse().expect("steps")).unwrap_or_else(|error| panic!("{text}: {error}"));
        self.plan_of(choices, buyers, tickets)
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        if let Err(error) = SqlStore::of(&self.0).expect("a store").clear() {
            println!("  {error}");
        }
    }
}

fn at(level: Isolation) -> impl FnOnce(&mut SqlChoices) {
    move |choices| choices.isolation = level
}

pub(crate) fn a_race_at_postgresql_happens_every_time(_: &Path) {
    let Some(shop) = Shop::postgres() else { return };
    let plan = shop.plan("begin read write commit", at(Isolation::ReadCommitted), 2, 1);
    let race = steps("R1 R2 W1 W2 C1 C2");
    let times = if crate::all() { 1000 } else { 40 };
    let (repeated, cut) = repeat(&plan, &race, times, &QUIET).expect("replayed");
    assert!(cut.is_none(), "{cut:?}");
    assert!(repeated.differs.is_none(), "{:?}", repeated.differs);
    let Replayed { sold, steps: taken, asked, differs } = &repeated.first;
    assert_eq!((sold.verdict.ruling, sold.verdict.ledger.receipts), (Ruling::Unsound, 2));
    assert_eq!((sold.history.header.remaining, *asked), (Some(0), 6));
    let wait = Wait { holder: Some(1), says: Says::Engine, until: Some(5) };
    assert_eq!(
        taken.iter().map(|taken| taken.wait).collect::<Vec<_>>(),
        [None, None, None, Some(wait), None, None]
    );
    assert!(differs.is_empty(), "{differs:?}");
    assert_no_children();

    // The control: the same at repeatable read, where the second is aborted.
    let plan = shop.plan("begin read write commit", at(Isolation::RepeatableRead), 2, 1);
    let replayed = replay(&plan, &steps("R1 R2 W1 W2 C1"), &QUIET).expect("replayed");
    assert_eq!(replayed.sold.verdict.ruling, Ruling::Sound);
    let ending = replayed.steps[3].ending;
    assert!(
        matches!(ending, Some(Ending { outcome: Outcome::Failed, fault: Some(fault) }) if fault.cause() == "40001")
    );
    assert!(replayed.differs.is_empty(), "{:?}", replayed.differs);
}

pub(crate) fn what_a_database_forbids_is_said_with_who_holds_what(_: &Path) {
    let Some(shop) = Shop::postgres() else { return };
    for (protocol, level, text, said) in [
        (
            "begin read write commit",
            Isolation::ReadCommitted,
            "R1 R2 W1 W2 C2",
            "step 5 (C2): buyer 2 still waits for the answer to W2 of step 4: it waits for buyer 1, which has held \
             the row since step 3",
        ),
        (
            "lock begin read write commit unlock",
            Isolation::Serializable,
            "L2 R2 L1 R1",
            "step 4 (R1): buyer 1 still waits for the answer to L1 of step 3: it waits for buyer 2, which has held \
             the lock since step 1",
        ),
        (
            "begin read write commit",
            Isolation::ReadCommitted,
            "R1 C1",
            "step 2 (C1): buyer 1's next step is W1",
        ),
    ] {
        let plan = shop.plan(protocol, at(level), 2, 1);
        let error = replay(&plan, &steps(text), &QUIET).expect_err(text);
        assert_eq!(error.to_string(), said);
        assert_no_children();
    }
    // What had begun is finished, in whatever order that is possible.
    let plan = shop.plan("begin read-for-update write commit", at(Isolation::ReadCommitted), 3, 2);
    let replayed = replay(&plan, &steps("R2 R1 R3"), &QUIET).expect("replayed");
    // The server may let the later of two that wait go first: where it does, the replay says after which step.
    let orders = ["R2 R1 R3 W2 C2 W1 C1 C3", "R2 R1 R3 W2 C2 W3 C3 C1"].map(steps);
    let is_in_turn = replayed.schedule() == orders[0];
    assert!(orders.contains(&replayed.schedule()), "{}", replayed.schedule());
    assert_eq!((replayed.asked, replayed.sold.verdict.ruling), (3, Ruling::Sound));
    let places: Vec<usize> = replayed.differs.iter().map(|differs| differs.place).collect();
    assert_eq!(places, if is_in_turn { vec![] } else { vec![5] }, "{:?}", replayed.differs);
}

/// Whatever becomes of a replay, its sessions hold nothing afterwards.
pub(crate) fn a_replay_that_is_cut_off_leaves_nothing_at_the_server(_: &Path) {
    let Some(shop) = Shop::postgres() else { return };
    let plan = shop.plan("begin read-for-update write commit", at(Isolation::ReadCommitted), 3, 1);
    let store = SqlStore::of(&shop.0).expect("a store");
    for is_dropped in [true, false] {
        let mut session = Conductor::start(&plan, &QUIET).expect("started");
        for step in steps("R1 R2 W1 R3").0 {
            session.follow(step, &QUIET).expect("possible");
        }
        if is_dropped {
            // As after a panic: the buyers are killed, in the middle of what they wait for.
            drop(session);
        } else {
            // As after Ctrl-C.
            let interrupted = AtomicBool::new(true);
            assert!(session.follow(steps("C1").0[0], &interrupted).is_err());
            let sold = session.finish(&interrupted).expect("what had begun is finished").sold;
            assert_eq!((sold.verdict.ledger.receipts, sold.verdict.ruling), (1, Ruling::Sound));
        }
        assert_no_children();
        // To empty the table is to wait for everybody who holds a row of it.
        assert_eq!(store.put_on_sale(Some(1)).expect("nobody is in the way"), 1);
        assert_eq!(store.stock_left().expect("a stock"), 1);
    }
}

pub(crate) fn a_deadlock_is_replayed_with_its_victim(_: &Path) {
    let Some(shop) = Shop::postgres() else { return };
    let plan = shop.plan("begin read-for-share write commit", at(Isolation::ReadCommitted), 2, 1);
    for _ in 0..if crate::all() { 100 } else { 5 } {
        let replayed = replay(&plan, &steps("R1 R2 W1 W2"), &QUIET).expect("replayed");
        let failed: Vec<_> = replayed
            .steps
            .iter()
            .filter(|taken| taken.ending.is_some_and(|end| end.fault.is_some()))
            .collect();
        let [victim] = failed[..] else { panic!("{:?}", replayed.steps) };
        assert_eq!(victim.ending.and_then(|end| end.fault).map(Fault::cause).as_deref(), Some("40P01"));
        // That it is another one than the model's is said.
        assert_eq!(victim.step.buyer == 2, replayed.differs.is_empty(), "{:?}", replayed.differs);
        assert_eq!((replayed.sold.verdict.ledger.receipts, replayed.sold.verdict.ruling), (1, Ruling::Sound));
    }
}
