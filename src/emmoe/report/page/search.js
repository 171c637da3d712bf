// One search over claims, findings, figures, tables, settings and terms. A number finds what is
// reported or computed as it, to the digits that were typed, as it stands or in per cent.

const HITS = 12;
const KINDS = { claim: 0.4, finding: 0.3, figure: 0.2, table: 0.2, setting: 0, term: 0.1 };

function numberOf(token) {
  const text = token.replace(/%$/, "");
  if (!/^-?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/.test(text)) return null;
  const [mantissa, power = "0"] = text.split("e");
  const places = (mantissa.split(".")[1] ?? "").length - Number(power);
  return { value: Number(text), half: 0.5 * 10 ** -places };
}

function agrees(number, value) {
  if (value === null || value === undefined) return false;
  const slack = number.half * (1 + 1e-9);
  return Math.abs(value - number.value) <= slack || Math.abs(100 * value - number.value) <= slack;
}

function entry(kind, id, title, text, numbers = []) {
  const all = `${title} ${text}`.toLowerCase().replaceAll("_", " ").replaceAll("\u200b", "");
  return { kind, id, title, text: all, words: new Set(all.split(/[^\p{L}\p{N}.*%|+-]+/u)), numbers };
}

function entriesOf(data) {
  const claims = Object.values(data.claims).map((claim) => {
    const title = `${words(claim.where)}: ${words(claim.algorithm)}, ${words(claim.metric || claim.kind)}`;
    const when = claim.iteration === null ? "" : `, iteration ${claim.iteration}`;
    const text = [claim.id, claim.kind, claim.verdict, claim.reason, claim.facts.note ?? ""].join(" ");
    const own = entry("claim", `claim-${claim.id}`, title + when, text, [claim.reported, claim.reproduced]);
    return { ...own, claim };
  });
  const others = [...document.querySelectorAll("[data-find]")].map((node) => {
    const head = node.querySelector("h3, th") ?? node;
    const rest = node.dataset.find === "term" ? node.nextElementSibling.textContent : node.textContent;
    return entry(node.dataset.find, node.id, head.textContent.replaceAll("\u200b", "").trim(), rest);
  });
  const rows = Object.entries(data.tables).map(([name, table]) =>
    entry("table", `table-${name}`, words(name), table.cells.flat().join(" ")));
  return [...claims, ...others, ...rows];
}

// How well an entry fits a word; 0 if not at all.
function fit(own, token) {
  const number = numberOf(token);
  if (number && agrees(number, own.numbers[0])) return own.claim.verdict === "duplicate" ? 5 : 8;
  if (number && agrees(number, own.numbers[1])) return 3;
  if (own.title.toLowerCase().split(/[^\p{L}\p{N}.]+/u).includes(token)) return 3;
  if (own.words.has(token)) return 2;
  return !number && own.text.includes(token) ? 1 : 0;
}

function found(entries, query) {
  const tokens = query.toLowerCase().replaceAll("_", " ").split(/[\s,]+/).filter(Boolean);
  if (!tokens.length) return [];
  const hits = [];
  for (const own of entries) {
    const fits = tokens.map((token) => fit(own, token));
    if (fits.every((value) => value > 0)) {
      const sum = fits.reduce((a, b) => a + b, 0) + KINDS[own.kind] - own.title.length / 100;
      hits.push([sum - (own.claim?.verdict === "duplicate" ? 1 : 0), own]);
    }
  }
  const best = hits.sort(([a], [b]) => b - a).map(([, own]) => own);
  return best.filter((own, i) => best.findIndex((other) => other.id === own.id) === i).slice(0, HITS);
}

function said(own) {
  if (!own.claim) return own.kind;
  const { reported, reproduced, verdict } = own.claim;
  const numbers = reported === null ? "" : `reported ${digits(reported)}, ours ${digits(reproduced) || "none"}; `;
  return `${numbers}${verdict}`;
}

// Connects the search box: arrows choose, Enter goes, Escape closes, "/" comes back to it.
function searchBox(data, go) {
  const input = document.getElementById("query"), list = document.getElementById("hits");
  let entries = null, hits = [], active = 0;

  function choose(index) {
    active = (index + hits.length) % hits.length;
    [...list.children].forEach((item, i) => item.setAttribute("aria-selected", String(i === active)));
    input.setAttribute("aria-activedescendant", `hit-${active}`);
    list.children[active].scrollIntoView({ block: "nearest" });
  }
  function close() {
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }
  function visit(own) {
    close();
    go(own.id);
  }
  function show() {
    entries ??= entriesOf(data);
    hits = found(entries, input.value);
    const items = hits.map((own, i) => el("li",
      { role: "option", id: `hit-${i}`, "aria-selected": "false", onmousedown: (event) => { event.preventDefault(); visit(own); } },
      el("span", {}, own.title), el("span", { class: "source" }, said(own))));
    const nothing = el("li", { role: "option", "aria-disabled": "true", "aria-selected": "false" }, "Nothing found");
    list.replaceChildren(...(items.length ? items : [nothing]));
    list.hidden = !input.value.trim();
    input.setAttribute("aria-expanded", String(!list.hidden));
    if (hits.length) choose(0);
  }
  input.addEventListener("input", show);
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape") return close();
    if (!hits.length || list.hidden) return;
    if (event.key === "Enter") visit(hits[active]);
    else if (event.key === "ArrowDown") choose(active + 1);
    else if (event.key === "ArrowUp") choose(active - 1);
    else return;
    event.preventDefault();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.target.matches("input, select, textarea")) return;
    event.preventDefault();
    input.focus();
    input.select();
  });
}
