//! The race of commands: every copy is forked and stopped right after its exec; then one loop of one thread lets all
//! go. If the system does not allow that, each copy waits at a barrier right before its exec.

use std::io::Read as _;
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::copy::{Copy, HeldAt, wait_for};
use super::{CommandAnswer, CommandError, Program, TICK};
use crate::history::Outcome;
use crate::plan::PerBuyer;
use crate::race::broken::Broken;
use crate::race::heat::{Clock, Ended, Heat, Judged, Made};
use crate::race::plan::RacePlan;
use crate::race::priority::Priority;
use crate::race::template::{Template, Variables};

/// A buyer: its values, and its copy of the program.
struct Racer<'a> {
    number: u32,
    values: &'a mut Variables,
    copy: Option<Copy>,
    begun: u32,
    invoke_ns: u64,
    until: Instant,
}

struct Field<'a> {
    plan: &'a RacePlan,
    words: &'a [Template],
    interrupted: &'a AtomicBool,
    clock: Clock,
    racers: Vec<Racer<'a>>,
    heat: Heat,
    judge: &'a mut dyn FnMut(u32, &CommandAnswer) -> Judged,
}

/// Lets all copies go together, and waits for their end. Each buyer has its values.
///
/// # Errors
/// When a copy can't be started. The others are ended then.
pub(in crate::race) fn race<'a>(
    plan: &'a RacePlan,
    words: &'a [Template],
    interrupted: &'a AtomicBool,
    buyers: &'a mut [(Variables, crate::race::request::Cookies)],
    judge: &'a mut dyn FnMut(u32, &CommandAnswer) -> Judged,
) -> Result<Heat, CommandError> {
    let (clock, until) = (Clock::new(), Instant::now());
    let racer = |((values, _), number): (&'a mut (Variables, _), u32)| Racer {
        number,
        values,
        copy: None,
        begun: 0,
        invoke_ns: 0,
        until,
    };
    let racers = buyers.iter_mut().zip(1..).map(racer).collect();
    let mut field = Field { plan, words, interrupted, clock, racers, heat: Heat::default(), judge };
    // The end of a copy wakes the loop by a byte in this pipe.
    let (mut wake, child_ended) =
        UnixStream::pair().map_err(|error| CommandError::start("a pipe", &error))?;
    wake.set_nonblocking(true).map_err(|error| CommandError::start("a pipe", &error))?;
    let registered = signal_hook::low_level::pipe::register(signal_hook::consts::SIGCHLD, child_ended)
        .map_err(|error| CommandError::start("a signal handler", &error))?;
    let run = match field.get_ready() {
        Ok(()) => {
            field.go();
            field.await_ends(&mut wake)
        }
        Err(error) => Err(error),
    };
    signal_hook::low_level::unregister(registered);
    run?;
    field.heat.ended_ns = field.clock.now_ns();
    Ok(field.heat)
}

impl Field<'_> {
    /// Starts every copy, held back.
    fn get_ready(&mut self) -> Result<(), CommandError> {
        #[cfg(target_os = "linux")]
        if self.start_traced()? {
            return Ok(());
        }
        self.racers.iter_mut().for_each(|racer| (racer.copy, racer.begun) = (None, 0));
        if self.interrupted.load(Ordering::Relaxed) {
            return Err(CommandError::Interrupted);
        }
        self.start(HeldAt::Barrier)?;
        // The shells need a moment to reach the barrier.
        std::thread::sleep(Duration::from_millis(50));
        Ok(())
    }

    /// Starts every copy, and stops it right after its exec. False if the system does not allow it.
    #[cfg(target_os = "linux")]
    fn start_traced(&mut self) -> Result<bool, CommandError> {
        if self.runs_as_another()? {
            return Ok(false);
        }
        match self.start(HeldAt::Traced) {
            Ok(()) => Ok(true),
            // A sandbox may forbid it.
            Err(CommandError::Start { errno: Some(nix::libc::EPERM | nix::libc::ENOSYS), .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Whether the program runs as another user than its caller (setuid, setgid): the system does not allow that
    /// while it is traced.
    #[cfg(target_os = "linux")]
    fn runs_as_another(&self) -> Result<bool, CommandError> {
        use std::os::unix::fs::MetadataExt as _;
        let Some(racer) = self.racers.first() else { return Ok(false) };
        let file = Program::new(self.plan, self.words, racer.values)?.file();
        Ok(file.and_then(|file| file.metadata().ok()).is_some_and(|file| file.mode() & 0o6000 != 0))
    }

    fn start(&mut self, held_at: HeldAt) -> Result<(), CommandError> {
        for place in 0..self.racers.len() {
            if self.interrupted.load(Ordering::Relaxed) {
                return Err(CommandError::Interrupted);
            }
            self.racers[place].copy = Some(self.next_copy(place, held_at)?);
        }
        self.heat.launch_ns = self.clock.now_ns();
        Ok(())
    }

    /// The next copy of a buyer.
    fn next_copy(&mut self, place: usize, held_at: HeldAt) -> Result<Copy, CommandError> {
        let racer = &mut self.racers[place];
        racer.begun += 1;
        racer.values.insert("n".to_owned(), racer.begun.to_string());
        racer.values.insert("uuid".to_owned(), crate::race::template::fresh_uuid());
        let program = Program::new(self.plan, self.words, racer.values)?;
        Copy::start(&program, held_at).map_err(|error| CommandError::start(&program.words[0], &error))
    }

    /// The go.
    fn go(&mut self) {
        let gaps = u32::try_from(self.racers.len()).unwrap_or(u32::MAX).saturating_sub(1).max(1);
        let gap = self.plan.spread / gaps;
        let before_all = self.plan.spread.is_zero().then(Priority::raise);
        let start = Instant::now();
        self.heat.go_ns = self.clock.now_ns();
        let mut last_ns = self.heat.go_ns;
        for (racer, turn) in self.racers.iter_mut().zip(0..) {
            let until = start + gap * turn;
            while !gap.is_zero() && Instant::now() < until && !self.interrupted.load(Ordering::Relaxed) {
                std::thread::sleep(until.saturating_duration_since(Instant::now()).min(TICK));
            }
            racer.invoke_ns = self.clock.now_ns();
            if let Some(copy) = &mut racer.copy {
                copy.let_go();
            }
            last_ns = self.clock.now_ns();
            racer.until = Instant::now() + self.plan.timeout;
        }
        drop(before_all);
        self.heat.spread_ns = last_ns - self.heat.go_ns;
    }

    /// Waits for the end of all copies. Buyers that make further purchases go on.
    fn await_ends(&mut self, wake: &mut UnixStream) -> Result<(), CommandError> {
        while self.racers.iter().any(|racer| racer.copy.is_some()) {
            let copies = self.racers.iter().filter_map(|racer| racer.copy.as_ref());
            wait_for(copies, Some(wake.as_fd()), TICK);
            // One byte or many: a copy has ended.
            while wake.read(&mut [0; 256]).is_ok_and(|count| count > 0) {}
            self.heat.interrupted = self.interrupted.load(Ordering::Relaxed);
            for place in 0..self.racers.len() {
                self.look_at(place)?;
            }
        }
        Ok(())
    }

    fn look_at(&mut self, place: usize) -> Result<(), CommandError> {
        let racer = &mut self.racers[place];
        let Some(copy) = &mut racer.copy else { return Ok(()) };
        copy.read();
        let Some(answer) = copy.ended() else {
            let late = Instant::now() >= racer.until;
            if late || self.heat.interrupted {
                let ended = if late { Ended::Stalled } else { Ended::Broken(Broken::Interrupted) };
                self.note(place, ended);
            }
            return Ok(());
        };
        let judged = (self.judge)(racer.number, &answer);
        let goes_on = match self.plan.per_buyer {
            PerBuyer::Count(count) => racer.begun < count.get(),
            PerBuyer::All => judged == Judged::Outcome(Outcome::Bought),
        };
        let room = (self.heat.made.len() as u64) < RacePlan::MOST_PURCHASES;
        // A killed program did not answer, unless a rule says what that means.
        let ended = match (answer.signal, judged) {
            (Some(signal), Judged::Unmatched) => Ended::Broken(Broken::Killed(signal)),
            _ => Ended::Judged(judged),
        };
        self.note(place, ended);
        if goes_on && room && !self.heat.interrupted {
            self.racers[place].invoke_ns = self.clock.now_ns();
            let copy = self.next_copy(place, HeldAt::Nothing)?;
            let racer = &mut self.racers[place];
            (racer.copy, racer.until) = (Some(copy), Instant::now() + self.plan.timeout);
        }
        Ok(())
    }

    /// Notes how a purchase ended, and drops its copy.
    fn note(&mut self, place: usize, ended: Ended) {
        let racer = &mut self.racers[place];
        let Some(copy) = racer.copy.take() else { return };
        let (buyer, pid, invoke_ns) = (racer.number, Some(copy.pid()), racer.invoke_ns);
        let return_ns = matches!(ended, Ended::Judged(_)).then(|| self.clock.now_ns());
        self.heat.made.push(Made { buyer, pid, invoke_ns, return_ns, ended, unproven: false });
    }
}
