"""Load a model by name, once for all visitors."""

from typing import TYPE_CHECKING

import streamlit as st

from model.catalog import EMBEDDED_FOLDER, known_models

if TYPE_CHECKING:
    from model.gpt import GPT


@st.cache_resource(show_spinner=False, max_entries=3)
def loaded_model(model_id: str) -> "GPT":
    """Return a known model in evaluation mode; all visitors share it and nobody may change it.

    Raises:
        CheckpointError: Its files do not fit.
        FetchError: They are not on this machine and cannot be fetched.
    """
    from model.checkpoints import load_checkpoint
    from model.hub import fetch

    repo_id = known_models()[model_id].repo_id
    return load_checkpoint(EMBEDDED_FOLDER if repo_id is None else fetch(repo_id)).eval()
