"""A pass without γ or β is a pass of the model whose γ is 1 or β is 0, and leaves no trace."""

import numpy as np
import pytest
import torch

from model.arithmetic import logit
from model.config import GPTConfig
from model.gpt import GPT
from model.norms import norm_names, record_without
from model.tokenizer import Tokens

CONFIG = GPTConfig(vocab_size=300, block_size=16, n_layer=2, n_head=2, d_model=16)
TOKENS = Tokens((5, 7, 11, 13), (b"a", b"b", b"c", b"d"))


@pytest.fixture
def model():
    generator = torch.Generator().manual_seed(0)
    model = GPT(CONFIG).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(std=0.3, generator=generator)
    return model


def test_norms_are_named_in_the_order_in_which_they_run():
    assert norm_names(CONFIG) == ("h.0.ln_1", "h.0.ln_2", "h.1.ln_1", "h.1.ln_2", "ln_f")


@pytest.mark.parametrize("norm", norm_names(CONFIG))
@pytest.mark.parametrize(("has_gamma", "has_beta"), [(True, True), (False, True), (True, False)])
def test_what_is_left_out_is_one_or_zero(model, norm, has_gamma, has_beta):
    before = {name: value.clone() for name, value in model.state_dict().items()}
    trace = record_without(model, TOKENS, norm, has_gamma=has_gamma, has_beta=has_beta)
    found = trace.logits[2]
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name])
    with torch.no_grad():
        if not has_gamma:
            model.get_parameter(f"{norm}.weight").fill_(1)
        if not has_beta:
            model.get_parameter(f"{norm}.bias").fill_(0)
        wanted = model(torch.tensor([TOKENS.ids]))[0, 2].numpy()
    np.testing.assert_allclose(found, wanted, atol=1e-5)


def test_a_logit_without_gamma_is_worked_out_by_hand(model):
    trace = record_without(model, TOKENS, "h.0.ln_2", has_gamma=False, has_beta=False)
    learned = {name: tensor.detach().numpy() for name, tensor in model.state_dict().items()}
    for token_id in (0, 41, 299):
        found = logit(trace, learned, position=1, token_id=token_id, label="it")
        assert abs(found.difference) < found.allowance
