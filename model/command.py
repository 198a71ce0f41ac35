"""`python -m model sample | trace | fetch`: what the pages show, for those without a browser."""

import argparse
import codecs
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from model.catalog import EMBEDDED, EMBEDDED_FOLDER, known_models
from model.options import whole
from model.tokenizer import Tokenizer, Tokens, start_token, tokenizer

if TYPE_CHECKING:
    from model.gpt import GPT
    from model.trace import Trace

Say = Callable[[str], None]


def add_sample_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `sample`."""
    _add_text_options(parser)
    parser.add_argument(
        "--tokens", type=whole(0), default=100, metavar="N", help="write at most so many (100)"
    )
    for name, default, meaning in (
        ("--temperature", 1.0, "below 1 prefers what is likely; 0 takes the likeliest"),
        ("--top-p", 1.0, "keep the fewest tokens that hold so much of the probability"),
        ("--min-p", 0.0, "keep tokens with so much of the best one's probability"),
    ):
        parser.add_argument(
            name, type=float, default=default, metavar="X", help=f"{meaning} ({default})"
        )
    parser.add_argument(
        "--top-k", type=int, default=0, metavar="N", help="keep the likeliest N; 0: all (0)"
    )
    parser.add_argument(
        "--seed", type=whole(0), default=1, metavar="N", help="the same seed, the same text (1)"
    )


def sample(options: argparse.Namespace, *, write: Say) -> int:
    """Write the text and what the model adds to it, token by token; return the exit code."""
    from model.generation import generate
    from model.sampling import SamplingSettings, random_numbers

    settings = SamplingSettings(options.temperature, options.top_k, options.top_p, options.min_p)
    model, cutter, tokens = _model_and_tokens(options)
    numbers = random_numbers(options.seed, len(tokens))
    steps = generate(model, tokens.ids, settings, numbers, max_new_tokens=options.tokens)
    drawn = (cutter.piece(step.id) for step in steps)
    try:
        _write_pieces([*tokens.pieces], drawn, write)
    except KeyboardInterrupt:
        write("\n")
        return 130
    return 0


def add_trace_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `trace`."""
    _add_text_options(parser)
    parser.add_argument(
        "--block", type=int, default=1, metavar="N", help="whose attention, from 1 (1)"
    )
    parser.add_argument("--head", type=int, default=1, metavar="N", help="which head, from 1 (1)")
    parser.add_argument(
        "--top", type=whole(1), default=5, metavar="N", help="next tokens to list (5)"
    )
    parser.add_argument(
        "--npz", type=Path, metavar="FILE", help="save every number of the pass for numpy"
    )
    parser.add_argument(
        "--json", type=Path, metavar="FILE", help="save every number of the pass as JSON"
    )


def trace(options: argparse.Namespace, *, say: Say) -> int:
    """Print what one pass did, and save its numbers if asked; return the exit code."""
    from model.hooks import record
    from model.report import report

    model, cutter, tokens = _model_and_tokens(options)
    found = record(model, tokens)
    block, head = options.block - 1, options.head - 1
    lines = [report(found, cutter, block=block, head=head, n_top=options.top)]
    # Before anything is said: a file that cannot be written then stands alone on the screen.
    if options.npz:
        _save_npz(found, options.npz)
        lines.append(f"\nSaved every number in {options.npz}.")
    if options.json:
        _save_json(found, cutter, options.json)
        lines.append(f"\nSaved every number in {options.json}.")
    say("\n".join(lines))
    return 0


def add_fetch_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `fetch`."""
    known = [model for model in known_models().values() if model.repo_id]
    parser.description = "Known by a short name: " + ", ".join(
        f"{model.id} ({model.megabytes:,} MB)" for model in known
    )
    parser.add_argument("model", metavar="MODEL", help="a short name, or owner/name on the hub")


def fetch(options: argparse.Namespace, *, say: Say) -> int:
    """Download a model and check that it fits what runs here; return the exit code."""
    from model import hub
    from model.checkpoints import check_checkpoint

    if options.model == EMBEDDED:
        raise ValueError("the embedded model comes with the program: nothing to fetch")
    known = known_models().get(options.model)
    folder = hub.fetch((known.repo_id if known else None) or options.model)
    config = check_checkpoint(folder)
    say(f"{config.parameters.total:,} parameters, in {folder}")
    return 0


def _add_text_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("text", nargs="?", default="", help="what the model reads")
    parser.add_argument(
        "--model",
        default=EMBEDDED,
        metavar="MODEL",
        help=f"{', '.join(known_models())}, a fetched owner/name, or a folder ({EMBEDDED})",
    )
    parser.add_argument(
        "--start",
        action=argparse.BooleanOptionalAction,
        help="read <|endoftext|> first (yes, but for models of the hub)",
    )


def _model_and_tokens(options: argparse.Namespace) -> tuple["GPT", Tokenizer, Tokens]:
    from model.checkpoints import load_checkpoint

    folder, has_start = _find(options.model)
    model = load_checkpoint(folder)
    config = model.config
    cutter = tokenizer(config.vocab_size)
    if options.start is not None:
        has_start = options.start
    start = start_token(config.vocab_size) if has_start else Tokens((), ())
    read = cutter.encode(options.text).last(config.block_size - len(start))
    tokens = Tokens(start.ids + read.ids, start.pieces + read.pieces)
    if not len(tokens):
        raise ValueError("there is nothing to read: give a text, or --start")
    return model, cutter, tokens


def _find(name: str) -> tuple[Path, bool]:
    """Return a model's folder, and whether it learnt texts that begin after `<|endoftext|>`."""
    from model.hub import fetched_folder

    if name == EMBEDDED:
        return EMBEDDED_FOLDER, True
    known = known_models().get(name)
    if known is None and Path(name).is_dir():
        return Path(name), True
    folder = fetched_folder((known.repo_id if known else None) or name)
    if folder is None:
        raise ValueError(
            f"{name} is no folder and was not fetched yet: `python -m model fetch {name}`"
        )
    return folder, False


def _write_pieces(read: Iterable[bytes], drawn: Iterable[bytes], write: Say) -> None:
    """Write bytes as text as soon as they are whole characters."""
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    write(decoder.decode(b"".join(read)))
    for piece in drawn:
        write(decoder.decode(piece))
    write(decoder.decode(b"", final=True) + "\n")


def _save_npz(found: "Trace", path: Path) -> None:
    import numpy as np

    from model.report import named_arrays

    # A dictionary of names is typed as if it held numpy's own options.
    arrays: dict[str, Any] = dict(named_arrays(found))
    # An open file keeps the name it was given; a path would have `.npz` put at its end.
    with path.open("wb") as file:
        np.savez_compressed(file, **arrays)


def _save_json(found: "Trace", cutter: Tokenizer, path: Path) -> None:
    from dataclasses import asdict

    from model.report import named_arrays

    entries = {
        "config": asdict(found.config),
        "tokens": [cutter.label(token_id) for token_id in found.tokens.ids],
        **{name: array.tolist() for name, array in named_arrays(found)},
    }
    path.write_text(json.dumps(entries, ensure_ascii=False), encoding="utf-8")
