// The stock over time: what the file said after each write, and what it would have said if every
// receipt had counted. Where the two part, tickets were sold that were not there.

// When a purchase changed the stock for all to see: by its commit where it has one, else by its write.
function changedAt(history, i) {
  const { written, unlocked, end } = history;
  if (page.transactions?.commits && !Number.isNaN(unlocked[i])) return unlocked[i];
  return Number.isNaN(written[i]) ? end[i] : written[i];
}

function stockOverTime(history) {
  // When, what the store said after it (NaN where nobody says), by how many tickets it changed, and whose it is.
  const changes = [];
  for (let i = 0; i < history.count; i++) {
    const kind = history.outcome[i];
    if (kind !== BOUGHT && kind !== RETURNED) continue;
    const at = changedAt(history, i);
    const by = kind === BOUGHT ? -history.quantity[i] : history.quantity[i];
    changes.push([at, history.sold[i] + by, by, i]);
  }
  changes.sort((one, other) => one[0] - other[0]);
  const first = changes.find(([, value]) => !Number.isNaN(value));
  const initial = page.initial ?? (first && !page.several ? first[1] - first[2] : null);
  const inFile = steps(initial, changes, (value, level, by) => (Number.isNaN(value) ? level + by : value));
  if (initial === null) return { inFile, owed: inFile, parted: false, low: 0, high: 1 };
  const owed = steps(initial, changes, (value, level, by) => level + by);
  // Where not every receipt says what it was sold from, or each item has a stock of its own, the receipts are all
  // that is known of the whole.
  if (page.several || changes.some(([, value, by]) => by < 0 && Number.isNaN(value))) {
    return { inFile: owed, owed, parted: false, byReceipts: true, ...range([owed]) };
  }
  // Of what was not recorded nobody knows when it changed the stock.
  if (page.unrecorded > 0) return { inFile, owed: inFile, parted: false, ...range([inFile]) };
  const last = inFile.value[inFile.value.length - 1];
  if (page.remaining !== null && page.remaining !== last) {
    // Sold, or lost, without a receipt that says when.
    push(inFile, page.whole_ns, page.remaining, -1);
  }
  const parted = !page.sound && page.initial !== null && differ(inFile, owed);
  return { inFile, owed, parted, ...range(parted ? [inFile, owed] : [inFile]) };
}

// The lowest and the highest of lines, with 0 and 1 among them.
function range(lines) {
  let low = 0, high = 1;
  for (const line of lines) {
    for (const value of line.value) {
      high = Math.max(high, value);
      low = Math.min(low, value);
    }
  }
  return { low, high };
}

// A line of steps: `value[k]` from `time[k]` on.
function steps(initial, changes, next) {
  const line = { time: [], value: [], by: [] };
  if (initial === null) return line;
  push(line, 0, initial, -1);
  let level = initial;
  for (const [at, value, by, i] of changes) {
    level = next(value, level, by);
    push(line, at, level, i);
  }
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
