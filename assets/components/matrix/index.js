// A matrix as a picture, one cell a number: hover reads a cell, arrow keys move, click chooses.
// Uses shared/canvas.js, numbers.js, tip.js. `data` is described in pages/components/matrix.py.

const PAD = 6, LABEL = 12, MOST_NAME = 150, TOP_NAME = 124, SCALE_HEIGHT = 36;
const ROLES = ["ground", "ink", "muted", "hairline", "positive", "negative", "accent"];

export default function ({ parentElement, data, setStateValue }) {
  const root = parentElement.querySelector(".root");
  const view = (root.view ??= build(root));
  view.send = (cell) => setStateValue("cell", cell);
  read(view, data);
  paint(view);
  return () => view.watcher.disconnect();
}

function build(root) {
  const make = (tag, className, parent) =>
    parent.appendChild(Object.assign(document.createElement(tag), { className }));
  const view = { root, hover: null, cursor: null };
  view.stage = make("div", "stage", root);
  view.stage.tabIndex = 0;
  view.stage.setAttribute("role", "img");
  view.canvas = make("canvas", "", view.stage);
  view.marks = make("canvas", "marks", view.stage);
  view.reading = make("p", "reading mono", root);
  view.reading.setAttribute("aria-live", "polite");
  const bar = make("div", "bar", root);
  view.picture = make("button", "", bar);
  view.picture.textContent = "Save picture";
  view.picture.onclick = () => savePicture(view);
  view.table = make("button", "", bar);
  view.table.textContent = "Save numbers";
  view.table.onclick = () => saveNumbers(view);
  view.tip = pointerTip(root);
  const { stage } = view;
  stage.onpointermove = (event) => point(view, cellAt(view, event), event);
  stage.onpointerleave = () => point(view, null);
  stage.onclick = (event) => choose(view, cellAt(view, event));
  stage.onkeydown = (event) => move(view, event);
  view.watcher = new ResizeObserver(() => view.data && root.clientWidth !== view.width && paint(view));
  view.watcher.observe(root);
  return view;
}

function read(view, data) {
  const chosen = data.selected && inside(data, data.selected) ? data.selected : null;
  view.data = data;
  view.pixels = numbersOf(data.pixels);
  view.exact = data.values ? numbersOf(data.values) : null;
  view.selected = chosen;
  view.cursor = chosen ?? (view.cursor && inside(data, view.cursor) ? view.cursor : [0, 0]);
  view.hover = null;
  view.stage.ariaLabel = `${data.title}. Arrow keys read a cell${data.can_choose ? ", Enter chooses it" : ""}.`;
  view.stage.style.cursor = data.can_choose ? "crosshair" : "default";
  view.table.hidden = !view.exact;
}

function inside({ rows, columns }, [row, column]) {
  return row >= 0 && column >= 0 && row < rows && column < columns;
}

// ---- drawing

function paint(view) {
  const { root, data } = view;
  view.width = root.clientWidth;
  if (!view.width) return;
  view.colors = roleColors(root, ...ROLES);
  const { ground, positive, negative } = view.colors;
  view.table256 = data.is_signed ? colorTable(negative, ground, positive) : colorTable(ground, positive);
  view.font = getComputedStyle(root).fontFamily;
  view.mono = getComputedStyle(root).getPropertyValue("--mono");
  view.geo = geometry(view);
  const pen = sharpen(view.canvas, view.geo.width, view.geo.height + SCALE_HEIGHT);
  paintCells(view, pen);
  paintNames(view, pen);
  paintScale(view, pen);
  paintMarks(view);
  tell(view);
}

function geometry({ width, data, mono }) {
  const pen = new OffscreenCanvas(1, 1).getContext("2d");
  pen.font = `${LABEL}px ${mono}`;
  const widest = Math.max(0, ...(data.row_names ?? []).map((name) => pen.measureText(name).width));
  const left = data.row_names ? Math.min(MOST_NAME, Math.ceil(widest) + 14) : 46;
  const room = width - left - PAD;
  const wide = data.most_cell ? Math.min(room, data.most_cell * data.columns) : room;
  const high = data.is_square ? wide * (data.rows / data.columns) : data.row_height * data.rows;
  const top = data.column_names && wide / data.columns >= 11 ? TOP_NAME : 22;
  return { left, top, cell: [wide / data.columns, high / data.rows], wide, high, width, height: top + high + PAD };
}

function paintCells(view, pen) {
  const { data, geo } = view;
  const image = pixelImage(view.pixels, view.table256, data.columns, data.rows);
  pen.imageSmoothingEnabled = Math.min(...geo.cell) < 1;
  pen.drawImage(image, geo.left, geo.top, geo.wide, geo.high);
  pen.strokeStyle = css(view.colors.muted);
  pen.lineWidth = 1;
  pen.strokeRect(geo.left - 0.5, geo.top - 0.5, geo.wide + 1, geo.high + 1);
  if (data.is_learned) pen.strokeRect(geo.left - 3, geo.top - 3, geo.wide + 6, geo.high + 6);
}

function paintNames(view, pen) {
  const { data, geo } = view, [w, h] = geo.cell;
  pen.fillStyle = css(view.colors.muted);
  pen.font = `${LABEL}px ${view.mono}`;
  pen.textBaseline = "middle";
  pen.textAlign = "right";
  if (data.row_names && h >= LABEL) {
    data.row_names.forEach((name, row) =>
      pen.fillText(elide(pen, name, MOST_NAME - 14), geo.left - 9, geo.top + (row + 0.5) * h));
  } else {
    for (const row of stops(data.rows, geo.high / 24)) {
      pen.fillText(String(data.row_ids?.[row] ?? row), geo.left - 9, geo.top + (row + 0.5) * h);
    }
  }
  if (geo.top === TOP_NAME) data.column_names.forEach((name, column) => standingName(pen, name, geo, column));
  else {
    pen.textAlign = "center";
    for (const column of stops(data.columns, geo.wide / 44)) {
      pen.fillText(String(column), geo.left + (column + 0.5) * w, geo.top - 12);
    }
  }
}

function standingName(pen, name, geo, column) {
  pen.save();
  pen.translate(geo.left + (column + 0.5) * geo.cell[0], geo.top - 8);
  pen.rotate(-Math.PI / 2);
  pen.textAlign = "left";
  pen.fillText(elide(pen, name, TOP_NAME - 14), 0, 0);
  pen.restore();
}

/** At most `most` round places on an axis of `count`. */
function stops(count, most) {
  let step = 1;
  while (count / step > Math.max(2, Math.min(8, most))) step *= 2;
  return Array.from({ length: Math.ceil(count / step) }, (_, index) => index * step);
}

function paintScale(view, pen) {
  const { data, geo, colors } = view, y = geo.height + 4, long = Math.max(160, Math.min(240, geo.wide));
  for (let i = 0; i < long; i++) {
    pen.fillStyle = css(tableColor(view.table256, Math.round((i / (long - 1)) * 254)));
    pen.fillRect(geo.left + i, y, 1.5, 10);
  }
  pen.strokeStyle = css(colors.hairline);
  pen.strokeRect(geo.left + 0.5, y + 0.5, long - 1, 9);
  pen.fillStyle = css(colors.muted);
  pen.font = `${LABEL}px ${view.font}`;
  pen.textBaseline = "top";
  const places = [["left", 0], ["center", long / 2], ["right", long]];
  data.scale.forEach((text, index) => {
    pen.textAlign = places[index][0];
    pen.fillText(text, geo.left + places[index][1], y + 15);
  });
}

function paintMarks(view) {
  const { geo, data, colors, hover, selected } = view, [w, h] = geo.cell;
  const pen = sharpen(view.marks, geo.width, geo.height);
  if (data.lit_rows) {
    const [from, to] = data.lit_rows, y = geo.top + from * h, high = Math.max(3, (to - from) * h);
    pen.fillStyle = css(colors.accent);
    pen.fillRect(geo.left - 7, y, 4, high);
    pen.fillRect(geo.left + geo.wide + 3, y, 3, high);
  }
  const isCross = data.is_square || Boolean(data.column_names);
  for (const [cell, color, line] of [[selected, colors.accent, 2], [hover, colors.ink, 1]]) {
    if (!cell) continue;
    pen.strokeStyle = css(color);
    pen.lineWidth = line;
    pen.strokeRect(geo.left, geo.top + cell[0] * h - 1, geo.wide, Math.max(h + 2, 3));
    if (isCross || cell === hover) {
      pen.strokeRect(geo.left + cell[1] * w - 1, geo.top, Math.max(w + 2, 3), geo.high);
    }
  }
}

// ---- the hand

function cellAt({ stage, geo, data }, event) {
  const box = stage.getBoundingClientRect();
  const column = Math.floor((event.clientX - box.left - geo.left) / geo.cell[0]);
  const row = Math.floor((event.clientY - box.top - geo.top) / geo.cell[1]);
  return inside(data, [row, column]) ? [row, column] : null;
}

function point(view, cell, event) {
  view.hover = cell;
  paintMarks(view);
  tell(view);
  if (!cell || !event || event.pointerType === "touch") return view.tip.hide();
  const line = document.createElement("div");
  line.textContent = words(view, cell);
  view.tip.show(event.clientX, event.clientY, line);
}

function choose(view, cell) {
  if (!cell || !view.data.can_choose) return;
  view.selected = view.cursor = cell;
  paintMarks(view);
  tell(view);
  view.send(cell);
}

function move(view, event) {
  const [row, column] = view.cursor, { rows, columns } = view.data;
  const to = { ArrowUp: [row - 1, column], ArrowDown: [row + 1, column], ArrowLeft: [row, column - 1],
    ArrowRight: [row, column + 1], Home: [row, 0], End: [row, columns - 1] }[event.key];
  if (event.key === "Enter" || event.key === " ") choose(view, view.cursor);
  else if (to) {
    view.cursor = [Math.max(0, Math.min(rows - 1, to[0])), Math.max(0, Math.min(columns - 1, to[1]))];
    point(view, view.cursor);
  } else return;
  event.preventDefault();
}

function words(view, cell) {
  const { data } = view, [row, column] = cell;
  const rowName = data.row_names ? data.row_names[row] : `${data.row_word} ${data.row_ids?.[row] ?? row}`;
  const columnName = data.column_names ? data.column_names[column] : `${data.column_word} ${column}`;
  return `${rowName} · ${columnName}: ${numberWords(view, row * data.columns + column)}`;
}

function numberWords({ data, exact, pixels }, at) {
  if (exact) return exact[at] === 0 ? "exactly 0" : fixed(exact[at], data.decimals);
  const value = data.is_signed ? (pixels[at] / 127 - 1) * data.limit : (pixels[at] / 254) * data.limit;
  return `about ${fixed(value, data.decimals)}`;
}

function tell(view) {
  const cell = view.hover ?? view.selected;
  view.reading.textContent = cell ? words(view, cell) : view.data.hint;
}

// ---- taking it away

function fileName(view, ending) {
  return `${view.data.title.toLowerCase().replace(/[^a-z0-9]+/g, "-")}.${ending}`;
}

function savePicture(view) {
  const sheet = document.createElement("canvas"), scale = devicePixelRatio || 1;
  const high = view.geo.height + SCALE_HEIGHT + 32, pen = sharpen(sheet, view.geo.width, high);
  pen.fillStyle = css(view.colors.ground);
  pen.fillRect(0, 0, view.geo.width, high);
  pen.fillStyle = css(view.colors.ink);
  pen.font = `600 14px ${view.font}`;
  pen.fillText(view.data.title, PAD, 20);
  pen.setTransform(1, 0, 0, 1, 0, 0);
  pen.drawImage(view.canvas, 0, 32 * scale);
  sheet.toBlob((blob) => saveBlob(blob, fileName(view, "png")));
}

function saveNumbers(view) {
  const { data, exact } = view;
  const head = ["", ...Array.from({ length: data.columns }, (_, c) => data.column_names?.[c] ?? c)];
  const rows = Array.from({ length: data.rows }, (_, r) => [
    data.row_names?.[r] ?? data.row_ids?.[r] ?? r,
    ...exact.slice(r * data.columns, (r + 1) * data.columns),
  ]);
  saveTable([head, ...rows], fileName(view, "csv"));
}
