"""Keep what passes the taps of a model during one forward pass: `record(model, tokens) -> Trace`.

Hooks never touch the model itself, which many threads may share: each pass runs on a private view,
a copy of the module tree that shares every tensor. Views are kept in a small pool for each model,
because making one costs as much as a short pass.
"""

import copy
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from weakref import WeakKeyDictionary

import torch
from torch import nn
from torch.nn import functional as F

from model.config import GPTConfig
from model.gpt import GPT
from model.tokenizer import Tokens
from model.trace import Array, BlockTrace, LogitRows, NormTrace, Silenced, Trace

# Above this, blocks and logits are worked out when read, so that memory grows with T, not T²; of
# what was worked out, as many blocks stay as fit in it: all 12 of GPT-2 small at 256 tokens.
KEPT_BYTES = 320 * 2**20
_FEWEST_AT_HAND = 2
_ROWS_AT_ONCE = 16


def record(
    model: GPT,
    tokens: Tokens,
    *,
    silenced: Silenced | None = None,
    kept_bytes: int = KEPT_BYTES,
) -> Trace:
    """Run the model on one text and keep every number that has a name.

    The logits are bit for bit those of `model(ids)` in evaluation mode, whatever mode the model is
    in. Only of a text above `kept_bytes` the rows before the last are multiplied out again, which
    leaves the order of their sums to torch.

    Args:
        model: Any number of threads may record on it at once. Its parameters may change in place
            from one record to the next, but not be replaced by others.
        tokens: 1 to `block_size` of them.
        silenced: A part to run without.
        kept_bytes: A longer text's blocks and logits are worked out again when they are read.

    Raises:
        ValueError: No token, more than `block_size`, or no such part to silence.
    """
    config = model.config
    if not 1 <= len(tokens) <= config.block_size:
        raise ValueError(f"{len(tokens)} tokens are not between 1 and {config.block_size}")
    is_whole = _trace_bytes(config, len(tokens)) <= kept_bytes
    with _view(model, silenced) as view, torch.inference_mode():
        kept = view.run(tokens.ids, every_tap=is_whole)
    logits = kept["logits"]
    blocks: Sequence[BlockTrace]
    rows: LogitRows
    if is_whole:
        blocks = tuple(_block_trace(kept, f"h.{index}.") for index in range(config.n_layer))
        rows = logits
    else:
        resid_pre = tuple(kept[f"h.{index}.hook_resid_pre"] for index in range(config.n_layer))
        at_hand = max(_FEWEST_AT_HAND, kept_bytes // _block_bytes(config, len(tokens)))
        blocks = _WorkedOutBlocks(model, resid_pre, silenced, at_hand=at_hand)
        rows = _WorkedOutRows(model, kept["ln_f.hook_out"], logits[-1].copy())
    return Trace(
        config=config,
        tokens=tokens,
        tok_embed=kept["hook_tok_embed"],
        pos_embed=kept["hook_pos_embed"],
        blocks=blocks,
        ln_f=_norm_trace(kept, "ln_f."),
        logits=rows,
        silenced=silenced,
    )


def patterns(trace: Trace) -> Iterator[Array]:
    """Yield each block's attention weights, `(n_head, T, T)`, in their order.

    Where the blocks of a long text are worked out when read, only what leads to the weights is:
    a third of a block's work. The numbers are those of `trace.blocks`.
    """
    for number in range(len(trace.blocks)):
        if isinstance(trace.blocks, _WorkedOutBlocks):
            yield trace.blocks.pattern(number)
        else:
            yield trace.blocks[number].pattern


def _trace_bytes(config: GPTConfig, T: int) -> int:
    return config.n_layer * _block_bytes(config, T) + 4 * T * config.vocab_size


def _block_bytes(config: GPTConfig, T: int) -> int:
    per_token = 16 * config.d_model + 2 * config.d_mlp
    return 4 * (T * per_token + 2 * config.n_head * T * T)


def _norm_trace(kept: dict[str, Array], prefix: str) -> NormTrace:
    return NormTrace(**{f.name: kept[f"{prefix}hook_{f.name}"] for f in fields(NormTrace)})


# Where a field's tap is not the block's own.
_TAPS = {
    **{name: f"attn.hook_{name}" for name in ("q", "k", "v", "scores", "pattern", "z")},
    "mlp_pre": "mlp.hook_pre",
    "mlp_post": "mlp.hook_post",
}


def _block_trace(kept: dict[str, Array], prefix: str) -> BlockTrace:
    names = [f.name for f in fields(BlockTrace) if f.name not in ("ln_1", "ln_2")]
    return BlockTrace(
        ln_1=_norm_trace(kept, f"{prefix}ln_1."),
        ln_2=_norm_trace(kept, f"{prefix}ln_2."),
        **{name: kept[prefix + _TAPS.get(name, f"hook_{name}")] for name in names},
    )


class _WorkedOutBlocks(Sequence[BlockTrace]):
    """Run the one block that is looked at again, from the residual stream that entered it."""

    def __init__(
        self,
        model: GPT,
        resid_pre: tuple[Array, ...],
        silenced: Silenced | None,
        *,
        at_hand: int,
    ) -> None:
        self._model, self._resid_pre, self._silenced = model, resid_pre, silenced
        self._most_at_hand = at_hand
        self._at_hand: dict[int, BlockTrace] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._resid_pre)

    def __getitem__(self, index: int) -> BlockTrace:  # type: ignore[override]  # no slices
        number = range(len(self))[index]
        with self._lock:
            if number not in self._at_hand:
                while len(self._at_hand) >= self._most_at_hand:
                    self._at_hand.pop(next(iter(self._at_hand)))
                self._at_hand[number] = self._work_out(number)
            return self._at_hand[number]

    def pattern(self, number: int) -> Array:
        """Return a block's attention weights; a block that is not at hand is not kept for it."""
        with self._lock:
            if number in self._at_hand:
                return self._at_hand[number].pattern
        with _view(self._model, self._silenced) as view, torch.inference_mode():
            return view.run_attention(number, self._resid_pre[number])

    def _work_out(self, number: int) -> BlockTrace:
        with _view(self._model, self._silenced) as view, torch.inference_mode():
            kept = view.run_block(number, self._resid_pre[number])
        return _block_trace(kept, f"h.{number}.")


class _WorkedOutRows:
    """Give logits row by row: the last as the pass made it, others multiplied out when read.

    A few neighbours come at once: of one row, most of the time goes into reading the matrix.
    """

    def __init__(self, model: GPT, ln_f_out: Array, last: Array) -> None:
        self._weight, self._ln_f_out = model.lm_head.weight, ln_f_out
        self._last = _read_only(last)
        self._at_hand: tuple[int, Array] | None = None

    def __len__(self) -> int:
        return len(self._ln_f_out)

    def __getitem__(self, position: int, /) -> Array:
        number = range(len(self))[position]
        if number == len(self) - 1:
            return self._last
        # The groups lie fixed, so that a row has the same digits whichever was read before. The
        # last is as large as the others: a product of fewer rows is added up in another order.
        last_group = max(0, len(self) - _ROWS_AT_ONCE)
        first = min(number - number % _ROWS_AT_ONCE, last_group)
        at_hand = self._at_hand
        if at_hand is None or at_hand[0] != first:
            at_hand = self._at_hand = (first, self._group(first))
        return at_hand[1][number - first]

    def _group(self, first: int) -> Array:
        with torch.inference_mode():
            rows = torch.tensor(
                self._ln_f_out[first : first + _ROWS_AT_ONCE], device=self._weight.device
            )
            return _to_numpy("logits", F.linear(rows, self._weight)[None])


class _View:
    """A private copy of the module tree that shares every tensor and keeps what passes its taps."""

    def __init__(self, model: GPT) -> None:
        shared = [*model.parameters(), *model.buffers()]
        self.model = copy.deepcopy(model, {id(tensor): tensor for tensor in shared}).eval()
        self._kept: dict[str, torch.Tensor] = {}
        self._is_kept: Callable[[str], bool] = _always
        for name, module in self.model.named_modules():
            if isinstance(module, nn.Identity):
                module.register_forward_hook(self._keeper(name))

    def _keeper(self, name: str) -> Callable[[nn.Module, object, torch.Tensor], None]:
        def keep(module: nn.Module, inputs: object, output: torch.Tensor) -> None:  # noqa: ARG001
            if self._is_kept(name):
                self._kept[name] = output

        return keep

    def run(self, ids: tuple[int, ...], *, every_tap: bool) -> dict[str, Array]:
        """Run the whole model; return what passed, and "logits"."""
        self._is_kept = _always if every_tap else _is_outline
        device = self.model.wte.weight.device
        logits = self.model(torch.tensor([ids], device=device))
        return self._take({"logits": logits})

    def run_block(self, number: int, resid_pre: Array) -> dict[str, Array]:
        """Run one block on the residual stream `(T, d_model)` that entered it."""
        self._is_kept = _always
        self.model.h[number](torch.tensor(resid_pre, device=self.model.wte.weight.device)[None])
        return self._take({})

    def run_attention(self, number: int, resid_pre: Array) -> Array:
        """Run one block's attention alone; return its weights `(n_head, T, T)`."""
        name = f"h.{number}.attn.hook_pattern"
        self._is_kept = name.__eq__
        block = self.model.blocks[number]
        x = torch.tensor(resid_pre, device=self.model.wte.weight.device)[None]
        block.attn(block.ln_1(x))
        return self._take({})[name]

    def _take(self, more: dict[str, torch.Tensor]) -> dict[str, Array]:
        kept, self._kept = self._kept | more, {}
        return {name: _to_numpy(name, tensor) for name, tensor in kept.items()}


def _always(name: str) -> bool:  # noqa: ARG001
    return True


def _is_outline(name: str) -> bool:
    return not name.startswith("h.") or name.endswith("hook_resid_pre")


def _to_numpy(name: str, tensor: torch.Tensor) -> Array:
    """Hand the numbers on without the batch axis and, where they lie in memory, without a copy."""
    array = tensor.detach().float().cpu().numpy()
    if name != "hook_pos_embed":  # one row a position, the same for every text of the batch
        array = array[0]
    if name.endswith(("hook_mean", "hook_var", "hook_std")):
        array = array[:, 0]
    return _read_only(array)


def _read_only(array: Array) -> Array:
    array.flags.writeable = False
    return array


class _Pool:
    """Keep the views of one model that nobody uses at the moment."""

    def __init__(self) -> None:
        self._free: list[_View] = []
        self._lock = threading.Lock()

    def take(self, model: GPT) -> _View:
        with self._lock:
            if self._free:
                return self._free.pop()
        return _View(model)

    def give_back(self, view: _View) -> None:
        with self._lock:
            self._free.append(view)


_pools: WeakKeyDictionary[GPT, _Pool] = WeakKeyDictionary()
_pools_lock = threading.Lock()


@contextmanager
def _view(model: GPT, silenced: Silenced | None) -> Iterator[_View]:
    """Lend a view for one pass, with one part of it silenced."""
    with _pools_lock:
        pool = _pools.setdefault(model, _Pool())
    view = pool.take(model)
    # A view that an error left in doubt is not given back.
    with _silence(view.model, silenced):
        yield view
    pool.give_back(view)


@contextmanager
def _silence(model: GPT, silenced: Silenced | None) -> Iterator[None]:
    if silenced is None:
        yield
    elif silenced.kind == "mask":
        yield from _without_mask(model)
    else:
        tap, axis = _silenced_tap(model, silenced)
        handle = tap.register_forward_hook(_zeroing(axis, silenced.index), prepend=True)
        try:
            yield
        finally:
            handle.remove()


def _without_mask(model: GPT) -> Iterator[None]:
    before = [block.attn.is_causal for block in model.blocks]
    for block in model.blocks:
        block.attn.is_causal = False
    try:
        yield
    finally:
        for block, is_causal in zip(model.blocks, before, strict=True):
            block.attn.is_causal = is_causal


def _silenced_tap(model: GPT, silenced: Silenced) -> tuple[nn.Module, int | None]:
    """Return the tap and the axis along which `index` is zeroed; no axis: all of it.

    Raises:
        ValueError: The model has no such block, head or neuron.
    """
    if silenced.kind == "positions":
        return model.hook_pos_embed, None
    config = model.config
    if not 0 <= silenced.block < config.n_layer:
        raise ValueError(f"block={silenced.block} is not one of {config.n_layer} blocks")
    block = model.blocks[silenced.block]
    if silenced.kind == "attention":
        return block.hook_attn_out, None
    if silenced.kind == "mlp":
        return block.hook_mlp_out, None
    count = config.n_head if silenced.kind == "head" else config.d_mlp
    if not 0 <= silenced.index < count:
        raise ValueError(f"index={silenced.index} is not one of {count} {silenced.kind}s")
    return (block.attn.hook_z, 1) if silenced.kind == "head" else (block.mlp.hook_post, 2)


def _zeroing(
    axis: int | None, index: int
) -> Callable[[nn.Module, object, torch.Tensor], torch.Tensor]:
    def zero(module: nn.Module, inputs: object, output: torch.Tensor) -> torch.Tensor:  # noqa: ARG001
        if axis is None:
            return torch.zeros_like(output)
        changed = output.clone()
        changed.select(axis, index).zero_()
        return changed

    return zero
