// A short list of tokens with one signed number each, as bars on a common axis, beside the range
// that chance would give. `data` is described in pages/components/ranking.py.
// Uses shared/saving.js.

export default function ({ parentElement, data, setTriggerValue }) {
  const root = parentElement.querySelector(".root");
  const { low, high } = data;
  const at = (value) => `${(100 * (Math.min(high, Math.max(low, value)) - low)) / (high - low)}%`;
  const focused = [...root.querySelectorAll("button")].indexOf(root.getRootNode().activeElement);
  const list = make("ol");
  list.ariaLabel = data.title;
  data.rows.forEach((row) => list.append(line(data, row, at, () => setTriggerValue("token", row.id))));
  const nodes = [axis(data, at), list, ...(data.note ? [note(data)] : [])];
  const drawn = () => ({ title: data.title, name: fileStem(data.title), nodes });
  root.replaceChildren(...nodes, savingRow(root, drawn, () => tableOf(data)));
  if (focused >= 0) root.querySelectorAll("button")[focused]?.focus();
}

function tableOf(data) {
  return [["token", "id", "mark", data.unit], ...data.rows.map((row) => [row.label, row.id, row.mark, row.value])];
}

function make(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

function axis(data, at) {
  const row = make("div", "row axis mono"), track = make("span", "track");
  row.ariaHidden = "true";
  for (const [value, text] of data.ticks) {
    const tick = make("span", "tick", text);
    tick.style.left = at(value);
    track.append(tick);
  }
  row.append(make("span"), track, make("span"));
  return row;
}

function line(data, row, at, choose) {
  const item = make("li");
  const node = make(data.can_choose ? "button" : "div", "row take");
  const track = make("span", "track"), fill = make("span", "fill");
  if (data.band) {
    const band = make("span", "band");
    band.style.left = at(data.band[0]);
    band.style.width = `calc(${at(data.band[1])} - ${at(data.band[0])})`;
    track.append(band);
  }
  const [from, to] = row.value < 0 ? [row.value, 0] : [0, row.value];
  fill.style.left = at(from);
  fill.style.width = `calc(${at(to)} - ${at(from)})`;
  fill.classList.toggle("negative", row.value < 0);
  const zero = make("span", "zero");
  zero.style.left = at(0);
  track.append(fill, zero);
  const name = make("span", "name"), piece = make("span", "token", row.label);
  piece.style.background = row.tint === null ? "var(--panel)" : `var(--tint-${row.tint})`;
  name.append(piece);
  if (row.mark) name.append(make("span", "mark", row.mark));
  node.append(name, track, make("span", "number mono", row.text));
  if (data.can_choose) {
    node.type = "button";
    node.onclick = choose;
    node.ariaLabel = `${row.label}${row.mark ? `, ${row.mark}` : ""}: ${row.text}. ${data.action}`;
    node.title = data.action;
  }
  item.append(node);
  return item;
}

function note(data) {
  const line = make("p", "note");
  if (data.band) line.append(make("span", "key"));
  line.append(data.note);
  return line;
}
