// The text as tokens, tinted by how much each surprised the model; a press looks at the prediction
// that the token was an answer to. Uses shared/saving.js.

export default function ({ parentElement, data, setTriggerValue }) {
  const root = parentElement.querySelector('.root');
  const view = root.view ?? (root.view = frame(root));
  view.data = data;
  const focused = buttons(view).indexOf(root.getRootNode().activeElement);
  const nodes = data.tokens.map((token) => chip(token, data, (position) => {
    setTriggerValue('looked', position);
  }));
  view.list.replaceChildren(...nodes);
  view.list.classList.toggle('tinted', data.is_tinted);
  if (focused >= 0) buttons(view)[Math.min(focused, nodes.length - 1)]?.focus();
  else if (data.follows_end) view.list.scrollTop = view.list.scrollHeight;
}

function frame(root) {
  const list = document.createElement('ol');
  list.className = 'passage';
  const view = { list };
  const drawn = () => ({
    title: "The text coloured by surprise: bits under each token", name: "surprise", nodes: [list],
  });
  root.replaceChildren(list, savingRow(root, drawn, () => tableOf(view.data)));
  list.addEventListener('keydown', (event) => walk(view, event));
  return view;
}

function chip(token, data, look) {
  const item = document.createElement('li');
  const button = document.createElement('button');
  const label = document.createElement('span');
  const bits = document.createElement('span');
  button.className = `piece ${token.kind}`;
  label.className = 'label';
  bits.className = 'bits';
  label.textContent = token.label;
  bits.textContent = token.bits_text;
  button.style.setProperty('--heat', `${token.heat}%`);
  button.classList.toggle('here', token.position === data.position);
  button.classList.toggle('looks', token.position === data.position - 1);
  button.setAttribute('aria-pressed', String(token.position === data.position));
  button.setAttribute('aria-label', token.spoken);
  button.title = token.spoken;
  button.disabled = token.position === 0;
  button.onclick = () => look(token.position);
  button.append(label, bits);
  item.append(button);
  return item;
}

function tableOf({ tokens }) {
  return [['position', 'token', 'bits', 'in words'],
    ...tokens.map((token) => [token.position, token.label, token.bits_text, token.spoken])];
}

function buttons(view) {
  return [...view.list.querySelectorAll('.piece:not(:disabled)')];
}

function walk(view, event) {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  const all = buttons(view);
  const index = all.indexOf(view.list.getRootNode().activeElement);
  if (index < 0) return;
  event.preventDefault();
  all[index + step]?.focus();
}
