"""Words of a few kinds, to see whether rows of one kind lie together."""

from collections.abc import Mapping, Sequence

from model.tokenizer import Tokenizer

# Of these the tokens with a space in front are meant, as words stand inside a text …
_WORDS: Mapping[str, str] = {
    "people": "man woman boy girl father mother brother sister king child friend doctor",
    "animals": "cat dog horse bird fish bear mouse cow sheep wolf lion rabbit",
    "colours": "red blue green yellow white black brown grey pink gold",
    "numbers": "one two three four five six seven eight nine ten hundred",
    "done": "said went came looked took made saw found ran gave walked asked",
    "doing": "say go come look take make see find run give walk ask",
    "time": "Monday Tuesday Friday Sunday March April May June morning night day year",
    "places": "London Paris England France America city town house village river",
    "small words": "the a an of to in that with for on at by",
}
# … and of these the bare ones.
_SIGNS: Mapping[str, str] = {
    "digits": "0 1 2 3 4 5 6 7 8 9",
    "capitals": "A B C D E F G H I J K L M N O P Q R S T U V W X Y Z",
    "signs": ". , ; : ! ? - ( ) '",
}
MOST_SHOWN_FIRST = 5
FEWEST = 3


def kind_ids(cutter: Tokenizer) -> dict[str, tuple[int, ...]]:
    """Return the tokens of each kind that this vocabulary has whole; kinds of fewer than 3 fall."""
    texts = {kind: [f" {word}" for word in words.split()] for kind, words in _WORDS.items()}
    texts |= {kind: signs.split() for kind, signs in _SIGNS.items()}
    found = {kind: _whole_tokens(forms, cutter) for kind, forms in texts.items()}
    return {kind: ids for kind, ids in found.items() if len(ids) >= FEWEST}


def _whole_tokens(texts: Sequence[str], cutter: Tokenizer) -> tuple[int, ...]:
    cuts = [cutter.encode(text).ids for text in texts]
    return tuple(ids[0] for ids in cuts if len(ids) == 1)
