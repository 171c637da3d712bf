// The table of claims: sorts, filters, and opens a row to all that is known about its claim.

const FIRST = 50; // rows shown at first, so that the rest of the page stays near

function term(name, ...values) {
  const known = values.filter((value) => value !== null && value !== undefined && value !== "");
  return known.length ? [el("dt", {}, name), el("dd", {}, ...known)] : [];
}

// Between which reported values the verdict would stay what it is.
function powerOf({ kept_from: low, kept_to: high, no_power: none }) {
  if (none) return "the verdict would be the same for any reported value up to twice or half of this";
  const ends = [low === null ? "" : `above ${digits(low)}`, high === null ? "" : `below ${digits(high)}`];
  const known = ends.filter(Boolean);
  return known.length ? `the verdict would be the same for a reported value ${known.join(" and ")}` : null;
}

// The command with a button that copies it, or selects it where the browser does not let it.
function commandOf(claim) {
  const code = el("code", {}, claim.command);
  const copy = el("button", { type: "button", class: "plain copy" }, "Copy");
  copy.addEventListener("click", async () => {
    getSelection().selectAllChildren(code);
    try {
      await navigator.clipboard.writeText(claim.command);
      copy.textContent = "Copied";
    } catch {
      copy.textContent = "Selected";
    }
  });
  return el("p", { class: "command" }, el("span", {}, "Recompute it: "), code, " ", copy);
}

function settingsOf(data, claim) {
  const own = claim.algorithm.split(" ").map((name) => `fitters.${name}.`);
  const rows = (data.settings[claim.experiment] ?? []).filter(
    ({ path }) => !path.startsWith("fitters.") || own.some((start) => path.startsWith(start)),
  );
  if (!rows.length) return "";
  const marks = Object.entries(Object.groupBy ? Object.groupBy(rows, (row) => row.mark) : { settings: rows });
  const counts = marks.map(([mark, of]) => `${of.length} ${mark}`).join(", ");
  const columns = ["setting", "value", "mark", "accepted", "reason"];
  const texts = rows.map((row) => [row.path, row.value, row.mark, row.accepted, row.reason]);
  const details = el("details", {}, el("summary", {}, `Settings of ${words(claim.experiment)}: ${counts}`));
  filledWhenOpened(details, () => tableOf(columns, texts, "settings"));
  return details;
}

// The curve that a claim's reading stands on, with the reading marked.
function curveOf(data, claim) {
  const own = Object.values(data.figures).flat();
  const figure = own.find((one) => one.experiment === claim.experiment && one.metrics.includes(claim.metric));
  const host = el("div", { class: "live" });
  if (!figure) return host;
  const names = claim.algorithm.split(" ");
  const lines = Object.entries(figure.lines).filter(([fitter]) => names.includes(fitter));
  drawCurves(host, data, { ...figure, metrics: [claim.metric], lines: Object.fromEntries(lines) }, claim.id, claim.id);
  return host;
}

function detailOf(data, claim) {
  const when = claim.iteration === null ? "" : `, iteration ${claim.iteration}`;
  const of = [claim.where, claim.algorithm, claim.metric].filter(Boolean).map(words).join(", ");
  const z = claim.z === null ? null : `${digits(claim.z)} standard errors between the two`;
  return [
    el("p", {}, claim.reason),
    commandOf(claim),
    el("dl", {}, ...term("claimed of", `${of}${when} (${claim.kind})`),
      ...term("reported", digits(claim.reported, 4)), ...term("ours", digits(claim.reproduced, 4)),
      ...term("reading uncertainty", digits(claim.uncertainty)), ...term("verdict", claim.verdict), ...term("z", z), ...term("power", powerOf(claim)),
      ...Object.entries(claim.facts).flatMap(([name, value]) => term(name, value))),
    curveOf(data, claim),
    settingsOf(data, claim),
    claim.files.length ? el("p", { class: "source" }, "From ", ...claim.files.flatMap((file) => [el("code", {}, file), " "])) : "",
  ];
}

function claimsTable(data) {
  const table = document.getElementById("rows");
  if (!table) return { open: () => {} };
  const form = document.getElementById("filters"), shown = document.getElementById("shown");
  const more = document.getElementById("more"), heads = [...table.tHead.rows[0].cells];
  const columns = ["id", "where", "algorithm", "kind", "iteration", "verdict", "reported", "reproduced", "z"];
  let rows = [...table.tBodies].map((body) => ({ body, claim: data.claims[body.id.slice("claim-".length)] }));
  let all = false, pinned = null; // pinned: the row of an address, shown whatever the filters say

  function show() {
    const wanted = [...new FormData(form)].filter(([, value]) => value);
    const found = rows.filter(({ claim }) => wanted.every(([name, value]) =>
      name === "verdict" ? claim.verdict === value : claim[name].split(" ").includes(value)));
    const visible = new Set(all ? found : found.slice(0, FIRST));
    for (const row of rows) row.body.hidden = !visible.has(row) && row !== pinned;
    const first = visible.size < found.length ? `, the first ${visible.size} shown` : "";
    shown.textContent = `${found.length} of ${rows.length} claims${first}`;
    more.hidden = visible.size === found.length;
    more.textContent = `Show all ${found.length}`;
  }
  function compare(a, b) {
    if (typeof a === "number" && typeof b === "number") return a - b;
    return String(a).localeCompare(String(b), "en", { numeric: true });
  }
  function sort(column) {
    const down = heads[column].getAttribute("aria-sort") === "ascending", name = columns[column];
    heads.forEach((head) => head.removeAttribute("aria-sort"));
    heads[column].setAttribute("aria-sort", down ? "descending" : "ascending");
    const empty = (row) => row.claim[name] === null || row.claim[name] === "";
    rows.sort((a, b) => empty(a) - empty(b) || (down ? -1 : 1) * compare(a.claim[name], b.claim[name]));
    table.append(...rows.map((row) => row.body));
    show();
  }
  function set(row, open) {
    row.body.querySelector(".open").setAttribute("aria-expanded", String(open));
    let detail = row.body.rows[1];
    if (open && !detail) {
      detail = el("tr", { class: "detail" }, el("td", { colspan: heads.length }, ...detailOf(data, row.claim)));
      row.body.append(detail);
    }
    if (detail) detail.hidden = !open;
  }
  // Opens a claim wherever it is hidden, and puts the focus on it.
  function open(id) {
    const row = rows.find((own) => own.claim.id === id);
    if (!row) return;
    pinned = row;
    show();
    set(row, true);
    row.body.scrollIntoView();
    row.body.querySelector(".copy").focus({ preventScroll: true });
  }

  heads.forEach((head, column) => head.querySelector("button").addEventListener("click", () => sort(column)));
  table.addEventListener("click", (event) => {
    const button = event.target.closest("button.open");
    const row = button && rows.find((own) => own.body.contains(button));
    if (row) set(row, button.getAttribute("aria-expanded") !== "true");
  });
  form.addEventListener("input", () => { all = false; pinned = null; show(); });
  form.addEventListener("reset", () => setTimeout(() => { all = false; pinned = null; show(); })); // once the fields are empty
  form.addEventListener("submit", (event) => event.preventDefault());
  more.addEventListener("click", () => { all = true; show(); });
  show();
  return { open };
}
