"""What recording costs: `record()` against a bare pass of the same written-out code.

    python tests/bench/record.py

Prints the median of the ratios of neighbouring pairs, so that a noisy machine disturbs both alike.
"""

import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import torch

from model.allocator import keep_freed_memory
from model.catalog import EMBEDDED, known_models
from model.config import GPT2_SMALL
from model.gpt import GPT
from model.hooks import record
from model.tokenizer import Tokens


def seconds(function):
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def ratio(model, T, pairs):
    tokens = Tokens(tuple(range(T)), (b"",) * T)
    ids = torch.tensor([tokens.ids])

    def bare():
        with torch.inference_mode():
            model(ids)

    bare()
    record(model, tokens)
    times = [(seconds(lambda: record(model, tokens)), seconds(bare)) for _ in range(pairs)]
    return statistics.median(a / b for a, b in times), statistics.median(b for _, b in times)


def main():
    torch.set_num_threads(1)
    keep_freed_memory()
    shapes = (
        ("embedded", known_models()[EMBEDDED].config, 60, 1.2),
        ("GPT-2 small", GPT2_SMALL, 9, 1.1),
    )
    for name, config, pairs, bound in shapes:
        model = GPT(config).initialize(torch.Generator().manual_seed(0)).eval()
        for T in (64, 128, 256):
            found, bare = ratio(model, T, pairs)
            cost = f"record/bare {found:.2f} (at most {bound})"
            print(f"{name:12} T={T:3}  bare {1000 * bare:7.1f} ms  {cost}")


if __name__ == "__main__":
    main()
