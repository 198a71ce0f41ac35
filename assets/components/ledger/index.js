// Signed bars, one row a part: in order as a tree, or the largest first.
// `data` is described in pages/components/ledger.py. Everything but a click stays in the browser.

const FIRST_SHOWN = 16;

export default function ({ parentElement, data, setTriggerValue }) {
  const root = parentElement.querySelector(".root");
  const view = (root.view ??= build(root));
  view.data = data;
  view.choose = (index) => setTriggerValue("chosen", index);
  view.limit = Math.max(...data.rows.map((row) => Math.abs(row.amount)), 1e-9);
  view.colors = roleColors(root, "ink", "muted", "ground", "panel", "hairline", "positive", "negative");
  paint(view);
}

function make(tag, className, text = "") {
  return Object.assign(document.createElement(tag), { className, textContent: text });
}

function build(root) {
  const view = { root, isSorted: false, isAll: false, open: new Set() };
  view.switch = make("div", "switch");
  view.switch.setAttribute("role", "group");
  view.head = make("div", "head muted");
  view.list = make("ul", "rows");
  view.more = make("button", "", "Show all");
  view.more.onclick = () => { view.isAll = true; paint(view); };
  const bar = make("div", "saving");
  const picture = make("button", "", "Save picture"), numbers = make("button", "", "Save numbers");
  picture.title = "These bars as PNG";
  numbers.title = "Every row as CSV";
  picture.onclick = () => savePicture(view);
  numbers.onclick = () => saveNumbers(view);
  bar.append(view.more, picture, numbers);
  root.replaceChildren(view.switch, view.head, view.list, bar);
  return view;
}

function paint(view) {
  const { data } = view;
  view.list.setAttribute("aria-label", data.title);
  paintSwitch(view);
  const scale = make("span", "scale mono");
  for (const text of [short(-view.limit), "0", `+${short(view.limit)}`]) scale.append(make("span", "", text));
  view.head.replaceChildren(make("span", "", data.what), scale, make("span", "number", data.unit));
  const shown = visible(view);
  const isCut = !view.isAll && shown.length > FIRST_SHOWN && (view.isSorted || !data.is_tree);
  view.more.hidden = !isCut;
  view.more.textContent = `Show all ${shown.length}`;
  view.list.replaceChildren(...shown.slice(0, isCut ? FIRST_SHOWN : undefined).map((index) => item(view, index)));
}

function paintSwitch(view) {
  view.switch.hidden = !view.data.is_tree;
  view.switch.replaceChildren(...[["In order", false], ["Largest first", true]].map(([text, isSorted]) => {
    const button = make("button", view.isSorted === isSorted ? "on" : "", text);
    button.setAttribute("aria-pressed", String(view.isSorted === isSorted));
    button.onclick = () => { view.isSorted = isSorted; paint(view); };
    return button;
  }));
}

/** Indices of the rows that are to be seen: a closed group hides its members. */
function visible(view) {
  const { rows, is_tree } = view.data, all = rows.map((_, index) => index);
  if (view.isSorted) {
    return all.filter((i) => !isGroup(view, i)).sort((a, b) => Math.abs(rows[b].amount) - Math.abs(rows[a].amount));
  }
  return is_tree ? all.filter((i) => rows[i].parent < 0 || view.open.has(rows[rows[i].parent].label)) : all;
}

function isGroup(view, index) {
  return view.data.rows[index].members > 0;
}

function item(view, index) {
  const row = view.data.rows[index], line = make("li", `row${row.is_chosen ? " chosen" : ""}`);
  line.append(toggle(view, index), face(view, row, index));
  if (row.parent >= 0 && !view.isSorted) line.classList.add("member");
  return line;
}

function toggle(view, index) {
  if (!isGroup(view, index)) return make("span", "");
  const row = view.data.rows[index], isOpen = view.open.has(row.label);
  const button = make("button", "toggle", isOpen ? "▾" : "▸");
  button.setAttribute("aria-expanded", String(isOpen));
  button.setAttribute("aria-label", `${row.label}: its ${row.members} parts`);
  button.onclick = () => {
    if (isOpen) view.open.delete(row.label);
    else view.open.add(row.label);
    paint(view);
    view.list.querySelectorAll(`[aria-label="${CSS.escape(button.getAttribute("aria-label"))}"]`)[0]?.focus();
  };
  return button;
}

function face(view, row, index) {
  const node = make(row.can_choose ? "button" : "div", "face"), name = make("span", "name");
  if (row.role) name.append(make("i", `mark ${row.role}`));
  name.append(make("span", row.is_token ? "token" : "", row.label), make("small", "muted", row.note));
  const track = make("span", "track"), fill = make("span", `fill ${row.amount < 0 ? "minus" : "plus"}`);
  const share = (50 * Math.abs(row.amount)) / view.limit;
  fill.style.cssText = `width:${share}%;${row.amount < 0 ? "right" : "left"}:50%`;
  track.append(fill);
  const text = signed(row.amount, view.data.decimals);
  node.append(name, track, make("span", "number mono", text));
  if (row.can_choose) {
    node.setAttribute("aria-label", `${row.label} ${row.note}: ${text} ${view.data.unit}. ${view.data.action}`);
    node.title = view.data.action;
    node.onclick = () => view.choose(index);
  }
  return node;
}

function signed(value, decimals) {
  const text = fixed(value, decimals);
  return value > 0 ? `+${text}` : text;
}

function short(value) {
  return String(Number(value.toPrecision(2))).replace("-", "−");
}

function saveNumbers(view) {
  const rows = [["part", "note", "is_sum_of_rows_below", view.data.unit]];
  view.data.rows.forEach((row, index) => rows.push([row.label, row.note, isGroup(view, index), row.amount]));
  saveTable(rows, fileNamed(view.data.title, "csv"));
}

function savePicture(view) {
  const rows = visible(view).slice(0, 200).map((index) => view.data.rows[index]);
  const width = 720, line = 22, top = 44, sheet = document.createElement("canvas");
  const pen = sharpen(sheet, width, top + rows.length * line + 12, 2), { ink, muted, ground, hairline } = view.colors;
  const font = getComputedStyle(view.root).fontFamily;
  pen.fillStyle = css(ground);
  pen.fillRect(0, 0, width, top + rows.length * line + 12);
  pen.textBaseline = "middle";
  pen.fillStyle = css(ink);
  pen.font = `600 15px ${font}`;
  pen.fillText(elide(pen, `${view.data.title} · ${view.data.unit}`, width - 24), 12, 20);
  pen.font = `13px ${font}`;
  rows.forEach((row, index) => {
    const y = top + (index + 0.5) * line, part = (190 * row.amount) / view.limit;
    pen.fillStyle = css(ink);
    pen.textAlign = "left";
    pen.fillText(elide(pen, `${row.label}  ${row.note}`, 220), 12, y);
    pen.textAlign = "right";
    pen.fillText(signed(row.amount, view.data.decimals), width - 12, y);
    pen.fillStyle = css(view.colors[row.amount < 0 ? "negative" : "positive"]);
    pen.fillRect(Math.min(436, 436 + part), y - 7, Math.abs(part), 14);
  });
  pen.strokeStyle = css(rows.length ? hairline : muted);
  pen.strokeRect(436, top, 0, rows.length * line);
  sheet.toBlob((blob) => saveBlob(blob, fileNamed(view.data.title, "png")));
}
