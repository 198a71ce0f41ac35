"""Choose one token of the vocabulary; drawn by `assets/components/chooser/`."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from pages.components.element import element, ignore


class TokenOption(NamedTuple):
    """Offer one token.

    Args:
        id: The token's.
        label: What it is called.
        note: A few words beside it.
    """

    id: int
    label: str
    note: str = ""


def token_chooser(
    options: Sequence[TokenOption],
    found: Sequence[TokenOption],
    *,
    key: str,
    title: str,
    query: str,
    chosen: int,
    on_chosen: Callable[[], None],
) -> None:
    """Draw the tokens at hand and a search box; a token that is pressed sends its id as "chosen".

    Args:
        options: The tokens at hand.
        found: What `query` means.
        key: Names the element; its state "query" is what is searched for.
        title: What the token is chosen for.
        query: What the box shows.
        chosen: The id that is outlined.
        on_chosen: Called, before the run, when a token is pressed.
    """
    element("chooser")(
        key=key,
        data={
            "title": title,
            "query": query,
            "options": [_sent(option, chosen) for option in options],
            "found": [_sent(option, chosen) for option in found],
        },
        on_chosen_change=on_chosen,
        on_query_change=ignore,
    )


def _sent(option: TokenOption, chosen: int) -> dict[str, int | str | bool]:
    return {**option._asdict(), "is_chosen": option.id == chosen}
