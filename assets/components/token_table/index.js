// A small table whose cells are words or token pieces. `data`: pages/components/token_table.py.

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
  root.replaceChildren(frame);
}

function make(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
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
