"""One palette: plotly's colours are the theme's."""

import tomllib
from pathlib import Path

import pytest

from pages.figures.style import PALETTES

CONFIG = Path(__file__).parents[2] / ".streamlit" / "config.toml"
ROLES = {
    "background": "backgroundColor",
    "panel": "secondaryBackgroundColor",
    "ink": "textColor",
    "hairline": "borderColor",
    "accent": "primaryColor",
    "query": "blueColor",
    "key": "orangeColor",
    "value": "greenColor",
    "attention": "violetColor",
    "positive": "yellowColor",
    "muted": "grayColor",
}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_figures_and_pages_share_one_palette(theme):
    settings = tomllib.loads(CONFIG.read_text(encoding="utf-8"))["theme"][theme]
    found = {role: getattr(PALETTES[theme], role) for role in ROLES}
    assert found == {role: settings[name] for role, name in ROLES.items()}
