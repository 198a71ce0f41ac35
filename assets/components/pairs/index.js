// Training pairs: the text above, the same text one token further below. Reading down a column
// gives a question (all x up to here) and its answer (y). `data`: pages/components/pairs.py.
// Uses shared/saving.js.

export default function ({ parentElement, data }) {
  const root = parentElement.querySelector(".root");
  const view = (root.view ??= build(root));
  view.data = data;
  draw(view);
}

function make(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

function build(root) {
  const view = { root };
  view.frame = make("div", "frame");
  view.table = make("table");
  view.frame.append(view.table);
  view.line = make("p", "line");
  view.line.setAttribute("aria-live", "polite");
  const drawn = () => ({
    title: "Training pairs: the text, and the same one token further on", name: "training-pairs",
    nodes: [view.table, view.line],
  });
  root.replaceChildren(view.frame, view.line, savingRow(root, drawn, () => tableOf(view.data)));
  const columnOf = (event) => event.target.closest("[data-column]")?.dataset.column;
  view.table.onpointerover = (event) => light(view, columnOf(event));
  view.table.onpointerleave = () => light(view);
  view.table.onfocusin = (event) => light(view, columnOf(event));
  view.table.onfocusout = () => light(view);
  view.table.onkeydown = (event) => {
    const cells = [...view.table.querySelectorAll("[tabindex]")];
    const to = cells.indexOf(event.target) + ({ ArrowRight: 1, ArrowLeft: -1 }[event.key] ?? 0);
    if (!["ArrowRight", "ArrowLeft"].includes(event.key)) return;
    event.preventDefault();
    cells[Math.max(0, Math.min(cells.length - 1, to))].focus();
  };
  return view;
}

function draw(view) {
  const { data, table } = view, n = data.losses.length;
  const row = (name, cellAt) => {
    const line = make("tr"), head = make("th", "", name);
    head.scope = "row";
    line.append(head);
    for (let column = 0; column <= n; column++) {
      const cell = make("td");
      cell.dataset.column = column;
      cellAt(cell, column);
      line.append(cell);
    }
    return line;
  };
  table.replaceChildren(
    row("position", (cell, i) => { cell.textContent = data.first + i; cell.className = "mono muted"; }),
    row("x, read", (cell, i) => {
      cell.className = i < n ? "x" : "x out";
      cell.append(piece(data, i));
    }),
    row("y, to be predicted", (cell, i) => {
      cell.className = "y";
      if (i === n) { cell.append(make("span", "muted", "not known")); return; }
      cell.append(piece(data, i + 1));
      cell.tabIndex = i === 0 ? 0 : -1;
      cell.ariaLabel = words(data, i);
    }),
    row("probability of y", (cell, i) => { cell.className = "mono"; cell.textContent = data.shares[i] ?? ""; }),
    row("loss, −ln of it", (cell, i) => { cell.className = "mono"; cell.textContent = i < n ? data.losses[i].toFixed(2) : ""; }),
  );
  light(view);
}

function piece(data, index) {
  const node = make("span", "token", data.labels[index]);
  node.style.background = `var(--tint-${(data.first + index) % 6})`;
  return node;
}

function light(view, column) {
  const { data } = view, at = column === undefined ? -1 : Number(column);
  const isOn = at >= 0 && at < data.losses.length;
  for (const cell of view.table.querySelectorAll("td")) {
    const own = Number(cell.dataset.column);
    const isContext = cell.classList.contains("x") && own <= at;
    cell.classList.toggle("lit", isOn && (isContext || (own === at && cell.classList.contains("y"))));
  }
  view.line.textContent = isOn ? words(data, at) : data.summary;
}

function tableOf(data) {
  const rows = data.losses.map((loss, i) =>
    [data.first + i, data.labels[i], data.labels[i + 1], Math.exp(-loss), loss]);
  return [["position", "x", "y", "probability of y", "loss"], ...rows];
}

function words(data, at) {
  const before = data.labels.slice(0, at + 1);
  const context = (data.first > 0 || before.length > 8 ? "… " : "") + before.slice(-8).join(" ");
  return `After ${context} comes ${data.labels[at + 1]}: the model gave it ${data.shares[at]}, a loss of ${data.losses[at].toFixed(2)}.`;
}
