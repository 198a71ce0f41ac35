// The four sampling controls: sliders that report while they are dragged, numbers for exact values.
// What each stage did is worked out in Python and arrives as text.

const THROTTLE_MS = 80;
const PATIENCE_MS = 3000;

// Each slider runs over 0 … 1; `from` and `to` bend it so that the useful values have room.
function controls(vocabSize) {
  const log = Math.log(vocabSize);
  return [
    { name: 'temperature', title: 'Temperature', step: 0.01, max: 10, off: 1, steps: 200,
      fit: (v) => (v < 0.01 ? 0 : v),
      to: (x) => round(2 * x, 2), from: (v) => Math.min(v / 2, 1),
      say: (v) => (v === 0 ? '0: no choice' : String(v)) },
    { name: 'top_k', title: 'Top-k', step: 1, max: vocabSize, off: 0, steps: 300, fit: Math.trunc,
      to: (x) => (x >= 1 ? 0 : Math.round(Math.exp(x * log))),
      from: (v) => (v === 0 ? 1 : Math.log(v) / log),
      say: (v) => (v === 0 ? 'off' : `the best ${v}`) },
    { name: 'top_p', title: 'Top-p', step: 0.01, max: 1, off: 1, steps: 100, fit: (v) => Math.max(v, 0.01),
      to: (x) => Math.max(0.01, round(x, 2)), from: (v) => v, say: (v) => (v === 1 ? 'off' : String(v)) },
    { name: 'min_p', title: 'Min-p', step: 0.01, max: 1, off: 0, steps: 100, fit: (v) => v,
      to: (x) => round(x * x, 3), from: Math.sqrt, say: (v) => (v === 0 ? 'off' : String(v)) },
  ];
}

const round = (value, digits) => Number(value.toFixed(digits));

export default function ({ parentElement, data, setStateValue }) {
  const root = parentElement.querySelector('.root');
  const view = root.view?.size === data.vocab_size ? root.view : (root.view = frame(root, data));
  view.send = (held) => {
    view.sent = { ...view.values };
    view.sentAt = performance.now();
    setStateValue('values', { ...view.values, held, serial: ++view.serial });
  };
  follow(view, data);
  data.effects.forEach((text, index) => {
    const { effect, control } = view.rows[index];
    effect.textContent = view.remark?.name === control.name ? `${view.remark.text} ${text}` : text;
  });
  paintPresets(view, data);
}

function make(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

function frame(root, data) {
  const view = { size: data.vocab_size, values: { ...data.values }, serial: Date.now() };
  view.rows = controls(data.vocab_size).map((control, index) => row(view, control, index));
  view.presets = make('div', 'presets');
  view.presets.setAttribute('role', 'group');
  view.presets.setAttribute('aria-label', 'Ready-made settings');
  const list = make('ol', 'stages');
  list.append(...view.rows.map((one) => one.item));
  root.replaceChildren(list, view.presets);
  return view;
}

function row(view, control, index) {
  const item = make('li', 'stage');
  const title = make('span', 'title', `${index + 1} ${control.title}`);
  const slider = Object.assign(make('input', 'slider'), {
    type: 'range', min: 0, max: control.steps, step: 1,
  });
  const number = Object.assign(make('input', 'exact mono'), {
    type: 'number', min: 0, max: control.max, step: control.step, inputMode: 'decimal',
  });
  const effect = make('p', 'effect muted');
  slider.setAttribute('aria-label', control.title);
  number.setAttribute('aria-label', `${control.title}, exact value`);
  const made = { item, slider, number, effect, control };
  slider.oninput = () => {
    view.remark = null;
    moved(view, made, control.to(slider.value / control.steps), true);
  };
  slider.onchange = () => moved(view, made, control.to(slider.value / control.steps), false);
  number.onchange = () => {
    if (number.value === '') return show(made, view.values[control.name]);
    view.remark = null;
    const typed = Number(number.value);
    const used = control.fit(Math.min(Math.max(typed, 0), control.max));
    if (used !== typed) view.remark = { name: control.name, text: `${typed} cannot be: ${used} is used.` };
    moved(view, made, used, false);
    return show(made, used);
  };
  item.append(title, slider, number, effect);
  return made;
}

// While a handle is held, at most one message in THROTTLE_MS; the last position always goes out.
function moved(view, made, value, held) {
  view.values[made.control.name] = value;
  made.number.value = value;
  made.slider.setAttribute('aria-valuetext', made.control.say(value));
  clearTimeout(view.timer);
  if (!held) return view.send(false);
  const wait = Math.max(0, THROTTLE_MS - (performance.now() - (view.sentAt ?? 0)));
  view.timer = setTimeout(() => view.send(true), wait);
  return undefined;
}

function show(made, value) {
  made.slider.value = Math.round(made.control.from(value) * made.control.steps);
  made.slider.setAttribute('aria-valuetext', made.control.say(value));
  made.number.value = value;
}

// Python's values win, except where they are merely late: an answer to an older move.
function follow(view, data) {
  const isLate = view.sent && performance.now() - view.sentAt < PATIENCE_MS
    && Object.keys(view.values).some((name) => view.values[name] !== data.values[name]);
  if (isLate) return;
  view.sent = undefined;
  view.values = { ...data.values };
  for (const made of view.rows) {
    const value = view.values[made.control.name];
    const isRight = made.control.to(made.slider.value / made.control.steps) === value;
    if (!isRight || made.number.value !== String(value)) show(made, value);
  }
}

function paintPresets(view, data) {
  view.presets.replaceChildren(...data.presets.map((preset) => {
    const button = make('button', preset.is_on ? 'on' : '', preset.label);
    button.setAttribute('aria-pressed', String(preset.is_on));
    button.onclick = () => {
      view.remark = null;
      view.values = { ...preset.values };
      for (const made of view.rows) show(made, view.values[made.control.name]);
      view.send(false);
    };
    return button;
  }));
}
