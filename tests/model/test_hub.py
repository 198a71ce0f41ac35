"""Fetching, against a hub of our own on this machine."""

import hashlib
import json
import shutil
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import torch

from model.catalog import known_models
from model.checkpoints import load_checkpoint, save_checkpoint
from model.config import GPTConfig
from model.gpt import GPT
from model.hub import FetchError, fetch, fetched_folder, is_fetched

COMMIT = "0123456789abcdef0123456789abcdef01234567"
SHARDS = {"wte.weight": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}


class FakeHub(ThreadingHTTPServer):
    """Serve repositories from memory, as the hub's API does, and note what was asked for."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.repos: dict[str, dict[str, bytes]] = {}
        self.gated: set[str] = set()
        self.is_down = False
        self.is_log_in_page = False
        self.asked: list[str] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format, *args):  # noqa: A002 - the name is the library's
        pass

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        hub, path = self.server, self.path.split("?")[0].strip("/")
        assert isinstance(hub, FakeHub)
        hub.asked.append(path)
        is_api = path.startswith("api/models/")
        owner, name, *rest = path.removeprefix("api/models/").split("/")
        files = hub.repos.get(f"{owner}/{name}")
        if hub.is_log_in_page:
            self.answer(200, b"<html>Welcome to the school's network</html>")
        elif hub.is_down:
            self.answer(400, b"the hub is being mended")
        elif f"{owner}/{name}" in hub.gated:
            self.answer(403, b"", {"X-Error-Code": "GatedRepo"})
        elif files is None:
            self.answer(404, b"", {"X-Error-Code": "RepoNotFound"})
        elif is_api and rest[0] == "tree":
            tree = [
                {"type": "file", "path": path, "size": len(content), "oid": etag(content)}
                for path, content in files.items()
            ]
            self.answer(200, json.dumps(tree).encode())
        elif is_api:
            siblings = [{"rfilename": path} for path in files]
            found = {"id": f"{owner}/{name}", "sha": COMMIT, "siblings": siblings}
            self.answer(200, json.dumps(found).encode())
        else:
            content = files["/".join(rest[2:])]
            headers = {"ETag": f'"{etag(content)}"', "X-Repo-Commit": COMMIT}
            self.answer(200, content, headers)

    def answer(self, status, content, headers=None):
        self.send_response(status)
        for key, text in {**(headers or {}), "Content-Length": str(len(content))}.items():
            self.send_header(key, text)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)


def etag(content: bytes) -> str:
    return hashlib.sha1(content, usedforsecurity=False).hexdigest()


@pytest.fixture
def hub(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    with FakeHub() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def files(tmp_path) -> dict[str, bytes]:
    config = GPTConfig(vocab_size=61, block_size=16, n_layer=1, n_head=2, d_model=8)
    model = GPT(config).initialize(torch.Generator().manual_seed(0))
    save_checkpoint(model, tmp_path / "made")
    found = {path.name: path.read_bytes() for path in (tmp_path / "made").iterdir()}
    shutil.rmtree(tmp_path / "made")
    return found


def test_a_model_is_fetched_once_and_without_its_pickle(hub, files, tmp_path):
    others = {"pytorch_model.bin": b"code", "tokenizer.py": b"code", "onnx/model.safetensors": b""}
    hub.repos["ann/small"] = {**files, **others}
    assert not is_fetched("ann/small", cache_dir=tmp_path)

    folder = fetch("ann/small", cache_dir=tmp_path, endpoint=hub.address)

    assert {path.name for path in folder.iterdir()} == {"config.json", "model.safetensors"}
    assert load_checkpoint(folder).config.d_model == 8
    assert not any("pytorch" in path or ".py" in path for path in hub.asked)
    assert fetched_folder("ann/small", cache_dir=tmp_path) == folder
    n_asked = len(hub.asked)
    assert fetch("ann/small", cache_dir=tmp_path, endpoint=hub.address) == folder
    assert len(hub.asked) == n_asked


def test_a_model_in_shards_is_fetched_only_when_all_are_there(hub, files, tmp_path):
    index = {"weight_map": SHARDS}
    parts = dict.fromkeys(SHARDS.values(), files["model.safetensors"])
    hub.repos["ann/large"] = {
        "config.json": files["config.json"],
        "model.safetensors.index.json": json.dumps(index).encode(),
        **parts,
    }
    folder = fetch("ann/large", cache_dir=tmp_path, endpoint=hub.address)
    assert is_fetched("ann/large", cache_dir=tmp_path)
    (folder / SHARDS["b"]).unlink()
    assert not is_fetched("ann/large", cache_dir=tmp_path)


def refusal(repo_id: str, folder: Path, endpoint: str) -> str:
    with pytest.raises(FetchError) as caught:
        fetch(repo_id, cache_dir=folder, endpoint=endpoint)
    assert "\n" not in str(caught.value)
    assert ": " in str(caught.value)
    return str(caught.value)


def test_a_model_that_does_not_exist_is_named(hub, tmp_path):
    message = refusal("ann/lost", tmp_path, hub.address)
    assert "no public model ann/lost" in message
    assert "check the spelling" in message


def test_a_model_behind_terms_is_named(hub, tmp_path):
    hub.gated.add("ann/gated")
    assert "accepted its terms" in refusal("ann/gated", tmp_path, hub.address)


@pytest.mark.parametrize("repo_id", ["", "a/b/c", "../ann", "ann/ small", "https://hub/ann"])
def test_a_name_that_is_none_is_refused(repo_id, hub, tmp_path):
    assert "owner/name" in refusal(repo_id, tmp_path, hub.address)
    assert not is_fetched(repo_id, cache_dir=tmp_path)
    assert not hub.asked


def test_without_a_connection_the_sentence_says_so(tmp_path):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{closed.getsockname()[1]}"
        message = refusal("ann/small", tmp_path, address)
    assert address in message
    assert "check the connection" in message


def test_a_hub_in_trouble_is_told_from_a_missing_model(hub, tmp_path):
    hub.is_down = True
    assert "try again" in refusal("ann/small", tmp_path, hub.address)


def test_a_log_in_page_in_place_of_the_hub_is_told_from_it(hub, tmp_path):
    hub.is_log_in_page = True
    message = refusal("ann/small", tmp_path, hub.address)
    assert hub.address in message
    assert "check the connection" in message


def test_an_address_that_is_none_is_refused(tmp_path):
    assert "http://[no" in refusal("ann/small", tmp_path, "http://[no")


def test_a_model_that_is_only_a_pickle_is_refused(hub, files, tmp_path):
    hub.repos["ann/old"] = {"config.json": files["config.json"], "pytorch_model.bin": b"code"}
    assert "model.safetensors" in refusal("ann/old", tmp_path, hub.address)
    assert not any("pytorch" in path for path in hub.asked)


def test_what_was_fetched_is_found_without_a_connection(hub, files, tmp_path):
    hub.repos["ann/small"] = files
    folder = fetch("ann/small", cache_dir=tmp_path, endpoint=hub.address)
    assert fetch("ann/small", cache_dir=tmp_path, endpoint="http://127.0.0.1:9") == folder


def test_a_downloads_size_is_that_of_its_weights_and_old_mask_buffers():
    for known in known_models().values():
        if known.repo_id:
            config = known.config
            mask = config.n_layer * (config.block_size**2 + 1)
            assert round(4 * (config.parameters.total + mask) / 1e6) == pytest.approx(
                known.megabytes, abs=1
            )
