// Labels for token pieces: the twin of model/tokenizer.py's piece_label, held to it by
// tests/browser/test_prompt_bpe.py. No two pieces share a label.

const END_OF_TEXT = "<|endoftext|>";
const VISIBLE = { " ": "␣", "\n": "⏎", "\t": "⇥", "\r": "␍" };
const MARKS = new Set([...Object.values(VISIBLE), "⟨", "⟩", "◌"]);
// Control, format, private, unassigned; separators; fillers and variation selectors; blank Braille.
const UNSEEN = /[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}\u2800]/u;
const COMBINING_FIRST = /^\p{M}/u;

/** Write a piece's bytes so that every one can be told apart on a screen. */
function pieceLabel(bytes) {
  const label = wholeCharacters(bytes).map(characterLabel).join("");
  return COMBINING_FIRST.test(label) ? `◌${label}` : label;
}

function characterLabel(character) {
  if (typeof character === "number") {
    return `⟨${character.toString(16).toUpperCase().padStart(2, "0")}⟩`;
  }
  if (VISIBLE[character]) return VISIBLE[character];
  if (!MARKS.has(character) && !UNSEEN.test(character)) return character;
  return `⟨U+${character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}⟩`;
}

/** Split bytes into whole characters and the bytes left over (as numbers). */
function wholeCharacters(bytes) {
  const found = [];
  for (let position = 0; position < bytes.length; ) {
    const length = characterLength(bytes, position);
    found.push(length ? decodeCharacter(bytes, position, length) : bytes[position]);
    position += length || 1;
  }
  return found;
}

/** Return how many bytes the character at `position` takes; 0 where no whole one starts there. */
function characterLength(bytes, position) {
  const [first, second] = [bytes[position], bytes[position + 1]];
  if (first < 0x80) return 1;
  const length = first < 0xc2 || first > 0xf4 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  for (let index = position + 1; index < position + length; index++) {
    if (!(index < bytes.length) || (bytes[index] & 0xc0) !== 0x80) return 0;
  }
  // Longer than need be, a surrogate, or past U+10FFFF: no valid UTF-8 (RFC 3629, section 4).
  const isWrong =
    (first === 0xe0 && second < 0xa0) || (first === 0xed && second > 0x9f) ||
    (first === 0xf0 && second < 0x90) || (first === 0xf4 && second > 0x8f);
  return isWrong ? 0 : length;
}

function decodeCharacter(bytes, position, length) {
  let code = length === 1 ? bytes[position] : bytes[position] & (0xff >> (length + 1));
  for (let index = position + 1; index < position + length; index++) {
    code = (code << 6) | (bytes[index] & 0x3f);
  }
  return String.fromCodePoint(code);
}
