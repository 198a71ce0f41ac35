"""A model in one zip: what a visitor downloads here, and uploads again.

The zip holds a folder as Hugging Face's transformers opens it: `config.json`, `model.safetensors`
and the tokenizer. An upload may be anybody's file: two entries of it are read, each only up to a
bound, and written under names of ours; no name in it becomes a path, and no pickle is opened.
"""

import io
import json
import os
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import torch

from model.checkpoints import CheckpointError, load_checkpoint, read_config
from model.config import GPTConfig
from model.gpt import GPT
from model.hub import CONFIG_FILE, WEIGHTS_FILE
from model.tokenizer import END_OF_TEXT, hugging_face_vocabulary
from model.training.plan import MAX_ARCHIVE_BYTES, MAX_PARAMETERS, RunPlan
from model.training.stats import TrainConfig

# Weights in float32, and room for their names.
_MAX_BYTES = {CONFIG_FILE: 100_000, WEIGHTS_FILE: 4 * MAX_PARAMETERS + 1_000_000}
_MAX_ENTRIES = 100
# What begins each entry of a zip's directory (APPNOTE.TXT 6.3.10, §4.3.12).
_ENTRY = b"PK\x01\x02"
# Of a sentence that quotes what stands in a file.
_MAX_CHARACTERS = 300
_PICKLES = (".bin", ".pt", ".pth", ".pkl", ".ckpt")
_AGAIN = "Download it again, and upload it as it is."
_FOREIGN = f"The zip was not made here: it holds other files. {_AGAIN}"
_CUT_OFF = f"The zip is cut off or damaged. {_AGAIN}"
_NO_MODEL = (
    f"The zip holds no model: a {CONFIG_FILE} and a {WEIGHTS_FILE} are needed, as in what "
    "“Download the model” gives."
)


def pack(folder: Path) -> bytes:
    """Return a checkpoint's folder as a zip, with the files of its tokenizer.

    Its weights are stored as they are: they do not get smaller by packing.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in (CONFIG_FILE, WEIGHTS_FILE):
            archive.write(folder / name, name)
        for name, text in _tokenizer_files(read_config(folder)):
            archive.writestr(name, text, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def unpack(raw: bytes, folder: Path) -> GPTConfig:
    """Write the model of a zip into a new folder; return its sizes.

    Raises:
        CheckpointError: It is none, too large, or not one that is trained here; the sentence can
            be shown. The folder then holds nothing of use.
        OSError: The disk is full.
    """
    files = _files(raw)
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    try:
        config = read_config(folder)
        RunPlan(config, TrainConfig(batch_size=1))
        _check_pass(load_checkpoint(folder))
    except CheckpointError as error:
        sentence = str(error).replace(f"{folder}{os.sep}", "").replace(str(folder), "The zip")
        raise CheckpointError(_shortened(sentence)) from None
    except ValueError as error:
        raise CheckpointError(
            _shortened(f"Only models as they are trained here can be used: {error}.")
        ) from None
    return config


def _shortened(sentence: str) -> str:
    is_long = len(sentence) > _MAX_CHARACTERS
    return f"{sentence[:_MAX_CHARACTERS]}…" if is_long else sentence


@torch.no_grad()
def _check_pass(model: GPT) -> None:
    if not model(torch.tensor([[model.config.vocab_size - 1]])).isfinite().all():
        raise CheckpointError(
            "The model's weights are so large that its pass gives no numbers. Train it again with "
            "a lower learning rate, and upload that one."
        )


def _tokenizer_files(config: GPTConfig) -> Iterator[tuple[str, str]]:
    vocabulary, merges = hugging_face_vocabulary(config.vocab_size)
    yield "vocab.json", json.dumps(vocabulary, ensure_ascii=False)
    yield "merges.txt", "\n".join(["#version: 0.2", *merges, ""])
    names = {f"{name}_token": END_OF_TEXT for name in ("bos", "eos", "unk")}
    settings = {"tokenizer_class": "GPT2Tokenizer", "model_max_length": config.block_size, **names}
    yield "tokenizer_config.json", json.dumps(settings)


def _files(raw: bytes) -> dict[str, bytes]:
    """Return the content of the two files that are needed."""
    if len(raw) > MAX_ARCHIVE_BYTES:
        raise CheckpointError(
            f"The file has {len(raw) / 1e6:.1f} MB; up to {MAX_ARCHIVE_BYTES / 1e6:.0f} MB can be "
            "uploaded."
        )
    if not raw.startswith(b"PK"):
        raise CheckpointError(f"The file is no zip. {_NO_MODEL.replace('The zip', 'It')}")
    # Before it is opened: reading a directory of 400,000 entries takes seconds and 200 MB.
    if raw.count(_ENTRY) > _MAX_ENTRIES:
        raise CheckpointError(_FOREIGN)
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            entries = _entries(archive.infolist())
            return {name: _content(archive, entry) for name, entry in entries.items()}
    except CheckpointError:
        raise
    # ValueError: an offset before the file's first byte, which zipfile seeks without looking.
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError):
        raise CheckpointError(_CUT_OFF) from None


def _content(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    with archive.open(entry) as file:
        # Without a size, everything is unpacked before what is too much is cut off: an entry that
        # lies about its size would take a thousand times its bytes.
        return file.read(entry.file_size)


def _entries(found: list[zipfile.ZipInfo]) -> dict[str, zipfile.ZipInfo]:
    """Return where the two files lie; refuse a zip that was not made here."""
    paths = [PurePosixPath(entry.filename.replace("\\", "/")) for entry in found]
    if any(path.is_absolute() or ".." in path.parts for path in paths):
        raise CheckpointError(_FOREIGN)
    entries = {}
    for name, bound in _MAX_BYTES.items():
        here = [entry for entry, path in zip(found, paths, strict=True) if path.name == name]
        if not here and any(path.suffix in _PICKLES for path in paths):
            raise CheckpointError(
                "The zip holds its weights as a pickle file, which can run code when it is opened. "
                f"Save the model as {WEIGHTS_FILE}."
            )
        if len(here) != 1:
            raise CheckpointError(_NO_MODEL)
        _check_entry(here[0], bound)
        entries[name] = here[0]
    return entries


def _check_entry(entry: zipfile.ZipInfo, bound: int) -> None:
    if entry.file_size > bound:
        raise CheckpointError(
            f"A file in the zip has {entry.file_size / 1e6:.1f} MB unpacked; models of up to "
            f"{MAX_PARAMETERS:,} parameters can be used, which take {bound / 1e6:.1f} MB."
        )
    is_plain = entry.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
    if not is_plain or entry.flag_bits & 0x1:
        raise CheckpointError(f"The zip is encrypted or packed in an unusual way. {_AGAIN}")
