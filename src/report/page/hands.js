// What hands do to the picture: mouse, fingers, keys; and how a run starts.

// ---- pointer

let drag = null;
let pinch = null;
const pointers = new Map();

const place = (event) => {
  const frame = canvas.getBoundingClientRect();
  return [(event.clientX - frame.left) / shared.type, (event.clientY - frame.top) / shared.type];
};

canvas.addEventListener("focus", () => (shared.active = shared.runs.indexOf(own)));
canvas.addEventListener("pointerdown", (event) => {
  shared.active = shared.runs.indexOf(own);
  pointers.set(event.pointerId, place(event));
  canvas.setPointerCapture(event.pointerId);
  drag = { at: place(event), moved: false };
});
canvas.addEventListener("pointermove", (event) => {
  const [x, y] = place(event);
  if (pointers.size === 2 && pointers.has(event.pointerId)) {
    const gap = () => Math.abs([...pointers.values()].reduce((sum, [px], k) => (k ? sum - px : px), 0)) || 1;
    const before = gap();
    pointers.set(event.pointerId, [x, y]);
    zoom(before / gap(), [...pointers.values()].reduce((sum, [px]) => sum + px / 2, 0));
    drag = null;
    return;
  }
  if (!drag) return tipAt(x, y);
  pointers.set(event.pointerId, [x, y]);
  const dx = drag.at[0] - x, dy = drag.at[1] - y;
  if (drag.moved || Math.hypot(dx, dy) > 3) {
    drag = { at: [x, y], moved: true };
    tip.hidden = true;
    canvas.style.cursor = "grabbing";
    pan(dx, dy);
  }
});
const release = (event) => {
  pointers.delete(event.pointerId);
  if (event.type === "pointerup" && drag && !drag.moved) {
    click(...place(event));
    // A finger does not hover: its tap shows what a mouse would see.
    if (event.pointerType === "touch") tipAt(...place(event));
  }
  drag = null;
  canvas.style.cursor = "grab";
};
canvas.addEventListener("pointerup", release);
canvas.addEventListener("pointercancel", release);
canvas.addEventListener("pointerleave", (event) => {
  // A finger leaves when it lets go: what it has tapped stays shown.
  if (event.pointerType === "touch") return;
  tip.hidden = true;
  state.hover = null;
  redraw();
});

function click(x, y) {
  const piece = pieceAt(view, x, y);
  if (piece >= 0) return choosePiece(piece);
  state.cursor = purchaseAt(x, y);
  const lane = laneAt(x, y);
  if (lane >= 0) {
    search.value = page.lane_buyers[lane];
    findBuyer(search.value);
  }
  redraw();
}

canvas.addEventListener("dblclick", (event) => {
  const [x, y] = place(event);
  const i = purchaseAt(x, y);
  if (i >= 0) showPurchases([i]); else zoom(0.4, x);
});
canvas.addEventListener("wheel", (event) => {
  const [x, y] = place(event);
  const lines = event.deltaMode === 1 ? 16 : 1;
  if (event.ctrlKey || event.metaKey) {
    event.preventDefault();
    zoom(Math.exp(event.deltaY * lines * 0.004), x);
  } else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
    event.preventDefault();
    pan((event.deltaX || event.deltaY) * lines);
  } else if (y > lanesTop() && state.laneOf.length * state.row > view.lanesHeight + 1) {
    event.preventDefault();
    pan(0, event.deltaY * lines);
  }
}, { passive: false });

// ---- keyboard

// The purchase before or after the cursor, in the order of calls: only those in sight to begin with.
function step(by) {
  if (history_.count === 0) return;
  let i = state.cursor + by;
  if (state.cursor < 0) i = Math.max(0, history_.call.findIndex((call) => call >= view.from));
  state.cursor = Math.max(0, Math.min(history_.count - 1, i));
  const lane = history_.lane[state.cursor], time = history_.call[state.cursor];
  const middle = view.middle(lane);
  if (middle < lanesTop() || middle > view.height - 10) state.scroll += middle - lanesTop() - view.lanesHeight / 2;
  if (history_.end[state.cursor] < view.from || time > view.until) pan(view.x(time) - (view.left + view.right) / 2);
  layOut();
  const x = Math.max(view.left, Math.min(view.right, view.x(history_.end[state.cursor])));
  showTip(purchaseTitle(state.cursor), pairs(state.cursor), x, view.middle(lane) + 6, history_.kind[state.cursor]);
  live.textContent = `${purchaseTitle(state.cursor)}. ${pairs(state.cursor).map((pair) => pair.join(" ")).join(", ")}`;
  redraw();
}

function stepPiece(by) {
  const count = page.pieces.length;
  if (count > 0) choosePiece(state.piece < 0 && by < 0 ? count - 1 : (state.piece + by + count) % count);
}

function clear() {
  state.cursor = -1;
  state.lane = -1;
  search.value = "";
  found.textContent = "";
  if (shared.playing) shared.setPlaying(false);
  shared.setTime(NaN, false);
  choosePiece(-1);
  fit();
}

function toggleOrder() {
  state.byNumber = !state.byNumber;
  byId("order").setAttribute("aria-pressed", String(state.byNumber));
  order();
  redraw();
}

const actions = {
  "+": () => zoom(0.6), "=": () => zoom(0.6), "-": () => zoom(1 / 0.6), "0": fit, Home: fit,
  ArrowLeft: () => pan(-80), ArrowRight: () => pan(80),
  ArrowUp: () => pan(0, -3 * state.row), ArrowDown: () => pan(0, 3 * state.row),
  PageUp: () => pan(0, -view.lanesHeight), PageDown: () => pan(0, view.lanesHeight),
  "]": () => setRow(state.row * 1.5), "[": () => setRow(state.row / 1.5),
  ".": () => step(1), ",": () => step(-1),
  n: () => stepPiece(1), p: () => stepPiece(-1),
  o: toggleOrder, Escape: clear, "/": () => search.focus(),
  " ": () => shared.setPlaying(!shared.playing), k: () => shared.setPlaying(!shared.playing),
  j: () => shared.stepEvent(-1), l: () => shared.stepEvent(1), b: () => shared.biggerType(),
  "<": () => shared.changeSpeed(-1), ">": () => shared.changeSpeed(1),
};

document.addEventListener("keydown", (event) => {
  if (shared.runs[shared.active] !== own) return;
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, select")) return;
  const inPicture = event.target === canvas || event.target === document.body;
  const everywhere = ["n", "p", "/", "Escape", "o", "j", "l", "k", "b", "<", ">"].includes(event.key);
  const action = actions[event.key];
  if (!action || !(inPicture || everywhere)) return;
  // The page itself scrolls with these, unless the picture has the focus.
  if (event.target === document.body && /^(Arrow|Page|Home)/.test(event.key)) return;
  event.preventDefault();
  action();
});

for (const [id, action] of [
  ["zoom-in", () => zoom(0.5)], ["zoom-out", () => zoom(2)], ["fit", clear], ["order", toggleOrder], ["png", keepPicture],
]) byId(id).addEventListener("click", action);

// ---- the picture as a file

function keepPicture() {
  const whole = document.createElement("canvas");
  const ratio = canvas.width / canvas.clientWidth, head = Math.round(52 * ratio);
  whole.width = canvas.width;
  whole.height = canvas.height + head;
  const brush = whole.getContext("2d");
  brush.fillStyle = colours.surface;
  brush.fillRect(0, 0, whole.width, whole.height);
  brush.fillStyle = colours.ink;
  brush.font = `700 ${16 * ratio}px ${FONT}`;
  brush.fillText(titles[shared.language].split(" | ")[shared.runs.indexOf(own)] ?? "", 10 * ratio, 22 * ratio);
  brush.font = `${13 * ratio}px ${FONT}`;
  brush.fillText(t("in_view", { time: rough(view.until - view.from) }), 10 * ratio, 42 * ratio);
  brush.drawImage(canvas, 0, head);
  const link = document.createElement("a");
  link.download = `ticketsim${suffix}.png`;
  link.href = whole.toDataURL("image/png");
  link.click();
  return link.href;
}

// ---- start

function recolour(now = false) {
  colours = readColours();
  state.patterns = null;
  if (now) render(); else redraw();
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => recolour());
new ResizeObserver(redrawOwn).observe(canvas);

function speakOwn() {
  canvas.ariaLabel = t("timeline_label", { title: titles[shared.language].split(" | ")[shared.runs.indexOf(own)] ?? "" });
  canvas.ariaRoleDescription = t("timeline_role");
  charts.forEach(drawLatency);
}

const own = {
  redraw: redrawOwn, render, fit, recolour, nextEvent, choosePiece, speak: speakOwn,
  piece: () => state.piece,
  // For the console, and for the page's own test.
  shown: {
    history: history_, state, stock: stockOverTime(history_), labels: endLabels, transaction: transactionOf,
    moment: momentText, picture: keepPicture,
    place: (i) => ({
      x: ((view.x(history_.call[i]) + view.x(history_.end[i])) / 2) * shared.type,
      y: view.middle(history_.lane[i]) * shared.type,
    }),
    drawMs: () => {
      const began = performance.now();
      render();
      context.getImageData(0, 0, 1, 1);
      return performance.now() - began;
    },
  },
};
shared.runs.push(own);
