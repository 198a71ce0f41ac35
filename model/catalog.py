"""The models a visitor can choose by name, and their sizes, without loading any of them."""

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from model.config import GPT2_LARGE, GPT2_MEDIUM, GPT2_SMALL, GPT2_XL, GPTConfig

EMBEDDED_FOLDER = Path(__file__).parents[1] / "assets" / "weights"
EMBEDDED = "embedded"


@dataclass(frozen=True)
class KnownModel:
    """Name one model.

    Args:
        id: How links and the command line call it.
        title: What a visitor reads.
        config: Its sizes.
        repo_id: Where Hugging Face's hub keeps it; none for the one that ships.
        megabytes: Size of the download.
        has_start: Whether it learnt texts that begin after `<|endoftext|>`, so that it is run
            with that token in front.
    """

    id: str
    title: str
    config: GPTConfig
    repo_id: str | None = None
    megabytes: int = 0
    has_start: bool = False


@lru_cache(maxsize=1)
def known_models() -> dict[str, KnownModel]:
    """Return every model by its id, the embedded one first."""
    models = (
        KnownModel(EMBEDDED, "Embedded model", _embedded_config(), has_start=True),
        KnownModel("gpt2", "GPT-2 small", GPT2_SMALL, "openai-community/gpt2", 548),
        KnownModel(
            "gpt2-medium", "GPT-2 medium", GPT2_MEDIUM, "openai-community/gpt2-medium", 1520
        ),
        KnownModel("gpt2-large", "GPT-2 large", GPT2_LARGE, "openai-community/gpt2-large", 3247),
        KnownModel("gpt2-xl", "GPT-2 XL", GPT2_XL, "openai-community/gpt2-xl", 6431),
    )
    return {model.id: model for model in models}


def _embedded_config() -> GPTConfig:
    sizes = json.loads((EMBEDDED_FOLDER / "config.json").read_text(encoding="utf-8"))
    return GPTConfig(
        vocab_size=sizes["vocab_size"],
        block_size=sizes["n_positions"],
        n_layer=sizes["n_layer"],
        n_head=sizes["n_head"],
        d_model=sizes["n_embd"],
    )
