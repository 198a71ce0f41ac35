"""The frame around every page: the list of pages, the prompt on top, the selection in the link."""

from pathlib import Path

import streamlit as st

from pages.parts import frame, generating, runs, session
from pages.parts.boot import boot
from pages.parts.lead import lead
from pages.parts.router import router
from pages.parts.run_line import run_line
from pages.parts.stages import STAGES, neighbours
from pages.parts.tour import tour

ASSETS = Path(__file__).parent / "assets"

st.set_page_config(page_title="Glassbox GPT", page_icon=str(ASSETS / "icon.svg"), layout="wide")
st.logo(str(ASSETS / "logo.svg"), size="large", icon_image=str(ASSETS / "icon.svg"))
st.html(ASSETS / "app.css")
first, *others = STAGES
page = st.navigation(
    [
        st.Page(first.path, title=first.title, icon=first.icon, url_path="", default=True),
        *(st.Page(s.path, title=s.title, icon=s.icon, url_path=s.name) for s in others),
        # The first page stands at "/"; a link that names it as the others are named opens it too.
        st.Page(first.path, title=first.title, url_path=first.name, visibility="hidden"),
    ]
)
name = page.url_path or first.name
runs.remember()
if name != "output":
    generating.end_elsewhere()
session.selection_widgets()
frame.prompt()
run_line(name)
lead(name)
# Only now, so that importing torch does not hold up the prompt.
boot()
with router():
    page.run()
neighbours(name)
tour(name)
session.heard_widget()
