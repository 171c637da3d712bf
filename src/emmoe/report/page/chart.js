// One panel of curves as SVG: axes, bands, lines, instances, readings, and a cross-hair.
// view: {currency, log, logX, instances, readings, hidden (a Set of lines), marked (a claim)}.

const DEPTH = 1e-5; // the lower end of a logarithmic axis, as a share of its largest value
const BOX = { width: 420, height: 280, left: 50, right: 10, top: 10, bottom: 38 };

// Maps values to pixels; what a logarithmic scale has no place for lies below its lower end.
function scaleOf([low, high], [from, to], log) {
  const at = log ? (value) => Math.log10(Math.max(value, DEPTH * low)) : (value) => value;
  const span = at(high) - at(low) || 1;
  return (value) => from + ((at(value) - at(low)) / span) * (to - from);
}

function ticksOf([low, high], log) {
  if (log) {
    const first = Math.ceil(Math.log10(low)), last = Math.floor(Math.log10(high));
    const every = Math.max(1, Math.ceil((last - first + 1) / 6));
    const decades = [];
    for (let power = first; power <= last; power += every) decades.push(10 ** power);
    if (decades.length > 1) return decades;
  }
  const rough = (high - low) / 5, power = 10 ** Math.floor(Math.log10(rough || 1));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= rough) * power;
  const ticks = [];
  for (let tick = Math.ceil(low / step) * step; tick <= high + step / 1e6; tick += step) ticks.push(tick);
  return log ? ticks.filter((tick) => tick > 0) : ticks;
}

function tickText(tick) {
  const size = Math.abs(tick);
  return size >= 1e5 || (size > 0 && size < 1e-3) ? tick.toExponential().replace("+", "") : digits(tick);
}

function rangeOf(values, log) {
  const known = values.filter((value) => value !== null && Number.isFinite(value) && (!log || value > 0));
  if (!known.length) return log ? [0.1, 1] : [0, 1];
  let [low, high] = [Math.min(...known), Math.max(...known)];
  if (log) return [Math.max(low, DEPTH * high) / 1.15, high * 1.15];
  const margin = 0.04 * (high - low || Math.abs(high) || 1);
  return [low === 0 ? 0 : low - margin, high + margin];
}

function pathOf(xs, ys, x, y) {
  let path = "", pen = "M";
  xs.forEach((value, i) => {
    if (value === null || ys[i] === null || ys[i] === undefined) return (pen = "M");
    path += `${pen}${x(value).toFixed(1)} ${y(ys[i]).toFixed(1)}`;
    pen = "L";
  });
  return path;
}

// A curve's x in a currency; iteration 0 has no place on a logarithmic axis.
function along(curve, view) {
  const xs = curve.x[view.currency] ?? curve.x.iteration;
  return view.logX ? xs.map((value) => (value > 0 ? value : null)) : xs;
}

// What an iteration costs a curve in the view's currency; null past its end.
function placed(curve, view, iteration) {
  const position = curve.x.iteration.indexOf(iteration);
  return position < 0 ? null : along(curve, view)[position];
}

function bandOf(curve, metric, xs, x, y) {
  const known = xs
    .map((value, i) => [value, curve.y[metric][i], curve.sd[metric][i]])
    .filter((point) => point.every((value) => value !== null));
  const upper = known.map(([at, mean, sd]) => `${x(at).toFixed(1)} ${y(mean + sd).toFixed(1)}`);
  const lower = known.map(([at, mean, sd]) => `${x(at).toFixed(1)} ${y(mean - sd).toFixed(1)}`);
  return known.length ? `M${[...upper, ...lower.reverse()].join("L")}Z` : "";
}

// Whether a reading at zero is drawn at the lower end of a logarithmic axis, which has no place for it.
function atEdge(reading, view) {
  return view.log && reading.zero;
}

function readingMarks(reading, curve, line, view, x, y) {
  const at = placed(curve, view, reading.iteration), edge = atEdge(reading, view);
  if (at === null || (view.log && !edge && reading.value <= 0)) return [];
  const marked = reading.claim === view.marked;
  const height = edge ? BOX.height - BOX.bottom - 3 : y(reading.value);
  const bar = !edge && reading.low !== null && reading.high !== null && el("line", {
    x1: x(at), x2: x(at), y1: y(reading.low), y2: y(reading.high), stroke: line.colour, "stroke-opacity": 0.5,
  });
  const ring = marked && el("circle", { cx: x(at), cy: height, r: 9, class: "marked" });
  const size = marked ? 4 : 2.4, look = { fill: "#fff", stroke: line.colour };
  const dot = edge
    ? el("path", { d: `M${x(at) - size} ${height - size}h${2 * size}l${-size} ${1.7 * size}Z`, ...look, class: "zero" })
    : el("circle", { cx: x(at), cy: height, r: size, ...look });
  return [bar, dot, ring].filter(Boolean);
}

// The axes' frame: grid lines, ticks and labels.
function frameOf(x, y, xRange, yRange, view, labels) {
  const { width, height, left, right, top, bottom } = BOX, nodes = [];
  for (const tick of ticksOf(yRange, view.log)) {
    nodes.push(el("line", { x1: left, x2: width - right, y1: y(tick), y2: y(tick), class: "grid" }));
    nodes.push(el("text", { x: left - 5, y: y(tick) + 4, "text-anchor": "end" }, tickText(tick)));
  }
  for (const tick of ticksOf(xRange, view.logX)) {
    nodes.push(el("text", { x: x(tick), y: height - bottom + 15, "text-anchor": "middle" }, tickText(tick)));
  }
  const middle = (left + width - right) / 2;
  nodes.push(el("text", { x: middle, y: height - 5, "text-anchor": "middle" }, labels.x));
  nodes.push(el("path", { d: `M${left} ${top}V${height - bottom}H${width - right}`, class: "axis" }));
  return nodes;
}

// Draws a panel into its SVG; returns the scale of x, for the cross-hair.
function drawPanel(svg, panel, view, labels) {
  const { width, height, left, right, top, bottom } = BOX;
  const lines = panel.lines.filter((line) => !view.hidden.has(line.fitter) && line.curve.y[panel.metric]);
  const readings = view.readings ? panel.readings : [];
  const shown = (reading) => lines.some((line) => line.fitter === reading.fitter);
  const xRange = rangeOf(lines.flatMap((line) => along(line.curve, view)), view.logX);
  const values = lines.flatMap(({ curve: { y, sd } }) =>
    y[panel.metric].flatMap((mean, i) => [mean, mean + sd[panel.metric][i], view.log ? mean : mean - sd[panel.metric][i]]),
  );
  const seen = readings.filter(shown), heights = seen.filter((own) => !atEdge(own, view)).map((own) => own.value);
  const yRange = rangeOf([...values, ...heights], view.log);
  const x = scaleOf(xRange, [left, width - right], view.logX);
  const y = scaleOf(yRange, [height - bottom, top], view.log);
  const frame = { x: left - 6, y: top - 6, width: width - left - right + 12, height: height - top - bottom + 6 };
  const inside = el("svg", { ...frame, viewBox: Object.values(frame).join(" ") }); // cuts off what leaves it
  for (const { fitter, curve, line } of lines) {
    const xs = along(curve, view), stroke = { stroke: line.colour, fill: "none" };
    if (view.instances)
      for (const own of curve.instances) {
        const instance = { x: { ...curve.x, ...own }, y: own };
        inside.append(el("path", { d: pathOf(along(instance, view), own[panel.metric] ?? [], x, y), ...stroke, class: "instance" }));
      }
    else inside.append(el("path", { d: bandOf(curve, panel.metric, xs, x, y), fill: line.colour, class: "band" }));
    const dash = line.dash.join(" ") || null;
    inside.append(el("path", { d: pathOf(xs, curve.y[panel.metric], x, y), ...stroke, "stroke-dasharray": dash, class: "mean" }));
    for (const reading of readings)
      if (reading.fitter === fitter) inside.append(...readingMarks(reading, curve, line, view, x, y));
  }
  if (seen.some((own) => atEdge(own, view))) {
    const place = { x: width - right, y: top + 10, "text-anchor": "end", class: "note" };
    inside.append(el("text", place, "\u25bd reported at zero"));
  }
  svg.replaceChildren(...frameOf(x, y, xRange, yRange, view, labels), inside, el("g", { class: "cross" }));
  return { x, y, lines };
}
