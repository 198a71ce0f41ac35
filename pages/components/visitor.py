"""An invisible element that keeps a visitor's runs for their browser tab across a reload."""

from collections.abc import Callable, Sequence

from pages.components.element import element


def visitor(
    *, key: str, tokens: Sequence[str], gone: Sequence[str], on_tokens_change: Callable[[], None]
) -> None:
    """Tell the tab which runs are its own; its state "tokens" lists those it remembers besides.

    Args:
        key: Of the element.
        tokens: Runs that this session knows to be the visitor's.
        gone: Runs that were deleted and are to be forgotten.
        on_tokens_change: Called when the tab remembers more than `tokens`.
    """
    element("visitor")(
        key=key,
        data={"tokens": list(tokens), "gone": list(gone)},
        on_tokens_change=on_tokens_change,
    )
