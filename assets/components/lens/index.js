// The logit lens: a row for each stage of the residual stream, a column for each token.
// `data` is described in pages/components/lens.py. Everything but a click stays in the browser.

const CELL_WIDTH = 78, MAX_CELL = 128, LINE = 42, HEAD = 44, PAD = 4;
const VIEWS = { top: "Likeliest token", rank: "Rank of the final choice", entropy: "How undecided" };

export default function ({ parentElement, data, setStateValue }) {
  const root = parentElement.querySelector(".root");
  const view = (root.view ??= build(root));
  view.setState = setStateValue;
  read(view, data);
  layout(view);
  return () => view.watcher.disconnect();
}

function make(tag, className, parent, props = {}) {
  return parent.appendChild(Object.assign(document.createElement(tag), { className, ...props }));
}

function build(root) {
  const view = { root, kind: "top", first: 0, hover: null };
  view.switch = make("div", "bar", root);
  view.switch.setAttribute("role", "group");
  view.part = make("div", "part", root);
  view.frame = make("div", "frame", root);
  view.stage = make("div", "stage", view.frame, { tabIndex: 0 });
  view.stage.setAttribute("role", "application");
  view.cells = make("canvas", "", view.stage);
  view.cells.setAttribute("aria-hidden", "true");
  view.legend = make("p", "legend muted", root);
  view.reading = make("p", "reading", root);
  view.reading.setAttribute("aria-live", "polite");
  const bar = make("div", "saving", root);
  make("button", "", bar, { textContent: "Save picture", onclick: () => savePicture(view) });
  make("button", "", bar, { textContent: "Save numbers", onclick: () => saveNumbers(view) });
  buildPart(view);
  listen(view);
  view.watcher = new ResizeObserver(() => view.frame.clientWidth !== view.width && layout(view));
  view.watcher.observe(view.frame);
  return view;
}

function buildPart(view) {
  const step = (sign) => () => { view.first = clamp(view.first + sign * view.shown, 0, view.n - view.shown); layout(view); };
  view.back = make("button", "", view.part, { textContent: "‹", title: "Earlier tokens", onclick: step(-1) });
  view.told = make("span", "", view.part);
  view.on = make("button", "", view.part, { textContent: "›", title: "Later tokens", onclick: step(1) });
}

function clamp(value, low, high) {
  return Math.max(low, Math.min(high, value));
}

function read(view, data) {
  const isMoved = view.data?.column !== data.column || view.n !== data.labels.length;
  Object.assign(view, {
    data, n: data.labels.length, rows: data.rows.length, top: numbersOf(data.top), hover: null,
    probs: numbersOf(data.probs), ranks: numbersOf(data.ranks), entropies: numbersOf(data.entropies),
    cursor: [data.row, data.column],
  });
  if (isMoved) view.mustSee = true;
  view.colors = roleColors(view.root, "ink", "muted", "ground", "panel", "hairline", "accent", "query");
  view.table = colorTable(view.colors.ground, view.colors.accent);
  view.stage.setAttribute("aria-label", `${data.title}: ${view.rows} rows, ${view.n} tokens. Arrow keys move, Enter chooses.`);
}

function layout(view) {
  view.width = view.frame.clientWidth;
  if (!view.width) return;
  view.gutter = view.width < 520 ? 66 : 104;
  const room = view.width - view.gutter - 2;
  view.shown = clamp(Math.floor(room / CELL_WIDTH), 1, view.n);
  view.cell = Math.min(MAX_CELL, Math.floor(room / view.shown));
  if (view.mustSee) {
    const column = view.cursor[1];
    if (column < view.first || column >= view.first + view.shown) view.first = column - view.shown + 1;
    view.mustSee = false;
  }
  view.first = clamp(view.first, 0, view.n - view.shown);
  view.part.hidden = view.shown >= view.n;
  view.told.textContent = `tokens ${view.data.first + view.first}–${view.data.first + view.first + view.shown - 1} of ${view.data.n_token}`;
  view.back.disabled = view.first === 0;
  view.on.disabled = view.first + view.shown >= view.n;
  paintSwitch(view);
  paint(view);
}

function paintSwitch(view) {
  view.switch.replaceChildren(...Object.entries(VIEWS).map(([kind, text]) => {
    const button = Object.assign(document.createElement("button"), { textContent: text, className: view.kind === kind ? "on" : "" });
    button.setAttribute("aria-pressed", String(view.kind === kind));
    button.onclick = () => { view.kind = kind; paintSwitch(view); paint(view); };
    return button;
  }));
  view.legend.textContent = {
    top: "Shade: probability of the likeliest token, 0 % pale to 100 % full.",
    rank: "Shade: rank of the token that the whole model ends up with, from 1 (full) to 1,000 and worse (pale).",
    entropy: `Shade: entropy in bits, 0 (certain, full) to ${Math.log2(view.data.vocab_size).toFixed(1)} (all ${view.data.vocab_size.toLocaleString("en")} tokens alike, pale).`,
  }[view.kind];
}

function extent(view) {
  return [view.gutter + view.shown * view.cell + 2, HEAD + view.rows * LINE + 2];
}

function fonts(view) {
  const style = getComputedStyle(view.root);
  return { mono: style.getPropertyValue("--mono") || "monospace", words: style.fontFamily };
}

function paint(view) {
  const [width, height] = extent(view);
  draw(view, sharpen(view.cells, width, height));
  view.stage.style.width = `${width}px`;
  tell(view);
}

function draw(view, ctx) {
  const { mono, words } = fonts(view), { ink, muted } = view.colors;
  ctx.textBaseline = "middle";
  for (let c = 0; c < view.shown; c++) drawHead(view, ctx, c, mono);
  for (let row = 0; row < view.rows; row++) {
    const y = HEAD + row * LINE;
    ctx.font = `13px ${words}`;
    ctx.textAlign = "right";
    ctx.fillStyle = css(row === view.rows - 1 ? ink : muted);
    ctx.fillText(elide(ctx, view.data.rows[row], view.gutter - 10), view.gutter - 8, y + LINE / 2);
    for (let c = 0; c < view.shown; c++) drawCell(view, ctx, row, c, mono);
  }
  const at = view.hover ?? (view.isFocused ? view.cursor : null);
  // Within the frame a thin one in the colour of the page: a full cell has the frame's own colour.
  outline(view, ctx, [view.data.row, view.data.column], view.colors.ground, 7);
  outline(view, ctx, [view.data.row, view.data.column], view.colors.accent, 3);
  if (at) outline(view, ctx, at, ink, 1.5);
}

function drawHead(view, ctx, c, mono) {
  const column = view.first + c, x = view.gutter + (c + 0.5) * view.cell, isQuery = column === view.data.column;
  ctx.textAlign = "center";
  ctx.fillStyle = css(isQuery ? view.colors.query : view.colors.ink);
  ctx.font = `${isQuery ? "bold " : ""}13px ${mono}`;
  ctx.fillText(elide(ctx, view.data.labels[column], view.cell - 2 * PAD), x, 14);
  ctx.font = `11px ${mono}`;
  ctx.fillStyle = css(view.colors.muted);
  const second = view.kind === "rank" ? `→ ${view.data.followed[column]}` : String(view.data.first + column);
  ctx.fillText(elide(ctx, second, view.cell - 2 * PAD), x, 32);
}

function share(view, at) {
  if (view.kind === "top") return view.probs[at];
  if (view.kind === "rank") return clamp(1 - Math.log10(view.ranks[at]) / 3, 0, 1);
  return clamp(1 - view.entropies[at] / Math.log2(view.data.vocab_size), 0, 1);
}

function texts(view, at) {
  const name = view.data.names[view.top[at]];
  if (view.kind === "top") return [name, percent(view.probs[at])];
  if (view.kind === "rank") return [`${view.ranks[at].toLocaleString("en")}`, `now ${name}`];
  return [`${view.entropies[at].toFixed(2)}`, "bits"];
}

function drawCell(view, ctx, row, c, mono) {
  const at = row * view.n + view.first + c, x = view.gutter + c * view.cell, y = HEAD + row * LINE;
  const index = Math.round(share(view, at) * 255), color = tableColor(view.table, index);
  ctx.fillStyle = css(color);
  ctx.fillRect(x, y, view.cell, LINE);
  ctx.strokeStyle = css(view.colors.hairline);
  ctx.lineWidth = 1;
  ctx.strokeRect(x + 0.5, y + 0.5, view.cell, LINE);
  ctx.fillStyle = css(readableOn(color, view.colors.ink, view.colors.ground));
  ctx.textAlign = "center";
  const [first, second] = texts(view, at);
  ctx.font = `600 13px ${mono}`;
  ctx.fillText(elide(ctx, first, view.cell - 2 * PAD), x + view.cell / 2, y + 15);
  ctx.font = `11px ${mono}`;
  ctx.fillText(elide(ctx, second, view.cell - 2 * PAD), x + view.cell / 2, y + 31);
}

function outline(view, ctx, [row, column], color, line) {
  const c = column - view.first;
  if (c < 0 || c >= view.shown) return;
  ctx.strokeStyle = css(color);
  ctx.lineWidth = line;
  ctx.strokeRect(view.gutter + c * view.cell + 0.5, HEAD + row * LINE + 0.5, view.cell, LINE);
}

function tell(view) {
  const [row, column] = view.hover ?? (view.isFocused ? view.cursor : [view.data.row, view.data.column]);
  const at = row * view.n + column, token = (text) => Object.assign(document.createElement("span"), { className: "token", textContent: text });
  view.reading.replaceChildren(
    `${view.data.rows[row]}, at `, token(view.data.labels[column]), ` (position ${view.data.first + column}): likeliest `,
    token(view.data.names[view.top[at]]), ` ${percent(view.probs[at])}; the final choice `, token(view.data.followed[column]),
    ` has rank ${view.ranks[at].toLocaleString("en")}; entropy ${view.entropies[at].toFixed(2)} bits.`,
  );
}

function listen(view) {
  const { stage } = view;
  const cellAt = (event) => {
    const box = view.cells.getBoundingClientRect();
    const column = Math.floor((event.clientX - box.left - view.gutter) / view.cell);
    const row = Math.floor((event.clientY - box.top - HEAD) / LINE);
    const isInside = row >= 0 && row < view.rows && column >= 0 && column < view.shown;
    return isInside ? [row, column + view.first] : null;
  };
  stage.onpointermove = (event) => {
    const cell = event.pointerType === "mouse" ? cellAt(event) : null;
    if (String(cell) === String(view.hover)) return;
    view.hover = cell;
    paint(view);
  };
  stage.onpointerleave = () => { view.hover = null; paint(view); };
  stage.onclick = (event) => { const cell = cellAt(event); if (cell) choose(view, cell); };
  stage.onkeydown = (event) => onKey(view, event);
  stage.onfocus = () => { view.isFocused = stage.matches(":focus-visible"); paint(view); };
  stage.onblur = () => { view.isFocused = false; paint(view); };
}

const STEPS = {
  ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0], Home: [0, -Infinity], End: [0, Infinity],
};

function onKey(view, event) {
  if (event.key === "Enter" || event.key === " ") choose(view, view.cursor);
  else if (STEPS[event.key]) {
    const [down, right] = STEPS[event.key];
    view.cursor = [clamp(view.cursor[0] + down, 0, view.rows - 1), clamp(view.cursor[1] + right, 0, view.n - 1)];
    Object.assign(view, { hover: null, isFocused: true });
    const c = view.cursor[1];
    if (c < view.first || c >= view.first + view.shown) view.first = c - (view.shown >> 1);
    layout(view);
  } else return;
  event.preventDefault();
}

function choose(view, cell) {
  view.cursor = cell;
  [view.data.row, view.data.column] = cell;
  view.setState("cell", [cell[0], cell[1] + view.data.first]);
  paint(view);
}

function fileName(view, ending) {
  return `${view.data.title.toLowerCase().replaceAll(/[^\p{L}\p{N}]+/gu, "-")}-${view.kind}.${ending}`;
}

function savePicture(view) {
  const [width, height] = extent(view), sheet = document.createElement("canvas"), full = Math.max(width, 560);
  const pen = sharpen(sheet, full, height + 72, 2);
  pen.fillStyle = css(view.colors.ground);
  pen.fillRect(0, 0, full, height + 72);
  pen.fillStyle = css(view.colors.ink);
  pen.font = `600 15px ${fonts(view).words}`;
  pen.fillText(`${view.data.title} · ${VIEWS[view.kind]}`, 8, 22);
  pen.font = `12px ${fonts(view).words}`;
  pen.fillStyle = css(view.colors.muted);
  pen.fillText(elide(pen, view.legend.textContent, full - 16), 8, height + 58);
  pen.translate(0, 36);
  draw(view, pen);
  sheet.toBlob((blob) => saveBlob(blob, fileName(view, "png")));
}

function saveNumbers(view) {
  const rows = [["stage", "position", "token", "likeliest", "probability", "final_choice", "rank_of_final_choice", "entropy_bits"]];
  for (let row = 0; row < view.rows; row++) {
    for (let c = 0; c < view.n; c++) {
      const at = row * view.n + c;
      rows.push([view.data.rows[row], view.data.first + c, view.data.labels[c], view.data.names[view.top[at]],
        view.probs[at], view.data.followed[c], view.ranks[at], view.entropies[at]]);
    }
  }
  saveTable(rows, fileName(view, "csv"));
}
