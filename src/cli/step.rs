//! `ticketsim step`: replay by hand. It reads lines, from a terminal or a pipe.

use std::io::{self, IsTerminal as _, Stdin};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::Args;
use nix::errno::Errno;

use super::Exit;
use super::number::up_to;
use super::outputs::{Outputs, check_outputs, kept};
use super::pictures::PictureArgs;
use super::print::print;
use super::replay::{plan_of, text, was_interrupted};
use super::run::SaleArgs;
use super::said::said;
use super::store::StoreArgs;
use super::workers::WorkersArgs;
use crate::explore::{Hint, Setting, hint};
use crate::foreign;
use crate::lang::{Lang, replay as say};
use crate::plan::{Plan, Workers};
use crate::protocol::file::Lock;
use crate::protocol::{Action, Allowed, Guard, Mishap, Mishaps, Reply};
use crate::replay::{Conductor, Position, Repeated, ReplayError, Went};
use crate::report::replay::text as report;
use crate::report::text::{ASIDE, BAD, Detail, GOOD, LOUD, ODD, styled};
use crate::report::words;
use crate::schedule::{Holder, Schedule, Step};
use crate::store::file::lock::Occupied;
use crate::store::file::ticket::read_start;
use crate::workers::readable;

/// How many states a hint may look through: well below a second.
const MOST_STATES: usize = 100_000;

/// `ticketsim step`.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Type a buyer's number to let it take its next step, u to go one step back (with new buyers, which \
take the steps before it again), ? for the shortest way to an oversell, q to leave. It ends when all \
buyers have left, or with q or the end of the input: then purchases that have begun are finished.
At Redis, with --lock lease, x1 has buyer 1's lease expire.

It reads plain lines, so a pipe can drive it:
  printf '1\\n2\\n1\\n2\\n' | ticketsim step --buyers 2 --tickets 1 --no-lock
  ticketsim step --tickets 1 --store sqlite:shop.db --isolation deferred")]
pub(super) struct StepArgs {
    /// How many buyers there are
    #[arg(short = 'n', long, value_name = "N", default_value_t = 2,
          value_parser = up_to::<{ Plan::MOST_BUYERS }>, allow_negative_numbers = true)]
    buyers: u32,
    #[command(flatten)]
    sale: SaleArgs,
    #[command(flatten)]
    workers: WorkersArgs,
    #[command(flatten)]
    place: StoreArgs,
    #[command(flatten)]
    pictures: PictureArgs,
}

/// What was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Typed {
    Buyer(u32),
    Befall(Mishap, u32),
    Back,
    Hint,
    Leave,
    Nothing,
    Other(String),
}

impl Typed {
    fn new(line: &str, buyers: u32) -> Self {
        match line.trim() {
            "" => Typed::Nothing,
            "u" => Typed::Back,
            "?" => Typed::Hint,
            "q" => Typed::Leave,
            word => {
                // As schedules name it, in small or capital letters.
                let letter = word.chars().next().map(|letter| letter.to_ascii_uppercase().to_string());
                let mishap = letter.and_then(|letter| Mishap::of(letter.parse().ok()?));
                let number = if mishap.is_some() { &word[1..] } else { word };
                let buyer = number.parse().ok().filter(|buyer| (1..=buyers).contains(buyer));
                let make = |buyer| mishap.map_or(Typed::Buyer(buyer), |mishap| Typed::Befall(mishap, buyer));
                buyer.map_or_else(|| Typed::Other(word.to_owned()), make)
            }
        }
    }
}

pub(super) fn execute(args: &StepArgs, lang: Lang, interrupted: &AtomicBool) -> anyhow::Result<Exit> {
    let plan = plan_of(&args.sale, &args.place, args.workers, Some(args.buyers), &Schedule::default())?;
    check_outputs(&kept(&plan), args.pictures.paths())?;
    match step_through(&plan, &args.pictures, lang, interrupted) {
        Ok(exit) => Ok(exit),
        Err(error) => match error.downcast_ref::<ReplayError>() {
            Some(error) if was_interrupted(error) => Ok(Exit::Interrupted),
            _ => Err(error),
        },
    }
}

fn step_through(
    plan: &Plan,
    pictures: &PictureArgs,
    lang: Lang,
    interrupted: &AtomicBool,
) -> anyhow::Result<Exit> {
    let mut session = Conductor::start(plan, interrupted).map_err(ReplayError::from)?;
    // Going back begins again with the stock that was there at first.
    let plan = session.plan().clone();
    let mut input = Input::new();
    let are_processes = plan.workers == Workers::Process;
    let help = [
        Some(say::step_help(lang)),
        may_expire(&plan).then(|| say::step_help_lease(lang)),
        are_processes.then(|| say::step_help_kill(lang)),
    ];
    let help = help.into_iter().flatten().map(|line| format!("{}\n", styled(ASIDE, line)));
    print(&(report::plan_line(&plan, lang) + &help.collect::<String>()), interrupted)?;
    print(&state(&session, false, lang), interrupted)?;
    while (1..=plan.buyers).any(|buyer| session.next_step(buyer).is_some()) {
        let Some(line) = input.line(interrupted)? else { break };
        // Whether another program holds the lock, as the last step has shown.
        let mut foreign = false;
        match Typed::new(&line, plan.buyers) {
            Typed::Leave => break,
            Typed::Nothing => {}
            Typed::Other(typed) => {
                let said = say::not_understood(lang, printable(&typed, 40), plan.buyers);
                print(&format!("{}\n", styled(ODD, said)), interrupted)?;
                continue;
            }
            Typed::Hint => {
                print(&format!("{}\n", styled(ASIDE, hint_words(&session, lang))), interrupted)?;
                continue;
            }
            Typed::Back => match session.taken().last() {
                None => {
                    print(&format!("{}\n", styled(ODD, say::at_the_start(lang))), interrupted)?;
                    continue;
                }
                Some(last) => {
                    let last = last.step;
                    session = back(session, &plan, interrupted)?;
                    print(&format!("{}\n", styled(ASIDE, say::taken_back(lang, last))), interrupted)?;
                }
            },
            Typed::Befall(mishap, buyer) => {
                print(&format!("{}\n", befall(&mut session, mishap, buyer, lang)?), interrupted)?;
            }
            Typed::Buyer(buyer) => {
                let (said, by_stranger) = go(&mut session, buyer, lang, interrupted)?;
                foreign = by_stranger;
                print(&format!("{said}\n"), interrupted)?;
            }
        }
        print(&state(&session, foreign, lang), interrupted)?;
    }
    let first = session.finish(interrupted)?;
    let ruling = first.sold.verdict.ruling;
    let left_early = interrupted.load(Ordering::Relaxed);
    let mut outputs = Outputs::new(interrupted);
    outputs.note_unread(&first.sold.history);
    pictures.draw(&first.sold.history, &first.sold.verdict, lang, &mut outputs);
    print(&text(&Repeated { first, times: 1, differs: None }, lang, Detail::Normal), interrupted)?;
    Ok(outputs.exit(if left_early { Exit::Interrupted } else { ruling.into() }))
}

/// Lets a buyer go, and says what came of it, and whether another program holds the lock.
fn go(
    session: &mut Conductor,
    buyer: u32,
    lang: Lang,
    interrupted: &AtomicBool,
) -> anyhow::Result<(String, bool)> {
    let wanted = session.next_step(buyer);
    if session.buyers()[buyer as usize - 1].is_paused {
        return Ok((styled(ODD, say::still_paused(lang, buyer)), false));
    }
    let went = session.step(buyer, interrupted)?;
    let foreign = matches!(went, Went::MustWait(None));
    let said = match (went, wanted) {
        (Went::Took(taken) | Went::Waits(taken), _) => {
            let place = session.taken().len();
            let said = format!("{place}  {}  {}", styled(LOUD, taken.step), report::step_words(&taken, lang));
            let answers = report::answers(session.taken(), place, lang);
            std::iter::once(said)
                .chain(answers.into_iter().map(|answer| format!("   {answer}")))
                .collect::<Vec<_>>()
                .join("\n")
        }
        (Went::Still(sent, kept), Some(_)) => {
            let why = report::kept(&kept, lang);
            styled(BAD, say::still_waits(lang, buyer, sent.request, sent.place, why))
        }
        (Went::MustWait(Some(Holder { buyer, since })), Some(step)) => {
            styled(BAD, say::must_wait(lang, step, buyer, since))
        }
        (Went::MustWait(None), Some(step)) => styled(BAD, stranger(session, step, lang)),
        (Went::Left | Went::MustWait(_) | Went::Still(..), _) => styled(ODD, say::no_step_left(lang, buyer)),
    };
    Ok((said, foreign))
}

/// Whether leases expire where these buyers buy.
fn may_expire(plan: &Plan) -> bool {
    plan.store.choices().leases()
}

/// Has something befall a buyer, and says what came of it.
fn befall(session: &mut Conductor, mishap: Mishap, buyer: u32, lang: Lang) -> anyhow::Result<String> {
    let Some(taken) = session.befall(buyer, mishap)? else {
        let said = match mishap {
            Mishap::Expire => say::can_not_expire(lang, buyer),
            Mishap::Kill | Mishap::Pause | Mishap::GoOn => say::can_not_befall(lang, buyer, mishap.letter()),
        };
        return Ok(styled(ODD, said));
    };
    let place = session.taken().len();
    let said = format!("{place}  {}  {}", styled(LOUD, taken.step), report::step_words(&taken, lang));
    let answers =
        report::answers(session.taken(), place, lang).into_iter().map(|answer| format!("   {answer}"));
    Ok(std::iter::once(said).chain(answers).collect::<Vec<_>>().join("\n"))
}

/// What is said when a step has to wait for a lock that none of our buyers holds.
fn stranger(session: &Conductor, step: Step, lang: Lang) -> String {
    let Some(Occupied { path, pid, gone }) = session.lockfile() else {
        return say::waits_for_stranger(lang, step);
    };
    let path = foreign::path(&path);
    match pid {
        Some(pid) if gone => say::lockfile_left(lang, step, path, pid),
        Some(pid) => say::lockfile_in_use(lang, step, path, pid),
        None => say::lockfile_nameless(lang, step, path),
    }
}

/// The same without the last step: new buyers take the steps before it again.
fn back(session: Conductor, plan: &Plan, interrupted: &AtomicBool) -> Result<Conductor, ReplayError> {
    let mut steps: Vec<Step> = session.taken().iter().map(|taken| taken.step).collect();
    steps.pop();
    session.finish(interrupted)?;
    let mut again = Conductor::start(plan, interrupted)?;
    for step in steps {
        again.follow(step, interrupted)?;
    }
    Ok(again)
}

/// Where all stand: the file, the lock (which may be held by another program, a `foreign` one), and each
/// buyer's next step. At a database the stock, and what each buyer has of its own there.
fn state(session: &Conductor, foreign: bool, lang: Lang) -> String {
    let plan = session.plan();
    let mut lines = vec![String::new()];
    match plan.file() {
        Some(file) => {
            lines.push(say::file(lang, file_text(&file.file, lang)));
            lines.push(match (file.choices.lock, session.holder()) {
                (Lock::None, _) => say::lock_none(lang),
                (lock, None) if foreign => say::lock_foreign(lang, lock),
                (lock, None) => say::lock_free(lang, lock),
                (lock, Some(Holder { buyer, since })) => say::lock_held(lang, lock, buyer, since),
            });
        }
        None => lines.push(match session.look() {
            Some(Reply::Stock(stock)) if matches!(plan.store.choices().guard(), Guard::Level(_)) => {
                say::stock_committed(lang, stock)
            }
            Some(Reply::Stock(stock)) => say::stock_now(lang, stock),
            _ => say::stock_not_known(lang),
        }),
    }
    let width = plan.buyers.to_string().len();
    for (position, buyer) in session.buyers().iter().zip(1..=plan.buyers) {
        let (next, action) = (session.next_step(buyer), session.action(buyer));
        let name = format!("{buyer:>width$}");
        lines.push(match position.waits {
            Some(sent) => styled(
                ODD,
                say::waits_for_answer(
                    lang,
                    name,
                    sent.request,
                    sent.place,
                    report::kept(&session.kept(buyer), lang),
                ),
            ),
            None => buyer_line(position, next, action, name, lang),
        });
        let own = report::own_state(&session.own_state(buyer), &position.held, lang);
        if plan.file().is_none() && !own.is_empty() {
            lines.push(format!("      {:width$}  {}", "", styled(ASIDE, own)));
        }
    }
    if !session.taken().is_empty() {
        let taken = Schedule(session.taken().iter().map(|taken| taken.step).collect());
        lines.push(styled(ASIDE, say::so_far(lang, taken)));
    }
    lines.push(String::new());
    lines.join("\n")
}

fn buyer_line(position: &Position, next: Option<Step>, action: Action, buyer: String, lang: Lang) -> String {
    let line = match (next, position.ending) {
        (Some(step), _) => {
            let what = next_words(action, lang);
            say::next(lang, buyer, styled(LOUD, step), what)
        }
        (None, Some(ending)) => say::has_left(lang, buyer, report::outcome(ending.outcome, lang)),
        (None, None) => String::new(),
    };
    let read = match position.read {
        Some(Reply::Stock(stock)) => say::has_read(lang, stock),
        Some(Reply::Torn(text)) => say::has_read(lang, words::torn_text(&text, lang)),
        _ => return line,
    };
    let (open, close) = if lang == Lang::Zh { ("（", "）") } else { ("(", ")") };
    format!("{line}  {}", styled(ASIDE, format!("{open}{read}{close}")))
}

fn next_words(action: Action, lang: Lang) -> String {
    match action {
        Action::Open => say::to_open(lang),
        Action::Lock => say::to_lock(lang),
        Action::Read => say::to_read(lang),
        Action::Write(stock) => say::to_write(lang, stock),
        Action::Truncate => say::to_empty(lang),
        Action::Fill(stock) => say::to_fill(lang, stock),
        Action::Unlock => say::to_unlock(lang),
        Action::LockShared => say::to_lock_shared(lang),
        Action::Upgrade => say::to_upgrade(lang),
        Action::CloseOther => say::to_close_other(lang),
        Action::Unlink => say::to_unlink(lang),
        Action::ReopenCheck => say::to_reopen_check(lang),
        Action::LookStale => say::to_look_stale(lang),
        Action::RemoveStale => say::to_remove_stale(lang),
        Action::HelperUnlock => say::to_helper_unlock(lang),
        Action::ReadForUpdate => say::to_read_for_update(lang),
        Action::ReadForShare => say::to_read_for_share(lang),
        Action::Count => say::to_count(lang),
        Action::Insert => say::to_insert(lang),
        Action::Decrement => say::to_decrement(lang),
        Action::Swap(stock) => say::to_swap(lang, stock, stock - 1),
        Action::Take => say::to_take(lang),
        Action::GiveBack => say::to_give_back(lang),
        Action::LockUntilCommit => say::to_lock_until_commit(lang),
        Action::BeginImmediate => say::to_begin_immediate(lang),
        Action::Commit => say::to_commit(lang),
        Action::Rollback => say::to_roll_back(lang),
        Action::Watch => say::to_watch(lang),
        Action::Begin | Action::Think | Action::Leave => String::new(),
    }
}

/// What the ticket file holds, in one line.
fn file_text(path: &Path, lang: Lang) -> String {
    // A ticket file is short; of anything else the beginning tells.
    match read_start(path, 4096) {
        Err(error) => styled(BAD, error),
        Ok(bytes) => match String::from_utf8_lossy(&bytes).trim_end() {
            "" => styled(BAD, crate::lang::verdict::empty_text(lang)),
            text => printable(&text.split_whitespace().collect::<Vec<_>>().join(" "), 200),
        },
    }
}

/// Up to so many characters of a text that another program wrote, those escaped that a terminal would take
/// for commands.
fn printable(text: &str, most: usize) -> String {
    let kept: String = text.chars().take(most).collect();
    let more = if text.chars().nth(most).is_some() { "…" } else { "" };
    format!("{}{more}", foreign::shown(&kept))
}

fn hint_words(session: &Conductor, lang: Lang) -> String {
    let plan = session.plan();
    let expire = if may_expire(plan) { Allowed::Any } else { Allowed::default() };
    let mishaps = Mishaps::none().with(Mishap::Expire, expire);
    let setting = Setting { mishaps, ..Setting::of(plan, plan.tickets.unwrap_or(0)) };
    let taken = Schedule(session.taken().iter().map(|taken| taken.step).collect());
    match hint(&setting, &taken, MOST_STATES) {
        Ok(Hint::Steps(steps)) => say::hint(lang, steps),
        Ok(Hint::Oversold) => say::hint_done(lang),
        Ok(Hint::Never) => say::no_hint(lang),
        Ok(Hint::TooFar) => say::hint_too_far(lang),
        // Model and reality have parted: another program wrote to the file.
        Err(unfollowed) => said(&unfollowed, lang),
    }
}

/// How long a wait for input is before the interrupt flag is looked at again.
const TICK: Duration = Duration::from_millis(100);

/// The lines that are typed. It reads stdin itself: the standard library's lines go on waiting when a
/// signal comes.
struct Input {
    stdin: Stdin,
    /// On a terminal what is typed can be seen; from a pipe it is shown after the prompt.
    echo: bool,
    /// What was read and is no line yet, or more than one.
    pending: Vec<u8>,
}

impl Input {
    fn new() -> Self {
        let stdin = std::io::stdin();
        Self { echo: !stdin.is_terminal(), stdin, pending: Vec::new() }
    }

    /// The next line; `None` at the end of the input, or when interrupted.
    fn line(&mut self, interrupted: &AtomicBool) -> anyhow::Result<Option<String>> {
        print(&format!("{} ", styled(GOOD, ">")), interrupted)?;
        let line = self.next(interrupted)?;
        if self.echo || line.is_none() {
            print(&format!("{}\n", printable(line.as_deref().unwrap_or_default(), 200)), interrupted)?;
        }
        Ok(line)
    }

    fn next(&mut self, interrupted: &AtomicBool) -> io::Result<Option<String>> {
        loop {
            if let Some(end) = self.pending.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.pending.drain(..=end).collect();
                return Ok(Some(String::from_utf8_lossy(&line).trim_end().to_owned()));
            }
            while !readable(&self.stdin, TICK)? {
                if interrupted.load(Ordering::Relaxed) {
                    return Ok(None);
                }
            }
            let mut bytes = [0; 256];
            match nix::unistd::read(&self.stdin, &mut bytes) {
                // A last line may lack its line feed.
                Ok(0) if self.pending.is_empty() => return Ok(None),
                Ok(0) => self.pending.push(b'\n'),
                Ok(count) => self.pending.extend_from_slice(&bytes[..count]),
                Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_was_typed_or_read_commands_the_terminal() {
        assert_eq!(printable("\u{1b}]0;gone\u{7}\u{202e}", 40), "\\u{1b}]0;gone\\u{7}\\u{202e}");
        assert_eq!(printable("{\"remaining\": 1} 张", 40), "{\"remaining\": 1} 张");
        assert_eq!(printable("abc", 2), "ab…");
    }
}
