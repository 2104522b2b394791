// What the runs of a page have in common: the language, the time in view, the moment shown.

const texts = JSON.parse(document.getElementById("texts").textContent);
const titles = JSON.parse(document.getElementById("titles").textContent);
const TAGS = ["en", "zh-Hans"];

const shared = {
  language: Math.max(0, TAGS.indexOf(document.documentElement.lang)),
  runs: [],
  // The longest of the runs, and what of it is in view.
  span: 1, from: 0, until: 1,
  // The moment shown while a race is played; NaN where it is seen whole.
  time: NaN, playing: false, speed: 1,
  // How much larger the picture is drawn than usual.
  type: 1,
  // The run that the keys are for.
  active: 0,
};

// A text of the table in the reader's language, its values filled in. For text nodes only.
function t(name, values = {}) {
  const text = texts[name]?.[shared.language] ?? name;
  return text.replace(/\{(\w+)\}/g, (_, key) => String(values[key] ?? ""));
}

const redrawAll = () => shared.runs.forEach((run) => run.redraw());
