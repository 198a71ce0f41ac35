"""`python -m model train`: the trainer on the command line, with progress, saves and resume."""

import argparse
import math
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from model.config import GPTConfig
from model.options import amount, whole
from model.training.stats import StepStats, TrainConfig

if TYPE_CHECKING:
    from model.gpt import GPT
    from model.training.data import Batches, Ids, MaskedBatches
    from model.training.engine import Spread, Trainer

Say = Callable[[str], None]
ZERO_OR_MORE = amount(is_zero_allowed=True)
Exams = list[tuple[str, "Ids"]]

EXAMPLE = """\
example, from nothing to a small story teller in a quarter of an hour:

  python -m model train --data stories.txt:3 --data books.txt.xz --out runs/stories --minutes 15

The same command again goes on where the last one was stopped or killed. A text is UTF-8 (`.xz` is
unpacked); a line <|endoftext|> ends a document. What is saved under --out: `state/` to go on from,
`model/` in Hugging Face's GPT-2 layout, `tokens/` the texts as ids.
"""


def add_train_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `train`."""
    parser.epilog = EXAMPLE
    texts = parser.add_argument_group("texts and places")
    texts.add_argument(
        "--data",
        action="append",
        required=True,
        metavar="FILE[:WEIGHT]",
        help="a text to learn from, and how often against the others (1); can be given many times",
    )
    texts.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="where to save")
    texts.add_argument(
        "--held-back",
        action="append",
        type=Path,
        default=[],
        metavar="FILE",
        help="a text to be scored on now and then, never learnt from; can be given many times",
    )
    texts.add_argument(
        "--from",
        type=Path,
        dest="start",
        metavar="FOLDER",
        help="weights to start from, as `model/`; a GPT's for either objective",
    )
    texts.add_argument(
        "--objective",
        choices=["next", "masked"],
        default="next",
        help="learn every next token, as GPT, or hidden ones from both sides, as BERT (next)",
    )
    sizes = parser.add_argument_group("sizes of a new model (the embedded model's where not given)")
    for name, size, meaning in (
        ("--blocks", 6, "blocks, one after the other"),
        ("--heads", 8, "attention heads in a block"),
        ("--width", 256, "numbers in a token's vector"),
        ("--context", 256, "tokens read at once"),
        ("--vocabulary", 8192, "tokens known: 257 (bytes) to 50257"),
    ):
        sizes.add_argument(name, type=int, default=size, metavar="N", help=f"{meaning} ({size})")
    sizes.add_argument("--dropout", type=float, default=0.0, metavar="X", help="0 to below 1 (0)")
    _add_recipe(parser.add_argument_group("recipe"))
    machine = parser.add_argument_group("machine")
    machine.add_argument("--threads", type=whole(1), metavar="N", help="CPU threads (all cores)")
    machine.add_argument("--device", help="cpu or cuda (cuda where there is one)")
    machine.add_argument(
        "--precision",
        choices=["auto", "float32", "bfloat16"],
        default="auto",
        help="of the matrix products (whichever is faster here)",
    )
    machine.add_argument(
        "--save-every", type=ZERO_OR_MORE, default=5.0, metavar="MINUTES", help="between saves (5)"
    )
    machine.add_argument(
        "--keep", action="store_true", help="keep the model of every save, in OUT/models"
    )
    machine.add_argument(
        "--say-every", type=ZERO_OR_MORE, default=10.0, metavar="SECONDS", help="between lines (10)"
    )


def _add_recipe(recipe: Any) -> None:  # argparse has no public name for a group
    minutes = amount(is_zero_allowed=False)
    recipe.add_argument("--minutes", type=minutes, metavar="M", help="train for so long")
    recipe.add_argument("--steps", type=whole(1), metavar="N", help="or for so many steps (1000)")
    default = TrainConfig()
    for name, meaning in (
        ("batch_size", "texts in a step"),
        ("part_size", "texts worked on at once, by one thread each; 0: all by all threads"),
        ("learning_rate", "peak, AdamW"),
        ("muon_learning_rate", "peak for hidden matrices under Muon"),
        ("weight_decay", "pull of the matrices towards zero"),
        ("warmup_steps", "steps up to the peak"),
        ("decay_share", "last part of the run in which wsd decays"),
        ("final_share", "part of the peak left at the end"),
        ("clip_norm", "cut the gradient to this length; 0: never"),
        ("start_share", "part of the texts that begin at a paragraph, after <|endoftext|>"),
        ("seed", "of every random draw"),
    ):
        value = getattr(default, name)
        option = "--" + name.replace("_", "-")
        recipe.add_argument(
            option, type=type(value), metavar="X", help=f"{meaning} ({value})", default=None
        )
    recipe.add_argument("--optimizer", choices=["muon", "adamw"], help="(muon)")
    recipe.add_argument("--schedule", choices=["wsd", "cosine", "constant"], help="(wsd)")


def add_evaluate_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `evaluate`."""
    parser.description = (
        "Each text is cut into tokens, document by document, each after <|endoftext|>, and these "
        "into windows that share no context. In a window every token but the first is predicted; "
        "bits a byte = nats a token · tokens / (bytes · ln 2)."
    )
    parser.add_argument("model", type=Path, metavar="FOLDER", help="in Hugging Face's GPT-2 layout")
    parser.add_argument("texts", type=Path, nargs="+", metavar="FILE", help="UTF-8, or .xz of it")
    parser.add_argument(
        "--length", type=whole(2), default=256, metavar="N", help="of a window (256)"
    )
    parser.add_argument(
        "--windows", type=whole(1), metavar="N", help="only the first so many (all)"
    )
    parser.add_argument(
        "--start", action="store_true", help="read <|endoftext|> first and predict the first token"
    )


def evaluate(options: argparse.Namespace, *, say: Say) -> int:
    """Print how well a model predicts each text; return the exit code."""
    from model.checkpoints import load_checkpoint
    from model.training import data
    from model.training.evaluation import score

    model = load_checkpoint(options.model)
    for path in options.texts:
        ids = data.encode_documents(data.read_text(path), model.config.vocab_size)
        found = score(
            model,
            ids,
            length=options.length,
            n_window=options.windows,
            starts_with_token=options.start,
        )
        say(
            f"{path.name}: {found.loss:.4f} nats a token, {found.bits_per_byte:.4f} bits a byte "
            f"({found.n_token:,} tokens, {found.n_byte:,} bytes)"
        )
    return 0


def add_average_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `average`."""
    parser.description = (
        "Saves of one run at a rate that does not fall have a mean that predicts better than each "
        "of them. Keep them with `train --keep`."
    )
    parser.add_argument("models", type=Path, nargs="+", metavar="FOLDER", help="checkpoints")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="where to save")


def average(options: argparse.Namespace, *, say: Say) -> int:
    """Save the mean of several checkpoints as float16; return the exit code."""
    import torch

    from model.checkpoints import save_checkpoint
    from model.training import averaging

    save_checkpoint(averaging.average(options.models), options.out, dtype=torch.float16)
    say(f"Saved the mean of {len(options.models)} checkpoints in {options.out}.")
    return 0


def train(options: argparse.Namespace, *, say: Say) -> int:
    """Train until the steps or the minutes are over, or until Ctrl-C; return the exit code."""
    import torch

    n_thread = options.threads or torch.get_num_threads()
    # Threads that share one product wait for each other at each of its ends, which costs much on a
    # busy machine; threads with a part of the batch each wait once a step.
    torch.set_num_threads(1 if options.part_size else n_thread)
    with ThreadPoolExecutor(n_thread) as threads:
        trainer = _trainer(options, say, threads.map if options.part_size else map)
        say(
            f"{trainer.model.config.parameters.total:,} parameters, {trainer.tokens_per_step:,} "
            f"tokens a step, {trainer.config.precision}, {n_thread} threads"
        )
        with _stop_signals() as is_stopped:
            return _run(options, trainer, is_stopped, say)


def _run(
    options: argparse.Namespace, trainer: "Trainer", is_stopped: Callable[[], bool], say: Say
) -> int:
    begin = said = saved = time.monotonic()
    seconds = options.minutes * 60 if options.minutes else float("inf")
    recent: list[StepStats] = []
    exams = _exams(options, trainer)
    # A progress of its own for a run by the clock: a slow hour still ends with the whole decay.
    while not is_stopped() and (now := time.monotonic()) - begin < seconds:
        if not options.minutes and trainer.n_done >= trainer.config.n_steps:
            break
        progress = (now - begin) / seconds if options.minutes else None
        stats = trainer.step(progress)
        if not math.isfinite(stats.loss):
            say(f"Step {stats.step}: the loss is {stats.loss}; nothing saved. Lower the rate.")
            return 1
        recent.append(replace(stats, seconds=time.monotonic() - now))
        if now - said >= options.say_every:
            left = _seconds_left(options, trainer, recent, seconds - (now - begin))
            say(progress_line(recent, left))
            said, recent = now, []
        if now - saved >= options.save_every * 60:
            _save(options, trainer, exams, say)
            saved = now
    _save(options, trainer, exams, say)
    return 0


def _seconds_left(
    options: argparse.Namespace, trainer: "Trainer", recent: Sequence[StepStats], by_clock: float
) -> float:
    if options.minutes:
        return by_clock
    per_step = sum(stats.seconds for stats in recent) / len(recent)
    return (trainer.config.n_steps - trainer.n_done) * per_step


def progress_line(recent: Sequence[StepStats], seconds_left: float) -> str:
    """Say in one line what the last steps did.

    Args:
        recent: The steps since the last line, at least one.
        seconds_left: Until the end of the run.
    """
    last = recent[-1]
    seconds = sum(stats.seconds for stats in recent)
    per_step = last.tokens / last.step
    return (
        f"step {last.step:>6,}  loss {sum(stats.loss for stats in recent) / len(recent):.4f}  "
        f"rate {last.lr:.2e}  gradient {last.grad_norm:.2f}  "
        f"{len(recent) * per_step / max(seconds, 1e-9):,.0f} tokens/s  "
        f"{last.tokens / 1e6:.2f} M tokens  {seconds_left / 60:.1f} min left"
    )


def _save(options: argparse.Namespace, trainer: "Trainer", exams: "Exams", say: Say) -> None:
    import torch

    from model.checkpoints import save_checkpoint
    from model.training import resume

    resume.save(trainer, options.out / "state")
    save_checkpoint(trainer.model, options.out / "model", dtype=torch.float16)
    if options.keep:
        kept = options.out / "models" / f"step-{trainer.n_done:08d}"
        save_checkpoint(trainer.model, kept, dtype=torch.float16)
    length = min(256, trainer.model.config.block_size)
    for name, ids in exams:
        found = _exam(trainer, ids, length)
        say(f"step {trainer.n_done:>6,}  {name}: {found} (first 40 windows of {length})")


def _exam(trainer: "Trainer", ids: "Ids", length: int) -> str:
    from model.training.evaluation import score, score_masked
    from model.variants.masked import MaskedLM

    model, precision = trainer.model, trainer.config.precision
    if isinstance(model, MaskedLM):
        hidden = score_masked(model, ids, length=length, n_window=40, precision=precision)
        return f"{hidden.loss:.4f} nats a hidden token, {hidden.accuracy:.1%} right"
    found = score(model, ids, length=length, n_window=40, precision=precision)
    return f"{found.loss:.4f} nats a token, {found.bits_per_byte:.4f} bits a byte"


def _exams(options: argparse.Namespace, trainer: "Trainer") -> "Exams":
    from model.training import data

    vocab_size, folder = _text_vocab_size(trainer.model), options.out / "tokens"
    return [(path.name, data.prepare(path, vocab_size, folder)) for path in options.held_back]


def _trainer(options: argparse.Namespace, say: Say, spread: "Spread") -> "Trainer":
    """Build the trainer that the options ask for, where one was saved with its state."""
    from model.training import engine, fast_path, machine, resume
    from model.variants.masked import MaskedLM

    device = machine.named_device(options.device) if options.device else machine.best_device()
    saved = resume.latest(options.out / "state")
    start = _start(options) if options.start and not saved else None
    sizes = start.config if start else _sizes(options)
    sizes, recipe = resume.read_configs(saved) if saved else (sizes, TrainConfig())
    recipe = _recipe(options, recipe)
    if options.precision == "auto":
        recipe = replace(recipe, precision=machine.faster_precision(device, time.perf_counter))
    model = (start or _fresh(options, sizes, recipe.seed)).to(device)
    is_masked = isinstance(model, MaskedLM)
    trainer = engine.Trainer(
        model,
        recipe,
        _batches(options, model, recipe, say),
        objective=fast_path.masked_loss if is_masked else fast_path.next_token_loss,
        spread=spread,
    )
    if saved:
        resume.restore(trainer, saved)
        say(f"Going on from step {trainer.n_done:,}.")
    return trainer


def _fresh(options: argparse.Namespace, sizes: GPTConfig, seed: int) -> "GPT":
    """Return a model with fresh weights."""
    import torch

    try:
        return _kind(options)(sizes).initialize(torch.Generator().manual_seed(seed))
    except RuntimeError as error:
        raise ValueError(
            f"a model of {sizes.parameters.total:,} parameters could not be made ({error}): "
            "ask for smaller sizes"
        ) from None


def _kind(options: argparse.Namespace) -> "type[GPT]":
    from model.gpt import GPT
    from model.variants.masked import MaskedLM

    return MaskedLM if options.objective == "masked" else GPT


def _start(options: argparse.Namespace) -> "GPT":
    """Load the weights to start from: for hidden tokens, those of a GPT do as well."""
    from model.checkpoints import load_checkpoint, load_masked, read_model_type
    from model.variants.masked import MaskedLM

    if options.objective == "next":
        return load_checkpoint(options.start)
    if read_model_type(options.start) == "gpt2":
        return MaskedLM.from_gpt(load_checkpoint(options.start))
    return load_masked(options.start)


def _text_vocab_size(model: "GPT") -> int:
    """Return the size of the vocabulary that texts are cut with: [MASK] is not in it."""
    from model.variants.masked import MaskedLM

    return model.tokenizer.vocab_size if isinstance(model, MaskedLM) else model.config.vocab_size


def _sizes(options: argparse.Namespace) -> GPTConfig:
    return GPTConfig(
        vocab_size=options.vocabulary + (options.objective == "masked"),
        block_size=options.context,
        n_layer=options.blocks,
        n_head=options.heads,
        d_model=options.width,
        dropout=options.dropout,
    )


def _recipe(options: argparse.Namespace, recipe: TrainConfig) -> TrainConfig:
    """Return a recipe with what the options say put in its place."""
    given = {
        field.name: value
        for field in fields(TrainConfig)
        if (value := getattr(options, field.name, None)) not in (None, "auto")
    }
    if options.steps:
        given["n_steps"] = options.steps
    return replace(recipe, **given)


def _batches(
    options: argparse.Namespace, model: "GPT", recipe: TrainConfig, say: Say
) -> "Batches | MaskedBatches":
    from model.training import data
    from model.variants.masked import MaskedLM

    vocab_size = _text_vocab_size(model)
    sources = []
    for spec in options.data:
        path, weight = data_spec(spec)
        ids = data.prepare(path, vocab_size, options.out / "tokens")
        say(f"{path.name}: {len(ids):,} tokens, weight {weight:g}")
        sources.append(data.Source(ids, weight))
    batches = data.Batches(
        sources,
        batch_size=recipe.batch_size,
        block_size=model.config.block_size,
        vocab_size=vocab_size,
        seed=recipe.seed,
        start_share=recipe.start_share,
    )
    if isinstance(model, MaskedLM):
        return data.MaskedBatches(batches, mask_id=model.mask_id, seed=recipe.seed)
    return batches


def data_spec(spec: str) -> tuple[Path, float]:
    """Split FILE[:WEIGHT]; a weight that is not given is 1."""
    name, colon, weight = spec.rpartition(":")
    try:
        return (Path(name), float(weight)) if colon else (Path(spec), 1.0)
    except ValueError:
        return Path(spec), 1.0


@contextmanager
def _stop_signals() -> Iterator[Callable[[], bool]]:
    """Turn Ctrl-C and a polite kill into "stop after this step and save"."""
    asked: list[int] = []
    kinds = (signal.SIGINT, signal.SIGTERM)
    before = {kind: signal.signal(kind, lambda *_: asked.append(1)) for kind in kinds}
    try:
        yield lambda: bool(asked)
    finally:
        for kind, handler in before.items():
            signal.signal(kind, handler)
