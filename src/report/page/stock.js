// The stock over time: what the file said after each write, and what it would have said if every
// receipt had counted. Where the two part, tickets were sold that were not there.

function stockOverTime(history) {
  const writes = [], receipts = [];
  for (let i = 0; i < history.count; i++) {
    if (history.outcome[i] !== BOUGHT) continue;
    const at = Number.isNaN(history.written[i]) ? history.end[i] : history.written[i];
    if (!Number.isNaN(history.sold[i])) writes.push([at, history.sold[i] - 1, i]);
    receipts.push(at);
  }
  writes.sort((one, other) => one[0] - other[0]);
  receipts.sort((one, other) => one - other);
  const initial = page.initial ?? (writes.length ? writes[0][1] + 1 : null);
  const inFile = steps(initial, writes);
  if (initial === null) return { inFile, owed: inFile, parted: false, low: 0, high: 1 };
  // Where not every receipt says what it was sold from, the receipts are all that is known.
  if (writes.length < receipts.length) return receiptsAlone(initial, receipts);
  const owed = steps(initial, receipts.map((at, sold) => [at, initial - sold - 1, -1]));
  const last = inFile.value[inFile.value.length - 1];
  if (page.remaining !== null && page.remaining !== last) {
    // Sold, or lost, without a receipt that says when.
    push(inFile, page.span_ns, page.remaining, -1);
  }
  const parted = !page.sound && page.initial !== null && differ(inFile, owed);
  let low = 0, high = Math.max(1, initial);
  for (const value of inFile.value) {
    high = Math.max(high, value);
    low = Math.min(low, value);
  }
  if (parted) low = Math.min(low, owed.value[owed.value.length - 1]);
  return { inFile, owed, parted, low, high };
}

function receiptsAlone(initial, receipts) {
  const owed = steps(initial, receipts.map((at, sold) => [at, initial - sold - 1, -1]));
  const low = Math.min(0, initial - receipts.length), high = Math.max(1, initial);
  return { inFile: owed, owed, parted: false, byReceipts: true, low, high };
}

// A line of steps: `value[k]` from `time[k]` on.
function steps(initial, changes) {
  const line = { time: [], value: [], by: [] };
  if (initial !== null) push(line, 0, initial, -1);
  for (const [at, value, by] of changes) push(line, at, value, by);
  return line;
}

function push(line, at, value, by) {
  line.time.push(at);
  line.value.push(value);
  line.by.push(by);
}

function differ(one, other) {
  return one.value.length !== other.value.length || one.value.some((value, k) => value !== other.value[k]);
}

// The value of a line at a time; null before its start.
function valueAt(line, time) {
  const next = firstPlace(0, line.time.length, (k) => line.time[k] > time);
  return next === 0 ? null : line.value[next - 1];
}

// Draws a line of steps. Where several steps fall into one column of pixels, one vertical stroke
// stands for them all, so it costs no more than the chart is wide.
function strokeSteps(context, line, view, y) {
  const { from, until, x, right } = view;
  const first = Math.max(0, firstPlace(0, line.time.length, (k) => line.time[k] > from) - 1);
  if (first >= line.time.length) return;
  let value = line.value[first];
  context.beginPath();
  context.moveTo(Math.max(x(line.time[first]), view.left), y(value));
  for (let k = first + 1; k < line.time.length && line.time[k] <= until; ) {
    const column = Math.round(x(line.time[k]));
    context.lineTo(column, y(value));
    let low = value, high = value;
    for (; k < line.time.length && Math.round(x(line.time[k])) === column; k++) {
      value = line.value[k];
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
    if (low !== value || high !== value) {
      context.lineTo(column, y(low));
      context.lineTo(column, y(high));
    }
    context.lineTo(column, y(value));
  }
  context.lineTo(right, y(value));
  context.stroke();
}
