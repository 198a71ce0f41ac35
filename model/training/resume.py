"""A Trainer to a folder and back, bit for bit: weights, optimizers, step, place in the text.

```
FOLDER/
├── latest              the name of the folder that is whole
└── step-00001200/
    ├── model.safetensors       parameters, under their own names
    ├── optimizers.safetensors  AdamW's and Muon's memories, "0.wte.weight.exp_avg"
    └── state.json              both configs, the step, where the drawing of texts stands
```

A save is written beside the last one, flushed to the disk, and only then named in `latest`: cut off
anywhere, it leaves the previous one whole. Nothing is ever pickled.
"""

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import torch
from safetensors.torch import load_file

from model.checkpoints import write_tensors
from model.config import GPTConfig
from model.training.engine import Trainer
from model.training.stats import TrainConfig


def save(trainer: Trainer, folder: Path) -> Path:
    """Write everything a run needs to go on; return the folder of this step.

    Raises:
        OSError: The disk is full or not writable; the previous save is still whole.
    """
    whole = folder / f"step-{trainer.n_done:08d}"
    part = whole.with_suffix(".part")
    _remove(part)
    part.mkdir(parents=True)
    try:
        write_tensors(_parameters(trainer), part / "model.safetensors")
        write_tensors(dict(_memories(trainer)), part / "optimizers.safetensors")
        (part / "state.json").write_text(json.dumps(_state(trainer)), encoding="utf-8")
        for file in part.iterdir():
            _flush(file)
    except BaseException:
        _remove(part)
        raise
    _remove(whole)
    part.rename(whole)
    _point(folder, whole.name)
    for other in folder.glob("step-*"):
        if other != whole:
            _remove(other)
    return whole


def latest(folder: Path) -> Path | None:
    """Return the folder of the last whole save, or none."""
    pointer = folder / "latest"
    return folder / pointer.read_text(encoding="utf-8").strip() if pointer.exists() else None


def read_configs(saved: Path) -> tuple[GPTConfig, TrainConfig]:
    """Return the sizes and the recipe a save was made with."""
    state = json.loads((saved / "state.json").read_text(encoding="utf-8"))
    return GPTConfig(**state["model"]), TrainConfig(**state["training"])


def restore(trainer: Trainer, saved: Path) -> None:
    """Put a save into a trainer that was built with the same sizes, optimizer and sources."""
    state = json.loads((saved / "state.json").read_text(encoding="utf-8"))
    parameters = load_file(saved / "model.safetensors")
    memories = load_file(saved / "optimizers.safetensors")
    with torch.no_grad():
        for name, parameter in trainer.model.named_parameters():
            parameter.copy_(parameters[name])
    for index, optimizer in enumerate(trainer.optimizers):
        for name, parameter in _named(trainer, optimizer):
            prefix = f"{index}.{name}."
            optimizer.state[parameter] = {
                key.removeprefix(prefix): value.to(parameter.device, copy=True)
                for key, value in memories.items()
                if key.startswith(prefix)
            }
    trainer.n_done, trainer.warm_from = state["n_done"], state["warm_from"]
    trainer.batches.restore(state["batches"])


def _parameters(trainer: Trainer) -> dict[str, torch.Tensor]:
    return {
        name: parameter.detach().cpu().contiguous()
        for name, parameter in trainer.model.named_parameters()
    }


def _memories(trainer: Trainer) -> Iterator[tuple[str, torch.Tensor]]:
    for index, optimizer in enumerate(trainer.optimizers):
        for name, parameter in _named(trainer, optimizer):
            for key, value in optimizer.state.get(parameter, {}).items():
                yield f"{index}.{name}.{key}", value.detach().cpu().contiguous()


def _named(
    trainer: Trainer, optimizer: torch.optim.Optimizer
) -> list[tuple[str, torch.nn.Parameter]]:
    held = {id(parameter) for group in optimizer.param_groups for parameter in group["params"]}
    return [(n, p) for n, p in trainer.model.named_parameters() if id(p) in held]


def _state(trainer: Trainer) -> dict[str, object]:
    return {
        "model": asdict(trainer.model.config),
        "training": asdict(trainer.config),
        "n_done": trainer.n_done,
        "warm_from": trainer.warm_from,
        "batches": trainer.batches.state(),
    }


def _point(folder: Path, name: str) -> None:
    part = folder / "latest.part"
    part.write_text(name, encoding="utf-8")
    _flush(part)
    part.replace(folder / "latest")
    _flush(folder)


def _flush(path: Path) -> None:
    """Have the disk hold what was written; Windows flushes files only, opened for writing."""
    if os.name == "nt" and path.is_dir():
        return
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
