"""Register a custom element: join its files from `assets/components/` into one Streamlit component.

Plain JavaScript without a build step: the files of `shared/` that an element names come first, then
its own `index.js`; `palette.css` and then `style.css` give it its looks.
"""

from functools import lru_cache
from pathlib import Path

from streamlit.components.v2 import component
from streamlit.components.v2.types import ComponentRenderer

ASSETS = Path(__file__).parents[2] / "assets" / "components"


@lru_cache(maxsize=64)
def element(name: str, *shared: str) -> ComponentRenderer:
    """Return the mount of the element in `assets/components/NAME/`.

    Args:
        name: The folder, with `index.js` and `style.css`.
        *shared: Stems of files in `assets/components/shared/` whose functions it uses.
    """
    folder = ASSETS / name
    scripts = [*(ASSETS / "shared" / f"{stem}.js" for stem in shared), folder / "index.js"]
    styles = [ASSETS / "shared" / "palette.css", folder / "style.css"]
    return component(
        f"glassbox.{name}",
        html='<div class="root"></div>\n<!-- drawn by index.js -->',
        css="\n".join(file.read_text(encoding="utf-8") for file in styles),
        js="\n".join(file.read_text(encoding="utf-8") for file in scripts),
    )


def ignore() -> None:
    """Do nothing: Streamlit wants a callback for each state an element may set."""
