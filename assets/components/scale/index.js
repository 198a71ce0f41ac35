// Squares whose areas are parameter counts, from one corner, and the table of their sizes.
// Uses shared/saving.js.
function make(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

export default function ({ parentElement, data }) {
  const root = parentElement.querySelector('.root');
  const largest = Math.max(...data.models.map((model) => model.parameters));
  const picture = make('div', 'squares');
  picture.setAttribute('role', 'img');
  picture.setAttribute('aria-label', 'Squares with areas in proportion to the numbers of the table');
  for (const model of [...data.models].sort((a, b) => b.parameters - a.parameters)) {
    const square = make('span', model.is_this ? 'square this' : 'square');
    square.style.width = `${100 * Math.sqrt(model.parameters / largest)}%`;
    square.title = `${model.title}: ${model.parameters.toLocaleString('en-US')} parameters`;
    picture.append(square);
  }
  const table = make('table');
  const head = make('tr');
  for (const name of ['model', ...data.columns, 'parameters']) {
    const cell = make('th', '', name);
    cell.scope = 'col';
    head.append(cell);
  }
  const thead = make('thead');
  thead.append(head);
  const body = make('tbody');
  for (const model of data.models) {
    const row = make('tr', model.is_this ? 'this' : '');
    const name = make('th', '', model.title);
    name.scope = 'row';
    row.append(name);
    for (const size of [...model.sizes, model.parameters]) {
      row.append(make('td', 'mono', size.toLocaleString('en-US')));
    }
    body.append(row);
  }
  table.append(thead, body);
  const frame = make('div', 'frame');
  frame.tabIndex = 0;
  frame.append(table);
  const drawn = () => ({
    title: 'Models to scale: areas are parameter counts', name: 'models-to-scale', nodes: [picture, table],
  });
  const rows = () => [['model', ...data.columns, 'parameters'],
    ...data.models.map((model) => [model.title, ...model.sizes, model.parameters])];
  root.replaceChildren(picture, frame, savingRow(root, drawn, rows));
}
