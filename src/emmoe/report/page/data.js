// The page's data and the few helpers that all of its scripts share.

const BASE85 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~";

// The bytes of a text in base 85, as Python's base64.b85encode writes them.
function bytesOf(text) {
  const values = new Uint8Array(128), fill = (5 - (text.length % 5)) % 5, whole = text + "~".repeat(fill);
  [...BASE85].forEach((letter, i) => (values[letter.charCodeAt(0)] = i));
  const view = new DataView(new ArrayBuffer((whole.length / 5) * 4));
  for (let i = 0; i < whole.length; i += 5) {
    let word = 0;
    for (let k = i; k < i + 5; k++) word = word * 85 + values[whole.charCodeAt(k)];
    view.setUint32((i / 5) * 4, word);
  }
  return new Uint8Array(view.buffer, 0, view.byteLength - fill);
}

// The data are gzip'd JSON: see emmoe.report.data.
async function readData() {
  const bytes = bytesOf(document.getElementById("data").textContent);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).json();
}

// An element with attributes and children; texts are set as text, never as HTML.
function el(name, attributes = {}, ...children) {
  const svg = ["svg", "g", "path", "line", "circle", "text", "rect"].includes(name);
  const node = svg
    ? document.createElementNS("http://www.w3.org/2000/svg", name)
    : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (value !== null && value !== false) node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== ""));
  return node;
}

function digits(value, count = 3) {
  if (value === null || value === undefined) return "";
  return String(Number(value.toPrecision(count)));
}

function words(text) {
  return String(text).replaceAll("_", " ");
}

// A table of texts in a box of its own that scrolls sideways.
function tableOf(columns, rows, label, numeric = columns.map(() => false)) {
  const side = (column) => ({ class: numeric[column] ? "n" : null });
  const head = columns.map((text, i) => el("th", { scope: "col", ...side(i) }, text));
  const body = rows.map((row) => el("tr", {}, ...row.map((text, i) => el("td", side(i), text))));
  return el(
    "div",
    { class: "scroll", role: "group", tabindex: 0, "aria-label": `${label}, scrolls sideways` },
    el("table", {}, el("thead", {}, el("tr", {}, ...head)), el("tbody", {}, ...body)),
  );
}

// Fills a <details> when it is opened for the first time.
function filledWhenOpened(details, make) {
  details.addEventListener("toggle", () => details.append(make()), { once: true });
}
