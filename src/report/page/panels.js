// Everything around the picture, and its events: tooltip, keyboard, list of anomalies, search,
// latencies, the command.

// ---- tooltip: text nodes only, strings of a history are not to be trusted

function pairs(i) {
  const h = history_;
  const since = (name, from, until) => {
    const length = until - from;
    return Number.isNaN(length) ? null : [name, exact(length)];
  };
  const at = (name, time) => (Number.isNaN(time) ? null : [name, `at ${exact(time)}`]);
  const transaction = transactionOf(i);
  return [
    h.kind[i] === AGAIN ? ["ticket", h.sold[i] > 0 ? "sold already" : "none was left"] : null,
    Number.isNaN(h.pid[i]) ? null : ["process", String(h.pid[i])],
    Number.isNaN(h.seen[i]) ? null : ["stock read", grouped(h.seen[i])],
    Number.isNaN(h.sold[i]) || h.sold[i] === h.seen[i] ? null : ["sold from", grouped(h.sold[i])],
    h.fault[i] < 0 ? null : ["why", why(i)],
    h.tries[i] === 1 ? null : ["tries", triesText(i)],
    h.torn.has(i) ? ["met", h.torn.get(i)] : null,
    at("called", h.call[i]), at("locked", h.locked[i]), at(page.transactions?.row_lock ? "read, row locked" : "read", h.read[i]), at("emptied", h.emptied[i]),
    at("written", h.written[i]),
    at(page.transactions?.commits ? "committed" : "unlocked", h.unlocked[i]), at("returned", h.returned[i]),
    since("waited", h.call[i], h.locked[i]),
    page.transactions?.unlocks ?? true ? since("held", h.granted[i], h.unlocked[i]) : null,
    transaction ? since("in a transaction", transaction.from, transaction.until) : null,
    since("read → written", h.read[i], h.written[i]),
    since("took", h.call[i], h.returned[i]),
    h.quantity[i] === 1 ? null : ["tickets", grouped(h.quantity[i])],
    Number.isNaN(h.file[i]) ? null : ["file", page.files[h.file[i]]],
    Number.isNaN(h.line[i]) ? null : ["line", grouped(h.line[i])],
  ].filter(Boolean);
}

function showTip(title, rows, x, y, kind = -1) {
  tip.replaceChildren();
  const head = document.createElement("strong");
  head.textContent = title;
  if (kind >= 0) head.className = kind === AGAIN ? "oversold" : page.outcomes[kind];
  tip.append(head);
  if (rows.length > 0) {
    const list = document.createElement("dl");
    for (const [name, value] of rows) {
      const term = document.createElement("dt"), said = document.createElement("dd");
      term.textContent = name;
      said.textContent = value;
      list.append(term, said);
    }
    tip.append(list);
  }
  tip.hidden = false;
  const frame = canvas.parentElement.getBoundingClientRect();
  const { width, height } = tip.getBoundingClientRect();
  const left = x + 18 + width > frame.width ? x - width - 14 : x + 18;
  const top = Math.min(y + 14, window.innerHeight - frame.top - height - 8);
  tip.style.left = `${Math.max(4, left)}px`;
  tip.style.top = `${Math.max(-frame.top + 4, top)}px`;
}

// The number that comes with a fault is the system's error, or the process that died with the lock.
function why(i) {
  const number = history_.errno[i];
  if (number === 0) return faultName(i);
  if (codeOf(number)) return `${faultName(i)} by the database (${codeOf(number)})`;
  return `${faultName(i)} (${faultName(i) === "holder gone" ? "process" : "errno"} ${number})`;
}

function triesText(i) {
  const { tries, aborted, code, errno } = history_;
  const said = codeOf(code[i]) ?? codeOf(errno[i]);
  const text = aborted[i] === 0 ? "" : `, ${grouped(aborted[i])} aborted${said ? ` (${said})` : ""}`;
  return `${grouped(tries[i])}${text}`;
}

const purchaseTitle = (i) => `${SIGNS[history_.kind[i]]} ${laneName(history_.lane[i])}: ${
  page.outcomes[history_.outcome[i]]}${history_.kind[i] === AGAIN ? ", sold already" : ""}`;

function tipAt(x, y) {
  const piece = pieceAt(view, x, y);
  const purchase = piece < 0 ? purchaseAt(x, y) : -1;
  state.hover = purchase >= 0 ? { purchase } : null;
  canvas.style.cursor = piece >= 0 || purchase >= 0 ? "pointer" : "grab";
  if (piece >= 0) {
    showTip(`${piece + 1}. ${page.pieces[piece].kind.replace("_", " ")}`, [["", page.pieces[piece].sentence]], x, y);
  } else if (purchase >= 0) {
    showTip(purchaseTitle(purchase), pairs(purchase), x, y, history_.kind[purchase]);
  } else if (y > AXIS && y < lanesTop() && x > view.left) {
    const time = view.time(x);
    const inFile = valueAt(stock.inFile, time), owed = valueAt(stock.owed, time);
    const rows = [["at", exact(Math.round(time))]];
    if (inFile !== null) rows.push([stock.byReceipts ? "tickets minus receipts" : "stock in the file", grouped(inFile)]);
    if (stock.parted && owed !== null) rows.push(["tickets minus receipts", grouped(owed)]);
    showTip("stock", rows, x, y);
  } else {
    tip.hidden = true;
  }
  redraw();
}

// ---- the list of anomalies

const pieceButtons = [...document.querySelectorAll("[data-piece]")];

function choosePiece(number, focus = false) {
  state.piece = number;
  state.cursor = -1;
  tip.hidden = true;
  for (const button of pieceButtons) {
    const chosen = Number(button.dataset.piece) === number;
    button.setAttribute("aria-pressed", String(chosen));
    if (chosen) {
      button.scrollIntoView({ block: "nearest" });
      if (focus) button.focus();
    }
  }
  const piece = page.pieces[number];
  if (piece) {
    showPurchases(piece.purchases, piece.window);
    live.textContent = piece.sentence;
  } else if (state.pinned.length > 0) {
    state.pinned = [];
    order();
  }
  redraw();
}

for (const button of pieceButtons) {
  button.addEventListener("click", () => {
    const number = Number(button.dataset.piece);
    choosePiece(state.piece === number ? -1 : number);
    if (state.piece < 0) fit();
  });
}

// ---- search

const search = document.getElementById("search");
const found = document.getElementById("found");

function findBuyer(text) {
  const wanted = text.trim().replace(/^(buyer\s+|#)/i, "");
  state.lane = -1;
  found.textContent = "";
  if (wanted !== "") {
    let lane = page.lane_buyers.indexOf(wanted);
    if (lane < 0) {
      const ofProcess = history_.pid.findIndex((pid) => String(pid) === wanted);
      if (ofProcess >= 0) lane = history_.lane[ofProcess];
    }
    if (lane < 0) {
      found.textContent = `no buyer ${wanted}, and no such process`;
    } else {
      state.lane = lane;
      showLanes([lane]);
      const { first } = history_.lanes;
      const count = first[lane + 1] - first[lane];
      found.textContent = `${laneName(lane)}: ${grouped(count)} ${count === 1 ? "purchase" : "purchases"}`;
    }
  }
  redraw();
}

search.addEventListener("input", () => findBuyer(search.value));
search.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && state.lane >= 0) {
    const { first, members } = history_.lanes;
    showPurchases([...members.slice(first[state.lane], first[state.lane + 1])]);
  } else if (event.key === "Escape") {
    search.value = "";
    findBuyer("");
    canvas.focus();
  }
});

// ---- pointer

let drag = null;
let pinch = null;
const pointers = new Map();

const place = (event) => {
  const frame = canvas.getBoundingClientRect();
  return [event.clientX - frame.left, event.clientY - frame.top];
};

canvas.addEventListener("pointerdown", (event) => {
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
  if (event.type === "pointerup" && drag && !drag.moved) click(...place(event));
  drag = null;
  canvas.style.cursor = "grab";
};
canvas.addEventListener("pointerup", release);
canvas.addEventListener("pointercancel", release);
canvas.addEventListener("pointerleave", () => {
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
  } else if (y > lanesTop() && history_.lanes.count * state.row > view.lanesHeight + 1) {
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
  choosePiece(-1);
  fit();
}

function toggleOrder() {
  state.byNumber = !state.byNumber;
  document.getElementById("order").setAttribute("aria-pressed", String(state.byNumber));
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
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target === search) return;
  const inPicture = event.target === canvas || event.target === document.body;
  const everywhere = ["n", "p", "/", "Escape", "o"].includes(event.key);
  const action = actions[event.key];
  if (!action || !(inPicture || everywhere)) return;
  // The page itself scrolls with these, unless the picture has the focus.
  if (event.target === document.body && /^(Arrow|Page|Home)/.test(event.key)) return;
  event.preventDefault();
  action();
});

for (const [id, action] of [
  ["zoom-in", () => zoom(0.5)], ["zoom-out", () => zoom(2)], ["fit", clear], ["order", toggleOrder],
]) document.getElementById(id).addEventListener("click", action);

// ---- latencies: how many purchases took how long, on a logarithmic scale

function durations(name) {
  const { call, locked, unlocked, returned } = history_;
  const values = [];
  for (let i = 0; i < history_.count; i++) {
    const value = name === "hold" ? unlocked[i] - locked[i]
      : name === "wait" ? (waitedInVain(i) ? returned[i] : locked[i]) - call[i] : returned[i] - call[i];
    if (value >= 0) values.push(value);
  }
  return values;
}

// One range for all, so that they can be compared.
const charts = [...document.querySelectorAll("[data-latency]")]
  .map((element) => ({ element, values: durations(element.dataset.latency) }));
const longest = charts.reduce((most, { values }) => values.reduce((a, b) => Math.max(a, b), most), 1);
const shortest = charts.reduce((least, { values }) => values.reduce((a, b) => (b > 0 ? Math.min(a, b) : a), least), longest);

function drawLatency({ element: svg, values }) {
  const bins = 48, width = 320, height = 52;
  const low = Math.log10(Math.max(shortest, 1)) - 0.02, high = Math.max(Math.log10(longest), low + 0.5) + 0.02;
  const counts = new Array(bins).fill(0);
  for (const value of values) {
    const share = (Math.log10(Math.max(value, shortest)) - low) / (high - low);
    counts[Math.max(0, Math.min(bins - 1, Math.floor(share * bins)))]++;
  }
  const most = Math.max(...counts, 1);
  const add = (name, attributes, text = "") => {
    const node = document.createElementNS(svg.namespaceURI, name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    node.textContent = text;
    svg.append(node);
    return node;
  };
  svg.setAttribute("viewBox", `0 0 ${width} ${height + 16}`);
  svg.setAttribute("aria-label", `distribution of ${grouped(values.length)} durations from ${rough(10 ** low)} to ${rough(10 ** high)}`);
  counts.forEach((count, bin) => {
    if (count === 0) return;
    const tall = Math.max(1.5, (count / most) * height);
    const bar = add("rect", { x: (bin * width) / bins + 0.5, y: height - tall, width: width / bins - 1, height: tall });
    const title = document.createElementNS(svg.namespaceURI, "title");
    const edge = (k) => rough(10 ** (low + ((high - low) * k) / bins));
    title.textContent = `${grouped(count)} between ${edge(bin)} and ${edge(bin + 1)}`;
    bar.append(title);
  });
  add("line", { x1: 0, x2: width, y1: height + 0.5, y2: height + 0.5 });
  for (let power = Math.ceil(low); power <= high; power++) {
    const x = ((power - low) / (high - low)) * width;
    add("line", { x1: x, x2: x, y1: height, y2: height + 3 });
    const anchor = x < 12 ? "start" : x > width - 16 ? "end" : "middle";
    add("text", { x, y: height + 14, "text-anchor": anchor }, rough(10 ** power));
  }
}
charts.forEach(drawLatency);

// ---- the command

document.getElementById("copy")?.addEventListener("click", async (event) => {
  const button = event.currentTarget;
  const command = document.getElementById("command");
  try {
    await navigator.clipboard.writeText(command.textContent);
    button.textContent = "Copied";
  } catch {
    // A page from a file may not be allowed to: select it, so that one key copies it.
    getSelection().selectAllChildren(command);
    button.textContent = "Selected";
  }
  setTimeout(() => (button.textContent = "Copy"), 1500);
});

// ---- start

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  colours = readColours();
  state.patterns = null;
  redraw();
});
new ResizeObserver(redraw).observe(canvas);
fit();
render();
document.documentElement.dataset.openedMs = performance.now().toFixed(0);

// For the console, and for the page's own test.
window.ticketsim = {
  history: history_, state, stock: stockOverTime(history_), labels: endLabels, transaction: transactionOf,
  place: (i) => ({ x: (view.x(history_.call[i]) + view.x(history_.end[i])) / 2, y: view.middle(history_.lane[i]) }),
  drawMs: () => { const began = performance.now(); render(); context.getImageData(0, 0, 1, 1); return performance.now() - began; },
};
