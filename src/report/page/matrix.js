// The matrix, sorted by a click on a heading: up, down, and in groups again. And what a link leads to is opened.
(() => {
  const body = document.querySelector("tbody"), groups = document.getElementById("groups");
  const headings = [...document.querySelectorAll("thead th")];
  const rows = [...body.rows], graded = rows.filter((row) => !row.classList.contains("group"));
  const order = ["unsafe", "inconclusive", "safe"];

  // A number with its unit as nanoseconds or as it is, a grade by its rank, else words.
  function value(row, column) {
    const text = row.cells[column].textContent;
    if (row.cells[column].classList.contains("grade")) return order.findIndex((grade) => row.classList.contains(grade));
    const [, number, unit] = /^([\d.,]+)(?:\/\d+)?(?: (ns|µs|ms|s))?$/.exec(text) ?? [];
    if (number === undefined) return text === "–" ? Infinity : text;
    return Number(number.replaceAll(",", "")) * ({ "µs": 1e3, ms: 1e6, s: 1e9 }[unit] ?? 1);
  }

  function sort(column, way) {
    headings.forEach((heading, k) => {
      if (k === column && way !== 0) heading.setAttribute("aria-sort", way > 0 ? "ascending" : "descending");
      else heading.removeAttribute("aria-sort");
    });
    groups.hidden = way === 0;
    if (way === 0) return body.replaceChildren(...rows);
    const compare = (one, other) => (one < other ? -1 : one > other ? 1 : 0);
    const sorted = [...graded].sort((one, other) => way * compare(value(one, column), value(other, column)));
    body.replaceChildren(...sorted);
  }

  headings.forEach((heading, column) => heading.querySelector("button").addEventListener("click", () => {
    const now = heading.getAttribute("aria-sort");
    sort(column, now === null ? 1 : now === "ascending" ? -1 : 0);
  }));
  groups.addEventListener("click", () => sort(-1, 0));
  document.documentElement.dataset.openedMs = performance.now().toFixed(0);
})();
