// Every road from one prompt, a line each; what two neighbouring roads share is drawn once.
// Uses shared/saving.js.

export default function ({ parentElement, data, setTriggerValue }) {
  const root = parentElement.querySelector('.root');
  const go = (node) => setTriggerValue('gone', node);
  const start = step({ node: 0, label: data.prompt, spoken: 'Go back to the prompt' }, go);
  start.classList.add('prompt');
  const list = make('ol', 'roads');
  list.append(...data.roads.map((road, index) => line(road, index, go)));
  const drawn = () => ({ title: 'Roads from this prompt', name: 'roads', nodes: [start, list] });
  root.replaceChildren(start, list, savingRow(root, drawn, () => tableOf(data)));
}

function make(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

function tableOf({ roads }) {
  const lines = roads.flatMap((road, index) => road.map((token, at) =>
    [index + 1, at + 1, token.label, token.is_drawn ? 'drawn' : 'chosen', token.share ?? '']));
  return [['road', 'token of it', 'token', 'how', 'probability when it was taken'], ...lines];
}

function line(road, index, go) {
  const item = make('li', 'road');
  const shared = road.filter((token) => token.is_shared);
  const own = road.filter((token) => !token.is_shared);
  item.append(make('span', 'number muted', `road ${index + 1}`));
  if (shared.length) {
    const count = shared.length === 1 ? 'the same token' : `the same ${shared.length} tokens`;
    item.append(make('span', 'same muted', `└ ${count}, then`));
  }
  for (const token of own) item.append(step(token, go));
  return item;
}

function step(token, go) {
  const button = make('button', 'step', token.label);
  button.classList.toggle('here', Boolean(token.is_here));
  button.classList.toggle('chosen', token.is_drawn === false);
  button.title = token.spoken;
  button.setAttribute('aria-label', token.spoken);
  button.onclick = () => go(token.node);
  return button;
}
