//! `ticketsim explore`: every schedule of a small sale, or a sample of those of a large one.

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use clap::Args;

use super::Exit;
use super::choices::ChoiceArgs;
use super::number::{from_one, natural, states, tickets, up_to};
use super::outputs::{Outputs, check_outputs};
use super::print::{print, print_json, table_columns};
use super::progress::Counted;
use super::workers::WorkersArgs;
use super::wrong::ensure;
use crate::closed_set::UnknownName;
use crate::explore::{
    Census, MAX_STATES, Sampling, Scheduler, Setting, Stopped, census_until, graph, sample_until,
};
use crate::history::write_whole;
use crate::lang::Lang;
use crate::lang::errors::together;
use crate::plan::{PerBuyer, Plan, PlanError, Workers};
use crate::protocol::file::Lock;
use crate::protocol::{Allowed, Choices, Mishap, Mishaps, StoreKind};
use crate::report::explore as report;
use crate::stock::Stock;

/// `ticketsim explore`.
#[derive(Debug, Args)]
#[command(after_help = "\
Exit code: 0 every schedule is sound, 1 some schedule is unsound, 2 unknown: not all could be counted.

Steps: L lock, R read, W write (T truncate and F fill with --write truncate), U unlock, each followed by \
the buyer's number; O, with --write rename --lock-on ticket alone, opens the file that is to be locked.

With --store a step is a request, which may have to wait: L lock, R read or count, W write or insert, S swap, \
D decrement or take, C commit, U unlock; B begin, with --isolation immediate alone, where it acts.

With --store redis: L takes the lease (a buyer that finds it taken tries again, which is no step), R read, W write, \
S swap, D decrement or take, B watch, Q give-back, U unlock; X, with --expire alone, is a step of nature: the \
lease of that buyer expires, after its L and before its write.

K, with --kills alone, is a step of nature, too: that buyer is killed. What it holds is let go by the system or the \
server, but for locks that outlive their holder; what it had written stays, or is rolled back with its transaction.")]
pub(super) struct ExploreArgs {
    /// How many buyers race, 1 to 30,000 [default: 2, or as many as --protocol needs to show]
    #[arg(short = 'n', long, value_name = "N",
          value_parser = up_to::<{ Plan::MOST_BUYERS }>, allow_negative_numbers = true)]
    buyers: Option<u32>,
    /// How many tickets are on sale [default: 1, or as many as --protocol needs to show]
    #[arg(short, long, value_name = "N", value_parser = tickets, allow_negative_numbers = true)]
    tickets: Option<Stock>,
    /// Where the tickets are, instead of a file: sqlite, postgres, mysql or redis; no server is needed
    #[arg(long, value_name = "STORE", value_parser = store)]
    store: Option<StoreKind>,
    #[command(flatten)]
    choices: ChoiceArgs,
    #[command(flatten)]
    workers: WorkersArgs,
    /// Leases that expire in one schedule at most, or `any`: --lock lease [default: 0; any with --lease on a file; or
    /// what --protocol is about]
    #[arg(long, value_name = "N|any")]
    expire: Option<Allowed>,
    /// Buyers that are killed in one schedule at most, or `any`: at any moment between two steps [default: 0]
    #[arg(long, value_name = "N|any")]
    kills: Option<Allowed>,
    /// Purchases that each buyer makes, or `all`: until it is refused
    #[arg(long, value_name = "N|all", default_value_t = PerBuyer::ONE)]
    per_buyer: PerBuyer,
    /// Stop at so many states; what was covered is said
    #[arg(long, value_name = "N", default_value_t = MAX_STATES, conflicts_with = "sample",
          value_parser = states)]
    max_states: u64,
    /// Draw N schedules at random instead of counting all
    #[arg(long, value_name = "N", value_parser = from_one)]
    sample: Option<u64>,
    /// Draw by random priorities (PCT): best for races that take D steps in order
    #[arg(long, value_name = "D", requires = "sample", value_parser = up_to::<1_000>)]
    depth: Option<u32>,
    /// Seed of the sample [default: drawn, and shown]
    #[arg(long, value_name = "N", requires = "sample", value_parser = natural)]
    seed: Option<u64>,
    /// Write the graph of states as one self-contained HTML page, too
    #[arg(long, value_name = "PATH", conflicts_with = "sample")]
    html: Option<PathBuf>,
    /// Print one JSON document instead of text
    #[arg(long)]
    json: bool,
}

/// A store: by its name, or by the address of one, of which nothing else is used.
pub(super) fn store(text: &str) -> Result<StoreKind, UnknownName> {
    let scheme = text.split_once(':').map_or(text, |(scheme, _)| scheme);
    let name = match scheme {
        "postgresql" => "postgres",
        "mariadb" => "mysql",
        "rediss" => "redis",
        other => other,
    };
    name.parse()
}

impl ExploreArgs {
    fn setting(&self) -> anyhow::Result<Setting> {
        // A protocol that no ticket file has names its store by itself.
        let store = self.store.or_else(|| self.choices.only_in());
        let choices = self.choices.choices(store)?;
        ensure(self.expire.is_none() || choices.leases(), together::nothing_expires)?;
        let case = self.choices.case(store)?;
        let usual = case.map_or((2, 1), |case| (case.buyers, case.tickets));
        let (buyers, tickets) = (self.buyers.unwrap_or(usual.0), self.tickets.unwrap_or(usual.1));
        let WorkersArgs { workers } = self.workers;
        let are_processes = workers == Workers::Process;
        ensure(store.is_none() || are_processes, together::workers_of_a_model)?;
        let kills = self.kills.unwrap_or_default();
        ensure(kills == Allowed::default() || are_processes, together::kills_need_processes)?;
        // A lease on a file is given a length because it may be too short.
        let is_short = matches!(choices, Choices::File(choices) if choices.lock == Lock::Lease && choices.lease_ns.is_some());
        let mishaps = case.map_or(Mishaps::none(), |case| case.usual().mishaps);
        let usual = if is_short { Allowed::Any } else { mishaps.of(Mishap::Expire) };
        let mishaps = mishaps.with(Mishap::Expire, self.expire.unwrap_or(usual)).with(Mishap::Kill, kills);
        PlanError::check_rogues(&choices, buyers)?;
        let setting = Setting::new(choices, buyers, tickets);
        Ok(Setting { per_buyer: self.per_buyer, workers, mishaps, ..setting })
    }
}

pub(super) fn execute(args: &ExploreArgs, lang: Lang, interrupted: &AtomicBool) -> anyhow::Result<Exit> {
    check_outputs(&[], args.html.as_deref())?;
    let setting = args.setting()?;
    let mut outputs = Outputs::new(interrupted);
    let (output, exit) = match args.sample {
        Some(draws) => draw(args, &setting, draws, lang, interrupted),
        None => count(args, &setting, lang, &mut outputs, interrupted)?,
    };
    if args.json {
        print_json(&output, interrupted)?;
    } else {
        print(&output, interrupted)?;
    }
    Ok(outputs.exit(exit))
}

/// Draws some schedules.
fn draw(
    args: &ExploreArgs,
    setting: &Setting,
    draws: u64,
    lang: Lang,
    interrupted: &AtomicBool,
) -> (String, Exit) {
    let scheduler = args.depth.map_or(Scheduler::Uniform, |depth| Scheduler::Pct { depth });
    // 32 bits, so that a seed can be read out and typed.
    let seed = args.seed.unwrap_or_else(|| u64::from(rand::random::<u32>()));
    let mut counted = Counted::new(lang);
    let sampling = Sampling { draws, scheduler, seed };
    let sample = sample_until(setting, sampling, interrupted, &mut |done| counted.drawn(done, draws));
    counted.clear();
    let exit = if sample.asked.is_some() { Exit::Interrupted } else { sample.ruling().into() };
    if args.json {
        (report::sample_json(setting, &sample), exit)
    } else {
        (report::sample_text(setting, &sample, lang, table_columns()), exit)
    }
}

/// Counts all schedules, and draws their graph.
fn count(
    args: &ExploreArgs,
    setting: &Setting,
    lang: Lang,
    outputs: &mut Outputs<'_>,
    interrupted: &AtomicBool,
) -> anyhow::Result<(String, Exit)> {
    let mut counted = Counted::new(lang);
    let census = census_until(setting, args.max_states, interrupted, &mut |progress| counted.show(progress));
    let spared = spared(args, setting, interrupted, &mut counted);
    counted.clear();
    let told = census.partial.as_ref().is_some_and(|covered| covered.stopped == Stopped::Told);
    let exit = if told { Exit::Interrupted } else { census.ruling().into() };
    if let Some(path) = args.html.as_ref().filter(|_| !told) {
        let graph = graph(setting, args.max_states, report::MOST_OF_A_COLUMN, interrupted);
        let page = report::graph_page(setting, &graph, &report::census_summary(&census, lang), lang)?;
        outputs.note(path, write_whole(path, interrupted, |file| file.write_all(page.as_bytes())));
    }
    let output = if args.json {
        report::census_json(setting, &census, spared.as_ref(), args.max_states)
    } else {
        report::census_text(setting, &census, spared.as_ref(), lang, table_columns())
    };
    Ok((output, exit))
}

/// The same count without kills, to tell what the kills alone did; `None` where no kill is allowed, or it takes too long.
fn spared(
    args: &ExploreArgs,
    setting: &Setting,
    interrupted: &AtomicBool,
    counted: &mut Counted,
) -> Option<Census> {
    if !setting.mishaps.allow(Mishap::Kill) {
        return None;
    }
    let mishaps = setting.mishaps.with(Mishap::Kill, Allowed::default());
    let census =
        census_until(&Setting { mishaps, ..*setting }, args.max_states, interrupted, &mut |progress| {
            counted.show(progress);
        });
    census.partial.is_none().then_some(census)
}
