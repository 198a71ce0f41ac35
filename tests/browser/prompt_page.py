"""A page of its own for the tests of the prompt box: what it is told comes from the address."""

import json
import time

import streamlit as st

from pages.components.prompt import prompt_box, vocabulary

asked = st.query_params
state = st.session_state
state.setdefault("text", asked.get("text", "The cat sat"))
state.setdefault("ids", json.loads(asked["ids"]) if "ids" in asked else None)
state.setdefault("focus", None)
state.setdefault("heard", [])
state.setdefault("seen", 0)
state.runs = state.get("runs", 0) + 1


def hear(text):
    state.heard.append(text)
    state.text, state.ids = text, None


def put(text):
    state.text, state.ids = text, None


def rerun_for_ever():
    # A full run executes this too, and must not ask for the next one.
    if state.seen == state.runs:
        st.rerun(scope="app")
    state.seen = state.runs


if "late" not in asked:
    vocabulary()
st.button("Example", on_click=lambda: put("Once upon a time"))
st.button("Append", on_click=lambda: put(state.text + " and"))
time.sleep(float(asked.get("slow", 0)))
with st.container(key="holder"):
    prompt_box(
        key="box",
        text=state.text,
        vocab_size=int(asked.get("vocab_size", 8192)),
        block_size=int(asked.get("block_size", 256)),
        has_start="bare" not in asked,
        ids=state.ids,
        focus=state.focus,
        on_text_change=hear,
        on_token_change=lambda position: state.update(focus=position),
    )
if "late" in asked:
    vocabulary()
if "restless" in asked:
    st.fragment(rerun_for_ever, run_every=0.15)()
st.title("Prompt")
with st.container(key="known"):
    st.code(json.dumps([state.text, state.focus, state.heard[-3:], state.runs]), language=None)
