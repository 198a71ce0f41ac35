"""Load a model by name, once for all visitors."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import streamlit as st

from model.catalog import EMBEDDED_FOLDER, known_models
from model.trace import Array

if TYPE_CHECKING:
    from model.gpt import GPT


def loaded_model(model_id: str) -> "GPT":
    """Return a model in evaluation mode; all visitors share it and nobody may change it.

    Args:
        model_id: Of a known model, or the folder of a visitor's own.

    Raises:
        CheckpointError: Its files do not fit.
    """
    return _known(model_id) if model_id in known_models() else _own(model_id)


@st.cache_resource(show_spinner=False, max_entries=3)
def _known(model_id: str) -> "GPT":
    from model.checkpoints import load_checkpoint

    repo_id = known_models()[model_id].repo_id
    if repo_id is None:
        return load_checkpoint(EMBEDDED_FOLDER).eval()
    from model.hub import fetch

    return load_checkpoint(fetch(repo_id)).eval()


# At most 8 M parameters each, 32 MB: a visitor's scrubber goes to and fro over a dozen.
@st.cache_resource(show_spinner=False, max_entries=24)
def _own(folder: str) -> "GPT":
    from model.checkpoints import load_checkpoint

    return load_checkpoint(Path(folder)).eval()


def is_here(model_id: str) -> bool:
    """Say whether a known model can be loaded without a download."""
    entry = known_models().get(model_id)
    if entry is None or entry.repo_id is None:
        return True
    from model.hub import is_fetched

    return is_fetched(entry.repo_id)


def download(model_id: str) -> str | None:
    """Fetch a known model's files; return a sentence saying what to do where that failed."""
    from model.checkpoints import CheckpointError
    from model.hub import fetch

    repo_id = known_models()[model_id].repo_id
    if repo_id is None:
        return None
    try:
        fetch(repo_id)
    except (CheckpointError, OSError) as error:
        return str(error)
    return None


@st.cache_resource(show_spinner=False, max_entries=24)
def parameters(model_id: str) -> Mapping[str, Array]:
    """Return a known model's learned numbers by name, read-only and without a copy.

    Matrices lie as in `torch.nn.Linear`: `(d_out, d_in)`.
    """
    return read_only(loaded_model(model_id))


def read_only(model: "GPT") -> Mapping[str, Array]:
    """Return the parameters of a model as float32 arrays nobody can write to."""
    arrays = {name: value.detach().cpu().numpy() for name, value in model.state_dict().items()}
    for array in arrays.values():
        array.flags.writeable = False
    return MappingProxyType(arrays)
