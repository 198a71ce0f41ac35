// One head's T × T map: rows are query tokens, columns key tokens. Hover, arrow keys, click.
// `data` is described in pages/components/attention.py. Everything but a click stays in the browser.

const FONT = 12, LINE = 16, PAD = 8, MAX_CELL = 84, MAX_GUTTER = 132;
const KEY_TITLE = "k · key token →", QUERY_TITLE = "q · query ↓";
const TICKS = [0, 0.01, 0.1, 0.25, 0.5, 1];

export default function ({ parentElement, data, setStateValue }) {
  const root = parentElement.querySelector(".root");
  const view = (root.view ??= build(root));
  view.setState = setStateValue;
  read(view, data);
  layout(view);
  return () => view.watcher.disconnect();
}

/** Make the DOM once; the same nodes serve every later call. */
function build(root) {
  const make = (tag, className, parent, props = {}) =>
    parent.appendChild(Object.assign(document.createElement(tag), { className, ...props }));
  const view = { root, zoom: 1, hover: null, cursor: null };
  view.frame = make("div", "frame", root);
  view.extent = make("div", "extent", view.frame);
  view.stage = make("div", "stage", view.extent, { tabIndex: 0 });
  view.stage.setAttribute("role", "application");
  view.cells = make("canvas", "cells", view.stage);
  view.marks = make("canvas", "marks", view.stage);
  for (const canvas of [view.cells, view.marks]) canvas.setAttribute("aria-hidden", "true");
  view.legend = make("canvas", "legend", root);
  view.legend.setAttribute("role", "img");
  view.reading = make("p", "reading", root);
  view.reading.setAttribute("aria-live", "polite");
  const bar = make("div", "bar saving", root);
  const button = (text, label, act) =>
    Object.assign(make("button", "", bar, { type: "button", textContent: text, onclick: act }), { title: label });
  view.zoomButtons = [
    button("−", "Smaller cells", () => zoom(view, 1 / 1.5)),
    button("+", "Larger cells", () => zoom(view, 1.5)),
  ];
  for (const it of view.zoomButtons) it.setAttribute("aria-label", it.title);
  button("Save picture", "This map with its labels and legend, as PNG", () => savePicture(view));
  button("Save numbers", "Every cell with its score and weight, as CSV", () => saveNumbers(view));
  view.tip = pointerTip(root);
  listen(view);
  view.watcher = new ResizeObserver(() => view.frame.clientWidth !== view.width && layout(view));
  view.watcher.observe(view.frame);
  return view;
}

function listen(view) {
  const { stage, frame } = view;
  stage.onpointermove = (event) => {
    if (event.pointerType !== "mouse") return;
    const cell = cellAt(view, event);
    point(view, cell);
    if (cell) view.tip.show(event.clientX, event.clientY, ...tipLines(view, cell));
    else view.tip.hide();
  };
  stage.onpointerleave = () => { view.tip.hide(); point(view, null); };
  stage.onclick = (event) => {
    const cell = cellAt(view, event);
    if (cell) choose(view, cell);
  };
  stage.onkeydown = (event) => onKey(view, event);
  stage.onfocus = () => { view.isFocused = true; repaintMarks(view); };
  stage.onblur = () => { view.isFocused = false; repaintMarks(view); };
  frame.onscroll = () => { paintCells(view); repaintMarks(view); };
}

function read(view, data) {
  Object.assign(view, {
    labels: data.labels, T: data.labels.length, values: data.values, isMasked: data.is_masked,
    isExact: data.is_exact, title: data.title, limit: data.limit,
    scores: numbersOf(data.scores), pattern: numbersOf(data.pattern), pixels: numbersOf(data.pixels),
    sums: numbersOf(data.sums), row: { query: data.query, scores: numbersOf(data.row_scores), pattern: numbersOf(data.row_pattern) },
  });
  view.selected = view.cursor = [data.query, data.token];
  if (view.hover && Math.max(...view.hover) >= view.T) view.hover = null;
  const it = (view.colors = roleColors(view.root, "ink", "muted", "ground", "panel", "hairline",
    "query", "key", "attention", "positive", "negative", "accent"));
  view.table = data.values === "weights" ? colorTable(it.ground, it.attention)
    : colorTable(it.negative, it.ground, it.positive);
  view.font = getComputedStyle(view.root).getPropertyValue("--mono") || "monospace";
  view.image = pixelImage(view.pixels, view.table, view.T, view.T);
  const kind = data.values === "weights" ? "weights" : "scores";
  view.stage.setAttribute("aria-label", `${view.title}: attention ${kind}, ${view.T} query tokens down, `
    + `${view.T} key tokens across. Arrow keys move, Enter chooses a cell.`);
}

// ---- sizes

function geometry(view, width, cell = 0) {
  const pen = new OffscreenCanvas(1, 1).getContext("2d");
  pen.font = `${FONT}px ${view.font}`;
  const longest = Math.max(...view.labels.map((_, i) => pen.measureText(caption(view, i)).width));
  pen.font = `600 ${FONT}px ${view.font}`;
  const [query, key] = [QUERY_TITLE, KEY_TITLE].map((text) => Math.ceil(pen.measureText(text).width));
  pen.font = `${FONT}px ${view.font}`;
  const gutter = Math.max(query + 2 * PAD, Math.min(Math.ceil(longest) + 2 * PAD, MAX_GUTTER, width * 0.28));
  const fit = (width - gutter - PAD) / view.T;
  const fitted = Math.min(MAX_CELL, fit >= 8 ? Math.floor(fit) : Math.max(fit, 1));
  const size = cell || Math.min(MAX_CELL, fitted * view.zoom);
  const isFlat = Math.max(...view.labels.map((text) => pen.measureText(text).width)) <= size - 4;
  const top = (isFlat ? 2 * LINE + 4 : gutter) + LINE;
  return { left: gutter, top, cell: size, fitted, isFlat,
    width: gutter + Math.max(size * view.T, key) + PAD, height: top + size * view.T + PAD };
}

function layout(view) {
  view.width = view.frame.clientWidth;
  if (!view.width) return;
  const g = (view.geo = geometry(view, view.width));
  view.extent.style.cssText = `width:${g.width}px;height:${g.height}px`;
  const width = Math.min(g.width, view.frame.clientWidth);
  const height = Math.min(g.height, view.frame.clientHeight || g.height);
  view.size = [width, height];
  for (const [name, canvas] of [["pen", view.cells], ["marker", view.marks]]) {
    view[name] = sharpen(canvas, width, height);
  }
  const canZoom = g.fitted < 24;
  for (const it of view.zoomButtons) it.hidden = !canZoom;
  view.zoomButtons[0].disabled = view.zoom <= 1;
  view.zoomButtons[1].disabled = g.cell >= MAX_CELL;
  paintCells(view);
  repaintMarks(view);
  const wide = Math.min(view.width, 420);
  const pen = sharpen(view.legend, wide, 44);
  paintLegend(view, pen, 0, wide);
  view.legend.setAttribute("aria-label", legendWords(view));
}

function zoom(view, factor) {
  view.zoom = Math.max(1, view.zoom * factor);
  layout(view);
  reveal(view, view.cursor);
}

function caption(view, index) {
  return `${index} ${view.labels[index]}`;
}

// ---- drawing; the same functions paint the screen and the saved picture

function paintCells(view) {
  const { pen, geo, size: [width, height], frame } = view;
  paintMap(view, pen, geo, width, height, frame.scrollLeft, frame.scrollTop);
}

function paintMap(view, pen, geo, width, height, scrollX, scrollY) {
  const { left, top, cell } = geo, { colors, T } = view;
  pen.clearRect(0, 0, width, height);
  pen.save();
  pen.beginPath();
  pen.rect(left, top, width - left, height - top);
  pen.clip();
  pen.translate(left - scrollX, top - scrollY);
  pen.imageSmoothingEnabled = false;
  pen.drawImage(view.image, 0, 0, T * cell, T * cell);
  const rows = [Math.floor(scrollY / cell), Math.min(T, Math.ceil((scrollY + height - top) / cell))];
  const columns = [Math.floor(scrollX / cell), Math.min(T, Math.ceil((scrollX + width - left) / cell))];
  if (view.isMasked) paintMask(view, pen, cell, rows);
  if (cell >= 10) paintGrid(view, pen, cell, rows, columns);
  if (cell >= 36 && view.isExact) paintNumbers(view, pen, cell, rows, columns);
  pen.strokeStyle = css(colors.hairline);
  pen.lineWidth = 1;
  pen.strokeRect(0.5, 0.5, T * cell - 1, T * cell - 1);
  pen.restore();
  paintLabels(view, pen, geo, rows, columns, scrollX, scrollY);
}

function paintMask(view, pen, cell, [first, end]) {
  pen.beginPath();
  for (let q = first; q < end; q++) pen.rect((q + 1) * cell, q * cell, (view.T - q - 1) * cell, cell);
  pen.fillStyle = hatching(pen, view.colors.panel, view.colors.muted);
  pen.fill();
}

function paintGrid(view, pen, cell, rows, columns) {
  pen.strokeStyle = css(view.colors.hairline, 0.7);
  pen.lineWidth = 1;
  pen.beginPath();
  for (let q = rows[0]; q <= rows[1]; q++) {
    pen.moveTo(columns[0] * cell, q * cell - 0.5);
    pen.lineTo((view.isMasked ? Math.min(columns[1], q + 1) : columns[1]) * cell, q * cell - 0.5);
  }
  for (let k = columns[0]; k <= columns[1]; k++) {
    pen.moveTo(k * cell - 0.5, (view.isMasked ? Math.max(rows[0], k - 1) : rows[0]) * cell);
    pen.lineTo(k * cell - 0.5, rows[1] * cell);
  }
  pen.stroke();
}

function paintNumbers(view, pen, cell, rows, columns) {
  pen.font = `${cell >= 48 ? 13 : 11}px ${view.font}`;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  const { ink, ground } = view.colors;
  for (let q = rows[0]; q < rows[1]; q++) {
    for (let k = columns[0]; k < columns[1]; k++) {
      if (isHidden(view, q, k)) continue;
      const at = q * view.T + k, color = tableColor(view.table, view.pixels[at]);
      pen.fillStyle = css(readableOn(color, ink, ground));
      const text = view.values === "weights" ? brief(view.pattern[at]) : fixed(view.scores[at], cell >= 48 ? 2 : 1);
      pen.fillText(text, (k + 0.5) * cell, (q + 0.5) * cell);
    }
  }
}

function paintLabels(view, pen, geo, rows, columns, scrollX, scrollY) {
  const step = Math.ceil(LINE / geo.cell), { colors } = view;
  const lit = { query: colors.query, key: colors.key };
  pen.font = `600 ${FONT}px ${view.font}`;
  pen.textBaseline = "middle";
  // The axis titles keep their own strip; token labels never enter it.
  pen.fillStyle = css(lit.key);
  pen.textAlign = "left";
  pen.fillText(KEY_TITLE, geo.left, LINE / 2 + 1);
  pen.save();
  pen.beginPath();
  pen.rect(0, 0, geo.left - PAD / 2, geo.top);
  pen.clip();
  pen.textAlign = "right";
  pen.fillStyle = css(lit.query);
  pen.fillText(QUERY_TITLE, geo.left - PAD, geo.top - LINE - 2);
  pen.restore();
  for (let q = Math.ceil(rows[0] / step) * step; q < rows[1]; q += step) label(view, pen, geo, "query", q, scrollY, null);
  for (let k = Math.ceil(columns[0] / step) * step; k < columns[1]; k += step) label(view, pen, geo, "key", k, scrollX, null);
}

/** One token label beside its row or above its column; `fill` puts a plate of that colour behind it. */
function label(view, pen, geo, side, index, scroll, fill) {
  const { left, top, cell, isFlat } = geo, isRow = side === "query", { colors } = view;
  const at = (isRow ? top : left) + (index + 0.5) * cell - scroll;
  if (at < (isRow ? top : left) || at > (isRow ? view.size[1] : view.size[0]) + cell) return;
  const room = isRow ? left - PAD : isFlat ? cell : top - LINE - PAD;
  pen.save();
  pen.font = `${fill ? "600 " : ""}${FONT}px ${view.font}`;
  pen.textBaseline = "middle";
  if (isRow) pen.translate(left - PAD / 2 - 2, at);
  else pen.translate(at, top - PAD / 2 - (isFlat ? LINE / 2 : 0));
  if (!isRow && isFlat) {
    pen.textAlign = "center";
    plate(pen, fill, -cell / 2, -LINE - 2, cell, 2 * LINE + 4);
    pen.fillStyle = css(fill ? colors.ground : colors.muted);
    pen.fillText(String(index), 0, -LINE / 2 - 1);
    pen.fillStyle = css(fill ? colors.ground : colors.ink);
    pen.fillText(elide(pen, view.labels[index], cell), 0, LINE / 2);
    pen.restore();
    return;
  }
  if (!isRow) pen.rotate(-Math.PI / 2);
  pen.textAlign = isRow ? "right" : "left";
  const text = elide(pen, caption(view, index), room), wide = pen.measureText(text).width;
  // The plate behind a chosen label hides its neighbours, but not the other axis' title.
  const from = Math.max(-LINE, (isRow ? top : left) - at);
  if (fill && cell < LINE) plate(pen, colors.ground, isRow ? -room : -2, from, room + 2, LINE - from);
  plate(pen, fill, isRow ? -wide - 4 : -2, -LINE / 2, wide + 6, LINE);
  const number = String(index);
  pen.fillStyle = css(fill ? colors.ground : colors.ink);
  if (fill || !text.startsWith(number)) pen.fillText(text, 0, 0);
  else {
    const start = isRow ? -wide : 0;
    pen.textAlign = "left";
    pen.fillStyle = css(colors.muted);
    pen.fillText(number, start, 0);
    pen.fillStyle = css(colors.ink);
    pen.fillText(text.slice(number.length), start + pen.measureText(number).width, 0);
  }
  pen.restore();
}

function plate(pen, fill, x, y, width, height) {
  if (!fill) return;
  pen.fillStyle = css(fill);
  pen.beginPath();
  pen.roundRect(x, y, width, height, 3);
  pen.fill();
}

function repaintMarks(view) {
  view.pending ??= requestAnimationFrame(() => {
    view.pending = null;
    paintMarks(view);
    tell(view);
  });
}

/** The row and column under the pointer, the cursor, the chosen cell: a layer above the map. */
function paintMarks(view) {
  const { marker: pen, geo, size: [width, height], colors, frame } = view;
  const { left, top, cell } = geo, x = left - frame.scrollLeft, y = top - frame.scrollTop;
  const lit = view.hover ?? (view.isFocused ? view.cursor : null);
  pen.clearRect(0, 0, width, height);
  pen.save();
  pen.beginPath();
  pen.rect(left, top, width - left, height - top);
  pen.clip();
  if (lit) {
    const [q, k] = lit, long = view.T * cell;
    band(pen, x, y + q * cell, long, cell, colors.query);
    band(pen, x + k * cell, y, cell, long, colors.key);
    pen.clearRect(x + k * cell, y + q * cell, cell, cell);
    outline(pen, x + k * cell, y + q * cell, cell, colors.ink, 1.5);
  }
  const [q, k] = view.selected;
  outline(pen, x + k * cell, y + q * cell, cell, colors.accent, 2.5);
  pen.restore();
  for (const [index, side] of [[(lit ?? view.selected)[0], "query"], [(lit ?? view.selected)[1], "key"]]) {
    label(view, pen, geo, side, index, side === "query" ? frame.scrollTop : frame.scrollLeft, colors[side]);
  }
}

function band(pen, x, y, width, height, color) {
  pen.fillStyle = css(color, 0.16);
  pen.fillRect(x, y, width, height);
  pen.strokeStyle = css(color, 0.8);
  pen.lineWidth = 1;
  pen.strokeRect(x + 0.5, y + 0.5, width - 1, height - 1);
}

function outline(pen, x, y, cell, color, line) {
  const grow = Math.max(0, (6 - cell) / 2) + line / 2 - 1;
  pen.strokeStyle = css(color);
  pen.lineWidth = line;
  pen.strokeRect(x - grow, y - grow, cell + 2 * grow, cell + 2 * grow);
}

function legendWords(view) {
  const scale = view.values === "weights"
    ? "weight 0 … 1, colour follows its square root, so that small weights can be seen"
    : `score −${fixed(view.limit, 2)} … 0 … +${fixed(view.limit, 2)}, q · k / √d_head`;
  return view.isMasked ? `${scale}; hatched: masked, comes later` : scale;
}

function paintLegend(view, pen, y, width) {
  const { colors, table } = view, key = view.isMasked ? 150 : 0, edge = 28, long = width - key - 2 * edge, high = 12;
  pen.font = `${FONT}px ${view.font}`;
  pen.textBaseline = "top";
  for (let i = 0; i < long; i++) {
    pen.fillStyle = css(tableColor(table, Math.round((i / (long - 1)) * 255)));
    pen.fillRect(edge + i, y + 4, 1.5, high);
  }
  pen.strokeStyle = css(colors.hairline);
  pen.lineWidth = 1;
  pen.strokeRect(edge + 0.5, y + 4.5, long - 1, high - 1);
  pen.fillStyle = css(colors.muted);
  pen.textAlign = "center";
  const marks = view.values === "weights" ? TICKS.map((share) => [Math.sqrt(share), String(share)])
    : [[0, `−${fixed(view.limit, 2)}`], [0.5, "0"], [1, `+${fixed(view.limit, 2)}`]];
  let end = width - key;
  // From the strong end down: where there is no room, the smaller marks go unnamed.
  for (const [at, text] of [...marks].reverse()) {
    const x = edge + at * (long - 1), half = pen.measureText(text).width / 2;
    pen.fillRect(x, y + 4 + high, 1, 4);
    const isLast = at === 0;
    if (x + half > end - (isLast ? 0 : 4) || (!isLast && x - half < edge + 12)) continue;
    pen.fillText(text, x, y + high + 10);
    end = x - half - 4;
  }
  if (!key) return;
  pen.fillStyle = hatching(pen, colors.panel, colors.muted);
  pen.fillRect(width - key + 16, y + 4, 24, high);
  pen.strokeRect(width - key + 16.5, y + 4.5, 23, high - 1);
  pen.fillStyle = css(colors.muted);
  pen.textAlign = "left";
  pen.fillText("masked", width - key + 48, y + 4);
}

// ---- what is under the hand

function isHidden(view, q, k) {
  return view.isMasked && k > q;
}

function cellAt(view, event) {
  const box = view.stage.getBoundingClientRect(), { left, top, cell } = view.geo;
  const x = event.clientX - box.left - left, y = event.clientY - box.top - top;
  if (x < 0 || y < 0) return null;
  const k = Math.floor((x + view.frame.scrollLeft) / cell), q = Math.floor((y + view.frame.scrollTop) / cell);
  return q < view.T && k < view.T ? [q, k] : null;
}

function point(view, cell) {
  if (String(cell) === String(view.hover)) return;
  view.hover = cell;
  repaintMarks(view);
}

function choose(view, cell) {
  view.selected = view.cursor = cell;
  repaintMarks(view);
  view.setState("cell", cell);
}

function onKey(view, event) {
  const [q, k] = view.cursor, last = view.T - 1;
  const to = { ArrowUp: [q - 1, k], ArrowDown: [q + 1, k], ArrowLeft: [q, k - 1], ArrowRight: [q, k + 1],
    Home: [q, 0], End: [q, view.isMasked ? q : last] }[event.key];
  if (event.key === "Enter" || event.key === " ") choose(view, view.cursor);
  else if (to) {
    view.cursor = to.map((at) => Math.min(last, Math.max(0, at)));
    view.hover = null;
    reveal(view, view.cursor);
    repaintMarks(view);
  } else return;
  event.preventDefault();
}

function reveal(view, [q, k]) {
  const { frame, geo: { left, top, cell }, size: [width, height] } = view;
  const into = (at, scroll, room) => (at < scroll ? at : at + cell > scroll + room ? at + cell - room : scroll);
  frame.scrollTop = into(q * cell, frame.scrollTop, height - top - PAD);
  frame.scrollLeft = into(k * cell, frame.scrollLeft, width - left - PAD);
}

/** Both numbers of a cell in words; "about" where only its colour was sent. */
function words(view, [q, k]) {
  if (isHidden(view, q, k)) return { score: null, weight: "0 %, masked: comes later" };
  const at = q * view.T + k, { row } = view;
  if (view.isExact) return { score: fixed(view.scores[at]), weight: weightWords(view.pattern[at]) };
  if (q === row.query) return { score: fixed(row.scores[k]), weight: weightWords(row.pattern[k]) };
  const share = about(view, at);
  return view.values === "weights" ? { score: null, weight: `about ${percent(share)}` }
    : { score: `about ${fixed(share, 1)}`, weight: null };
}

function weightWords(share) {
  return `${percent(share)} (${precise(share)})`;
}

/** The number that a pixel's colour stands for. */
function about(view, at) {
  const step = view.pixels[at];
  return view.values === "weights" ? (step / 255) ** 2 : (step / 127.5 - 1) * view.limit;
}

/** The line under the map: both tokens, both numbers, the row's sum. */
function tell(view) {
  const cell = view.hover ?? (view.isFocused ? view.cursor : view.selected), { score, weight } = words(view, cell);
  const parts = [token(view, "query", cell[0]), " looks at ", token(view, "key", cell[1]), ": "];
  if (score) parts.push("score ", strong(score), weight ? ", " : "");
  if (weight) parts.push("weight ", strong(weight));
  parts.push(`. Row ${cell[0]} sums to ${fixed(view.sums[cell[0]])}.`);
  const text = parts.map((part) => part.textContent ?? part).join("");
  if (view.told === text) return;
  view.told = text;
  view.reading.replaceChildren(...parts);
}

function tipLines(view, cell) {
  const { score, weight } = words(view, cell), lines = [[token(view, "query", cell[0]), " → ", token(view, "key", cell[1])]];
  if (score) lines.push(["score ", strong(score)]);
  if (weight) lines.push(["weight ", strong(weight)]);
  return lines.map((parts) => {
    const line = document.createElement("div");
    line.append(...parts);
    return line;
  });
}

function token(view, side, index) {
  const node = document.createElement("span");
  node.className = `token ${side}`;
  node.textContent = `${side[0]} ${view.labels[index]}`;
  const place = document.createElement("sub");
  place.textContent = String(index);
  node.append(place);
  return node;
}

function strong(text) {
  const node = document.createElement("strong");
  node.className = "mono";
  node.textContent = text;
  return node;
}

// ---- taking it away

function fileName(view, ending) {
  return `${view.title.toLowerCase().replace(/[^a-z0-9]+/g, "-")}-${view.values}.${ending}`;
}

async function savePicture(view) {
  const cell = Math.min(40, Math.max(2, Math.floor(1200 / view.T))), scale = view.T > 300 ? 1 : 2;
  const geo = geometry(view, 1600, cell), head = 40, foot = 56;
  const width = Math.max(geo.width, 480), sheet = document.createElement("canvas");
  const pen = sharpen(sheet, width, geo.height + head + foot, scale);
  const inner = document.createElement("canvas"), brush = sharpen(inner, geo.width, geo.height, scale);
  const shown = view.size;
  view.size = [geo.width, geo.height];
  paintMap(view, brush, geo, geo.width, geo.height, 0, 0);
  view.size = shown;
  pen.fillStyle = css(view.colors.ground);
  pen.fillRect(0, 0, width, geo.height + head + foot);
  pen.drawImage(inner, 0, head, geo.width, geo.height);
  pen.fillStyle = css(view.colors.ink);
  pen.font = `600 16px ${view.font}`;
  pen.textBaseline = "middle";
  pen.fillText(`${view.title} · attention ${view.values}`, PAD, head / 2);
  paintLegend(view, pen, geo.height + head + 4, Math.min(width, 480));
  sheet.toBlob((blob) => saveBlob(blob, fileName(view, "png")));
}

function saveNumbers(view) {
  const kind = view.isExact ? ["score", "weight"] : [`about_${view.values}`];
  const rows = [["query_position", "query", "key_position", "key", "masked", ...kind]];
  for (let q = 0; q < view.T; q++) {
    for (let k = 0; k < view.T; k++) {
      const at = q * view.T + k, place = [q, view.labels[q], k, view.labels[k], isHidden(view, q, k)];
      if (view.isExact) rows.push([...place, view.scores[at], view.pattern[at]]);
      else rows.push([...place, about(view, at)]);
    }
  }
  saveTable(rows, fileName(view, "csv"));
}
