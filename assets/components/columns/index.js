// The six stages from logit to probability as aligned columns: bands of ranks above, rows below.
// Uses shared/saving.js.

const SEARCH_PAUSE_MS = 120;

export default function ({ parentElement, data, setStateValue, setTriggerValue }) {
  const root = parentElement.querySelector('.root');
  const view = root.view ?? (root.view = frame(root));
  view.data = data;
  view.page = (first) => {
    const last = Math.max(0, data.n_all - data.n_rows);
    setStateValue('first', Math.max(0, Math.min(first, last)));
  };
  view.search = (text) => setStateValue('search', text);
  view.pick = (id, column) => setTriggerValue('picked', { id, column });
  paint(view, data);
}

function make(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

function frame(root) {
  const view = { table: make('table'), where: make('span', 'where mono') };
  const scroll = make('div', 'scroll');
  scroll.tabIndex = 0;
  scroll.setAttribute('role', 'region');
  scroll.setAttribute('aria-label', 'The stages as columns');
  scroll.append(view.table);
  const drawn = () => ({ title: view.data.title, name: "stages", nodes: [view.table] });
  root.replaceChildren(scroll, foot(view), savingRow(root, drawn, () => tableOf(view.data)));
  return view;
}

function foot(view) {
  const row = make('div', 'foot');
  const steps = [
    ['«', 'The likeliest', () => 0],
    ['‹', 'Likelier ones', () => view.data.first - view.data.n_rows],
    ['›', 'Less likely ones', () => view.data.first + view.data.n_rows],
    ['»', 'The least likely', () => view.data.n_all],
  ].map(([sign, title, target]) => {
    const button = make('button', '', sign);
    button.title = title;
    button.setAttribute('aria-label', title);
    button.onclick = () => view.page(target());
    return button;
  });
  view.where.setAttribute('aria-live', 'polite');
  row.append(steps[0], steps[1], view.where, steps[2], steps[3], rankBox(view), searchBox(view));
  return row;
}

function rankBox(view) {
  const label = make('label', 'box', 'Go to rank');
  const input = Object.assign(make('input', 'mono'), { type: 'number', min: 1, step: 1 });
  input.onchange = () => { if (input.value) view.page(Number(input.value) - 1); };
  label.append(input);
  return label;
}

function searchBox(view) {
  const label = make('label', 'box', 'Find a token');
  const input = Object.assign(make('input', 'mono'), { type: 'search', maxLength: 40 });
  let timer;
  input.oninput = () => {
    clearTimeout(timer);
    timer = setTimeout(() => view.search(input.value), SEARCH_PAUSE_MS);
  };
  view.input = input;
  label.append(input);
  return label;
}

function paint(view, data) {
  const root = view.table.getRootNode();
  const focused = [...view.table.querySelectorAll('button')].indexOf(root.activeElement);
  view.table.replaceChildren(head(data), glance(data), section(view, data.lines, 'rows'));
  if (data.query) view.table.append(hits(view, data));
  view.where.textContent = data.where;
  if (!view.input.matches(':focus')) view.input.value = data.query;
  if (focused >= 0) view.table.querySelectorAll('button')[focused]?.focus();
}

function head(data) {
  const row = make('tr');
  row.append(column('rank', ''), column('token', ''));
  for (const [name, below] of data.heads) row.append(column(name, below));
  const node = make('thead');
  node.append(row);
  return node;
}

function column(name, below) {
  const cell = make('th', '', name);
  cell.scope = 'col';
  cell.append(make('small', 'muted', below));
  return cell;
}

function glance(data) {
  const body = make('tbody', 'glance');
  body.setAttribute('aria-label', 'The whole vocabulary in bands of ranks');
  for (const band of data.bands) {
    const row = make('tr');
    const name = make('th', 'muted mono', band.ranks);
    name.colSpan = 2;
    name.scope = 'row';
    row.append(name);
    band.widths.forEach((width, index) => {
      const cell = make('td');
      const track = make('span', band.is_removed[index] ? 'track out' : 'track');
      const fill = make('span', index === 5 ? 'fill share' : 'fill');
      fill.style.width = `${width}%`;
      track.append(fill);
      cell.append(track);
      row.append(cell);
    });
    body.append(row);
  }
  return body;
}

function section(view, lines, className) {
  const body = make('tbody', className);
  for (const line of lines) body.append(tableRow(view, line));
  return body;
}

function tableRow(view, line) {
  const row = make('tr', line.is_picked ? 'picked' : '');
  const name = make('th');
  const button = make('button', 'token', line.label);
  button.title = `Work out ${line.label} (id ${line.id}) by hand`;
  button.setAttribute('aria-label', button.title);
  name.scope = 'row';
  name.append(button);
  row.append(make('td', 'mono muted', line.rank), name);
  line.cells.forEach((text, index) => {
    const cell = make('td', `mono${line.is_removed[index] ? ' out' : ''}`, text);
    cell.classList.toggle('open', line.is_picked && (index === 0) === view.data.is_logit);
    cell.onclick = () => view.pick(line.id, index);
    row.append(cell);
  });
  button.onclick = () => view.pick(line.id, 5);
  return row;
}

function tableOf({ heads, lines, hits: found }) {
  const plain = (text) => text.replaceAll(",", "");
  return [["rank", "token", "id", ...heads.map(([name]) => name)],
    ...[...lines, ...found].map((line) => [plain(line.rank), line.label, line.id, ...line.cells])];
}

function hits(view, data) {
  if (data.hits.length) return section(view, data.hits, 'rows hits');
  const body = make('tbody', 'rows hits');
  const row = make('tr');
  const cell = make('td', 'muted', 'No single token of this vocabulary holds that text.');
  cell.colSpan = 8;
  row.append(cell);
  body.append(row);
  return body;
}
