"""What lasts from one run of the script to the next: the selection, the text, the traces.

The only file that names a key of `st.session_state` or a cache of traces. The selection has one
address: widgets in `app.py` that nobody sees, bound to the address bar. Elements and pickers change
it in their callbacks through `select()`; pages read it, within the bounds of this model and this
text, through `selection()`.

Memory: at most `_TRACES` traces are kept for all visitors together, each at most
`model.hooks.KEPT_BYTES` (320 MiB); a trace of 20 tokens through the embedded model is 2 MB.
"""

import contextlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, cast, get_args

import numpy as np
import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from model.catalog import EMBEDDED, KnownModel, known_models
from model.config import GPTConfig
from model.sampling import SamplingSettings
from model.tokenizer import Tokenizer, Tokens, start_token, tail, tokenizer
from model.trace import Array, Silenced, Trace
from pages.parts import boot, runs
from pages.parts.models import is_here, loaded_model
from pages.parts.models import parameters as known_parameters

if TYPE_CHECKING:
    from model.gpt import GPT

FIRST_TEXT = "The cat sat on the"
# Longer texts do not fit an address that every proxy lets pass.
LINK_CHARACTERS = 1500
LAST = -1
# A hidden number that comes back in every message: the run the browser has heard of.
_HEARD = "heard"
_TRACES = 10

# Each part of the selection with its default, which the address bar leaves out.
_NUMBERS = {
    "block": 0,
    "head": 0,
    "query": LAST,
    "token": 0,
    "dim": 0,
    "top_k": 0,
    "seed": 1,
    "step": LAST,
    "rows": 12,
    "rank": 0,
}
# Parts that may be left open; −1 then, and the page takes what stands out in this run.
OPEN = -1
_OPEN = dict.fromkeys(
    ("neuron", "explain", "lens", "vocab", "number", "column", "swap_a", "swap_b"), OPEN
)
_SHARES = {"temperature": 1.0, "top_p": 1.0, "min_p": 0.0}
_TEXTS = {
    "model": EMBEDDED,
    "hide": "",
    "find_bar": "",
    "find_stage": "",
    "norm": "ln_1",
    "opened": "",
}
_SWITCHES = {"start": True, "gamma": True, "beta": True}
_PARTS = frozenset(_NUMBERS | _OPEN | _SHARES | _TEXTS | _SWITCHES)
FIRST_MODEL = EMBEDDED
NormKind = Literal["ln_1", "ln_2", "ln_f"]


class _Told(NamedTuple):
    """Say what Python set a visible widget to, and in which run the browser hears of it."""

    run: int
    value: Any


@dataclass(frozen=True)
class Selection:
    """Say what the visitor looks at, within the bounds of the model and the text.

    Args:
        block: 0 to n_layer − 1.
        head: 0 to n_head − 1.
        query: Position of the token that looks, 0 to T − 1.
        token: Position of the token that is looked at (the key), 0 to T − 1.
        dim: 0 to d_model − 1.
        norm: Which LayerNorm: of the block, or the last one.
        has_gamma: Whether that norm keeps its γ.
        has_beta: Whether it keeps its β.
        hide: Names of the controls that the link leaves out.
    """

    block: int
    head: int
    query: int
    token: int
    dim: int
    norm: NormKind
    has_gamma: bool
    has_beta: bool
    hide: frozenset[str]


def selection_widgets() -> None:
    """Draw the hidden widgets that tie the selection to the address bar. Called by `app.py`."""
    _drop_infinities()
    _adopt_next_text()
    is_back = _is_back_or_forward()
    keep("run", kept("run", 0) + 1)
    _restore_told(is_back=is_back)
    if "text" in st.session_state and not is_back:
        # A message sent before the browser heard of the last text would bring the one before back.
        _link_text()
    _link_selection(is_back=is_back)
    with st.container(key="selection"):
        st.text_area("prompt", FIRST_TEXT, key="prompt", bind="query-params")
        _adopt_link(is_back=is_back)
        for key, is_on in _SWITCHES.items():
            st.checkbox(key, value=is_on, key=key, bind="query-params")
        for key, text in _TEXTS.items():
            st.text_input(key, text, key=key, bind="query-params")
        for key, number in (_NUMBERS | _OPEN).items():
            # Back to a link that said "inf": the number stays as it was.
            with contextlib.suppress(OverflowError):
                st.number_input(key, value=number, step=1, key=key, bind="query-params")
        for key, share in _SHARES.items():
            st.number_input(
                key, value=share, step=0.01, format="%.4f", key=key, bind="query-params"
            )
    keep("linked", kept("selected", {}))


def heard_widget() -> None:
    """Draw the hidden widget that says which run the browser has heard of. `app.py`'s last act.

    A message that leaves while Python answers the one before still holds the widgets as they were.
    This number says so: what a widget that Python sets shows then is taken for the visitor's choice
    only if Python has not set it to that since (see `is_chosen`).
    """
    st.session_state[_HEARD] = kept("run", 0)
    with st.container(key="selection-heard"):
        st.number_input(_HEARD, step=1, key=_HEARD)


def _restore_told(*, is_back: bool) -> None:
    """Set the visible widgets again that a message shows as they were before Python set them."""
    if is_back:
        keep("told", {})
    for key in kept("told", {}):
        told = _told_since_heard(key)
        keep("told", kept("told") | {key: told})
        if key not in st.session_state or st.session_state[key] == told[-1].value:
            continue
        if is_chosen(key):
            _take_for_known(key)
        else:
            st.session_state[key] = told[-1].value


def _told_since_heard(key: str) -> list[_Told]:
    """Return what a widget was set to: the last value the browser has heard of, and all later."""
    told = kept("told", {}).get(key, [])
    known = [index for index, one in enumerate(told) if one.run <= _heard()]
    return told[known[-1] :] if known else told


def _heard() -> int:
    """Return the last run that the browser had heard of to its end when it sent this message."""
    return int(st.session_state.get(_HEARD) or 0)


def is_chosen(key: str) -> bool:
    """Say whether a widget that Python sets shows what the visitor chose. For its callback.

    A message that left before the browser heard of a change shows the value before it, and no hand
    chose that.
    """
    return all(st.session_state[key] != one.value for one in _told_since_heard(key))


def take(key: str, part: str, **more: int) -> None:
    """Select what was chosen in a widget that mirrors a part of the selection. A callback."""
    if is_chosen(key):
        _take_for_known(key)
        select(**{part: widget(key)}, **more)


def _take_for_known(key: str) -> None:
    """Forget what Python set before a choice: the visitor may take the choice back to it."""
    keep("told", kept("told", {}) | {key: [_Told(_heard(), st.session_state[key])]})


def _drop_infinities() -> None:
    """Take "inf" out of the link: Streamlit passes over what is no number, but stumbles over it."""
    # Once its widget was drawn, a parameter is the widget's alone.
    undrawn = [key for key in _NUMBERS | _OPEN if key not in st.session_state]
    endless = [key for key in undrawn if _is_infinite(st.query_params.get(key, ""))]
    if endless:
        st.query_params.from_dict(
            {key: value for key, value in st.query_params.items() if key not in endless}
        )
        st.rerun()


def _is_infinite(written: str) -> bool:
    try:
        return math.isinf(float(written))
    except ValueError:
        return False


def _adopt_link(*, is_back: bool) -> None:
    """Take over a text that came through the address bar: a link, or the browser's Back."""
    linked = st.session_state["prompt"]
    is_new = is_back and linked != _linked(text())
    if is_new or "text" not in st.session_state:
        st.session_state["text"] = linked
        st.session_state["ids"] = None


def _link_text() -> None:
    linked = _linked(text())
    if st.session_state.get("prompt") != linked:
        st.session_state["prompt"] = linked


def _link_selection(*, is_back: bool) -> None:
    """Write what was chosen last into the address bar; after Back, the address bar says it."""
    if is_back:
        keep("selected", {})
    linked = kept("linked", {})
    for name, value in kept("selected", {}).items():
        # A run that was broken off may have set the widget without drawing it.
        if st.session_state.get(name) != value or linked.get(name) != value:
            st.session_state[name] = value


def _is_back_or_forward() -> bool:
    """Say whether the browser shows an earlier address again; no public name tells it."""
    context = get_script_run_ctx()
    return context is not None and context.is_history_navigation


def _linked(text: str) -> str:
    return text[-LINK_CHARACTERS:]


def select(**parts: int | float | str | bool) -> None:
    """Change parts of the selection or the sampling settings; call it from a callback."""
    for name, value in parts.items():
        if name in _PARTS:
            st.session_state[name] = value
        else:
            set_widget(name, value)
    keep("selected", kept("selected", {}) | {n: v for n, v in parts.items() if n in _PARTS})


def _part(name: str, default: Any) -> Any:
    """Return a part of the selection: what was chosen last, else what the address bar says.

    In that order, because every message from the browser holds the hidden widgets as it last heard
    of them: one sent in the moment of a change would undo it.
    """
    return kept("selected", {}).get(name, st.session_state.get(name, default))


def text() -> str:
    """Return what the visitor typed, all of it."""
    return st.session_state.get("text", st.session_state.get("prompt", FIRST_TEXT))


def exact_ids() -> tuple[int, ...] | None:
    """Return the ids of a text that was generated; none where the text is to be cut.

    They count only under the vocabulary they were drawn from.
    """
    vocab_size, ids = st.session_state.get("ids") or (0, None)
    return ids if vocab_size == config().vocab_size else None


def set_text(new_text: str, ids: tuple[int, ...] | None = None) -> None:
    """Change the text; call it from a callback.

    Args:
        new_text: What the box shows from now on.
        ids: The exact tokens, without the start token, where cutting `new_text` afresh might give
            others: after generation.
    """
    st.session_state["text"] = new_text
    st.session_state["ids"] = None if ids is None else (config().vocab_size, ids)
    st.session_state["prompt"] = _linked(new_text)


def set_text_next_run(new_text: str, ids: tuple[int, ...]) -> None:
    """Change the text at the start of the next run: for what ends outside a callback."""
    keep("next_text", (new_text, ids))


def _adopt_next_text() -> None:
    waiting = kept("next_text")
    if waiting is not None:
        keep("next_text", None)
        set_text(*waiting)


def is_text_in_link() -> bool:
    """Say whether a link carries the whole text."""
    return len(text()) <= LINK_CHARACTERS


def asked_name() -> str:
    """Return the name of the model that the link or the visitor asks for, known or not."""
    return _part("model", EMBEDDED)


def asked_step() -> int:
    """Return the training step of a visitor's own model that is asked for, −1 for the last."""
    return int(_part("step", LAST))


def asked_model() -> KnownModel | None:
    """Return the entry of the model that is asked for; none if nobody knows it."""
    name = asked_name()
    if name.startswith(runs.OWN):
        return runs.own_model(name, asked_step())
    return known_models().get(name)


def known_model() -> KnownModel:
    """Return the entry of the model that runs: the one asked for, if it is on this computer."""
    asked = asked_model()
    return asked if asked and is_here(asked.id) else known_models()[EMBEDDED]


def config() -> GPTConfig:
    """Return the sizes of the chosen model."""
    return known_model().config


def model() -> "GPT":
    """Return the chosen model; wait for the warm-up, and for the download if there is one."""
    boot.wait()
    return loaded_model(known_model().id)


def parameters() -> Mapping[str, Array]:
    """Return the chosen model's learned numbers by name, read-only."""
    boot.wait()
    return known_parameters(known_model().id)


def cutter() -> Tokenizer:
    """Return the tokenizer of the chosen model."""
    return tokenizer(config().vocab_size)


def has_start() -> bool:
    """Say whether the start token stands in front of the text."""
    return known_model().has_start and bool(_part("start", True))


def is_start_read() -> bool:
    """Say whether the start token is the first that the model reads: a long text pushes it out."""
    return tokens().ids[0] == config().vocab_size - 1


def all_tokens() -> Tokens:
    """Return the whole text's tokens, the start token in front, whether or not they fit."""
    ids = exact_ids()
    cut = cutter().encode(tail(text())) if ids is None else cutter().tokens(ids)
    if not has_start() and len(cut):
        return cut
    start = start_token(config().vocab_size)
    return Tokens(start.ids + cut.ids, start.pieces + cut.pieces)


def tokens() -> Tokens:
    """Return what the model reads: the last `block_size` tokens. Never none: at least the start."""
    return all_tokens().last(config().block_size)


def trace(silenced: Silenced | None = None, *, of: Tokens | None = None) -> Trace:
    """Return the pass over the current text, or over the tokens `of`; run it if it is not kept."""
    read = tokens() if of is None else of
    boot.wait()
    return _trace(known_model().id, np.array(read.ids, np.int32).tobytes(), silenced, read)


@st.cache_resource(show_spinner=False, max_entries=_TRACES)
def _trace(model_id: str, ids: bytes, silenced: Silenced | None, _tokens: Tokens) -> Trace:  # noqa: ARG001
    """Keep traces by what they are of; bytes, because Streamlit hashes 1,024 numbers in 10 ms."""
    from model.hooks import record

    return record(loaded_model(model_id), _tokens, silenced=silenced)


def selection() -> Selection:
    """Return the selection, each part within the bounds of this model and this text."""
    sizes, T = config(), len(tokens())
    return Selection(
        block=_within("block", sizes.n_layer),
        head=_within("head", sizes.n_head),
        query=_within("query", T),
        token=_within("token", T),
        dim=_within("dim", sizes.d_model),
        norm=_norm(),
        has_gamma=bool(_part("gamma", True)),
        has_beta=bool(_part("beta", True)),
        hide=frozenset(_part("hide", "").replace(",", " ").split()),
    )


def _within(name: str, count: int) -> int:
    """Return a part of the selection as an index below `count`; −1 is the last."""
    value = int(_part(name, _NUMBERS[name]))
    return count - 1 if value < 0 else min(value, count - 1)


def _norm() -> NormKind:
    name = _part("norm", None)
    return cast("NormKind", name) if name in get_args(NormKind) else "ln_1"


def choice(name: str, count: int) -> int | None:
    """Return an open part of the selection as an index below `count`; none if nothing is chosen.

    Args:
        name: "neuron" (of the block's feed-forward layer), "explain" (the id of the token whose
            logit is explained), "lens" (the stage that the logit lens reads, 0 before block 0),
            "vocab" (the x-ray's vocabulary size), "number" and "column" (the token and the stage
            of the output number that is worked out), "swap_a" or "swap_b" (two positions).
        count: How many there are.
    """
    value = int(_part(name, OPEN))
    return value if 0 <= value < count else None


def rows() -> int:
    """Return how many bars of next tokens are wanted."""
    return int(_part("rows", _NUMBERS["rows"]))


def rank() -> int:
    """Return the rank, from 0, that the columns of the output page begin at."""
    return int(_part("rank", 0))


def searched(name: str) -> str:
    """Return what is searched for under "find_bar" or "find_stage"."""
    return _part(name, "")


def opened() -> str:
    """Return which calculations are open, as `pages.parts.opened` writes it."""
    return _part("opened", "")


def sampling_settings() -> SamplingSettings:
    """Return temperature, top-k, top-p and min-p, each brought within its range."""
    return SamplingSettings(
        temperature=_temperature(float(_part("temperature", 1.0))),
        top_k=max(int(_part("top_k", 0)), 0),
        top_p=min(max(float(_part("top_p", 1.0)), 0.01), 1.0),
        min_p=min(max(float(_part("min_p", 0.0)), 0.0), 1.0),
    )


def seed() -> int:
    """Return the seed of the random draws, 0 or above."""
    return abs(int(_part("seed", 1)))


def widget(key: str, default: Any = None) -> Any:
    """Return the value of a visible widget; before it was ever drawn, `default`."""
    return st.session_state.get(key, default)


def set_widget(key: str, value: Any) -> None:
    """Set what a visible widget shows from the next run on; call it from a callback."""
    _tell(key, value, kept("run", 0) + 1)


def mirror(key: str, value: Any) -> None:
    """Set what a visible widget shows in this very run; its callback is `take`."""
    _tell(key, value, kept("run", 0))


def _tell(key: str, value: Any, run: int) -> None:
    told = _told_since_heard(key)
    if key in st.session_state and (not told or told[-1].value != st.session_state[key]):
        told = [*told, _Told(run - 1, st.session_state[key])]
    if not told or told[-1].value != value:
        told = [*told, _Told(run, value)]
    keep("told", kept("told", {}) | {key: told})
    # Set again without need, a value would be sent, and undo what the hand did in the meantime.
    if key not in st.session_state or st.session_state[key] != value:
        st.session_state[key] = value


def theme() -> Literal["light", "dark"]:
    """Return which of the two palettes the visitor sees."""
    return "dark" if st.context.theme.type == "dark" else "light"


def element_state(key: str, name: str) -> Any:
    """Return what an element sent last under `name`; none if it sent nothing."""
    return (st.session_state.get(key) or {}).get(name)


def kept(name: str, default: Any = None) -> Any:
    """Return what a page kept under `name` for this visitor."""
    return st.session_state.get(f"kept_{name}", default)


def keep(name: str, value: Any) -> None:
    """Keep a value for this visitor across runs and pages."""
    st.session_state[f"kept_{name}"] = value


def _temperature(value: float) -> float:
    """Return 0 (take the largest) for what is next to nothing, else at most 10."""
    return 0.0 if value < 0.01 else min(value, 10.0)
