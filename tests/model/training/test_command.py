"""The command line: a run from nothing, one that is killed, and words for what goes wrong."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from transformers import GPT2LMHeadModel

from model.__main__ import main
from model.checkpoints import load_masked
from model.training import resume
from model.training.command import data_spec

TINY = [
    "--blocks",
    "1",
    "--heads",
    "2",
    "--width",
    "16",
    "--context",
    "16",
    "--vocabulary",
    "257",
    "--batch-size",
    "4",
]


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "text.txt"
    path.write_text("the cat sat on the mat.\n" * 100)
    return path


def arguments(text: Path, out: Path, *more: str) -> list[str]:
    return ["train", "--data", f"{text}:2", "--out", str(out), "--threads", "1", *TINY, *more]


def test_a_run_leaves_a_model_that_transformers_opens(text, tmp_path, capsys):
    out = tmp_path / "out"
    assert main(arguments(text, out, "--steps", "5", "--held-back", str(text))) == 0
    said = capsys.readouterr().out
    assert "text.txt: 2,400 tokens, weight 2" in said
    assert "bits a byte" in said
    theirs = GPT2LMHeadModel.from_pretrained(out / "model")
    assert theirs.config.n_layer == 1
    assert main(["evaluate", str(out / "model"), str(text), "--length", "16"]) == 0
    assert "text.txt: 5." in capsys.readouterr().out


def test_kept_saves_can_be_averaged(text, tmp_path):
    out, mean = tmp_path / "out", tmp_path / "mean"
    assert main(arguments(text, out, "--steps", "6", "--save-every", "0", "--keep")) == 0
    kept = sorted((out / "models").iterdir())
    assert len(kept) > 2
    assert main(["average", *map(str, kept), "--out", str(mean)]) == 0
    assert GPT2LMHeadModel.from_pretrained(mean).config.n_layer == 1


def test_a_run_can_start_from_weights_and_go_by_the_clock(text, tmp_path, capsys):
    first, second = tmp_path / "first", tmp_path / "second"
    assert main(arguments(text, first, "--steps", "30", "--learning-rate", "0.02")) == 0
    start = ["--from", str(first / "model"), "--minutes", "0.01", "--say-every", "0"]
    assert main(arguments(text, second, *start)) == 0
    said = capsys.readouterr().out.splitlines()
    losses = [float(line.split("loss")[1].split()[0]) for line in said if line.startswith("step")]
    assert losses[0] < 4.5  # from nothing it would be ln 257 = 5.55
    assert "0.0 min left" in said[-1]


def test_a_gpt_learns_to_find_hidden_tokens_and_goes_on(text, tmp_path, capsys):
    gpt, out = tmp_path / "gpt", tmp_path / "masked"
    assert main(arguments(text, gpt, "--steps", "2")) == 0
    start = ["--from", str(gpt / "model"), "--objective", "masked", "--held-back", str(text)]
    assert main(arguments(text, out, *start, "--steps", "4")) == 0
    assert "nats a hidden token" in capsys.readouterr().out
    model = load_masked(out / "model")
    assert model.config.vocab_size == 258
    assert model.mask_id == 257
    assert main(arguments(text, out, *start, "--steps", "6")) == 0
    assert "Going on from step 4." in capsys.readouterr().out
    capsys.readouterr()
    assert main(arguments(text, out, "--steps", "8")) == 2
    assert "hides tokens" in capsys.readouterr().err
    again = ["--from", str(out / "model"), "--objective", "masked"]
    assert main(arguments(text, tmp_path / "more", *again, "--steps", "1")) == 0


def test_the_same_command_goes_on_where_it_ended(text, tmp_path, capsys):
    straight, halves = tmp_path / "straight", tmp_path / "halves"
    fixed = ["--precision", "float32", "--warmup-steps", "2", "--schedule", "constant"]
    assert main(arguments(text, straight, "--steps", "8", *fixed)) == 0
    for steps in ("4", "8"):
        assert main(arguments(text, halves, "--steps", steps, *fixed)) == 0
    assert "Going on from step 4." in capsys.readouterr().out
    saved = [
        (resume.latest(out / "state") or out) / "model.safetensors" for out in (straight, halves)
    ]
    assert saved[0].read_bytes() == saved[1].read_bytes()


@pytest.mark.slow
def test_a_killed_run_goes_on_from_its_last_save_bit_for_bit(text, tmp_path):
    out = tmp_path / "out"
    fixed = ["--precision", "float32", "--schedule", "constant", "--save-every", "0.005"]
    command = [sys.executable, "-m", "model", *arguments(text, out, "--steps", "100000", *fixed)]
    process = subprocess.Popen(command, cwd=Path(__file__).parents[3], stdout=subprocess.DEVNULL)
    try:
        end = time.monotonic() + 60
        while (saved := resume.latest(out / "state")) is None or not saved.name > "step-00000005":
            assert time.monotonic() < end
            time.sleep(0.02)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    saved = resume.latest(out / "state")
    assert saved is not None
    n_saved = int(saved.name.removeprefix("step-"))
    total = str(n_saved + 7)
    assert main(arguments(text, out, "--steps", total, *fixed)) == 0
    straight = tmp_path / "straight"
    assert main(arguments(text, straight, "--steps", total, *fixed)) == 0
    files = [(resume.latest(place / "state") or place) for place in (out, straight)]
    for name in ("model.safetensors", "optimizers.safetensors"):
        assert (files[0] / name).read_bytes() == (files[1] / name).read_bytes()


def test_a_loss_that_is_no_number_ends_in_a_sentence(text, tmp_path, capsys):
    wild = ["--steps", "50", "--learning-rate", "1e30", "--clip-norm", "0"]
    assert main(arguments(text, tmp_path / "out", *wild)) == 1
    assert "Lower the rate" in capsys.readouterr().out


def test_a_missing_file_is_named(tmp_path, capsys):
    assert main(arguments(tmp_path / "nowhere.txt", tmp_path / "out")) == 2
    assert "nowhere.txt" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (["--threads", "0"], "--threads: '0' is not a whole number of at least 1"),
        (["--minutes", "-3"], "--minutes: '-3' is not a number above 0"),
        (["--steps", "0"], "--steps: '0' is not"),
        (["--save-every", "nan"], "--save-every: 'nan' is not a number of at least 0"),
        (["--seed", "9" * 30], "seed="),
        (["--device", "mars"], "device='mars' is neither cpu nor cuda"),
        (["--device", "meta"], "neither cpu nor cuda"),
        (["--device", "cuda:99"], "no such graphics card"),
        (["--width", "99999998"], "ask for smaller sizes"),
        (["--vocabulary", "100"], "257"),
    ],
)
def test_an_option_that_cannot_be_is_named(text, tmp_path, capsys, more, sentence):
    try:
        code = main(arguments(text, tmp_path / "out", *more))
    except SystemExit as stopped:  # argparse's own way
        code = stopped.code
    assert code == 2
    assert sentence in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("odd.txt", b"a\xff", "is no UTF-8 text at byte 1: save it as UTF-8"),
        ("odd.txt.xz", b"no archive", "cannot be unpacked"),
    ],
)
def test_a_text_that_cannot_be_read_is_named(tmp_path, capsys, name, content, sentence):
    path = tmp_path / name
    path.write_bytes(content)
    assert main(arguments(path, tmp_path / "out", "--steps", "1")) == 2
    said = capsys.readouterr().err
    assert name in said
    assert sentence in said


def test_a_weight_without_end_is_refused(text, tmp_path, capsys):
    endless = ["train", "--data", f"{text}:inf", "--out", str(tmp_path / "out"), *TINY]
    assert main(endless) == 2
    assert "weight=inf is not a number above 0" in capsys.readouterr().err


def test_a_weight_stands_after_the_last_colon():
    assert data_spec("a.txt") == (Path("a.txt"), 1.0)
    assert data_spec("C:/a.txt:2.5") == (Path("C:/a.txt"), 2.5)
    assert data_spec("C:/a.txt") == (Path("C:/a.txt"), 1.0)


@pytest.mark.parametrize("subcommand", [[], ["train"], ["evaluate"]])
def test_help_needs_no_torch(subcommand):
    code = (
        "import sys\nfrom model.__main__ import main\n"
        f"try:\n    main({[*subcommand, '--help']})\nexcept SystemExit:\n    pass\n"
        "assert 'torch' not in sys.modules"
    )
    root = Path(__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, cwd=root)
    assert b"usage: python -m model" in done.stdout
