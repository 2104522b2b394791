//! The file format of histories: JSON lines, versioned. The first line is the header, then one
//! purchase a line.

use std::io::{BufWriter, Write as _};
use std::path::Path;

use serde::Serialize;

use super::{Fault, FaultKind, Header, History, Outcome, Purchase};
use crate::ticket_file::folder;

/// The version of the format, as the header's `history_version` says it.
pub const FORMAT_VERSION: u32 = 1;

#[derive(Serialize)]
struct HeaderLine<'a> {
    history_version: u32,
    #[serde(flatten)]
    header: &'a Header,
}

#[derive(Serialize)]
struct PurchaseLine<'a> {
    buyer: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pid: Option<u32>,
    invoke_ns: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    return_ns: Option<u64>,
    outcome: Outcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    stock: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    locked_ns: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    read_ns: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    truncated_ns: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    written_ns: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unlocked_ns: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<FaultKind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    errno: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    holder_pid: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    torn: Option<std::borrow::Cow<'a, str>>,
}

impl<'a> From<&'a Purchase> for PurchaseLine<'a> {
    fn from(purchase: &'a Purchase) -> Self {
        let steps = purchase.steps;
        Self {
            buyer: purchase.buyer,
            pid: purchase.pid,
            invoke_ns: purchase.invoke_ns,
            return_ns: purchase.return_ns,
            outcome: purchase.outcome,
            stock: purchase.stock,
            locked_ns: steps.locked_ns,
            read_ns: steps.read_ns,
            truncated_ns: steps.truncated_ns,
            written_ns: steps.written_ns,
            unlocked_ns: steps.unlocked_ns,
            fault: purchase.fault.map(|fault| fault.kind),
            errno: purchase
                .fault
                .filter(|fault| fault.errno != 0 && fault.dead_holder().is_none())
                .map(|fault| fault.errno),
            holder_pid: purchase.fault.and_then(Fault::dead_holder),
            torn: purchase.torn.as_ref().map(|text| String::from_utf8_lossy(text.bytes())),
        }
    }
}

/// Writes a history to a file, which appears whole or not at all.
///
/// # Errors
/// When the system refuses.
pub fn write(history: &History, path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let mut temporary = tempfile::Builder::new()
        .permissions(std::fs::Permissions::from_mode(0o666))
        .tempfile_in(folder(path))?;
    let mut out = BufWriter::new(temporary.as_file_mut());
    let header = HeaderLine { history_version: FORMAT_VERSION, header: &history.header };
    serde_json::to_writer(&mut out, &header)?;
    for purchase in &history.purchases {
        out.write_all(b"\n")?;
        serde_json::to_writer(&mut out, &PurchaseLine::from(purchase))?;
    }
    out.write_all(b"\n")?;
    out.flush()?;
    drop(out);
    temporary.persist(path)?;
    Ok(())
}
