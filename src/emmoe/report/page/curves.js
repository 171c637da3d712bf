// The interactive curves of figures and claims: controls, legend, panels, cross-hair, data table.

const FALL = 50; // a curve that falls by so much is drawn on a logarithmic axis at first

function linesOf(data, figure) {
  const runs = data.runs[figure.experiment];
  return Object.entries(figure.lines)
    .filter(([fitter]) => runs[fitter])
    .map(([fitter, line]) => ({ fitter, line, curve: runs[fitter] }));
}

function panelsOf(data, figure) {
  const lines = linesOf(data, figure);
  return figure.metrics.map((metric) => ({
    metric,
    lines,
    readings: data.readings.filter((own) => own.experiment === figure.experiment && own.metric === metric),
  }));
}

function fallsFar(panel) {
  const values = panel.lines.flatMap((line) => line.curve.y[panel.metric] ?? []);
  const above = values.filter((value) => value > 0);
  return Math.max(...above) > FALL * Math.min(...above);
}

// What a panel shows at a place, as a sentence: the nearest iteration of each line in sight.
function toldAt(panel, view, drawn, place) {
  return drawn.lines.map(({ curve, line }) => {
    const xs = along(curve, view);
    const away = xs.map((value) => (value === null ? Infinity : Math.abs(drawn.x(value) - place)));
    const i = away.indexOf(Math.min(...away));
    const mean = curve.y[panel.metric][i], sd = curve.sd[panel.metric][i];
    const cost = view.currency === "iteration" ? "" : ` (${digits(xs[i])} ${words(view.currency)})`;
    return `${line.label}, iteration ${curve.x.iteration[i]}${cost}: ${digits(mean)}${sd ? ` ± ${digits(sd, 2)}` : ""}`;
  }).join("; ");
}

// A panel with its axis switch, cross-hair and read-out; returns how to draw it anew.
function panelView(host, data, panel, view, title, letter) {
  const meaning = data.metrics[panel.metric];
  const own = { ...view, log: fallsFar(panel) };
  const ends = panel.lines.filter((line) => line.curve.y[panel.metric]).map(({ curve, line }) => {
    const known = curve.y[panel.metric].filter((value) => value !== null);
    return `${line.label} from ${digits(known[0])} to ${digits(known.at(-1))}`;
  });
  const svg = el("svg", {
    viewBox: `0 0 ${BOX.width} ${BOX.height}`, role: "img", tabindex: 0,
    "aria-label": `${title}, ${meaning.name}: ${ends.join("; ")}. Arrow keys read values.`,
  });
  const told = el("p", { class: "told", role: "status" });
  const log = el("input", { type: "checkbox", checked: own.log, onchange: () => { own.log = log.checked; draw(); } });
  let drawn, place = BOX.left;

  function draw() {
    const labels = { x: data.currencies[view.currency] };
    drawn = drawPanel(svg, panel, Object.assign(own, view, { log: own.log }), labels);
  }
  function point(at) {
    place = Math.min(Math.max(at, BOX.left), BOX.width - BOX.right);
    const bar = { x1: place, x2: place, y1: BOX.top, y2: BOX.height - BOX.bottom };
    svg.querySelector(".cross").replaceChildren(el("line", bar));
    told.textContent = toldAt(panel, own, drawn, place);
  }
  svg.addEventListener("pointermove", (event) => {
    const box = svg.getBoundingClientRect();
    point(((event.clientX - box.left) / box.width) * BOX.width);
  });
  svg.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -4, ArrowRight: 4 }[event.key];
    if (!by) return;
    event.preventDefault();
    point(place + by);
  });
  const unit = meaning.unit ? ` [${meaning.unit}]` : "";
  const head = el("p", { class: "axis-title" }, `${letter}${meaning.name}: ${meaning.meaning}${unit} `, el("label", {}, log, " log"));
  host.append(el("div", { class: "panel" }, head, svg, told));
  draw();
  return draw;
}

function toggle(label, pressed, change) {
  const button = el("button", { type: "button", class: "toggle", "aria-pressed": String(pressed) }, label);
  button.addEventListener("click", () => {
    const now = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(now));
    change(now);
  });
  return button;
}

function legendKey(line) {
  const dash = line.dash.join(" ") || null;
  const stroke = { x1: 0, x2: 26, y1: 5, y2: 5, stroke: line.colour, "stroke-width": 2, "stroke-dasharray": dash };
  return el("svg", { viewBox: "0 0 26 10", width: 26, height: 10, "aria-hidden": "true" }, el("line", stroke));
}

function controlsOf(data, panels, view, redraw) {
  const lines = panels[0].lines, set = (name) => (on) => { view[name] = on; redraw(); };
  const costs = Object.keys(data.currencies).filter((name) => lines.every((line) => line.curve.x[name]));
  const choice = el("select", { onchange: () => { view.currency = choice.value; redraw(); } },
    ...costs.map((name) => el("option", { value: name }, data.currencies[name])));
  const legend = lines.map(({ fitter, line }) => {
    const button = toggle(line.label, true, (on) => { view.hidden[on ? "delete" : "add"](fitter); redraw(); });
    button.prepend(legendKey(line));
    return button;
  });
  return el("div", { class: "controls" }, ...legend,
    costs.length > 1 ? el("label", {}, "against ", choice) : null,
    el("label", {}, el("input", { type: "checkbox", onchange: (event) => set("logX")(event.target.checked) }), " log x"),
    lines.some((line) => line.curve.instances.length) ? toggle("instances", false, set("instances")) : null,
    panels.some((panel) => panel.readings.length) ? toggle("reported", view.readings, set("readings")) : null);
}

function dataTable(data, panel) {
  const lines = panel.lines.filter((line) => line.curve.y[panel.metric]);
  const times = [...new Set(lines.flatMap((line) => line.curve.x.iteration))].sort((a, b) => a - b);
  const columns = ["iteration", ...lines.flatMap(({ line }) => [line.label, "sd"])];
  const rows = times.map((t) => [String(t), ...lines.flatMap(({ curve }) => {
    const i = curve.x.iteration.indexOf(t);
    return i < 0 ? ["", ""] : [digits(curve.y[panel.metric][i], 4), digits(curve.sd[panel.metric][i], 2)];
  })]);
  return tableOf(columns, rows, data.metrics[panel.metric].name, columns.map(() => true));
}

// Draws a figure's panels of one experiment into a host; marked: a claim whose reading stands out.
function drawCurves(host, data, figure, title, marked = "") {
  const panels = panelsOf(data, figure), redraws = [];
  const view = { currency: "iteration", logX: false, instances: false, readings: true, hidden: new Set(), marked };
  const box = el("div", { class: "panels" });
  host.append(controlsOf(data, panels, view, () => redraws.forEach((draw) => draw())), box);
  panels.forEach((panel, i) => {
    const letter = panels.length > 1 ? `(${"abcdefgh"[i]}) ` : "";
    redraws.push(panelView(box, data, panel, view, title, letter));
  });
  for (const panel of panels) {
    const table = el("details", {}, el("summary", {}, `Data: ${data.metrics[panel.metric].name}`));
    filledWhenOpened(table, () => dataTable(data, panel));
    host.append(table);
  }
}

// Draws curves in the place of the pictures of all figures that have them.
function liveFigures(data) {
  for (const host of document.querySelectorAll("figure .live")) {
    const title = host.closest("figure").querySelector("h3").textContent;
    for (const own of data.figures[host.dataset.figure]) drawCurves(host, data, own, title);
  }
  for (const host of document.querySelectorAll(".races"))
    for (const own of data.races[host.dataset.figure]) host.append(raceOf(data, own));
}

// The curves of a contest's problem, drawn when they are asked for.
function raceOf(data, figure) {
  const details = el("details", {}, el("summary", {}, `Loss against cost: ${figure.title}`));
  filledWhenOpened(details, () => {
    const host = el("div", { class: "live" });
    drawCurves(host, data, figure, figure.title);
    return host;
  });
  return details;
}
