// The tokenizer's x-ray: a text as characters, bytes, pieces and ids, at any vocabulary size.
// Everything happens here, at the speed of the hand; Python hears of a clicked word, and of a size
// once the hand rests, for the link. The
// tokenizer is published by the element "vocabulary"; until it is, the panes wait.
// Uses shared/saving.js and shared/labels.js.

const STEPS = 1000; // of the slider; sizes lie on it by their logarithm
const SMALLEST = 257, LARGEST = 50257;
const SNAP = 9; // steps around a marked size that mean that size
const PANES = ["characters", "bytes", "pieces", "ids"];
const TITLES = {
  characters: "Characters", bytes: "UTF-8 bytes", pieces: "Tokens", ids: "Ids: what the model reads",
};

const REST_MS = 400; // without a move, before Python hears of a size
const PATIENCE_MS = 3000; // for its answer

export default function ({ parentElement, data, setStateValue, setTriggerValue }) {
  const root = parentElement.querySelector(".root");
  const view = (root.view ??= build(root));
  view.choose = (character) => {
    // A size that still waits goes first: coming after, its message would not know of this press.
    if (view.timer) view.send(view.size);
    setTriggerValue("character", character);
  };
  view.send = (size) => {
    clearTimeout(view.timer);
    view.timer = null;
    setStateValue("size", size);
  };
  view.data = data;
  // Python's size counts, unless it answers to an older move of the hand.
  if (data.size === view.moved?.size || performance.now() - (view.moved?.at ?? -PATIENCE_MS) >= PATIENCE_MS) {
    view.moved = null;
    view.size = data.size;
  }
  draw(view);
  return () => globalThis.removeEventListener("glassbox-tokenizer", view.redraw);
}

function make(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

// ---- the frame, made once

function build(root) {
  const view = { root, size: SMALLEST, panes: {}, lit: null };
  view.redraw = () => draw(view);
  globalThis.addEventListener("glassbox-tokenizer", view.redraw);
  root.replaceChildren(sizeRow(view), (view.count = make("p", "count")));
  view.count.setAttribute("role", "status");
  for (const name of PANES) root.append(pane(view, name));
  view.reading = make("p", "reading mono");
  view.reading.setAttribute("aria-live", "polite");
  const drawn = () => ({
    title: `The text at a vocabulary of ${view.size.toLocaleString("en")}`, name: `tokens-at-${view.size}`,
    nodes: [view.count, ...PANES.map((name) => view.panes[name].parentElement)],
  });
  root.append(view.reading, savingRow(root, drawn, () => tableOf(view)));
  return view;
}

function sizeRow(view) {
  const row = make("div", "size");
  const label = make("label", "", "Vocabulary size");
  view.slider = Object.assign(make("input"), { type: "range", min: 0, max: STEPS, step: 1 });
  view.exact = Object.assign(make("input", "mono"), { type: "number", min: SMALLEST, max: LARGEST, step: 1 });
  view.slider.ariaLabel = "Vocabulary size, from bytes to GPT-2";
  view.exact.ariaLabel = "Vocabulary size, as a number";
  view.slider.oninput = () => resize(view, snapped(view, sizeAt(Number(view.slider.value))));
  view.exact.onchange = () => resize(view, Number(view.exact.value));
  view.marks = make("div", "marks");
  const track = make("div", "track");
  track.append(view.slider, view.marks);
  row.append(label, view.exact, track);
  return row;
}

function pane(view, name) {
  const box = make("section", `pane ${name}`);
  const title = make("h3", "", TITLES[name]);
  const list = make("div", "list");
  title.id = `title-${name}`;
  list.setAttribute("aria-labelledby", title.id);
  if (name === "pieces") list.setAttribute("role", "listbox");
  list.onpointerover = (event) => light(view, tokenOf(event));
  list.onpointerleave = () => light(view, null);
  list.onclick = (event) => choose(view, tokenOf(event));
  if (name === "pieces") {
    list.onfocusin = (event) => light(view, tokenOf(event));
    list.onfocusout = () => light(view, null);
    list.onkeydown = (event) => move(view, event);
  }
  view.panes[name] = list;
  box.append(title, list);
  return box;
}

// ---- sizes

function sizeAt(step) {
  return Math.round(SMALLEST * (LARGEST / SMALLEST) ** (step / STEPS));
}

function stepOf(size) {
  return (STEPS * Math.log(size / SMALLEST)) / Math.log(LARGEST / SMALLEST);
}

function snapped({ data }, size) {
  const near = [SMALLEST, data.vocab_size, LARGEST].find((mark) => Math.abs(stepOf(mark) - stepOf(size)) < SNAP);
  return near ?? size;
}

function resize(view, size) {
  view.size = Math.min(LARGEST, Math.max(SMALLEST, Math.round(size) || SMALLEST));
  view.moved = { size: view.size, at: performance.now() };
  clearTimeout(view.timer);
  view.timer = setTimeout(() => view.send(view.size), REST_MS);
  draw(view);
}

function drawMarks(view) {
  const { data } = view;
  const names = new Map([[SMALLEST, "bytes only"], [LARGEST, "GPT-2"]]);
  names.set(data.vocab_size, names.has(data.vocab_size) ? `this model = ${names.get(data.vocab_size)}` : "this model");
  const sizes = [...names.keys()].sort((a, b) => a - b);
  view.marks.replaceChildren(...sizes.map((size) => {
    const mark = make("button", size === data.vocab_size ? "mark own" : "mark");
    mark.type = "button";
    mark.append(make("span", "", names.get(size)), make("span", "mono", size.toLocaleString("en")));
    mark.style.setProperty("--at", stepOf(size) / STEPS);
    mark.ariaPressed = String(size === view.size);
    mark.onclick = () => resize(view, size);
    return mark;
  }));
}

// ---- the panes

function draw(view) {
  view.slider.value = stepOf(view.size);
  view.slider.ariaValueText = `${view.size} tokens`;
  if (view.root.getRootNode().activeElement !== view.exact) view.exact.value = view.size;
  drawMarks(view);
  if (!globalThis.glassboxTokenizer) return;
  const cut = tokensOf(view);
  view.cut = cut;
  view.panes.characters.replaceChildren(...cut.characters.map((one) => cell("character", one.tokens, one.label)));
  view.panes.bytes.replaceChildren(...cut.bytes.map((one) => cell("byte", [one.token], one.label)));
  view.panes.pieces.replaceChildren(...cut.ids.map((id, token) => pieceCell(view, token)));
  view.panes.ids.replaceChildren(...cut.ids.map((id, token) => cell("id", [token], String(id))));
  say(view);
  light(view, null);
}

/** Cut the text at this size: which characters, bytes and ids belong to which token. */
function tokensOf({ data, size }) {
  const { cut, piece, label } = globalThis.glassboxTokenizer;
  const isExact = data.ids && size === data.vocab_size;
  const ids = [...(data.has_start ? [size - 1] : []), ...(isExact ? data.ids : cut(data.text, size))];
  const isStart = (token) => data.has_start && token === 0;
  const bytes = [];
  ids.forEach((id, token) => {
    if (isStart(token)) return;
    for (const byte of piece(id)) bytes.push({ token, label: hex(byte) });
  });
  const characters = [];
  let at = 0;
  for (const text of data.text) {
    const n = utf8Length(text.codePointAt(0));
    const tokens = [...new Set(bytes.slice(at, at + n).map((one) => one.token))];
    characters.push({ tokens, label: COMBINING_FIRST.test(text) ? `◌${text}` : characterLabel(text) });
    at += n;
  }
  return { ids, bytes, characters, isStart, labels: ids.map((id) => label(id, size)), size };
}

function hex(byte) {
  return byte.toString(16).toUpperCase().padStart(2, "0");
}

function utf8Length(code) {
  return code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
}

function cell(className, tokens, text) {
  const node = make("span", `cell ${className}`, text);
  node.dataset.tokens = tokens.join(" ");
  node.style.setProperty("--tint", `var(--tint-${(tokens[0] ?? 0) % 6})`);
  return node;
}

function pieceCell(view, token) {
  const { cut } = view, isStart = cut.isStart(token);
  const node = cell("token piece", [token], cut.labels[token]);
  node.setAttribute("role", "option");
  node.ariaSelected = "false";
  node.tabIndex = token === 0 ? 0 : -1;
  node.ariaLabel = describe(view, token);
  node.classList.toggle("start", isStart);
  return node;
}

function say(view) {
  const { cut, data, size } = view;
  const n = cut.ids.length - (data.has_start ? 1 : 0);
  const shown = data.is_tail ? "The end of your text, drawn here: " : "";
  const rate = n ? ` ${(cut.bytes.length / n).toFixed(2)} bytes a token.` : "";
  const merges = size - SMALLEST;
  view.count.textContent =
    `${shown}${some(cut.characters.length, "character")}, ${some(cut.bytes.length, "byte")}, ` +
    `${some(n, "token")}${data.has_start ? " and the start token" : ""}.${rate} ` +
    `This vocabulary: 256 bytes + ${some(merges, "merge")} + the start token = ${size.toLocaleString("en")}.`;
}

function some(count, word) {
  return `${count.toLocaleString("en")} ${word}${count === 1 ? "" : "s"}`;
}

function describe({ cut, data }, token) {
  const bytes = cut.bytes.filter((one) => one.token === token).map((one) => one.label);
  const what = cut.isStart(token) ? "stands before a document, no bytes"
    : `${bytes.length === 1 ? "byte" : "bytes"} ${bytes.join(" ")}`;
  const model = cut.size === data.vocab_size ? "" : ` at ${cut.size.toLocaleString("en")}`;
  return `position ${token}${model} · ${cut.labels[token]} · ${what} · id ${cut.ids[token]}`;
}

// ---- the hand

function tokenOf(event) {
  const node = event.target.closest?.("[data-tokens]");
  return node?.dataset.tokens ? node.dataset.tokens.split(" ").map(Number) : null;
}

/** Light the same tokens in every pane; without any, all panes rest. */
function light(view, tokens) {
  const key = String(tokens);
  if (view.lit === key && view.litCut === view.cut) return;
  view.lit = key;
  view.litCut = view.cut;
  view.root.classList.toggle("lighting", Boolean(tokens));
  for (const list of Object.values(view.panes)) {
    for (const node of list.children) {
      const own = node.dataset.tokens.split(" ");
      node.classList.toggle("lit", Boolean(tokens?.some((token) => own.includes(String(token)))));
    }
  }
  view.reading.textContent = tokens && view.cut
    ? tokens.map((token) => describe(view, token)).join("\n")
    : "Point at a character, a byte, a token or an id to find the others. Click to take its word apart.";
}

/** Tell Python which character a chosen token begins in: its word is then shown in slow motion. */
function choose(view, tokens) {
  if (!tokens?.length || !view.cut) return;
  const character = view.cut.characters.findIndex((one) => one.tokens.includes(tokens.at(-1)));
  if (character >= 0) view.choose(character);
}

function move(view, event) {
  const nodes = [...view.panes.pieces.children];
  const from = nodes.indexOf(event.target.closest(".piece"));
  const to = { ArrowLeft: from - 1, ArrowUp: from - 1, ArrowRight: from + 1, ArrowDown: from + 1,
    Home: 0, End: nodes.length - 1 }[event.key];
  if (event.key === "Enter" || event.key === " ") choose(view, tokenOf(event));
  else if (to === undefined) return;
  else {
    const next = nodes[Math.max(0, Math.min(nodes.length - 1, to))];
    for (const node of nodes) node.tabIndex = node === next ? 0 : -1;
    next.focus();
  }
  event.preventDefault();
}

// ---- taking it away

function tableOf({ cut }) {
  const rows = (cut?.ids ?? []).map((id, token) => {
    const bytes = cut.bytes.filter((one) => one.token === token).map((one) => one.label);
    return [token, cut.labels[token], bytes.join(" "), id];
  });
  return [["position", "token", "bytes", "id"], ...rows];
}
