"""Load what is heavy where nobody waits for it: torch, the embedded model, a first pass.

The only file of `pages` that imports torch, and only inside its thread.
"""

import gc
import importlib
import os
import threading
from concurrent.futures import Future

import streamlit as st


@st.cache_resource(show_spinner=False)
def boot() -> "Future[None]":
    """Start the warm-up of this process, once; the future ends when numbers can be worked out."""
    future: Future[None] = Future()
    threading.Thread(target=_warm_up, args=(future,), name="warm-up", daemon=True).start()
    return future


def wait() -> None:
    """Return when the warm-up is done; raise what it raised."""
    boot().result()


def _warm_up(future: "Future[None]") -> None:
    try:
        import torch

        # Visitors' passes are short and many: more threads than half the cores only make them wait
        # for each other, and a training run beside them for both.
        torch.set_num_threads(max(1, (os.cpu_count() or 2) // 2))
        from model.allocator import keep_freed_memory
        from model.catalog import EMBEDDED
        from model.hooks import record
        from model.tokenizer import start_token
        from pages.parts.models import loaded_model

        keep_freed_memory()
        model = loaded_model(EMBEDDED)
        record(model, start_token(model.config.vocab_size))
        # Arrays for elements pass through these, and plotly asks for pandas by its name alone: a
        # page that meets it half imported fails.
        for name in ("pandas", "pyarrow"):
            importlib.import_module(name)
        future.set_result(None)
    except BaseException as error:
        future.set_exception(error)
        return
    # 300,000 objects that never die would be walked again at every collection.
    gc.collect()
    gc.freeze()
