// Vectors one below the other, each number a coloured cell. Hover, arrow keys, click.
// `data` is described in pages/components/vectors.py. Everything but a click stays in the browser.

const MIN_CELL = 9, MAX_CELL = 56, NUMBER_CELL = 50, LINE = 20, MAX_ROWS = 24;
const HEAD = 18, PAD = 6, MAX_GUTTER = 132, FONT = 12;
const HUES = { query: "query", key: "key", value: "value", attention: "attention" };

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
  const button = (parent, text, label, act) => {
    const it = make("button", "", parent, { type: "button", textContent: text, title: label, onclick: act });
    it.setAttribute("aria-label", label);
    return it;
  };
  const view = { root, isAll: false, firstColumn: 0, firstRow: 0, hover: null };
  view.frame = make("div", "frame", root);
  view.stage = make("div", "stage", view.frame, { tabIndex: 0 });
  view.stage.setAttribute("role", "application");
  view.cells = make("canvas", "cells", view.stage);
  view.marks = make("canvas", "marks", view.stage);
  for (const canvas of [view.cells, view.marks]) canvas.setAttribute("aria-hidden", "true");
  view.parts = {
    column: windowBar(view, make("div", "part", root), button, "dimensions"),
    row: windowBar(view, make("div", "part", root), button, "rows"),
  };
  view.all = button(view.parts.column.bar, "Draw all", "Draw every dimension in thin columns", () => {
    view.isAll = !view.isAll;
    layout(view);
  });
  view.legend = make("canvas", "legend", root);
  view.legend.setAttribute("role", "img");
  view.reading = make("p", "reading", root);
  view.reading.setAttribute("aria-live", "polite");
  const bar = make("div", "bar saving", root);
  button(bar, "Save picture", "These cells with their labels and legend, as PNG", () => savePicture(view));
  button(bar, "Save numbers", "Every number of every row, as CSV", () => saveNumbers(view));
  view.tip = pointerTip(root);
  listen(view);
  view.watcher = new ResizeObserver(() => view.frame.clientWidth !== view.width && layout(view));
  view.watcher.observe(view.frame);
  return view;
}

/** The line that says which part is drawn, with the way to the rest. */
function windowBar(view, bar, button, noun) {
  const part = { bar, noun, text: document.createElement("span") };
  const step = (sign) => () => move(view, noun, sign);
  part.back = button(bar, "‹", `Earlier ${noun}`, step(-1));
  bar.append(part.text);
  part.on = button(bar, "›", `Later ${noun}`, step(1));
  return part;
}

function move(view, noun, sign) {
  if (noun === "rows") view.firstRow = clamp(view.firstRow + sign * view.nRow, view.sent[0], view.sent[1] - view.nRow);
  else view.firstColumn = clamp(view.firstColumn + sign * view.nColumn, 0, view.d - view.nColumn);
  layout(view);
}

function clamp(value, low, high) {
  return Math.max(low, Math.min(high, value));
}

function listen(view) {
  const { stage } = view;
  stage.onpointermove = (event) => {
    if (event.pointerType !== "mouse") return;
    const cell = cellAt(view, event);
    view.hover = cell;
    repaintMarks(view);
    if (cell) view.tip.show(event.clientX, event.clientY, ...sayCell(view, cell));
    else view.tip.hide();
  };
  stage.onpointerleave = () => { view.tip.hide(); view.hover = null; repaintMarks(view); };
  stage.onclick = (event) => {
    const cell = cellAt(view, event);
    if (cell) choose(view, cell);
  };
  stage.onkeydown = (event) => onKey(view, event);
  stage.onfocus = () => { view.isFocused = true; repaintMarks(view); };
  stage.onblur = () => { view.isFocused = false; repaintMarks(view); };
}

function read(view, data) {
  const values = numbersOf(data.values), d = data.n_column;
  const n = values.length / d;
  const isMoved = view.row !== data.row || view.column !== data.column || view.d !== d;
  Object.assign(view, {
    values, d, labels: data.labels, sent: [data.first_row, data.first_row + n],
    row: data.row, column: data.column, role: data.role, limit: data.limit, isSigned: data.is_signed, title: data.title,
  });
  view.decimals = clamp(3 - Math.floor(Math.log10(data.limit)), 1, 7);
  view.cursor = [data.row ?? data.first_row, data.column ?? 0];
  view.hover = null;
  if (isMoved) view.mustSee = true;
  const it = (view.colors = roleColors(view.root, "ink", "muted", "ground", "panel", "hairline",
    "query", "key", "value", "attention", "positive", "negative", "accent"));
  const strong = it[HUES[data.role] ?? "positive"];
  // In one hue, negative numbers go towards grey; the dash in their cells says it without colour.
  const weak = HUES[data.role] ? it.muted : it.negative;
  view.table = data.is_signed ? colorTable(weak, it.ground, strong) : colorTable(it.ground, strong);
  view.stage.setAttribute("aria-label",
    `${data.title}: ${data.labels.length} rows of ${d} numbers. Arrow keys move, Enter chooses.`);
}

function valueAt(view, [row, column]) {
  return view.values[(row - view.sent[0]) * view.d + column];
}

function tableIndex(view, value) {
  const part = clamp(value / view.limit, -1, 1);
  return Math.round(view.isSigned ? (part + 1) * 127.5 : Math.max(part, 0) * 255);
}

/** Decide which part is drawn and how large its cells are; then draw all of it. */
function layout(view) {
  view.width = view.frame.clientWidth;
  if (!view.width) return;
  const pen = view.cells.getContext("2d"), font = getComputedStyle(view.root).fontFamily;
  view.font = `${FONT}px ${getComputedStyle(view.root).getPropertyValue("--mono") || font}`;
  pen.font = view.font;
  const longest = Math.max(...view.labels.map((label) => pen.measureText(label).width), 8);
  const gutter = Math.min(longest + 2 * PAD, MAX_GUTTER, view.width / 3);
  const room = Math.floor(view.width - gutter - 2 * PAD);
  view.left = Math.ceil(gutter);
  chooseColumns(view, room);
  view.nRow = Math.min(MAX_ROWS, view.sent[1] - view.sent[0]);
  if (view.mustSee) showChosen(view);
  view.firstRow = clamp(view.firstRow, view.sent[0], view.sent[1] - view.nRow);
  view.firstColumn = clamp(view.firstColumn, 0, view.d - view.nColumn);
  sayParts(view);
  paint(view);
  drawLegend(view.legend, view);
  repaintMarks(view);
}

function chooseColumns(view, room) {
  const fits = Math.floor(room / MIN_CELL);
  view.isPart = fits < view.d;
  if (view.isPart && !view.isAll) {
    // A round count of dimensions is easier to speak of: 64 of 768.
    view.nColumn = 2 ** Math.floor(Math.log2(Math.max(fits, 4)));
    view.cell = room / view.nColumn;
  } else {
    view.nColumn = view.d;
    view.cell = Math.max(1, Math.min(MAX_CELL, room / view.d));
  }
  if (view.cell > 4) view.cell = Math.floor(view.cell);
}

function showChosen(view) {
  view.mustSee = false;
  const [row, column] = view.cursor;
  if (row < view.firstRow || row >= view.firstRow + view.nRow) view.firstRow = row - (view.nRow >> 1);
  if (column < view.firstColumn || column >= view.firstColumn + view.nColumn) {
    view.firstColumn = Math.floor(column / view.nColumn) * view.nColumn;
  }
}

function sayParts(view) {
  const { column, row } = view.parts;
  const n = view.labels.length;
  column.bar.hidden = !view.isPart;
  column.text.textContent = view.isAll
    ? `all ${view.d} dimensions`
    : `dimensions ${view.firstColumn}–${view.firstColumn + view.nColumn - 1}: ${view.nColumn} of ${view.d}`;
  view.all.textContent = view.isAll ? "Draw larger" : "Draw all";
  column.back.hidden = column.on.hidden = view.isAll;
  column.back.disabled = view.firstColumn === 0;
  column.on.disabled = view.firstColumn + view.nColumn >= view.d;
  row.bar.hidden = view.nRow >= n;
  row.text.textContent = `rows ${view.firstRow}–${view.firstRow + view.nRow - 1}: ${view.nRow} of ${n}`;
  row.back.disabled = view.firstRow <= view.sent[0];
  row.on.disabled = view.firstRow + view.nRow >= view.sent[1];
}

function extent(view) {
  return {
    width: Math.ceil(view.left + view.nColumn * view.cell + 2 * PAD),
    height: HEAD + view.nRow * LINE + PAD + 2,
  };
}

function paint(view) {
  const { width, height } = extent(view);
  const ctx = sharpen(view.cells, width, height);
  drawCells(ctx, view);
  sharpen(view.marks, width, height);
  view.stage.style.height = `${height}px`;
}

function drawCells(ctx, view) {
  const { ink, muted } = view.colors, width = view.nColumn * view.cell, height = view.nRow * LINE;
  ctx.font = view.font;
  ctx.textBaseline = "middle";
  drawTicks(ctx, view, muted);
  for (let r = 0; r < view.nRow; r++) {
    const row = view.firstRow + r;
    ctx.fillStyle = css(ink);
    ctx.textAlign = "right";
    if (row === view.row) ctx.font = `bold ${view.font}`;
    ctx.fillText(elide(ctx, view.labels[row], view.left - 2 * PAD), view.left - PAD - 2, HEAD + (r + 0.5) * LINE);
    ctx.font = view.font;
  }
  const indices = [];
  for (let r = 0; r < view.nRow; r++) {
    for (let c = 0; c < view.nColumn; c++) {
      indices.push(tableIndex(view, valueAt(view, [view.firstRow + r, view.firstColumn + c])));
    }
  }
  ctx.imageSmoothingEnabled = false;
  ctx.drawImage(pixelImage(indices, view.table, view.nColumn, view.nRow), view.left, HEAD, width, height);
  if (view.cell >= MIN_CELL) drawGrid(ctx, view, indices);
  drawFrame(ctx, view, width, height);
}

function drawTicks(ctx, view, muted) {
  ctx.fillStyle = css(muted);
  ctx.textAlign = "center";
  let free = -Infinity;
  for (let c = 0; c < view.nColumn; c++) {
    const index = view.firstColumn + c, x = view.left + (c + 0.5) * view.cell;
    if (view.nColumn > 8 && index % 8) continue;
    if (x - free < ctx.measureText("0000").width) continue;
    ctx.fillText(String(index), x, HEAD / 2 - 1);
    free = x;
  }
}

/** Hairlines between cells, a dash in negative ones, the number itself where there is room. */
function drawGrid(ctx, view, indices) {
  const { hairline, ink, ground } = view.colors, { cell } = view;
  ctx.textAlign = "center";
  for (let i = 0; i < indices.length; i++) {
    const r = Math.floor(i / view.nColumn), c = i % view.nColumn;
    const x = view.left + c * cell, y = HEAD + r * LINE;
    ctx.strokeStyle = css(hairline, 0.7);
    ctx.lineWidth = 0.5;
    ctx.strokeRect(x, y, cell, LINE);
    const value = valueAt(view, [view.firstRow + r, view.firstColumn + c]);
    ctx.fillStyle = css(readableOn(tableColor(view.table, indices[i]), ink, ground), cell >= NUMBER_CELL ? 1 : 0.45);
    if (cell >= NUMBER_CELL) ctx.fillText(fixed(value, view.decimals), x + cell / 2, y + LINE / 2 + 1);
    else if (value < 0) ctx.fillRect(x + cell / 2 - 2, y + LINE / 2 - 0.5, 4, 1);
  }
}

/** Learned weights stand in a double frame, computed values in a single one. */
function drawFrame(ctx, view, width, height) {
  ctx.strokeStyle = css(view.colors[HUES[view.role] ?? "muted"]);
  ctx.lineWidth = 1;
  ctx.strokeRect(view.left - 0.5, HEAD - 0.5, width + 1, height + 1);
  if (view.role === "weights") ctx.strokeRect(view.left - 3.5, HEAD - 3.5, width + 7, height + 7);
}

function drawLegend(canvas, view, into = null) {
  const width = Math.min(view.width, 420), height = 34, { ink, muted } = view.colors;
  const ctx = into ?? sharpen(canvas, width, height);
  const end = String(Number(view.limit.toPrecision(3))), bar = 124;
  const strip = pixelImage(Array.from({ length: 256 }, (_, i) => i), view.table, 256, 1);
  ctx.drawImage(strip, 0, 0, bar, 12);
  ctx.strokeStyle = css(view.colors.hairline);
  ctx.lineWidth = 1;
  ctx.strokeRect(0.5, 0.5, bar - 1, 11);
  ctx.font = view.font;
  ctx.textBaseline = "middle";
  ctx.fillStyle = css(muted);
  ctx.textAlign = "left";
  ctx.fillText(view.isSigned ? `−${end}` : "0", 0, 24);
  ctx.textAlign = "right";
  ctx.fillText(end, bar, 24);
  if (view.isSigned) {
    ctx.textAlign = "center";
    ctx.fillText("0", bar / 2, 24);
  }
  ctx.textAlign = "left";
  ctx.fillStyle = css(ink);
  const kind = view.role === "weights" ? "double frame: learned weights" : "single frame: computed";
  ctx.fillText(elide(ctx, kind, width - bar - 12), bar + 12, 6);
  ctx.fillStyle = css(muted);
  if (view.isSigned) ctx.fillText(elide(ctx, "left negative, right positive", width - bar - 12), bar + 12, 24);
  canvas?.setAttribute("aria-label",
    `Colours from ${view.isSigned ? `−${end}` : "0"} to ${end}, ${kind}`);
}

function repaintMarks(view) {
  const { width, height } = extent(view), { accent, ink } = view.colors;
  const ctx = view.marks.getContext("2d");
  ctx.clearRect(0, 0, width, height);
  const box = (row, column, nRow, nColumn, color, line) => {
    const r = row - view.firstRow, c = column - view.firstColumn;
    if (r + nRow <= 0 || c + nColumn <= 0 || r >= view.nRow || c >= view.nColumn) return;
    ctx.strokeStyle = css(color);
    ctx.lineWidth = line;
    ctx.strokeRect(view.left + Math.max(c, 0) * view.cell, HEAD + Math.max(r, 0) * LINE,
      Math.min(nColumn, view.nColumn) * view.cell, Math.min(nRow, view.nRow) * LINE);
  };
  const { row, column } = view;
  if (row !== null && column !== null) box(row, column, 1, 1, accent, 2.5);
  else if (row !== null) box(row, view.firstColumn, 1, view.nColumn, accent, 2);
  else if (column !== null) box(view.firstRow, column, view.nRow, 1, accent, 2);
  const at = view.hover ?? (view.isFocused ? view.cursor : null);
  if (at) box(at[0], at[1], 1, 1, ink, 1.5);
  const chosen = at ?? (row !== null && column !== null ? [row, column] : null);
  if (chosen) view.reading.replaceChildren(...sayCell(view, chosen));
  else if (view.role === "weights") view.reading.textContent = "Point at a cell to read it: it was learned, nothing made it in this run. Click it to choose its column.";
  else view.reading.textContent = "Point at a cell to read it, click it for where it comes from.";
}

function sayCell(view, cell) {
  const name = document.createElement("span");
  name.className = "token";
  name.textContent = view.labels[cell[0]];
  const value = document.createElement("b");
  value.className = "mono";
  value.textContent = fixed(valueAt(view, cell), view.decimals);
  return [name, ` dimension ${cell[1]}: `, value];
}

function cellAt(view, event) {
  const box = view.cells.getBoundingClientRect();
  const column = Math.floor((event.clientX - box.left - view.left) / view.cell);
  const row = Math.floor((event.clientY - box.top - HEAD) / LINE);
  if (row < 0 || row >= view.nRow || column < 0 || column >= view.nColumn) return null;
  return [row + view.firstRow, column + view.firstColumn];
}

const STEPS = {
  ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0],
  Home: [0, -Infinity], End: [0, Infinity], PageUp: [0, -16], PageDown: [0, 16],
};

function onKey(view, event) {
  if (event.key === "Enter" || event.key === " ") choose(view, view.cursor);
  else if (STEPS[event.key]) {
    const [down, right] = STEPS[event.key];
    view.cursor = [
      clamp(view.cursor[0] + down, view.sent[0], view.sent[1] - 1),
      clamp(view.cursor[1] + right, 0, view.d - 1),
    ];
    view.hover = null;
    view.mustSee = true;
    layout(view);
  } else return;
  event.preventDefault();
}

function choose(view, cell) {
  view.cursor = cell;
  [view.row, view.column] = cell;
  view.setState("cell", cell);
  paint(view);
  repaintMarks(view);
}

function savePicture(view) {
  const { width, height } = extent(view), canvas = document.createElement("canvas");
  const top = 28, full = Math.max(width, 440);
  const ctx = sharpen(canvas, full, top + height + 48, 2);
  ctx.fillStyle = css(view.colors.ground);
  ctx.fillRect(0, 0, full, top + height + 48);
  ctx.fillStyle = css(view.colors.ink);
  ctx.font = `bold ${view.font}`;
  ctx.fillText(elide(ctx, view.title, full - 16), 8, 18);
  ctx.translate(0, top);
  drawCells(ctx, view);
  ctx.translate(8, height + 4);
  drawLegend(null, view, ctx);
  canvas.toBlob((blob) => saveBlob(blob, fileNamed(view.title, "png")));
}

function saveNumbers(view) {
  const rows = [["row", "label", ...Array.from({ length: view.d }, (_, i) => `dimension ${i}`)]];
  for (let row = view.sent[0]; row < view.sent[1]; row++) {
    const numbers = Array.from({ length: view.d }, (_, column) => Number(valueAt(view, [row, column]).toPrecision(9)));
    rows.push([row, view.labels[row], ...numbers]);
  }
  saveTable(rows, fileNamed(view.title, "csv"));
}
