"""Fetch a model's files from Hugging Face's hub, once, into its usual cache on this machine.

Only `config.json` and safetensors are asked for: nothing that is fetched can run code. Reading the
files is `model.checkpoints`' work.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CONFIG_FILE = "config.json"
WEIGHTS_FILE = "model.safetensors"
INDEX_FILE = "model.safetensors.index.json"
_PATTERNS = [CONFIG_FILE, WEIGHTS_FILE, INDEX_FILE, "model-*.safetensors"]


class FetchError(OSError):
    """Say in one sentence why a model could not be fetched, and what to do."""


def fetched_folder(repo_id: str, *, cache_dir: Path | None = None) -> Path | None:
    """Return the folder of a model that was fetched before; nothing where it was not, or not all.

    Uses no network.
    """
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        found = try_to_load_from_cache(repo_id, CONFIG_FILE, cache_dir=cache_dir)
    except HFValidationError:
        return None
    # A file that the hub is known not to have is answered with a marker that is no text.
    if not isinstance(found, str) or not _is_whole(Path(found).parent):
        return None
    return Path(found).parent


def is_fetched(repo_id: str, *, cache_dir: Path | None = None) -> bool:
    """Say whether all files of a model are on this machine already."""
    return fetched_folder(repo_id, cache_dir=cache_dir) is not None


def fetch(repo_id: str, *, cache_dir: Path | None = None, endpoint: str | None = None) -> Path:
    """Return the folder with a model's files, downloading what is not on this machine yet.

    Args:
        repo_id: `owner/name` on the hub.
        cache_dir: Where to keep the files; the hub's usual cache if not given.
        endpoint: The hub's address; `HF_ENDPOINT` or huggingface.co if not given.

    Raises:
        FetchError: There is no such model, no connection, or no safetensors.
    """
    folder = fetched_folder(repo_id, cache_dir=cache_dir)
    if folder is not None:
        return folder
    from huggingface_hub import constants, snapshot_download

    with _in_one_sentence(repo_id, endpoint or constants.ENDPOINT):
        folder = Path(
            snapshot_download(
                repo_id, allow_patterns=_PATTERNS, cache_dir=cache_dir, endpoint=endpoint
            )
        )
    if not _is_whole(folder):
        raise FetchError(
            f"{repo_id} offers no {CONFIG_FILE} with {WEIGHTS_FILE}, the only form that is opened "
            "here: choose a model that has both"
        )
    return folder


def _is_whole(folder: Path) -> bool:
    if not (folder / CONFIG_FILE).is_file():
        return False
    if (folder / WEIGHTS_FILE).is_file():
        return True
    try:
        index = json.loads((folder / INDEX_FILE).read_text(encoding="utf-8"))
        return all((folder / name).is_file() for name in index["weight_map"].values())
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return False


@contextmanager
def _in_one_sentence(repo_id: str, endpoint: str) -> Iterator[None]:
    import httpx2
    from huggingface_hub import errors

    try:
        yield
    except errors.HFValidationError:
        raise FetchError(f"{repo_id!r} is no name on the hub: write it as owner/name") from None
    except errors.GatedRepoError:
        raise FetchError(
            f"{repo_id} is only for those who accepted its terms: do so on its page at {endpoint} "
            "and log in with `hf auth login`, or choose another model"
        ) from None
    except errors.RepositoryNotFoundError:
        raise FetchError(f"{endpoint} has no public model {repo_id}: check the spelling") from None
    # `LocalEntryNotFoundError`: the hub gave no answer and the cache has no copy.
    # `ValueError`: what answered is no hub, but the log-in page of a network, say.
    except (
        errors.LocalEntryNotFoundError,
        httpx2.HTTPError,
        httpx2.InvalidURL,
        ValueError,
    ) as error:
        raise FetchError(
            f"{repo_id} could not be fetched from {endpoint} ({_cause(error)}): check the "
            "connection and try again, or load a folder that is on this machine"
        ) from None


def _cause(error: BaseException) -> str:
    origin = error.__cause__ or error
    first_line = str(origin).strip().split("\n")[0]
    return first_line or type(origin).__name__
