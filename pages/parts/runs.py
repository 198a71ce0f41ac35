"""A visitor's own training runs: who they are, where they lie, which models they left."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st
from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

from model.catalog import KnownModel
from pages.components.visitor import visitor
from pages.parts import boot

if TYPE_CHECKING:
    from model.training.jobs import Jobs
    from model.training.status import RunStatus

FOLDER = Path(os.environ.get("GLASSBOX_RUNS") or Path(__file__).parents[2] / "runs")
OWN = "own-"
_TOKENS, _GONE, _KEY = "run_tokens", "run_gone", "visitor"


@st.cache_resource(show_spinner=False)
def jobs() -> "Jobs":
    """Return the queue of all visitors' runs; one for the process."""
    boot.wait()
    from model.training.jobs import Jobs

    return Jobs(FOLDER, is_connected=is_connected)


def is_connected(owner: str) -> bool:
    """Say whether a session's page is still open; of a session outside a server, always."""
    return not runtime.exists() or runtime.get_instance().is_active_session(owner)


def owner() -> str:
    """Return the name of this visitor's session."""
    context = get_script_run_ctx()
    return context.session_id if context else ""


def tokens() -> tuple[str, ...]:
    """Return the secret names of this visitor's runs, the oldest first."""
    return st.session_state.get(_TOKENS, ())


def add(token: str) -> None:
    """Count a run among this visitor's."""
    st.session_state[_TOKENS] = (*tokens(), token)


def forget(token: str) -> None:
    """Count a run among this visitor's no longer."""
    st.session_state[_TOKENS] = tuple(other for other in tokens() if other != token)
    st.session_state[_GONE] = (*st.session_state.get(_GONE, ()), token)


def remember() -> None:
    """Tie the runs to the browser tab, so that a reload finds them. Called by `app.py`."""
    gone = st.session_state.get(_GONE, ())
    visitor(key=_KEY, tokens=tokens(), gone=gone, on_tokens_change=_reattach)


def _reattach() -> None:
    """Take up the runs that the tab remembers from before a reload."""
    from model.training.jobs import UnknownRunError

    found = (st.session_state.get(_KEY) or {}).get("tokens") or []
    for token in found:
        if not isinstance(token, str) or token in tokens():
            continue
        try:
            jobs().attach(token, owner())
        except UnknownRunError:
            forget(token)
        else:
            add(token)


def status(token: str) -> "RunStatus | None":
    """Return how a run stands; nothing if it is gone."""
    from model.training.jobs import UnknownRunError

    try:
        return jobs().status(token, owner())
    except UnknownRunError:
        # Finished long ago and not in memory any more, or deleted.
        return _status_from_disk(token)


def _status_from_disk(token: str) -> "RunStatus | None":
    from model.training.jobs import UnknownRunError

    try:
        jobs().attach(token, owner())
        return jobs().status(token, owner())
    except UnknownRunError:
        return None


def own_model(asked: str, step: int) -> KnownModel | None:
    """Return the entry of "own-1", "own-2", …: what this visitor's run knew after a step.

    Args:
        asked: The run, counted from 1.
        step: One of its snapshots; the nearest kept one before is taken, −1 is the last.
    """
    number = asked.removeprefix(OWN)
    if number not in {str(index + 1) for index in range(len(tokens()))}:
        return None
    token = tokens()[int(number) - 1]
    kept = snapshots(token)
    if not kept:
        return None
    before = [other for other in kept if other <= step] or [kept[0]]
    chosen = kept[-1] if step < 0 else before[-1]
    from model.checkpoints import read_config

    folder = jobs().snapshot_folder(token, owner(), chosen)
    return KnownModel(
        id=str(folder),
        title=title(token),
        config=read_config(folder),
        has_start=True,
    )


def snapshots(token: str) -> tuple[int, ...]:
    """Return the steps whose weights are kept, in order."""
    found = status(token)
    return found.history.snapshots if found else ()


def name(token: str) -> str:
    """Return what a link calls a run's model: "own-1", counted from the oldest."""
    return f"{OWN}{tokens().index(token) + 1}"


def title(token: str) -> str:
    """Return what a run's model is called on the screen, with its file's name if it has one."""
    found = status(token)
    file = f" ({found.name})" if found and found.name else ""
    return f"Your model {tokens().index(token) + 1}{file}"


def own_names() -> list[str]:
    """Return the names of this visitor's runs that left a model, the oldest first."""
    return [name(token) for token in tokens() if snapshots(token)]
