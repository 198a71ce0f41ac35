// A card that points at one thing at a time and goes on when the visitor has done it themselves.
function make(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

function target(step) {
  return document.querySelector(step.target);
}

// The ring follows its target through scrolling, reruns and page changes.
function follow(root, ring) {
  cancelAnimationFrame(root._frame);
  const place = () => {
    const found = root._step && target(root._step);
    const box = found?.getBoundingClientRect();
    ring.hidden = !box || box.width === 0;
    if (box) {
      ring.style.left = `${box.left - 6}px`;
      ring.style.top = `${box.top - 6}px`;
      ring.style.width = `${box.width + 12}px`;
      ring.style.height = `${box.height + 12}px`;
    }
    root._frame = requestAnimationFrame(place);
  };
  place();
}

function listen(root) {
  if (root._listens) return;
  root._listens = true;
  const done = (event) => {
    const step = root._step;
    const found = step && target(step);
    if (!found || event.type !== step.event || !event.composedPath().includes(found)) return;
    root._step = null;
    // After the page has handled the event itself.
    setTimeout(() => root._send('step', step.number + 1), 600);
  };
  root._done = done;
  for (const type of ['click', 'input']) document.addEventListener(type, done, true);
}

// On a small screen the sidebar, where the tour is begun, lies over the page: out of the way.
function uncover() {
  if (innerWidth >= 768) return;
  document.querySelector('[data-testid="stSidebar"][data-collapsed="false"] [data-testid="stSidebarCollapseButton"] button')?.click();
}

function card(data, send) {
  const step = data.step;
  const box = make('section', 'card');
  box.setAttribute('aria-label', 'Guided tour');
  box.append(make('p', 'count', `step ${step.number + 1} of ${data.count}`), make('h2', '', step.title),
    make('p', 'text', step.text), make('p', 'todo', `${step.todo}`));
  const row = make('div', 'row');
  const back = make('button', '', 'Back');
  back.disabled = step.number === 0;
  back.onclick = () => send('step', step.number - 1);
  const skip = make('button', '', step.number + 1 < data.count ? 'Skip' : 'Finish');
  skip.onclick = () => send('step', step.number + 1);
  const leave = make('button', '', 'Leave the tour');
  leave.onclick = () => send('step', -1);
  for (const button of [back, skip, leave]) button.type = 'button';
  row.append(back, skip, leave);
  box.append(row);
  return box;
}

export default function ({ parentElement, data, setStateValue }) {
  const root = parentElement.querySelector('.root');
  root._send = setStateValue;
  root._step = data.step;
  const ring = make('div', 'ring');
  ring.hidden = true;
  const status = make('p', 'visually-hidden', `Tour: ${data.step.title}. ${data.step.todo}`);
  status.setAttribute('role', 'status');
  root.replaceChildren(ring, card(data, setStateValue), status);
  listen(root);
  follow(root, ring);
  const found = target(data.step);
  if (root._shown === undefined) uncover();
  if (root._shown !== data.step.number && found) {
    root._shown = data.step.number;
    const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
    found.scrollIntoView({ block: 'center', behavior: calm ? 'auto' : 'smooth' });
  }
  return () => {
    cancelAnimationFrame(root._frame);
    for (const type of ['click', 'input']) document.removeEventListener(type, root._done, true);
    root._listens = false;
  };
}
