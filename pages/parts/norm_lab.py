"""The parts of the LayerNorm page: which norm, its numbers in the formula, γ and β left out."""

from collections.abc import Sequence
from functools import partial
from html import escape

import numpy as np
import streamlit as st

from model import arithmetic
from model.terms import Derived
from model.trace import Array, Trace
from pages.components.percent import tokens as n_tokens
from pages.parts import explain, pickers, session
from pages.parts.byhand import by_hand, is_offered
from pages.parts.comparison import comparison
from pages.parts.derived import derived
from pages.parts.lead import to_by_hand
from pages.parts.microscope import Microscope, all_spreads, norm_names, spoken_name, table
from pages.parts.opened import open_panel, opened
from pages.parts.progress import each_block
from pages.parts.tables import save_numbers, save_table

_WHERE = {"ln_1": "before attention", "ln_2": "before feed-forward", "ln_f": "after all blocks"}
_SHOWN = {"x before": "x", "x̂ normalized": "normalized", "out after": "out"}
_WORKED = "worked"
_BY_HAND = ("out", "x̂", "μ", "σ²", "√(σ² + ε)", "x")


def microscope(trace: Trace) -> Microscope:
    """Draw the controls; return the chosen norm's numbers for the chosen token."""
    chosen = session.selection()
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom", key="controls"):
        _norm_picker(chosen.norm)
        if chosen.norm != "ln_f":
            pickers.block_picker("pick-block")
        _token_picker(trace, chosen.query)
        _switch("gamma", "γ, the scale", is_on=chosen.has_gamma)
        _switch("beta", "β, the shift", is_on=chosen.has_beta)
    has_gamma, has_beta = chosen.has_gamma, chosen.has_beta
    norm = "ln_f" if chosen.norm == "ln_f" else f"h.{chosen.block}.{chosen.norm}"
    read, left = arithmetic.norm_of(trace, norm)
    weights = session.parameters()
    gamma, beta = weights[f"{norm}.weight"], weights[f"{norm}.bias"]
    return Microscope(
        norm=norm,
        position=chosen.query,
        dim=chosen.dim,
        read=read,
        left=left,
        gamma=gamma if has_gamma else np.ones_like(gamma),
        beta=beta if has_beta else np.zeros_like(beta),
        has_gamma=has_gamma,
        has_beta=has_beta,
    )


def _norm_picker(norm: str) -> None:
    session.mirror("norm-picker", norm)
    st.segmented_control(
        "Which norm",
        list(_WHERE),
        required=True,
        key="norm-picker",
        on_change=lambda: session.take("norm-picker", "norm"),
    )


def _switch(part: str, label: str, *, is_on: bool) -> None:
    session.mirror(f"{part}-switch", is_on)
    st.toggle(
        label,
        key=f"{part}-switch",
        on_change=lambda: session.take(f"{part}-switch", part),
    )


def _token_picker(trace: Trace, position: int) -> None:
    session.mirror("norm-token", position)
    st.selectbox(
        "Token",
        range(len(trace.tokens)),
        format_func=lambda place: f"{place}  {arithmetic.label_of(trace, place)}",
        key="norm-token",
        width=200,
        on_change=lambda: session.take("norm-token", "query"),
    )


def place(seen: Microscope) -> None:
    """Draw where the norm stands: in front of a sub-layer, beside the residual stream."""
    here = seen.norm.split(".")[-1]
    parts = ("x", "ln_1", "attention", "⊕", "ln_2", "feed-forward", "⊕", "next block …", "ln_f")
    drawn = " → ".join(
        f"<b class='norm-here'>{escape(part)}</b>" if part == here else escape(part)
        for part in parts
    )
    block = "" if here == "ln_f" else f" of block {int(seen.norm.split('.')[1]) + 1}"
    st.html(
        "<style>.norm-here{border:2px solid currentColor;border-radius:8px;padding:0 8px}"
        ".norm-place{font-size:.875rem;line-height:2;margin:0}</style>"
        f"<p class='norm-place'>{drawn} → logits</p>"
        f"<p class='norm-place'><b>{here}</b>{block} stands {_WHERE[here]}. ⊕ adds what the "
        "sub-layer made to the vector that went <i>around</i> it, not normalized.</p>"
    )


def shown_vectors(seen: Microscope) -> tuple[Array, str]:
    """Draw the switch between the three points; return all tokens' vectors there, and a title."""
    name = st.segmented_control(
        "The cells show",
        list(_SHOWN),
        default="out after",
        required=True,
        key="cells",
        bind="query-params",
        label_visibility="collapsed",
    )
    name = name if name in _SHOWN else "out after"
    values = {"x": seen.read, "normalized": seen.left.normalized, "out": seen.out}
    return values[_SHOWN[name]], f"{spoken_name(seen.norm)}: {name}"


def choose_cell(key: str) -> None:
    """Take over the clicked token and dimension; call it from a callback."""
    cell = session.element_state(key, "cell")
    if cell:
        session.select(query=int(cell[0]), dim=int(cell[1]))
        _work_out_shown()


def cell_by_hand() -> None:
    """Offer the way from the cells to the calculation of the chosen one."""
    to_by_hand("this number", key="cell-by-hand", act=_work_out_shown, target=_WORKED)


def _work_out_shown() -> None:
    """Choose the number that the cells show, before the norm, within it or after it."""
    shown = _SHOWN.get(str(session.widget("cells")), "out")
    session.set_widget(_WORKED, {"normalized": "x̂"}.get(shown, shown))


def formula(seen: Microscope) -> None:
    """Write the formula, then the same with this token's own numbers in place of the symbols."""
    i, place_of = seen.dim, seen.position
    x, out = float(seen.read[place_of, i]), float(seen.out[place_of, i])
    normalized = float(seen.left.normalized[place_of, i])
    mean, var = float(seen.left.mean[place_of]), float(seen.left.var[place_of])
    eps = session.config().norm_eps
    gamma, beta = float(seen.gamma[i]), float(seen.beta[i])
    st.subheader("The formula, and your numbers in it", anchor=False)
    symbols, numbers = st.columns([3, 2], gap="large")
    with symbols:
        # Within a line, so that a narrow page breaks it at its equals signs.
        st.markdown(
            r"$\hat{x}_i = \dfrac{x_i - \mu}{\sqrt{\sigma^2 + \varepsilon}} = "
            rf"\dfrac{{{x:.6f} - {_bracketed(mean)}}}{{\sqrt{{{var:.6f} + {_power(eps)}}}}} = "
            rf"{normalized:.6f}$"
        )
        st.markdown(
            r"$\text{out}_i = \hat{x}_i \cdot \gamma_i + \beta_i$"
            "\n\n"
            rf"$\hphantom{{\text{{out}}_i}} = {normalized:.6f} \cdot {_bracketed(gamma)} "
            rf"+ {_bracketed(beta)} = {out:.6f}$"
        )
        st.caption(f"Dimension i = {i} of {len(seen.gamma)}.")
    with numbers:
        st.markdown(
            "| symbol | what it is | number |\n|---|---|---:|\n"
            + _line("x", "the number that came in", x)
            + _line("μ", "mean of this token’s numbers", mean)
            + _line("σ²", "their variance", var)
            + f"| **ε** | so that nothing is divided by 0 | `{eps:.6f}` |\n"
            + _line("γ", "learned scale" if seen.has_gamma else "left out: 1", gamma)
            + _line("β", "learned shift" if seen.has_beta else "left out: 0", beta)
            + _line("out", "what the next layer reads", out)
        )


def _line(symbol: str, meaning: str, value: float) -> str:
    return f"| **{symbol}** | {meaning} | `{value:.6f}` |\n"


def _bracketed(value: float) -> str:
    return f"({value:.6f})" if value < 0 else f"{value:.6f}"


def _power(eps: float) -> str:
    digits, power = f"{eps:e}".split("e")
    return rf"{float(digits):g}\cdot 10^{{{int(power)}}}"


def things_to_try(seen: Microscope) -> None:
    """Draw three things to do, each one click."""
    row = seen.left.normalized[seen.position]
    far = int(np.abs(row).argmax())
    explain.tries(
        "layer_norm",
        explain.Try(
            "Go to the number that stands out most",
            partial(session.select, dim=far),
            f"Dimension {far} is {abs(float(row[far])):.1f} spreads from this token’s mean.",
            shows="distributions",
        ),
        explain.Try(
            "Put γ back" if not seen.has_gamma else "Leave γ out",
            partial(session.select, gamma=not seen.has_gamma),
            "The lowest histogram changes, and so do the bars further down.",
            shows="distributions",
        ),
        explain.Try(
            "Look at the last norm, ln_f",
            partial(session.select, norm="ln_f"),
            "What comes out of it is compared with every token of the vocabulary.",
            shows="controls",
        ),
    )


def spreads_here(trace: Trace, position: int) -> tuple[list[str], Array]:
    """Return each norm's name and what it divides the token at `position` by."""
    blocks = each_block(trace, "Reading every norm")
    found = derived(trace, "spreads", lambda: all_spreads(blocks, trace.ln_f))
    return norm_names(trace.config.n_layer), found[:, position]


def choose_spread(key: str) -> None:
    """Take over the norm whose bar was clicked; call it from a callback."""
    points = session.widget(key)["selection"]["points"]
    if points:
        index = int(points[0]["point_index"])
        name = "ln_f" if index == 2 * session.config().n_layer else ("ln_1", "ln_2")[index % 2]
        session.select(norm=name)
        open_panel("spread")
        if name != "ln_f":
            session.select(block=index // 2)


def save_spreads(names: Sequence[str], stds: Array) -> None:
    """Offer what each norm divides the token by as a file."""
    save_numbers(
        "Save these spreads",
        ["norm", "divides by"],
        lambda: zip(names, stds, strict=True),
        name="spreads",
    )


def spread_by_hand(trace: Trace, seen: Microscope) -> None:
    """Work out what the chosen norm divides by, once its bar was clicked."""
    if opened("spread") is not None:
        found = arithmetic.norm_std(trace, norm=seen.norm, position=seen.position)
        by_hand(found.term, model_value=found.model_value, key="by-hand-spread")


def worked_out(trace: Trace, seen: Microscope) -> None:
    """Draw the choice of number and its calculation, unless the link hides them."""
    if not is_offered():
        return
    name = st.segmented_control(
        "Work out",
        _BY_HAND,
        default="out",
        required=True,
        key=_WORKED,
        bind="query-params",
    )
    found = _derived(trace, seen, str(name))
    by_hand(found.term, model_value=found.model_value)


def _derived(trace: Trace, seen: Microscope, name: str) -> Derived:
    at, dim = {"norm": seen.norm, "position": seen.position}, seen.dim
    match name:
        case "x̂":
            return arithmetic.norm_normalized(trace, **at, dim=dim)
        case "μ":
            return arithmetic.norm_mean(trace, **at)
        case "σ²":
            return arithmetic.norm_variance(trace, **at)
        case "√(σ² + ε)":
            return arithmetic.norm_std(trace, **at)
        case "x":
            return _where_from(trace, seen)
        case _:
            return arithmetic.norm_entry(
                trace,
                session.parameters(),
                **at,
                dim=dim,
                has_gamma=seen.has_gamma,
                has_beta=seen.has_beta,
            )


def _where_from(trace: Trace, seen: Microscope) -> Derived:
    """Say which sum the number that came in is."""
    at = {"position": seen.position, "dim": seen.dim}
    if seen.norm == "ln_f":
        return arithmetic.resid_post_entry(trace, block=len(trace.blocks) - 1, **at)
    block = int(seen.norm.split(".")[1])
    if seen.norm.endswith("ln_2"):
        return arithmetic.resid_mid_entry(trace, block=block, **at)
    if block == 0:
        return arithmetic.input_entry(trace, **at)
    return arithmetic.resid_post_entry(trace, block=block - 1, **at)


def left_out(trace: Trace, seen: Microscope) -> None:
    """Draw what the model would say without this norm's γ or β; nothing while both are there."""
    st.subheader("γ and β left out", anchor=False)
    st.markdown(explain.sections("layer_norm")["Left out"])
    if seen.is_whole:
        st.caption("Switch γ or β off above: the bars of the next token appear here.")
        return
    from model.norms import record_without

    after = record_without(
        session.model(), trace.tokens, seen.norm, has_gamma=seen.has_gamma, has_beta=seen.has_beta
    )
    names = [name for name, has in (("γ", seen.has_gamma), ("β", seen.has_beta)) if not has]
    changed = f"without {' and '.join(names)} of {spoken_name(seen.norm)}"
    comparison(trace, after, key="left-out", changed=changed)


def norm_class(seen: Microscope) -> type:
    """Return the class whose code made the numbers, for showing its source."""
    return type(session.model().get_submodule(seen.norm))


def take_away(seen: Microscope) -> None:
    """Offer the token's numbers as a file."""
    save_table(
        "Download this token’s numbers",
        lambda: table(seen),
        name=spoken_name(seen.norm).replace(" ", "-"),
    )


def sizes(trace: Trace) -> str:
    """Write this run's sizes, letter and number together."""
    config = trace.config
    return (
        f"T = {n_tokens(len(trace.tokens))} · d_model = {config.d_model} numbers each · "
        f"γ and β: {config.d_model} + {config.d_model} = {config.parameters.norm} parameters · "
        f"{2 * config.n_layer + 1} norms"
    )
