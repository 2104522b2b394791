//! A piece of evidence as a sentence: who did what, with the lines where a history was read from a file.

use std::borrow::Cow;

use super::{grouped, grouped_stock, span, torn_text};
use crate::fault::{FaultKind, TornText};
use crate::foreign;
use crate::history::{History, Outcome, Purchase};
use crate::lang::{Lang, Noun, clocks, order, verdict as say};
use crate::protocol::file::Lock;
use crate::stock::tickets_between;
use crate::verdict::{
    Contradiction, GivenBack, Holder, LostUpdate, Place, Rise, SharedTicket, StuckWait, TornRead,
};

pub(super) struct Words<'a> {
    pub(super) history: &'a History,
    pub(super) lang: Lang,
}

impl Words<'_> {
    pub(super) fn purchase(&self, place: Place) -> &Purchase {
        &self.history.purchases[place as usize]
    }

    /// The number or the name of a purchase's buyer, and the line of the purchase if it was read.
    pub(super) fn buyer(&self, place: Place) -> String {
        let Purchase { buyer, line, .. } = self.purchase(place);
        let name = self.history.header.names.name(*buyer);
        let buyer = name.map_or_else(|| buyer.to_string(), |name| foreign::shown(name).into_owned());
        let buyer = match self.host(place) {
            Some(host) => clocks::on_host(self.lang, buyer, foreign::shown(host)),
            None => buyer,
        };
        match self.file(place) {
            _ if *line == 0 => buyer,
            Some(file) => order::on_line_of(self.lang, buyer, file, line),
            None => order::on_line(self.lang, buyer, line),
        }
    }

    /// The host of a purchase, if there are hosts: without its file, which is named beside it.
    fn host(&self, place: Place) -> Option<&str> {
        let header = &self.history.header;
        let name = header.host_of(self.purchase(place))?.name.as_str();
        let file = header.part_of(place).map(|part| header.parts[part].name.as_str());
        let without = file.and_then(|file| name.strip_suffix(file)?.strip_suffix(" of "));
        Some(without.unwrap_or(name))
    }

    /// The file that a purchase was read from, if there are several.
    fn file(&self, place: Place) -> Option<Cow<'_, str>> {
        let header = &self.history.header;
        header.part_of(place).map(|part| foreign::shown(&header.parts[part].name))
    }

    /// The buyers of some of so many purchases.
    pub(super) fn buyers(&self, places: &[Place], count: u64) -> String {
        let mut buyers: Vec<String> = places.iter().map(|place| self.buyer(*place)).collect();
        if count > places.len() as u64 {
            buyers.push("…".to_owned());
        }
        self.lang.list(&buyers)
    }

    pub(super) fn shared_ticket(&self, ticket: &SharedTicket) -> String {
        const MOST: usize = 12;
        let mut receipts = ticket.receipts.clone();
        receipts.truncate(MOST);
        receipts.sort_by_key(|place| self.purchase(*place).buyer);
        say::same_ticket(self.lang, ticket.stock, ticket.count, self.buyers(&receipts, ticket.count))
    }

    pub(super) fn same_seat(&self, seat: u32) -> String {
        let sold = |p: &Purchase| p.item == seat && p.outcome == Outcome::Bought;
        let places = self.history.purchases.iter().zip(0..).filter(|(p, _)| sold(p)).map(|(_, place)| place);
        let places: Vec<Place> = places.collect();
        let buyers = self.buyers(&places[..places.len().min(12)], places.len() as u64);
        let name = self.history.header.items.name(seat).unwrap_or_default();
        say::same_seat(self.lang, foreign::shown(name), places.len(), buyers)
    }

    pub(super) fn given_back(&self, given: &GivenBack) -> String {
        let purchase = self.purchase(given.place);
        let order =
            purchase.order.checked_sub(1).and_then(|place| self.history.header.orders.at(place as usize));
        let tickets = self.lang.count(purchase.quantity.into(), Noun::Ticket);
        let order = foreign::shown(order.unwrap_or_default());
        say::gave_back(self.lang, self.buyer(given.place), tickets, order, grouped(given.held))
    }

    pub(super) fn holder(&self, holder: &Holder) -> String {
        let lines: Vec<String> = holder
            .receipts
            .iter()
            .map(|place| (self.purchase(*place).line, self.file(*place)))
            .filter(|(line, _)| *line > 0)
            .map(|(line, file)| file.map_or_else(|| line.to_string(), |file| format!("{file}:{line}")))
            .collect();
        let buyer = holder.receipts.first().map(|place| self.purchase(*place).buyer);
        let name = buyer.map(|buyer| {
            let name = self.history.header.names.name(buyer);
            name.map_or_else(|| buyer.to_string().into(), foreign::shown)
        });
        let name = name.unwrap_or_default();
        let receipts = self.lang.count(holder.count, Noun::Receipt);
        match lines.as_slice() {
            [] => say::holds(self.lang, name, receipts),
            [line] => say::holds_line(self.lang, name, receipts, line),
            lines => say::holds_lines(self.lang, name, receipts, self.lang.list(lines)),
        }
    }

    pub(super) fn receipt_too_many(&self, place: Place, item: Option<u32>) -> String {
        let header = &self.history.header;
        let tickets = match item {
            Some(item) => header.items.initial.get(item as usize).copied().flatten(),
            None => header.initial,
        };
        let tickets = tickets.unwrap_or(0);
        say::all_had_gone(self.lang, self.buyer(place), self.lang.tickets(tickets))
    }

    pub(super) fn lost_update(&self, pair: &LostUpdate) -> String {
        let (first, second) = (self.purchase(pair.first), self.purchase(pair.second));
        let (lang, stock, left) = (self.lang, pair.stock, pair.stock.saturating_sub(1));
        let (one, other) = (self.buyer(pair.first), self.buyer(pair.second));
        // For two hosts, only what their clocks show is said.
        let error_ns = self.history.header.slack().between_ns(first, second);
        let of_known =
            |(wrote_ns, read_ns): &(u64, u64)| error_ns == 0 || wrote_ns.abs_diff(*read_ns) > error_ns;
        let times = first.steps.get().written_ns.zip(second.steps.get().read_ns).filter(of_known);
        match times {
            Some((wrote_ns, read_ns)) if read_ns <= wrote_ns => {
                let gap = span(wrote_ns - read_ns);
                say::both_read(lang, one, other, stock, gap, left)
            }
            Some((wrote_ns, read_ns)) => {
                let gap = span(read_ns - wrote_ns);
                let wrote_it = |purchase: &Purchase| {
                    purchase.sold_from.get().is_some_and(|from| from.checked_sub(1) == Some(stock))
                        && purchase
                            .steps
                            .get()
                            .written_ns
                            .is_some_and(|ns| (wrote_ns..=read_ns).contains(&ns))
                };
                if self.history.purchases.iter().any(wrote_it) {
                    say::read_again(lang, one, other, stock, gap, left)
                } else {
                    say::read_although(lang, one, other, stock, gap, left)
                }
            }
            None if first
                .return_ns
                .get()
                .is_some_and(|returned_ns| returned_ns.saturating_add(error_ns) < second.invoke_ns) =>
            {
                say::same_stock_later(lang, one, other, stock, self.gap(pair.first, pair.second))
            }
            None => say::same_stock(lang, one, other, stock),
        }
    }

    pub(super) fn rise(&self, times: u64, first: &Rise) -> String {
        let lang = self.lang;
        let (from, to) = (grouped_stock(first.from), grouped_stock(first.to));
        let before = match first.before {
            Some(place) => say::rise_left_by(lang, self.buyer(place), from),
            None => say::rise_left_at_start(lang, from),
        };
        let after = match first.after {
            Some(place) => say::rise_met_by(lang, self.buyer(place), to),
            None => say::rise_met_at_end(lang, to),
        };
        let again = if times > 1 { say::rise_again(lang, grouped(times - 1)) } else { String::new() };
        say::rose(lang, before, after, again)
    }

    pub(super) fn suspect(&self, place: Place) -> String {
        let purchase = self.purchase(place);
        say::died_writing(self.lang, self.buyer(place), purchase.sold_from.get().unwrap_or(0))
    }

    pub(super) fn sold_from_nothing(&self, place: Place) -> String {
        let stock = self.purchase(place).sold_from.get().unwrap_or(0);
        say::sold_from_nothing(self.lang, self.buyer(place), grouped_stock(stock))
    }

    pub(super) fn torn_read(&self, read: &TornRead) -> String {
        let lang = self.lang;
        let Some(place) = read.reader else {
            let text = self.history.header.left_torn.as_deref().unwrap_or_default();
            return say::left_torn(lang, torn_text(&TornText::new(text.as_bytes()), lang));
        };
        let (reader, who) = (self.purchase(place), self.buyer(place));
        let Some(text) = &reader.torn else {
            return say::stock_from_nowhere(
                lang,
                who,
                reader.seen.get().max(reader.sold_from.get()).unwrap_or(0),
            );
        };
        let text = torn_text(text, lang);
        let emptied_ns = read.writer.and_then(|writer| self.purchase(writer).steps.get().truncated_ns);
        match (reader.steps.get().read_ns, read.writer, emptied_ns) {
            (Some(read_ns), Some(writer), Some(emptied_ns)) => match read_ns.checked_sub(emptied_ns) {
                Some(gap_ns) => say::torn_in_write(lang, who, text, span(gap_ns), self.buyer(writer)),
                // The emptying was noted a moment after the read that met it.
                None => say::torn_beside_write(lang, who, text, self.buyer(writer)),
            },
            _ => say::torn_text(lang, who, text),
        }
    }

    /// The time from the return of one purchase to the call of another.
    pub(super) fn gap(&self, first: Place, second: Place) -> String {
        let returned_ns = self.purchase(first).return_ns.get().unwrap_or(0);
        span(self.purchase(second).invoke_ns.saturating_sub(returned_ns))
    }

    pub(super) fn contradiction(&self, contradiction: &Contradiction) -> String {
        let lang = self.lang;
        let stock = |place: Place| self.purchase(place).sold_from.get().unwrap_or(0);
        match contradiction {
            Contradiction::RefusedWithStock { refusal } => {
                order::refused_with_stock(lang, self.buyer(*refusal), stock(*refusal))
            }
            Contradiction::Backwards { lower, higher } => {
                let (first, second) = (self.buyer(*lower), self.buyer(*higher));
                let gap = self.gap(*lower, *higher);
                order::backwards(lang, first, stock(*lower), gap, second, stock(*higher))
            }
            Contradiction::SoldAfterRefusal { refusal, receipt } => {
                let (refused, bought) = (self.buyer(*refusal), self.buyer(*receipt));
                order::sold_after_refusal(lang, refused, self.gap(*refusal, *receipt), bought)
            }
            Contradiction::LeftAfterRefusal { refusal, remaining } => {
                order::left_after_refusal(lang, self.buyer(*refusal), lang.count(*remaining, Noun::Ticket))
            }
            Contradiction::Unsold { high, low, missing, after, by } => {
                let what = match (tickets_between(*high, *low) + 1, *missing) {
                    (1, _) => order::nobody_bought(lang, high),
                    (tickets, missing) if missing >= tickets => order::nobody_bought_any(lang, high, low),
                    (_, missing) => order::nobody_bought_some(lang, missing, high, low),
                };
                let after = after.map(|place| order::and_after(lang, self.buyer(place), stock(place)));
                let yet = match by.map(|place| (self.purchase(place).outcome, place)) {
                    None => order::yet_gone(lang),
                    Some((Outcome::Refused, place)) => order::yet_refused(lang, self.buyer(place)),
                    Some((_, place)) => order::yet_sold(lang, self.buyer(place), stock(place)),
                };
                [what, after.unwrap_or_default(), yet].concat()
            }
            Contradiction::NoPlace { purchase, among } => self.no_place(*purchase, among),
            Contradiction::Crowded { receipts, count, tickets, after, before } => {
                let buyers = self.buyers(receipts, *count);
                let (receipts, for_tickets) =
                    (lang.count(*count, Noun::Receipt), lang.count(*tickets, Noun::Ticket));
                let mut sentence = match tickets {
                    0 => order::no_ticket_for(lang, buyers),
                    _ => order::crowded(lang, receipts, for_tickets, buyers),
                };
                if let Some(place) = *after {
                    sentence += &order::below_ticket(lang, stock(place), self.buyer(place));
                }
                match *before {
                    Some(place) if after.is_some() => {
                        sentence += &order::and_above_ticket(lang, stock(place), self.buyer(place));
                    }
                    Some(place) => sentence += &order::above_ticket(lang, stock(place), self.buyer(place)),
                    None => {}
                }
                sentence
            }
        }
    }

    pub(super) fn no_place(&self, purchase: Option<Place>, among: &[Place]) -> String {
        let lang = self.lang;
        let Some(place) = purchase else {
            let remaining = self.history.header.remaining.unwrap_or(0);
            return order::no_place_in_the_end(lang, grouped_stock(remaining));
        };
        let own = self.purchase(place);
        let buyer = self.buyer(place);
        let tickets = lang.count(own.quantity.into(), Noun::Ticket);
        let met = own.sold_from.get().or(own.seen.get()).map(grouped_stock);
        let what = match (own.outcome, met) {
            (Outcome::Refused, None) => order::no_place_refused(lang, buyer, tickets),
            (Outcome::Refused, Some(met)) => order::no_place_refused_from(lang, buyer, tickets, met),
            (Outcome::Read, met) => order::no_place_look(lang, buyer, met.unwrap_or_default()),
            (Outcome::Returned, met) => order::no_place_return(lang, buyer, tickets, met.unwrap_or_default()),
            (_, None) => order::no_place_bought(lang, buyer, tickets),
            (_, Some(met)) => order::no_place_bought_from(lang, buyer, tickets, met),
        };
        match among.len() {
            0 => what,
            others => what + &order::among(lang, self.buyers(among, others as u64)),
        }
    }

    pub(super) fn wait(&self, wait: &StuckWait) -> String {
        let waiter = self.buyer(wait.waiter);
        let waited = span(wait.waited_ns);
        if self.purchase(wait.waiter).fault.is_some_and(|fault| fault.kind == FaultKind::Deadlock) {
            return say::waited_in_circle(self.lang, waiter);
        }
        if let Some(pid) = wait.dead_pid {
            let plan = self.history.header.plan.as_ref();
            return match plan.and_then(|plan| plan.file()).map(|file| file.choices.lock) {
                Some(Lock::Semaphore) => say::waited_for_dead_inside(self.lang, waiter, pid),
                Some(Lock::Mkdir) => say::waited_for_dead_with_folder(self.lang, waiter, pid),
                _ => say::waited_for_dead(self.lang, waiter, pid),
            };
        }
        match wait.holder {
            Some(holder) => say::waited_for(self.lang, waiter, waited, self.buyer(holder)),
            None => say::waited_in_vain(self.lang, waiter, waited),
        }
    }
}
