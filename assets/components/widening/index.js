// One token's way through a feed-forward layer: d_model numbers, four times as many, bent, and back.
// `data` is described in pages/components/widening.py.

const STRIP = 30, GAP = 46, TOP = 26, FULL = 1;

export default function ({ parentElement, data, setTriggerValue }) {
  const root = parentElement.querySelector(".root");
  const view = (root.view ??= build(root));
  view.choose = (strip, index) => setTriggerValue("cell", [strip, index]);
  view.data = data;
  view.strips = ["input", "pre", "post", "output"].map((name) => numbersOf(data[name]));
  view.colors = roleColors(root, "ink", "muted", "ground", "panel", "hairline", "positive", "negative", "accent");
  view.table = colorTable(view.colors.negative, view.colors.ground, view.colors.positive);
  view.limits = view.strips.map((values) => values.reduce((top, x) => Math.max(top, Math.abs(x)), 1e-9));
  view.stage.setAttribute("aria-label", `${data.title}. Left and right arrows move through the neurons, Enter chooses.`);
  view.cursor = data.neuron;
  layout(view);
  return () => view.watcher.disconnect();
}

function build(root) {
  const view = stageIn(root, { layout, savePicture, saveNumbers });
  listen(view);
  return view;
}

function layout(view) {
  view.width = view.frame.clientWidth;
  if (!view.width) return;
  paint(view);
}

/** Left edge, width and top of each strip: narrow, wide, wide, narrow. */
function boxes(view) {
  const wide = view.width * FULL, narrow = wide / 4;
  return [narrow, wide, wide, narrow].map((width, index) => ({
    width, x: (view.width - width) / 2, y: TOP + index * (STRIP + GAP),
  }));
}

function height() {
  return TOP + 4 * STRIP + 3 * GAP + 4;
}

function paint(view) {
  draw(view, sharpen(view.canvas, view.width, height()));
  tell(view);
}

function draw(view, ctx) {
  const at = boxes(view), { ink, ground, hairline, panel } = view.colors;
  const font = getComputedStyle(view.root).fontFamily;
  for (let i = 0; i < 3; i++) funnel(ctx, at[i], at[i + 1], panel, hairline);
  ctx.font = `13px ${font}`;
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  at.forEach((box, index) => {
    drawStrip(view, ctx, box, index);
  });
  drawNeuron(view, ctx, at);
  at.forEach((box, index) => {
    const text = view.data.names[index], half = ctx.measureText(text).width / 2 + 4;
    ctx.fillStyle = css(ground, index ? 0.8 : 0);
    ctx.fillRect(view.width / 2 - half, box.y - 21, 2 * half, 17);
    ctx.fillStyle = css(ink);
    ctx.fillText(text, view.width / 2, box.y - 12);
  });
}

function funnel(ctx, from, to, fill, line) {
  ctx.beginPath();
  ctx.moveTo(from.x, from.y + STRIP);
  ctx.lineTo(from.x + from.width, from.y + STRIP);
  ctx.lineTo(to.x + to.width, to.y);
  ctx.lineTo(to.x, to.y);
  ctx.closePath();
  ctx.fillStyle = css(fill, 0.7);
  ctx.fill();
  ctx.strokeStyle = css(line);
  ctx.lineWidth = 1;
  ctx.stroke();
}

/** A column of pixels shows the strongest of the numbers that share it. */
function drawStrip(view, ctx, box, index) {
  const values = view.strips[index], columns = Math.max(1, Math.min(values.length, Math.floor(box.width)));
  const strongest = new Float64Array(columns);
  values.forEach((x, i) => {
    const c = Math.floor((i * columns) / values.length);
    if (Math.abs(x) > Math.abs(strongest[c])) strongest[c] = x;
  });
  const indices = Array.from(strongest, (x) => Math.round((x / view.limits[index] + 1) * 127.5));
  ctx.imageSmoothingEnabled = false;
  ctx.drawImage(pixelImage(indices, view.table, columns, 1), box.x, box.y, box.width, STRIP);
  ctx.strokeStyle = css(view.colors.muted);
  ctx.strokeRect(box.x + 0.5, box.y + 0.5, box.width - 1, STRIP - 1);
}

/** The chosen neuron: fed by every number above, feeding every number below. */
function drawNeuron(view, ctx, at) {
  const n = view.strips[1].length, x = ((view.cursor + 0.5) / n) * at[1].width + at[1].x;
  ctx.strokeStyle = css(view.colors.accent, 0.35);
  ctx.lineWidth = 1;
  for (let i = 0; i <= 12; i++) {
    line(ctx, at[0].x + (at[0].width * i) / 12, at[0].y + STRIP, x, at[1].y);
    line(ctx, x, at[2].y + STRIP, at[3].x + (at[3].width * i) / 12, at[3].y);
  }
  ctx.strokeStyle = css(view.colors.accent);
  ctx.lineWidth = 2;
  line(ctx, x, at[1].y + STRIP, x, at[2].y);
  for (const box of [at[1], at[2]]) ctx.strokeRect(x - 2.5, box.y - 2, 5, STRIP + 4);
}

function line(ctx, x1, y1, x2, y2) {
  ctx.beginPath();
  ctx.moveTo(x1, y1);
  ctx.lineTo(x2, y2);
  ctx.stroke();
}

function tell(view) {
  const n = view.cursor, [, pre, post] = view.strips;
  if (view.at) {
    const [strip, index] = view.at;
    view.reading.textContent = `${strip ? "Output" : "Input"}, dimension ${index}: ${fixed(view.strips[strip][index], 3)}. Click it for where it comes from.`;
    return;
  }
  view.reading.textContent = `Neuron ${n}: ${fixed(pre[n], 3)} before the curve, ${fixed(post[n], 3)} after it.`
    + ` Colours: blue-grey negative, amber positive, each strip up to its own largest size (${view.limits.map((x) => Number(x.toPrecision(2))).join(", ")}).`;
}

/** The strip and the index of the strongest number under the pointer; null beside the strips. */
function cellAt(view, event) {
  const frame = view.canvas.getBoundingClientRect(), y = event.clientY - frame.top;
  const strip = boxes(view).findIndex((box) => y >= box.y - 8 && y < box.y + STRIP + 8);
  if (strip < 0) return null;
  const box = boxes(view)[strip], values = view.strips[strip], n = values.length;
  const share = (event.clientX - frame.left - box.x) / box.width, columns = Math.min(n, Math.floor(box.width));
  if (share < 0 || share >= 1) return null;
  const c = Math.floor(share * columns);
  let best = null;
  for (let i = Math.ceil((c * n) / columns); i < n && Math.floor((i * columns) / n) === c; i++) {
    if (best === null || Math.abs(values[i]) > Math.abs(values[best])) best = i;
  }
  return best === null ? null : [strip, best];
}

function listen(view) {
  view.stage.onpointermove = (event) => {
    const cell = event.pointerType === "mouse" ? cellAt(view, event) : null;
    point(view, cell);
  };
  view.stage.onpointerleave = () => point(view, null);
  view.stage.onclick = (event) => {
    const cell = cellAt(view, event);
    if (cell) view.choose(...cell);
  };
  view.stage.onkeydown = (event) => {
    const sign = { ArrowLeft: -1, ArrowRight: 1 }[event.key], n = view.strips[1].length;
    if (sign) point(view, [2, (view.cursor + sign + n) % n]);
    else if (event.key === "Enter" || event.key === " ") view.choose(2, view.cursor);
    else return;
    event.preventDefault();
  };
}

/** Light the neuron that is pointed at, or read a number of a narrow strip. */
function point(view, cell) {
  const isNeuron = cell && (cell[0] === 1 || cell[0] === 2), neuron = isNeuron ? cell[1] : view.data.neuron;
  if (neuron === view.cursor && !cell === !view.at && String(cell) === String(view.at)) return;
  view.cursor = neuron;
  view.at = cell && !isNeuron ? cell : null;
  paint(view);
}

function savePicture(view) {
  const sheet = document.createElement("canvas"), pen = sharpen(sheet, view.width, height() + 12, 2);
  pen.fillStyle = css(view.colors.ground);
  pen.fillRect(0, 0, view.width, height() + 12);
  draw(view, pen);
  sheet.toBlob((blob) => saveBlob(blob, fileNamed(view.data.title, "png")));
}

function saveNumbers(view) {
  const rows = [["strip", "index", "value"]];
  view.strips.forEach((values, s) => values.forEach((value, index) => rows.push([view.data.names[s], index, value])));
  saveTable(rows, fileNamed(view.data.title, "csv"));
}
