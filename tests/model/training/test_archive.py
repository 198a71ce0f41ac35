"""A download opens in transformers and here again; whatever else is uploaded is refused."""

import io
import pickle
import tracemalloc
import zipfile
from pathlib import Path

import pytest
import torch
from transformers import AutoTokenizer, GPT2LMHeadModel

from model.checkpoints import CheckpointError, load_checkpoint, save_checkpoint
from model.config import GPTConfig
from model.gpt import GPT
from model.tokenizer import tokenizer
from model.training import archive
from model.training.archive import pack, unpack

SIZES = GPTConfig(vocab_size=300, block_size=16, n_layer=2, n_head=2, d_model=8)
TEXT = "The cat’s mat,  it said\n\n 1234 ünïcode 🐈!"


def saved(folder: Path, sizes: GPTConfig = SIZES) -> Path:
    model = GPT(sizes).initialize(torch.Generator().manual_seed(0))
    save_checkpoint(model, folder, dtype=torch.float16)
    return folder


@pytest.fixture
def raw(tmp_path: Path) -> bytes:
    return pack(saved(tmp_path / "saved"))


def files(raw: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(raw)) as found:
        return {name: found.read(name) for name in found.namelist()}


def zipped(entries: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as made:
        for name, content in entries.items():
            made.writestr(name, content)
    return buffer.getvalue()


def refusal(raw: bytes, folder: Path) -> str:
    with pytest.raises(CheckpointError) as caught:
        unpack(raw, folder)
    sentence = str(caught.value)
    assert str(folder) not in sentence
    return sentence


def test_a_model_that_was_downloaded_and_uploaded_gives_the_same_logits_bit_for_bit(tmp_path, raw):
    assert unpack(raw, tmp_path / "again") == SIZES
    ids = torch.randint(300, (2, 16), generator=torch.Generator().manual_seed(1))
    before, after = (load_checkpoint(tmp_path / name)(ids) for name in ("saved", "again"))
    assert torch.equal(before, after)
    assert files(pack(tmp_path / "again")) == files(raw)


def test_transformers_opens_the_download_with_its_tokenizer(tmp_path, raw):
    zipfile.ZipFile(io.BytesIO(raw)).extractall(tmp_path / "theirs")
    theirs = GPT2LMHeadModel.from_pretrained(tmp_path / "theirs", dtype=torch.float32).eval()
    cut = AutoTokenizer.from_pretrained(tmp_path / "theirs")
    ids = tokenizer(300).encode(TEXT).ids
    assert tuple(cut(TEXT).input_ids) == ids
    assert cut.eos_token_id == 299
    read = torch.tensor([ids[:16]])
    ours = load_checkpoint(tmp_path / "saved")(read)
    torch.testing.assert_close(theirs(read).logits, ours, atol=2e-5, rtol=0)


def test_a_folder_that_was_packed_by_hand_is_taken_too(tmp_path, raw):
    by_hand = zipped({f"my model/{name}": content for name, content in files(raw).items()})
    assert unpack(by_hand, tmp_path / "again") == SIZES


def test_a_name_that_leads_out_of_the_folder_is_refused_and_writes_nothing(tmp_path, raw):
    for name in ("../config.json", "/etc/config.json", "..\\config.json", "a/../../config.json"):
        entries = files(raw)
        entries[name] = entries.pop("config.json")
        assert "not made here" in refusal(zipped(entries), tmp_path / "deep" / "again")
    assert not (tmp_path / "deep").exists()


def test_a_small_zip_that_unpacks_to_gigabytes_is_refused_before_it_is_unpacked(
    tmp_path, raw, monkeypatch
):
    bomb = files(raw) | {"model.safetensors": bytes(40_000_000)}
    small = zipped(bomb, zipfile.ZIP_DEFLATED)
    assert len(small) < 100_000
    assert "40.0 MB unpacked" in refusal(small, tmp_path / "again")
    # One that says it is small is unpacked no further than it says.
    lied = small.replace((40_000_000).to_bytes(4, "little"), (1000).to_bytes(4, "little"))
    tracemalloc.start()
    assert "cut off or damaged" in refusal(lied, tmp_path / "again")
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 5_000_000
    monkeypatch.setattr(archive, "MAX_ARCHIVE_BYTES", 1000)
    assert "up to 0 MB" in refusal(small, tmp_path / "again")


def test_a_pickle_is_refused_unopened(tmp_path, raw):
    config = files(raw)["config.json"]
    loaded = pickle.dumps(pytest.fail)
    for name in ("pytorch_model.bin", "archive/data.pkl"):
        sentence = refusal(zipped({"config.json": config, name: loaded}), tmp_path / "again")
        assert "pickle" in sentence
    assert "no zip" in refusal(loaded, tmp_path / "again")


def test_a_file_cut_off_anywhere_is_refused(tmp_path, raw):
    for length in (2, 100, len(raw) // 2, len(raw) - 1):
        assert "cut off" in refusal(raw[:length], tmp_path / "again")


def test_a_flipped_bit_is_noticed(tmp_path, raw):
    at = len(raw) // 3
    damaged = raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]
    assert "damaged" in refusal(damaged, tmp_path / "again")


def test_foreign_files_are_named_for_what_they_are(tmp_path, raw):
    inside = files(raw)
    assert "no zip" in refusal(b"Once upon a time", tmp_path / "a")
    assert "no zip" in refusal(inside["model.safetensors"], tmp_path / "b")
    assert "no zip" in refusal(b"", tmp_path / "c")
    assert "holds no model" in refusal(zipped({"a.txt": b"a"}), tmp_path / "d")
    no_config = {"model.safetensors": inside["model.safetensors"]}
    assert "holds no model" in refusal(zipped(no_config), tmp_path / "e")
    many = inside | {f"{number}.txt": b"" for number in range(200)}
    assert "other files" in refusal(zipped(many), tmp_path / "f")
    half = inside["model.safetensors"][:500]
    assert "model.safetensors is cut off" in refusal(
        zipped(inside | {"model.safetensors": half}), tmp_path / "g"
    )
    foreign = inside["config.json"].replace(b'"gpt2"', b'"llama"')
    assert "only 'gpt2'" in refusal(zipped(inside | {"config.json": foreign}), tmp_path / "h")


def test_a_zip_of_countless_entries_is_refused_before_its_directory_is_read(tmp_path, monkeypatch):
    entry = b"PK\x01\x02" + bytes(24) + b"\x01" + bytes(17) + b"a"
    n_entry = 200_000
    end = b"PK\x05\x06" + bytes(8) + (n_entry * len(entry)).to_bytes(4, "little") + bytes(6)
    monkeypatch.setattr(zipfile, "ZipFile", lambda *_: pytest.fail("it was opened"))
    assert "other files" in refusal(n_entry * entry + end, tmp_path / "again")


def test_a_sentence_quotes_no_more_of_a_file_than_can_be_read(tmp_path, raw):
    inside = files(raw)
    for old, new in ((b'"gpt2"', b'"' + b"x" * 90_000 + b'"'), (b": 300", b": 1" + b"0" * 400)):
        config = inside["config.json"].replace(old, new)
        assert len(refusal(zipped(inside | {"config.json": config}), tmp_path / old.hex())) < 400


def test_a_model_larger_than_those_trained_here_is_refused_before_its_weights_are_read(
    tmp_path, raw
):
    inside = files(raw)
    for old, new in (
        (b'"vocab_size": 300', b'"vocab_size": 50257'),
        (b'"n_layer": 2', b'"n_layer": 10000000'),
        # Few parameters, but many modules, or large maps of attention.
        (b'"n_layer": 2', b'"n_layer": 900'),
        (b'"n_positions": 16', b'"n_positions": 20000'),
    ):
        config = inside["config.json"].replace(old, new)
        sentence = refusal(zipped(inside | {"config.json": config}), tmp_path / new.decode()[-5:])
        assert "as they are trained here" in sentence


def test_an_encrypted_or_unusual_zip_is_refused(tmp_path, raw):
    assert "unusual" in refusal(zipped(files(raw), zipfile.ZIP_LZMA), tmp_path / "a")
    flags = raw.index(b"PK\x01\x02") + 8
    encrypted = raw[:flags] + bytes([raw[flags] | 1]) + raw[flags + 1 :]
    assert "encrypted" in refusal(encrypted, tmp_path / "b")


def test_a_zip_that_python_cannot_read_is_refused(tmp_path, raw):
    flags = raw.index(b"PK\x01\x02") + 8
    for bit in (0x20, 0x40):
        patched = raw[:flags] + bytes([raw[flags] | bit]) + raw[flags + 1 :]
        assert "damaged" in refusal(patched, tmp_path / "again")
    start = raw.index(b"PK\x05\x06") + 16
    beyond = raw[:start] + (10**9).to_bytes(4, "little") + raw[start + 4 :]
    assert "damaged" in refusal(beyond, tmp_path / "again")


def test_weights_that_give_no_numbers_are_refused(tmp_path):
    model = GPT(SIZES).initialize(torch.Generator().manual_seed(0))
    with torch.no_grad():
        model.wte.weight.fill_(3e38)
    save_checkpoint(model, tmp_path / "saved")
    assert "lower learning rate" in refusal(pack(tmp_path / "saved"), tmp_path / "again")
