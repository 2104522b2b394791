// What is seen of the history, and how it is moved: zoom, pan, rows, hover, keyboard.

const canvas = byId("canvas");
const context = canvas.getContext("2d");
const [tip, note, live, momentLine] = ["tip", "note", "live", "moment"].map(byId);

const LARGEST_ROW = 34, SMALLEST_ROW = 4;
shared.span = Math.max(shared.span, page.whole_ns);
// A window narrower than this shows nothing but the clock's own grain; where the whole history is that
// short, its times are no clock's, and a twentieth of it is narrow. All runs of the page share one window.
const narrowest = () => Math.min(50, shared.span / 20);
const stock = stockOverTime(history_);
const dense = new DenseLanes();

const state = {
  get from() { return shared.from; },
  set from(time) { shared.from = time; },
  get until() { return shared.until; },
  set until(time) { shared.until = time; },
  row: LARGEST_ROW, scroll: 0,
  // Which lane stands in which row, and back. The heading of a host's lanes is a row of its own: the host's number,
  // negative.
  laneOf: [],
  rowOf: Array.from({ length: history_.lanes.count }, (_, lane) => lane),
  byNumber: false,
  pinned: [],
  hover: null, cursor: -1, piece: -1, lane: -1,
};
order();
let colours = readColours();
let view = null;
let asked = false;

const lanesTop = () => AXIS + STOCK;

// Room for names beside the lanes: less of it on a phone.
const gutterOf = (width) => (width < 520 ? 92 : 118);

function layOut() {
  const type = shared.type;
  const width = canvas.clientWidth / type;
  const tall = window.innerHeight - 330 - lanesTop();
  const room = Math.max(200, Math.min(shared.runs.length > 1 ? tall / 2 : tall, 900));
  const lanes = state.laneOf.length;
  if (state.fitRows) {
    state.row = Math.max(SMALLEST_ROW, Math.min(LARGEST_ROW, Math.floor(room / Math.max(lanes, 1))));
  }
  const height = lanesTop() + Math.max(2 * LARGEST_ROW, Math.min(lanes * state.row, room)) + 10;
  const ratio = (window.devicePixelRatio || 1) * type;
  if (canvas.style.height !== `${height * type}px`) canvas.style.height = `${height * type}px`;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    state.patterns = null;
  }
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  state.patterns ??= patterns(context, colours, ratio);
  const left = gutterOf(width), right = width - RIGHT;
  const scale = (right - left) / (state.until - state.from);
  const lanesHeight = height - lanesTop() - 10;
  state.scroll = Math.max(0, Math.min(state.scroll, lanes * state.row - lanesHeight));
  view = {
    width, height, left, right, lanesHeight, scale, gutter: left,
    from: state.from, until: state.until, row: state.row,
    patterns: state.patterns.outcome, empty: state.patterns.empty, hatched: state.patterns.hatched,
    x: (time) => left + (time - state.from) * scale,
    time: (x) => state.from + (x - left) / scale,
    middle: (lane) => lanesTop() + (state.rowOf[lane] + 0.5) * state.row - state.scroll,
  };
}

function render() {
  asked = false;
  layOut();
  context.fillStyle = colours.surface;
  context.fillRect(0, 0, view.width, view.height);
  drawAxis(context, view, colours);
  drawStock(context, view, colours, stock);
  context.save();
  context.beginPath();
  context.rect(0, lanesTop(), view.width, view.lanesHeight + 6);
  context.clip();
  drawLaneGrounds();
  const drawn = drawLanes();
  drawUnrecorded();
  drawLost();
  context.beginPath();
  context.rect(view.left, lanesTop(), view.right - view.left + RIGHT, view.lanesHeight + 6);
  context.clip();
  drawWindow(context, view, colours, state);
  Object.assign(drawn, drawConnectors(context, view, colours, state));
  drawCursor();
  context.restore();
  drawMoment();
  drawLabels(drawn.labels);
  drawScrollBar();
  sayMoment();
  sayWhatIsThinned(drawn);
}

function redrawOwn() {
  if (asked) return;
  asked = true;
  requestAnimationFrame(render);
}

// The window is one for all.
const redraw = redrawAll;

function visibleRows() {
  const first = Math.max(0, Math.floor(state.scroll / state.row));
  const last = Math.min(state.laneOf.length, Math.ceil((state.scroll + view.lanesHeight) / state.row));
  return [first, last];
}

function drawLaneGrounds() {
  const [first, last] = visibleRows();
  // Where rows are low, only some are named.
  const every = Math.max(1, Math.ceil(15 / state.row));
  context.textBaseline = "middle";
  for (let row = first; row < last; row++) {
    const lane = state.laneOf[row];
    if (lane < 0) {
      drawHeading(-lane, row);
      continue;
    }
    const middle = view.middle(lane);
    if (lane === state.lane || state.pinned.includes(lane) || (state.row > 12 && row % 2 === 0)) {
      context.fillStyle = lane === state.lane ? colours.soft[UNKNOWN] : colours.band;
      context.fillRect(0, middle - state.row / 2, view.width, state.row);
    }
    if (row % every !== every >> 1 || page.lane_tracks[lane] > 0) continue;
    const shown = !Number.isNaN(shared.time);
    context.textAlign = "left";
    context.fillStyle = colours.ink;
    context.font = `${state.row > 20 ? 13 : 11}px ${FONT}`;
    const above = shown && state.row >= 26 ? 7 : 0;
    context.fillText(shortName(lane), 10, middle + 0.5 - above, view.gutter - (shown && above === 0 ? 26 : 18));
    if (shown) drawState(lane, middle);
  }
  context.strokeStyle = colours.grid;
  context.lineWidth = 1;
  line(context, view.left + 0.5, lanesTop(), view.left + 0.5, view.height);
}

function hostOf(lane) {
  return page.hosts[page.lane_hosts[lane] - 1] ?? null;
}

// The heading of a host's lanes: its name, and how far its clock is from the lead's.
function drawHeading(number, row) {
  const { name, about } = page.hosts[number - 1];
  const middle = lanesTop() + (row + 0.5) * state.row - state.scroll;
  context.fillStyle = colours.band;
  context.fillRect(0, middle - state.row / 2, view.width, state.row);
  context.strokeStyle = colours.grid;
  line(context, 0, middle - state.row / 2 + 0.5, view.width, middle - state.row / 2 + 0.5);
  if (state.row < 10) return;
  const size = state.row > 20 ? 13 : 11;
  context.textAlign = "left";
  context.fillStyle = colours.ink;
  context.font = `600 ${size}px ${FONT}`;
  context.fillText(name, 10, middle + 0.5, view.width / 2 - 20);
  const room = view.width - 40 - Math.min(context.measureText(name).width, view.width / 2 - 20);
  context.fillStyle = colours.muted;
  context.font = `${size}px ${FONT}`;
  context.fillText(about[shared.language], view.width - 16 - room, middle + 0.5, room);
}

// Draws the lanes that are in sight. Returns how many purchases are in sight, and how many of them
// stand for themselves.
function drawLanes() {
  const [first, last] = visibleRows();
  const { members } = history_.lanes;
  let inSight = 0, single = 0;
  dense.start(view.right - view.left, colours);
  const labels = [];
  for (let row = first; row < last; row++) {
    const lane = state.laneOf[row];
    if (lane < 0) continue;
    const [lo, hi] = seenIn(history_, lane, view.from, view.until);
    inSight += hi - lo;
    const middle = view.middle(lane);
    if (hi - lo > (view.right - view.left) / 6) {
      const height = Math.max(2, state.row - (state.row > 6 ? 2 : 1));
      dense.draw(context, view, lo, hi, middle - height / 2, height);
      continue;
    }
    context.save();
    context.beginPath();
    context.rect(view.left, lanesTop(), view.right - view.left + RIGHT, view.lanesHeight + 6);
    context.clip();
    // The waits first: one begins where the bar before it ends.
    const error = hostOf(lane)?.error_ns ?? 0;
    if (error * view.scale > 1.5) for (let k = lo; k < hi; k++) drawError(context, view, colours, members[k], middle, error);
    for (let k = lo; k < hi; k++) drawWait(context, view, colours, members[k], middle);
    for (let k = lo; k < hi; k++) {
      const next = k + 1 < hi ? view.x(history_.call[members[k + 1]]) : view.right + RIGHT;
      const end = drawPurchase(context, view, colours, members[k], middle, next);
      if (state.row >= 16 && end >= view.left) labels.push([members[k], end, middle, next]);
    }
    drawMishaps(context, view, colours, lane, middle);
    context.restore();
    single += hi - lo;
  }
  return { inSight, single, labels };
}

// The words behind the bars: while it is played, of those that have ended.
function drawLabels(labels) {
  context.save();
  context.beginPath();
  context.rect(view.left, lanesTop(), view.right - view.left + RIGHT, view.lanesHeight + 6);
  context.clip();
  for (const [i, end, middle, next] of labels) {
    if (shared.time < history_.end[i]) continue;
    drawEndLabel(context, colours, i, end, middle, next);
  }
  context.restore();
}

function drawCursor() {
  const i = state.hover?.purchase ?? state.cursor;
  if (i < 0) return;
  const middle = view.middle(history_.lane[i]);
  const x0 = Math.max(view.left - 5, view.x(history_.call[i]) - 3);
  const x1 = Math.min(view.right + 5, Math.max(view.x(history_.end[i]), x0 + 3) + 3);
  context.strokeStyle = colours.ink;
  context.lineWidth = 1.5;
  box(context, x0, middle - Math.min(15, state.row / 2 - 1), x1 - x0, Math.min(30, state.row - 2), 4);
  context.stroke();
}

function drawScrollBar() {
  const whole = state.laneOf.length * state.row;
  if (whole <= view.lanesHeight + 1) return;
  const length = Math.max(24, (view.lanesHeight * view.lanesHeight) / whole);
  const at = lanesTop() + (state.scroll / (whole - view.lanesHeight)) * (view.lanesHeight - length);
  context.fillStyle = colours.muted;
  context.globalAlpha = 0.5;
  box(context, view.width - 8, at, 6, length, 3);
  context.fill();
  context.globalAlpha = 1;
}

function sayWhatIsThinned({ inSight, single, arrows, numbers }) {
  const lanes = history_.lanes.count;
  const [first, last] = visibleRows().map((row) => state.laneOf.slice(0, row).filter((lane) => lane >= 0).length);
  const which = last - first < lanes
    ? t("which_lanes", { first: grouped(first + 1), last: grouped(last), lanes: grouped(lanes) }) : "";
  const thinned = inSight > single
    ? t("thinned", { thin: grouped(inSight - single), seen: grouped(inSight) })
    : t("each_drawn", { seen: grouped(inSight), all: grouped(history_.count) });
  // Where arrows lie on each other, one stands for all, and says for how many.
  const crowded = arrows > numbers ? t("crowded", { arrows: grouped(arrows), drawn: grouped(numbers) }) : "";
  const left = page.unrecorded > 0 ? ` ${t("not_recorded_note", { count: grouped(page.unrecorded) })}` : "";
  const unseen = page.waits_unseen ? ` ${t("waits_unseen_note")}` : "";
  const text = `${t("in_view", { time: rough(view.until - view.from) })}${which}${thinned}${crowded}${left}${unseen}`;
  if (note.textContent !== text) note.textContent = text;
}

// ---- moving

function setWindow(from, until) {
  const length = Math.max(narrowest(), Math.min(until - from, shared.span * 1.5));
  const middle = Math.max(0, Math.min((from + until) / 2, shared.span));
  state.from = middle - length / 2;
  state.until = middle + length / 2;
  redraw();
}

// The window that shows it all, with room for the words after the last purchases, where rows are high
// enough to have any.
function whole() {
  const wide = canvas.clientWidth / shared.type;
  const plot = Math.max(200, wide - gutterOf(wide) - RIGHT);
  const words = state.laneOf.length * 16 < window.innerHeight ? Math.min(LABEL_ROOM, plot / 3) : 12;
  return [-shared.span * 0.012, shared.span * (1 + words / (plot - words))];
}

function fit() {
  state.fitRows = true;
  state.scroll = 0;
  [state.from, state.until] = whole();
  redraw();
}

function zoom(factor, x = (view.left + view.right) / 2) {
  const at = view.time(x);
  let length = (state.until - state.from) * factor;
  length = Math.max(narrowest(), Math.min(length, shared.span * 1.5));
  const share = (x - view.left) / (view.right - view.left);
  state.from = at - length * share;
  state.until = state.from + length;
  redraw();
}

function pan(dx, dy = 0) {
  let shift = dx / view.scale;
  const middle = (state.from + state.until) / 2 + shift;
  if (middle < 0 || middle > shared.span) shift = 0;
  state.from += shift;
  state.until += shift;
  state.scroll += dy;
  redraw();
}

function setRow(height) {
  const keep = (state.scroll + view.lanesHeight / 2) / state.row;
  state.fitRows = false;
  state.row = Math.max(SMALLEST_ROW, Math.min(LARGEST_ROW, height));
  state.scroll = keep * state.row - view.lanesHeight / 2;
  redraw();
}

// Puts lanes into rows: pinned ones first, then in the order of turns (as they come) or by number.
function order() {
  const lanes = Array.from({ length: history_.lanes.count }, (_, lane) => lane);
  if (state.byNumber) {
    const compare = (one, other) => one.length - other.length || (one < other ? -1 : one > other ? 1 : 0);
    lanes.sort((one, other) =>
      compare(page.lane_buyers[one], page.lane_buyers[other]) || page.lane_tracks[one] - page.lane_tracks[other]);
  }
  const pinned = new Set(state.pinned);
  const rest = lanes.filter((lane) => !pinned.has(lane));
  const groups = page.hosts.map((_, host) => [-host - 1, ...rest.filter((lane) => page.lane_hosts[lane] === host + 1)]);
  const alone = rest.filter((lane) => !hostOf(lane));
  state.laneOf = [...state.pinned, ...alone, ...groups.filter((group) => group.length > 1).flat()];
  state.laneOf.forEach((lane, row) => { if (lane >= 0) state.rowOf[lane] = row; });
}

// Brings lanes into sight, high enough to be read: where they stand too far apart, to the top.
function showLanes(lanes) {
  state.pinned = [];
  order();
  const rows = lanes.map((lane) => state.rowOf[lane]);
  const low = Math.min(...rows), high = Math.max(...rows);
  const fits = (high - low + 1) * Math.max(state.row, 20) <= view.lanesHeight;
  if (state.row < 20) {
    state.fitRows = false;
    state.row = 24;
  }
  if (fits) {
    state.scroll = ((low + high + 1) / 2) * state.row - view.lanesHeight / 2;
  } else {
    state.pinned = lanes.slice(0, Math.floor(view.lanesHeight / state.row));
    order();
    state.scroll = 0;
  }
}

// Zooms so that these purchases fill most of the picture.
function showPurchases(purchases, window_ = null) {
  if (purchases.length === 0) return;
  showLanes([...new Set(purchases.map((i) => history_.lane[i]))]);
  let from = Infinity, until = -Infinity;
  for (const i of purchases) {
    const { locked, call, end } = history_;
    from = Math.min(from, Number.isNaN(locked[i]) ? call[i] : locked[i]);
    until = Math.max(until, end[i]);
  }
  if (window_) {
    from = Math.min(from, window_[0]);
    until = Math.max(until, window_[1]);
  }
  const margin = Math.max((until - from) * 0.12, Math.min(200, shared.span * 0.02));
  const [first, last] = whole();
  // To the right there is room for the words after a bar.
  setWindow(Math.max(from - margin, first), Math.min(until + margin * 2.5, last));
}

// ---- what is where

function purchaseAt(x, y) {
  if (y < lanesTop() || x < view.left - 6) return -1;
  const row = Math.floor((y - lanesTop() + state.scroll) / state.row);
  const lane = state.laneOf[row] ?? -1;
  if (lane < 0) return -1;
  const reach = 5 / view.scale;
  const time = view.time(x);
  const [lo, hi] = seenIn(history_, lane, time - reach, time + reach);
  const { members } = history_.lanes;
  let nearest = -1, distance = Infinity;
  for (let k = lo; k < hi && k < lo + 2000; k++) {
    const i = members[k];
    const away = Math.max(history_.call[i] - time, time - history_.end[i], 0);
    if (away < distance) [nearest, distance] = [i, away];
  }
  return nearest;
}

function laneAt(x, y) {
  if (x > view.left || y < lanesTop()) return -1;
  return Math.max(-1, state.laneOf[Math.floor((y - lanesTop() + state.scroll) / state.row)] ?? -1);
}
