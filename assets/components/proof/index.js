// A card for each token: its piece, and how much its row changed with the mask on and off.

export default function ({ parentElement, data }) {
  const root = parentElement.querySelector(".root");
  const make = (tag, className, text = "") => Object.assign(document.createElement(tag), { className, textContent: text });
  const cards = make("ol", "cards");
  data.labels.forEach((label, index) => {
    const card = make("li", index === data.replaced ? "card replaced" : index < data.replaced ? "card" : "card later");
    const piece = make("div", "piece");
    piece.append(make("span", "muted place", String(index)), make("span", "token", label));
    if (index === data.replaced) piece.append(" → ", make("span", "token new", data.replacement));
    card.append(piece);
    for (const [name, values] of [["mask on", data.masked], ["mask off", data.unmasked]]) {
      const line = make("div", values[index] === "0.0" ? "line same" : "line moved");
      line.append(make("span", "muted", `${name} `), make("span", "mono", values[index]));
      card.append(line);
    }
    cards.append(card);
  });
  const before = data.replaced, rows = before === 1 ? "The row" : `All ${before} rows`;
  const verdict = make("p", "verdict");
  verdict.append(data.is_proved
    ? `With the mask on: ${rows.toLowerCase()} before position ${before} changed by exactly 0.0, every number compared. `
    : "With the mask on, an earlier row changed. That should not happen: please report it. ",
    `With the mask off: ${data.count} of ${before} changed.`);
  const save = Object.assign(make("button", "", "Save numbers"), { type: "button", title: "Every token's differences, as CSV" });
  save.onclick = () => saveTable([
    ["position", "token", "difference_mask_on", "difference_mask_off"],
    ...data.labels.map((label, index) => [index, label, data.masked[index], data.unmasked[index]]),
  ], "replaced-token.csv");
  root.replaceChildren(verdict, cards, save);
}
