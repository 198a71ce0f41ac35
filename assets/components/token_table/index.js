// A small table whose cells are words or token pieces. `data`: pages/components/token_table.py.
// Uses shared/saving.js.

export default function ({ parentElement, data }) {
  const root = parentElement.querySelector(".root");
  const frame = make("div", "frame"), table = make("table"), head = make("tr");
  head.append(...data.columns.map((name) => Object.assign(make("th", "", name), { scope: "col" })));
  table.append(make("caption", "visually-hidden", data.title), head);
  for (const row of data.rows) {
    const line = make("tr");
    line.append(...row.map((cell) => tableCell(cell)));
    table.append(line);
  }
  frame.append(table);
  const drawn = () => ({ title: data.title, name: fileStem(data.title), nodes: [table] });
  root.replaceChildren(frame, savingRow(root, drawn, () => tableOf(data)));
}

function make(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

function tableOf({ columns, rows }) {
  const text = (cell) => (typeof cell === "string" ? cell : cell.map(([label]) => label).join(" "));
  return [columns, ...rows.map((row) => row.map(text))];
}

function tableCell(cell) {
  if (typeof cell === "string") return make("td", "mono", cell);
  const node = make("td", "pieces");
  cell.forEach(([label, tint]) => {
    const piece = make("span", "token", label);
    piece.style.background = `var(--tint-${tint % 6})`;
    node.append(piece);
  });
  return node;
}
