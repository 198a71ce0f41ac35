// Save what an element drew as HTML: its boxes, texts and canvases are painted again, on one canvas.
// The element "saving" publishes it; needs canvas.js in front of it.

const PICTURE_PAD = 16, PICTURE_LINE = 22;

/** Save `nodes`, painted one below the other under a title, as NAME.png. */
function saveDrawn(root, { title, name, nodes }) {
  const undo = unrolled(nodes);
  try {
    pictureOf(root, title, nodes).toBlob((blob) => saveBlob(blob, `${name}.png`));
  } finally {
    undo();
  }
}

/** Let frames that scroll show all they hold; return what puts them back. */
function unrolled(nodes) {
  const scrolls = (node) => /auto|scroll/.test(getComputedStyle(node).overflow);
  const frames = nodes.flatMap((node) => [node, ...node.querySelectorAll("*")]).filter(scrolls);
  const before = frames.map((node) => [node, node.style.cssText, node.scrollLeft, node.scrollTop]);
  for (const node of frames) {
    node.scrollTo(0, 0);
    node.style.overflow = "visible";
    node.style.maxHeight = "none";
  }
  return () => before.forEach(([node, style, left, top]) => {
    node.style.cssText = style;
    node.scrollTo(left, top);
  });
}

function pictureOf(root, title, nodes) {
  const colors = roleColors(root, "ground", "ink", "panel", "muted");
  const boxes = nodes.map(wholeBox);
  const width = Math.max(360, ...boxes.map((box) => box.right - box.left)) + 2 * PICTURE_PAD;
  const font = `600 14px ${getComputedStyle(root).fontFamily}`;
  const titleLines = wrapped(title, font, width - 2 * PICTURE_PAD);
  const top = PICTURE_PAD + titleLines.length * PICTURE_LINE + 8;
  const height = boxes.reduce((sum, box) => sum + box.bottom - box.top + 8, top) + PICTURE_PAD;
  const sheet = document.createElement("canvas");
  const pen = sharpen(sheet, width, height, Math.max(2, devicePixelRatio || 1));
  pen.fillStyle = css(colors.ground);
  pen.fillRect(0, 0, width, height);
  pen.font = font;
  pen.fillStyle = css(colors.ink);
  pen.textBaseline = "alphabetic";
  titleLines.forEach((line, index) => pen.fillText(line, PICTURE_PAD, PICTURE_PAD + 15 + index * PICTURE_LINE));
  const hatch = hatching(pen, colors.panel, colors.muted);
  let y = top;
  nodes.forEach((node, index) => {
    pen.save();
    pen.translate(PICTURE_PAD - boxes[index].left, y - boxes[index].top);
    paintNode(pen, node, hatch);
    pen.restore();
    y += boxes[index].bottom - boxes[index].top + 8;
  });
  return sheet;
}

/** Break a title into lines no wider than `width`. */
function wrapped(text, font, width) {
  const pen = new OffscreenCanvas(1, 1).getContext("2d"), lines = [""];
  pen.font = font;
  for (const word of text.split(" ")) {
    const longer = lines.at(-1) ? `${lines.at(-1)} ${word}` : word;
    if (lines.at(-1) && pen.measureText(longer).width > width) lines.push(word);
    else lines[lines.length - 1] = longer;
  }
  return lines.map((line) => elide(pen, line, width));
}

/** The node's box together with what stands out of it and is not clipped. */
function wholeBox(node) {
  const found = node.getBoundingClientRect();
  const box = { left: found.left, top: found.top, right: found.right, bottom: found.bottom };
  if (getComputedStyle(node).overflow === "hidden") return box;
  for (const child of node.children) {
    if (!isPainted(child)) continue;
    const inner = wholeBox(child);
    box.left = Math.min(box.left, inner.left);
    box.top = Math.min(box.top, inner.top);
    box.right = Math.max(box.right, inner.right);
    box.bottom = Math.max(box.bottom, inner.bottom);
  }
  return box;
}

function isPainted(node) {
  return !node.matches("input, select, .visually-hidden") && node.getClientRects().length > 0;
}

function paintNode(pen, node, hatch) {
  const style = getComputedStyle(node), box = node.getBoundingClientRect();
  pen.save();
  pen.globalAlpha *= Number(style.opacity);
  paintBox(pen, box, style, hatch);
  paintAfter(pen, node, box);
  if (node.tagName === "CANVAS") {
    pen.imageSmoothingEnabled = style.imageRendering !== "pixelated";
    pen.drawImage(node, box.left, box.top, box.width, box.height);
  }
  if (style.overflow === "hidden") {
    pen.beginPath();
    pen.roundRect(box.left, box.top, box.width, box.height, cornersOf(style));
    pen.clip();
  }
  const depth = (child) => (child.nodeType === Node.ELEMENT_NODE ? Number(getComputedStyle(child).zIndex) || 0 : 0);
  for (const child of [...node.childNodes].sort((a, b) => depth(a) - depth(b))) {
    if (child.nodeType === Node.TEXT_NODE) paintText(pen, child, node, style);
    else if (child.nodeType === Node.ELEMENT_NODE && isPainted(child)) paintNode(pen, child, hatch);
  }
  pen.restore();
}

function cornersOf(style) {
  return ["TopLeft", "TopRight", "BottomRight", "BottomLeft"].map((name) => parseFloat(style[`border${name}Radius`]) || 0);
}

function paintBox(pen, box, style, hatch) {
  pen.beginPath();
  pen.roundRect(box.left, box.top, box.width, box.height, cornersOf(style));
  pen.fillStyle = style.backgroundColor;
  pen.fill();
  if (style.backgroundImage.startsWith("repeating-linear-gradient")) {
    pen.fillStyle = hatch;
    pen.fill();
  }
  if (style.outlineStyle === "solid") strokeBox(pen, box, parseFloat(style.outlineWidth), style.outlineColor, style);
  paintBorder(pen, box, style);
}

function paintBorder(pen, box, style) {
  const sides = ["Top", "Right", "Bottom", "Left"];
  const widths = sides.map((side) => parseFloat(style[`border${side}Width`]));
  const looks = new Set(sides.map((side) => [`Width`, `Style`, `Color`].map((part) => style[`border${side}${part}`]).join()));
  if (looks.size === 1) {
    if (!widths[0]) return;
    if (style.borderTopStyle !== "double") return strokeBox(pen, box, widths[0], style.borderTopColor, style);
    strokeBox(pen, box, 1, style.borderTopColor, style);
    const inner = { left: box.left + 2, top: box.top + 2, width: box.width - 4, height: box.height - 4 };
    return strokeBox(pen, inner, 1, style.borderTopColor, style);
  }
  const { left, top, right, bottom } = box;
  const ends = [[left, top, right, top], [right, top, right, bottom], [left, bottom, right, bottom], [left, top, left, bottom]];
  const inward = [[0, 0.5], [-0.5, 0], [0, -0.5], [0.5, 0]];
  sides.forEach((side, at) => {
    if (!widths[at]) return;
    const [dx, dy] = inward[at].map((share) => share * widths[at]), [x1, y1, x2, y2] = ends[at];
    pen.beginPath();
    pen.moveTo(x1 + dx, y1 + dy);
    pen.lineTo(x2 + dx, y2 + dy);
    strokeLike(pen, widths[at], style[`border${side}Color`], style[`border${side}Style`]);
  });
}

function strokeBox(pen, { left, top, width, height }, thick, color, style) {
  if (width <= thick || height <= thick) return;
  pen.beginPath();
  pen.roundRect(left + thick / 2, top + thick / 2, width - thick, height - thick, cornersOf(style).map((r) => Math.max(0, r - thick / 2)));
  strokeLike(pen, thick, color, style.borderTopStyle);
}

function strokeLike(pen, thick, color, look) {
  pen.lineWidth = thick;
  pen.strokeStyle = color;
  pen.setLineDash(look === "dashed" ? [4, 3] : []);
  pen.stroke();
  pen.setLineDash([]);
}

/** Paint the box of an absolutely placed ::after: a line between two parts. */
function paintAfter(pen, node, box) {
  const style = getComputedStyle(node, "::after");
  if (style.content === "none" || style.position !== "absolute") return;
  const [left, top, width, height] = ["left", "top", "width", "height"].map((name) => parseFloat(style[name]));
  pen.save();
  pen.globalAlpha *= Number(style.opacity);
  pen.fillStyle = style.backgroundColor;
  pen.fillRect(box.left + left, box.top + top, width, height);
  pen.restore();
}

function paintText(pen, node, parent, style) {
  pen.font = `${style.fontStyle} ${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
  pen.fillStyle = style.color;
  pen.textBaseline = "alphabetic";
  const isCut = style.textOverflow === "ellipsis" && parent.scrollWidth > parent.clientWidth;
  for (const { text, left, top } of textLines(node)) {
    const shown = isCut ? elide(pen, text, parent.clientWidth) : text;
    pen.fillText(shown, left, top + pen.measureText(shown).fontBoundingBoxAscent);
  }
}

/** Where the browser put each line of a text. */
function textLines(node) {
  const range = document.createRange(), lines = [];
  range.selectNodeContents(node);
  const boxes = range.getClientRects();
  if (boxes.length === 1) return [{ text: node.data, left: boxes[0].left, top: boxes[0].top }];
  let at = 0;
  for (const letter of node.data) {
    range.setStart(node, at);
    range.setEnd(node, (at += letter.length));
    const box = range.getBoundingClientRect(), line = lines.at(-1);
    if (!box.width) continue;
    if (line && Math.abs(line.top - box.top) < box.height / 2) line.text += letter;
    else lines.push({ text: letter, left: box.left, top: box.top });
  }
  return lines;
}
