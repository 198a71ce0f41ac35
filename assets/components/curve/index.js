// Lines over steps on one canvas: faint points of single steps, a smoothed line, points measured on
// text kept apart, and level lines. Redrawn whenever new points come.
const PAD = { left: 52, right: 14, top: 14, bottom: 30 };

function make(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

function ticks(low, high, count) {
  const rough = (high - low) / count || 1, scale = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((part) => part * scale).find((size) => size >= rough);
  const found = [];
  for (let at = Math.ceil(low / step) * step; at <= high + 1e-9; at += step) found.push(at);
  return found;
}

// The mean over the last tenth of the steps so far: it hardly lags where the curve is steep, is calm
// where it is long, and what is drawn once stays as it is.
function smooth(x, y) {
  const means = [];
  let first = 0, sum = 0, count = 0;
  for (let at = 0; at < x.length; at++) {
    if (Number.isFinite(y[at])) { sum += y[at]; count++; }
    for (; x[first] <= 0.9 * x[at] && first < at; first++) {
      if (Number.isFinite(y[first])) { sum -= y[first]; count--; }
    }
    means.push(sum / count);
  }
  return means;
}

function bounds(series, levels, isLog) {
  let low = Infinity, high = -Infinity, last = 1;
  for (const line of series) {
    line.y.forEach((value, index) => {
      if (Number.isFinite(value)) [low, high] = [Math.min(low, value), Math.max(high, value)];
      last = Math.max(last, line.x[index]);
    });
  }
  for (const level of levels) [low, high] = [Math.min(low, level.value), Math.max(high, level.value)];
  if (!Number.isFinite(low)) [low, high] = [0, 1];
  const margin = (high - low) * 0.05 || 0.5;
  return { low: low - margin, high: high + margin, first: isLog ? 1 : 0, last };
}

// Letters with the ground around them, so that no line strikes them through.
function write(ctx, text, x, y, ground) {
  ctx.strokeStyle = css(ground);
  ctx.lineWidth = 4;
  ctx.lineJoin = "round";
  ctx.strokeText(text, x, y);
  ctx.lineWidth = 1;
  ctx.fillText(text, x, y);
}

function paint(root, canvas, data, series) {
  const width = Math.max(260, root.clientWidth), height = data.height;
  const ctx = sharpen(canvas, width, height);
  const roles = roleColors(root, "ink", "muted", "hairline", "ground", "attention", "positive", "query", "value");
  const box = bounds(series, data.levels, root._isLog);
  const position = (step) => (root._isLog
    ? Math.log(Math.max(step, 1)) / Math.log(Math.max(box.last, 2)) : step / box.last);
  const X = (step) => PAD.left + position(step) * (width - PAD.left - PAD.right);
  const Y = (value) => height - PAD.bottom - ((value - box.low) / (box.high - box.low)) * (height - PAD.top - PAD.bottom);
  ctx.clearRect(0, 0, width, height);
  ctx.font = "12px " + getComputedStyle(root).getPropertyValue("--mono");
  ctx.lineWidth = 1;
  ctx.textAlign = "right";
  ctx.textBaseline = "middle";
  for (const value of ticks(box.low, box.high, 5)) {
    ctx.strokeStyle = css(roles.hairline);
    ctx.beginPath(); ctx.moveTo(PAD.left, Y(value)); ctx.lineTo(width - PAD.right, Y(value)); ctx.stroke();
    ctx.fillStyle = css(roles.muted);
    ctx.fillText(Number(value.toPrecision(3)), PAD.left - 6, Y(value));
  }
  ctx.textAlign = "center";
  const marks = root._isLog ? [1, 10, 100, 1000, 10000, 100000].filter((step) => step <= box.last) : ticks(0, box.last, 6).filter(Number.isInteger);
  for (const step of marks) ctx.fillText(step.toLocaleString("en-US"), X(step), height - 14);
  ctx.textAlign = "right";
  ctx.fillText("step", PAD.left - 12, height - 14);
  for (const level of data.levels) {
    ctx.setLineDash([6, 4]);
    ctx.strokeStyle = css(roles[level.role]);
    ctx.beginPath(); ctx.moveTo(PAD.left, Y(level.value)); ctx.lineTo(width - PAD.right, Y(level.value)); ctx.stroke();
    ctx.setLineDash([]);
    ctx.fillStyle = css(roles[level.role]);
    ctx.textAlign = "right";
    // The lowest of several has its name below, where no curve ends.
    const isLowest = data.levels.length > 1 && data.levels.every((other) => other.value >= level.value);
    write(ctx, level.name, width - PAD.right, Y(level.value) + (isLowest ? 9 : -8), roles.ground);
  }
  for (const line of series) drawLine(ctx, line, X, Y, roles[line.role]);
  root._hit = { X, Y, width };
}

function drawLine(ctx, line, X, Y, color) {
  if (line.kind === "points") {
    line.x.forEach((step, index) => {
      ctx.fillStyle = css(color);
      ctx.beginPath(); ctx.arc(X(step), Y(line.y[index]), 4, 0, 7); ctx.fill();
    });
  }
  const draw = (values, alpha, width) => {
    ctx.strokeStyle = css(color, alpha);
    ctx.lineWidth = width;
    ctx.beginPath();
    let isDown = false;
    values.forEach((value, index) => {
      if (!Number.isFinite(value)) { isDown = false; return; }
      if (isDown) ctx.lineTo(X(line.x[index]), Y(value)); else ctx.moveTo(X(line.x[index]), Y(value));
      isDown = true;
    });
    ctx.stroke();
  };
  if (line.kind === "smoothed") { draw(line.y, 0.3, 1); draw(smooth(line.x, line.y), 1, 2); } else draw(line.y, 1, 1.5);
}

function nearest(line, step) {
  let best = 0;
  line.x.forEach((at, index) => { if (Math.abs(at - step) < Math.abs(line.x[best] - step)) best = index; });
  return best;
}

export default function ({ parentElement, data }) {
  const root = parentElement.querySelector(".root");
  const series = data.lines.map((line) => ({ ...line, x: numbersOf(data[`${line.id}_x`]), y: numbersOf(data[`${line.id}_y`]) }));
  root._isLog ??= false;
  if (!root._canvas) {
    root._canvas = make("canvas");
    root._canvas.tabIndex = 0;
    root._canvas.setAttribute("role", "img");
    root._legend = make("p", "legend");
    root._reading = make("p", "reading mono");
    root._row = make("div", "saving");
    root.replaceChildren(root._legend, root._canvas, root._reading, root._row);
    root._watch = new ResizeObserver(() => root._repaint?.());
    root._watch.observe(root);
  }
  root._canvas.setAttribute("aria-label", data.summary);
  root._legend.replaceChildren(...data.lines.flatMap((line) => {
    const key = make("span", "key");
    key.style.background = `var(--${line.role})`;
    return [key, make("span", "", line.name)];
  }));
  root._repaint = () => paint(root, root._canvas, data, series);
  root._repaint();
  const read = (step) => {
    root._reading.textContent = series.filter((line) => line.x.length).map((line) => {
      const index = nearest(line, step);
      return `step ${line.x[index].toLocaleString("en-US")}: ${line.name} ${Number(line.y[index]).toPrecision(4)}`;
    }).join("  ·  ");
  };
  root._canvas.onpointermove = (event) => {
    const first = series.find((line) => line.x.length);
    if (!first) return;
    const at = event.clientX - root._canvas.getBoundingClientRect().left;
    let best = first.x[0];
    first.x.forEach((step) => { if (Math.abs(root._hit.X(step) - at) < Math.abs(root._hit.X(best) - at)) best = step; });
    read(best);
  };
  root._canvas.onpointerleave = () => { root._reading.textContent = data.last; };
  root._reading.textContent = data.last;
  const button = (text, act) => { const node = make("button", "", text); node.type = "button"; node.onclick = act; return node; };
  root._row.replaceChildren(
    button(root._isLog ? "Even steps" : "Stretch the beginning", () => {
      root._isLog = !root._isLog;
      root._row.firstChild.textContent = root._isLog ? "Even steps" : "Stretch the beginning";
      root._repaint();
    }),
    button("Save picture", () => root._canvas.toBlob((blob) => saveBlob(blob, `${data.name}.png`))),
    button("Save numbers", () => saveTable([["curve", "step", data.unit],
      ...series.flatMap((line) => Array.from(line.x, (step, index) => [line.name, step, line.y[index]]))], `${data.name}.csv`)));
  return () => root._watch.disconnect();
}
