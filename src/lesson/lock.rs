//! The ticket sale at a pace that one can watch: with a lock and without. The buyers are those of
//! `ticketsim`; what is added here are the pauses that let one see what goes on.

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::Serialize;

use super::child::Child;
use super::stage::{Stage, format_s, share};
use super::{Claim, Lecture, LessonError, Used, failed, store_of};
use crate::buyer::{Buyer, Ending, Rules};
use crate::history::{Header, History, Recorder};
use crate::lang::lesson::lock as text;
use crate::paths::temporary_folder;
use crate::plan::{PerBuyer, Plan};
use crate::protocol::file::{FileChoices, Lock, Write};
use crate::protocol::{Action, Reply};
use crate::report::text::{BAD, GOOD, LOUD};
use crate::run::run;
use crate::shared::SharedSlice;
use crate::stock::Stock;
use crate::store::Store as _;
use crate::verdict::{Ruling, judge};
use crate::workers::Watch;
use crate::world::{Recorded, Session, drive};

const BUYERS: u32 = 10;
/// The pause after reading, and the one before writing.
const PAUSE_MS: u64 = 100;
/// How often the sale without pauses is tried until a read falls into a write.
const MOST_HASTY_SALES: u32 = 20;

/// What was measured.
#[derive(Clone, Debug, Serialize)]
pub struct Facts {
    buyers: u32,
    tickets: Stock,
    with_lock: Round,
    without_lock: Round,
    without_pauses: Hasty,
}

/// One sale.
#[derive(Clone, Debug, Serialize)]
struct Round {
    receipts: u64,
    refused: u64,
    failed: u64,
    remaining: Option<Stock>,
    verdict: Ruling,
    /// From the go until the last buyer had left, in nanoseconds.
    elapsed_ns: u64,
}

/// Sales without a lock and without pauses, until a read met no ticket file.
#[derive(Clone, Debug, Serialize)]
struct Hasty {
    sales: u32,
    torn_reads: usize,
    /// What the first of them read.
    torn_text: Option<String>,
}

pub(super) fn teach(stage: &Stage<'_>) -> Result<Lecture<Facts>, LessonError> {
    let lang = stage.lang;
    stage.predict(&text::predicts(lang));
    stage.line(&stage.painted(LOUD, &text::with_lock(lang, std::process::id())));
    let with_lock = sale(stage, Lock::Flock)?;
    stage.line(&stage.painted(LOUD, &text::without_lock(lang, std::process::id())));
    let without_lock = sale(stage, Lock::None)?;
    let without_pauses = hasty_sales(stage)?;
    stage.line(&match &without_pauses.torn_text {
        Some(torn) => text::torn(lang, without_pauses.torn_reads, format!("{torn:?}")),
        None => text::not_torn(lang),
    });
    let facts = Facts { buyers: BUYERS, tickets: 1, with_lock, without_lock, without_pauses };
    let claims = claims(stage, &facts);
    Ok((facts, claims, text::why(lang)))
}

/// The ticket file of the lesson, in a folder of its own.
const TICKET_FILE: &str = "ticket.json";

fn plan(folder: &Path, lock: Lock) -> Plan {
    Plan::on_file(FileChoices::new(lock, Write::Truncate), &folder.join(TICKET_FILE), BUYERS, Some(1))
}

/// A world in which every buyer pauses after it has read, and once more before it would write: also
/// when it was refused, since the classic program writes the 0 back.
struct Unhurried<'a, W> {
    world: W,
    stage: &'a Stage<'a>,
    /// When its buyer has left, for the launcher to see.
    left_ns: &'a AtomicU64,
}

impl<W: Session> Session for Unhurried<'_, W> {
    fn perform(&mut self, action: Action) -> Reply {
        let reply = self.world.perform(action);
        let pauses = match (action, reply) {
            (Action::Read, Reply::Stock(0)) => 2,
            (Action::Read | Action::Think, _) => 1,
            _ => 0,
        };
        self.stage.sleep(PAUSE_MS * pauses);
        reply
    }

    fn attempt(&mut self, action: Action) -> Option<Reply> {
        self.world.attempt(action)
    }

    fn think_time(&mut self) -> Duration {
        self.world.think_time()
    }

    fn ended(&mut self, ending: Ending) {
        self.world.ended(ending);
        self.left_ns.store(self.stage.now_ns(), Ordering::Release);
    }
}

fn sale(stage: &Stage<'_>, lock: Lock) -> Result<Round, LessonError> {
    let folder = temporary_folder().map_err(failed(Used::Folder))?;
    let plan = plan(folder.path(), lock);
    let store = store_of(&plan)?;
    store.put_on_sale(plan.tickets, stage.interrupted())?;
    let recorder = Recorder::for_plan(&plan, 1).map_err(LessonError::Memory)?;
    let [ready, go] = share()?;
    let left_ns = SharedSlice::new(BUYERS as usize).map_err(LessonError::Memory)?;

    let buy = |buyer: u32| -> io::Result<()> {
        recorder.set_pid(buyer, std::process::id());
        let world = Recorded::new(store.open(plan.pace, &recorder, buyer)?, recorder.pen(buyer));
        let mut world = Unhurried { world, stage, left_ns: &left_ns[buyer as usize - 1] };
        ready.count();
        while go.get() == 0 {
            std::thread::sleep(Duration::from_millis(1));
        }
        drive(&mut Buyer::new(Rules::of(&plan, 1)), &mut world);
        Ok(())
    };

    let start = |buyer: u32| stage.start(&format!("buyer-{buyer}"), move || buy(buyer));
    let mut buyers = (1..=BUYERS).map(start).collect::<Result<Vec<_>, _>>()?;
    stage.until(|| ready.get() == u64::from(BUYERS) || buyers.iter_mut().any(|buyer| !buyer.is_alive()))?;
    let go_ns = stage.now_ns();
    go.set(1);
    show_as_they_leave(stage, &recorder, &left_ns, &mut buyers)?;
    let elapsed_ns = stage.now_ns() - go_ns;

    let left = store.left();
    let purchases = recorder.collect().0;
    let header = Header {
        initial: Some(1),
        remaining: left.remaining,
        left_torn: left.torn,
        unread: left.unread,
        ..Header::of_plan(plan)
    };
    let verdict = judge(&History { header, purchases });
    let ledger = verdict.ledger;
    Ok(Round {
        receipts: ledger.receipts,
        refused: ledger.refused,
        failed: ledger.failed,
        remaining: ledger.remaining,
        verdict: verdict.ruling,
        elapsed_ns,
    })
}

/// Shows each buyer with what it got, two in a line, as they leave.
fn show_as_they_leave(
    stage: &Stage<'_>,
    recorder: &Recorder,
    left_ns: &[AtomicU64],
    buyers: &mut [Child<'_>],
) -> Result<(), LessonError> {
    let mut shown: Vec<u32> = Vec::new();
    stage.until(|| {
        // A buyer notes when it leaves, and then is gone: so look first whether it is gone.
        let all_gone = buyers.iter_mut().all(|buyer| !buyer.is_alive());
        let noted = left_ns.iter().map(|ns| ns.load(Ordering::Acquire)).zip(1..);
        let mut new: Vec<(u64, u32)> =
            noted.filter(|(ns, buyer)| *ns != 0 && !shown.contains(buyer)).collect();
        new.sort_unstable();
        for (ns, buyer) in new {
            shown.push(buyer);
            let tally = recorder.tally_of(buyer);
            let (style, what) = match (tally.bought, tally.refused) {
                (1.., _) => (GOOD, text::got_a_ticket(stage.lang)),
                (_, 1..) => (BAD, text::no_ticket(stage.lang)),
                _ => (BAD, text::crashed(stage.lang)),
            };
            let who = format!("buyer-{buyer}");
            stage.half(ns, &who, recorder.pid(buyer), style, &what, shown.len().is_multiple_of(2));
        }
        all_gone
    })?;
    if !shown.len().is_multiple_of(2) {
        stage.line("");
    }
    buyers.iter_mut().try_for_each(Child::join)
}

/// Without pauses a read may fall between the moment when another buyer has emptied the file and the
/// one when it has filled it again: `ticketsim --write truncate --no-lock --think 0`.
fn hasty_sales(stage: &Stage<'_>) -> Result<Hasty, LessonError> {
    let folder = temporary_folder().map_err(failed(Used::Folder))?;
    let hasty = Plan { tickets: Some(200), per_buyer: PerBuyer::All, ..plan(folder.path(), Lock::None) };
    for sales in 1..=MOST_HASTY_SALES {
        stage.go_on()?;
        // The last sale may have left the file torn.
        let _ = std::fs::remove_file(folder.path().join(TICKET_FILE));
        let mut watch = Watch {
            interrupted: stage.interrupted(),
            begin: &mut |_| {},
            progress: &mut |_| {},
            start: None,
        };
        let history = run(&hasty, &mut watch)?.history;
        let torn = |purchase: &crate::history::Purchase| purchase.torn.clone();
        let mut texts = history.purchases.iter().filter_map(torn);
        if let Some(first) = texts.next() {
            let torn_text = Some(String::from_utf8_lossy(first.bytes()).into_owned());
            return Ok(Hasty { sales, torn_reads: 1 + texts.count(), torn_text });
        }
    }
    Ok(Hasty { sales: MOST_HASTY_SALES, torn_reads: 0, torn_text: None })
}

fn claims(stage: &Stage<'_>, facts: &Facts) -> Vec<Claim> {
    let lang = stage.lang;
    let Facts { with_lock, without_lock, .. } = facts;
    let one_sold = with_lock.receipts == 1
        && with_lock.refused == u64::from(BUYERS) - 1
        && with_lock.remaining == Some(0)
        && with_lock.verdict == Ruling::Sound;
    let queue_ns = stage.time(2 * PAUSE_MS).as_nanos() as u64 * u64::from(BUYERS);
    vec![
        Claim::new("one_ticket_with_lock", one_sold, text::one_ticket_with_lock(lang)),
        Claim::new(
            "lock_makes_a_queue",
            with_lock.elapsed_ns >= queue_ns,
            text::lock_makes_a_queue(lang, format_s(with_lock.elapsed_ns)),
        ),
        Claim::new(
            "oversold_without_lock",
            without_lock.receipts > 1 && without_lock.verdict == Ruling::Unsound,
            text::oversold_without_lock(lang, without_lock.receipts),
        ),
    ]
}
