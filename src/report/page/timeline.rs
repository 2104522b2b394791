//! The race in the terminal: a lane for each buyer, for histories small enough to be seen at a glance.
//!
//! ```text
//! stock    1───────────────────────0─────────────────────────────────
//! buyer 7  R───────────────────────W                                  ✓ bought ticket 1
//! buyer 3   R─────────────────────────────W                           ✓ bought ticket 1, sold already
//! ```

use anstyle::{AnsiColor, Style};
use unicode_width::UnicodeWidthStr as _;

use super::lanes::{Extent, Lane, buyer_name, lanes, last_known_ns, turn_ns};
use crate::fault::{Fault, FaultKind};
use crate::foreign;
use crate::history::{Befallen, History, Outcome, Purchase};
use crate::lang::{Lang, timeline as say};
use crate::protocol::Mishap;
use crate::report::hosts;
use crate::report::words::{self, grouped_stock, span};
use crate::verdict::{judge, sold_again};

/// The most purchases that are drawn.
pub const MOST_PURCHASES: usize = 20;
/// The fewest columns of a picture.
const LEAST_PLOT: usize = 24;

/// How the picture is to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// How many columns there are.
    pub width: usize,
    /// Whether characters beyond ASCII are shown.
    pub unicode: bool,
    /// The language of its words.
    pub lang: Lang,
}

struct Signs {
    waits: char,
    holds: char,
    open: char,
    stock: char,
    bought: char,
    refused: char,
    failed: char,
    unknown: char,
    returned: char,
    read: char,
}

const UNICODE: Signs = Signs {
    waits: '┈',
    holds: '═',
    open: '─',
    stock: '─',
    bought: '✓',
    refused: '✗',
    failed: '!',
    unknown: '?',
    returned: '↩',
    read: '○',
};

const ASCII: Signs = Signs {
    waits: '.',
    holds: '=',
    open: '-',
    stock: '-',
    bought: '+',
    refused: 'x',
    failed: '!',
    unknown: '?',
    returned: '<',
    read: 'o',
};

/// The timeline of a history, with a line feed at its end; `None` if there is nothing to see, more
/// than [`MOST_PURCHASES`], or no room.
#[must_use]
pub fn timeline(history: &History, look: &Look) -> Option<String> {
    if history.purchases.is_empty() || history.purchases.len() > MOST_PURCHASES {
        return None;
    }
    let picture = Picture::new(history, look)?;
    let mut text = picture.axis();
    text.extend(picture.stock());
    let mut host = 0;
    for (lane, words) in picture.lanes.iter().zip(&picture.words) {
        if lane.host != host {
            host = lane.host;
            text.extend(picture.host(host));
        }
        text.push_str(&picture.lane(lane, words));
    }
    text.push_str(&picture.legend());
    Some(text)
}

/// How much room there is for the result of a lane.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Room {
    Wide,
    Narrow,
    None,
}

struct Picture<'a> {
    history: &'a History,
    look: &'a Look,
    signs: &'static Signs,
    lanes: Vec<Lane>,
    /// The result of each lane.
    words: Vec<String>,
    /// Which purchases hold a receipt for a ticket that was sold already.
    again: Vec<bool>,
    labels: usize,
    plot: usize,
    extent: Extent,
}

impl<'a> Picture<'a> {
    fn new(history: &'a History, look: &'a Look) -> Option<Self> {
        let lanes = lanes(history);
        let signs = if look.unicode { &UNICODE } else { &ASCII };
        let again = sold_again(history, &judge(history));
        let names = lanes.iter().map(|lane| lane_name(history, lane, look));
        let labels = names.chain([say::stock(look.lang)]).map(|name| columns(&name)).max()? + 2;
        let fits = |words: &[String]| {
            let widest = words.iter().map(|text| columns(text)).max().unwrap_or(0) + 1;
            look.width.checked_sub(labels + widest).filter(|plot| *plot >= LEAST_PLOT)
        };
        // In words if there is room, else in few words, else in signs alone.
        let said = |room: Room| -> Vec<String> {
            let of_lane = |lane: &Lane| match room {
                Room::None => in_signs(history, lane, signs, &again),
                _ => in_words(history, lane, signs, look.lang, &again, room),
            };
            let words = lanes.iter().map(of_lane);
            words.map(|words| if look.unicode { words } else { ascii(&words, look.lang) }).collect()
        };
        let all = [Room::Wide, Room::Narrow, Room::None].into_iter().map(said);
        let (words, plot) = all.filter_map(|words| fits(&words).map(|plot| (words, plot))).next()?;
        Some(Self { history, look, signs, lanes, words, again, labels, plot, extent: Extent::of(history) })
    }

    /// The column of a time.
    fn column(&self, ns: u64) -> usize {
        let length_ns = self.extent.length_ns().max(1) as f64;
        let share = ns.saturating_sub(self.extent.from_ns) as f64 / length_ns;
        ((share * (self.plot - 1) as f64).round() as usize).min(self.plot - 1)
    }

    fn label(&self, name: &str) -> String {
        format!("{name}{}", " ".repeat(self.labels - columns(name)))
    }

    fn axis(&self) -> String {
        let end = span(self.extent.length_ns());
        let end = if self.look.unicode { end } else { ascii(&end, Lang::En) };
        let room = self.plot.saturating_sub(1 + columns(&end));
        let (dim, off) = (Style::new().dimmed(), Style::new().dimmed().render_reset());
        format!("{}{dim}0{}{end}{off}\n", self.label(""), " ".repeat(room))
    }

    /// The stock after each receipt and each give-back, in their order; `None` if not every receipt says it.
    fn stock(&self) -> Option<String> {
        let initial = self.history.header.initial?;
        let changes = |p: &&Purchase| matches!(p.outcome, Outcome::Bought | Outcome::Returned);
        let mut changes: Vec<&Purchase> = self.history.purchases.iter().filter(changes).collect();
        changes.sort_by_key(|purchase| turn_ns(purchase));
        let mut levels = Vec::new();
        let mut before = initial;
        for purchase in changes {
            let raised = before.saturating_add(purchase.quantity.into());
            let given_back = Some(raised).filter(|_| purchase.outcome == Outcome::Returned);
            before = purchase.left().or(given_back)?;
            levels.push((turn_ns(purchase), before));
        }
        let mut cells = vec![self.signs.stock; self.plot];
        let mut level = None;
        let mut free = 0;
        for (ns, after) in [(self.extent.from_ns, initial)].into_iter().chain(levels) {
            let digits: Vec<char> = after.to_string().chars().collect();
            let column = self.column(ns);
            // A change whose number would overlap the one before is left out: the next free column
            // shows the stock by then.
            if level != Some(after) && column >= free && column + digits.len() <= self.plot {
                cells[column..column + digits.len()].copy_from_slice(&digits);
                free = column + digits.len() + 1;
                level = Some(after);
            }
        }
        let line: String = cells.into_iter().collect();
        Some(format!("{}{line}\n", self.label(&say::stock(self.look.lang))))
    }

    /// The heading of a host's lanes, as far as there is room for it.
    fn host(&self, number: u16) -> Option<String> {
        let host = self.history.header.hosts.get(usize::from(number).checked_sub(1)?)?;
        let name = foreign::shown(&host.name);
        let about = hosts::about(host, self.history, self.look.lang);
        let whole = format!("{name}  {about}");
        let whole = if self.look.unicode { whole } else { ascii(&whole, self.look.lang) };
        let mut room = self.look.width;
        let fits = |c: &char| {
            let left = room.checked_sub(columns(c.encode_utf8(&mut [0; 4])));
            room = left.unwrap_or(room);
            left.is_some()
        };
        let shown: String = whole.chars().take_while(fits).collect();
        let bold = Style::new().bold();
        Some(format!("{bold}{shown}{}\n", bold.render_reset()))
    }

    fn lane(&self, lane: &Lane, words: &str) -> String {
        let mut cells: Vec<(char, Style)> = vec![(' ', Style::new()); self.plot];
        for place in &lane.purchases {
            self.draw(*place as usize, &mut cells);
        }
        if lane.track == 0 {
            self.draw_mishaps(lane.buyer, &mut cells);
        }
        let mut line = self.label(&lane_name(self.history, lane, self.look));
        let mut current = Style::new();
        for (sign, style) in cells {
            if style != current {
                line.push_str(&format!("{}{style}", current.render_reset()));
                current = style;
            }
            line.push(sign);
        }
        let style = lane.purchases.last().map(|place| self.style(*place as usize)).unwrap_or_default();
        line.push_str(&format!("{} {style}{words}{}\n", current.render_reset(), style.render_reset()));
        line
    }

    /// The colours of the page. They are never the only difference between outcomes.
    fn style(&self, place: usize) -> Style {
        if self.again[place] {
            return AnsiColor::Magenta.on_default();
        }
        outcome_style(self.history.purchases[place].outcome)
    }

    fn draw(&self, place: usize, cells: &mut [(char, Style)]) {
        let purchase = &self.history.purchases[place];
        let steps = purchase.steps.get();
        let end_ns = self.end_ns(purchase);
        let (start, end) = (self.column(purchase.invoke_ns), self.column(end_ns));
        let style = self.style(place);
        // A buyer that was killed or stopped before it read was still waiting.
        let never_got_it = |fault: Fault| match fault.kind {
            FaultKind::LockTimeout | FaultKind::HolderGone | FaultKind::Deadlock => true,
            FaultKind::Killed | FaultKind::Stopped => steps.read_ns.is_none(),
            _ => false,
        };
        let waited_in_vain = steps.locked_ns.is_none() && purchase.fault.is_some_and(never_got_it);
        let entered = steps.locked_ns.map(|ns| self.column(ns));
        let waited_until = entered.unwrap_or(if waited_in_vain { end + 1 } else { start });
        for (column, cell) in cells.iter_mut().enumerate().take(end + 1).skip(start) {
            // The write of the purchase before stays visible.
            if cell.0 == 'W' {
                continue;
            }
            *cell = if column < waited_until {
                (self.signs.waits, Style::new().dimmed())
            } else if entered.is_some() {
                (self.signs.holds, style)
            } else {
                (self.signs.open, style)
            };
        }
        if let Some(ns) = steps.read_ns {
            let column = self.column(ns);
            let taken = cells[column].0 == 'W' && column < end;
            cells[column + usize::from(taken)] = ('R', style.bold());
        }
        // The write comes last: if both fall into one column, the write is shown, since it changed something.
        if let Some(ns) = steps.written_ns {
            cells[self.column(ns)] = ('W', style.bold());
        }
    }

    /// Where a purchase ends in the picture. One that never returned goes on until its buyer was killed, if that time is
    /// known.
    fn end_ns(&self, purchase: &Purchase) -> u64 {
        if purchase.return_ns.get().is_some() {
            return last_known_ns(purchase);
        }
        let of_buyer = |one: &&Befallen| one.buyer == purchase.buyer && one.mishap == Mishap::Kill;
        let kill = self.history.header.mishaps.iter().find(of_buyer);
        kill.map_or(self.extent.until_ns, |kill| kill.at_ns.max(last_known_ns(purchase)))
    }

    /// The mishaps of a buyer, by the letters of schedules.
    fn draw_mishaps(&self, buyer: u64, cells: &mut [(char, Style)]) {
        for one in self.history.header.mishaps.iter().filter(|one| one.buyer == buyer) {
            let ends = one.until_ns.map(|ns| (ns, Mishap::GoOn));
            for (ns, mishap) in ends.into_iter().chain([(one.at_ns, one.mishap)]) {
                let letter = mishap.letter().name().chars().next().unwrap_or(' ');
                cells[self.column(ns)] = (letter, AnsiColor::Yellow.on_default().bold());
            }
        }
    }

    /// What the signs mean: only those that occur.
    fn legend(&self) -> String {
        let lang = self.look.lang;
        let any = |test: fn(&Purchase) -> bool| self.history.purchases.iter().any(test);
        let mut parts = Vec::new();
        let befell = |mishap| self.history.header.mishaps.iter().any(|one| one.mishap == mishap);
        parts.extend(befell(Mishap::Kill).then(|| say::killed(lang)));
        parts.extend(befell(Mishap::Pause).then(|| say::paused(lang)));
        parts.extend(befell(Mishap::Expire).then(|| say::expired(lang)));
        if any(|purchase| purchase.steps.get().read_ns.is_some()) {
            parts.push(say::letters(lang));
        }
        if any(|purchase| purchase.steps.get().locked_ns.is_some()) {
            parts.push(say::waiting(lang, self.signs.waits));
            parts.push(say::holding(lang, self.signs.holds));
        }
        if any(|purchase| {
            purchase.steps.get().locked_ns.is_none() && purchase.steps.get().written_ns.is_some()
        }) {
            parts.push(say::unlocked(lang, self.signs.open));
        }
        // It takes another line if there is no room; what fits into no line is left out.
        let has_room = |line: &str| self.labels + columns(line) <= self.look.width;
        let mut lines: Vec<String> = Vec::new();
        for part in parts.into_iter().filter(|part| has_room(part)) {
            match lines.last_mut().map(|line| (format!("{line}   {part}"), line)) {
                Some((longer, line)) if has_room(&longer) => *line = longer,
                _ => lines.push(part),
            }
        }
        let dim = Style::new().dimmed();
        let shown = |line| format!("{}{dim}{line}{}\n", self.label(""), dim.render_reset());
        lines.into_iter().map(shown).collect()
    }
}

/// The name of a lane: short, and without control characters.
fn lane_name(history: &History, lane: &Lane, look: &Look) -> String {
    const MOST: usize = 16;
    let name: String = buyer_name(history, lane.buyer).chars().take(MOST).collect();
    let name = say::buyer(look.lang, name);
    if look.unicode { name } else { ascii(&name, look.lang) }
}

fn outcome_style(outcome: Outcome) -> Style {
    let colour = match outcome {
        Outcome::Bought => AnsiColor::Green,
        Outcome::Refused => AnsiColor::Red,
        Outcome::Failed | Outcome::Unknown => AnsiColor::Yellow,
        Outcome::Returned | Outcome::Read => AnsiColor::Blue,
    };
    colour.on_default()
}

fn sign(outcome: Outcome, signs: &Signs) -> char {
    match outcome {
        Outcome::Bought => signs.bought,
        Outcome::Refused => signs.refused,
        Outcome::Failed => signs.failed,
        Outcome::Unknown => signs.unknown,
        Outcome::Returned => signs.returned,
        Outcome::Read => signs.read,
    }
}

/// A receipt for a ticket that was sold already has one more sign.
fn in_signs(history: &History, lane: &Lane, signs: &Signs, again: &[bool]) -> String {
    let one = |place: &u32| {
        let place = *place as usize;
        let is_again = again[place].then_some(signs.failed);
        std::iter::once(sign(history.purchases[place].outcome, signs)).chain(is_again)
    };
    lane.purchases.iter().flat_map(one).collect()
}

/// The result of a lane: one purchase in words, several as counts.
fn in_words(history: &History, lane: &Lane, signs: &Signs, lang: Lang, again: &[bool], room: Room) -> String {
    let purchase = |place: &u32| &history.purchases[*place as usize];
    if let [place] = lane.purchases.as_slice() {
        let only = purchase(place);
        let words = match (only.outcome, only.sold_from.get()) {
            (Outcome::Bought, Some(stock @ 1..)) => match (again[*place as usize], room) {
                (true, Room::Wide) => say::sold_already(lang, stock),
                (true, _) => say::ticket_again(lang, stock),
                (false, Room::Wide) => say::bought(lang, stock),
                (false, _) => say::ticket(lang, stock),
            },
            (Outcome::Bought, Some(stock @ ..=0)) => say::sold_from_nothing(lang, stock),
            (Outcome::Bought, None) => say::bought_some(lang),
            (Outcome::Refused, _) => say::refused(lang),
            (Outcome::Failed, _) => words::fault(only, lang).unwrap_or_else(|| say::failed(lang)),
            (Outcome::Unknown, _) => say::unanswered(lang),
            (Outcome::Returned, _) => say::given_back(lang),
            (Outcome::Read, _) => {
                say::looked(lang, only.seen.get().map_or_else(|| "?".to_owned(), grouped_stock))
            }
        };
        return format!("{} {words}", sign(only.outcome, signs));
    }
    let count = |outcome: &Outcome| {
        let count = lane.purchases.iter().filter(|place| purchase(place).outcome == *outcome).count();
        (count > 0).then(|| format!("{count} {}", sign(*outcome, signs)))
    };
    Outcome::ALL.iter().filter_map(count).collect::<Vec<_>>().join("  ")
}

/// How many columns a text takes: Han characters take two.
fn columns(text: &str) -> usize {
    text.width()
}

/// A text in ASCII, if its language can be written in ASCII.
fn ascii(text: &str, lang: Lang) -> String {
    let sign = |c: char| match c {
        'µ' => 'u',
        '−' => '-',
        '±' => '~',
        c if c.is_ascii() || lang != Lang::En => c,
        _ => '?',
    };
    text.chars().map(sign).collect()
}

#[cfg(test)]
mod tests;
