// The activation curve with every neuron of one token as a dot on it, and how many lie where.
// `data` is described in pages/components/bend.py.

const HEIGHT = 340, LEFT = 44, RIGHT = 10, TOP = 12, BOTTOM = 84, BINS = 60, MOVE_MS = 400;

export default function ({ parentElement, data, setStateValue }) {
  const root = parentElement.querySelector(".root");
  const view = (root.view ??= build(root));
  view.choose = (neuron) => setStateValue("neuron", neuron);
  const before = view.post;
  Object.assign(view, { data, pre: numbersOf(data.pre), post: numbersOf(data.post), hover: null });
  for (const name of ["grid", "curve", "other"]) view[name] = numbersOf(data[name]);
  view.colors = roleColors(root, "ink", "muted", "ground", "panel", "hairline", "accent", "positive", "negative");
  view.stage.setAttribute("aria-label", `${data.title}: ${view.pre.length} dots. Arrow keys move through them by height, Enter chooses.`);
  view.order = Array.from(view.pre.keys()).sort((a, b) => view.pre[a] - view.pre[b]);
  layout(view);
  // Only a change of curve moves the dots: the same neurons, bent in another way.
  if (before?.length === view.post.length && view.was === data.run && view.curveName !== data.curve_name) glide(view, before);
  Object.assign(view, { was: data.run, curveName: data.curve_name });
  return () => view.watcher.disconnect();
}

function build(root) {
  const view = stageIn(root, { layout, savePicture, saveNumbers, hasLegend: true });
  listen(view);
  return view;
}

function layout(view) {
  view.width = view.frame.clientWidth;
  if (!view.width) return;
  const { grid } = view;
  view.range = [grid[0], grid.at(-1)];
  view.top = Math.max(grid.at(-1), 1) * 1.04;
  view.low = Math.min(-0.4, -view.top * 0.06);
  paint(view, view.post);
}

function x(view, value) {
  const [low, high] = view.range;
  return LEFT + ((value - low) / (high - low)) * (view.width - LEFT - RIGHT);
}

function y(view, value) {
  return TOP + ((view.top - value) / (view.top - view.low)) * (HEIGHT - TOP - BOTTOM);
}

function paint(view, post) {
  draw(view, sharpen(view.canvas, view.width, HEIGHT), post);
  tell(view);
}

function draw(view, ctx, post) {
  const { ink, muted, accent } = view.colors;
  ctx.textBaseline = "middle";
  axes(view, ctx);
  drawCurve(view, ctx, view.other, muted, [4, 4], 1.5);
  drawCurve(view, ctx, view.curve, ink, [], 2);
  counts(view, ctx);
  ctx.fillStyle = css(accent, view.pre.length > 400 ? 0.32 : 0.5);
  for (let i = 0; i < view.pre.length; i++) dot(ctx, x(view, view.pre[i]), y(view, post[i]), 3);
  const shown = view.hover ?? view.data.neuron;
  ctx.strokeStyle = css(accent);
  ctx.lineWidth = 2.5;
  ctx.fillStyle = css(view.colors.ground);
  dot(ctx, x(view, view.pre[shown]), y(view, post[shown]), 6);
  ctx.stroke();
}

function dot(ctx, cx, cy, radius) {
  ctx.beginPath();
  ctx.arc(cx, cy, radius, 0, 2 * Math.PI);
  ctx.fill();
}

function axes(view, ctx) {
  const { hairline, muted } = view.colors, [low, high] = view.range;
  ctx.font = `12px ${getComputedStyle(view.root).fontFamily}`;
  ctx.lineWidth = 1;
  const size = high - low > 16 ? 4 : high - low > 8 ? 2 : 1;
  for (let at = Math.ceil(low / size) * size; at <= high; at += size) {
    ctx.strokeStyle = css(hairline, at === 0 ? 1 : 0.5);
    segment(ctx, x(view, at), TOP, x(view, at), HEIGHT - BOTTOM);
    ctx.fillStyle = css(muted);
    ctx.textAlign = "center";
    ctx.fillText(String(at).replace("-", "−"), x(view, at), HEIGHT - BOTTOM + 12);
  }
  for (let at = 0; at <= view.top; at += size) {
    ctx.strokeStyle = css(at === 0 ? muted : hairline, at === 0 ? 1 : 0.5);
    segment(ctx, LEFT, y(view, at), view.width - RIGHT, y(view, at));
    ctx.fillStyle = css(muted);
    ctx.textAlign = "right";
    ctx.fillText(String(at), LEFT - 8, y(view, at));
  }
}

function segment(ctx, x1, y1, x2, y2) {
  ctx.beginPath();
  ctx.moveTo(x1, y1);
  ctx.lineTo(x2, y2);
  ctx.stroke();
}

function drawCurve(view, ctx, values, color, dash, width) {
  ctx.beginPath();
  view.grid.forEach((at, index) => ctx[index ? "lineTo" : "moveTo"](x(view, at), y(view, values[index])));
  ctx.setLineDash(dash);
  ctx.strokeStyle = css(color);
  ctx.lineWidth = width;
  ctx.stroke();
  ctx.setLineDash([]);
}

/** How many neurons arrive where, below the axis. */
function counts(view, ctx) {
  const [low, high] = view.range, bins = new Array(BINS).fill(0);
  for (const value of view.pre) bins[Math.min(BINS - 1, Math.max(0, Math.floor(((value - low) / (high - low)) * BINS)))]++;
  const most = Math.max(...bins, 1), width = (view.width - LEFT - RIGHT) / BINS, room = BOTTOM - 40, base = HEIGHT - 6;
  bins.forEach((count, index) => {
    const at = low + ((index + 0.5) / BINS) * (high - low);
    ctx.fillStyle = css(at < 0 ? view.colors.negative : view.colors.positive);
    const tall = (room * count) / most;
    ctx.fillRect(LEFT + index * width, base - tall, Math.max(width - 1, 1), tall);
  });
  ctx.fillStyle = css(view.colors.muted);
  ctx.textAlign = "left";
  ctx.fillText(`how many (tallest: ${most})`, LEFT + 2, HEIGHT - BOTTOM + 30);
}

function tell(view) {
  const n = view.hover ?? view.data.neuron;
  view.reading.textContent = `Neuron ${n}: in ${fixed(view.pre[n], 3)} → out ${fixed(view.post[n], 3)}`;
  view.legend.textContent = `Solid: ${view.data.curve_name}. Dashed: ${view.data.other_name}. Across: a neuron's number before the curve; up: after it. One dot a neuron.`;
}

function glide(view, before) {
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  const start = performance.now();
  const frame = (now) => {
    const part = Math.min(1, (now - start) / MOVE_MS);
    paint(view, view.post.map((end, i) => before[i] + (end - before[i]) * part));
    if (part < 1) requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
}

function nearest(view, event) {
  const box = view.canvas.getBoundingClientRect(), px = event.clientX - box.left, py = event.clientY - box.top;
  let best = null, least = 24 ** 2;
  for (let i = 0; i < view.pre.length; i++) {
    const far = (x(view, view.pre[i]) - px) ** 2 + (y(view, view.post[i]) - py) ** 2;
    if (far < least) [best, least] = [i, far];
  }
  return best;
}

function listen(view) {
  view.stage.onpointermove = (event) => {
    const found = event.pointerType === "mouse" ? nearest(view, event) : null;
    if (found === view.hover) return;
    view.hover = found;
    paint(view, view.post);
  };
  view.stage.onpointerleave = () => { view.hover = null; paint(view, view.post); };
  view.stage.onclick = (event) => { const found = nearest(view, event); if (found !== null) view.choose(found); };
  view.stage.onkeydown = (event) => {
    const step = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[event.key];
    const at = view.order.indexOf(view.hover ?? view.data.neuron);
    if (step) view.hover = view.order[Math.min(view.order.length - 1, Math.max(0, at + step))];
    else if (event.key === "Enter" || event.key === " ") view.choose(view.hover ?? view.data.neuron);
    else return;
    event.preventDefault();
    paint(view, view.post);
  };
}

function savePicture(view) {
  const sheet = document.createElement("canvas"), pen = sharpen(sheet, view.width, HEIGHT, 2);
  pen.fillStyle = css(view.colors.ground);
  pen.fillRect(0, 0, view.width, HEIGHT);
  draw(view, pen, view.post);
  sheet.toBlob((blob) => saveBlob(blob, fileNamed(view.data.title, "png")));
}

function saveNumbers(view) {
  const rows = [["neuron", "before", `after_${view.data.curve_name}`]];
  view.pre.forEach((value, i) => rows.push([i, value, view.post[i]]));
  saveTable(rows, fileNamed(view.data.title, "csv"));
}
