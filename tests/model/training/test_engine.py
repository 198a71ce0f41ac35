"""The trainer against torch's own pieces, and against itself cut in two."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from model.config import GPTConfig
from model.gpt import GPT
from model.training import resume
from model.training.data import Batches, Source
from model.training.engine import Trainer, evaluate
from model.training.stats import TrainConfig, learning_rate_share

SIZES = GPTConfig(vocab_size=257, block_size=16, n_layer=2, n_head=2, d_model=32)
RECIPE = TrainConfig(n_steps=20, batch_size=6, warmup_steps=3, start_share=0.2)


def a_trainer(sizes=SIZES, recipe=RECIPE, **options) -> Trainer:
    ids = np.random.default_rng(0).integers(0, 60, 900).astype(np.uint16)
    model = GPT(sizes).initialize(torch.Generator().manual_seed(recipe.seed))
    batches = Batches(
        [Source(ids[:600]), Source(ids[600:], 2.0)],
        batch_size=recipe.batch_size,
        block_size=sizes.block_size,
        vocab_size=sizes.vocab_size,
        seed=recipe.seed,
        start_share=recipe.start_share,
    )
    return Trainer(model, recipe, batches, **options)


def weights(trainer: Trainer) -> torch.Tensor:
    return torch.cat([parameter.detach().flatten() for parameter in trainer.model.parameters()])


@pytest.mark.parametrize(
    ("sizes", "recipe"),
    [
        (SIZES, RECIPE),
        (SIZES, replace(RECIPE, optimizer="adamw", schedule="cosine")),
        (replace(SIZES, dropout=0.2), replace(RECIPE, precision="bfloat16", part_size=2)),
        (replace(SIZES, is_tied=False), RECIPE),
    ],
)
def test_twenty_steps_are_ten_a_save_a_load_and_ten(sizes, recipe, tmp_path):
    whole = a_trainer(sizes, recipe)
    straight = [whole.step() for _ in range(20)]
    first = a_trainer(sizes, recipe)
    halves = [first.step() for _ in range(10)]
    resume.save(first, tmp_path)
    saved = resume.latest(tmp_path)
    assert saved is not None
    second = a_trainer(*resume.read_configs(saved))
    resume.restore(second, saved)
    halves += [second.step() for _ in range(10)]
    assert halves == straight
    assert torch.equal(weights(second), weights(whole))


def test_adamw_is_torchs_adamw_on_torchs_loss():
    recipe = replace(RECIPE, optimizer="adamw", weight_decay=0.0, vector_share=1.0, clip_norm=0.5)
    ours, theirs = a_trainer(recipe=recipe), a_trainer(recipe=recipe)
    parameters = list(theirs.model.parameters())
    adamw = torch.optim.AdamW(parameters, betas=recipe.betas, weight_decay=0.0)
    for step in range(5):
        stats = ours.step()
        ids = torch.from_numpy(theirs.batches.draw())
        loss = F.cross_entropy(theirs.model(ids[:, :-1]).flatten(0, 1), ids[:, 1:].flatten())
        adamw.zero_grad()
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(parameters, 0.5)
        lr = recipe.learning_rate * learning_rate_share(recipe, step, step / 20)
        adamw.param_groups[0]["lr"] = lr
        adamw.step()
        assert stats.loss == pytest.approx(loss.item(), rel=1e-5)
        assert stats.grad_norm == pytest.approx(norm.item(), rel=1e-4)
        assert stats.lr == pytest.approx(lr)
    torch.testing.assert_close(weights(ours), weights(theirs), atol=2e-5, rtol=1e-3)


def test_muon_has_the_hidden_matrices_and_nothing_else():
    trainer = a_trainer()
    adamw, muon = trainer.optimizers
    name_of = {id(parameter): name for name, parameter in trainer.model.named_parameters()}
    held = [
        {
            name_of[id(parameter)]
            for group in optimizer.param_groups
            for parameter in group["params"]
        }
        for optimizer in (adamw, muon)
    ]
    assert all(name.startswith("h.") and name.endswith("weight") for name in held[1])
    assert not any("ln_" in name for name in held[1])
    assert {"wte.weight", "wpe.weight", "h.0.attn.c_attn.bias", "ln_f.weight"} <= held[0]
    assert held[0] | held[1] == set(name_of.values())
    assert not held[0] & held[1]


def test_a_batch_in_parts_has_the_gradient_of_the_whole_batch():
    whole, parts = a_trainer(), a_trainer(recipe=replace(RECIPE, part_size=4))
    assert parts.step().grad_norm == pytest.approx(whole.step().grad_norm, rel=1e-5)


def test_threads_change_no_bit_of_a_run():
    recipe = replace(RECIPE, part_size=2)
    alone = a_trainer(recipe=recipe)
    with ThreadPoolExecutor(3) as threads:
        shared = a_trainer(recipe=recipe, spread=threads.map)
        assert [shared.step() for _ in range(8)] == [alone.step() for _ in range(8)]


def test_a_few_steps_learn_what_is_there_to_learn():
    trainer = a_trainer(recipe=replace(RECIPE, n_steps=60, start_share=0.0))
    losses = [trainer.step().loss for _ in range(60)]
    # Sixty ids at random: ln 60 = 4.09 is all that can be learnt, from ln 257 = 5.55.
    assert losses[0] == pytest.approx(np.log(257), abs=0.2)
    assert losses[-1] < 4.4


def test_evaluation_is_the_mean_over_every_window_whatever_the_batch():
    model = a_trainer().model
    ids = torch.randint(257, (21, 17), generator=torch.Generator().manual_seed(0))
    logits = model(ids[:, :-1])
    expected = F.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten())
    assert evaluate(model, ids) == pytest.approx(expected.item(), rel=1e-5)
