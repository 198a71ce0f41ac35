"""An invisible element with which the others save what they drew, as a picture or a table.

Elements name "saving" among their shared files for the buttons.
"""

from pages.components.element import element


def saving() -> None:
    """Publish to all elements how pictures and tables are saved. Once a page."""
    element("saving", "canvas", "picture")(key="saving")
