// Sorts, filters and opens the rows of the audit's table; a <tbody> holds a claim and its details.
(() => {
  "use strict";
  const FIRST = 50; // rows shown at first, so that the rest of the page stays near
  const table = document.getElementById("claims");
  const root = document.documentElement;

  function ready() {
    root.dataset.ready = Math.round(performance.now());
  }
  if (!table) return ready();

  const form = document.getElementById("filters");
  const shown = document.getElementById("shown");
  const more = document.getElementById("more");
  const heads = [...table.tHead.rows[0].cells];
  let claims = [...table.tBodies].map((body) => ({
    body,
    text: [body.textContent.replaceAll("\u200b", ""), ...Object.values(body.dataset)]
      .join(" ")
      .toLowerCase(),
    cells: [...body.rows[0].cells],
  }));
  let all = false;

  function matches(claim, wanted, text) {
    const data = claim.body.dataset;
    return (
      text.every((word) => claim.text.includes(word)) &&
      wanted.every(([name, value]) =>
        name === "verdict" ? data.verdict === value : data[name].split(" ").includes(value),
      )
    );
  }

  function show() {
    const values = [...new FormData(form)].filter(([, value]) => value.trim());
    const text = values.filter(([name]) => name === "text");
    const words = text.flatMap(([, value]) => value.toLowerCase().split(/\s+/).filter(Boolean));
    const wanted = values.filter(([name]) => name !== "text");
    const found = claims.filter((claim) => matches(claim, wanted, words));
    const visible = new Set(all ? found : found.slice(0, FIRST));
    for (const claim of claims) claim.body.hidden = !visible.has(claim);
    const first = visible.size < found.length ? `, the first ${visible.size} shown` : "";
    shown.textContent = `${found.length} of ${claims.length} claims${first}`;
    more.hidden = visible.size === found.length;
    more.textContent = `Show all ${found.length}`;
  }

  function key(claim, column) {
    const cell = claim.cells[column];
    const text = cell.dataset.value ?? cell.textContent.replaceAll("\u200b", "").trim();
    const value = Number(text);
    return text === "" ? null : Number.isNaN(value) ? text : value;
  }

  function compare(a, b) {
    if (typeof a === "number" && typeof b === "number") return a - b;
    return String(a).localeCompare(String(b), "en", { numeric: true });
  }

  function sort(column) {
    const down = heads[column].getAttribute("aria-sort") === "ascending";
    heads.forEach((head) => head.removeAttribute("aria-sort"));
    heads[column].setAttribute("aria-sort", down ? "descending" : "ascending");
    const keyed = claims.map((claim) => [key(claim, column), claim]);
    keyed.sort(([a], [b]) => {
      if (a === null || b === null) return (a === null) - (b === null); // missing ones stay last
      return down ? compare(b, a) : compare(a, b);
    });
    claims = keyed.map(([, claim]) => claim);
    table.append(...claims.map((claim) => claim.body));
    show();
  }

  heads.forEach((head, column) =>
    head.querySelector("button").addEventListener("click", () => sort(column)),
  );
  table.addEventListener("click", (event) => {
    const button = event.target.closest("button.open");
    if (!button) return;
    const open = button.getAttribute("aria-expanded") !== "true";
    button.setAttribute("aria-expanded", String(open));
    document.getElementById(button.getAttribute("aria-controls")).classList.toggle("opened", open);
  });
  form.addEventListener("input", () => {
    all = false;
    show();
  });
  form.addEventListener("reset", () => {
    all = false;
    setTimeout(show); // after the fields are emptied
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  more.addEventListener("click", () => {
    all = true;
    show();
  });
  show();
  ready();
})();
