"""The command line: `python -m model train`, and what else works without a screen.

One function a subcommand: it declares its options and returns what to run. Torch is imported only
when a subcommand runs, so that `--help` is quick.
"""

import argparse
import io
import os
import sys
from collections.abc import Callable

Run = Callable[[argparse.Namespace], int]

# As a shell tells of a program that was ended by SIGPIPE, 13.
_PIPE_CLOSED = 128 + 13


def train_options(parser: argparse.ArgumentParser) -> Run:
    """Declare `train`."""
    from model.training import command

    command.add_train_options(parser)
    return lambda options: command.train(options, say=_say)


def evaluate_options(parser: argparse.ArgumentParser) -> Run:
    """Declare `evaluate`."""
    from model.training import command

    command.add_evaluate_options(parser)
    return lambda options: command.evaluate(options, say=_say)


def average_options(parser: argparse.ArgumentParser) -> Run:
    """Declare `average`."""
    from model.training import command

    command.add_average_options(parser)
    return lambda options: command.average(options, say=_say)


def sample_options(parser: argparse.ArgumentParser) -> Run:
    """Declare `sample`."""
    from model import command

    command.add_sample_options(parser)
    return lambda options: command.sample(options, write=_write)


def trace_options(parser: argparse.ArgumentParser) -> Run:
    """Declare `trace`."""
    from model import command

    command.add_trace_options(parser)
    return lambda options: command.trace(options, say=_say)


def fetch_options(parser: argparse.ArgumentParser) -> Run:
    """Declare `fetch`."""
    from model import command

    command.add_fetch_options(parser)
    return lambda options: command.fetch(options, say=_say)


SUBCOMMANDS: dict[str, tuple[str, Callable[[argparse.ArgumentParser], Run]]] = {
    "sample": ("let a GPT go on with a text", sample_options),
    "trace": ("print one pass of a GPT: vectors, attention, next tokens", trace_options),
    "fetch": ("download a GPT-2 from Hugging Face's hub", fetch_options),
    "train": ("train a GPT on texts of your own", train_options),
    "average": ("take the mean of several checkpoints of one run", average_options),
    "evaluate": ("measure how well a GPT predicts a text", evaluate_options),
}


def main(arguments: list[str] | None = None) -> int:
    """Run one subcommand; return the exit code."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # Labels hold signs that a Windows pipe's own encoding has not.
        sys.stdout.reconfigure(encoding="utf-8", errors="replace")
    # Large arrays then lie on large pages: 10 % less time a step on Linux, nothing elsewhere.
    os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
    parser = argparse.ArgumentParser(
        prog="python -m model", description="Train a small GPT, and look into one."
    )
    subparsers = parser.add_subparsers(dest="subcommand", required=True, metavar="SUBCOMMAND")
    runs = {}
    for name, (summary, declare) in SUBCOMMANDS.items():
        subparser = subparsers.add_parser(
            name, help=summary, formatter_class=argparse.RawDescriptionHelpFormatter
        )
        runs[name] = declare(subparser)
    options = parser.parse_args(arguments)
    try:
        return runs[options.subcommand](options)
    except BrokenPipeError:
        # Whoever reads has enough, as `head` does after ten lines; Python's own last flush would
        # stumble over it once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _PIPE_CLOSED
    except (ValueError, OSError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
        return 2


def _say(sentence: str) -> None:
    print(sentence, flush=True)


def _write(text: str) -> None:
    print(text, end="", flush=True)


if __name__ == "__main__":
    sys.exit(main())
