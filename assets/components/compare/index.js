// Pairs of bars: a token's probability in the original pass and in the changed one.

export default function ({ parentElement, data }) {
  const root = parentElement.querySelector(".root");
  const make = (tag, className, text = "") => Object.assign(document.createElement(tag), { className, textContent: text });
  const legend = make("p", "legend");
  legend.append(make("span", "swatch before"), "the whole model ", make("span", "swatch after"), data.changed);
  const table = make("table", "rows"), head = table.createTHead().insertRow();
  for (const word of ["next token", "probability", "", "logit", "change"]) {
    head.append(Object.assign(make("th", "", word), { scope: "col" }));
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
  root.replaceChildren(legend, table, note);
}
