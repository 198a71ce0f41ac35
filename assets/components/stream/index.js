// The residual stream of one token as a line through the blocks, as thick as its vector is long;
// at every ⊕ a sub-layer adds to it. `data` is described in pages/components/stream.py.

const SVG = "http://www.w3.org/2000/svg";
const WIDEST = 124, NARROWEST = 96, START = 84, END = 72, HEIGHT = 244, LINE_Y = 158, THICKEST = 44;

export default function ({ parentElement, data, setStateValue, setTriggerValue }) {
  const root = parentElement.querySelector(".root");
  const view = (root.view ??= build(root));
  Object.assign(view, { data, setState: setStateValue, press: (index, kind) => setTriggerValue("number", [index, kind]), steps: numbersOf(data.steps) });
  paint(view);
  return () => view.watcher.disconnect();
}

function build(root) {
  const view = { root };
  for (const name of ["frame", "reading", "saving"]) {
    view[name] = root.appendChild(Object.assign(document.createElement(name === "reading" ? "p" : "div"), { className: name }));
  }
  view.reading.setAttribute("aria-live", "polite");
  for (const [text, act] of [["Save picture", saveSvg], ["Save numbers", saveNumbers]]) {
    const button = Object.assign(document.createElement("button"), { textContent: text, onclick: () => act(view) });
    view.saving.append(button);
  }
  view.watcher = new ResizeObserver(() => view.frame.clientWidth !== view.width && paint(view));
  view.watcher.observe(view.frame);
  return view;
}

function node(tag, attributes, parent, text) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (text !== undefined) made.textContent = text;
  parent?.append(made);
  return made;
}

/** One addition as {before, added, after, cosine, cosineAdded}. */
function step(view, index) {
  const [before, added, after, cosine, cosineAdded] = view.steps.slice(index * 5, index * 5 + 5);
  return { before, added, after, cosine, cosineAdded, block: index >> 1, isAttention: index % 2 === 0 };
}

function paint(view) {
  const { data } = view, n = view.steps.length / 5;
  view.width = view.frame.clientWidth;
  view.block = Math.min(WIDEST, Math.max(NARROWEST, (view.width - START - END) / (n / 2)));
  const width = START + (n / 2) * view.block + END;
  const all = Array.from({ length: n }, (_, index) => step(view, index));
  const longest = Math.max(...all.map((s) => Math.max(s.before, s.after, s.added)), 1e-9);
  view.thick = (length) => Math.max(1.5, (THICKEST * length) / longest);
  const svg = node("svg", { viewBox: `0 0 ${width} ${HEIGHT}`, width, height: HEIGHT, role: "group", "aria-label": data.title });
  all.forEach((s, index) => { if (s.isAttention) drawBlock(view, svg, s, all[index + 1]); });
  drawStream(view, svg, all, width);
  all.forEach((s, index) => drawAddition(view, svg, s, xOf(view, index), index));
  drawEnds(view, svg, all, width);
  view.frame.replaceChildren(svg);
  bringIntoView(view, width);
  // More to the right is shown by a fade, as long as it is not scrolled to.
  const fade = () => {
    const { scrollLeft, clientWidth, scrollWidth } = view.frame;
    view.frame.classList.toggle("more", scrollLeft + clientWidth < scrollWidth - 4);
  };
  view.frame.onscroll = fade;
  fade();
  tell(view, all[2 * data.block], all[2 * data.block + 1]);
}

function xOf(view, index) {
  return START + (index >> 1) * view.block + (index % 2 ? 0.75 : 0.25) * view.block;
}

function drawBlock(view, svg, attention, mlp) {
  const x = START + attention.block * view.block, isChosen = attention.block === view.data.block;
  const group = node("g", { class: `block${isChosen ? " chosen" : ""}`, tabindex: 0, role: "button", "aria-pressed": isChosen }, svg);
  group.setAttribute("aria-label", sentence(attention, mlp));
  node("rect", { x: x + 3, y: 4, width: view.block - 6, height: HEIGHT - 8, rx: 8, class: "plate" }, group);
  node("text", { x: x + view.block / 2, y: 22, class: "title" }, group, `block ${attention.block + 1}`);
  const choose = () => view.setState("block", attention.block);
  group.onclick = choose;
  group.onkeydown = (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    choose();
  };
}

function drawStream(view, svg, all, width) {
  const points = [[8, all[0].before]];
  all.forEach((s, index) => points.push([xOf(view, index) - 8, s.before], [xOf(view, index) + 8, s.after]));
  points.push([width - 8, all.at(-1).after]);
  const above = points.map(([x, length]) => `${x},${LINE_Y - view.thick(length) / 2}`);
  const below = points.reverse().map(([x, length]) => `${x},${LINE_Y + view.thick(length) / 2}`);
  node("polygon", { points: [...above, ...below].join(" "), class: "stream" }, svg);
}

function drawAddition(view, svg, s, x, index) {
  const kind = s.isAttention ? "attention" : "mlp", thick = view.thick(s.added), top = 84;
  const words = s.isAttention ? ["atten-", "tion"] : ["feed-", "forward"];
  words.forEach((word, line) => node("text", { x, y: 44 + 14 * line, class: `part ${kind}` }, svg, word));
  node("rect", { x: x - thick / 2, y: top, width: thick, height: LINE_Y - top - 12, class: `arrow ${kind}` }, svg);
  node("circle", { cx: x, cy: LINE_Y, r: 10, class: "plus" }, svg);
  node("text", { x, y: LINE_Y + 5, class: "sign" }, svg, "+");
  const put = (y, look, text, kind, said) => pressable(view, svg, { x, y, class: look }, text, index, kind, said);
  const name = `block ${s.block + 1}, ${s.isAttention ? "attention" : "feed-forward"}`;
  put(77, "number added", s.added.toFixed(1), "added", `Length added, ${name}`);
  put(LINE_Y + THICKEST / 2 + 22, "number", s.after.toFixed(1), "after", `Length after it, ${name}`);
  put(LINE_Y + THICKEST / 2 + 40, "number small", fixed(s.cosine, 2), "cosine", `Cosine to before, ${name}`);
}

/** A number that opens its calculation; by Tab those of the chosen block are reached. */
function pressable(view, svg, attributes, text, index, kind, said) {
  const open = view.data.number, isOpen = open && open[0] === index && open[1] === kind;
  const it = node("text", {
    ...attributes, class: `${attributes.class} press${isOpen ? " open" : ""}`, role: "button", "aria-pressed": Boolean(isOpen),
    tabindex: index >> 1 === view.data.block ? 0 : -1, "aria-label": `${said}: ${text}. Work it out by hand`,
  }, svg, text);
  it.onclick = () => view.press(index, kind);
  it.onkeydown = (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    view.press(index, kind);
  };
}

function drawEnds(view, svg, all, width) {
  node("text", { x: 40, y: 77, class: "side" }, svg, "its length");
  node("text", { x: 40, y: LINE_Y - THICKEST / 2 - 22, class: "side" }, svg, "embedding");
  const attributes = { x: 40, y: LINE_Y + THICKEST / 2 + 22, class: "number" };
  pressable(view, svg, attributes, `length ${all[0].before.toFixed(1)}`, 0, "before", "Length of the embedding");
  node("text", { x: 40, y: LINE_Y + THICKEST / 2 + 40, class: "side" }, svg, "cosine");
  node("text", { x: width - END / 2, y: LINE_Y - THICKEST / 2 - 22, class: "side" }, svg, "to ln_f ›");
}

function sentence(attention, mlp) {
  const part = (s, name) => `${name} adds a vector of length ${s.added.toFixed(2)} to one of ${s.before.toFixed(2)}, which gives ${s.after.toFixed(2)} (cosine to before ${fixed(s.cosine, 3)})`;
  return `Block ${attention.block + 1}: ${part(attention, "attention")}; ${part(mlp, "the feed-forward layer")}.`;
}

function tell(view, attention, mlp) {
  view.reading.textContent = sentence(attention, mlp);
}

function bringIntoView(view, width) {
  if (width <= view.frame.clientWidth || view.seen === view.data.block) return;
  view.seen = view.data.block;
  view.frame.scrollLeft = START + (view.data.block + 0.5) * view.block - view.frame.clientWidth / 2;
}

/** The SVG with its colours written into it, so that it stands by itself. */
function saveSvg(view) {
  const svg = view.frame.querySelector("svg"), copy = svg.cloneNode(true), originals = svg.querySelectorAll("*");
  copy.setAttribute("xmlns", SVG);
  copy.style.background = css(roleColors(view.root, "ground").ground);
  copy.querySelectorAll("*").forEach((part, index) => {
    const style = getComputedStyle(originals[index]);
    for (const name of ["fill", "stroke", "stroke-width", "font-family", "font-size", "font-weight", "text-anchor", "opacity"]) {
      part.style.setProperty(name, style.getPropertyValue(name));
    }
  });
  saveBlob(new Blob([copy.outerHTML], { type: "image/svg+xml" }), fileNamed(view.data.title, "svg"));
}

function saveNumbers(view) {
  const rows = [["block", "part", "length_before", "length_added", "length_after", "cosine_after_to_before", "cosine_added_to_before"]];
  for (let index = 0; index < view.steps.length / 5; index++) {
    const s = step(view, index);
    rows.push([s.block + 1, s.isAttention ? "attention" : "feed-forward", s.before, s.added, s.after, s.cosine, s.cosineAdded]);
  }
  saveTable(rows, fileNamed(view.data.title, "csv"));
}
