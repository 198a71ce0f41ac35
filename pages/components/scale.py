"""Sizes of models to scale: squares whose areas are parameter counts, and their table."""

from collections.abc import Sequence

from model.config import GPTConfig
from pages.components.element import element

_COLUMNS = {
    "n_layer": "blocks",
    "d_model": "d_model",
    "n_head": "heads",
    "block_size": "context",
    "vocab_size": "vocabulary",
}


def scale(models: Sequence[tuple[str, GPTConfig]], *, this: str, key: str) -> None:
    """Draw named models to scale, `this` one lit."""
    rows = [
        {
            "title": title,
            "sizes": [getattr(config, name) for name in _COLUMNS],
            "parameters": config.parameters.total,
            "is_this": title == this,
        }
        for title, config in models
    ]
    element("scale", "saving")(key=key, data={"columns": list(_COLUMNS.values()), "models": rows})
