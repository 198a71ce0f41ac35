"""What generation costs: `generate()` with its cache against transformers' `generate`.

    python tests/bench/generation.py [THREADS]

Both in float32, from the same prompt, drawing from the whole vocabulary (`top_k=0`), on the same
number of threads (half the cores, as in the app, if not given). Prints the median of the ratios of
neighbouring pairs, so that a noisy machine disturbs both alike.
"""

import os
import statistics
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np
import torch
from transformers import GPT2Config, GPT2LMHeadModel

from model.allocator import keep_freed_memory
from model.catalog import EMBEDDED, known_models
from model.config import GPT2_SMALL, GPTConfig
from model.generation import generate
from model.gpt import GPT
from model.sampling import SamplingSettings

N_PROMPT = 16


def our_seconds(model: GPT, n_new: int) -> float:
    numbers = np.random.default_rng(0)
    # The ids of fresh weights are drawn evenly: <|endoftext|> ends one text in hundreds.
    start = time.perf_counter()
    steps = generate(model, range(N_PROMPT), SamplingSettings(), numbers, max_new_tokens=n_new)
    n_drawn = sum(1 for _ in steps)
    return (time.perf_counter() - start) * n_new / n_drawn


def their_seconds(model: Any, n_new: int) -> float:
    ids = torch.arange(N_PROMPT)[None]
    start = time.perf_counter()
    model.generate(
        ids,
        attention_mask=torch.ones_like(ids),
        do_sample=True,
        top_k=0,
        top_p=1.0,
        max_new_tokens=n_new,
        pad_token_id=0,
    )
    return time.perf_counter() - start


def transformers_model(config: GPTConfig) -> GPT2LMHeadModel:
    return GPT2LMHeadModel(
        GPT2Config(
            vocab_size=config.vocab_size,
            n_positions=config.block_size,
            n_embd=config.d_model,
            n_layer=config.n_layer,
            n_head=config.n_head,
            bos_token_id=None,
            eos_token_id=None,
        )
    ).eval()


def main() -> None:
    n_thread = int(sys.argv[1]) if len(sys.argv) > 1 else max(1, (os.cpu_count() or 2) // 2)
    torch.set_num_threads(n_thread)
    keep_freed_memory()
    shapes = (
        ("embedded", known_models()[EMBEDDED].config, 100, 9, 2.0),
        ("GPT-2 small", GPT2_SMALL, 12, 5, 1.1),
    )
    for name, config, n_new, n_pair, bound in shapes:
        ours = GPT(config).initialize(torch.Generator().manual_seed(0)).eval()
        theirs = transformers_model(config)
        our_seconds(ours, 3)
        their_seconds(theirs, 3)
        pairs = [(our_seconds(ours, n_new), their_seconds(theirs, n_new)) for _ in range(n_pair)]
        ratio = statistics.median(b / a for a, b in pairs)
        a, b = (n_new / statistics.median(times) for times in zip(*pairs, strict=True))
        speed = f"{a:6.1f} tokens/s, transformers {b:6.1f}"
        print(f"{name:12} {speed}: {ratio:.2f} times (at least {bound})", flush=True)


if __name__ == "__main__":
    main()
