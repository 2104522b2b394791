//! Tables: one purchase for each row, with columns of any names. The outcome is in a column, or follows from rules.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::{BufRead, Read as _};

use serde_json::Value;

use super::times::{Time, time};
use crate::history::items::settle_items;
use crate::history::line::{check_times, checked_quantity, header, outcome};
use crate::history::line_error::{LineError, TableError};
use crate::history::mistake::{MOST_LINE_BYTES, Mistake, ReadError};
use crate::history::names::buyer_number;
use crate::history::reading::{Column, Format, Reading, Unit};
use crate::history::{History, Items, Outcome, Purchase};
use crate::rules::{Answer, Question};

/// A known format: its columns, the unit of its times, and which rows count.
struct Preset {
    columns: &'static [(Column, &'static str)],
    unit: Unit,
    only: &'static [(&'static str, &'static str)],
}

fn preset(format: Format) -> Preset {
    let (columns, unit, only): (&[_], _, &[_]) = match format {
        Format::Jtl => (
            &[
                (Column::Buyer, "threadName"),
                (Column::Start, "timeStamp"),
                (Column::Elapsed, "elapsed"),
                (Column::Status, "responseCode"),
            ],
            Unit::Ms,
            &[],
        ),
        Format::Hey => (
            &[(Column::Start, "offset"), (Column::Elapsed, "response-time"), (Column::Status, "status-code")],
            Unit::S,
            &[],
        ),
        // k6 logs a request at its end, with its duration in milliseconds.
        Format::K6 => (
            &[
                (Column::Buyer, "data.tags.vu"),
                (Column::End, "data.time"),
                (Column::Elapsed, "data.value"),
                (Column::Status, "data.tags.status"),
            ],
            Unit::Ms,
            &[("type", "Point"), ("metric", "http_req_duration")],
        ),
        Format::Ticketsim | Format::Jepsen | Format::Csv | Format::Jsonl => (&[], Unit::Ns, &[]),
    };
    Preset { columns, unit, only }
}

/// A row: the text of each column.
trait Row {
    fn cell(&self, column: &str) -> Option<Cow<'_, str>>;
}

/// A row for the rules: they find a column by its name or by its meaning.
struct Asked<'a, R> {
    row: &'a R,
    columns: &'a [(Column, String)],
}

impl<R: Row> Asked<'_, R> {
    fn get(&self, column: Column) -> Option<Cow<'_, str>> {
        let (_, name) = self.columns.iter().find(|(other, _)| *other == column)?;
        self.row.cell(name).filter(|cell| !cell.trim().is_empty())
    }
}

impl<R: Row> Answer for Asked<'_, R> {
    fn any(&self, question: &Question, holds: &mut dyn FnMut(&[u8]) -> bool) -> bool {
        let Question::Column(name) = question else { return false };
        let meant = name.parse().ok().and_then(|column: Column| self.get(column));
        meant.or_else(|| self.row.cell(name)).is_some_and(|cell| holds(cell.as_bytes()))
    }
}

struct CsvRow<'a> {
    places: &'a HashMap<String, usize>,
    record: &'a csv::StringRecord,
}

impl Row for CsvRow<'_> {
    fn cell(&self, column: &str) -> Option<Cow<'_, str>> {
        self.record.get(*self.places.get(column)?).map(Cow::Borrowed)
    }
}

/// A JSON object: a column is a member, or a path of members with points between.
impl Row for Value {
    fn cell(&self, column: &str) -> Option<Cow<'_, str>> {
        let found = self
            .get(column)
            .or_else(|| column.split('.').try_fold(self, |value, member| value.get(member)))?;
        match found {
            Value::Null => None,
            Value::String(text) => Some(Cow::Borrowed(text)),
            other => Some(Cow::Owned(other.to_string())),
        }
    }
}

/// The history made of the rows so far.
struct Table<'a> {
    reading: &'a Reading,
    columns: Vec<(Column, String)>,
    unit: Unit,
    only: &'static [(&'static str, &'static str)],
    history: History,
    /// The finest unit of all times.
    resolution_ns: u64,
    /// Whether times are counted from 1970.
    since_1970: bool,
}

impl<'a> Table<'a> {
    fn new(format: Format, reading: &'a Reading) -> Result<Self, Mistake> {
        let Preset { columns, unit, only } = preset(format);
        let own = |column: &Column| reading.columns.iter().any(|(other, _)| other == column);
        let preset = columns.iter().filter(|(column, _)| !own(column));
        let columns: Vec<(Column, String)> = reading
            .columns
            .iter()
            .cloned()
            .chain(preset.map(|(column, name)| (*column, (*name).to_owned())))
            .collect();
        let has = |column| columns.iter().any(|(other, _)| *other == column);
        if columns.is_empty() {
            return Err(Mistake::whole(TableError::NoColumns));
        }
        if !(has(Column::Start) || has(Column::End) && has(Column::Elapsed)) {
            return Err(Mistake::whole(TableError::NoStart));
        }
        if reading.rules.is_empty() && !has(Column::Outcome) && reading.otherwise.is_none() {
            return Err(Mistake::whole(TableError::NoOutcome));
        }
        Ok(Self {
            reading,
            columns,
            unit: reading.unit.unwrap_or(unit),
            only,
            history: History::default(),
            resolution_ns: u64::MAX,
            since_1970: true,
        })
    }

    fn take(&mut self, row: &impl Row, line: u32, text: impl FnOnce() -> String) -> Result<(), Mistake> {
        if self.only.iter().any(|(column, value)| row.cell(column).as_deref() != Some(*value)) {
            return Ok(());
        }
        let columns = std::mem::take(&mut self.columns);
        let result = self.take_row(&Asked { row, columns: &columns }, line, text);
        self.columns = columns;
        result
    }

    fn take_row(
        &mut self,
        row: &Asked<'_, impl Row>,
        line: u32,
        text: impl FnOnce() -> String,
    ) -> Result<(), Mistake> {
        let outcome = self.outcome(row, text)?;
        let (invoke_ns, return_ns) = self.interval(row)?;
        let return_ns = return_ns.filter(|_| outcome != Outcome::Unknown);
        if return_ns.is_none() && !matches!(outcome, Outcome::Failed | Outcome::Unknown) {
            return Err(Mistake::whole(TableError::NoEnd));
        }
        check_times(outcome, invoke_ns, return_ns)?;
        let whole = |column: Column| {
            let number = |cell: Cow<'_, str>| {
                let cell = cell.trim();
                let bare = cell.strip_suffix(".0").unwrap_or(cell);
                bare.parse::<i64>()
                    .map_err(|_| Mistake::whole(TableError::NoNumber { column, text: cell.to_owned() }))
            };
            row.get(column).map(number).transpose()
        };
        let stock = whole(Column::Stock)?;
        let quantity = whole(Column::Quantity)?;
        let header = &mut self.history.header;
        let buyer = match row.get(Column::Buyer) {
            Some(name) => buyer_number(&name, &mut header.names),
            None => u64::from(line),
        };
        let item = row.get(Column::Item).map_or(Items::NONE, |item| header.items.number(&item));
        let order = row.get(Column::Order).map_or(0, |order| header.orders.place(&order) + 1);
        let quantity = quantity
            .map_or(Ok(1), |quantity| checked_quantity("quantity", u64::try_from(quantity).unwrap_or(0)))?;
        let purchase = Purchase {
            quantity,
            item,
            order,
            seen: stock.into(),
            sold_from: stock.into(),
            line,
            ..Purchase::new(buyer, outcome, invoke_ns, return_ns)
        };
        self.history.purchases.push(purchase);
        Ok(())
    }

    fn outcome(&self, row: &Asked<'_, impl Row>, text: impl FnOnce() -> String) -> Result<Outcome, Mistake> {
        if let Some((outcome, _)) = self.reading.rules.outcome(row) {
            return Ok(outcome);
        }
        match (row.get(Column::Outcome), self.reading.otherwise) {
            (Some(word), None) => outcome(word.trim()),
            (Some(word), Some(otherwise)) => Ok(outcome(word.trim()).unwrap_or(otherwise)),
            (None, Some(otherwise)) => Ok(otherwise),
            (None, None) => Err(Mistake::whole(TableError::NoRule(text().chars().take(200).collect()))),
        }
    }

    /// The start and the end. The part of a duration that was cut off may belong to it.
    fn interval(&mut self, row: &Asked<'_, impl Row>) -> Result<(u64, Option<u64>), Mistake> {
        let unit = self.unit;
        let read = |column| {
            let Some(cell) = row.get(column) else { return Ok(None) };
            let text = || cell.trim().chars().take(40).collect();
            let none = || Mistake::whole(TableError::NoTime { column, text: text(), unit });
            time(&cell, unit).ok_or_else(none).map(Some)
        };
        let (start, end, elapsed): (Option<Time>, _, _) =
            (read(Column::Start)?, read(Column::End)?, read(Column::Elapsed)?);
        for time in [start, end, elapsed].into_iter().flatten() {
            self.resolution_ns = self.resolution_ns.min(time.resolution_ns);
        }
        // A time after 2001 (10⁹ s since 1970) is no offset from the start of a test.
        let absolute = |time: Time| time.ns > 1_000_000_000 * Unit::S.ns();
        self.since_1970 &= start.or(end).is_some_and(absolute);
        match (start, end, elapsed) {
            (Some(start), Some(end), _) => Ok((start.ns, Some(end.ns))),
            (Some(start), None, Some(took)) => {
                Ok((start.ns, Some(start.ns.saturating_add(took.ns).saturating_add(took.resolution_ns))))
            }
            (None, Some(end), Some(took)) => {
                Ok((end.ns.saturating_sub(took.ns).saturating_sub(took.resolution_ns), Some(end.ns)))
            }
            (Some(start), None, None) => Ok((start.ns, None)),
            (None, ..) => Err(Mistake::whole(TableError::NoCall)),
        }
    }

    fn finish(mut self) -> Result<History, (u32, Mistake)> {
        let header = &mut self.history.header;
        if self.resolution_ns > 1 && self.resolution_ns < u64::MAX {
            header.resolution_ns = header.resolution_ns.or(Some(self.resolution_ns));
        }
        if self.since_1970 {
            header.wall_ns = header.wall_ns.or(Some(0));
        }
        settle_items(&mut self.history)?;
        Ok(self.history)
    }
}

/// Reads CSV with a line of names.
pub(super) fn read_csv(
    source: impl BufRead,
    name: &str,
    format: Format,
    reading: &Reading,
) -> Result<History, ReadError> {
    let broken = |error: csv::Error| {
        let line = error.position().map_or(1, csv::Position::line) as u32;
        match error.into_kind() {
            csv::ErrorKind::Io(source) => ReadError::io(name)(source),
            csv::ErrorKind::UnequalLengths { expected_len: columns, len: fields, .. } => {
                ReadError::at(name, line, Mistake::whole(TableError::Fields { fields, columns }))
            }
            csv::ErrorKind::Utf8 { .. } => ReadError::at(name, line, Mistake::whole(LineError::NoText)),
            _ => ReadError::at(name, line, Mistake::whole(TableError::NoCsv)),
        }
    };
    let mut table = Table::new(format, reading).map_err(|mistake| ReadError::at(name, 1, mistake))?;
    let mut rows = csv::ReaderBuilder::new().trim(csv::Trim::Headers).from_reader(source);
    let names = rows.headers().map_err(broken)?.clone();
    let clean = |name: &str| name.trim_start_matches('\u{feff}').to_owned();
    let places: HashMap<String, usize> = names.iter().map(clean).zip(0..).collect();
    let mut wanted: Vec<&str> = table.columns.iter().map(|(_, name)| name.as_str()).collect();
    let asked = reading.rules.iter().flat_map(|(_, rule)| rule.questions());
    wanted.extend(asked.filter_map(|question| match question {
        Question::Column(name) if name.parse::<Column>().is_err() => Some(name.as_str()),
        _ => None,
    }));
    // A preset's buyers may have no name: then each row is a different buyer.
    let given = |column: &&str| reading.columns.iter().any(|(_, name)| name == column);
    let needed = |column: &&str| given(column) || *column != "threadName";
    if let Some(missing) = wanted.iter().find(|column| needed(column) && !places.contains_key(**column)) {
        let there = names.iter().map(clean).collect();
        let what = TableError::NoColumn { name: (*missing).to_owned(), there };
        return Err(ReadError::at(name, 1, Mistake::whole(what)));
    }
    let mut record = csv::StringRecord::new();
    while rows.read_record(&mut record).map_err(broken)? {
        let line = record.position().map_or(0, csv::Position::line) as u32;
        let row = CsvRow { places: &places, record: &record };
        let text = || record.iter().collect::<Vec<_>>().join(",");
        table.take(&row, line, text).map_err(|mistake| ReadError::at(name, line, mistake))?;
    }
    table.finish().map_err(|(line, mistake)| ReadError::at(name, line, mistake))
}

/// Reads JSON lines.
pub(super) fn read_json(
    mut source: impl BufRead,
    name: &str,
    format: Format,
    reading: &Reading,
) -> Result<History, ReadError> {
    let mut table = Table::new(format, reading).map_err(|mistake| ReadError::at(name, 1, mistake))?;
    let mut text = Vec::new();
    let mut line = 0_u32;
    loop {
        text.clear();
        let length = source.by_ref().take(MOST_LINE_BYTES as u64).read_until(b'\n', &mut text);
        if length.map_err(ReadError::io(name))? == 0 {
            break;
        }
        line = line.saturating_add(1);
        let ended = text.ends_with(b"\n");
        if !ended && text.len() == MOST_LINE_BYTES {
            let what = LineError::TooLong(MOST_LINE_BYTES as u64);
            return Err(ReadError::at(name, line, Mistake::whole(what)));
        }
        if text.trim_ascii().is_empty() {
            continue;
        }
        let row: Value = match serde_json::from_slice(&text) {
            Ok(row) => row,
            Err(error) if error.is_eof() && !ended => {
                table.history.header.cut_short = Some(line);
                break;
            }
            Err(error) => return Err(ReadError::at(name, line, error.into())),
        };
        if line == 1 && row.get("history_version").is_some() {
            table.history.header = header(&text).map_err(|mistake| ReadError::at(name, line, mistake))?;
            continue;
        }
        let shown = || String::from_utf8_lossy(text.trim_ascii()).into_owned();
        table.take(&row, line, shown).map_err(|mistake| ReadError::at(name, line, mistake))?;
    }
    table.finish().map_err(|(line, mistake)| ReadError::at(name, line, mistake))
}
