// Choose one token of the vocabulary: a few at hand, any other by searching.
// `data` is described in pages/components/chooser.py.

const SEARCH_PAUSE_MS = 150;

export default function ({ parentElement, data, setStateValue, setTriggerValue }) {
  const root = parentElement.querySelector(".root");
  const view = (root.view ??= build(root));
  view.search = (text) => setStateValue("query", text);
  view.choose = (id) => setTriggerValue("chosen", id);
  view.label.textContent = data.title;
  view.input.placeholder = "any token: a word, ␣word or an id";
  view.input.setAttribute("aria-label", `${data.title}: search any token`);
  view.list.replaceChildren(...data.options.map((option) => choice(view, option)));
  view.found.replaceChildren(...found(view, data));
  if (!view.input.matches(":focus") && view.input.value !== data.query) view.input.value = data.query;
}

function make(tag, className, text = "") {
  return Object.assign(document.createElement(tag), { className, textContent: text });
}

function build(root) {
  const view = { label: make("span", "title"), list: make("span", "list"), found: make("span", "list found") };
  view.input = Object.assign(make("input", ""), { type: "search", maxLength: 40 });
  let timer;
  view.input.oninput = () => {
    clearTimeout(timer);
    timer = setTimeout(() => view.search(view.input.value), SEARCH_PAUSE_MS);
  };
  view.found.setAttribute("aria-live", "polite");
  root.replaceChildren(view.label, view.list, view.input, view.found);
  return view;
}

function choice(view, option) {
  const button = make("button", option.is_chosen ? "on" : "");
  button.append(make("span", "token", option.label), make("small", "muted", option.note));
  button.setAttribute("aria-pressed", String(option.is_chosen));
  button.onclick = () => view.choose(option.id);
  return button;
}

function found(view, data) {
  if (!data.query) return [];
  if (!data.found.length) return [make("span", "muted", "No token holds that text: it is cut into several.")];
  return data.found.map((option) => choice(view, option));
}
