// Ship GPT-2's merges once and publish a tokenizer for every element of the page, as
// globalThis.glassboxTokenizer = { cut(text, vocabSize) -> ids, piece(id) -> bytes,
// label(id, vocabSize) -> text, tail(text) -> text }. Elements that were mounted earlier hear the
// event "glassbox-tokenizer".

function publishTokenizer(bytes) {
  const vocabulary = parseVocabulary(bytes);
  const piece = (id) => Uint8Array.from(vocabulary.pieces[id] ?? "", (byte) => byte.charCodeAt(0));
  const labels = [];
  globalThis.glassboxTokenizer = {
    cut: makeCutter(vocabulary),
    piece,
    label: (id, vocabSize) =>
      id === vocabSize - 1 ? END_OF_TEXT : (labels[id] ??= pieceLabel(piece(id))),
    tail,
  };
  globalThis.dispatchEvent(new Event("glassbox-tokenizer"));
}

export default function ({ data, parentElement }) {
  // Nothing to see: without this the empty element would still take up a row's gap.
  const container = parentElement.host?.closest("[data-testid=stElementContainer]");
  if (container) container.style.display = "none";
  if (!globalThis.glassboxTokenizer) publishTokenizer(data);
}
