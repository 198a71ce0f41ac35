// One word's merges in slow motion: characters, bytes, then a row for each merge, aligned by byte.
// `data` is described in pages/components/merges.py. Nothing is sent back: all steps are here.
// Uses shared/saving.js.

const PACE = 900; // milliseconds a merge while playing
const NAME_WIDTH = 112; // pixels that the rows' names cover on the left

export default function ({ parentElement, data }) {
  const root = parentElement.querySelector(".root");
  const view = (root.view ??= build(root));
  if (view.word !== data.word || view.vocabSize !== data.vocab_size) {
    stop(view);
    view.step = data.n_own; // the whole picture first
  }
  Object.assign(view, { data, word: data.word, vocabSize: data.vocab_size });
  lay(view);
  show(view);
  return () => stop(view);
}

function make(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

// ---- the frame

function build(root) {
  const view = { root, step: 0, timer: null };
  const bar = make("div", "bar");
  const control = (text, label, act) => {
    const button = make("button", "", text);
    button.type = "button";
    button.ariaLabel = label;
    button.title = label;
    button.onclick = () => { stop(view); act(); };
    bar.append(button);
    return button;
  };
  view.first = control("|◂", "To the bytes", () => go(view, 0));
  view.back = control("◂", "One merge back", () => go(view, view.step - 1));
  view.play = control("▶ Play", "Play the merges", () => play(view));
  view.play.classList.add("primary");
  view.next = control("▸", "One merge on", () => go(view, view.step + 1));
  view.last = control("▸|", "To the last merge", () => go(view, view.data.steps.length));
  view.place = make("span", "place mono");
  bar.append(view.place);
  view.line = make("p", "line");
  view.line.setAttribute("aria-live", "polite");
  view.frame = make("div", "frame");
  view.frame.tabIndex = 0;
  view.frame.setAttribute("role", "group");
  view.frame.ariaLabel = "The word's pieces, a row for each merge. Arrow keys step.";
  view.grid = make("div", "grid");
  view.grid.ariaHidden = "true";
  view.told = make("ol", "visually-hidden");
  view.frame.append(view.grid, view.told);
  view.frame.onkeydown = (event) => {
    const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!by) return;
    event.preventDefault();
    stop(view);
    go(view, view.step + by);
  };
  const drawn = () => ({
    title: `Merges of ${view.data.shown}`, name: "merges", nodes: [view.line, view.grid],
  });
  root.replaceChildren(bar, view.line, view.frame, savingRow(root, drawn, () => tableOf(view.data)));
  return view;
}

// ---- all rows are laid out once a word; a step only shows or hides them

function lay(view) {
  const { data, grid } = view;
  grid.style.setProperty("--bytes", data.bytes.length);
  const rows = [row("characters", data.characters), row("bytes", data.bytes.map((text) => [text, 1]))];
  data.states.forEach((pieces, state) => rows.push(stateRow(view, pieces, state)));
  grid.replaceChildren(...rows);
  view.states = rows.slice(2);
  if (data.n_own < data.steps.length) view.states[data.n_own].after(border(data));
  view.told.replaceChildren(...data.steps.map((_, step) => make("li", "", mergeWords(data, step))));
}

function row(name, cells) {
  const node = make("div", `row ${name}`);
  node.append(make("span", "name", name));
  let at = 0;
  for (const [text, bytes] of cells) {
    node.append(span("cell", text, at, bytes));
    at += bytes;
  }
  return node;
}

/** Place a cell on `bytes` columns from `at`; a column is two tracks, so that a pair has a middle. */
function span(className, text, at, bytes) {
  const node = make("span", className, text);
  // ⟨U+0007⟩ or ⟨F0⟩: longer than its bytes are wide.
  if (text.startsWith("⟨")) node.classList.add("coded");
  node.style.gridColumn = `${2 + 2 * at} / span ${2 * bytes}`;
  return node;
}

function stateRow({ data }, pieces, state) {
  const step = data.steps[state - 1];
  const node = make("div", state > data.n_own ? "row state beyond" : "row state");
  node.append(make("span", "name mono", step ? `merge ${step.number.toLocaleString("en")}` : "start"));
  let at = 0;
  pieces.forEach(([label, bytes, id], index) => {
    const cell = span("cell piece", label, at, bytes);
    cell.style.setProperty("--tint", `var(--tint-${at % 6})`);
    cell.append(make("span", "id", String(id)));
    if (step && index === step.left) cell.classList.add("joined");
    if (step && index !== step.left) cell.classList.add("same");
    node.append(cell);
    at += bytes;
    const union = data.unions[state][index];
    if (index < pieces.length - 1) {
      const mark = make("span", "union mono", union < 0 ? "–" : String(union));
      mark.style.gridColumn = `${1 + 2 * at} / span 2`;
      mark.classList.toggle("lowest", data.steps[state]?.left === index);
      node.append(mark);
    }
  });
  return node;
}

function border(data) {
  return make("div", "border",
    `This model's vocabulary of ${data.vocab_size.toLocaleString("en")} ends here. GPT-2's 50,257 go on:`);
}

// ---- stepping

function show(view) {
  const { data, step, states } = view, last = data.steps.length;
  states.forEach((node, state) => {
    node.classList.toggle("hidden", state > step);
    node.classList.toggle("now", state === step);
  });
  const edge = view.grid.querySelector(".border");
  if (edge) edge.classList.toggle("hidden", step < data.n_own);
  view.first.disabled = view.back.disabled = step === 0;
  view.next.disabled = view.last.disabled = step === last;
  view.play.textContent = view.timer ? "Pause" : step === last ? "Replay" : "▶ Play";
  view.play.disabled = last === 0;
  view.place.textContent = `${step} of ${last} merge${last === 1 ? "" : "s"}`;
  view.line.textContent = lineWords(data, step);
}

function lineWords(data, step) {
  const done = step ? `${mergeWords(data, step - 1)} ` : `${some(data.bytes.length, "byte")}, each a token. `;
  if (step < data.steps.length) {
    const next = data.steps[step];
    return `${done}Of the unions of two neighbours, ${next.id.toLocaleString("en")} is the lowest id: it is joined next.`;
  }
  return `${done}No two neighbours make a token of GPT-2 any more: ${some(data.states.at(-1).length, "token")}.`;
}

function mergeWords(data, step) {
  const { left, number, id } = data.steps[step], before = data.states[step];
  const union = data.states[step + 1][left][0];
  return `Merge ${number.toLocaleString("en")} of 50,000: ${before[left][0]} + ${before[left + 1][0]} → ${union} (id ${id.toLocaleString("en")}).`;
}

function tableOf(data) {
  const rows = data.steps.map((step, at) => {
    const before = data.states[at];
    return [at + 1, step.number, before[step.left][0], before[step.left + 1][0], step.id,
      data.states[at + 1].map(([label]) => label).join(" ")];
  });
  return [["step", "merge", "left", "right", "id", "pieces after it"], ...rows];
}

function some(count, word) {
  return `${count} ${word}${count === 1 ? "" : "s"}`;
}

function go(view, step) {
  view.step = Math.max(0, Math.min(view.data.steps.length, step));
  show(view);
  const now = view.states[view.step], { frame } = view;
  const bottom = now.offsetTop + now.offsetHeight + 24;
  if (bottom > frame.scrollTop + frame.clientHeight) frame.scrollTop = bottom - frame.clientHeight;
  else if (now.offsetTop < frame.scrollTop) frame.scrollTop = now.offsetTop;
  const joined = now.querySelector(".joined");
  if (!joined || frame.scrollWidth <= frame.clientWidth) return;
  const end = joined.offsetLeft + joined.offsetWidth + 8, start = joined.offsetLeft - NAME_WIDTH;
  if (end > frame.scrollLeft + frame.clientWidth) frame.scrollLeft = end - frame.clientWidth;
  else if (start < frame.scrollLeft) frame.scrollLeft = start;
}

function play(view) {
  if (view.wasPlaying) {
    view.wasPlaying = false;
    return show(view);
  }
  const last = view.data.steps.length;
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return go(view, last);
  if (view.step === last) go(view, 0);
  view.timer = setInterval(() => {
    go(view, view.step + 1);
    if (view.step >= view.data.steps.length) {
      stop(view);
      view.wasPlaying = false;
      show(view);
    }
  }, PACE);
  show(view);
}

function stop(view) {
  view.wasPlaying = Boolean(view.timer);
  clearInterval(view.timer);
  view.timer = null;
}
