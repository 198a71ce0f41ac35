"""The trainer: one call, one update of the weights. No thread, no clock, no file, no print.

Which optimizer has which parameter: Muon (`torch.optim.Muon`) the hidden matrices, AdamW the
embeddings with the output matrix, and all vectors. Loss and gradients: `fast_path`.
"""

from collections.abc import Callable, Iterable

import torch
from torch import nn

from model.gpt import GPT
from model.training import fast_path
from model.training.data import Batches, MaskedBatches
from model.training.stats import StepStats, TrainConfig, learning_rate_share

Gradients = tuple[torch.Tensor, tuple[torch.Tensor, ...]]
# Maps a model and some texts to their mean loss in nats, matrix products of the `dtype` given.
Objective = Callable[..., torch.Tensor]
Spread = Callable[
    [Callable[[torch.Tensor], Gradients], Iterable[torch.Tensor]], Iterable[Gradients]
]

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}


class Trainer:
    """Hold a model, its optimizers and its place in the text; step through the run.

    Args:
        model: Trained in place, on the device it is on.
        config: The recipe.
        batches: Where the text comes from.
        objective: What is learnt; by default every next token.
        spread: Calls a function on every part of a batch and returns the results in order: `map`,
            or an executor's. Without dropout, the run does not depend
            on it; with dropout, threads share one generator, and no two runs are alike.
    """

    def __init__(
        self,
        model: GPT,
        config: TrainConfig,
        batches: Batches | MaskedBatches,
        *,
        objective: Objective = fast_path.next_token_loss,
        spread: Spread = map,
    ) -> None:
        self.model, self.config, self.batches = model, config, batches
        self._objective, self._spread = objective, spread
        self._parameters = list(model.parameters())
        self.n_done = 0
        self.warm_from = 0
        self.optimizers = _optimizers(model, config)

    def warm_up_again(self) -> None:
        """Let the rate climb anew from here, as a run that decayed needs when it goes on."""
        self.warm_from = self.n_done

    @property
    def tokens_per_step(self) -> int:
        """Tokens that one step learns from."""
        return self.config.batch_size * self.model.config.block_size

    def step(self, progress: float | None = None) -> StepStats:
        """Draw a batch, update the weights once, and say what happened.

        Args:
            progress: The part of the run that is over, for the schedule; counted in steps where
                it is not given.
        """
        config = self.config
        done = self.n_done / config.n_steps if progress is None else progress
        share = learning_rate_share(config, self.n_done - self.warm_from, done)
        loss = self._put_gradients()
        grad_norm = nn.utils.clip_grad_norm_(self._parameters, config.clip_norm or float("inf"))
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = group["peak"] * share
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        self.n_done += 1
        return StepStats(
            step=self.n_done,
            loss=float(loss),
            lr=config.learning_rate * share,
            grad_norm=float(grad_norm),
            tokens=self.n_done * self.tokens_per_step,
        )

    def _put_gradients(self) -> torch.Tensor:
        """Put the batch's gradient into the parameters; return its loss."""
        self.model.train()
        ids = torch.from_numpy(self.batches.draw()).to(self.model.wte.weight.device)
        parts = ids.split(self.config.part_size or len(ids))
        devices = [ids.device] if ids.is_cuda else []
        dropout_seed = self.config.seed * 1_000_003 + self.n_done
        with torch.random.fork_rng(devices, enabled=self.model.config.dropout > 0):
            if self.model.config.dropout > 0:
                # Dropout's draws depend on seed and step alone, so that a resumed run repeats them.
                torch.manual_seed(dropout_seed)
            results = self._spread(self._gradients, parts)
            total = torch.zeros((), device=ids.device)
            for part, (loss, gradients) in zip(parts, results, strict=True):
                share = len(part) / len(ids)
                total += share * loss
                for parameter, gradient in zip(self._parameters, gradients, strict=True):
                    if parameter.grad is None:
                        parameter.grad = gradient.mul_(share)
                    else:
                        parameter.grad.add_(gradient, alpha=share)
        return total

    def _gradients(self, ids: torch.Tensor) -> Gradients:
        """Return the mean loss of some texts and every parameter's slope."""
        loss = self._objective(self.model, ids, dtype=DTYPES[self.config.precision])
        return loss.detach(), torch.autograd.grad(loss, self._parameters)


def _optimizers(model: GPT, config: TrainConfig) -> tuple[torch.optim.Optimizer, ...]:
    hidden = [parameter for parameter in model.h.parameters() if parameter.dim() == 2]
    vectors = [parameter for parameter in model.parameters() if parameter.dim() < 2]
    is_hidden = {id(parameter) for parameter in hidden}
    tables = [p for p in model.parameters() if p.dim() == 2 and id(p) not in is_hidden]
    peak = config.learning_rate
    groups = [
        {"params": tables, "peak": peak, "weight_decay": config.weight_decay},
        {"params": vectors, "peak": peak * config.vector_share, "weight_decay": 0.0},
    ]
    if config.optimizer == "adamw":
        groups.append({"params": hidden, "peak": peak, "weight_decay": config.weight_decay})
    adamw = torch.optim.AdamW(groups, lr=peak, betas=config.betas, fused=True)
    if config.optimizer == "adamw":
        return (adamw,)
    muon = torch.optim.Muon(
        [{"params": hidden, "peak": config.muon_learning_rate}],
        lr=config.muon_learning_rate,
        weight_decay=config.weight_decay,
        momentum=config.muon_momentum,
    )
    return adamw, muon


@torch.no_grad()
def evaluate(
    model: GPT,
    windows: torch.Tensor,
    *,
    precision: str = "float32",
    objective: Objective = fast_path.next_token_loss,
) -> float:
    """Return the mean loss in nats over windows `(n, T + 1)`, or as the objective takes them."""
    was_training = model.training
    model.eval()
    windows = windows.to(model.wte.weight.device)
    losses = [
        objective(model, part, dtype=DTYPES[precision]) * len(part) for part in windows.split(16)
    ]
    model.train(was_training)
    return float(sum(losses)) / len(windows)
