"""The model that looks both ways, against torch's encoder layer and itself."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from model.checkpoints import (
    CheckpointError,
    load_checkpoint,
    load_masked,
    save_checkpoint,
)
from model.config import GPTConfig
from model.gpt import GPT
from model.hooks import record
from model.tokenizer import Tokens, tokenizer
from model.trace import Silenced
from model.training import fast_path, resume
from model.training.data import Batches, MaskedBatches, Source
from model.training.engine import Trainer
from model.training.evaluation import score_masked
from model.training.stats import TrainConfig
from model.variants.masked import MASK_PIECE, MaskedLM, hide

SIZES = GPTConfig(vocab_size=258, block_size=24, n_layer=2, n_head=2, d_model=32)


def a_model(seed: int = 0, config: GPTConfig = SIZES) -> MaskedLM:
    model = MaskedLM(config)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(std=0.2, generator=generator)
    return model.eval()


def some_ids(n_text: int = 2, T: int = 12) -> torch.Tensor:
    return torch.randint(0, 256, (n_text, T), generator=torch.Generator().manual_seed(5))


def torch_layer(model: MaskedLM, index: int) -> nn.TransformerEncoderLayer:
    """Put a block's weights into torch's own encoder layer."""
    block, config = model.blocks[index], model.config
    layer = nn.TransformerEncoderLayer(
        config.d_model,
        config.n_head,
        config.d_mlp,
        dropout=0.0,
        activation=lambda x: F.gelu(x, approximate="tanh"),
        layer_norm_eps=config.norm_eps,
        batch_first=True,
        norm_first=True,
    )
    layer.load_state_dict(
        {
            "self_attn.in_proj_weight": block.attn.c_attn.weight,
            "self_attn.in_proj_bias": block.attn.c_attn.bias,
            "self_attn.out_proj.weight": block.attn.c_proj.weight,
            "self_attn.out_proj.bias": block.attn.c_proj.bias,
            "linear1.weight": block.mlp.c_fc.weight,
            "linear1.bias": block.mlp.c_fc.bias,
            "linear2.weight": block.mlp.c_proj.weight,
            "linear2.bias": block.mlp.c_proj.bias,
            "norm1.weight": block.ln_1.weight,
            "norm1.bias": block.ln_1.bias,
            "norm2.weight": block.ln_2.weight,
            "norm2.bias": block.ln_2.bias,
        }
    )
    return layer.eval()


def test_its_blocks_are_torchs_encoder_layers():
    model, ids = a_model(), some_ids()
    with torch.inference_mode():
        x = model.embed(ids)
        for index in range(model.config.n_layer):
            x = torch_layer(model, index)(x)
        expected = model.lm_head(model.ln_f(x))
        assert torch.allclose(model(ids), expected, atol=2e-4)


def test_every_logit_depends_on_every_token():
    model, ids = a_model(), some_ids(1)
    with torch.inference_mode():
        before = model(ids)
        for position in range(ids.shape[1]):
            other = ids.clone()
            other[0, position] = (other[0, position] + 1) % 256
            assert ((model(other) - before).abs().amax(-1) > 0).all()


def test_a_copy_of_a_gpt_is_the_gpt_without_its_mask():
    gpt = GPT(replace(SIZES, vocab_size=257))
    gpt.initialize(torch.Generator().manual_seed(1))
    model = MaskedLM.from_gpt(gpt).eval()
    tokens = tokenizer(257).encode("The cat sat.")
    open_gpt = record(gpt, tokens, silenced=Silenced("mask")).logits
    assert np.allclose(
        np.array(record(model, tokens).logits)[:, :257], np.array(open_gpt), atol=1e-6
    )
    rows = gpt.wte.weight.mean(dim=0)
    assert torch.equal(model.wte.weight[model.mask_id], rows)
    with torch.no_grad():
        model.wte.weight[0] = 0.0
    assert not torch.equal(gpt.wte.weight[0], model.wte.weight[0])


def test_recording_it_shows_whole_maps_and_leaves_it_looking_both_ways():
    model = a_model()
    tokens = hide(tokenizer(257).encode("The cat sat."), frozenset({4, 5}), mask_id=model.mask_id)
    for silenced in (None, Silenced("mask"), None):
        trace = record(model, tokens, silenced=silenced)
        with torch.inference_mode():
            assert np.array_equal(np.array(trace.logits), model(torch.tensor([tokens.ids]))[0])
        for block in trace.blocks:
            assert (block.pattern > 0).all()
            assert np.allclose(block.pattern.sum(-1), 1, atol=1e-6)


def test_hiding_puts_the_mask_at_the_positions_and_nowhere_else():
    tokens = Tokens((7, 8, 9), (b"a", b"b", b"c"))
    hidden = hide(tokens, frozenset({1}), mask_id=257)
    assert hidden == Tokens((7, 257, 9), (b"a", MASK_PIECE, b"c"))


def test_its_loss_is_torchs_over_the_chosen_alone():
    model, ids = a_model(), some_ids(4)
    targets = torch.full_like(ids, -100)
    targets[:, [2, 7]] = ids[:, [2, 7]]
    read = ids.clone()
    read[:, [2, 7]] = model.mask_id
    pairs = torch.stack([read, targets], dim=1)
    ours = fast_path.masked_loss(model, pairs)
    # Row i answers for token i + 1.
    logits = model(read)[:, :-1]
    theirs = F.cross_entropy(logits.flatten(0, 1), targets[:, 1:].flatten(), ignore_index=-100)
    assert ours.item() == pytest.approx(theirs.item(), abs=1e-5)
    slopes = torch.autograd.grad(ours, list(model.parameters()))
    expected = torch.autograd.grad(theirs, list(model.parameters()))
    for found, wanted in zip(slopes, expected, strict=True):
        assert torch.allclose(found, wanted, atol=1e-5)


def a_trainer(recipe: TrainConfig) -> Trainer:
    ids = np.array(tokenizer(257).encode("abcdefghij" * 90).ids, dtype=np.uint16)
    batches = Batches(
        [Source(ids)],
        batch_size=recipe.batch_size,
        block_size=SIZES.block_size,
        vocab_size=SIZES.vocab_size - 1,
        seed=0,
    )
    model = MaskedLM(SIZES)
    model.initialize(torch.Generator().manual_seed(0))
    return Trainer(
        model,
        recipe,
        MaskedBatches(batches, mask_id=model.mask_id, seed=0),
        objective=fast_path.masked_loss,
    )


def test_twenty_steps_are_ten_a_save_a_load_and_ten(tmp_path):
    recipe = TrainConfig(n_steps=20, batch_size=6, warmup_steps=3)
    whole = a_trainer(recipe)
    straight = [whole.step() for _ in range(20)]
    first = a_trainer(recipe)
    halves = [first.step() for _ in range(10)]
    resume.save(first, tmp_path)
    saved = resume.latest(tmp_path)
    assert saved is not None
    second = a_trainer(recipe)
    resume.restore(second, saved)
    assert halves + [second.step() for _ in range(10)] == straight


def test_a_run_that_hid_nothing_is_not_gone_on_with():
    trainer = a_trainer(TrainConfig(batch_size=2))
    state = trainer.batches.state()
    state.pop("masking", None)
    with pytest.raises(ValueError, match="hides no tokens"):
        trainer.batches.restore(state)


def test_it_learns_what_stands_between_two_letters():
    trainer = a_trainer(TrainConfig(n_steps=200, batch_size=32, warmup_steps=10))
    for _ in range(200):
        trainer.step()
    model = trainer.model.eval()
    assert isinstance(model, MaskedLM)
    cut = tokenizer(257)
    tokens = hide(cut.encode("fghijabcdefghij"), frozenset({7}), mask_id=model.mask_id)
    assert int(np.argmax(record(model, tokens).logits[6])) == cut.encode("c").ids[0]
    ids = np.array(cut.encode("abcdefghij" * 12).ids, dtype=np.uint16)
    found = score_masked(model, ids, length=24)
    assert found.accuracy > 0.9
    assert found.n_token == 5 * 4


def test_a_file_of_it_comes_back_and_is_no_gpt(tmp_path):
    model = a_model()
    save_checkpoint(model, tmp_path)
    again = load_masked(tmp_path)
    with torch.inference_mode():
        assert torch.equal(again(some_ids()), model(some_ids()))
    entries = json.loads((tmp_path / "config.json").read_text())
    assert entries["model_type"] == "glassbox-masked-lm"
    assert entries["eos_token_id"] == 256
    with pytest.raises(CheckpointError, match="only 'gpt2' can be loaded"):
        load_checkpoint(tmp_path)
    gpt = GPT(SIZES).initialize(torch.Generator().manual_seed(0))
    save_checkpoint(gpt, tmp_path / "gpt")
    with pytest.raises(CheckpointError, match="only 'glassbox-masked-lm' can be loaded"):
        load_masked(tmp_path / "gpt")
