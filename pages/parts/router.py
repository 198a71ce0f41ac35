"""Close Streamlit's trap for deep links: on a fresh server a link to a page would run it alone.

Each page calls `require_router()` first. Where `app.py` has not brought it up, the whole app is
run instead, which then brings it up.
"""

import contextlib
import runpy
import threading
from collections.abc import Iterator
from pathlib import Path

import streamlit as st

_APP = Path(__file__).parents[2] / "app.py"
_local = threading.local()


@contextlib.contextmanager
def router() -> Iterator[None]:
    """Say, for as long as the context lasts, that `app.py` runs the page."""
    _local.is_on = True
    try:
        yield
    finally:
        _local.is_on = False


def require_router() -> None:
    """Run `app.py` around the calling page, unless it does already."""
    if not getattr(_local, "is_on", False):
        runpy.run_path(str(_APP), run_name="__main__")
        st.stop()
