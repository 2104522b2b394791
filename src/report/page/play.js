// The playback, and what is one for the whole page: the language, the size of the type, the address, printing.

const control = (id) => document.getElementById(id);
const IN_VIEW_S = 12;

// ---- the moment

function setTime(time, keep = true) {
  shared.time = Number.isNaN(time) ? NaN : Math.max(0, Math.min(time, shared.span));
  const known = !Number.isNaN(shared.time);
  control("time").textContent = known ? briefly(shared.time) : "–";
  control("scrub").value = known ? (shared.time / shared.span) * 1000 : 0;
  follow();
  if (keep) writeAddress();
  redrawAll();
}

function briefly(ns) {
  const [unit, name] = ns < 1e3 ? [1, "ns"] : ns < 1e6 ? [1e3, "µs"] : ns < 1e9 ? [1e6, "ms"] : [1e9, "s"];
  return `${Number((ns / unit).toPrecision(4))} ${name}`;
}

// The window goes along where the moment leaves it.
function follow() {
  const { time, from, until } = shared;
  const length = until - from;
  if (Number.isNaN(time) || (time >= from && time <= until)) return;
  shared.from = time > until ? time - length * 0.1 : time - length * 0.9;
  shared.until = shared.from + length;
}

let before = 0;
function tick(now) {
  if (!shared.playing) return;
  const passed = Math.min(now - before, 250) / 1000;
  before = now;
  setTime(shared.time + (passed * shared.speed * Math.min(shared.until - shared.from, shared.span)) / IN_VIEW_S, false);
  if (shared.time >= shared.span) return setPlaying(false);
  requestAnimationFrame(tick);
}

function setPlaying(playing) {
  shared.playing = playing;
  const button = control("play");
  button.textContent = playing ? "❚❚" : "▶\ufe0e";
  button.dataset.tTitle = button.dataset.tAriaLabel = playing ? "pause" : "play";
  button.title = button.ariaLabel = t(playing ? "pause" : "play");
  if (!playing) return writeAddress();
  if (Number.isNaN(shared.time) || shared.time >= shared.span) setTime(0, false);
  before = performance.now();
  requestAnimationFrame(tick);
}

function stepEvent(by) {
  if (shared.playing) setPlaying(false);
  const from = Number.isNaN(shared.time) ? -1 : shared.time;
  const times = shared.runs.map((run) => run.nextEvent(from, by)).filter((time) => !Number.isNaN(time));
  if (times.length > 0) setTime(by > 0 ? Math.min(...times) : Math.max(...times));
}

function changeSpeed(by) {
  const options = control("speed").options;
  const at = Math.max(0, Math.min(options.length - 1, options.selectedIndex + by));
  options.selectedIndex = at;
  shared.speed = Number(options[at].value);
}

Object.assign(shared, { setTime, setPlaying, stepEvent, changeSpeed, writeAddress, biggerType });
control("play").addEventListener("click", () => setPlaying(!shared.playing));
control("step-back").addEventListener("click", () => stepEvent(-1));
control("step-on").addEventListener("click", () => stepEvent(1));
control("speed").addEventListener("change", () => changeSpeed(0));
control("scrub").addEventListener("input", (event) => {
  if (shared.playing) setPlaying(false);
  setTime((Number(event.target.value) / 1000) * shared.span, false);
});
control("scrub").addEventListener("change", writeAddress);

// ---- the address: #t=3.2ms, #anomaly=3, #run=2&anomaly=1, #lang=zh

const UNITS = { ns: 1, us: 1e3, "µs": 1e3, ms: 1e6, s: 1e9 };

function readAddress() {
  const asked = new URLSearchParams(location.hash.slice(1));
  if (asked.has("lang")) speak(asked.get("lang").startsWith("zh") ? 1 : 0);
  const run = shared.runs[(Number(asked.get("run")) || 1) - 1];
  const anomaly = Number(asked.get("anomaly"));
  if (run && anomaly >= 1) {
    shared.active = shared.runs.indexOf(run);
    run.choosePiece(anomaly - 1);
  }
  const [, number, unit] = /^([\d.]+)(ns|us|µs|ms|s)?$/.exec(asked.get("t") ?? "") ?? [];
  if (number !== undefined) setTime(Number(number) * UNITS[unit ?? "ns"], false);
}

function writeAddress() {
  const parts = [];
  const run = shared.runs[shared.active];
  if (shared.active > 0) parts.push(`run=${shared.active + 1}`);
  if (run && run.piece() >= 0) parts.push(`anomaly=${run.piece() + 1}`);
  if (!Number.isNaN(shared.time)) parts.push(`t=${Number((shared.time / 1e6).toFixed(6))}ms`);
  if (shared.language !== shared.first) parts.push(`lang=${shared.language === 1 ? "zh" : "en"}`);
  const hash = parts.length > 0 ? `#${parts.join("&")}` : " ";
  try {
    window.history.replaceState(null, "", hash === " " ? location.href.split("#")[0] : hash);
  } catch {
    // Where a page may not change its own address, it has none to share.
  }
}
addEventListener("hashchange", readAddress);

// ---- the language

function speak(language) {
  shared.language = language;
  document.documentElement.lang = TAGS[language];
  document.title = `${titles[language]} – ticketsim`;
  for (const name of ["title", "placeholder", "aria-label"]) {
    for (const element of document.querySelectorAll(`[data-t-${name}]`)) {
      element.setAttribute(name, t(element.getAttribute(`data-t-${name}`)));
    }
  }
  const button = control("language");
  // Each language is named in itself.
  button.textContent = language === 0 ? "中文" : "EN";
  button.lang = TAGS[1 - language];
  button.title = button.ariaLabel = t("switch_language");
  const keys = control("keys");
  keys.replaceChildren(...t("keys").split(/\*([^*]+)\*/).map((part, k) => {
    if (k % 2 === 0) return part;
    const key = document.createElement("kbd");
    key.textContent = part;
    return key;
  }));
  shared.runs.forEach((run) => run.speak());
  redrawAll();
}
control("language").addEventListener("click", () => {
  speak(1 - shared.language);
  writeAddress();
});

// ---- bigger type, and printing

function biggerType() {
  const big = shared.type === 1;
  shared.type = big ? 1.4 : 1;
  document.documentElement.classList.toggle("big", big);
  control("bigger").setAttribute("aria-pressed", String(big));
  shared.runs.forEach((run) => run.recolour());
}
control("bigger").addEventListener("click", biggerType);

// On paper: light, and without a moment. Drawn at once, for the printer does not wait.
for (const [event, printing] of [["beforeprint", true], ["afterprint", false]]) {
  addEventListener(event, () => {
    document.documentElement.classList.toggle("printing", printing);
    shared.runs.forEach((run) => run.recolour(true));
  });
}

// ---- start

shared.first = shared.language;
speak(shared.language);
shared.runs.forEach((run) => run.fit());
shared.runs.forEach((run) => run.render());
readAddress();
document.documentElement.dataset.openedMs = performance.now().toFixed(0);

// For the console, and for the page's own test.
window.ticketsim = { ...shared.runs[0].shown, shared, runs: shared.runs };
