"""Bounds that the words name are those that hold."""

from pathlib import Path

from model.tokenizer import MAX_CHARACTERS
from model.training import plan
from model.training.jobs import GRACE_SECONDS, MAX_AGE_SECONDS, MAX_FOLDER_BYTES
from pages.parts.session import LINK_CHARACTERS
from pages.parts.texts import sections

README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")


def test_the_words_about_an_upload_name_its_bounds():
    words = sections("train")["Upload"]
    assert f"{plan.MAX_N_LAYER} blocks, {plan.MAX_N_HEAD} heads" in words
    assert f"{plan.MAX_PARAMETERS:,} parameters" in words
    assert f"a context of up to {plan.MAX_BLOCK_SIZE}" in words
    assert f"up to {plan.MAX_VOCAB_SIZE:,} tokens" in words


def test_the_words_about_what_is_kept_say_how_long_and_how_much():
    assert (MAX_AGE_SECONDS, MAX_FOLDER_BYTES) == (24 * 3600, 10**9)
    words = sections("train")["Kept"]
    assert "older than a day" in words
    assert "1 GB" in words
    assert f"after {GRACE_SECONDS:.0f} seconds" in words


def test_the_readme_names_the_bounds_of_texts_and_links():
    assert f"Texts beyond {MAX_CHARACTERS:,} characters" in README
    assert f"at most {LINK_CHARACTERS:,} characters" in README
