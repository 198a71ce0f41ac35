// Pairs of bars: a token's probability in the original pass and in the changed one.

export default function ({ parentElement, data }) {
  const root = parentElement.querySelector(".root");
  const make = (tag, className, text = "") => Object.assign(document.createElement(tag), { className, textContent: text });
  const legend = make("p", "legend");
  legend.append(make("span", "swatch before"), "the whole model ", make("span", "swatch after"), data.changed);
  const table = make("table", "rows"), head = table.createTHead().insertRow();
  for (const word of ["next token", "probability", "", "logit", "change"]) {
    head.append(word ? Object.assign(make("th", "", word), { scope: "col" }) : make("td", ""));
  }
  const body = table.createTBody();
  const top = Math.max(...data.rows.map((row) => Math.max(row.before, row.after)));
  for (const row of data.rows) {
    const line = body.insertRow(), name = make("th", "");
    name.scope = "row";
    name.append(make("span", "token", row.label));
    const bars = make("td", "bars"), values = make("td", "values mono"), logits = make("td", "logits mono");
    for (const [index, side] of ["before", "after"].entries()) {
      const bar = make("div", `bar ${side}`);
      bar.style.width = `${(100 * row[side]) / top}%`;
      bars.append(bar);
      values.append(make("div", side, row.texts[index]));
      logits.append(make("div", side, row.logits[index].replace("-", "−")));
    }
    const moved = Number(row.logits[1]) - Number(row.logits[0]);
    const change = make("td", `change mono ${moved > 0 ? "up" : moved < 0 ? "down" : ""}`,
      `${moved > 0 ? "+" : moved < 0 ? "−" : ""}${Math.abs(moved).toFixed(3)}`);
    line.append(name, bars, values, logits, change);
  }
  const note = make("p", "muted note", `Distance between the two distributions: ${data.divergence.replace("-0.0000", "0.0000")} nats (Kullback–Leibler; 0 means nothing moved).`);
  const save = Object.assign(make("button", "", "Save numbers"), { type: "button", title: "Every row, as CSV" });
  save.onclick = () => saveTable([
    ["token", "probability", "probability_changed", "logit", "logit_changed"],
    ...data.rows.map((row) => [row.label, row.before, row.after, ...row.logits]),
  ], "compare.csv");
  const draw = Object.assign(make("button", "", "Save picture"), { type: "button", title: "The bars, as PNG" });
  draw.onclick = () => savePicture(root, data);
  const bar = make("div", "buttons");
  bar.append(draw, save);
  root.replaceChildren(legend, table, note, bar);
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
