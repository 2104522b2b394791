// Anomalies in the picture: an arrow between the purchases that made it, its number, and the span of
// time in which it went wrong.

// What the chosen piece is not about steps back, and the span in which it went wrong stands out.
function drawWindow(context, view, colours, state) {
  const piece = page.pieces[state.piece];
  if (!piece || piece.purchases.length === 0) return;
  const about = new Set(piece.purchases.map((i) => history_.lane[i]));
  const [first, last] = visibleRows();
  context.fillStyle = colours.surface;
  context.globalAlpha = 0.62;
  for (let row = first; row < last; row++) {
    const lane = state.laneOf[row];
    if (lane >= 0 && !about.has(lane)) context.fillRect(0, view.middle(lane) - view.row / 2, view.width, view.row);
  }
  context.globalAlpha = 1;
  if (!piece.window) return;
  const middles = [...about].map((lane) => view.middle(lane));
  const top = Math.min(...middles) - view.row / 2, height = Math.max(...middles) + view.row / 2 - top;
  const x0 = Math.max(view.left, view.x(piece.window[0])), x1 = Math.min(view.right, view.x(piece.window[1]));
  if (x1 < x0) return;
  context.fillStyle = colours.anomaly;
  context.globalAlpha = 0.14;
  context.fillRect(x0, top, Math.max(1, x1 - x0), height);
  context.globalAlpha = 0.8;
  context.strokeStyle = colours.anomaly;
  context.lineWidth = 1;
  context.setLineDash([2, 3]);
  line(context, x0, top, x0, top + height);
  line(context, x1, top, x1, top + height);
  context.setLineDash([]);
  context.globalAlpha = 1;
}

// Draws the arrows. Those that lie on each other are drawn once, with their count. Returns how many there are in
// sight, and how many of them are drawn.
function drawConnectors(context, view, colours, state) {
  const cells = new Map();
  page.pieces.forEach((piece, number) => {
    if (number === state.piece) return;
    const curve = curveOf(view, piece);
    if (!curve) return;
    const [x, y] = onCurve(curve, 0.5);
    const key = `${Math.round(x / 26)} ${Math.round(y / Math.max(view.row, 12))}`;
    const cell = cells.get(key);
    if (cell) cell.count++; else cells.set(key, { curve, number, count: 1 });
  });
  // Where numbers would cover each other, only the first is shown.
  const taken = [];
  let arrows = 0;
  for (const { curve, number, count } of cells.values()) {
    arrows += count;
    drawConnector(context, view, colours, state, curve, number, taken, count, cells.size);
  }
  const chosen = page.pieces[state.piece];
  if (chosen) {
    ringPurchases(context, view, colours, chosen);
    const curve = curveOf(view, chosen);
    if (curve) drawConnector(context, view, colours, state, curve, state.piece, [], 1, 1);
  }
  return { arrows, numbers: cells.size };
}

function ringPurchases(context, view, colours, piece) {
  context.strokeStyle = colours.anomaly;
  context.lineWidth = 2;
  for (const i of piece.purchases) {
    const middle = view.middle(history_.lane[i]);
    const { locked, call, end } = history_;
    const from = Math.max(view.left - 6, view.x(Number.isNaN(locked[i]) ? call[i] : locked[i]) - 8);
    const until = Math.min(view.right + 6, view.x(end[i]) + 8);
    if (until < from) continue;
    const half = Math.min(15, view.row / 2 - 1);
    box(context, from, middle - half, until - from, half * 2, 6);
    context.stroke();
  }
}

// The curve of a piece's arrow: four points of a cubic Bézier curve; null if it can't be seen.
function curveOf(view, piece) {
  if (!piece.connector) return null;
  const [from, fromTime, to, toTime] = piece.connector;
  const x0 = view.x(fromTime), x1 = view.x(toTime);
  const y0 = view.middle(history_.lane[from]), y1 = view.middle(history_.lane[to]);
  if (Math.max(x0, x1) < view.left - 20 || Math.min(x0, x1) > view.right + 20) return null;
  if (Math.max(y0, y1) < lanesTop() || Math.min(y0, y1) > view.height) return null;
  const clear = Math.min(9, view.row * 0.28);
  if (y0 === y1) {
    // On one lane: an arc above it.
    const top = y0 - clear, rise = top - view.row * 0.5;
    return { down: 1, points: [[x0, top], [x0, rise], [x1, rise], [x1, top - 5]] };
  }
  const down = Math.sign(y1 - y0);
  const start = y0 + down * clear, end = y1 - down * clear;
  const bend = Math.max(Math.abs(end - start) * 0.6, 8) * down;
  return { down, points: [[x0, start], [x0, start + bend], [x1, end - bend], [x1, end - down * 5]] };
}

function onCurve({ points: [a, b, c, d] }, share) {
  const rest = 1 - share;
  const mix = (k) => rest ** 3 * a[k] + 3 * rest * rest * share * b[k] + 3 * rest * share * share * c[k] + share ** 3 * d[k];
  return [mix(0), mix(1)];
}

function drawConnector(context, view, colours, state, curve, number, taken, count, drawn) {
  const chosen = number === state.piece;
  const { down, points: [a, b, c, d] } = curve;
  // Many at once are drawn faintly, so that the lanes stay readable beneath them.
  context.globalAlpha = chosen ? 1 : state.piece >= 0 ? 0.25 : drawn > 16 ? 0.6 : 1;
  context.strokeStyle = context.fillStyle = colours.anomaly;
  context.lineWidth = chosen ? 2.8 : 1.8;
  context.beginPath();
  context.moveTo(...a);
  context.bezierCurveTo(...b, ...c, ...d);
  context.stroke();
  context.beginPath();
  context.moveTo(d[0], d[1] + down * 6);
  context.lineTo(d[0] - 5, d[1] - down * 3);
  context.lineTo(d[0] + 5, d[1] - down * 3);
  context.fill();
  if (view.row >= 16 || chosen) {
    const free = [0.5, 0.72, 0.28].map((share) => onCurve(curve, share))
      .find(([x, y]) => taken.every(([tx, ty]) => Math.abs(tx - x) > 16 || Math.abs(ty - y) > 15));
    if (free) {
      taken.push(free);
      drawNumber(context, colours, ...free, count > 1 ? `${number + 1} +${count - 1}` : String(number + 1));
    }
  }
  context.globalAlpha = 1;
}

function drawNumber(context, colours, x, y, text) {
  context.font = `600 10.5px ${FONT}`;
  const half = Math.max(7.5, context.measureText(text).width / 2 + 4);
  context.beginPath();
  context.roundRect(x - half, y - 7.5, half * 2, 15, 7.5);
  context.fillStyle = colours.anomaly;
  context.fill();
  context.fillStyle = colours.surface;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillText(text, x, y + 0.5);
}

// The piece whose arrow passes close to a point; -1 for none. At its ends it is the purchases that
// are meant.
function pieceAt(view, x, y) {
  let nearest = -1, distance = 8;
  page.pieces.forEach((piece, number) => {
    const curve = curveOf(view, piece);
    for (let share = 0.2; curve && share <= 0.8; share += 0.03) {
      const [cx, cy] = onCurve(curve, share);
      const away = Math.hypot(cx - x, cy - y);
      if (away < distance) [nearest, distance] = [number, away];
    }
  });
  return nearest;
}
