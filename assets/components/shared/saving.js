// Two buttons under what an element drew. What they do is published once, by the element "saving".

/**
 * A row with "Save picture" and, with `rows`, "Save numbers".
 * `drawn()` returns {title, name, nodes}: the nodes are painted one below the other as NAME.png;
 * `rows()` returns the cells of NAME.csv, the names of the columns first.
 */
function savingRow(root, drawn, rows) {
  const row = document.createElement("div");
  row.className = "saving";
  const button = (text, title, act) => {
    const node = Object.assign(document.createElement("button"), { type: "button", textContent: text, title });
    node.onclick = act;
    row.append(node);
  };
  button("Save picture", "What is drawn here, as PNG", () => globalThis.glassboxSaving.picture(root, drawn()));
  if (rows) {
    button("Save numbers", "The numbers drawn here, as CSV",
      () => globalThis.glassboxSaving.table(rows(), `${drawn().name}.csv`));
  }
  return row;
}

/** A title as the stem of a file's name. */
function fileStem(title) {
  return title.toLowerCase().replaceAll(/[^\p{L}\p{N}]+/gu, "-").replaceAll(/^-|-$/g, "").slice(0, 60);
}
