"""`python -m model sample | trace | fetch`, run as a visitor runs them."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from model.__main__ import main
from model.catalog import EMBEDDED_FOLDER
from model.checkpoints import load_checkpoint, save_checkpoint
from model.command import _write_pieces
from model.config import GPTConfig
from model.generation import generate
from model.gpt import GPT
from model.hooks import record
from model.report import WHOLE_MAP_TOKENS, named_arrays, report
from model.sampling import SamplingSettings, random_numbers, softmax
from model.tokenizer import tokenizer

ROOT = Path(__file__).parents[2]
CONFIG = GPTConfig(vocab_size=300, block_size=32, n_layer=2, n_head=2, d_model=16)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("model")
    save_checkpoint(GPT(CONFIG).initialize(torch.Generator().manual_seed(0)), path)
    return path


def said(capsys, *arguments: str) -> str:
    assert main(list(arguments)) == 0
    return capsys.readouterr().out


def refused(capsys, *arguments: str) -> str:
    """Return what is complained of, where nothing else was said."""
    try:
        code = main(list(arguments))
    except SystemExit as stopped:  # argparse's own way
        code = stopped.code
    printed = capsys.readouterr()
    assert code == 2
    assert printed.out == ""
    return printed.err


def test_sample_writes_what_generate_draws(capsys):
    text = "Once upon a time"
    settings = ["--temperature", "0.7", "--top-k", "40", "--top-p", "0.9", "--min-p", "0.01"]
    found = said(capsys, "sample", text, "--tokens", "12", "--seed", "5", *settings)
    cutter = tokenizer(8192)
    ids = (8191, *cutter.encode(text).ids)
    steps = generate(
        load_checkpoint(EMBEDDED_FOLDER),
        ids,
        SamplingSettings(0.7, 40, 0.9, 0.01),
        random_numbers(5, len(ids)),
        max_new_tokens=12,
    )
    assert found == cutter.decode([*ids, *(step.id for step in steps)]) + "\n"
    assert found.startswith(text)


def test_sample_can_go_on_with_nothing_but_the_start_token(capsys, folder):
    assert len(said(capsys, "sample", "--model", str(folder), "--tokens", "5")) > 1


def test_sample_ends_with_the_context(capsys, folder):
    # 31 bytes after the start token fill 32 places.
    assert said(capsys, "sample", "x" * 31, "--model", str(folder)) == "x" * 31 + "\n"
    # A longer text keeps its end.
    text = "y" * 40 + "z" * 31
    assert said(capsys, "sample", text, "--model", str(folder)) == "z" * 31 + "\n"


def test_characters_are_written_when_their_last_byte_is_there():
    written = []
    pieces = [b"a\xf0\x9f", b"\x98", b"\x80b", b"\xff", b"\xc3"]
    _write_pieces([b"> "], pieces, written.append)
    assert written == ["> ", "a", "", "😀b", "�", "", "�\n"]


def test_trace_prints_the_numbers_of_the_pass(capsys):
    found = said(capsys, "trace", "The cat sat", "--block", "3", "--head", "2", "--top", "4")
    model, cutter = load_checkpoint(EMBEDDED_FOLDER), tokenizer(8192)
    tokens = cutter.tokens([8191, *cutter.encode("The cat sat").ids])
    trace = record(model, tokens)
    assert found == report(trace, cutter, block=2, head=1, n_top=4) + "\n"
    lines = found.split("\n")
    row = next(line for line in lines if "3797" in line)
    lengths = [np.linalg.norm(block.resid_pre[2]) for block in trace.blocks]
    lengths.append(np.linalg.norm(trace.blocks[-1].resid_post[2]))
    assert row.split() == ["2", "3797", "␣cat", *(f"{length:.2f}" for length in lengths)]
    weights = [line for line in lines if re.match(r"\s+2  ␣cat", line)]
    expected = [f"{weight:.3f}" for weight in trace.blocks[2].pattern[1, 2, :3]]
    assert weights[0].split()[2:] == expected
    probs = softmax(trace.logits[3])
    best = int(probs.argmax())
    top = next(line for line in lines if re.match(rf"\s+1\s+{best} ", line)).split()
    assert top[2:4] == [cutter.label(best), f"{probs[best]:.2%}"]


def test_a_long_text_lists_each_tokens_largest_weights(folder):
    model, cutter = load_checkpoint(folder), tokenizer(300)
    trace = record(model, cutter.encode("a" * (WHOLE_MAP_TOKENS + 1)))
    found = report(trace, cutter, block=0, head=0)
    last = trace.blocks[0].pattern[0, -1]
    assert f"{last.max():.3f} from {last.argmax()} a" in found
    assert max(map(len, found.split("\n"))) < 160


def test_saved_arrays_are_those_of_the_pass(capsys, folder, tmp_path):
    # A name without an ending stays as it is.
    npz, text = tmp_path / "numbers", tmp_path / "numbers.json"
    options = ("--model", str(folder), "--npz", str(npz), "--json", str(text))
    found = said(capsys, "trace", "The cat", *options)
    assert str(npz) in found
    assert str(text) in found
    cutter = tokenizer(300)
    tokens = cutter.tokens([299, *cutter.encode("The cat").ids])
    trace = record(load_checkpoint(folder), tokens)
    in_npz, in_json = dict(np.load(npz)), json.loads(text.read_text())
    names = [name for name, _ in named_arrays(trace)]
    assert list(in_npz) == names
    assert set(in_json) == {*names, "config", "tokens"}
    assert in_json["config"]["d_model"] == 16
    assert in_json["tokens"][:2] == ["<|endoftext|>", "T"]
    for name, array in named_arrays(trace):
        np.testing.assert_array_equal(in_npz[name], array)
        np.testing.assert_array_equal(np.array(in_json[name], dtype=array.dtype), array)
    block = trace.blocks[1]
    np.testing.assert_array_equal(in_npz["blocks.1.ln_2.normalized"], block.ln_2.normalized)
    np.testing.assert_array_equal(in_npz["logits"][-1], trace.logits[len(trace.tokens) - 1])


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["sample", "--no-start"], "there is nothing to read"),
        (["sample", "a", "--top-p", "2"], "top_p=2.0 is not in"),
        (["sample", "a", "--model", "no/such"], "`python -m model fetch no/such`"),
        (["trace", "a", "--model", "nowhere"], "is no folder and was not fetched"),
        (["trace", "a", "--block", "7"], "block=7 is not one of blocks 1 to 6"),
        (["trace", "a", "--head", "0"], "head=0 is not one of heads 1 to 8"),
        (["fetch", "embedded"], "comes with the program"),
        (["fetch", "a/b/c"], "owner/name"),
        (["sample", "a", "--tokens", "-3"], "--tokens: '-3' is not a whole number of at least 0"),
        (["sample", "a", "--seed", "-1"], "--seed: '-1' is not"),
        (["sample", "a", "--temperature", "nan"], "temperature=nan"),
        (["trace", "a", "--top", "0"], "--top: '0' is not a whole number of at least 1"),
        (["trace", "a", "--npz", "/no/such/folder/file"], "/no/such/folder/file"),
        (["evaluate", "nowhere", "nothing", "--length", "1"], "--length: '1' is not"),
        (["evaluate", "nowhere", "nothing", "--windows", "-1"], "--windows: '-1' is not"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(capsys, arguments, sentence):
    assert sentence in refused(capsys, *arguments)


def test_a_models_own_habit_of_starting_is_kept(capsys, monkeypatch, folder):
    monkeypatch.setattr("model.hub.fetched_folder", lambda repo_id: folder)
    # GPT-2 is run without the start token, so there is nothing to read where no text is given.
    assert "there is nothing to read" in refused(capsys, "sample", "--model", "gpt2")
    assert said(capsys, "sample", "--start", "--model", "gpt2", "--tokens", "0") == "\n"


def test_who_has_read_enough_may_close_the_pipe():
    command = [sys.executable, "-m", "model", "trace", "The cat sat on the mat", "--top", "8000"]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.read(5)
        running.stdout.close()
        assert running.stderr.read() == b""
    assert running.returncode == 141


def test_a_folder_that_holds_no_model_is_named(capsys, tmp_path):
    assert "holds no config.json" in refused(capsys, "sample", "a", "--model", str(tmp_path))


def test_fetch_says_where_the_model_is(capsys, monkeypatch, folder):
    asked = []

    def fetched(repo_id):
        asked.append(repo_id)
        return folder

    monkeypatch.setattr("model.hub.fetch", fetched)
    assert str(folder) in said(capsys, "fetch", "gpt2-medium")
    assert f"{CONFIG.parameters.total:,} parameters" in said(capsys, "fetch", "ann/small")
    assert asked == ["openai-community/gpt2-medium", "ann/small"]


def test_help_lists_every_subcommand(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    found = capsys.readouterr().out
    for name in ("sample", "trace", "fetch", "train"):
        assert f"    {name} " in found
