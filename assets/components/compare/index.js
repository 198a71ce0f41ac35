// Pairs of bars: a token's probability in the original pass and in the changed one. A press on a bar
// or a number asks for its calculation.

const make = (tag, className, text = "") => Object.assign(document.createElement(tag), { className, textContent: text });

export default function ({ parentElement, data, setTriggerValue }) {
  const root = parentElement.querySelector(".root");
  const view = (root.view ??= { root });
  Object.assign(view, { data, press: (number, side, id) => setTriggerValue("pressed", { number, side, id }) });
  const legend = make("p", "legend");
  legend.append(make("span", "swatch before"), "the whole model ", make("span", "swatch after"), data.changed);
  const held = root.getRootNode().activeElement?.dataset?.name;
  root.replaceChildren(legend, table(view), line(view), note(view), buttons(view));
  if (held) root.querySelector(`[data-name="${held}"]`)?.focus();
}

function table(view) {
  const { data } = view, found = make("table", "rows"), head = found.createTHead().insertRow();
  for (const word of ["next token", "probability", "", "logit", "change"]) {
    const side = ["logit", "change"].includes(word) ? "right" : "";
    head.append(word ? Object.assign(make("th", side, word), { scope: "col" }) : make("td", ""));
  }
  const body = found.createTBody();
  const top = Math.max(...data.rows.map((row) => Math.max(row.before, row.after)));
  for (const row of data.rows) tokenRow(view, body.insertRow(), row, top);
  return found;
}

function tokenRow(view, body, row, top) {
  const name = Object.assign(make("th", ""), { scope: "row" });
  name.append(make("span", "token", row.label));
  const bars = make("td", "bars"), values = make("td", "values mono"), logits = make("td", "logits mono");
  for (const [index, side] of ["before", "after"].entries()) {
    const bar = make("div", `bar ${side}`), share = pressable(view, row.texts[index], ["probability", side, row.id], row.label);
    bar.style.width = `${(100 * row[side]) / top}%`;
    // The number beside it does the same for the keyboard.
    const track = make("div", "track");
    track.append(bar);
    track.onclick = () => share.click();
    bars.append(track);
    values.append(wrapped(side, share));
    logits.append(wrapped(side, pressable(view, minus(row.logits[index]), ["logit", side, row.id], row.label)));
  }
  const change = make("td", "change mono");
  change.append(pressable(view, minus(row.moved), ["logit", "change", row.id], row.label));
  body.append(name, bars, values, logits, change);
}

function wrapped(side, node) {
  const holder = make("div", side);
  holder.append(node);
  return holder;
}

const minus = (text) => text.replace("-", "−");
const SIDES = { before: "in the whole model", after: "after the change", change: "moved by" };

/** A number that opens its calculation. */
function pressable(view, text, [number, side, id], label) {
  const button = Object.assign(make("button", "number", text), { type: "button", title: "Work this number out by hand" });
  const open = view.data.pressed, isOpen = open && open[0] === number && open[1] === side && (number === "distance" || open[2] === id);
  button.setAttribute("aria-label", `${number}${label ? ` of ${label}` : ""}, ${SIDES[side]}: ${text}. Work it out by hand`);
  button.setAttribute("aria-pressed", Boolean(isOpen));
  button.dataset.name = `${number} ${side} ${id}`;
  button.onclick = () => view.press(number, side, id);
  return button;
}

/** The token that is explained, in one line, whether or not it has bars. */
function line(view) {
  const { data } = view, said = make("p", "standing mono");
  data.line.forEach(({ text, press }, index) => {
    if (press.length) said.append(pressable(view, text, [press[0], press[1], data.explained], data.line[0].text));
    else said.append(make("span", index ? "muted" : "token", text));
  });
  return said;
}

function note(view) {
  const said = make("p", "muted note");
  const distance = pressable(view, view.data.divergence.replace("-0.0000", "0.0000"), ["distance", "change", 0], "");
  said.append("Distance between the two distributions: ", distance, " nats (Kullback–Leibler; 0 means nothing moved). Press any number, or a bar, for its arithmetic.");
  return said;
}

function buttons(view) {
  const { data } = view;
  const save = Object.assign(make("button", "", "Save numbers"), { type: "button", title: "Every row, as CSV" });
  save.onclick = () => saveTable([
    ["token", "probability", "probability_changed", "logit", "logit_changed"],
    ...data.rows.map((row) => [row.label, row.before, row.after, ...row.logits]),
  ], "compare.csv");
  const draw = Object.assign(make("button", "", "Save picture"), { type: "button", title: "The bars, as PNG" });
  draw.onclick = () => savePicture(view.root, data);
  const bar = make("div", "saving");
  bar.append(draw, save);
  return bar;
}

/** The same pairs of bars on a canvas of their own. */
function savePicture(root, data) {
  const colors = roleColors(root, "ink", "muted", "ground", "attention", "positive"), canvas = document.createElement("canvas");
  const font = getComputedStyle(root).getPropertyValue("--mono") || "monospace", row = 40, long = 360, left = 150;
  const pen = sharpen(canvas, 640, data.rows.length * row), top = Math.max(...data.rows.map((it) => Math.max(it.before, it.after)));
  pen.font = `13px ${font}`;
  pen.textBaseline = "middle";
  data.rows.forEach((it, index) => {
    const y = index * row;
    pen.fillStyle = css(colors.ink);
    pen.fillText(elide(pen, it.label, left - 12), 0, y + 14);
    for (const [side, role, shift] of [["before", "attention", 4], ["after", "positive", 17]]) {
      pen.fillStyle = css(colors[role]);
      pen.fillRect(left, y + shift, Math.max(1, (long * it[side]) / top), 10);
      pen.fillText(it.texts[side === "before" ? 0 : 1], left + long + 12, y + shift + 5);
    }
  });
  const words = [{ text: `Next token: the whole model (first bar) and ${data.changed} (second bar)` }, { canvases: [canvas] }];
  saveSheet(words, colors, font, "compare.png");
}
