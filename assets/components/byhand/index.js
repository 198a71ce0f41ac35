// A number worked out by hand: a tree that opens step by step, beside the model's own value.
// `data` is described in pages/components/byhand.py. Everything here stays in the browser.

const FEW = 6, STEP = 50, LONG = 8;
const SUPERSCRIPTS = { "-": "⁻", 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹" };
const FROM = {
  recorded: "from the pass", learned: "learned", constant: "", above: "see above",
  rest: "added up", masked: "masked", silenced: "silenced",
};
const ROLE_OF = { q: "query", k: "key", v: "value", A: "attention", z: "attention" };

export default function ({ parentElement, data }) {
  const root = parentElement.querySelector(".root");
  const view = (root.view ??= { root });
  const name = `${data.term.label}|${data.term.value}`;
  if (view.name !== name) view.open = new Map();
  Object.assign(view, { name, data });
  draw(view);
}

function make(tag, className, ...children) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.append(...children);
  return node;
}

// ---- numbers and formulas as people read them

/** A term's value; sizes and constants without zeros that say nothing. */
function shown(term) {
  const text = number(term.value);
  return term.operation === "constant" && text.includes(".") && !text.includes("·") ? text.replace(/0+$/, "") : text;
}

/** Six decimals; tiny and huge numbers as digits times a power of ten. */
function number(value) {
  if (Number.isInteger(value) && Math.abs(value) < 1e9) return signed(String(Math.abs(value)), value);
  const size = Math.abs(value);
  if (size >= 1e-3 && size < 1e5) return signed(size.toFixed(6), value);
  const [digits, power] = size.toExponential(4).split("e");
  return signed(`${digits}·10${[...String(Number(power))].map((c) => SUPERSCRIPTS[c]).join("")}`, value);
}

function signed(text, value) {
  return value < 0 ? `−${text}` : text;
}

/** Split a formula so that q, k, v and the attention weight A get their colours. */
function coloured(formula) {
  return formula.split(/(?<![\p{L}\p{N}_])([qkvzA](?![\p{L}′]))/u)
    .map((part) => (ROLE_OF[part] ? make("span", roleClass(ROLE_OF[part]), part) : part));
}

function roleClass(role) {
  return role === "value" ? "value-role" : role;
}

const JOINED = {
  difference: ([a, b]) => [a, " − ", b], product: (v) => v.flatMap((x, i) => (i ? [" × ", x] : [x])),
  quotient: ([a, b]) => [a, " ÷ ", b], square: ([a]) => [a, "²"], root: ([a]) => ["√", a],
  exp: ([a]) => ["e^", a], ln: ([a]) => ["ln ", a], tanh: ([a]) => ["tanh ", a], normal_share: ([a]) => ["Φ", a], same: ([a]) => [a],
};

/** The step with its own numbers: 1.234 ÷ 5.657. A step told in one line shows those inside it too. */
function filled(term, isNested = isOneLine(term)) {
  if (term.operation === "sum") return filledSum(term.children);
  const parts = term.children.map((child, i) => {
    if (isNested && child.children) return make("span", "", "(", ...filled(child, true), ")");
    const alone = i === 0 && ["difference", "product", "quotient", "same"].includes(term.operation);
    const text = alone || child.value >= 0 ? shown(child) : `(${shown(child)})`;
    return make("b", roleClass(child.role), wraps(term.operation) && child.value >= 0 ? `(${text})` : text);
  });
  return JOINED[term.operation](parts);
}

function wraps(operation) {
  return ["square", "tanh", "normal_share", "exp", "ln", "root"].includes(operation);
}

function filledSum(children) {
  const shown = children.length > LONG ? bySize(children).slice(0, 3) : children;
  const parts = shown.flatMap((child, i) => {
    const sign = child.value < 0 ? (i ? " − " : "−") : i ? " + " : "";
    return [sign, make("b", roleClass(child.role), number(Math.abs(child.value)))];
  });
  const all = children.reduce((sum, child) => sum + (child.count ?? 1), 0);
  return children.length > LONG ? [...parts, ` + … ${all.toLocaleString("en")} numbers`] : parts;
}

function bySize(children) {
  return [...children].sort((a, b) => Math.abs(b.value) - Math.abs(a.value));
}

// ---- the panel

function draw(view) {
  const { term, model_value, difference } = view.data;
  const title = make("h4", "");
  title.textContent = term.label;
  const panel = make("section", "panel", title);
  panel.setAttribute("aria-label", "By hand");
  if (term.formula) panel.append(make("div", "formula", ...coloured(term.formula)));
  panel.append(compared(term.value, model_value, difference), verdict(view.data));
  view.list = make("ul", "", item(view, term, "0"));
  view.list.onkeydown = walk;
  panel.append(view.list, buttons(view));
  view.root.replaceChildren(panel);
}

function compared(byHand, model, difference) {
  const list = make("dl", "sums");
  const pairs = [["by hand", nineDigits(byHand)], ["the model’s own", nineDigits(model)], ["difference", difference === 0 ? "0" : number(difference)]];
  for (const [name, text] of pairs) list.append(make("div", "", make("dt", "", name), make("dd", "", text)));
  return list;
}

function nineDigits(value) {
  const size = Math.abs(value);
  if (value === 0 || (size >= 1e-3 && size < 1e5)) return signed(size.toFixed(8), value);
  return number(value);
}

function verdict({ difference, allowance, model_value }) {
  const isFine = Math.abs(difference) < 1e-12 * Math.abs(model_value);
  const isFar = !(Math.abs(difference) < allowance);
  const text = isFar
    ? `This is more than rounding explains (${number(allowance)}).`
    : difference === 0
      ? "The same to the last digit."
      : isFine
        ? "Rounding, nothing else: both were worked out with about 16 digits."
        : "Rounding, nothing else: the model counts with about 7 digits, the calculation here with about 16.";
  return make("p", isFar ? "verdict far" : "verdict", text);
}

// ---- the tree

/** Whether a step is open before anybody touched it: short ones near the top, so that a tree fits a page. */
function isOpen(view, term, path) {
  const level = depth(path);
  const isOpenAtFirst = level === 1 || (level === 2 && view.data.term.children.length <= 3)
    || (level <= 4 && term.children.length <= 3);
  return view.open.get(path) ?? isOpenAtFirst;
}

function depth(path) {
  return path.split(".").length;
}

/** A step whose parts are known numbers says all in one line: 0.12 × −0.5, or e^(1.2 − 3.4). */
function isOneLine(term) {
  if (!term.children) return true;
  // p × ln(p ÷ q) too: a product of a known number and a step that fits behind it.
  if (term.operation === "product") return term.children.every((child) => !child.children || (child.operation === "ln" && isOneLine(child)));
  return ["exp", "ln", "square"].includes(term.operation) && isPlain(term.children[0]);
}

function isPlain(term) {
  if (!term.children) return true;
  return ["difference", "quotient"].includes(term.operation) && term.children.every(isPlain);
}

function item(view, term, path) {
  const node = make("li", term.operation);
  const row = node.appendChild(make("div", "row"));
  row.append(isOneLine(term) ? dot(term) : toggle(view, term, path), nameOf(term), valueOf(term));
  if (term.children) row.append(make("div", "filled", ...filled(term)));
  if (term.note) {
    const note = make("div", "note");
    note.textContent = term.note;
    row.append(note);
  }
  if (!isOneLine(term) && isOpen(view, term, path)) node.append(branch(view, term, path));
  return node;
}

function dot(term) {
  const node = make("span", "dot", term.operation === "rest" ? "…" : "·");
  node.setAttribute("aria-hidden", "true");
  return node;
}

function toggle(view, term, path) {
  const open = isOpen(view, term, path);
  const node = make("button", "toggle", open ? "▾" : "▸");
  node.type = "button";
  node.dataset.path = path;
  node.setAttribute("aria-expanded", open);
  node.setAttribute("aria-label", `${open ? "Close" : "Open"} the step: ${term.label || term.symbol}`);
  node.onclick = () => {
    view.open.set(path, !isOpen(view, term, path));
    redraw(view, node.closest("li"), term, path);
  };
  return node;
}

function redraw(view, old, term, path) {
  const fresh = item(view, term, path);
  old.replaceWith(fresh);
  fresh.querySelector(".toggle")?.focus();
}

function nameOf(term) {
  const name = make("span", "name");
  name.textContent = term.count ? `${term.label} (${term.count.toLocaleString("en")})` : term.label;
  const node = make("span", "", name);
  if (term.symbol && term.symbol !== term.label) {
    const symbol = make("span", "symbol", ...coloured(term.symbol));
    if (term.role !== "computed" && term.role !== "weights") symbol.classList.add(roleClass(term.role));
    node.append(symbol);
  }
  const from = FROM[term.operation];
  if (from) node.append(make("span", "from", from));
  return node;
}

function valueOf(term) {
  const tint = ["computed", "weights"].includes(term.role) ? "" : roleClass(term.role);
  return make("span", "value", make("span", tint, shown(term)));
}

/** The children: a long sum shows its largest summands, then how many more there are. */
function branch(view, term, path) {
  const list = make("ul", "");
  const isLong = term.operation === "sum" && term.children.length > LONG;
  if (!isLong) {
    list.append(...term.children.map((child, i) => item(view, child, `${path}.${i}`)));
    return list;
  }
  const shown = view.open.get(`${path}+`) ?? FEW;
  const order = bySize(term.children.map((child, i) => ({ child, i, value: child.value })));
  const listed = order.slice(0, shown), others = order.slice(shown);
  list.append(...listed.map(({ child, i }) => item(view, child, `${path}.${i}`)));
  if (others.length) list.append(make("li", "", moreButton(view, term, path, others, shown)));
  return list;
}

function moreButton(view, term, path, others, shown) {
  const together = others.reduce((sum, { value }) => sum + value, 0);
  const count = others.reduce((sum, { child }) => sum + (child.count ?? 1), 0);
  const node = make("button", "more", `and ${count.toLocaleString("en")} smaller ones, together `, make("span", "mono", number(together)));
  node.type = "button";
  node.title = `Show ${Math.min(STEP, others.length)} more`;
  node.onclick = () => {
    view.open.set(`${path}+`, shown + STEP);
    redraw(view, node.closest("ul").closest("li"), term, path);
  };
  return node;
}

/** Arrow keys between steps: up and down move, right opens, left closes. */
function walk(event) {
  const toggles = [...event.currentTarget.querySelectorAll(".toggle, .more")];
  const at = toggles.indexOf(event.target);
  if (at < 0) return;
  const open = event.target.getAttribute("aria-expanded");
  if (event.key === "ArrowDown") toggles[at + 1]?.focus();
  else if (event.key === "ArrowUp") toggles[at - 1]?.focus();
  else if (event.key === "ArrowRight" && open === "false") event.target.click();
  else if (event.key === "ArrowLeft" && open === "true") event.target.click();
  else return;
  event.preventDefault();
}

// ---- taking it away

function buttons(view) {
  const said = make("span", "said");
  said.setAttribute("role", "status");
  const button = (text, act) => {
    const node = make("button", "", text);
    node.type = "button";
    node.onclick = act;
    return node;
  };
  return make("div", "bar saving",
    button("Copy as text", async () => { said.textContent = (await copy(view.root, asText(view.data))) ? "Copied" : "Your browser did not allow it"; }),
    button("Save numbers", () => saveTable(asRows(view.data), "by-hand.csv")), said);
}

async function copy(root, text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Without https a browser has no clipboard for scripts; the old way still works.
    const box = root.appendChild(Object.assign(document.createElement("textarea"), { value: text }));
    box.select();
    const isDone = document.execCommand("copy");
    box.remove();
    return isDone;
  }
}

function plain(term) {
  const holder = make("span", "", ...filled(term));
  return holder.textContent;
}

function lines(term, level) {
  const indent = "  ".repeat(level), made = term.children ? ` = ${plain(term)}` : "";
  const count = term.count ? ` (${term.count})` : "";
  const own = `${indent}${term.label || "number"}${count}  ${term.symbol}${made} = ${number(term.value)}`;
  return [own, ...(isOneLine(term) ? [] : term.children.flatMap((child) => lines(child, level + 1)))];
}

function asText({ term, model_value, difference }) {
  const head = [term.label, ...(term.formula ? [term.formula] : [])];
  const compare = [`by hand:         ${term.value}`, `the model's own: ${model_value}`, `difference:      ${difference}`];
  return [...head, ...compare, "", ...lines(term, 0)].join("\n");
}

function asRows({ term, model_value, difference }) {
  const rows = [["level", "what", "symbol", "operation", "value", "count", "note"]];
  const add = (it, level) => {
    rows.push([level, it.label, it.symbol, it.operation, it.value, it.count ?? 1, it.note ?? ""]);
    it.children?.forEach((child) => add(child, level + 1));
  };
  add(term, 0);
  rows.push(["", "the model's own", "", "", model_value, 1, ""], ["", "difference", "", "", difference, 1, ""]);
  return rows;
}
