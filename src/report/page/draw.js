// Draws the picture on its canvas: time axis, stock, lanes, anomalies. Knows nothing of events.
//
// A purchase is drawn as its parts: a dashed line while it waits, a frame while it holds the lock, a
// ring for the read, a bar while it thinks, a diamond for the write. Outcomes differ in colour, in
// pattern and in their sign. Where a lane has more purchases than pixels, columns of pixels stand for
// them: full height bought or sold already, lower half refused, upper half failed, middle waiting.

const AXIS = 26, STOCK = 112, RIGHT = 14;
const LABEL_ROOM = 170;
// ⚠ as a character, not as a picture.
const SIGNS = ["✓", "✕", "!", "?", "↩", "○", "⚠\ufe0e"];
const OUTCOMES = ["bought", "refused", "failed", "unknown", "returned", "read", "anomaly"];
const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif";

function readColours() {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(`--${name}`).trim();
  const names = ["surface", "ink", "muted", "grid", "band", "wait", "anomaly"];
  const colours = Object.fromEntries(names.map((name) => [name, colour(name)]));
  colours.outcome = OUTCOMES.map(colour);
  colours.soft = OUTCOMES.map((name) => colour(`${name}-soft`));
  return colours;
}

// Diagonal stripes for refused, dots for failed, upright stripes for a file that is empty: to be told
// apart without colour.
function patterns(context, colours, ratio) {
  const tile = (paint) => {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = Math.round(6 * ratio);
    const brush = canvas.getContext("2d");
    brush.scale(ratio, ratio);
    paint(brush);
    const pattern = context.createPattern(canvas, "repeat");
    pattern.setTransform(new DOMMatrix().scale(1 / ratio));
    return pattern;
  };
  const stripes = (colour) => tile((brush) => {
    brush.strokeStyle = colour;
    brush.lineWidth = 1.6;
    for (const shift of [-6, 0, 6]) {
      brush.beginPath();
      brush.moveTo(shift - 1, 7);
      brush.lineTo(shift + 7, -1);
      brush.stroke();
    }
  });
  const dots = (colour) => tile((brush) => {
    brush.fillStyle = colour;
    brush.fillRect(1, 1, 2, 2);
    brush.fillRect(4, 4, 2, 2);
  });
  const crosses = tile((brush) => {
    brush.strokeStyle = colours.anomaly;
    brush.lineWidth = 1;
    for (const [x0, y0, x1, y1] of [[-1, -1, 7, 7], [-1, 7, 7, -1]]) {
      brush.beginPath();
      brush.moveTo(x0, y0);
      brush.lineTo(x1, y1);
      brush.stroke();
    }
  });
  const upright = tile((brush) => {
    brush.fillStyle = colours.anomaly;
    brush.fillRect(0, 0, 1.5, 6);
    brush.fillRect(3, 0, 1.5, 6);
  });
  return {
    hatched: stripes(colours.wait),
    outcome: [null, stripes(colours.outcome[REFUSED]), dots(colours.outcome[FAILED]), null, null, null, crosses],
    empty: upright,
  };
}

function drawAxis(context, view, colours) {
  const span = view.until - view.from;
  const step = tickStep(span / Math.max(2, (view.right - view.left) / 110));
  context.font = `12px ${FONT}`;
  context.textBaseline = "middle";
  context.textAlign = "center";
  context.lineWidth = 1;
  for (let tick = Math.ceil(view.from / step) * step; tick <= view.until; tick += step) {
    const x = Math.round(view.x(tick)) + 0.5;
    context.strokeStyle = colours.grid;
    context.beginPath();
    context.moveTo(x, AXIS);
    context.lineTo(x, view.height);
    context.stroke();
    context.fillStyle = colours.muted;
    if (x < view.right - 12) context.fillText(tickLabel(tick, step), x, AXIS / 2);
  }
}

function tickStep(least) {
  const power = 10 ** Math.floor(Math.log10(Math.max(least, 1)));
  return [1, 2, 5, 10].map((digit) => digit * power).find((step) => step >= least);
}

function tickLabel(tick, step) {
  const largest = Math.max(Math.abs(tick), step);
  const [unit, name] =
    largest < 1e3 ? [1, "ns"] : largest < 1e6 ? [1e3, "µs"] : largest < 1e9 ? [1e6, "ms"] : [1e9, "s"];
  const digits = Math.max(0, Math.min(9, Math.ceil(Math.log10(unit / step) - 1e-9)));
  return `${(tick / unit).toFixed(digits)} ${name}`;
}

function drawStock(context, view, colours, stock) {
  const top = AXIS + 14, bottom = AXIS + STOCK - 16;
  const [low, high] = stockRange(view, stock);
  const y = (value) => bottom - ((value - low) / (high - low)) * (bottom - top);
  context.save();
  context.textAlign = "right";
  context.textBaseline = "middle";
  context.font = `12px ${FONT}`;
  context.fillStyle = colours.muted;
  let taken = -Infinity;
  for (const value of new Set(low < 0 && high > 0 ? [high, 0, low] : [high, low])) {
    // Never closer than they can be read: a value that is close to the one above is named below it.
    taken = Math.max(y(value), taken + 13);
    context.fillText(signed(value), view.left - 10, taken);
    context.strokeStyle = colours.grid;
    context.lineWidth = 1;
    line(context, view.left, Math.round(y(value)) + 0.5, view.right, Math.round(y(value)) + 0.5);
  }
  context.textAlign = "left";
  context.font = `600 13px ${FONT}`;
  context.fillStyle = colours.ink;
  context.fillText(t("stock"), 10, (top + bottom) / 2);
  if (!Number.isNaN(shared.time)) {
    const level = stockAt(shared.time);
    context.font = `700 20px ${FONT}`;
    context.fillText(level === null ? "?" : signed(level), 10, (top + bottom) / 2 - 22, view.gutter - 40);
  }
  if (stock.byReceipts) {
    context.font = `11px ${FONT}`;
    context.fillStyle = colours.muted;
    context.fillText(t("by_receipts"), 10, (top + bottom) / 2 + 15);
  }
  context.beginPath();
  const known = page.unrecorded > 0 ? Math.max(view.left, Math.min(view.right, view.x(page.span_ns))) : view.right;
  hatch(context, view, known, AXIS + 6, STOCK - 12);
  context.beginPath();
  context.rect(view.left, AXIS, known - view.left, STOCK);
  context.clip();
  if (stock.parted) {
    context.strokeStyle = colours.anomaly;
    context.lineWidth = 2;
    context.setLineDash([5, 4]);
    strokeSteps(context, stock.owed, view, y);
    context.setLineDash([]);
  }
  context.strokeStyle = colours.ink;
  context.lineWidth = 2;
  strokeSteps(context, stock.inFile, view, y);
  nameLines(context, view, colours, stock, y);
  context.restore();
}

// What was not recorded: hatched to the end of the run.
function hatch(context, view, from, top, height) {
  const until = Math.min(view.right, view.x(page.whole_ns));
  if (page.unrecorded === 0 || until <= from) return;
  context.fillStyle = view.hatched;
  context.fillRect(from, top, until - from, height);
}

// The lowest and highest stock to show: all of it, unless what is in view is so small a part of it that
// it would be a flat line.
function stockRange(view, stock) {
  let low = Infinity, high = -Infinity;
  for (const steps of stock.parted ? [stock.inFile, stock.owed] : [stock.inFile]) {
    const first = firstPlace(0, steps.time.length, (k) => steps.time[k] > view.from);
    for (let k = Math.max(0, first - 1); k < steps.time.length && steps.time[k] <= view.until; k++) {
      low = Math.min(low, steps.value[k]);
      high = Math.max(high, steps.value[k]);
    }
  }
  return high - low < (stock.high - stock.low) * 0.12 && high >= low ? [low - 1, high + 1] : [stock.low, stock.high];
}

// A number with a proper minus.
const signed = (number) => (number < 0 ? "−" : "") + grouped(Math.abs(number));

// Names the two lines where they end, if there is room.
function nameLines(context, view, colours, stock, y) {
  if (!stock.parted) return;
  const x = view.x(page.whole_ns) + 10;
  const inFile = valueAt(stock.inFile, page.whole_ns), owed = valueAt(stock.owed, page.whole_ns);
  const names = [t("in_the_file", { stock: signed(inFile) }), t("minus_receipts", { stock: signed(owed) })];
  context.font = `12px ${FONT}`;
  if (x < view.left || x + Math.max(...names.map((text) => context.measureText(text).width)) > view.right) return;
  context.textAlign = "left";
  context.textBaseline = "bottom";
  context.fillStyle = colours.ink;
  context.fillText(names[0], x, Math.max(AXIS + 16, y(inFile) - 3));
  context.fillStyle = colours.anomaly;
  context.fillText(names[1], x, Math.max(y(owed) - 4, y(inFile) + 16));
}

// Whether this purchase waited for a lock that it never got: it gave up, or the holder had died.
const waitedInVain = (i) =>
  Number.isNaN(history_.granted[i]) && ["lock_timeout", "holder_gone"].includes(faultKind(i));

// The wait for the lock, of one that got it or of one that gave up. `middle` is the middle of the row.
function drawWait(context, view, colours, i, middle) {
  const { call, granted: locked, read, end, tries } = history_;
  const held = !Number.isNaN(locked[i]);
  if (tries[i] > 1) return drawTries(context, view, colours, i, middle, held ? locked[i] : read[i]);
  if (!held && !waitedInVain(i)) return;
  const at = (time) => Math.max(view.left - 40, Math.min(view.right + 40, view.x(time)));
  const start = at(call[i]), until = at(held ? locked[i] : end[i]);
  const large = view.row > 10;
  context.strokeStyle = colours.wait;
  context.lineWidth = Math.max(1, Math.min(2, view.row / 8));
  context.setLineDash(large ? [3, 3] : []);
  line(context, start, middle, until, middle);
  context.setLineDash([]);
  if (large && until - start > 6) line(context, start, middle - 4, start, middle + 4);
}

// By how much a purchase's host's clock may be wrong: a thin line before its call and after its return.
function drawError(context, view, colours, i, middle, error) {
  const at = (time) => Math.max(view.left - 40, Math.min(view.right + 40, view.x(time)));
  context.strokeStyle = colours.muted;
  context.lineWidth = 1;
  for (const [from, until] of [[history_.call[i] - error, history_.call[i]], [history_.end[i], history_.end[i] + error]]) {
    line(context, at(from), middle, at(until), middle);
    const end = from < history_.call[i] ? at(from) : at(until);
    if (view.row > 10) line(context, end, middle - 3, end, middle + 3);
  }
}

// The tries before the last: nobody knows when each began, only that there were some.
function drawTries(context, view, colours, i, middle, until) {
  const at = (time) => Math.max(view.left - 40, Math.min(view.right + 40, view.x(time)));
  const x0 = at(history_.call[i]), x1 = at(Number.isNaN(until) ? history_.end[i] : until);
  context.strokeStyle = colours.outcome[FAILED];
  context.lineWidth = Math.max(1, Math.min(2.4, view.row / 8));
  context.setLineDash([1.5, 3]);
  line(context, x0, middle, x1, middle);
  context.setLineDash([]);
  if (view.row < 16) return;
  const text = `${grouped(history_.tries[i] - 1)} ↻`;
  context.font = `11px ${FONT}`;
  if (context.measureText(text).width + 8 > x1 - x0) return;
  context.fillStyle = colours.outcome[FAILED];
  context.textAlign = "center";
  context.textBaseline = "bottom";
  context.fillText(text, (x0 + x1) / 2, middle - 2);
}

// A transaction: a line above its purchase, from its beginning to its end, a square where it was committed, a cross
// where it was rolled back. Where an end is not known, the line has none.
function drawTransaction(context, view, colours, i, middle, half) {
  const transaction = transactionOf(i);
  if (!transaction) return;
  const at = (time) => Math.max(view.left - 40, Math.min(view.right + 40, view.x(time)));
  const { from, until, committed } = transaction;
  const x0 = at(Number.isNaN(from) ? history_.read[i] : from), x1 = at(Number.isNaN(until) ? history_.end[i] : until);
  if (x1 - x0 < 4) return;
  const y = middle - half - 3.5;
  context.strokeStyle = context.fillStyle = committed ? colours.ink : colours.outcome[FAILED];
  context.lineWidth = 1.6;
  if (Number.isNaN(from) || Number.isNaN(until)) context.setLineDash([3, 2]);
  line(context, x0, y, x1, y);
  context.setLineDash([]);
  if (!Number.isNaN(from)) line(context, x0, y - 2, x0, y + 4);
  if (Number.isNaN(until)) return;
  if (committed) return context.fillRect(x1 - 3, y - 3, 6, 6);
  line(context, x1 - 3, y - 3, x1 + 3, y + 3);
  line(context, x1 - 3, y + 3, x1 + 3, y - 3);
}

// One purchase from the lock on, with all its parts. `next` is where the next one on its lane starts.
// Returns where its bar ends.
function drawPurchase(context, view, colours, i, middle, next) {
  const { call, granted: locked, read, written, unlocked, kind: kinds, end } = history_;
  const row = view.row, large = row > 10;
  const kind = kinds[i], colour = colours.outcome[kind];
  const half = Math.max(2, Math.min(11, row * 0.32));
  const at = (time) => Math.max(view.left - 40, Math.min(view.right + 40, view.x(time)));
  const start = at(call[i]), stop = at(end[i]);
  if (waitedInVain(i)) return stop;
  const held = !Number.isNaN(locked[i]);
  // Holding the lock: a frame. Without one: only a soft ground. Nothing known inside: a full bar.
  const withSteps = held || !Number.isNaN(read[i]) || !Number.isNaN(written[i]);
  const from = held ? at(locked[i]) : history_.tries[i] > 1 && !Number.isNaN(read[i]) ? at(read[i]) : start;
  const letGo = page.transactions?.unlocks ?? true;
  const until = held && letGo && !Number.isNaN(unlocked[i]) ? at(unlocked[i]) : stop;
  const width = Math.max(until - from, large ? 3 : 1.5);
  const small = width < 14;
  context.fillStyle = withSteps && !small ? colours.soft[kind] : colour;
  context.globalAlpha = kind === BOUGHT || kind === AGAIN || (withSteps && !small) ? 1 : 0.35;
  box(context, from, middle - half, width, half * 2, large ? 3 : 0);
  context.fill();
  context.globalAlpha = 1;
  if (view.patterns[kind]) {
    context.fillStyle = view.patterns[kind];
    context.fill();
  }
  if ((held || !withSteps) && width > 4) {
    context.strokeStyle = colour;
    context.lineWidth = large ? 1.6 : 1;
    if (kind === UNKNOWN || (held && !letGo)) context.setLineDash([4, 3]);
    context.stroke();
    context.setLineDash([]);
  }
  const room = next - from;
  if (row >= 16) drawTransaction(context, view, colours, i, middle, half);
  if (large && withSteps && room > 12) drawSteps(context, view, colours, i, middle, half, at, small);
  return Math.max(from + width, stop);
}

// The read, the thinking and the write. In a bar that is too small for all, only the last of them.
function drawSteps(context, view, colours, i, middle, half, at, small) {
  const { read, written, kind, emptied } = history_;
  const colour = colours.outcome[kind[i]];
  const size = Math.min(5.5, half * 0.6) * (small ? 0.8 : 1);
  const wrote = !Number.isNaN(written[i]), looked = !Number.isNaN(read[i]);
  context.fillStyle = colour;
  if (looked && wrote) context.fillRect(at(read[i]), middle - 2, at(written[i]) - at(read[i]), 4);
  if (!Number.isNaN(emptied[i]) && wrote && !small) {
    context.fillStyle = view.empty;
    context.fillRect(at(emptied[i]), middle - half, Math.max(1, at(written[i]) - at(emptied[i])), half * 2);
  }
  if (looked && !(small && wrote)) {
    context.lineWidth = 1.8;
    context.strokeStyle = colour;
    context.fillStyle = colours.surface;
    context.beginPath();
    context.arc(at(read[i]), middle, size, 0, 7);
    context.fill();
    context.stroke();
  }
  if (wrote) {
    const x = at(written[i]);
    context.fillStyle = colour;
    context.beginPath();
    context.moveTo(x, middle - size - 1.5);
    context.lineTo(x + size + 1, middle);
    context.lineTo(x, middle + size + 1.5);
    context.lineTo(x - size - 1, middle);
    context.fill();
  }
}

// What befell the buyer of a lane, by its letter: killed, paused and going on, its lease expired.
function drawMishaps(context, view, colours, lane, middle) {
  const size = Math.max(9, Math.min(14, view.row * 0.5));
  context.font = `700 ${size}px ${FONT}`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  const mark = (letter, time) => {
    const x = view.x(time);
    if (x < view.left - 10 || x > view.right + 10) return;
    context.fillStyle = colours.surface;
    context.beginPath();
    context.arc(x, middle, size * 0.75, 0, 7);
    context.fill();
    context.fillStyle = colours.anomaly;
    context.fillText(letter, x, middle + 0.5);
  };
  for (const [of, letter, from, until] of page.mishaps) {
    if (of !== lane) continue;
    mark(letter, from);
    if (until !== null) mark("G", until);
  }
}

function line(context, x0, y0, x1, y1) {
  context.beginPath();
  context.moveTo(x0, y0);
  context.lineTo(x1, y1);
  context.stroke();
}

function box(context, x, y, width, height, radius) {
  context.beginPath();
  if (radius && width > 4) context.roundRect(x, y, width, height, radius);
  else context.rect(x, y, width, height);
}

// What a purchase came to, in as few words as there is room for.
function endLabels(i) {
  const { kind, sold, fault } = history_;
  const sign = SIGNS[kind[i]];
  const signedWords = (...words) => [...words.map((text) => `${sign} ${text}`), sign];
  const why_ = fault[i] < 0 ? "" : why(i);
  switch (kind[i]) {
    case AGAIN: return sold[i] > 0
      ? signedWords(t("again_ticket", { ticket: grouped(sold[i]) }), t("again_short", { ticket: grouped(sold[i]) }))
      : Number.isNaN(sold[i]) ? signedWords(t("nothing_left"), t("nothing_left_short"))
      : signedWords(t("bought_from", { stock: signed(sold[i]) }), t("from_stock", { stock: signed(sold[i]) }));
    case BOUGHT: return Number.isNaN(sold[i]) ? signedWords(t("outcome_bought"))
      : signedWords(t("bought_ticket", { ticket: grouped(sold[i]) }), grouped(sold[i]));
    case REFUSED: return signedWords(t("refused_sold_out"), t("outcome_refused"));
    case RETURNED: return signedWords(t("gave_back"));
    case READ: return signedWords(t("saw", { stock: signed(history_.seen[i]) }));
    case FAILED: return signedWords(why_ || t("outcome_failed"), t("outcome_failed"));
    default: return signedWords(why_ ? t("no_answer_why", { why: why_ }) : t("outcome_unknown"), t("outcome_unknown"));
  }
}

const faultKind = (i) => (history_.fault[i] < 0 ? "" : page.faults[history_.fault[i]]);
const faultName = (i) => (history_.fault[i] < 0 ? "" : t(`fault_${faultKind(i)}`));

// What a database answered to a purchase: of the fault that ended it, or of a try that it aborted.
const codeOf = (number) => page.codes[number] ?? null;

function drawEndLabel(context, colours, i, x, middle, until) {
  const room = until - x - 10;
  context.font = `12.5px ${FONT}`;
  for (const text of endLabels(i)) {
    const width = context.measureText(text).width;
    if (width > room) continue;
    // A ground of its own: grid lines and arrows pass behind it.
    context.fillStyle = colours.surface;
    context.globalAlpha = 0.8;
    context.fillRect(x + 7, middle - 8, width + 4, 16);
    context.globalAlpha = 1;
    context.fillStyle = colours.outcome[history_.kind[i]];
    context.textAlign = "left";
    context.textBaseline = "middle";
    context.fillText(text, x + 9, middle + 0.5);
    return;
  }
}

// A lane with more purchases than can be told apart: each column of pixels is what is in it.
class DenseLanes {
  constructor() {
    this.canvas = document.createElement("canvas");
    this.context = this.canvas.getContext("2d", { willReadFrequently: true });
  }

  start(width, colours) {
    this.width = Math.max(1, Math.ceil(width));
    this.canvas.width = this.width;
    this.canvas.height = 4;
    this.image = this.context.createImageData(this.width, 4);
    this.pixels = new Uint32Array(this.image.data.buffer);
    this.rank = new Uint8Array(this.width);
    // Which part of a column's time was spent on it.
    this.share = new Float32Array(this.width);
    this.colours = [colours.wait, ...colours.outcome].map(packed);
  }

  draw(target, view, lo, hi, top, height) {
    const { members } = history_.lanes;
    const { call, granted: locked, end, kind } = history_;
    const { rank, share, width, pixels, colours } = this;
    // What covers what: waiting, bought, refused, no answer, failed, sold already.
    const ranks = [2, 3, 5, 4, 2, 2, 6];
    rank.fill(0);
    share.fill(0);
    const scale = width / (view.until - view.from);
    for (let k = lo; k < hi; k++) {
      const i = members[k];
      const held = Number.isNaN(locked[i]) ? call[i] : locked[i];
      const wait = (call[i] - view.from) * scale, from = (held - view.from) * scale;
      const until = (end[i] - view.from) * scale;
      const a = Math.max(0, Math.floor(wait)), b = Math.max(0, Math.floor(from));
      const c = Math.min(width - 1, Math.floor(until));
      for (let x = a; x < b && x < width; x++) if (rank[x] < 1) rank[x] = 1;
      const mine = ranks[kind[i]];
      for (let x = b; x <= c; x++) {
        if (rank[x] < mine) rank[x] = mine;
        share[x] += Math.min(until, x + 1) - Math.max(from, x);
      }
    }
    const [wait, bought, refused, failed, unknown] = colours, again = colours[1 + AGAIN];
    for (let x = 0; x < width; x++) {
      const of = rank[x];
      // What went well may fade; the rest is always to be seen.
      const alpha = Math.round(255 * Math.min(1, of === 6 ? 1 : of === 2 ? 0.25 + 0.75 * share[x] : 0.85));
      const tint = (colour) => ((colour & 0xffffff) | (alpha << 24)) >>> 0;
      const upper = of === 6 ? tint(again) : of === 2 ? tint(bought) : of === 5 ? tint(failed) : of === 4 ? tint(unknown) : 0;
      const lower = of === 6 ? tint(again) : of === 2 ? tint(bought) : of === 3 ? tint(refused) : of === 4 ? tint(unknown) : 0;
      pixels[x] = upper;
      pixels[x + width] = of === 1 ? wait : upper;
      pixels[x + 2 * width] = lower;
      pixels[x + 3 * width] = lower;
    }
    this.context.putImageData(this.image, 0, 0);
    target.imageSmoothingEnabled = false;
    target.drawImage(this.canvas, 0, 0, width, 4, view.left, top, width, height);
  }
}

// A colour as a pixel of image data (little-endian, as every browser's machine is).
function packed(colour) {
  const context = document.createElement("canvas").getContext("2d");
  context.fillStyle = colour;
  context.fillRect(0, 0, 1, 1);
  return new Uint32Array(context.getImageData(0, 0, 1, 1).data.buffer)[0];
}
