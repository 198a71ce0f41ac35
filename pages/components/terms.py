"""An invisible element that opens the glossary at an underlined term, wherever it stands."""

from pages.components.element import element


def term_links(*, key: str, page: str, parameter: str) -> None:
    """Open a page at the term that was pressed: the attribute `data-term` of a `.term`.

    Args:
        key: The element's key.
        page: The glossary's path in the address bar.
        parameter: What the address calls the term that is looked for.
    """
    element("terms")(key=key, data={"page": page, "parameter": parameter})
