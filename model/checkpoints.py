"""Weights in files: safetensors in Hugging Face's GPT-2 layout, read and written.

The only place that knows how those files name things. Two differences from `model.gpt`: the four
matrices of a block lie transposed there (`Conv1D`, `(d_in, d_out)`), and the sizes have GPT-2's
old names (`n_embd`, `n_positions`). Source: transformers 5.23, `models/gpt2/`.

A pickle file can run code when it is opened; none is opened here, ever.
"""

import errno
import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch.overrides import TorchFunctionMode

from model.config import Activation, GPTConfig
from model.gpt import GPT
from model.hub import CONFIG_FILE, INDEX_FILE, WEIGHTS_FILE
from model.variants.masked import MaskedLM

Shape = tuple[int, ...]
Model = TypeVar("Model", bound=GPT)

# A masked language model has GPT-2's tensors and not its mask: under GPT-2's name, programs would
# read it without an error and get nonsense.
_MODEL_TYPES: dict[type[GPT], str] = {GPT: "gpt2", MaskedLM: "glassbox-masked-lm"}

# Both names on the left are 0.5x(1 + tanh(√(2/π)(x + 0.044715x³))).
_ACTIVATIONS: dict[str, Activation] = {
    "gelu_new": "gelu_tanh",
    "gelu_pytorch_tanh": "gelu_tanh",
    "gelu": "gelu",
}
_ACTIVATION_NAMES: dict[Activation, str] = {"gelu_tanh": "gelu_new", "gelu": "gelu"}
_SIZES = {
    "vocab_size": "vocab_size",
    "block_size": "n_positions",
    "n_layer": "n_layer",
    "n_head": "n_head",
    "d_model": "n_embd",
}
# A switch of GPT-2's files, and the only value of it that `model.gpt` computes.
_SWITCHES = {
    "scale_attn_weights": True,
    "scale_attn_by_inverse_layer_idx": False,
    "add_cross_attention": False,
}
_TRANSPOSED = ("attn.c_attn.weight", "attn.c_proj.weight", "mlp.c_fc.weight", "mlp.c_proj.weight")
# The causal mask, which files from before 2023 carry in every block.
_MASK_BUFFER = re.compile(r"h\.\d+\.attn\.(bias|masked_bias)")
_PREFIX = "transformer."
_PICKLES = ("*.bin", "*.bin.index.json", "*.pt", "*.pth", "*.ckpt")
_DTYPES = {"F16": "float16", "BF16": "bfloat16", "F32": "float32"}


class CheckpointError(ValueError):
    """Say in one sentence why a file does not fit the model, and what to do."""


def load_checkpoint(folder: Path) -> GPT:
    """Read `config.json` and `model.safetensors` (whole or in shards) into a float32 model.

    Every name, shape and number type is compared with what `config.json` asks for before any
    weight is read. The model is set to `eval()`.

    Raises:
        CheckpointError: A file is missing, cut off, foreign, or does not fit.
        OSError: A file may not be read.
    """
    return _load(folder, GPT)


def load_masked(folder: Path) -> MaskedLM:
    """Read a masked language model, as `save_checkpoint` writes it.

    Raises:
        CheckpointError: A file is missing, cut off, foreign, or does not fit.
    """
    return _load(folder, MaskedLM)


def _load(folder: Path, kind: type[Model]) -> Model:
    config = read_config(folder, model_type=_MODEL_TYPES[kind])
    weights = _Weights(folder)
    _check_names(weights, config)
    state = {name: _read(weights, name, shape) for name, shape in file_shapes(config)}
    if config.is_tied:
        _check_tied(weights, state)
        state["lm_head.weight"] = state["wte.weight"]
    # "meta" tensors have a shape and no memory: nothing is allocated or drawn only to be replaced.
    with torch.device("meta"), _Undrawn():
        model = kind(config)
    model.load_state_dict(state, assign=True)
    if config.is_tied:
        model.lm_head.weight = model.wte.weight
    return model.eval()


def save_checkpoint(model: GPT, folder: Path, *, dtype: torch.dtype = torch.float32) -> None:
    """Write `config.json` and `model.safetensors`, for `load_checkpoint` and transformers alike.

    Each file replaces an older one in one step, so that a reader never meets half a file.

    Raises:
        CheckpointError: A weight is no finite number, or none that `dtype` can hold.
    """
    tensors = {}
    for name, tensor in model.state_dict().items():
        if name == "lm_head.weight" and model.config.is_tied:
            continue
        stored = (tensor.T if name.endswith(_TRANSPOSED) else tensor).detach().to("cpu", dtype)
        if not torch.isfinite(stored).all():
            raise CheckpointError(
                f"{name} holds numbers that {str(dtype).removeprefix('torch.')} cannot: "
                "save as float32, or train again if the loss was no number"
            )
        tensors[name if name == "lm_head.weight" else _PREFIX + name] = stored.contiguous()
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = folder / (WEIGHTS_FILE + ".part")
    write_tensors(tensors, unfinished)
    unfinished.replace(folder / WEIGHTS_FILE)
    unfinished = folder / (CONFIG_FILE + ".part")
    unfinished.write_text(json.dumps(_config_entries(model, dtype), indent=1) + "\n")
    unfinished.replace(folder / CONFIG_FILE)


def write_tensors(tensors: dict[str, torch.Tensor], path: Path) -> None:
    """Write a safetensors file.

    Raises:
        OSError: The disk is full or not writable; safetensors has an error of its own for that,
            which would hide what every other file says.
    """
    try:
        save_file(tensors, path, metadata={"format": "pt"})
    except SafetensorError as error:
        found = re.search(r"os error (\d+)", str(error))
        number = int(found[1]) if found else errno.EIO
        raise OSError(number, os.strerror(number), str(path)) from error


def check_checkpoint(folder: Path) -> GPTConfig:
    """Compare names, shapes and number types with `config.json` without reading any weight.

    Raises:
        CheckpointError: As `load_checkpoint`, but for numbers that are none.
    """
    config = read_config(folder)
    _check_names(_Weights(folder), config)
    return config


def read_config(folder: Path, *, model_type: str = "gpt2") -> GPTConfig:
    """Read the sizes from `config.json`.

    Raises:
        CheckpointError: The file is missing or describes something else than the `model_type`.
    """
    path = folder / CONFIG_FILE
    entries = _json_object(path)
    if entries.get("model_type") != model_type:
        raise CheckpointError(
            f"{path} has model_type={entries.get('model_type')!r}: only {model_type!r} can be "
            "loaded here"
        )
    for name, needed in _SWITCHES.items():
        if entries.get(name, needed) is not needed:
            raise CheckpointError(
                f"{path} has {name}={json.dumps(entries[name])}, which changes the arithmetic: "
                f"only models with {json.dumps(needed)} can be loaded"
            )
    return _config(entries, path)


def read_model_type(folder: Path) -> str:
    """Return what kind of model a folder says it holds: "gpt2", or another family's name.

    Raises:
        CheckpointError: `config.json` is missing or no JSON.
    """
    return str(_json_object(folder / CONFIG_FILE).get("model_type"))


def file_shapes(config: GPTConfig) -> Iterator[tuple[str, Shape]]:
    """Yield every tensor's name, without prefix, and its shape in the file."""
    d, hidden = config.d_model, config.d_mlp
    block: dict[str, Shape] = {
        "ln_1.weight": (d,),
        "ln_1.bias": (d,),
        "attn.c_attn.weight": (d, 3 * d),
        "attn.c_attn.bias": (3 * d,),
        "attn.c_proj.weight": (d, d),
        "attn.c_proj.bias": (d,),
        "ln_2.weight": (d,),
        "ln_2.bias": (d,),
        "mlp.c_fc.weight": (d, hidden),
        "mlp.c_fc.bias": (hidden,),
        "mlp.c_proj.weight": (hidden, d),
        "mlp.c_proj.bias": (d,),
    }
    yield "wte.weight", (config.vocab_size, d)
    yield "wpe.weight", (config.block_size, d)
    for index in range(config.n_layer):
        for name, shape in block.items():
            yield f"h.{index}.{name}", shape
    yield "ln_f.weight", (d,)
    yield "ln_f.bias", (d,)
    if not config.is_tied:
        yield "lm_head.weight", (config.vocab_size, d)


class _Undrawn(TorchFunctionMode):
    """Leave new parameters as they are: drawing "meta" ones makes torch load its compiler."""

    def __torch_function__(
        self, func: Any, types: object, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        if getattr(func, "__module__", None) == "torch.nn.init":
            return kwargs["tensor"]
        return func(*args, **(kwargs or {}))


class _Weights:
    """Find tensors, by their names without prefix, in one safetensors file or several."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._places: dict[str, tuple[Path, str]] = {}
        self._files = {}
        for path in _weight_files(folder):
            try:
                file = self._files[path] = safe_open(path, framework="pt")
            except SafetensorError as error:
                raise CheckpointError(
                    f"{path} is cut off or no safetensors file ({error}): copy or fetch it again"
                ) from None
            for stored in file.keys():  # noqa: SIM118 - it is no dictionary
                self._place(stored.removeprefix(_PREFIX), path, stored)

    def _place(self, name: str, path: Path, stored: str) -> None:
        if name in self._places:
            other, first = self._places[name]
            raise CheckpointError(
                f"{path} holds {stored}, of shape {self._shape(path, stored)}, and "
                f"{other.name} holds {first}, of shape {self._shape(other, first)}: keep one of "
                "the two"
            )
        self._places[name] = (path, stored)

    def _shape(self, path: Path, stored: str) -> Shape:
        return tuple(self._files[path].get_slice(stored).get_shape())

    def __contains__(self, name: str) -> bool:
        return name in self._places

    @property
    def names(self) -> list[str]:
        return list(self._places)

    def path(self, name: str) -> Path:
        return self._places[name][0]

    def header(self, name: str) -> tuple[Shape, str]:
        """Return a tensor's shape and number type without reading it."""
        path, stored = self._places[name]
        view = self._files[path].get_slice(stored)
        return tuple(view.get_shape()), view.get_dtype()

    def read(self, name: str) -> torch.Tensor:
        path, stored = self._places[name]
        return self._files[path].get_tensor(stored)


def _weight_files(folder: Path) -> list[Path]:
    if (folder / WEIGHTS_FILE).is_file():
        return [folder / WEIGHTS_FILE]
    if (folder / INDEX_FILE).is_file():
        return _shards(folder / INDEX_FILE)
    pickles = sorted(path.name for ending in _PICKLES for path in folder.glob(ending))
    if pickles:
        raise CheckpointError(
            f"{folder} holds its weights as {pickles[0]}, a pickle file, which can run code when "
            f"it is opened: save or fetch the model as {WEIGHTS_FILE}"
        )
    raise CheckpointError(f"{folder} holds no {WEIGHTS_FILE}: copy or fetch it there")


def _shards(index: Path) -> list[Path]:
    places = _json_object(index).get("weight_map")
    if not isinstance(places, dict) or not all(isinstance(name, str) for name in places.values()):
        raise CheckpointError(f"{index} has no usable weight_map: copy or fetch it again")
    paths = []
    # Looked up and not opened: a name with a folder in it could lead out of this one.
    beside = {path.name for path in index.parent.iterdir() if path.is_file()}
    for name in sorted(set(places.values())):
        if name not in beside:
            raise CheckpointError(f"{index} names {name!r}, which is not beside it: fetch it again")
        paths.append(index.parent / name)
    return paths


def _check_names(weights: _Weights, config: GPTConfig) -> None:
    """Compare names, shapes and number types with what the config asks for."""
    unknown = set(weights.names)
    for name, shape in file_shapes(config):
        if name not in weights:
            raise CheckpointError(
                f"{weights.folder} holds no tensor {name}, which its {CONFIG_FILE} asks for in the "
                f"shape {shape}: put the two files of one model together, or fetch it again"
            )
        found, dtype = weights.header(name)
        if found != shape:
            raise CheckpointError(
                f"{name} in {weights.path(name)} has the shape {found}, and {CONFIG_FILE} asks for "
                f"{shape}: put the two files of one model together"
            )
        _check_type(weights, name, dtype)
        unknown.discard(name)
    unknown = {name for name in unknown if not _MASK_BUFFER.fullmatch(name)} - {"lm_head.weight"}
    if unknown:
        name = min(unknown)
        raise CheckpointError(
            f"{name} in {weights.path(name)}, of shape {weights.header(name)[0]}, has no place in "
            f"the GPT-2 that {CONFIG_FILE} describes: put the two files of one model together"
        )


def _check_type(weights: _Weights, name: str, dtype: str) -> None:
    if dtype not in _DTYPES:
        raise CheckpointError(
            f"{name} in {weights.path(name)} holds numbers of type {dtype}: "
            f"save the model as {', '.join(_DTYPES.values())}"
        )


def _read(weights: _Weights, name: str, shape: Shape) -> torch.Tensor:
    """Copy one tensor out of its file, in `model.gpt`'s layout and float32."""
    stored = weights.read(name)
    source = stored.T if name.endswith(_TRANSPOSED) else stored
    # A copy, as the file's own memory may be mapped and the file may be replaced.
    tensor = torch.empty(source.shape, dtype=torch.float32).copy_(source)
    if not torch.isfinite(tensor).all():
        raise CheckpointError(
            f"{name} in {weights.path(name)}, of shape {shape}, holds NaN or infinity: "
            "copy or fetch the file again"
        )
    return tensor


def _check_tied(weights: _Weights, state: Mapping[str, torch.Tensor]) -> None:
    if "lm_head.weight" not in weights:
        return
    found, dtype = weights.header("lm_head.weight")
    _check_type(weights, "lm_head.weight", dtype)
    embedding = state["wte.weight"]
    if found != tuple(embedding.shape) or not torch.equal(
        weights.read("lm_head.weight").to(torch.float32), embedding
    ):
        raise CheckpointError(
            f"lm_head.weight in {weights.path('lm_head.weight')}, of shape {found}, differs from "
            f"wte.weight, of shape {tuple(embedding.shape)}, though {CONFIG_FILE} ties the two: "
            'set "tie_word_embeddings" to false there'
        )


def _config(entries: Mapping[str, Any], path: Path) -> GPTConfig:
    for name in _SIZES.values():
        if name not in entries:
            raise CheckpointError(f"{path} holds no {name}: fetch the model's own {CONFIG_FILE}")
    activation = entries.get("activation_function", "gelu_new")
    if not isinstance(activation, str) or activation not in _ACTIVATIONS:
        raise CheckpointError(
            f"{path} has activation_function={activation!r}: "
            f"only {', '.join(_ACTIVATIONS)} can be loaded"
        )
    is_tied = entries.get("tie_word_embeddings", True)
    if not isinstance(is_tied, bool):
        raise CheckpointError(
            f"{path} has tie_word_embeddings={json.dumps(is_tied)}: write true or false there"
        )
    try:
        config = GPTConfig(
            **{ours: entries[theirs] for ours, theirs in _SIZES.items()},
            activation=_ACTIVATIONS[activation],
            is_tied=is_tied,
            norm_eps=entries.get("layer_norm_epsilon", 1e-5),
            dropout=entries.get("resid_pdrop", 0.0),
        )
    except (ValueError, TypeError) as error:
        raise CheckpointError(
            f"{path} does not describe a GPT-2 ({error}): fetch the model's own {CONFIG_FILE}"
        ) from None
    if entries.get("n_inner") not in (None, config.d_mlp):
        raise CheckpointError(
            f"{path} has n_inner={entries['n_inner']}: only models whose feed-forward layer is "
            f"4 · n_embd = {config.d_mlp} wide can be loaded"
        )
    return config


def _config_entries(model: GPT, dtype: torch.dtype) -> dict[str, object]:
    config = model.config
    model_type = _MODEL_TYPES[type(model)]
    is_gpt2 = model_type == "gpt2"
    # [MASK] is the last id of a vocabulary that has it.
    end_of_text = config.vocab_size - (1 if is_gpt2 else 2)
    return {
        "model_type": model_type,
        "architectures": ["GPT2LMHeadModel" if is_gpt2 else "MaskedLM"],
        **{theirs: getattr(config, ours) for ours, theirs in _SIZES.items()},
        "n_inner": None,
        "activation_function": _ACTIVATION_NAMES[config.activation],
        "layer_norm_epsilon": config.norm_eps,
        "resid_pdrop": config.dropout,
        "embd_pdrop": config.dropout,
        "attn_pdrop": config.dropout,
        "initializer_range": 0.02,
        **_SWITCHES,
        "tie_word_embeddings": config.is_tied,
        "bos_token_id": end_of_text,
        "eos_token_id": end_of_text,
        "torch_dtype": str(dtype).removeprefix("torch."),
    }


def _json_object(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        raise CheckpointError(
            f"{path.parent} holds no {path.name}: name a folder in Hugging Face's GPT-2 layout"
        ) from None
    except (ValueError, RecursionError) as error:  # ValueError: also a number of 5,000 digits
        raise CheckpointError(f"{path} is no JSON ({error}): copy or fetch it again") from None
    if not isinstance(found, dict):
        raise CheckpointError(f"{path} is no JSON object: copy or fetch it again")
    return found
