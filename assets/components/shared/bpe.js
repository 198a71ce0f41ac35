// GPT-2's byte-pair encoding in the browser, at any vocabulary size: the twin of
// model/tokenizer.py, held to it by tests/browser/test_prompt_bpe.py. Bytes travel as "binary
// strings", one character (0 to 255) a byte, because strings can be keys of a Map.
// Source of the pattern and the byte order: openai/gpt-2, encoder.py; NOTICE has the licence.

// JavaScript's \s differs from Rust's, which tiktoken uses: U+0085 is white space there and U+FEFF
// is not. The property White_Space is the same in both.
const WORDS = new RegExp(
  String.raw`'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+` +
    String.raw`|\p{White_Space}+$|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}`,
  "gu",
);
const MAX_CHARACTERS = 20000;
const MAX_CACHED_WORDS = 20000;
const MAX_CACHED_LENGTH = 64;
const MAX_CACHED_SIZES = 4;
// A place in the queue of merges is rank * PLACES + position: lowest rank first, then leftmost.
const PLACES = 2 ** 24;

/** Return the last `count` characters (code points, as Python counts them) of a text. */
function tail(text, count = MAX_CHARACTERS) {
  if (text.length <= count) return text;
  let start = text.length;
  for (let taken = 0; taken < count && start > 0; taken++) {
    start -= isPairBefore(text, start) ? 2 : 1;
  }
  return text.slice(start);
}

function isPairBefore(text, end) {
  const isLow = (text.charCodeAt(end - 1) & 0xfc00) === 0xdc00;
  return isLow && end > 1 && (text.charCodeAt(end - 2) & 0xfc00) === 0xd800;
}

/** Return `text` with every lone surrogate replaced by U+FFFD. */
function validUnicode(text) {
  return text.toWellFormed ? text.toWellFormed() : text.replace(/\p{Surrogate}/gu, "\ufffd");
}

/** Read the bytes of vocab.bpe: the 256 bytes in GPT-2's order, then one piece a merge. */
function parseVocabulary(bytes) {
  const byteOf = bytesByStandIn();
  const pieces = [...byteOf.values()];
  for (const line of new TextDecoder().decode(bytes).split("\n").slice(1)) {
    let piece = "";
    for (const character of line) if (character !== " ") piece += byteOf.get(character);
    if (piece) pieces.push(piece);
  }
  return { pieces, ids: new Map(pieces.map((piece, id) => [piece, id])) };
}

/** Map the character GPT-2's files write for a byte to that byte, in the order of GPT-2's ids. */
function bytesByStandIn() {
  const isPrintable = (byte) =>
    (byte > 0x20 && byte < 0x7f) || (byte > 0xa0 && byte < 0x100 && byte !== 0xad);
  const bytes = Array.from({ length: 256 }, (_, byte) => byte);
  const printable = bytes.filter(isPrintable).map((byte) => [byte, byte]);
  const others = bytes.filter((byte) => !isPrintable(byte)).map((byte, index) => [256 + index, byte]);
  const pairs = [...printable, ...others];
  return new Map(pairs.map(([code, byte]) => [String.fromCharCode(code), String.fromCharCode(byte)]));
}

/** Make a function that cuts a text into token ids, with the words it has seen kept at hand. */
function makeCutter(vocabulary) {
  const sizes = new Map();
  return (text, vocabSize) => {
    if (!sizes.has(vocabSize)) remember(sizes, vocabSize, new Map(), MAX_CACHED_SIZES);
    const words = sizes.get(vocabSize);
    const ids = [];
    for (const [word] of validUnicode(text).matchAll(WORDS)) {
      for (const id of cutWord(word, vocabulary, vocabSize, words)) ids.push(id);
    }
    return ids;
  };
}

function cutWord(word, vocabulary, vocabSize, words) {
  const known = words.get(word);
  if (known) return known;
  const ids = mergePieces(utf8(word), vocabulary, vocabSize - 1);
  if (word.length <= MAX_CACHED_LENGTH) remember(words, word, ids, MAX_CACHED_WORDS);
  return ids;
}

function remember(map, key, value, limit) {
  if (map.size >= limit) map.delete(map.keys().next().value);
  map.set(key, value);
}

function utf8(text) {
  let bytes = "";
  for (const byte of new TextEncoder().encode(text)) bytes += String.fromCharCode(byte);
  return bytes;
}

/**
 * Join neighbours whose union is a piece of lower id than any other union, until there is none.
 * As tiktoken does, a union counts whichever way it is split. The queue keeps a word of n bytes
 * at O(n log n), so that twenty thousand letters without a space are cut in milliseconds.
 */
function mergePieces(bytes, { pieces, ids }, limit) {
  const whole = ids.get(bytes);
  if (whole < limit) return [whole];
  const parts = Array.from(bytes, (byte) => ids.get(byte));
  const next = Int32Array.from(parts, (_, index) => index + 1);
  const previous = Int32Array.from(parts, (_, index) => index - 1);
  const queue = [];
  const union = (left) => {
    const right = next[left];
    if (right >= parts.length) return -1;
    const id = ids.get(pieces[parts[left]] + pieces[parts[right]]);
    return id < limit ? id : -1;
  };
  const offer = (left) => {
    const id = union(left);
    if (id >= 0) push(queue, id * PLACES + left);
  };
  for (let left = 0; left < parts.length; left++) offer(left);
  while (queue.length) {
    const place = pop(queue);
    const left = place % PLACES;
    // A neighbour may have been joined since this place was taken.
    if (parts[left] < 0 || union(left) !== Math.floor(place / PLACES)) continue;
    const right = next[left];
    parts[left] = union(left);
    parts[right] = -1;
    next[left] = next[right];
    if (next[left] < parts.length) previous[next[left]] = left;
    offer(left);
    if (previous[left] >= 0) offer(previous[left]);
  }
  return parts.filter((id) => id >= 0);
}

// A binary heap in an array: the smallest number first.
function push(heap, value) {
  let index = heap.push(value) - 1;
  while (index > 0) {
    const parent = (index - 1) >> 1;
    if (heap[parent] <= value) break;
    heap[index] = heap[parent];
    index = parent;
  }
  heap[index] = value;
}

function pop(heap) {
  const least = heap[0];
  const value = heap.pop();
  if (!heap.length) return least;
  let index = 0;
  for (let child = 1; child < heap.length; child = 2 * index + 1) {
    if (heap[child + 1] < heap[child]) child++;
    if (heap[child] >= value) break;
    heap[index] = heap[child];
    index = child;
  }
  heap[index] = value;
  return least;
}
