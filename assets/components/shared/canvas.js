// Drawing on canvas: the theme's colours, sharp pixels, tables of colours, hatching, saving.
// Plain functions; every element that names "canvas" gets them in front of its own code.

/** Read palette.css roles as [red, green, blue], whatever way they are written there. */
function roleColors(host, ...names) {
  const probe = document.createElement("span");
  host.append(probe);
  const found = {};
  for (const name of names) {
    probe.style.color = `var(--${name})`;
    found[name] = getComputedStyle(probe).color.match(/[\d.]+/g).slice(0, 3).map(Number);
  }
  probe.remove();
  return found;
}

function css([red, green, blue], alpha = 1) {
  return `rgb(${red} ${green} ${blue} / ${alpha})`;
}

/** Make a canvas as sharp as the screen; return its context, which draws in CSS pixels. */
function sharpen(canvas, width, height, scale = devicePixelRatio || 1) {
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const ctx = canvas.getContext("2d");
  ctx.setTransform(scale, 0, 0, scale, 0, 0);
  return ctx;
}

/** 256 colours through the given stops, as the 32-bit pixels of an ImageData (little-endian). */
function colorTable(...stops) {
  const last = stops.length - 1;
  return Uint32Array.from({ length: 256 }, (_, index) => {
    const at = (index / 255) * last, from = Math.min(Math.floor(at), last - 1), part = at - from;
    const [r, g, b] = stops[from].map((c, i) => Math.round(c + (stops[from + 1][i] - c) * part));
    return (255 << 24) | (b << 16) | (g << 8) | r;
  });
}

function tableColor(table, index) {
  return [table[index] & 255, (table[index] >> 8) & 255, (table[index] >> 16) & 255];
}

/** Ink or ground, whichever is easier to read on `color` (relative luminance, WCAG 2). */
function readableOn(color, ink, ground) {
  const light = (c) => c.map((v) => ((v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const contrast = (a, b) => (Math.max(light(a), light(b)) + 0.05) / (Math.min(light(a), light(b)) + 0.05);
  return contrast(color, ink) >= contrast(color, ground) ? ink : ground;
}

/** One pixel a number: `indices` (row by row) through a colour table, on a canvas of its own. */
function pixelImage(indices, table, width, height) {
  const image = new ImageData(width, height), pixels = new Uint32Array(image.data.buffer);
  for (let i = 0; i < pixels.length; i++) pixels[i] = table[indices[i]];
  const canvas = new OffscreenCanvas(width, height);
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}

/** A diagonal hatch, `line` faint on `panel`: what is not there, as against what is zero. */
function hatching(ctx, panel, line) {
  const size = 7, tile = new OffscreenCanvas(size * 4, size * 4), pen = tile.getContext("2d");
  pen.scale(4, 4);
  pen.fillStyle = css(panel);
  pen.fillRect(0, 0, size, size);
  pen.strokeStyle = css(line, 0.3);
  pen.lineWidth = 1;
  for (const shift of [-size, 0, size]) {
    pen.beginPath();
    pen.moveTo(shift - 1, size + 1);
    pen.lineTo(shift + size + 1, -1);
    pen.stroke();
  }
  const pattern = ctx.createPattern(tile, "repeat");
  pattern.setTransform(new DOMMatrix().scale(1 / 4));
  return pattern;
}

/** Cut `text` to `width` pixels of the context's font, with an ellipsis. */
function elide(ctx, text, width) {
  if (ctx.measureText(text).width <= width) return text;
  const letters = [...text];
  while (letters.length && ctx.measureText(letters.join("") + "…").width > width) letters.pop();
  return letters.join("") + "…";
}

/** The numbers of a flat numpy array, as Streamlit hands them over (an Arrow table). */
function numbersOf(table) {
  if (!table) return new Float32Array(0);
  return table.getChildAt ? (table.getChildAt(0)?.toArray() ?? new Float32Array(0)) : table;
}

function saveBlob(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** A title as the name of a file. */
function fileNamed(title, ending) {
  return `${title.toLowerCase().replaceAll(/[^\p{L}\p{N}]+/gu, "-").slice(0, 60)}.${ending}`;
}

/** Rows of cells as a CSV file: quoted where needed, CRLF, a byte-order mark for spreadsheets. */
function saveTable(rows, name) {
  // A spreadsheet would run a token like "=1+1" as a formula; an apostrophe makes it text.
  const isFormula = (cell) => typeof cell === "string" && /^[=+\-@\t\r]/.test(cell) && Number.isNaN(Number(cell));
  const tame = (cell) => (isFormula(cell) ? `'${cell}` : String(cell));
  const quote = (cell) => (/[",\r\n]/.test(tame(cell)) ? `"${tame(cell).replaceAll('"', '""')}"` : tame(cell));
  const text = rows.map((row) => row.map(quote).join(",")).join("\r\n");
  saveBlob(new Blob(["\ufeff", text, "\r\n"], { type: "text/csv;charset=utf-8" }), name);
}

/** Save pictures one below the other as one PNG: `rows` of {text} or {canvases}, on the ground colour. */
function saveSheet(rows, colors, font, name) {
  const pad = 12, line = 20, scale = devicePixelRatio || 1;
  const size = (canvas) => [parseFloat(canvas.style.width), parseFloat(canvas.style.height)];
  const high = (row) => (row.canvases ? Math.max(...row.canvases.map((it) => size(it)[1])) + pad : line);
  const wide = (row) => (row.canvases ?? []).reduce((sum, it) => sum + size(it)[0] + pad, pad);
  const sheet = document.createElement("canvas"), width = Math.max(720, ...rows.map(wide));
  const height = rows.reduce((sum, row) => sum + high(row), 2 * pad), pen = sharpen(sheet, width, height, scale);
  pen.fillStyle = css(colors.ground);
  pen.fillRect(0, 0, width, height);
  pen.fillStyle = css(colors.ink);
  pen.font = `13px ${font}`;
  pen.textBaseline = "middle";
  let y = pad;
  for (const row of rows) {
    if (row.text) pen.fillText(elide(pen, row.text, width - 2 * pad), pad, y + line / 2);
    let x = pad;
    for (const canvas of row.canvases ?? []) {
      pen.drawImage(canvas, x, y, ...size(canvas));
      x += size(canvas)[0] + pad;
    }
    y += high(row);
  }
  sheet.toBlob((blob) => saveBlob(blob, name));
}
