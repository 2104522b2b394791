//! Every order of steps one by one, with a buyer, a file and a lock that are written independently of the explorer's.

use num_rational::Ratio;

use super::super::Setting;
use crate::plan::PerBuyer;
use crate::protocol::file::{Lock, LockOn, Write};
use crate::protocol::{Allowed, Choices, Mishap};
use crate::stock::Stock;
use crate::verdict::AnomalyKind;

/// The state of a buyer in the enumeration.
#[derive(Clone, Copy, Default)]
struct Simple {
    /// The letter of its next step, by its place in the sale's letters.
    at: usize,
    read: Stock,
    opened: u64,
    /// Which file it read through last.
    reads: u64,
    receipts: u32,
    /// It has locked and not yet unlocked, whether it (still) holds the lock or not.
    locked: bool,
    /// It will not write, but let go of what it holds and leave.
    gives_up: bool,
    /// The stock that it has sold from in its current purchase.
    wrote: Option<Stock>,
    gone: bool,
}

#[derive(Clone)]
pub(super) struct Enumeration {
    letters: Vec<char>,
    /// Closing a file drops the lock on it.
    posix: bool,
    /// An upgrade lets go first.
    flock: bool,
    /// Each write puts another file in place of the locked one.
    replaces: bool,
    most: u32,
    /// How many may still be killed.
    kills: u64,
    /// A dead holder's lock stays.
    outlives: bool,
    buyers: Vec<Simple>,
    /// `None` while it is emptied.
    file: Option<Stock>,
    renames: u64,
    /// The file, the buyer, and whether the lock is exclusive.
    holders: Vec<(u64, usize, bool)>,
    sold: Vec<Stock>,
    torn: bool,
    failed: u64,
    pub(super) steps: Vec<String>,
    pub(super) chance: Ratio<u128>,
}

/// Receipts, failed purchases, what the file holds, and what went wrong.
pub(super) type Key = (u64, u64, Option<Stock>, Vec<AnomalyKind>);

impl Enumeration {
    pub(super) fn new(setting: &Setting) -> Self {
        let Choices::File(choices) = setting.choices else { panic!("a sale from a file") };
        let locked = choices.lock != Lock::None;
        let mut letters = Vec::new();
        if locked && choices.write == Write::Rename && choices.lock_on == LockOn::Ticket {
            letters.push('O');
        }
        letters.extend(locked.then_some('L'));
        letters.push('R');
        letters.extend(if choices.write == Write::Truncate { vec!['T', 'F'] } else { vec!['W'] });
        letters.extend(locked.then_some('U'));
        if let Some(steps) = choices.steps {
            letters.clear();
            let letter = |word: &str| match word {
                "lock-shared" => 'H',
                "upgrade" => 'V',
                "close-other" => 'E',
                "unlink" => 'N',
                "reopen-check" => 'I',
                other => other.to_uppercase().chars().next().expect("a letter"),
            };
            let words = steps.to_string();
            letters.extend(words.split(' ').filter(|word| *word != "think").map(letter));
        }
        let most = match setting.per_buyer {
            PerBuyer::Count(count) => count.get(),
            PerBuyer::All => u32::MAX,
        };
        Self {
            letters,
            posix: choices.lock == Lock::Posix,
            flock: choices.lock == Lock::Flock,
            replaces: locked && choices.write == Write::Rename && choices.lock_on == LockOn::Ticket,
            most,
            kills: match setting.mishaps.of(Mishap::Kill) {
                Allowed::Most(most) => most.into(),
                Allowed::Any => u64::MAX,
            },
            outlives: matches!(choices.lock, Lock::Lockfile | Lock::Semaphore | Lock::Mkdir | Lock::Link),
            buyers: vec![Simple::default(); setting.buyers as usize],
            file: Some(setting.tickets),
            renames: 0,
            holders: Vec::new(),
            sold: Vec::new(),
            torn: false,
            failed: 0,
            steps: Vec::new(),
            chance: Ratio::from_integer(1),
        }
    }

    fn can(&self, place: usize) -> bool {
        let buyer = &self.buyers[place];
        let held = |is_meant: &dyn Fn(usize, bool) -> bool| {
            self.holders.iter().any(|(file, who, alone)| *file == buyer.opened && is_meant(*who, *alone))
        };
        let waits = match self.letters[buyer.at] {
            'L' => held(&|_, _| true),
            'H' => held(&|_, alone| alone),
            'V' => held(&|who, _| who != place),
            _ => false,
        };
        !(buyer.gone || waits)
    }

    fn step(&mut self, place: usize) {
        let buyer = &mut self.buyers[place];
        let letter = self.letters[buyer.at];
        self.steps.push(format!("{letter}{}", place + 1));
        buyer.at += 1;
        match letter {
            'O' => buyer.opened = self.renames,
            'L' | 'H' | 'V' => {
                buyer.locked = true;
                self.holders.retain(|(_, holder, _)| *holder != place);
                self.holders.push((buyer.opened, place, letter != 'H'));
            }
            'E' if !self.posix || buyer.opened != self.renames => {}
            'E' => self.holders.retain(|(_, holder, _)| *holder != place),
            'N' => self.renames += 1,
            'I' if buyer.opened == self.renames => {}
            'I' => {
                (buyer.at, buyer.locked) = (0, false);
                self.holders.retain(|(_, holder, _)| *holder != place);
            }
            'R' => {
                if self.replaces && self.posix && buyer.reads == buyer.opened {
                    self.holders.retain(|(_, holder, _)| *holder != place);
                }
                buyer.reads = self.renames;
                self.torn |= self.file.is_none();
                buyer.read = self.file.unwrap_or(0);
                buyer.gives_up = buyer.read == 0;
                if self.file.is_none() {
                    self.failed += 1;
                    buyer.locked = false;
                    self.holders.retain(|(_, holder, _)| *holder != place);
                }
            }
            'T' => self.file = None,
            'W' | 'F' => {
                self.file = Some(buyer.read - 1);
                self.renames += u64::from(self.replaces);
                buyer.wrote = Some(buyer.read);
            }
            _ => {
                buyer.locked = false;
                self.holders.retain(|(_, holder, _)| *holder != place);
            }
        }
        let lets_go = |at: usize| buyer.locked && self.letters[at] == 'U';
        while buyer.gives_up && buyer.at < self.letters.len() && !lets_go(buyer.at) {
            buyer.at += 1;
        }
        if buyer.at == self.letters.len() {
            buyer.at = 0;
            if let Some(ticket) = buyer.wrote.take() {
                self.sold.push(ticket);
                buyer.receipts += 1;
            }
            buyer.gone = buyer.gives_up || buyer.receipts == self.most;
        }
        if self.flock && !buyer.gone && self.letters[buyer.at] == 'V' {
            self.holders.retain(|(_, holder, _)| *holder != place);
        }
    }

    /// A buyer is killed: the system releases its lock, if it knows the holder.
    fn kill(&mut self, place: usize) {
        self.steps.push(format!("K{}", place + 1));
        self.kills -= 1;
        self.buyers[place] = Simple { gone: true, ..Simple::default() };
        if !self.outlives {
            self.holders.retain(|(_, holder, _)| *holder != place);
        }
    }

    /// Calls `ended` with every possible end.
    pub(super) fn each(&self, ended: &mut impl FnMut(&Enumeration)) {
        let able: Vec<usize> = (0..self.buyers.len()).filter(|place| self.can(*place)).collect();
        let lives = |place: &usize| self.kills > 0 && !self.buyers[*place].gone;
        let mortal: Vec<usize> = (0..self.buyers.len()).filter(lives).collect();
        // If nobody can step, the schedule may also end without another kill.
        let ways = able.len() + mortal.len() + usize::from(able.is_empty());
        let next = || {
            let mut next = self.clone();
            next.chance /= ways as u128;
            next
        };
        if able.is_empty() {
            ended(&next());
        }
        for place in able {
            let mut next = next();
            next.step(place);
            next.each(ended);
        }
        for place in mortal {
            let mut next = next();
            next.kill(place);
            next.each(ended);
        }
    }

    /// By the definitions of the anomalies, from the list of all sales.
    pub(super) fn key(&self, initial: Stock) -> Key {
        let mut tickets = self.sold.clone();
        tickets.sort_unstable();
        tickets.dedup();
        // Buyers that can't go on wait for ever, and their purchases fail.
        let stuck = self.buyers.iter().filter(|buyer| !buyer.gone).count() as u64;
        let gone: Vec<Stock> = (self.file.unwrap_or(0) + 1..=initial).collect();
        let named = [
            (self.sold.len() as Stock > initial, AnomalyKind::Oversold),
            (tickets.len() < self.sold.len(), AnomalyKind::LostUpdate),
            (self.file.is_some() && tickets != gone, AnomalyKind::LostStock),
            (self.torn || self.file.is_none(), AnomalyKind::TornRead),
            (stuck > 0, AnomalyKind::Stuck),
        ];
        let anomalies = named.into_iter().filter_map(|(holds, kind)| holds.then_some(kind)).collect();
        (self.sold.len() as u64, self.failed + stuck, self.file, anomalies)
    }
}
