"""How soon our trainer is as good as nanoGPT's CPU recipe on tinyshakespeare.

    python tests/bench/shakespeare.py tinyshakespeare.txt

Both learn from the first 90 % of the text and are measured on the whole last 10 %, in windows of 64
tokens that share no context, in nats a character, so that their vocabularies compare.

The recipe is nanoGPT's `train_shakespeare_char.py` with the CPU settings of its README (l. 85 to
88), written with torch alone: 4 blocks, 4 heads, width 128, context 64, 65 characters, no biases,
no dropout, AdamW (β₂ 0.99, weight decay 0.1), clipping 1.0, rate 1e-3 with 100 steps of warm-up
and a cosine to 1e-4, 2,000 steps of 12 texts. Ours has the same blocks, heads, width and context,
GPT-2's first 1,023 tokens instead of characters, Muon, bfloat16 where it is faster, and 200 steps
of 16 texts.

The two take turns, so that whatever else the machine does disturbs both alike; only steps are
timed. The times are wall time on the same number of threads.
"""

import argparse
import math
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from model.allocator import keep_freed_memory
from model.config import GPTConfig
from model.gpt import GPT
from model.tokenizer import tokenizer
from model.training.data import Batches, Source
from model.training.engine import Trainer, evaluate
from model.training.machine import faster_precision
from model.training.stats import TrainConfig

TARGET = 1.88
CONTEXT, WIDTH, N_BLOCK, N_HEAD = 64, 128, 4, 4
RECIPE_STEPS, RECIPE_BATCH = 2000, 12
OUR_STEPS, OUR_BATCH, OUR_VOCABULARY = 200, 16, 1024


class RecipeBlock(nn.Module):
    """nanoGPT's block without biases."""

    def __init__(self) -> None:
        super().__init__()
        self.ln_1, self.ln_2 = (nn.LayerNorm(WIDTH, bias=False) for _ in range(2))
        self.c_attn = nn.Linear(WIDTH, 3 * WIDTH, bias=False)
        self.c_proj = nn.Linear(WIDTH, WIDTH, bias=False)
        self.fc = nn.Linear(WIDTH, 4 * WIDTH, bias=False)
        self.fc_proj = nn.Linear(4 * WIDTH, WIDTH, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        B, T, _ = x.shape
        q, k, v = (
            part.view(B, T, N_HEAD, -1).transpose(1, 2)
            for part in self.c_attn(self.ln_1(x)).split(WIDTH, dim=2)
        )
        z = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.c_proj(z.transpose(1, 2).reshape(B, T, WIDTH))
        return x + self.fc_proj(F.gelu(self.fc(self.ln_2(x))))


class Recipe(nn.Module):
    """nanoGPT's model at its CPU size."""

    def __init__(self, vocab_size: int) -> None:
        super().__init__()
        self.wte, self.wpe = nn.Embedding(vocab_size, WIDTH), nn.Embedding(CONTEXT, WIDTH)
        self.h = nn.Sequential(*(RecipeBlock() for _ in range(N_BLOCK)))
        self.ln_f = nn.LayerNorm(WIDTH, bias=False)
        for name, parameter in self.named_parameters():
            if parameter.dim() == 2:
                scale = 1 / math.sqrt(2 * N_BLOCK) if name.endswith("proj.weight") else 1.0
                nn.init.normal_(parameter, std=0.02 * scale)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        x = self.wte(ids) + self.wpe(torch.arange(ids.shape[1]))
        return self.ln_f(self.h(x)) @ self.wte.weight.t()

    def loss(self, rows: torch.Tensor) -> torch.Tensor:
        return F.cross_entropy(self(rows[:, :-1]).flatten(0, 1), rows[:, 1:].flatten())


def recipe_rate(step: int) -> float:
    if step < 100:
        return 1e-3 * (step + 1) / 101
    share = (step - 100) / (RECIPE_STEPS - 100)
    return 1e-4 + 0.5 * (1 + math.cos(math.pi * share)) * (1e-3 - 1e-4)


def recipe_stepper(model: Recipe, ids: torch.Tensor) -> Callable[[], None]:
    matrices = [parameter for parameter in model.parameters() if parameter.dim() == 2]
    gains = [parameter for parameter in model.parameters() if parameter.dim() < 2]
    groups = [{"params": matrices, "weight_decay": 0.1}, {"params": gains, "weight_decay": 0.0}]
    adamw = torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.99))
    generator, done = torch.Generator().manual_seed(1337), [0]

    def step() -> None:
        starts = torch.randint(len(ids) - CONTEXT, (RECIPE_BATCH,), generator=generator)
        rows = torch.stack([ids[start : start + CONTEXT + 1] for start in starts.tolist()])
        for group in adamw.param_groups:
            group["lr"] = recipe_rate(done[0])
        loss = model.loss(rows)
        adamw.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        adamw.step()
        done[0] += 1

    return step


def windows(ids: np.ndarray) -> torch.Tensor:
    """Return `(n, CONTEXT + 1)`: every token but the first is a target once."""
    n_window = (len(ids) - 1) // CONTEXT
    rows = [ids[i * CONTEXT : (i + 1) * CONTEXT + 1] for i in range(n_window)]
    return torch.from_numpy(np.stack(rows).astype(np.int64))


def our_trainer(train: np.ndarray) -> Trainer:
    sizes = GPTConfig(OUR_VOCABULARY, CONTEXT, N_BLOCK, N_HEAD, WIDTH)
    recipe = TrainConfig(
        n_steps=OUR_STEPS,
        batch_size=OUR_BATCH,
        learning_rate=6e-3,
        muon_learning_rate=0.03,
        weight_decay=0.0,
        warmup_steps=10,
        decay_share=0.9,
        precision=faster_precision(torch.device("cpu"), time.perf_counter),
    )
    model = GPT(sizes).initialize(torch.Generator().manual_seed(1))
    batches = Batches(
        [Source(train)],
        batch_size=OUR_BATCH,
        block_size=CONTEXT,
        vocab_size=OUR_VOCABULARY,
        seed=1,
    )
    return Trainer(model, recipe, batches)


def seconds(step: Callable[[], object], times: int) -> float:
    start = time.perf_counter()
    for _ in range(times):
        step()
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description="Race nanoGPT's recipe.")
    parser.add_argument("text", type=Path)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(1337)
    keep_freed_memory()
    text = options.text.read_text(encoding="utf-8")
    cut = int(len(text) * 0.9)

    letters = {letter: index for index, letter in enumerate(sorted(set(text)))}
    codes = np.array([letters[letter] for letter in text])
    recipe = Recipe(len(letters))
    recipe_step = recipe_stepper(recipe, torch.from_numpy(codes[:cut]))

    tokens = tokenizer(OUR_VOCABULARY)
    train, held_back = (
        np.array(tokens.encode(part).ids, dtype=np.uint16) for part in (text[:cut], text[cut:])
    )
    ours = our_trainer(train)

    recipe_seconds = our_seconds = 0.0
    turns = 40
    for turn in range(turns):
        recipe_seconds += seconds(recipe_step, RECIPE_STEPS // turns)
        our_seconds += seconds(ours.step, OUR_STEPS // turns)
        print(f"turn {turn + 1}/{turns}: {recipe_seconds:.1f} s, {our_seconds:.1f} s", flush=True)

    with torch.no_grad():
        recipe_loss = float(recipe.loss(windows(codes[cut:])))
    our_windows = windows(held_back)
    n_character = len(tokens.decode(our_windows[:, 1:].flatten().tolist()))
    our_loss = evaluate(ours.model, our_windows) * our_windows[:, 1:].numel() / n_character
    n_parameter = ours.model.config.parameters.total
    print(f"nanoGPT's recipe: {recipe_loss:.3f} nats a character after {recipe_seconds:.1f} s")
    print(f"ours, {n_parameter:,} parameters: {our_loss:.3f} after {our_seconds:.1f} s")
    print(
        f"ratio {our_seconds / recipe_seconds:.3f}, target {TARGET} reached: {our_loss <= TARGET}"
    )


if __name__ == "__main__":
    main()
