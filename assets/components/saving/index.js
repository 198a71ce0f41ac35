// Publishes how pictures and tables are saved, once for all elements: their own code stays short,
// since it travels with every change of what they draw.
export default function () {
  globalThis.glassboxSaving = { picture: saveDrawn, table: saveTable };
}
