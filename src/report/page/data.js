// The history: decoded from the page into arrays, one number a purchase. The stream's format is
// described in src/report/columns.rs. Times are nanoseconds since the first call; NaN is "not known".

const byId = (id) => document.getElementById(id + suffix);
const article = document.querySelector(`article[data-run="${suffix}"]`);
const page = JSON.parse(byId("data").textContent);

const BOUGHT = 0, REFUSED = 1, FAILED = 2, UNKNOWN = 3, RETURNED = 4, READ = 5;
// Bought, but a ticket that had been sold already: a kind to be drawn, no outcome.
const AGAIN = 6;

function decodeHistory() {
  const text = atob(byId("stream").textContent.trim());
  const count = page.count;
  let at = 0;

  // LEB128 by multiplication: a shift would stop at 32 bits.
  const number = () => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = text.charCodeAt(at++);
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  const signed = () => {
    const value = number();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  };
  const times = () => new Float64Array(count).fill(NaN);

  const history = {
    count,
    lane: new Uint32Array(count),
    outcome: new Uint8Array(count),
    // The outcome, or that it was sold already.
    kind: new Uint8Array(count),
    call: times(), locked: times(), read: times(), emptied: times(), written: times(),
    unlocked: times(), returned: times(),
    // Where its bar ends: for one without an answer, where the history does.
    end: times(),
    seen: times(), sold: times(), pid: times(), line: times(),
    quantity: times().fill(1), file: times(),
    fault: new Int8Array(count).fill(-1),
    errno: new Int32Array(count),
    tries: new Uint32Array(count).fill(1), aborted: new Uint32Array(count), code: new Int32Array(count),
  };
  const { locked, read, emptied, written, unlocked, returned, seen, sold, pid, line } = history;
  const timeColumns = [locked, read, emptied, written, unlocked, returned];

  let call = 0;
  for (let i = 0; i < count; i++) {
    history.lane[i] = number();
    const mask = number();
    call += number();
    history.kind[i] = mask & 7;
    history.outcome[i] = history.kind[i] === AGAIN ? BOUGHT : history.kind[i];
    history.call[i] = call;
    let time = call, end = call, bit = 8;
    for (const column of timeColumns) {
      if (mask & bit) {
        time += signed();
        column[i] = time;
        if (time > end) end = time;
      }
      bit *= 2;
    }
    if (mask & bit) seen[i] = signed();
    if (mask & (bit * 2)) sold[i] = seen[i];
    if (mask & (bit * 4)) pid[i] = number();
    if (mask & (bit * 8)) sold[i] = signed();
    if (mask & (bit * 16)) line[i] = number();
    bit *= 32;
    if (mask & bit) {
      history.fault[i] = number();
      history.errno[i] = signed();
    }
    if (mask & (bit * 2)) history.quantity[i] = number();
    if (mask & (bit * 4)) history.file[i] = number();
    if (mask & (bit * 8)) {
      history.tries[i] = number();
      history.aborted[i] = number();
      history.code[i] = signed();
    }
    history.end[i] = history.outcome[i] === UNKNOWN && !(mask & 256) ? Math.max(end, page.span_ns) : end;
  }
  // Who never returned was at it until it was killed, where it is known when that was.
  for (const [lane, letter, at] of page.mishaps) {
    for (let i = 0; letter === "K" && i < count; i++) {
      if (page.lane_buyers[history.lane[i]] === page.lane_buyers[lane] && Number.isNaN(returned[i])) {
        history.end[i] = history.outcome[i] === UNKNOWN ? at : Math.max(history.end[i], at);
      }
    }
  }
  history.torn = new Map(page.torn);
  // When it had the lock, or the row: a read that locks its row has it when it is answered.
  history.granted = page.transactions?.row_lock ? locked.map((at, i) => (Number.isNaN(at) ? read[i] : at)) : locked;
  history.lanes = lanesOf(history);
  return history;
}

// The purchases of each lane, in the order of their calls: those of lane l are
// members[first[l]] … members[first[l + 1] - 1].
function lanesOf(history) {
  const count = page.lane_buyers.length;
  const first = new Uint32Array(count + 1);
  for (const lane of history.lane) first[lane + 1]++;
  for (let lane = 0; lane < count; lane++) first[lane + 1] += first[lane];
  const next = first.slice();
  const members = new Uint32Array(history.count);
  for (let i = 0; i < history.count; i++) members[next[history.lane[i]]++] = i;
  return { count, first, members };
}

// The first place in lo … hi - 1 at which `reached` holds, hi if there is none. It must hold from
// there on.
function firstPlace(lo, hi, reached) {
  while (lo < hi) {
    const middle = (lo + hi) >> 1;
    if (reached(middle)) hi = middle; else lo = middle + 1;
  }
  return lo;
}

// The first and last + 1 of a lane's members that can be seen between two times.
function seenIn(history, lane, from, until) {
  const { first, members } = history.lanes;
  const lo = firstPlace(first[lane], first[lane + 1], (k) => history.end[members[k]] >= from);
  const hi = firstPlace(lo, first[lane + 1], (k) => history.call[members[k]] > until);
  return [lo, hi];
}

// When a purchase's transaction began and ended, as far as its history says: NaN where it does not. Of several
// tries only the last one's end is known.
function transactionOf(i) {
  const known = page.transactions, h = history_;
  if (!known) return null;
  const from = h.tries[i] > 1 ? NaN : known.begins === "call" ? h.call[i] : h[known.begins][i];
  if (Number.isNaN(from) && Number.isNaN(h.read[i])) return null;
  const failed = h.outcome[i] === FAILED && !["killed", "stopped"].includes(page.faults[h.fault[i]]);
  const until = failed ? h.returned[i] : known.commits ? h.unlocked[i] : NaN;
  return { from, until, committed: !failed };
}

// A time or duration to the nanosecond.
function exact(ns) {
  if (Number.isNaN(ns)) return "";
  const size = Math.abs(ns);
  if (size < 1e3) return `${ns} ns`;
  if (size < 1e6) return `${(ns / 1e3).toFixed(3)} µs`;
  if (size < 1e9) return `${(ns / 1e6).toFixed(6)} ms`;
  return `${(ns / 1e9).toFixed(9)} s`;
}

// The same, as people say it.
function rough(ns) {
  const size = Math.abs(ns);
  const [unit, name] = size < 1e3 ? [1, "ns"] : size < 1e6 ? [1e3, "µs"] : size < 1e9 ? [1e6, "ms"] : [1e9, "s"];
  return `${Number((ns / unit).toPrecision(3))} ${name}`;
}

const grouped = (number) => number.toLocaleString("en");

const history_ = decodeHistory();

const laneName = (lane) => t("buyer", { name: page.lane_buyers[lane] });

// The same, short enough for its place beside the lane.
const shortName = (lane) => (laneName(lane).length > 16 ? `${laneName(lane).slice(0, 15)}…` : laneName(lane));
