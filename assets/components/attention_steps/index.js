// Attention in steps, on one head's own numbers: one cell slowly, then all. Everything drawn is a
// function of the time on the clock, so that play, pause, skip and replay only move the clock.
// `data` is described in pages/components/attention_steps.py.

const STEPS = [
  { name: "1 · q · k", end: 3200 }, { name: "2 · ÷ √d_head", end: 3900 }, { name: "3 · mask", end: 4600 },
  { name: "4 · softmax", end: 5600 }, { name: "all cells", end: 7600 }, { name: "5 · weights × v", end: 9200 },
  { name: "6 · join, project", end: 10400 },
];
const END = STEPS.at(-1).end, ROW = 26, GUTTER = 132;

export default function ({ parentElement, data, setStateValue }) {
  const root = parentElement.querySelector(".root");
  const view = (root.view ??= build(root));
  view.setState = setStateValue;
  read(view, data);
  layout(view);
  return () => {
    view.watcher.disconnect();
    cancelAnimationFrame(view.frame);
  };
}

function node(tag, className = "", text = "", ...children) {
  const it = Object.assign(document.createElement(tag), { className });
  it.append(...(text ? [text] : []), ...children);
  return it;
}

function build(root) {
  const view = { root, clock: END, isPlaying: false, hover: null };
  const bar = node("div", "bar"), act = (text, label, run, kind = "") => {
    const it = Object.assign(node("button", kind, text), { type: "button", onclick: run, title: label });
    bar.append(it);
    return it;
  };
  view.play = act("Play slowly", "One cell step by step, then all", () => toggle(view), "primary");
  view.skip = act("Skip", "Show the end at once", () => jump(view, END));
  view.chips = STEPS.map((step) => act(step.name, `Show this step`, () => jump(view, step.end), "chip"));
  view.said = node("p", "said");
  view.said.setAttribute("aria-live", "polite");
  view.sheet = { vectors: figure("vectors"), maps: ["q · k", "scaled", "masked", "weights"].map((name) => figure(`map ${name}`)) };
  view.maps = node("div", "maps", "", ...view.sheet.maps.map((it) => it.box));
  view.maps.tabIndex = 0;
  view.maps.setAttribute("role", "application");
  view.sheet.values = figure("values");
  view.sheet.joined = figure("joined");
  const saving = node("div", "saving");
  for (const [text, title, save] of [["Save picture", "All steps, as PNG", savePicture], ["Save numbers", "Every cell of the maps, step by step, as CSV", saveNumbers]]) {
    saving.append(Object.assign(node("button", "", text), { type: "button", title, onclick: () => save(view) }));
  }
  root.append(bar, view.said, view.sheet.vectors.box, view.maps, view.sheet.values.box, view.sheet.joined.box, saving);
  view.tip = pointerTip(root);
  listen(view);
  view.watcher = new ResizeObserver(() => root.clientWidth !== view.width && layout(view));
  view.watcher.observe(root);
  return view;
}

/** A picture with a title above and a line of numbers below. */
function figure(className) {
  const it = { box: node("figure", className), title: node("figcaption"), canvas: node("canvas"), line: node("div", "line mono") };
  it.canvas.setAttribute("aria-hidden", "true");
  it.box.append(it.title, it.canvas, it.line);
  return it;
}

function listen(view) {
  const { maps } = view;
  maps.onpointermove = (event) => event.pointerType === "mouse" && setHover(view, cellAt(view, event));
  maps.onpointerleave = () => setHover(view, null);
  maps.onclick = (event) => { const cell = cellAt(view, event); if (cell) view.setState("cell", cell); };
  maps.onkeydown = (event) => onKey(view, event);
  maps.onblur = () => setHover(view, null);
  for (const name of ["vectors", "values", "joined"]) {
    const { canvas } = view.sheet[name];
    canvas.onpointermove = (event) => tell(view, name, event);
    canvas.onpointerleave = () => view.tip.hide();
    canvas.onclick = (event) => {
      const found = numberAt(view, name, event);
      if (found?.kind) view.setState("number", [found.kind, found.head ?? view.head, found.dim]);
    };
  }
}

function read(view, data) {
  const floats = (name) => numbersOf(data[name]);
  Object.assign(view, data, { hover: null });
  for (const name of ["q", "k", "scores", "pattern", "row_scores", "row_pattern", "top_v", "rest_v", "z", "joined", "part", "attn_out"]) view[name] = floats(name);
  view.colors = roleColors(view.root, "ink", "muted", "ground", "panel", "hairline", "query", "key", "value", "attention", "positive", "negative", "accent");
  view.font = getComputedStyle(view.root).getPropertyValue("--mono") || "monospace";
  const it = view.colors;
  view.signed = colorTable(it.negative, it.ground, it.positive);
  view.hue = colorTable(it.ground, it.attention);
  view.root_d = Math.sqrt(view.d_head);
  const [R, C] = view.shape, size = R * C;
  view.dots = Float64Array.from({ length: size }, (_, at) => dot(view, Math.floor(at / C), at % C));
  const limits = [strongest(view.dots), strongest(view.scores)];
  const signed = (numbers, limit) => Uint8Array.from(numbers, (x) => Math.round((Math.max(-1, Math.min(1, x / limit)) + 1) * 127.5));
  const scaled = pixelImage(signed(view.scores, limits[1]), view.signed, C, R);
  view.images = [pixelImage(signed(view.dots, limits[0]), view.signed, C, R), scaled, scaled,
    pixelImage(Uint8Array.from(view.pattern, (p) => Math.round(Math.sqrt(p) * 255)), view.hue, C, R)];
  view.ranges = [limits[0], limits[1], limits[1], 1];
  view.run = `${data.query}/${data.token}`;
  view.maps.setAttribute("aria-label", `${data.title}: four maps of the same cells, ${R} queries down, ${C} keys across. Arrow keys move, Enter chooses a cell.`);
}

/** q · k of a cell of the window, added up in float64 from the model's q and k. */
function dot(view, row, column) {
  let sum = 0;
  for (let c = 0; c < view.d_head; c++) sum += view.q[row * view.d_head + c] * view.k[column * view.d_head + c];
  return sum;
}

function strongest(numbers) {
  return numbers.reduce((most, x) => Math.max(most, Math.abs(x)), 0) || 1;
}

// ---- the clock

function toggle(view) {
  if (view.isPlaying) return pause(view);
  if (view.clock >= END) view.clock = 0;
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return jump(view, nextEnd(view));
  view.isPlaying = true;
  view.last = performance.now();
  view.frame = requestAnimationFrame((now) => tick(view, now));
  paint(view);
}

/** Without motion, Play goes from step to step. */
function nextEnd(view) {
  return STEPS.find((step) => step.end > view.clock).end;
}

function tick(view, now) {
  if (!view.isPlaying) return;
  view.clock = Math.min(END, view.clock + Math.min(100, now - view.last));
  view.last = now;
  if (view.clock >= END) view.isPlaying = false;
  else view.frame = requestAnimationFrame((at) => tick(view, at));
  paint(view);
}

function pause(view) {
  view.isPlaying = false;
  cancelAnimationFrame(view.frame);
  paint(view);
}

function jump(view, clock) {
  view.clock = clock;
  pause(view);
}

/** How far step `index` has come, 0 … 1. */
function progress(view, index) {
  const start = index ? STEPS[index - 1].end : 0;
  return Math.max(0, Math.min(1, (view.clock - start) / (STEPS[index].end - start)));
}

// ---- sizes and painting

function layout(view) {
  view.width = view.root.clientWidth;
  if (!view.width) return;
  const { sheet, width } = view, rows = view.tops.length + (view.rest > 0 ? 1 : 0) + 1;
  sheet.vectors.pen = sharpen(sheet.vectors.canvas, width, 3 * ROW + 4);
  const side = Math.max(120, Math.min(300, Math.floor(sheet.maps[0].box.clientWidth) - 2));
  const [R, C] = view.shape;
  view.cell = side / Math.max(R, C);
  for (const map of sheet.maps) map.pen = sharpen(map.canvas, C * view.cell, R * view.cell);
  sheet.values.pen = sharpen(sheet.values.canvas, width, rows * ROW + 4);
  sheet.joined.pen = sharpen(sheet.joined.canvas, width, 3 * ROW + 4);
  makeRoom(view);
  paint(view);
}

function paint(view) {
  paintVectors(view);
  view.sheet.maps.forEach((map, index) => paintMap(view, map, index));
  paintValues(view);
  paintJoined(view);
  view.play.textContent = view.isPlaying ? "Pause" : view.clock >= END ? "Play slowly" : "Go on";
  view.skip.disabled = view.clock >= END;
  const current = view.clock >= END ? -1 : STEPS.findIndex((step) => view.clock <= step.end);
  view.chips.forEach((chip, index) => chip.classList.toggle("now", index === current));
  say(view, current);
}

/** One strip of numbers as coloured cells with a label in front. `count` cells are shown. */
function strip(view, pen, numbers, y, label, color, { count = numbers.length, limit = strongest(numbers), frame = "computed" } = {}) {
  const long = view.width - GUTTER - 2, wide = long / numbers.length, high = ROW - 8;
  for (let i = 0; i < Math.floor(count); i++) {
    const at = Math.round((Math.max(-1, Math.min(1, numbers[i] / limit)) + 1) * 127.5), shade = tableColor(view.signed, at);
    pen.fillStyle = css(shade);
    pen.fillRect(GUTTER + i * wide, y + 4, Math.max(wide - (wide > 5 ? 1 : 0), 0.6), high);
    if (wide < 44) continue;
    pen.fillStyle = css(readableOn(shade, view.colors.ink, view.colors.ground));
    pen.font = `11px ${view.font}`;
    pen.textAlign = "center";
    pen.fillText(fixed(numbers[i], 2), GUTTER + (i + 0.5) * wide, y + ROW / 2);
  }
  pen.strokeStyle = css(color);
  pen.lineWidth = 1;
  pen.strokeRect(GUTTER - 0.5, y + 3.5, long + 1, high + 1);
  pen.font = `600 12px ${view.font}`;
  pen.textAlign = "left";
  pen.textBaseline = "middle";
  pen.fillStyle = css(color);
  pen.fillText(elide(pen, label, GUTTER - 10), 0, y + ROW / 2);
}

function clear(view, name) {
  const { pen, canvas } = view.sheet[name];
  pen.clearRect(0, 0, canvas.clientWidth || view.width, canvas.height);
  pen.textBaseline = "middle";
  return pen;
}

function vectorsOf(view) {
  const [row, column] = inWindow(view, view.query, view.token), d = view.d_head;
  const q = view.q.subarray(row * d, (row + 1) * d), k = view.k.subarray(column * d, (column + 1) * d);
  return { q, k, products: Float64Array.from(q, (x, c) => x * k[c]) };
}

function paintVectors(view) {
  const pen = clear(view, "vectors"), { q, k, products } = vectorsOf(view), { colors, d_head } = view;
  const count = Math.min(d_head, progress(view, 0) * 1.1 * d_head);
  strip(view, pen, q, 0, `q ${view.query} ${view.labels[view.query]}`, colors.query);
  strip(view, pen, k, ROW, `k ${view.token} ${view.labels[view.token]}`, colors.key);
  strip(view, pen, products, 2 * ROW, "q × k", colors.muted, { count });
  const done = Math.floor(count), sum = products.subarray(0, done).reduce((total, x) => total + x, 0);
  const terms = [...products.subarray(0, Math.min(done, 3))].map((_, c) => `${fixed(q[c], 2)} × ${fixed(k[c], 2)}`).join(" + ");
  view.sheet.vectors.title.textContent = `The chosen cell: ${d_head} products, added`;
  view.sheet.vectors.line.textContent = done === 0 ? " " : `${terms}${done > 3 ? " + …" : ""} = ${fixed(sum)}`
    + (done < d_head ? ` after ${done} of ${d_head}` : "");
}

function paintMap(view, map, index) {
  const { pen } = map, { cell, colors, shape: [R, C] } = view, width = C * cell, height = R * cell;
  const [row, column] = inWindow(view, view.query, view.token), all = progress(view, 4);
  const isStarted = progress(view, index) >= 1, sweep = Math.floor(all * R);
  pen.clearRect(0, 0, width, height);
  pen.fillStyle = css(colors.panel, 0.5);
  pen.fillRect(0, 0, width, height);
  pen.imageSmoothingEnabled = false;
  if (sweep) pen.drawImage(view.images[index], 0, 0, C, sweep, 0, 0, width, sweep * cell);
  if (isStarted && index === 3) pen.drawImage(view.images[3], 0, row, C, 1, 0, row * cell, width, cell);
  else if (isStarted) pen.drawImage(view.images[index], column, row, 1, 1, column * cell, row * cell, cell, cell);
  if (view.is_masked && index >= 2) paintMask(view, pen, index, sweep, row, isStarted);
  pen.strokeStyle = css(colors.hairline);
  pen.lineWidth = 1;
  pen.strokeRect(0.5, 0.5, width - 1, height - 1);
  mark(pen, column, row, cell, colors.accent, 2.5);
  if (view.hover) mark(pen, view.hover[1], view.hover[0], cell, colors.ink, 1.5);
  caption(view, map, index);
}

function paintMask(view, pen, index, sweep, row, isStarted) {
  const { cell, shape: [R, C], rows, columns } = view;
  pen.beginPath();
  for (let r = 0; r < R; r++) {
    if (r >= sweep && !(r === row && isStarted)) continue;
    const first = Math.max(0, rows[0] + r + 1 - columns[0]);
    if (first < C) pen.rect(first * cell, r * cell, (C - first) * cell, cell);
  }
  pen.fillStyle = hatching(pen, view.colors.panel, view.colors.muted);
  pen.fill();
}

function mark(pen, column, row, cell, color, line) {
  const grow = Math.max(0, (6 - cell) / 2);
  pen.strokeStyle = css(color);
  pen.lineWidth = line;
  pen.strokeRect(column * cell - grow, row * cell - grow, cell + 2 * grow, cell + 2 * grow);
}

/** The same cell's number under each map. */
function caption(view, map, index) {
  const [row, column] = view.hover ?? inWindow(view, view.query, view.token), at = row * view.shape[1] + column;
  const isHidden = view.is_masked && view.columns[0] + column > view.rows[0] + row;
  const isKnown = view.hover ? view.clock >= STEPS[4].end : progress(view, index) >= 1;
  const score = fixed(view.scores[at]), texts = [
    ["q · k", fixed(view.dots[at])], [`÷ √${view.d_head} = ÷ ${view.root_d.toFixed(3)}`, score],
    [view.is_masked ? "mask" : "mask off", isHidden ? `${score} → −∞` : `${score}, stays`],
    ["softmax over the row", isHidden ? "0 %" : `${precise(view.pattern[at])} (${percent(view.pattern[at])})`],
  ];
  const range = index === 3 ? "0 … 1" : `−${fixed(view.ranges[index], 1)} … ${fixed(view.ranges[index], 1)}`;
  map.title.replaceChildren(node("b", "", texts[index][0]), node("span", "muted range", range));
  map.line.textContent = isKnown ? texts[index][1] : "…";
}

function paintValues(view) {
  const pen = clear(view, "values"), { colors, tops, d_head } = view, step = progress(view, 5);
  const rows = tops.map((position, r) => ({ label: `${position} ${view.labels[position]}`, weight: view.row_pattern[position], v: view.top_v.subarray(r * d_head, (r + 1) * d_head) }));
  if (view.rest > 0) rows.push({ label: `${view.rest} others`, weight: view.rest_weight, v: view.rest_v });
  const limit = Math.max(...rows.map((row) => strongest(row.v)), strongest(view.z));
  rows.forEach((row, r) => {
    const isSeen = step * (rows.length + 1) >= r + 0.5 || step >= 1;
    strip(view, pen, row.v, r * ROW, `${brief(row.weight)} × ${row.label}`, colors.value, { limit, count: isSeen ? d_head : 0 });
  });
  strip(view, pen, view.z, rows.length * ROW, "Σ = z", colors.attention, { limit, count: step >= 1 ? d_head : 0 });
  const box = view.sheet.values;
  box.title.textContent = `Weights × v: each row is a value times its weight in the row of ${name(view, view.query)}; the last is their sum z`;
  box.line.textContent = `one scale for all rows: −${fixed(limit, 2)} … ${fixed(limit, 2)}`;
}

function paintJoined(view) {
  const pen = clear(view, "joined"), { colors, joined, part, attn_out, n_head, head, d_head } = view, step = progress(view, 6);
  const count = step >= 0.3 ? joined.length : 0, wide = (view.width - GUTTER - 2) / n_head;
  strip(view, pen, joined, 0, "heads joined", colors.attention, { count });
  pen.strokeStyle = css(colors.accent);
  pen.lineWidth = 2;
  pen.strokeRect(GUTTER + head * wide, 2, wide, ROW - 4);
  const limit = Math.max(strongest(part), strongest(attn_out));
  strip(view, pen, part, ROW, "this head", colors.attention, { limit, count: step >= 0.6 ? part.length : 0 });
  strip(view, pen, attn_out, 2 * ROW, "all + bias", colors.attention, { limit, count: step >= 1 ? attn_out.length : 0 });
  const box = view.sheet.joined;
  box.title.textContent = `Joined and projected: the z of all ${n_head} heads side by side (${n_head} × ${d_head} = ${joined.length} numbers), times the learned ${joined.length} × ${joined.length} matrix c_proj`;
  box.line.textContent = `what this head adds has length ${fixed(norm(part), 3)}, all heads and the bias together ${fixed(norm(attn_out), 3)}; the sum goes into the residual stream`;
}

function norm(numbers) {
  return Math.sqrt(numbers.reduce((sum, x) => sum + x * x, 0));
}

/** One sentence for the step that is on. */
function say(view, current) {
  const text = sentences(view)[current + 1];
  if (view.said.textContent !== text) view.said.textContent = text;
}

/** Keep room for the longest sentence, so that nothing below jumps while the steps play. */
function makeRoom(view) {
  const ghost = view.said.cloneNode();
  ghost.removeAttribute("aria-live");
  ghost.setAttribute("aria-hidden", "true");
  ghost.style.cssText = `position: absolute; visibility: hidden; min-height: 0; width: ${view.said.clientWidth}px`;
  view.root.append(ghost);
  const heights = sentences(view).map((text) => { ghost.textContent = text; return ghost.offsetHeight; });
  ghost.remove();
  view.said.style.minHeight = `${Math.max(...heights)}px`;
}

/** What is said at rest, then at each step. */
function sentences(view) {
  const q = name(view, view.query), k = name(view, view.token), isHidden = view.is_masked && view.token > view.query;
  const said = [
    `All steps for ${q} looking at ${k}. Play them slowly, or choose a step.`,
    `The query of ${q} meets the key of ${k}: number by number they are multiplied, and the products added.`,
    `The sum is divided by √${view.d_head}, so that long vectors do not give large scores by length alone.`,
    isHidden ? `${k} comes after ${q}: its score is replaced by −∞.` : view.is_masked ? `${k} is not later than ${q}, so its score stays.` : "The mask is off: every score stays.",
    `Softmax over the row of ${q}: e to the power of each score, divided by the row's sum. The row adds up to 1.`,
    "The same for every pair of tokens, all at once.",
    `Each value is multiplied by its weight, and the results are added: z is what ${q} fetched with this head.`,
    `All heads' z are joined and multiplied by one more matrix: this is what attention adds to the vector of ${q}.`,
  ];
  const where = view.is_part ? ` The maps show queries ${view.rows[0]}–${view.rows[1] - 1} and keys ${view.columns[0]}–${view.columns[1] - 1} of ${view.labels.length} tokens.` : "";
  return said.map((sentence) => sentence + where);
}

function name(view, position) {
  return `${view.labels[position]} (${position})`;
}

// ---- what is under the hand

function inWindow(view, q, k) {
  return [q - view.rows[0], k - view.columns[0]];
}

function cellAt(view, event) {
  const index = view.sheet.maps.findIndex((it) => it.canvas === event.composedPath()[0]), map = view.sheet.maps[index];
  if (!map) return null;
  const box = map.canvas.getBoundingClientRect(), [R, C] = view.shape;
  const row = Math.floor((event.clientY - box.top) / view.cell), column = Math.floor((event.clientX - box.left) / view.cell);
  if (row < 0 || column < 0 || row >= R || column >= C) return null;
  return event.type === "click" ? [row + view.rows[0], column + view.columns[0], index < 3 ? 1 : 0] : [row, column];
}

function setHover(view, cell) {
  if (String(cell) === String(view.hover)) return;
  view.hover = cell;
  view.sheet.maps.forEach((map, index) => paintMap(view, map, index));
}

function onKey(view, event) {
  const [R, C] = view.shape, [row, column] = view.hover ?? inWindow(view, view.query, view.token);
  const to = { ArrowUp: [row - 1, column], ArrowDown: [row + 1, column], ArrowLeft: [row, column - 1], ArrowRight: [row, column + 1] }[event.key];
  if (to) setHover(view, [Math.min(R - 1, Math.max(0, to[0])), Math.min(C - 1, Math.max(0, to[1]))]);
  else if (event.key === "Enter" || event.key === " ") view.setState("cell", [row + view.rows[0], column + view.columns[0], 0]);
  else return;
  event.preventDefault();
}

/** The number under the pointer in a strip: its name, its arithmetic in short, its address. */
function numberAt(view, figureName, event) {
  const box = event.target.getBoundingClientRect(), row = Math.floor((event.clientY - box.top) / ROW);
  const shown = stripsOf(view, figureName)[row];
  const wide = shown && (view.width - GUTTER - 2) / shown.numbers.length, at = Math.floor((event.clientX - box.left - GUTTER) / (wide || 1));
  if (!shown || at < 0 || at >= shown.numbers.length) return null;
  const inHead = shown.kind === "z" && figureName === "joined";
  return { ...shown, at, dim: inHead ? at % view.d_head : at, head: inHead ? Math.floor(at / view.d_head) : view.head };
}

function tell(view, figureName, event) {
  const found = numberAt(view, figureName, event);
  if (!found) return view.tip.hide();
  const words = [node("div", "", `${found.name}, dimension ${found.at}`), node("div", "mono", found.explain ? found.explain(found.at) : fixed(found.numbers[found.at], 4))];
  if (found.kind) words.push(node("div", "muted", "Click: by hand"));
  view.tip.show(event.clientX, event.clientY, ...words);
}

function stripsOf(view, figureName) {
  const d = view.d_head;
  if (figureName === "vectors") {
    const { q, k, products } = vectorsOf(view);
    return [{ name: "q", kind: "q", numbers: q }, { name: "k", kind: "k", numbers: k },
      { name: "q × k", kind: "score", numbers: products, explain: (c) => `${fixed(q[c], 4)} × ${fixed(k[c], 4)} = ${fixed(products[c], 4)}` }];
  }
  if (figureName === "values") {
    const rows = view.tops.map((position, r) => {
      const w = view.row_pattern[position], numbers = view.top_v.subarray(r * d, (r + 1) * d);
      return { name: `v ${name(view, position)}`, kind: "z", numbers, explain: (c) => `weight ${precise(w)}, times v = ${fixed(numbers[c], 4)}` };
    });
    if (view.rest > 0) rows.push({ name: `${view.rest} other tokens together`, kind: "z", numbers: view.rest_v });
    return [...rows, { name: "z", kind: "z", numbers: view.z }];
  }
  const ofHead = (i) => `head ${Math.floor(i / d) + 1}, its dimension ${i % d}: ${fixed(view.joined[i], 4)}`;
  return [{ name: "heads joined", kind: "z", numbers: view.joined, explain: ofHead }, { name: "from this head", kind: "part", numbers: view.part },
    { name: "attention's output", kind: "output", numbers: view.attn_out }];
}

// ---- taking it away

function fileName(view, ending) {
  return `${view.title.toLowerCase().replace(/[^a-z0-9]+/g, "-")}-steps-q${view.query}-k${view.token}.${ending}`;
}

function savePicture(view) {
  const { vectors, maps, values, joined } = view.sheet;
  const one = (it) => [{ text: it.title.textContent }, { canvases: [it.canvas] }, { text: it.line.textContent }];
  const steps = maps.map((it) => `${it.title.firstChild.textContent}: ${it.line.textContent}`).join("   ");
  const rows = [{ text: `${view.title} · ${view.said.textContent}` }, ...one(vectors), { canvases: maps.map((it) => it.canvas) }, { text: steps }, ...one(values), ...one(joined)];
  saveSheet(rows, view.colors, view.font, fileName(view, "png"));
}

function saveNumbers(view) {
  const [R, C] = view.shape, rows = [["query_position", "query", "key_position", "key", "q_dot_k", "score", "masked", "weight"]];
  for (let at = 0; at < R * C; at++) {
    const q = view.rows[0] + Math.floor(at / C), k = view.columns[0] + (at % C);
    rows.push([q, view.labels[q], k, view.labels[k], view.dots[at], view.scores[at], view.is_masked && k > q, view.pattern[at]]);
  }
  saveTable(rows, fileName(view, "csv"));
}
