"""The residual stream by hand: two rows looked up and added, then two additions a block."""

from model.arithmetic.places import Parameters, is_silenced, label_of
from model.terms import (
    Derived,
    Factor,
    Term,
    combined,
    indexed,
    learned,
    products,
    recorded,
    silenced,
    total,
)
from model.trace import Array, Trace


def token_entry(trace: Trace, parameters: Parameters, *, position: int, dim: int) -> Derived:
    """Look one number of a token's embedding up: row id, column `dim` of wte."""
    token_id = trace.tokens.ids[position]
    name = label_of(trace, position)
    weight = learned(
        f"row {token_id}, column {dim} of the token table",
        "wte",
        parameters["wte.weight"][token_id, dim],
        note=f"wte.weight[{token_id}, {dim}]",
    )
    term = combined(
        "same",
        f"token embedding of {name}, dimension {dim}",
        indexed("e", dim),
        weight,
        formula=f"e = wte[id {token_id}]",
        note="A look-up: no multiplication. It equals a one-hot row times the table.",
    )
    return Derived(term, float(trace.tok_embed[position, dim]))


def position_entry(trace: Trace, parameters: Parameters, *, position: int, dim: int) -> Derived:
    """Look one number of a position's embedding up: row `position`, column `dim` of wpe."""
    label, symbol = f"embedding of position {position}, dimension {dim}", indexed("p", dim)
    model_value = float(trace.pos_embed[position, dim])
    if is_silenced(trace, "positions"):
        return Derived(silenced(label, symbol), model_value)
    weight = learned(
        f"row {position}, column {dim} of the position table",
        "wpe",
        parameters["wpe.weight"][position, dim],
        note=f"wpe.weight[{position}, {dim}]",
    )
    term = combined("same", label, symbol, weight, formula=f"p = wpe[position {position}]")
    return Derived(term, model_value)


def input_entry(trace: Trace, *, position: int, dim: int) -> Derived:
    """Add token and position: one number of what enters the first block."""
    term = total(
        f"input of {label_of(trace, position)}, dimension {dim}",
        indexed("x", dim),
        [
            recorded("token embedding", indexed("e", dim), trace.tok_embed[position, dim]),
            recorded("position embedding", indexed("p", dim), trace.pos_embed[position, dim]),
        ],
        formula="x = e + p",
    )
    return Derived(term, float(trace.blocks[0].resid_pre[position, dim]))


def resid_mid_entry(trace: Trace, *, block: int, position: int, dim: int) -> Derived:
    """Add what attention fetched to the residual stream, one number of it."""
    found = trace.blocks[block]
    return _residual(
        trace,
        position,
        dim,
        "after attention",
        ("before the block", found.resid_pre),
        ("attention's output", found.attn_out),
        found.resid_mid,
    )


def resid_post_entry(trace: Trace, *, block: int, position: int, dim: int) -> Derived:
    """Add what the feed-forward layer made to the residual stream, one number of it."""
    found = trace.blocks[block]
    return _residual(
        trace,
        position,
        dim,
        "after the feed-forward layer",
        ("after attention", found.resid_mid),
        ("feed-forward output", found.mlp_out),
        found.resid_post,
    )


def _residual(
    trace: Trace,
    position: int,
    dim: int,
    where: str,
    before: tuple[str, Array],
    added: tuple[str, Array],
    after: Array,
) -> Derived:
    term = total(
        f"residual stream {where}, {label_of(trace, position)}, dimension {dim}",
        indexed("x′", dim),
        [
            recorded(f"residual stream {before[0]}", indexed("x", dim), before[1][position, dim]),
            recorded(added[0], indexed("f", dim), added[1][position, dim]),
        ],
        formula="x′ = x + f",
    )
    return Derived(term, float(after[position, dim]))


def length(label: str, row: Array, *, model_value: float) -> Derived:
    """Work a vector's length out: the root of the sum of its squares.

    Args:
        label: What the vector is, in words.
        row: `(d_model,)`.
        model_value: The page's own number.
    """
    return Derived(_length(f"length of {label}", "|x|", row), model_value)


def cosine(
    label: str, before: tuple[str, Array], after: tuple[str, Array], *, model_value: float
) -> Derived:
    """Work the cosine of two vectors out: their dot product over both lengths.

    Args:
        label: What it says, in words.
        before: A vector's name and its `(d_model,)` numbers.
        after: The same of the other.
        model_value: The page's own number.
    """
    x, y = Factor("x", before[1]), Factor("y", after[1])
    lengths = combined(
        "product",
        "both lengths, multiplied",
        "|x|·|y|",
        _length(f"length of {before[0]}", "|x|", before[1]),
        _length(f"length of {after[0]}", "|y|", after[1]),
    )
    dot = total("x · y, the sum of the products", "x · y", products(x, y), formula="x · y")
    term = combined("quotient", label, "cos", dot, lengths, formula="cos = x · y / (|x| · |y|)")
    return Derived(term, model_value)


def _length(label: str, symbol: str, row: Array) -> Term:
    squares = [
        combined("square", f"dimension {i}", f"{x.symbol}²", x)
        for i, x in enumerate(Factor(symbol.strip("|"), row).terms())
    ]
    summed = total("sum of the squares", f"Σ{symbol.strip('|')}²", squares)
    return combined("root", label, symbol, summed, formula=f"{symbol} = √Σ{symbol.strip('|')}²")
