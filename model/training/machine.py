"""What this machine does best: which device to train on, and in which precision."""

from collections.abc import Callable

import torch

from model.training.stats import Precision


def best_device() -> torch.device:
    """Return the first CUDA device where there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def named_device(name: str) -> torch.device:
    """Return the device of a name.

    Raises:
        ValueError: There is no such device here, or none that can train.
    """
    try:
        device = torch.device(name)
    except RuntimeError:
        raise ValueError(f"device={name!r} is neither cpu nor cuda") from None
    if device.type not in ("cpu", "cuda"):
        raise ValueError(f"device={name!r} is neither cpu nor cuda")
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise ValueError(f"device={name!r}: torch finds no such graphics card here; take cpu")
    return device


def faster_precision(device: torch.device, clock: Callable[[], float]) -> Precision:
    """Return the precision in which this machine multiplies matrices faster.

    Args:
        device: Where the products will run.
        clock: Counts seconds, as `time.perf_counter` does.
    """
    if device.type != "cpu":
        return "bfloat16"
    times = {dtype: _product_seconds(dtype, clock) for dtype in (torch.float32, torch.bfloat16)}
    return "bfloat16" if times[torch.bfloat16] < times[torch.float32] else "float32"


def _product_seconds(dtype: torch.dtype, clock: Callable[[], float]) -> float:
    """Return the best of five times for a product of the size of a small GPT's feed-forward."""
    left, right = torch.ones(1024, 256, dtype=dtype), torch.ones(256, 1024, dtype=dtype)
    times = []
    for _ in range(6):
        start = clock()
        torch.mm(left, right)
        times.append(clock() - start)
    return min(times[1:])
