// The next-token bars: draws the rows that Python wrote, and reports a row, a search, "show more".
// Called again on the same DOM at every change of data, so everything here can be repeated.
// Uses shared/saving.js.

const SEARCH_PAUSE_MS = 120;
// A narrower stretch of the cumulative bar has no room for its token.
const LABELLED_SHARE = 0.04;

export default function ({ parentElement, data, setStateValue, setTriggerValue }) {
  const root = parentElement.querySelector('.root');
  const view = root.view ?? (root.view = frame(root));
  view.data = data;
  view.search = (text) => setStateValue('search', text);
  view.more = () => setStateValue('shown', data.next_shown);
  view.choose = (id) => setTriggerValue('chosen', { id, at: view.data.at });
  paint(view, data);
}

function make(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

function frame(root) {
  const view = { root, made: new Map() };
  view.line = make('div', 'line');
  view.line.setAttribute('role', 'img');
  view.lineText = make('p', 'line-text mono');
  view.cut = make('p', 'cut-text');
  view.box = searchBox(view);
  view.found = make('div', 'found');
  view.found.setAttribute('aria-live', 'polite');
  view.head = make('div', 'head muted');
  view.list = make('ol', 'rows');
  view.rest = make('p', 'rest muted');
  view.button = make('button', 'more', 'Show more');
  view.button.onclick = () => view.more();
  root.replaceChildren(
    view.line, view.lineText, view.cut, view.head, view.list, view.rest,
    foot(view), view.found,
  );
  const drawn = () => ({
    title: view.data.title, name: "next-token-bars",
    nodes: [view.line, view.lineText, view.cut, view.head, view.list, view.rest, view.found]
      .filter((node) => node.getClientRects().length),
  });
  root.append(savingRow(root, drawn, () => tableOf(view.data)));
  root.addEventListener('keydown', (event) => walk(view, event));
  return view;
}

function foot(view) {
  const row = make('div', 'foot');
  row.append(view.button, view.box);
  return row;
}

function searchBox(view) {
  const label = make('label', 'search');
  const input = make('input');
  input.type = 'search';
  input.maxLength = 40;
  input.placeholder = 'a word, ␣word or an id';
  let timer;
  input.oninput = () => {
    clearTimeout(timer);
    timer = setTimeout(() => view.search(input.value), SEARCH_PAUSE_MS);
  };
  view.input = input;
  label.append(make('span', '', 'Find a token'), input);
  return label;
}

function paint(view, data) {
  const focused = focusedRow(view);
  view.root.classList.toggle('has-draws', Boolean(data.draws));
  view.root.classList.toggle('plain', data.is_plain);
  paintLine(view, data);
  view.cut.textContent = data.cut;
  paintHead(view, data);
  view.list.replaceChildren(...listItems(view, data));
  view.rest.textContent = data.rest;
  view.button.hidden = data.next_shown <= data.n_in_order;
  if (!view.input.matches(':focus') && view.input.value !== data.query) {
    view.input.value = data.query;
  }
  paintFound(view, data);
  restoreFocus(view, focused);
}

function paintLine(view, data) {
  view.line.hidden = data.u === null;
  view.lineText.textContent = data.u_text;
  if (data.u === null) return;
  view.line.setAttribute('aria-label', data.u_text);
  const parts = data.stretches.map((part, index) => {
    const width = part.end - part.start;
    const label = width >= LABELLED_SHARE ? part.label : '';
    const node = make('span', `part ${part.is_rest ? 'other' : `tint-${index % 6}`}`, label);
    node.style.left = `${100 * part.start}%`;
    node.style.width = `${100 * width}%`;
    node.title = part.text;
    node.classList.toggle('picked', part.is_picked);
    return node;
  });
  const needle = make('span', 'needle');
  needle.style.left = `${100 * data.u}%`;
  needle.append(make('b', data.u > 0.8 ? 'mono left' : 'mono', `u = ${data.u.toFixed(4)}`));
  view.line.replaceChildren(...parts, needle);
}

function paintHead(view, data) {
  const end = `${+(100 * data.scale).toPrecision(3)} %`;
  const scale = make('span', 'scale mono');
  scale.append(make('span', '', '0'), make('span', '', end));
  view.head.replaceChildren(
    make('span', 'rank', 'rank'), make('span', 'name', 'token'), scale,
    make('span', 'number', data.is_plain ? 'probability' : 'now'), make('span', 'number before', 'original'),
    make('span', 'number count', data.draws), make('span', 'id', 'id'),
  );
}

function listItems(view, data) {
  const items = [];
  data.rows.forEach((row, index) => {
    if (index === data.n_in_order) items.push(make('li', 'gap muted', '⋮'));
    if (index === data.n_kept) items.push(cutLine());
    items.push(rowItem(view, row, data));
  });
  const alive = new Set([...data.rows, ...data.found].map((row) => row.id));
  for (const id of view.made.keys()) if (!alive.has(id)) view.made.delete(id);
  return items;
}

function cutLine() {
  const line = make('li', 'cut');
  line.append(make('span', '', 'cut: nothing below can be drawn'));
  return line;
}

// A row's node is kept from one call to the next, so that its bar can move.
function rowItem(view, row, data) {
  let item = view.made.get(row.id);
  if (!item) {
    item = newRow();
    view.made.set(row.id, item);
  }
  fillRow(view, item, row, data);
  return item;
}

function newRow() {
  const item = make('li', 'row');
  const button = make('button', 'take');
  const track = make('span', 'track');
  track.append(make('span', 'fill'), make('span', 'ghost'), make('span', 'tick'), make('span', 'tag'));
  const name = make('span', 'name');
  name.append(make('span', 'token'));
  button.append(
    make('span', 'rank mono muted'), name, track, make('span', 'number mono'),
    make('span', 'number before mono muted'), make('span', 'number count mono'),
    make('span', 'id mono muted'),
  );
  item.append(button);
  return item;
}

function fillRow(view, item, row, data) {
  const find = (selector) => item.querySelector(selector);
  const button = find('.take');
  item.dataset.id = row.id;
  item.classList.toggle('removed', Boolean(row.removed));
  item.classList.toggle('marked', Boolean(row.mark));
  find('.rank').textContent = row.rank;
  find('.token').textContent = row.label;
  find('.fill').style.width = `${(100 * row.probability) / data.scale}%`;
  find('.ghost').style.width = `${(100 * row.original) / data.scale}%`;
  find('.tick').hidden = row.count === null;
  if (row.count !== null) find('.tick').style.left = `${Math.min(100, (100 * row.count) / data.scale)}%`;
  find('.tag').replaceChildren(...tag(row));
  find('.number:not(.before)').textContent = row.text;
  find('.before').textContent = row.original_text;
  find('.count').textContent = row.count_text;
  find('.id').textContent = row.id;
  button.disabled = !data.can_choose;
  button.onclick = () => view.choose(row.id);
  button.setAttribute('aria-label', spoken(row, data));
  button.title = data.can_choose ? `${data.action} ${row.label}` : '';
}

// "removed by" stands only where there is room for it; the hatch says it too.
function tag(row) {
  const parts = [];
  if (row.mark) parts.push(make('span', '', row.removed ? `${row.mark} · ` : row.mark));
  if (row.removed) parts.push(make('span', 'verb', 'removed by '), make('span', '', row.removed));
  return parts;
}

function spoken(row, data) {
  const parts = [`${row.label}, id ${row.id}, rank ${row.rank}: ${row.text}`];
  if (!data.is_plain) parts.push(`originally ${row.original_text}`);
  if (row.mark) parts.push(row.mark);
  if (row.removed) parts.push(`removed by ${row.removed}`);
  if (row.count !== null) parts.push(`${row.count_text} of ${data.draws}`);
  if (data.can_choose) parts.push(`press: ${data.action} it`);
  return parts.join(', ');
}

function paintFound(view, data) {
  if (!data.query) return view.found.replaceChildren();
  if (!data.found.length) {
    return view.found.replaceChildren(
      make('p', 'muted', 'No token of this vocabulary holds that text: it is cut into several.'),
    );
  }
  const list = make('ol', 'rows');
  list.append(...data.found.map((row) => {
    const item = newRow();
    fillRow(view, item, row, data);
    return item;
  }));
  return view.found.replaceChildren(list);
}

function tableOf({ rows, found, draws }) {
  const lines = [...rows, ...found].map((row) => [row.rank, row.label, row.id, row.probability,
    row.original, row.removed, row.mark, ...(draws ? [row.count_text] : [])]);
  return [["rank", "token", "id", "probability", "original probability", "removed by", "mark",
    ...(draws ? [draws] : [])], ...lines];
}

function buttons(view) {
  return [...view.root.querySelectorAll('.take:not(:disabled)')];
}

function focusedRow(view) {
  return buttons(view).indexOf(view.root.getRootNode().activeElement);
}

function restoreFocus(view, index) {
  if (index >= 0) buttons(view)[Math.min(index, buttons(view).length - 1)]?.focus();
}

function walk(view, event) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const index = focusedRow(view);
  if (!step || index < 0) return;
  event.preventDefault();
  buttons(view)[index + step]?.focus();
}
