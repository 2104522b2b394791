//! Evidence for pictures: the text of each piece, its purchases, and the arrows between them. Page and trace both use
//! it.

use super::lanes::last_known_ns;
use crate::history::{History, Purchase};
use crate::lang::Lang;
use crate::report::words;
use crate::verdict::{
    Anomaly, Contradiction, Evidence, LostUpdate, MOST_EVIDENCE, Place, StuckWait, TornRead,
};

/// An arrow from a moment of one purchase to a moment of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connector {
    /// Where it starts.
    pub from: Place,
    /// When that was, in nanoseconds since the history's epoch.
    pub from_ns: u64,
    /// Where it ends.
    pub to: Place,
    /// When that was.
    pub to_ns: u64,
}

/// One piece of evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// What it says, in a sentence.
    pub sentence: String,
    /// The purchases that it is about.
    pub places: Vec<Place>,
    /// The arrow that shows it.
    pub connector: Option<Connector>,
    /// The span of time in which it went wrong, in nanoseconds since the history's epoch.
    pub window_ns: Option<(u64, u64)>,
}

/// The evidence of an anomaly, at most [`MOST_EVIDENCE`] pieces, and how many more there are, in words.
#[must_use]
pub fn pieces(anomaly: &Anomaly, history: &History, lang: Lang) -> (Vec<Piece>, Option<String>) {
    let shapes = shapes(anomaly, history);
    let mut sentences = words::evidence(anomaly, history, lang, MOST_EVIDENCE).into_iter();
    let piece = |(shape, sentence): (Shape, String)| Piece {
        sentence,
        places: shape.places,
        connector: shape.connector,
        window_ns: shape.window_ns.filter(|(from_ns, until_ns)| from_ns <= until_ns),
    };
    // The sentences may be followed by one that says how many more there are.
    let pieces = shapes.into_iter().zip(&mut sentences).map(piece).collect();
    (pieces, sentences.next())
}

#[derive(Default)]
struct Shape {
    places: Vec<Place>,
    connector: Option<Connector>,
    window_ns: Option<(u64, u64)>,
}

fn shapes(anomaly: &Anomaly, history: &History) -> Vec<Shape> {
    let purchase = |place: Place| &history.purchases[place as usize];
    let about = |places: Vec<Place>| Shape { places, ..Shape::default() };
    match &anomaly.evidence {
        Evidence::Oversold(tickets) if tickets.is_empty() => {
            anomaly.receipts_too_many(history).into_iter().map(|place| about(vec![place])).collect()
        }
        Evidence::Oversold(tickets) => tickets.iter().map(|ticket| about(ticket.receipts.clone())).collect(),
        Evidence::LostUpdates(pairs) => {
            pairs.iter().map(|pair| lost_update(pair, purchase(pair.first), purchase(pair.second))).collect()
        }
        Evidence::LostStock { suspects: places, .. } | Evidence::NegativeStock { receipts: places, .. } => {
            places.iter().map(|place| about(vec![*place])).collect()
        }
        Evidence::TornReads(reads) => reads
            .iter()
            .map(|read| torn_read(read, read.reader.map(purchase), read.writer.map(purchase)))
            .collect(),
        Evidence::OutOfOrder(contradictions) => {
            contradictions.iter().map(|contradiction| out_of_order(contradiction, purchase)).collect()
        }
        Evidence::ReturnedTwice(given_back) => {
            given_back.iter().map(|given| about(vec![given.place])).collect()
        }
        Evidence::OverLimit(holders) => holders.iter().map(|holder| about(holder.receipts.clone())).collect(),
        Evidence::Stuck(waits) => {
            waits.iter().map(|wait| stuck(wait, purchase(wait.waiter), wait.holder.map(purchase))).collect()
        }
    }
}

/// From the write that was undone to the write that undid it.
fn lost_update(pair: &LostUpdate, first: &Purchase, second: &Purchase) -> Shape {
    let connector =
        Connector { from: pair.first, from_ns: wrote_ns(first), to: pair.second, to_ns: wrote_ns(second) };
    Shape {
        places: vec![pair.first, pair.second],
        connector: Some(connector),
        window_ns: second.steps.get().read_ns.zip(first.steps.get().written_ns),
    }
}

/// From the moment the file was emptied to the read that met it empty.
fn torn_read(read: &TornRead, reader: Option<&Purchase>, writer: Option<&Purchase>) -> Shape {
    let mut shape =
        Shape { places: read.writer.into_iter().chain(read.reader).collect(), ..Shape::default() };
    let (Some(writer), Some(reader)) = (writer, reader) else { return shape };
    let (Some(from), Some(to)) = (read.writer, read.reader) else { return shape };
    let emptied_ns = writer.steps.get().truncated_ns;
    shape.window_ns = emptied_ns.zip(writer.steps.get().written_ns.or(reader.steps.get().read_ns));
    shape.connector = Some(Connector {
        from,
        from_ns: emptied_ns.unwrap_or_else(|| wrote_ns(writer)),
        to,
        to_ns: reader.steps.get().read_ns.unwrap_or_else(|| last_known_ns(reader)),
    });
    shape
}

/// Two purchases that contradict each other: from the return of the one to the call of the other, which
/// came later and saw more.
fn out_of_order<'a>(contradiction: &Contradiction, purchase: impl Fn(Place) -> &'a Purchase) -> Shape {
    let (from, to) = match *contradiction {
        Contradiction::Backwards { lower, higher } => (lower, higher),
        Contradiction::SoldAfterRefusal { refusal, receipt } => (refusal, receipt),
        Contradiction::RefusedWithStock { .. }
        | Contradiction::LeftAfterRefusal { .. }
        | Contradiction::Unsold { .. }
        | Contradiction::Crowded { .. }
        | Contradiction::NoPlace { .. } => {
            return Shape { places: contradiction.places(), ..Shape::default() };
        }
    };
    let (from_ns, to_ns) = (last_known_ns(purchase(from)), purchase(to).invoke_ns);
    Shape {
        places: vec![from, to],
        connector: Some(Connector { from, from_ns, to, to_ns }),
        window_ns: Some((from_ns, to_ns)),
    }
}

/// From the holder of the lock to the buyer that waited for it in vain.
fn stuck(wait: &StuckWait, waiter: &Purchase, holder: Option<&Purchase>) -> Shape {
    let until_ns = last_known_ns(waiter);
    let connector = wait.holder.zip(holder).map(|(from, holder)| Connector {
        from,
        from_ns: last_known_ns(holder).min(until_ns),
        to: wait.waiter,
        to_ns: until_ns,
    });
    Shape {
        places: wait.holder.into_iter().chain([wait.waiter]).collect(),
        connector,
        window_ns: Some((waiter.invoke_ns, until_ns)),
    }
}

fn wrote_ns(purchase: &Purchase) -> u64 {
    purchase.steps.get().written_ns.unwrap_or_else(|| last_known_ns(purchase))
}

#[cfg(test)]
mod tests {
    use super::super::sample::bought;
    use super::*;
    use crate::history::Header;
    use crate::verdict::{AnomalyKind, judge};

    #[test]
    fn a_lost_update_is_an_arrow_between_the_two_writes() {
        let header = Header { initial: Some(1), remaining: Some(0), ..Header::default() };
        let history = History { header, purchases: vec![bought(1, 1, 0, 100), bought(2, 1, 10, 60)] };
        let verdict = judge(&history);
        let anomaly = verdict.anomaly(AnomalyKind::LostUpdate).expect("a lost update");
        let (pieces, more) = pieces(anomaly, &history, Lang::En);
        assert_eq!(more, None);
        let connector = Connector { from: 1, from_ns: 60, to: 0, to_ns: 100 };
        assert_eq!(pieces.len(), 1);
        assert_eq!(pieces[0].connector, Some(connector));
        assert_eq!(pieces[0].places, [1, 0]);
        assert_eq!(
            pieces[0].window_ns,
            Some((10, 60)),
            "from the late reader's read to the write that it missed"
        );
        assert!(pieces[0].sentence.contains("both read 1"), "{}", pieces[0].sentence);
    }
}
