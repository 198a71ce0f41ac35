"""Six texts, each of which makes one stage clear on the embedded model."""

from typing import NamedTuple


class Example(NamedTuple):
    """Offer one text.

    Args:
        text: What the model is to read.
        stage: Name of the page to look at.
        look: What to look at there. A test holds it true of the embedded model.
    """

    text: str
    stage: str
    look: str


EXAMPLES = (
    Example(
        "Once upon a",
        "output",
        "One clear winner, learnt by heart: in the ledger of the residual stream the feed-forward "
        "layers wrote it.",
    ),
    Example(
        "The cat sat on the",
        "output",
        "Many words fit, so the bars are flat. Lower the temperature and watch the first one grow.",
    ),
    Example(
        "Mr. Brown went home. Mr.",
        "attention",
        "In the last block a head looks back from the last token at Brown: the word that stood "
        "after the first Mr.",
    ),
    Example(
        "Lily had a red ball. Tom had a blue ball. Lily liked her red",
        "residual",
        "The answer stands in your text, and the attention heads write it: compare the ledger "
        "with the one of Once upon a.",
    ),
    Example(
        "The dog chased the cat and the cat chased the dog",
        "position",
        "Words that stand there twice. Their rows of the token table are the same: only the "
        "position tells them apart.",
    ),
    Example(
        "unbelievably antidisestablishmentarian",
        "tokens",
        "Two rare words, many tokens. Watch the merges build them.",
    ),
)
