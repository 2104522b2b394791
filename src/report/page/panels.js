// What stands around the picture: tooltip, list of anomalies, search, latencies, the command.

// ---- tooltip: text nodes only, strings of a history are not to be trusted

function pairs(i) {
  const h = history_;
  const since = (name, from, until) => {
    const length = until - from;
    return Number.isNaN(length) ? null : [t(name), exact(length)];
  };
  const at = (name, time) => (Number.isNaN(time) ? null : [t(name), t("at_time", { time: exact(time) })]);
  const transaction = transactionOf(i);
  const { row_lock, commits, unlocks } = page.transactions ?? { unlocks: true };
  return [
    h.kind[i] === AGAIN ? [t("tip_ticket"), t(h.sold[i] > 0 ? "sold_already" : "none_was_left")] : null,
    hostOf(h.lane[i]) ? [t("tip_host"), hostOf(h.lane[i]).name] : null,
    Number.isNaN(h.pid[i]) ? null : [t("col_process"), String(h.pid[i])],
    Number.isNaN(h.seen[i]) ? null : [t("col_stock"), signed(h.seen[i])],
    Number.isNaN(h.sold[i]) || h.sold[i] === h.seen[i] ? null : [t("tip_sold_from"), signed(h.sold[i])],
    h.fault[i] < 0 ? null : [t("col_why"), why(i)],
    h.tries[i] === 1 ? null : [t("tip_tries"), triesText(i)],
    h.torn.has(i) ? [t("tip_met"), h.torn.get(i)[shared.language]] : null,
    at("tip_called", h.call[i]), at("tip_locked", h.locked[i]), at(row_lock ? "tip_read_locked" : "tip_read", h.read[i]),
    at("tip_emptied", h.emptied[i]), at("tip_written", h.written[i]),
    at(commits ? "tip_committed" : "tip_unlocked", h.unlocked[i]), at("tip_returned", h.returned[i]),
    since("col_waited", h.call[i], h.locked[i]),
    unlocks ? since("col_held", h.granted[i], h.unlocked[i]) : null,
    transaction ? since("tip_in_transaction", transaction.from, transaction.until) : null,
    since("tip_read_to_written", h.read[i], h.written[i]),
    since("col_took", h.call[i], h.returned[i]),
    h.quantity[i] === 1 ? null : [t("tip_tickets"), grouped(h.quantity[i])],
    Number.isNaN(h.file[i]) ? null : [t("tip_file"), page.files[h.file[i]]],
    Number.isNaN(h.line[i]) ? null : [t("tip_line"), grouped(h.line[i])],
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
  [x, y] = [x * shared.type, y * shared.type];
  const left = x + 18 + width > frame.width ? x - width - 14 : x + 18;
  const top = Math.min(y + 14, window.innerHeight - frame.top - height - 60);
  tip.style.left = `${Math.max(4, left)}px`;
  tip.style.top = `${Math.max(-frame.top + 4, top)}px`;
}

// The number that comes with a fault is the system's error, the process that died with the lock, or a database's code.
function why(i) {
  const number = history_.errno[i], fault = faultName(i);
  if (number === 0) return fault;
  if (codeOf(number)) return t("by_the_database", { fault, code: codeOf(number) });
  return t(faultKind(i) === "holder_gone" ? "with_process" : "with_errno", { fault, number });
}

function triesText(i) {
  const { tries, aborted, code, errno } = history_;
  if (aborted[i] === 0) return grouped(tries[i]);
  const said = codeOf(code[i]) ?? codeOf(errno[i]);
  return t("tip_tried", { tries: grouped(tries[i]), aborted: grouped(aborted[i]), code: said ? ` (${said})` : "" });
}

function purchaseTitle(i) {
  const outcome = t(`outcome_${page.outcomes[history_.outcome[i]]}`);
  const again = history_.kind[i] === AGAIN ? `, ${t("sold_already")}` : "";
  return t("buyer_did", { sign: SIGNS[history_.kind[i]], buyer: laneName(history_.lane[i]), outcome: outcome + again });
}

function tipAt(x, y) {
  const piece = pieceAt(view, x, y);
  const purchase = piece < 0 ? purchaseAt(x, y) : -1;
  state.hover = purchase >= 0 ? { purchase } : null;
  canvas.style.cursor = piece >= 0 || purchase >= 0 ? "pointer" : "grab";
  if (piece >= 0) {
    showTip(`${piece + 1}. ${page.pieces[piece].kind.replace("_", " ")}`, [["", page.pieces[piece].sentence[shared.language]]], x, y);
  } else if (purchase >= 0) {
    showTip(purchaseTitle(purchase), pairs(purchase), x, y, history_.kind[purchase]);
  } else if (y > AXIS && y < lanesTop() && x > view.left) {
    const time = view.time(x);
    const inFile = valueAt(stock.inFile, time), owed = valueAt(stock.owed, time);
    const rows = [[t("tip_at"), exact(Math.round(time))]];
    if (inFile !== null) rows.push([t(stock.byReceipts ? "tip_owed" : "tip_stock"), signed(inFile)]);
    if (stock.parted && owed !== null) rows.push([t("tip_owed"), signed(owed)]);
    showTip(t("stock"), rows, x, y);
  } else {
    tip.hidden = true;
  }
  redraw();
}

// ---- the list of anomalies

const pieceButtons = [...article.querySelectorAll("[data-piece]")];

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
    live.textContent = piece.sentence[shared.language];
  } else if (state.pinned.length > 0) {
    state.pinned = [];
    order();
  }
  shared.writeAddress();
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

const search = byId("search");
const found = byId("found");

function findBuyer(text) {
  const wanted = text.trim().replace(/^(buyer\s+|买家\s*|#)/i, "");
  state.lane = -1;
  found.textContent = "";
  if (wanted !== "") {
    let lane = page.lane_buyers.indexOf(wanted);
    if (lane < 0) {
      const ofProcess = history_.pid.findIndex((pid) => String(pid) === wanted);
      if (ofProcess >= 0) lane = history_.lane[ofProcess];
    }
    if (lane < 0) {
      found.textContent = t("no_such_buyer", { wanted });
    } else {
      state.lane = lane;
      showLanes([lane]);
      const { first } = history_.lanes;
      const count = first[lane + 1] - first[lane];
      const purchases = count === 1 ? t("one_purchase") : t("many_purchases", { count: grouped(count) });
      found.textContent = t("found_buyer", { buyer: laneName(lane), purchases });
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
const charts = [...article.querySelectorAll("[data-latency]")]
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
  const ends = { low: rough(10 ** low), high: rough(10 ** high) };
  svg.setAttribute("aria-label", t("distribution", { count: grouped(values.length), ...ends }));
  svg.replaceChildren();
  counts.forEach((count, bin) => {
    if (count === 0) return;
    const tall = Math.max(1.5, (count / most) * height);
    const bar = add("rect", { x: (bin * width) / bins + 0.5, y: height - tall, width: width / bins - 1, height: tall });
    const title = document.createElementNS(svg.namespaceURI, "title");
    const edge = (k) => rough(10 ** (low + ((high - low) * k) / bins));
    title.textContent = t("between", { count: grouped(count), low: edge(bin), high: edge(bin + 1) });
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

// ---- the command

byId("copy")?.addEventListener("click", async (event) => {
  const button = event.currentTarget;
  const command = byId("command");
  try {
    await navigator.clipboard.writeText(command.textContent);
    button.textContent = t("copied");
  } catch {
    // A page from a file may not be allowed to: select it, so that one key copies it.
    getSelection().selectAllChildren(command);
    button.textContent = t("selected");
  }
  setTimeout(() => (button.textContent = t("copy")), 1500);
});

