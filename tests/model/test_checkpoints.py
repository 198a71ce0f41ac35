"""Checkpoints against transformers, both ways, and every kind of file that must be refused."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from transformers import GPT2Config, GPT2LMHeadModel, GPT2Model

from model.catalog import EMBEDDED, EMBEDDED_FOLDER, known_models
from model.checkpoints import (
    CheckpointError,
    check_checkpoint,
    file_shapes,
    load_checkpoint,
    read_config,
    save_checkpoint,
)
from model.config import GPTConfig
from model.gpt import GPT
from model.hub import CONFIG_FILE, INDEX_FILE, WEIGHTS_FILE

TINY = GPTConfig(vocab_size=61, block_size=16, n_layer=2, n_head=2, d_model=8)
SHAPES = [
    TINY,
    GPTConfig(vocab_size=97, block_size=9, n_layer=1, n_head=1, d_model=12, is_tied=False),
    GPTConfig(vocab_size=257, block_size=64, n_layer=3, n_head=4, d_model=32, activation="gelu"),
    GPTConfig(
        vocab_size=300, block_size=20, n_layer=4, n_head=5, d_model=40, norm_eps=1e-3, dropout=0.1
    ),
]


def their_model(config: GPTConfig) -> GPT2LMHeadModel:
    torch.manual_seed(0)
    model = GPT2LMHeadModel(
        GPT2Config(
            vocab_size=config.vocab_size,
            n_positions=config.block_size,
            n_embd=config.d_model,
            n_layer=config.n_layer,
            n_head=config.n_head,
            activation_function={"gelu_tanh": "gelu_new", "gelu": "gelu"}[config.activation],
            layer_norm_epsilon=config.norm_eps,
            tie_word_embeddings=config.is_tied,
            resid_pdrop=config.dropout,
        )
    )
    # Fresh biases are 0 and gains 1: a mistake in them would not show.
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.2)
    return model.eval()


def our_model(config: GPTConfig) -> GPT:
    generator = torch.Generator().manual_seed(1)
    model = GPT(config).initialize(generator).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=generator) * 0.2)
    return model


def some_ids(config: GPTConfig) -> torch.Tensor:
    generator = torch.Generator().manual_seed(2)
    return torch.randint(config.vocab_size, (2, config.block_size), generator=generator)


@torch.no_grad()
def assert_same_logits(ours: GPT, theirs: GPT2LMHeadModel) -> None:
    ids = some_ids(ours.config)
    torch.testing.assert_close(ours(ids), theirs(ids).logits, rtol=0, atol=1e-4)


@pytest.mark.parametrize("config", SHAPES)
def test_what_transformers_writes_gives_the_same_logits_here(tmp_path, config):
    theirs = their_model(config)
    theirs.save_pretrained(tmp_path)
    ours = load_checkpoint(tmp_path)
    assert ours.config == config
    assert_same_logits(ours, theirs)


@pytest.mark.parametrize("config", SHAPES)
def test_what_is_written_here_gives_the_same_logits_in_transformers(tmp_path, config):
    ours = our_model(config)
    save_checkpoint(ours, tmp_path)
    loaded: Any = GPT2LMHeadModel.from_pretrained(
        tmp_path, dtype=torch.float32, output_loading_info=True
    )
    theirs, report = loaded
    assert not any(report.values()), report
    assert_same_logits(ours, theirs.eval())


def test_the_embedded_model_gives_transformers_logits():
    theirs = GPT2LMHeadModel.from_pretrained(EMBEDDED_FOLDER, dtype=torch.float32).eval()
    ours = load_checkpoint(EMBEDDED_FOLDER)
    assert sum(parameter.numel() for parameter in ours.parameters()) == 6_901_760
    assert_same_logits(ours, theirs)


@pytest.mark.parametrize("config", SHAPES)
def test_saving_and_loading_changes_no_bit(tmp_path, config):
    before = our_model(config)
    save_checkpoint(before, tmp_path)
    after = load_checkpoint(tmp_path)
    assert after.config == config
    assert not after.training
    assert (after.lm_head.weight is after.wte.weight) == config.is_tied
    for name, tensor in before.state_dict().items():
        assert torch.equal(after.state_dict()[name], tensor), name
    assert {path.name for path in tmp_path.iterdir()} == {CONFIG_FILE, WEIGHTS_FILE}


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_read_as_float32(tmp_path, dtype):
    before = our_model(TINY)
    save_checkpoint(before, tmp_path, dtype=dtype)
    stored = load_file(tmp_path / WEIGHTS_FILE)
    assert {tensor.dtype for tensor in stored.values()} == {dtype}
    after = load_checkpoint(tmp_path).state_dict()
    for name, tensor in before.state_dict().items():
        assert after[name].dtype == torch.float32
        assert torch.equal(after[name], tensor.to(dtype).float())


def test_the_table_of_shapes_is_that_of_the_model():
    for config in SHAPES:
        in_files = dict(file_shapes(config))
        state = GPT(config).state_dict()
        if config.is_tied:
            del state["lm_head.weight"]
        assert set(in_files) == set(state)
        for name, tensor in state.items():
            is_conv1d = tensor.dim() == 2 and name.startswith("h.")
            assert in_files[name] == tuple(tensor.T.shape if is_conv1d else tensor.shape)


def test_names_without_prefix_are_read(tmp_path):
    theirs = their_model(TINY)
    theirs.transformer.save_pretrained(tmp_path)
    assert "wte.weight" in load_file(tmp_path / WEIGHTS_FILE)
    entries = json.loads((tmp_path / CONFIG_FILE).read_text())
    assert entries["architectures"] == [GPT2Model.__name__]
    assert_same_logits(load_checkpoint(tmp_path), theirs)


@pytest.mark.parametrize("prefix", ["", "transformer."])
def test_mask_buffers_of_old_files_are_passed_over(tmp_path, prefix):
    theirs = their_model(TINY)
    theirs.save_pretrained(tmp_path)
    tensors = {
        prefix + name.removeprefix("transformer."): tensor
        for name, tensor in load_file(tmp_path / WEIGHTS_FILE).items()
    }
    for index in range(TINY.n_layer):
        mask = torch.ones(1, 1, TINY.block_size, TINY.block_size).tril()
        tensors[f"{prefix}h.{index}.attn.bias"] = mask
        tensors[f"{prefix}h.{index}.attn.masked_bias"] = torch.tensor(-1e4)
    save_file(tensors, tmp_path / WEIGHTS_FILE, metadata={"format": "pt"})
    assert_same_logits(load_checkpoint(tmp_path), theirs)


def test_a_tied_file_may_repeat_the_embedding_as_output_matrix(tmp_path):
    theirs = their_model(TINY)
    theirs.save_pretrained(tmp_path)
    change_tensors(tmp_path, lambda tensors: {**tensors, "lm_head.weight": tensors[WTE].clone()})
    model = load_checkpoint(tmp_path)
    assert model.lm_head.weight is model.wte.weight
    assert_same_logits(model, theirs)


def test_shards_are_read_together(tmp_path):
    theirs = their_model(SHAPES[2])
    theirs.save_pretrained(tmp_path, max_shard_size="60KB")
    assert (tmp_path / INDEX_FILE).is_file()
    assert len(list(tmp_path.glob("model-*.safetensors"))) > 2
    assert_same_logits(load_checkpoint(tmp_path), theirs)


def test_a_config_as_old_as_the_first_files_is_read(tmp_path):
    (tmp_path / CONFIG_FILE).write_text(
        '{"activation_function": "gelu_new", "attn_pdrop": 0.1, "embd_pdrop": 0.1,'
        ' "layer_norm_epsilon": 1e-05, "model_type": "gpt2", "n_ctx": 1024, "n_embd": 768,'
        ' "n_head": 12, "n_layer": 12, "n_positions": 1024, "resid_pdrop": 0.1,'
        ' "vocab_size": 50257}'
    )
    assert read_config(tmp_path) == GPTConfig(dropout=0.1)


def test_a_config_without_epsilon_means_gpt2s(folder):
    found = json.loads((folder / CONFIG_FILE).read_text())
    del found["layer_norm_epsilon"]
    (folder / CONFIG_FILE).write_text(json.dumps(found))
    assert load_checkpoint(folder).config.norm_eps == 1e-5


def test_what_is_written_tells_transformers_the_switches_and_the_last_id(folder):
    theirs = GPT2Config.from_pretrained(folder)
    assert theirs.bos_token_id == theirs.eos_token_id == TINY.vocab_size - 1
    written = json.loads((folder / CONFIG_FILE).read_text())
    assert written["scale_attn_weights"] is True
    assert written["scale_attn_by_inverse_layer_idx"] is written["add_cross_attention"] is False


def test_the_embedded_weights_lie_in_half_precision_and_fit_the_catalog():
    with safe_open(EMBEDDED_FOLDER / WEIGHTS_FILE, framework="pt") as file:
        names = list(file.keys())
        assert {file.get_slice(name).get_dtype() for name in names} == {"F16"}
    assert known_models()[EMBEDDED].config == check_checkpoint(EMBEDDED_FOLDER)
    assert known_models()[EMBEDDED].has_start


def test_the_tanh_form_has_a_second_name(tmp_path):
    save_checkpoint(our_model(TINY), tmp_path)
    change_config(tmp_path, activation_function="gelu_pytorch_tanh")
    theirs = GPT2LMHeadModel.from_pretrained(tmp_path, dtype=torch.float32).eval()
    assert_same_logits(load_checkpoint(tmp_path), theirs)


def test_the_file_may_be_replaced_while_the_model_is_in_use(tmp_path):
    save_checkpoint(our_model(TINY), tmp_path)
    model = load_checkpoint(tmp_path)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    size = (tmp_path / WEIGHTS_FILE).stat().st_size
    with (tmp_path / WEIGHTS_FILE).open("r+b") as file:
        file.write(b"\0" * size)
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, before[name])


# From here on: what must be refused.

WTE, C_ATTN = "transformer.wte.weight", "transformer.h.1.attn.c_attn.weight"


def change_config(folder: Path, **entries: object) -> None:
    found = json.loads((folder / CONFIG_FILE).read_text())
    (folder / CONFIG_FILE).write_text(json.dumps({**found, **entries}))


def change_tensors(folder: Path, change) -> None:
    tensors = load_file(folder / WEIGHTS_FILE)
    tensors = {name: tensor.clone() for name, tensor in tensors.items()}
    save_file(change(tensors), folder / WEIGHTS_FILE, metadata={"format": "pt"})


@pytest.fixture
def folder(tmp_path) -> Path:
    save_checkpoint(our_model(TINY), tmp_path)
    return tmp_path


def refusal(folder: Path) -> str:
    with pytest.raises(CheckpointError) as caught:
        load_checkpoint(folder)
    message = str(caught.value)
    assert "\n" not in message
    assert re.search(r": [a-z\"]", message), "it says what to do"
    return message


def test_a_wrong_shape_is_named_with_both_shapes(folder):
    change_tensors(folder, lambda tensors: {**tensors, C_ATTN: tensors[C_ATTN].T.contiguous()})
    message = refusal(folder)
    assert "h.1.attn.c_attn.weight" in message
    assert "(24, 8)" in message
    assert "(8, 24)" in message


def test_a_tensor_that_is_there_twice_is_named(folder):
    change_tensors(folder, lambda tensors: {**tensors, "wte.weight": torch.zeros(3, 8)})
    message = refusal(folder)
    assert "transformer.wte.weight" in message
    assert "(61, 8)" in message
    assert "(3, 8)" in message


def test_a_missing_tensor_is_named(folder):
    change_tensors(
        folder, lambda tensors: {name: t for name, t in tensors.items() if name != C_ATTN}
    )
    message = refusal(folder)
    assert "h.1.attn.c_attn.weight" in message
    assert "(8, 24)" in message


def test_the_config_of_another_size_is_found_out(folder):
    change_config(folder, n_layer=3)
    assert "h.2.ln_1.weight" in refusal(folder)
    change_config(folder, n_layer=1)
    assert "h.1." in refusal(folder)
    change_config(folder, n_layer=2, n_positions=32)
    assert "(16, 8)" in refusal(folder)
    # Sizes beyond any memory are compared, never allocated.
    change_config(folder, n_positions=16, n_layer=10**12, vocab_size=61)
    assert "h.2.ln_1.weight" in refusal(folder)
    change_config(folder, n_layer=2, vocab_size=10**15)
    assert "(61, 8)" in refusal(folder)


def test_a_tensor_without_a_place_is_named(folder):
    change_tensors(folder, lambda tensors: {**tensors, "score.weight": torch.zeros(2, 8)})
    message = refusal(folder)
    assert "score.weight" in message
    assert "(2, 8)" in message


@pytest.mark.parametrize("share", [0.0, 0.0001, 0.3, 0.999])
def test_a_cut_off_file_is_named(folder, share):
    whole = (folder / WEIGHTS_FILE).read_bytes()
    (folder / WEIGHTS_FILE).write_bytes(whole[: int(len(whole) * share)])
    assert WEIGHTS_FILE in refusal(folder)


@pytest.mark.parametrize(
    "content",
    [
        b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 14\n",
        b"\xff" * 64,
        b"\x08\0\0\0\0\0\0\0{}      ",
        b"GGUF" + b"\0" * 100,
    ],
)
def test_a_foreign_file_is_refused(folder, content):
    (folder / WEIGHTS_FILE).write_bytes(content)
    refusal(folder)


class Trap:
    """Write a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.write_text, (self.path, "ran")


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pt", "model.pth", WEIGHTS_FILE])
def test_a_pickle_is_never_opened(folder, name):
    (folder / WEIGHTS_FILE).unlink()
    torch.save({"wte.weight": Trap(folder / "ran")}, folder / name)
    message = refusal(folder)
    assert name in message
    assert ("pickle file" in message) == (name != WEIGHTS_FILE)
    assert not (folder / "ran").exists()


def test_a_tied_file_with_another_output_matrix_is_refused(folder):
    change_tensors(folder, lambda tensors: {**tensors, "lm_head.weight": tensors[WTE] + 1})
    assert "tie_word_embeddings" in refusal(folder)


def test_a_repeated_output_matrix_of_whole_numbers_is_named(folder):
    head = {"lm_head.weight": torch.zeros(61, 8, dtype=torch.int8)}
    change_tensors(folder, lambda tensors: {**tensors, **head})
    message = refusal(folder)
    assert "lm_head.weight" in message
    assert "I8" in message


def test_what_only_ends_like_a_mask_buffer_is_named(folder):
    change_tensors(folder, lambda tensors: {**tensors, "x.attn.bias": torch.ones(3)})
    assert "x.attn.bias" in refusal(folder)


def test_an_untied_file_needs_its_output_matrix(folder):
    change_config(folder, tie_word_embeddings=False)
    assert "lm_head.weight" in refusal(folder)


def test_whole_numbers_are_no_weights(folder):
    change_tensors(folder, lambda tensors: {**tensors, WTE: tensors[WTE].to(torch.int8)})
    message = refusal(folder)
    assert "wte.weight" in message
    assert "I8" in message


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers_are_refused(folder, number):
    change_tensors(folder, lambda tensors: {**tensors, C_ATTN: tensors[C_ATTN] * number})
    assert "h.1.attn.c_attn.weight" in refusal(folder)


@pytest.mark.parametrize(
    ("entries", "named"),
    [
        ({"model_type": "llama"}, "model_type='llama'"),
        ({"n_inner": 24}, "n_inner=24"),
        ({"activation_function": "relu"}, "activation_function='relu'"),
        ({"activation_function": ["gelu"]}, "activation_function"),
        ({"scale_attn_by_inverse_layer_idx": True}, "scale_attn_by_inverse_layer_idx"),
        ({"scale_attn_weights": False}, "scale_attn_weights=false"),
        ({"scale_attn_weights": False}, "only models with true"),
        ({"add_cross_attention": True}, "add_cross_attention"),
        ({"n_head": 3}, "n_head=3"),
        ({"n_embd": "8"}, "d_model='8'"),
        ({"vocab_size": None}, "vocab_size=None"),
        ({"layer_norm_epsilon": "small"}, "not describe"),
        ({"layer_norm_epsilon": 0}, "norm_eps=0"),
        ({"layer_norm_epsilon": None}, "norm_eps=None"),
        ({"layer_norm_epsilon": True}, "norm_eps=True"),
        ({"resid_pdrop": "0.1"}, "dropout='0.1'"),
        ({"tie_word_embeddings": "false"}, 'tie_word_embeddings="false"'),
        ({"tie_word_embeddings": 0}, "tie_word_embeddings=0"),
    ],
)
def test_a_config_that_is_no_gpt2_is_named(folder, entries, named):
    change_config(folder, **entries)
    assert named in refusal(folder)


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"\xff\xfe", b"[" * 100_000, b'"gpt2"', b'{"n_embd": ' + b"9" * 5000 + b"}"],
)
def test_a_config_that_is_no_json_object_is_refused(folder, content):
    (folder / CONFIG_FILE).write_bytes(content)
    assert CONFIG_FILE in refusal(folder)


def test_missing_files_are_named(tmp_path, folder):
    assert CONFIG_FILE in refusal(tmp_path / "nowhere")
    assert CONFIG_FILE in refusal(folder / WEIGHTS_FILE)
    (tmp_path / "odd" / CONFIG_FILE).mkdir(parents=True)
    assert CONFIG_FILE in refusal(tmp_path / "odd")
    (folder / WEIGHTS_FILE).unlink()
    assert WEIGHTS_FILE in refusal(folder)
    (folder / CONFIG_FILE).write_text('{"model_type": "gpt2"}')
    assert "vocab_size" in refusal(folder)


@pytest.mark.parametrize(
    "index",
    [
        "{}",
        '{"weight_map": ["a"]}',
        '{"weight_map": {"wte.weight": 1}}',
        '{"weight_map": {"wte.weight": "lost.safetensors"}}',
        '{"weight_map": {"wte.weight": "../model.safetensors"}}',
        '{"weight_map": {"wte.weight": "' + "a" * 5000 + '"}}',
    ],
)
def test_an_index_that_leads_nowhere_or_elsewhere_is_refused(folder, index):
    (folder / WEIGHTS_FILE).rename(folder.parent / WEIGHTS_FILE)
    (folder / INDEX_FILE).write_text(index)
    assert INDEX_FILE in refusal(folder)


def test_numbers_too_large_for_float16_are_not_saved(tmp_path):
    model = our_model(TINY)
    with torch.no_grad():
        model.get_parameter("h.0.mlp.c_fc.bias")[3] = 1e5
    with pytest.raises(CheckpointError, match=r"h\.0\.mlp\.c_fc\.bias holds numbers that float16"):
        save_checkpoint(model, tmp_path, dtype=torch.float16)
    assert not list(tmp_path.iterdir())


def test_saving_again_replaces_what_was_there(tmp_path):
    save_checkpoint(our_model(replace(TINY, n_layer=3)), tmp_path)
    save_checkpoint(our_model(TINY), tmp_path)
    assert load_checkpoint(tmp_path).config == TINY
