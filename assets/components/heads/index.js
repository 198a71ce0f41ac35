// Every head of every block as a small picture: a row a block, a column a head.
// `data` is described in pages/components/heads.py. Hover enlarges, click or Enter chooses.

const GAP = 5, FONT = 12, TOP = 22, LEFT = 58, MIN = 16, MAX = 92, LARGE = 192;

export default function ({ parentElement, data, setStateValue }) {
  const root = parentElement.querySelector(".root");
  const view = (root.view ??= build(root));
  view.setState = setStateValue;
  read(view, data);
  layout(view);
  return () => view.watcher.disconnect();
}

function build(root) {
  const make = (tag, className, parent) =>
    parent.appendChild(Object.assign(document.createElement(tag), { className }));
  const view = { root, hover: null, isFocused: false };
  view.frame = make("div", "frame", root);
  view.canvas = make("canvas", "grid", view.frame);
  view.canvas.tabIndex = 0;
  view.canvas.setAttribute("role", "application");
  view.reading = make("p", "reading", root);
  view.reading.setAttribute("aria-live", "polite");
  view.note = make("p", "muted note", root);
  const bar = make("div", "saving", root);
  const button = (text, title, onclick) =>
    Object.assign(make("button", "", bar), { type: "button", textContent: text, title, onclick });
  button("Save picture", "All heads, as PNG", () => savePicture(view));
  button("Save numbers", "The dots of every picture, as CSV", () => saveNumbers(view));
  view.tip = pointerTip(root);
  listen(view);
  view.watcher = new ResizeObserver(() => view.frame.clientWidth !== view.width && layout(view));
  view.watcher.observe(view.frame);
  return view;
}

function listen(view) {
  const { canvas } = view;
  canvas.onpointermove = (event) => event.pointerType === "mouse" && point(view, event);
  canvas.onpointerleave = () => { view.hover = null; view.tip.hide(); paint(view); };
  canvas.onclick = (event) => {
    const head = headAt(view, event);
    if (head) choose(view, head);
  };
  canvas.onfocus = () => { view.isFocused = true; paint(view); };
  canvas.onblur = () => { view.isFocused = false; paint(view); };
  canvas.onkeydown = (event) => onKey(view, event);
}

function read(view, data) {
  const { n_layer, n_head, size, block, head, is_masked } = data;
  Object.assign(view, { n_layer, n_head, S: size, isMasked: is_masked });
  view.chosen = view.cursor = [block, head];
  view.colors = roleColors(view.root, "ink", "muted", "ground", "panel", "hairline", "attention", "accent");
  view.font = getComputedStyle(view.root).getPropertyValue("--st-font") || "sans-serif";
  const table = colorTable(view.colors.ground, view.colors.attention);
  view.dots = numbersOf(data.thumbnails);
  view.image = pixelImage(view.dots, table, size, n_layer * n_head * size);
  view.canvas.setAttribute("aria-label", `All heads: ${n_layer} blocks down, ${n_head} heads across. `
    + "Arrow keys move, Enter chooses a head.");
  view.note.textContent = "All pictures share one scale, weight 0 … 1; colour follows the square root. "
    + (size < data.n_token ? `Each dot is the largest weight of about ${Math.ceil(data.n_token / size)} × ${Math.ceil(data.n_token / size)} cells. ` : "")
    + (is_masked ? "Hatched: masked, comes later." : "");
}

function layout(view) {
  view.width = view.frame.clientWidth;
  if (!view.width) return;
  const room = (view.width - LEFT) / view.n_head - GAP;
  view.side = Math.floor(Math.min(MAX, Math.max(MIN, room)));
  const pitch = view.side + GAP;
  const size = [view.n_head * pitch, view.n_layer * pitch];
  view.pen = sharpen(view.canvas, LEFT + size[0], TOP + size[1]);
  paintSheet(view, ...size);
  paint(view);
}

/** All pictures once, on a canvas of their own: hovering only copies it. */
function paintSheet(view, width, height) {
  const scale = devicePixelRatio || 1, pitch = view.side + GAP;
  view.sheet = new OffscreenCanvas(Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale)));
  const pen = view.sheet.getContext("2d");
  pen.scale(scale, scale);
  const hatch = hatching(pen, view.colors.panel, view.colors.muted);
  for (let block = 0; block < view.n_layer; block++) {
    for (let head = 0; head < view.n_head; head++) {
      picture(view, pen, block, head, head * pitch, block * pitch, view.side, hatch);
    }
  }
}

function paint(view) {
  const { pen, side, colors, n_layer, n_head } = view, pitch = side + GAP;
  if (!pen) return;
  pen.clearRect(0, 0, LEFT + n_head * pitch, TOP + n_layer * pitch);
  pen.font = `${FONT}px ${view.font}`;
  pen.textBaseline = "middle";
  const lit = view.hover ?? (view.isFocused ? view.cursor : null);
  for (let head = 0; head < n_head; head++) {
    pen.textAlign = "center";
    pen.fillStyle = css(isIn(lit, 1, head) || isIn(view.chosen, 1, head) ? colors.ink : colors.muted);
    pen.fillText(side >= 56 ? `head ${head + 1}` : String(head + 1), LEFT + head * pitch + side / 2, TOP / 2);
  }
  for (let block = 0; block < n_layer; block++) {
    pen.textAlign = "right";
    pen.fillStyle = css(isIn(lit, 0, block) || isIn(view.chosen, 0, block) ? colors.ink : colors.muted);
    pen.fillText(`block ${block + 1}`, LEFT - 10, TOP + block * pitch + side / 2);
  }
  pen.drawImage(view.sheet, LEFT, TOP, n_head * pitch, n_layer * pitch);
  if (lit) frameHead(view, lit, colors.ink, 1.5);
  frameHead(view, view.chosen, colors.accent, 3);
  tell(view, lit ?? view.chosen);
}

function picture(view, pen, block, head, x, y, side, hatch) {
  const { S, colors, image } = view, at = (block * view.n_head + head) * S;
  pen.save();
  pen.imageSmoothingEnabled = S > side;
  pen.imageSmoothingQuality = "high";
  pen.drawImage(image, 0, at, S, S, x, y, side, side);
  if (view.isMasked) {
    pen.beginPath();
    pen.rect(x, y, side, side);
    pen.clip();
    pen.beginPath();
    for (let row = 0; row < S; row++) pen.rect(x + ((row + 1) / S) * side, y + (row / S) * side, side, side / S + 0.5);
    pen.translate(x, y);
    pen.fillStyle = hatch;
    pen.fill();
  }
  pen.restore();
  pen.strokeStyle = css(colors.hairline);
  pen.lineWidth = 1;
  pen.strokeRect(x + 0.5, y + 0.5, side - 1, side - 1);
}

function frameHead(view, [block, head], color, line) {
  const pitch = view.side + GAP, pen = view.pen;
  pen.strokeStyle = css(color);
  pen.lineWidth = line;
  pen.beginPath();
  pen.roundRect(LEFT + head * pitch - 1, TOP + block * pitch - 1, view.side + 2, view.side + 2, 3);
  pen.stroke();
}

function isIn(pair, axis, index) {
  return pair !== null && pair[axis] === index;
}

function name([block, head]) {
  return `block ${block + 1} · head ${head + 1}`;
}

function tell(view, head) {
  const text = String(head) === String(view.chosen) ? `${name(head)}, chosen` : name(head);
  if (view.reading.textContent !== text) view.reading.textContent = text;
}

function headAt(view, event) {
  const box = view.canvas.getBoundingClientRect(), pitch = view.side + GAP;
  const head = Math.floor((event.clientX - box.left - LEFT) / pitch);
  const block = Math.floor((event.clientY - box.top - TOP) / pitch);
  return head >= 0 && block >= 0 && head < view.n_head && block < view.n_layer ? [block, head] : null;
}

function point(view, event) {
  const head = headAt(view, event);
  if (String(head) !== String(view.hover)) {
    view.hover = head;
    paint(view);
    if (head) view.large = enlarged(view, head);
  }
  if (head) view.tip.show(event.clientX, event.clientY, ...view.large);
  else view.tip.hide();
}

function enlarged(view, [block, head]) {
  const canvas = document.createElement("canvas"), words = document.createElement("div");
  const pen = sharpen(canvas, LARGE, LARGE);
  picture(view, pen, block, head, 0, 0, LARGE, hatching(pen, view.colors.panel, view.colors.muted));
  words.textContent = name([block, head]);
  return [words, canvas];
}

function choose(view, head) {
  view.chosen = view.cursor = head;
  paint(view);
  view.setState("head", head);
}

function onKey(view, event) {
  const [block, head] = view.cursor;
  const to = { ArrowUp: [block - 1, head], ArrowDown: [block + 1, head], ArrowLeft: [block, head - 1],
    ArrowRight: [block, head + 1], Home: [block, 0], End: [block, view.n_head - 1] }[event.key];
  if (event.key === "Enter" || event.key === " ") choose(view, view.cursor);
  else if (to) {
    const inside = (at, count) => Math.min(count - 1, Math.max(0, at));
    view.cursor = [inside(to[0], view.n_layer), inside(to[1], view.n_head)];
    view.hover = null;
    view.frame.scrollLeft = Math.max(0, view.cursor[1] * (view.side + GAP) - view.frame.clientWidth / 2);
    paint(view);
  } else return;
  event.preventDefault();
}

function savePicture(view) {
  const rows = [{ text: `All heads of all blocks · ${name(view.chosen)} outlined` }, { canvases: [view.canvas] }, { text: view.note.textContent }];
  saveSheet(rows, view.colors, view.font, "all-heads.png");
}

/** Each dot's weight as its colour holds it: the square of a number in 255 steps. */
function saveNumbers(view) {
  const { S, n_layer, n_head, dots } = view, rows = [["block", "head", "row", "column", "about_weight"]];
  for (let at = 0; at < n_layer * n_head * S * S; at++) {
    if (dots[at] === 0) continue;
    const head = Math.floor(at / (S * S)), cell = at % (S * S);
    rows.push([Math.floor(head / n_head) + 1, (head % n_head) + 1, Math.floor(cell / S), cell % S, ((dots[at] / 255) ** 2).toPrecision(3)]);
  }
  saveTable(rows, "all-heads.csv");
}
