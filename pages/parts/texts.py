"""Read the words of the pages, and put a visitor's text between them without its being read."""

import re
from functools import lru_cache
from pathlib import Path

_JOINER = "&#8288;"
_TEXTS = Path(__file__).parents[1] / "texts"


@lru_cache(maxsize=64)
def sections(name: str) -> dict[str, str]:
    """Return the sections of `pages/texts/NAME.md` by their headings.

    The text before the first heading is under "".
    """
    parts = re.split(r"^## +(.+)$", (_TEXTS / f"{name}.md").read_text("utf-8"), flags=re.MULTILINE)
    return {"": parts[0].strip()} | {
        heading.strip(): body.strip()
        for heading, body in zip(parts[1::2], parts[2::2], strict=True)
    }


def as_text(label: str) -> str:
    """Return `label` so that Markdown, HTML and LaTeX show it and do not read it.

    Every sign becomes a character reference, which none of the three takes for its own. A word
    joiner on both sides, which nobody sees, keeps Streamlit from taking "--" between spaces for a
    dash and "->" for an arrow.
    """
    shown = "".join(sign if sign.isalnum() else f"&#{ord(sign)};" for sign in label)
    return f"{_JOINER}{shown}{_JOINER}"
