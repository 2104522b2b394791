// The moment that is shown while a race is played: what everyone is at, beside the lanes and in words.

// The purchase of a lane that was called last by a time; -1 before the first.
function latestIn(lane, time) {
  const { first, members } = history_.lanes;
  const k = firstPlace(first[lane], first[lane + 1], (k) => history_.call[members[k]] > time);
  return k === first[lane] ? -1 : members[k - 1];
}

// What a purchase is at, in words, and the kind that it has ended as.
function stateOf(i, time) {
  const h = history_;
  if (i < 0) return { kind: -1, text: t("state_before") };
  if (time >= h.end[i]) {
    const labels = endLabels(i);
    const counted = t(h.kind[i] === AGAIN ? "sold_already" : `outcome_${page.outcomes[h.outcome[i]]}`);
    return { kind: h.kind[i], text: labels[labels.length > 2 ? 1 : 0], counted };
  }
  const reached = (at) => at <= time;
  const state = reached(h.written[i]) ? "state_wrote"
    : reached(h.emptied[i]) ? "state_emptied"
    : reached(h.read[i]) ? (Number.isNaN(h.seen[i]) ? "state_thinking" : "state_read")
    : reached(h.granted[i]) ? "state_holding"
    : h.tries[i] > 1 ? "state_trying"
    : !Number.isNaN(h.granted[i]) || waitedInVain(i) ? "state_waiting" : "state_called";
  return { kind: -1, text: t(state, { stock: signed(h.seen[i]) }) };
}

// Whether a purchase has the lock, as far as it is known when it let go.
function holds(i, time) {
  if (i < 0 || !(page.transactions?.unlocks ?? true)) return false;
  const { granted, unlocked, end } = history_;
  return granted[i] <= time && time < (Number.isNaN(unlocked[i]) ? end[i] : unlocked[i]);
}

// What is still to come steps back, and a line shows the moment.
function drawMoment() {
  const time = shared.time;
  if (Number.isNaN(time)) return;
  const x = Math.max(view.left, Math.min(view.right + RIGHT, view.x(time)));
  context.fillStyle = colours.surface;
  context.globalAlpha = 0.72;
  context.fillRect(x, AXIS, view.width - x, view.height - AXIS);
  context.globalAlpha = 1;
  if (time < view.from || time > view.until) return;
  context.strokeStyle = context.fillStyle = colours.ink;
  context.lineWidth = 1.4;
  line(context, x, AXIS - 4, x, view.height);
  context.beginPath();
  context.moveTo(x, AXIS + 2);
  context.lineTo(x - 6, AXIS - 8);
  context.lineTo(x + 6, AXIS - 8);
  context.fill();
}

// Beside a lane: what its buyer is at, and whether it has the lock.
function drawState(lane, middle) {
  const i = latestIn(lane, shared.time);
  const { kind, text } = stateOf(i, shared.time);
  if (holds(i, shared.time)) {
    context.fillStyle = colours.outcome[BOUGHT];
    context.fillRect(0, middle - state.row / 2 + 1, 4, state.row - 2);
  }
  context.fillStyle = kind < 0 ? colours.muted : colours.outcome[kind];
  context.textBaseline = "middle";
  if (state.row >= 26) {
    context.textAlign = "left";
    context.font = `11px ${FONT}`;
    context.fillText(text, 10, middle + 8, view.gutter - 14);
  } else if (state.row >= 8) {
    context.textAlign = "right";
    context.font = `${Math.min(11, state.row)}px ${FONT}`;
    context.fillText(kind < 0 ? (i < 0 ? "" : "…") : SIGNS[kind], view.gutter - 4, middle + 0.5);
  }
}

// The stock at a moment; null where nobody knows.
const stockAt = (time) => (page.unrecorded > 0 && time > page.span_ns ? null : valueAt(stock.inFile, time));

// The moment in words: the stock, who has the lock, and how many are at what.
const anyLock = history_.granted.some((at) => !Number.isNaN(at));

function momentText() {
  const time = shared.time;
  const counts = new Map(), holders = [];
  for (let lane = 0; lane < history_.lanes.count; lane++) {
    const i = latestIn(lane, time);
    if (i < 0 && page.lane_tracks[lane] > 0) continue;
    if (holds(i, time)) holders.push(laneName(lane));
    // What has ended is counted by how, whatever the ticket.
    const { text, counted = text } = stateOf(i, time);
    counts.set(counted, (counts.get(counted) ?? 0) + 1);
  }
  const level = stockAt(time);
  const parts = [t("moment", { time: rough(time), stock: level === null ? "?" : signed(level) })];
  if (anyLock) {
    parts.push(holders.length === 0 ? t("moment_free")
      : t("moment_holder", { buyers: holders.slice(0, 3).join(", ") + (holders.length > 3 ? " …" : "") }));
  }
  const most = [...counts].sort((one, other) => other[1] - one[1]);
  for (const [state, count] of most.slice(0, 8)) parts.push(t("moment_count", { count: grouped(count), state }));
  if (most.length > 8) parts.push("…");
  return parts.join(" · ");
}

function sayMoment() {
  const hidden = Number.isNaN(shared.time);
  momentLine.hidden = hidden;
  if (!hidden) momentLine.textContent = momentText();
}

// The nearest event after or before a time; NaN where there is none.
function nextEvent(time, by) {
  const { call, locked, read, emptied, written, unlocked, returned } = history_;
  let nearest = NaN;
  for (const column of [call, locked, read, emptied, written, unlocked, returned]) {
    for (const at of column) {
      if (by > 0 ? at > time && !(at >= nearest) : at < time && !(at <= nearest)) nearest = at;
    }
  }
  return nearest;
}

// Of a host that was lost nothing is known any more: hatched to the end.
function drawLost() {
  const [firstRow, lastRow] = visibleRows();
  for (let row = firstRow; row < lastRow; row++) {
    const lane = state.laneOf[row], lost = lane < 0 ? null : hostOf(lane)?.lost_ns ?? null;
    if (lost === null) continue;
    const from = Math.max(view.left, view.x(lost));
    if (from >= view.right) continue;
    context.fillStyle = view.hatched;
    context.fillRect(from, view.middle(lane) - state.row / 2, view.right - from, state.row);
  }
}

// What had no room in the record: hatched from where a lane's last purchase ends, and named.
function drawUnrecorded() {
  if (page.unrecorded === 0) return;
  const until = Math.min(view.right, view.x(page.whole_ns));
  const { first, members } = history_.lanes;
  const [firstRow, lastRow] = visibleRows();
  let least = until;
  for (let row = firstRow; row < lastRow; row++) {
    const lane = state.laneOf[row];
    if (lane < 0) continue;
    const last = history_.end[members[first[lane + 1] - 1]];
    const from = Math.max(view.left, view.x(last));
    least = Math.min(least, from);
    hatch(context, view, from, view.middle(lane) - state.row / 2, state.row);
  }
  if (until - least < 60) return;
  const text = t("not_recorded_many", { count: grouped(page.unrecorded) });
  context.font = `600 13px ${FONT}`;
  const width = Math.min(context.measureText(text).width, until - least - 8);
  const x = (least + until) / 2, y = lanesTop() + 16;
  context.fillStyle = colours.surface;
  context.fillRect(x - width / 2 - 4, y - 9, width + 8, 18);
  context.fillStyle = colours.ink;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillText(text, x, y + 0.5, width);
}
