"""Tokens, embedding and position on models of other shapes, as a visitor may have trained them."""

from pathlib import Path

import pytest
import torch
from streamlit.testing.v1 import AppTest

from model.catalog import KnownModel
from model.checkpoints import save_checkpoint
from model.config import GPTConfig
from model.gpt import GPT
from pages.parts import session

ROOT = Path(__file__).parents[2]
SHAPES = {
    "bytes": GPTConfig(vocab_size=257, block_size=16, n_layer=1, n_head=1, d_model=8),
    "small": GPTConfig(vocab_size=400, block_size=24, n_layer=2, n_head=2, d_model=12),
    "untied": GPTConfig(
        vocab_size=1000, block_size=8, n_layer=2, n_head=2, d_model=16, is_tied=False
    ),
    "short": GPTConfig(vocab_size=300, block_size=1, n_layer=1, n_head=1, d_model=4),
}


@pytest.fixture(params=SHAPES)
def shape(request, tmp_path, monkeypatch):
    config = SHAPES[request.param]
    model = GPT(config).initialize(torch.Generator().manual_seed(1))
    save_checkpoint(model, tmp_path)
    own = KnownModel(str(tmp_path), "yours", config, has_start=True)
    monkeypatch.setattr(session, "known_model", lambda: own)
    return request.param


def opened(name, prompt):
    page = AppTest.from_file(ROOT / "app.py", default_timeout=120)
    page.query_params["prompt"] = prompt
    return page.run().switch_page(f"pages/{name}.py").run()


@pytest.mark.parametrize("name", ["tokens", "embedding", "position"])
@pytest.mark.parametrize(
    "prompt", ["", "The cat sat", "A longer text with 12 numbers and é 안녕 😀"]
)
def test_a_page_holds_for_a_model_of_another_shape(shape, name, prompt):
    page = opened(name, prompt)
    assert not page.exception
    if name == "tokens":
        for number in range(3):
            page.button(key=f"try-tokens-{number}").click().run()
    elif name == "embedding":
        page.text_input(key="find_token").set_value("e").run()
        page.segmented_control(key="directions").set_value(3).run()
    elif "without_positions" in [one.key for one in page.toggle]:
        page.toggle(key="without_positions").set_value(True).run()
    assert not page.exception


def test_the_words_follow_the_model(shape):
    words = " ".join(one.value for one in opened("embedding", "The cat").markdown)
    assert ("a second table" in words) == (shape == "untied")
    words = " ".join(one.value for one in opened("position", "The cat").markdown)
    assert ("about as long as it began" in words) == (shape != "short")
    words = " ".join(one.value for one in opened("tokens", "The cat").markdown)
    assert ("no token brings a space" in words) == (shape == "bytes")
