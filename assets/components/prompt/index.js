// The prompt box: the visitor's text, and its token pieces cut here at every key press. The
// tokenizer is published by the element "vocabulary"; until it is, the pieces wait.

const SETTLE = 250; // milliseconds after the last key until Python hears of a text
const HINT_DELAY = 900; // milliseconds, so that a space between two words is no reason to speak
const LONG_PASTE = 10000; // UTF-16 units; shorter ones are the browser's, with its undo
const MAX_SLIDE = 4; // tokens that one key press may add
const MAX_HELD = 40000; // UTF-16 units kept in the box; the model reads far less

export default function ({ parentElement, data, setStateValue, setTriggerValue }) {
  const root = parentElement.querySelector(".root");
  const box = (root.glassbox ??= build(root, data));
  box.sendText = (value) => setStateValue("text", value);
  box.sendToken = (position) => setTriggerValue("token", position);
  adopt(box, data);
  draw(box);
  return () => {
    flush(box);
    globalThis.removeEventListener("glassbox-tokenizer", box.redraw);
  };
}

// ---- what is in the box --------------------------------------------------------------------------

function build(root, data) {
  const box = {
    data: null,
    text: "", // as Python or the visitor wrote it; a textarea turns \r into \n
    serial: data.heard, // of the last text sent
    focus: null,
    active: null, // the piece the Tab key goes to
    pointed: null, // the piece that is spoken of
    isShortened: false,
    isUnsent: false,
    isComposing: false,
    tokens: { ids: [], outside: 0, isAtLeast: false },
    nodes: [],
    marked: { query: undefined, tab: undefined },
    remark: "",
    timers: {},
  };
  box.redraw = () => draw(box);
  globalThis.addEventListener("glassbox-tokenizer", box.redraw);
  Object.assign(box, layOut(root));
  listen(box);
  return box;
}

function layOut(root) {
  const area = make("textarea", "text", { rows: 1, spellcheck: false, dir: "auto" });
  area.setAttribute("aria-label", "Your text");
  area.setAttribute("autocapitalize", "off");
  area.placeholder = "Type some text";
  const frame = make("div", "pieces");
  const list = make("div", "list", { role: "listbox", ariaOrientation: "horizontal" });
  list.setAttribute("aria-label", "Tokens of your text; choose one as the query");
  frame.append(list);
  const count = make("span", "count mono");
  const fill = make("span", "fill");
  const meter = make("span", "meter", { role: "meter", ariaLabel: "Tokens in the context" });
  meter.append(fill);
  const note = make("span", "note", { role: "status" });
  const remove = make("button", "remove", { type: "button", hidden: true });
  remove.textContent = "Remove it";
  const toggle = make("button", "toggle", { type: "button", ariaPressed: "false" });
  toggle.textContent = "ids";
  toggle.title = "Show the id of each token under its piece";
  toggle.ariaLabel = "Show token ids";
  const foot = make("div", "foot");
  foot.append(count, meter, note, remove, toggle);
  root.replaceChildren(area, frame, foot);
  return { root, area, frame, list, count, fill, meter, note, remove, toggle };
}

function make(tag, className, properties = {}) {
  return Object.assign(document.createElement(tag), { className }, properties);
}

// ---- the text: from the visitor, from Python -----------------------------------------------------

function listen(box) {
  const { area, list, toggle, remove } = box;
  area.addEventListener("beforeinput", (event) => insert(box, event));
  area.addEventListener("input", () => edited(box));
  area.addEventListener("blur", () => flush(box));
  area.addEventListener("compositionstart", () => { box.isComposing = true; });
  area.addEventListener("compositionend", () => {
    box.isComposing = false;
    adopt(box, box.data); // what had to wait
    draw(box);
  });
  area.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      flush(box);
    }
  });
  list.addEventListener("click", (event) => choose(box, positionOf(box, event)));
  list.addEventListener("keydown", (event) => move(box, event));
  for (const type of ["pointerover", "focusin"]) {
    list.addEventListener(type, (event) => point(box, positionOf(box, event)));
  }
  for (const type of ["pointerleave", "focusout"]) {
    // A finger leaves as soon as it has pressed: what it asked for stays until it presses elsewhere.
    list.addEventListener(type, (event) => event.pointerType === "touch" || point(box, null));
  }
  toggle.addEventListener("click", () => {
    const isOn = list.classList.toggle("with-ids");
    toggle.ariaPressed = String(isOn);
  });
  remove.addEventListener("click", () => {
    area.value = area.value.replace(/ +$/, "");
    edited(box);
    area.focus();
  });
}

/** Take in what the visitor typed or pasted: draw it now, send it when it settles. */
function edited(box) {
  const { area } = box;
  const isTooLong = area.value.length > MAX_HELD;
  if (isTooLong) area.value = end(area.value);
  box.text = area.value;
  box.isShortened = isTooLong || (box.isShortened && box.text.length >= MAX_HELD / 2);
  box.isUnsent = true;
  box.pointed = null;
  clearTimeout(box.timers.send);
  box.timers.send = setTimeout(() => flush(box), SETTLE);
  draw(box);
}

/**
 * Put a long paste in ourselves, and only its end: the browser's own way takes seconds for a
 * megabyte, with the page frozen, and no model here could read the rest.
 */
function insert(box, event) {
  const inserted = event.data ?? event.dataTransfer?.getData("text/plain") ?? "";
  if (inserted.length < LONG_PASTE) return;
  event.preventDefault();
  const { area } = box;
  const after = area.value.slice(area.selectionEnd);
  area.value = end(area.value.slice(0, area.selectionStart) + inserted + after);
  const cursor = Math.max(0, area.value.length - after.length);
  area.setSelectionRange(cursor, cursor);
  area.scrollTop = area.scrollHeight;
  edited(box);
  box.isShortened = inserted.length > area.value.length;
  draw(box);
}

/** Return a text the box can hold: all of it, or its last characters. */
function end(text) {
  if (text.length <= MAX_HELD) return text;
  return globalThis.glassboxTokenizer?.tail(text) ?? text.slice(-MAX_HELD / 2);
}

function flush(box) {
  clearTimeout(box.timers.send);
  if (!box.isUnsent) return;
  box.isUnsent = false;
  box.serial += 1;
  box.sendText({ text: wellFormed(box.text), serial: box.serial });
}

function wellFormed(text) {
  return text.toWellFormed ? text.toWellFormed() : text.replace(/\p{Surrogate}/gu, "\ufffd");
}

/**
 * Take in what Python says. Its text counts only when it has heard everything typed here (`heard`
 * is the serial of the last text it knows); otherwise it is an answer to an earlier state, and
 * the next one is on its way. So nothing typed is ever lost.
 */
function adopt(box, data) {
  const before = box.data;
  box.data = data;
  if (!before || data.focus !== before.focus) box.focus = data.focus;
  const isCurrent = data.heard === box.serial && !box.isUnsent && !box.isComposing;
  if (isCurrent && data.text !== box.text) write(box, data.text);
}

/** Put Python's text into the box, with the cursor where it was, or at the end if it was there. */
function write(box, text) {
  const { area } = box;
  const { selectionStart, selectionEnd } = area;
  const wasAtEnd = selectionEnd === area.value.length;
  box.text = text;
  box.isShortened = false;
  area.value = text;
  const end = area.value.length;
  if (wasAtEnd) area.setSelectionRange(end, end);
  else area.setSelectionRange(Math.min(selectionStart, end), Math.min(selectionEnd, end));
}

// ---- the pieces ----------------------------------------------------------------------------------

function draw(box) {
  grow(box.area);
  if (!globalThis.glassboxTokenizer) return;
  box.tokens = read(box, globalThis.glassboxTokenizer);
  const changed = drawPieces(box);
  drawCount(box);
  reveal(box, changed);
  box.remark = remark(box);
  say(box);
}

/** Return the tokens the model reads, and how many came too early for its context. */
function read({ data, text, isShortened }, { cut, tail }) {
  const { vocab_size, block_size, has_start, ids } = data;
  const kept = tail(text);
  const isExact = ids && data.text === text && ids.every((id) => id < vocab_size);
  const exact = isExact ? ids : cut(kept, vocab_size);
  // An empty text is read as the start token, by models that know it only as an end, too.
  const all = has_start || !exact.length ? [vocab_size - 1, ...exact] : exact;
  return {
    ids: all.slice(-block_size),
    outside: Math.max(0, all.length - block_size),
    isAtLeast: isShortened || kept.length < text.length,
  };
}

/** Bring the pieces up to date, touching only those that differ; return the last that changed. */
function drawPieces(box) {
  const { nodes, data } = box;
  const { ids } = box.tokens;
  for (const node of nodes.splice(0, slid(nodes, ids))) node.remove();
  let changed = nodes.length > ids.length ? ids.length - 1 : null;
  for (const node of nodes.splice(ids.length)) node.remove();
  ids.forEach((id, position) => {
    const node = nodes[position] ?? addPiece(box);
    if (node.tokenId !== id) {
      writePiece(node, id, position, data);
      changed = position;
    }
  });
  mark(box);
  return changed;
}

/** Return by how many tokens a full context has moved on: those in front only need to go. */
function slid(nodes, ids) {
  for (let count = 1; count <= MAX_SLIDE && count < ids.length; count++) {
    const isSame = (node, index) => index < count || node.tokenId === ids[index - count];
    if (nodes[0]?.tokenId !== ids[0] && nodes.every(isSame)) return count;
  }
  return 0;
}

function addPiece({ nodes, list }) {
  const node = make("span", "token piece", {
    role: "option", tabIndex: -1, ariaSelected: "false",
  });
  node.append(make("span", "label"), make("span", "id"));
  nodes.push(node);
  list.append(node);
  return node;
}

function writePiece(node, id, position, { vocab_size }) {
  const isStart = id === vocab_size - 1 && position === 0;
  node.tokenId = id;
  node.classList.toggle("start", isStart);
  node.firstChild.textContent = globalThis.glassboxTokenizer.label(id, vocab_size);
  node.lastChild.textContent = id;
}

/** Outline the query, and make one piece the Tab key's; attributes are slow, so by difference. */
function mark({ nodes, focus, active, marked }) {
  const last = nodes.length - 1;
  const query = nodes[focus];
  const tab = nodes[Math.min(active ?? focus ?? last, last)];
  if (marked.query !== query) {
    marked.query?.setAttribute("aria-selected", "false");
    query?.setAttribute("aria-selected", "true");
  }
  if (marked.tab !== tab) {
    marked.tab?.setAttribute("tabindex", "-1");
    tab?.setAttribute("tabindex", "0");
  }
  Object.assign(marked, { query, tab });
}

/** Scroll the frame, never the page, to where the text changed. */
function reveal({ frame, nodes }, position) {
  const node = nodes[position];
  if (!node || frame.scrollHeight <= frame.clientHeight) return;
  const [top, bottom] = [node.offsetTop, node.offsetTop + node.offsetHeight];
  if (top < frame.scrollTop) frame.scrollTop = top - 8;
  else if (bottom > frame.scrollTop + frame.clientHeight) {
    frame.scrollTop = bottom - frame.clientHeight + 8;
  }
}

function positionOf({ nodes }, event) {
  const position = nodes.indexOf(event.target.closest(".piece"));
  return position < 0 ? null : position;
}

/** Make a piece the query here at once, and everywhere when Python answers. */
function choose(box, position) {
  if (position === null) return;
  flush(box);
  box.focus = position;
  box.active = position;
  mark(box);
  box.sendToken(position);
}

function move(box, event) {
  const from = positionOf(box, event);
  const last = box.nodes.length - 1;
  const to = {
    ArrowLeft: from - 1, ArrowUp: from - 1, ArrowRight: from + 1, ArrowDown: from + 1,
    Home: 0, End: last,
  }[event.key];
  if (event.key === "Enter" || event.key === " ") choose(box, from);
  else if (to === undefined) return;
  else {
    box.active = Math.max(0, Math.min(last, to));
    mark(box);
    box.nodes[box.active].focus({ preventScroll: true });
    reveal(box, box.active);
  }
  event.preventDefault();
}

// ---- the line below ------------------------------------------------------------------------------

function drawCount({ tokens, data, count, meter, fill }) {
  const used = tokens.ids.length;
  count.textContent = `${used} of ${data.block_size} tokens`;
  meter.ariaValueNow = used;
  meter.ariaValueMin = 0;
  meter.ariaValueMax = data.block_size;
  fill.style.width = `${(100 * used) / data.block_size}%`;
  meter.classList.toggle("full", tokens.outside > 0);
}

/** Return what there is to say about the text itself; nothing, if there is nothing. */
function remark({ text, tokens, data }) {
  if (!text) return "The box is empty: the model begins from its start token alone.";
  const { outside, isAtLeast, ids } = tokens;
  if (!outside) return "";
  const number = outside.toLocaleString("en"), among = data.has_start ? ", the start token among them," : "";
  const alone = data.has_start ? "The start token" : "1 earlier token";
  const gone = isAtLeast ? `More than ${number} earlier tokens${among} are`
    : outside === 1 ? `${alone} is` : `${number} earlier tokens${among} are`;
  return `${gone} outside the context; the model reads the last ${ids.length}.`;
}

/** Speak of a piece that is pointed at, else of the text; of a space at its end after a while. */
function say(box) {
  const { text, note, remove, timers, pointed } = box;
  const isPointing = pointed !== null && pointed < box.tokens.ids.length;
  note.textContent = isPointing ? describe(box, pointed) : box.remark;
  remove.hidden = true;
  clearTimeout(timers.hint);
  if (!isPointing && !box.remark && text.endsWith(" ")) {
    timers.hint = setTimeout(() => {
      note.textContent = "A space at the end usually belongs to the next token.";
      remove.hidden = false;
    }, HINT_DELAY);
  }
}

function point(box, position) {
  box.pointed = position;
  say(box);
}

function describe({ tokens: { ids }, data }, position) {
  const { label, piece } = globalThis.glassboxTokenizer;
  const id = ids[position];
  const name = `position ${position} · id ${id} · ${label(id, data.vocab_size)}`;
  if (id === data.vocab_size - 1) return `${name} · the start token: a document begins here`;
  const bytes = Array.from(piece(id), (byte) => byte.toString(16).toUpperCase().padStart(2, "0"));
  const whole = wholeCharacter(ids, position, piece);
  const part = whole ? ` · part of ${whole}` : "";
  return `${name} · ${bytes.length === 1 ? "byte" : "bytes"} ${bytes.join(" ")}${part}`;
}

/** Return the character of which a token holds some bytes; nothing if it holds whole ones. */
function wholeCharacter(ids, position, piece) {
  const isInside = (index) => (piece(ids[index])[0] & 0xc0) === 0x80;
  const decode = (from, to) =>
    new TextDecoder().decode(Uint8Array.from(ids.slice(from, to).flatMap((id) => [...piece(id)])));
  if (!decode(position, position + 1).includes("\ufffd")) return "";
  let [from, to] = [position, position + 1];
  while (from > 0 && isInside(from)) from--;
  while (to < ids.length && isInside(to)) to++;
  const found = decode(from, to).trim();
  return found.includes("\ufffd") ? "" : found;
}

/** Let the box grow with its text where CSS cannot (field-sizing). */
function grow(area) {
  if (CSS.supports("field-sizing", "content")) return;
  area.style.height = "auto";
  area.style.height = `${area.scrollHeight}px`;
}
