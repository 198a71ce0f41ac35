"""Who may import whom: the table of the README's map, read from the source with `ast`.

app.py → pages/*.py → pages/{parts, figures, components} → model        (never the other way)
"""

import ast
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]

# From the top down; a module may import those of its own row and of the rows below. A module that
# is not named stands in the row of `hooks`.
MODEL_ROWS = (
    {"__main__"},
    {"training"},
    {"checkpoints", "hooks", "generation", "lens"},
    {"gpt", "trace", "bpe", "variants"},
    {"config", "tokenizer", "sampling", "kv_cache", "hub", "allocator", "options"},
)
HOOKS_ROW = 2
# May be imported where nobody should wait for torch.
TORCH_FREE = {
    "model",
    "model.allocator",
    "model.arithmetic",
    "model.arithmetic.attention",
    "model.arithmetic.averages",
    "model.arithmetic.distributions",
    "model.arithmetic.feed_forward",
    "model.arithmetic.norm",
    "model.arithmetic.places",
    "model.arithmetic.readout",
    "model.arithmetic.stream",
    "model.bpe",
    "model.catalog",
    "model.command",
    "model.config",
    "model.hub",
    "model.neighbours",
    "model.options",
    "model.patterns",
    "model.report",
    "model.positions",
    "model.sampling",
    "model.surprise",
    "model.terms",
    "model.tokenizer",
    "model.trace",
    "model.training",
    "model.training.data",
    "model.training.plan",
    "model.training.stats",
    "model.training.status",
    "model.training.tasks",
    "model.variants",
    "model.variants.masking",
}
# regex comes with tiktoken, httpx2 with huggingface_hub.
MODEL_PACKAGES = {"torch", "numpy", "tiktoken", "safetensors", "huggingface_hub", "regex", "httpx2"}
TORCH_PACKAGES = {"torch", "safetensors"}


class Import(NamedTuple):
    """One import of one file: what, on which line, and when."""

    name: str
    line: int
    is_for_types: bool
    is_late: bool

    @property
    def package(self) -> str:
        return self.name.split(".")[0]


def imports(path: Path) -> list[Import]:
    """List a file's imports; `from model import gpt` counts as `model.gpt`."""
    found: list[Import] = []

    def visit(node: ast.AST, *, is_for_types: bool, is_late: bool) -> None:
        line = getattr(node, "lineno", 0)
        found.extend(Import(name, line, is_for_types, is_late) for name in imported_names(node))
        is_function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        is_types = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        for child in ast.iter_child_nodes(node):
            visit(child, is_for_types=is_for_types or is_types, is_late=is_late or is_function)

    visit(ast.parse(path.read_text(encoding="utf-8")), is_for_types=False, is_late=False)
    return found


def imported_names(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module:
        names = [f"{node.module}.{alias.name}" for alias in node.names]
        return [name if is_module(name) else node.module or "" for name in names]
    return []


def is_module(name: str) -> bool:
    path = ROOT.joinpath(*name.split("."))
    return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()


def modules(folder: str, *, deep: bool = False) -> list[Path]:
    return sorted((ROOT / folder).glob("**/*.py" if deep else "*.py"))


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def broken(paths: list[Path], is_allowed) -> list[str]:
    """List the imports that the rule forbids, as `file:line: name`."""
    return [
        f"{path.relative_to(ROOT)}:{found.line}: {found.name}"
        for path in paths
        for found in imports(path)
        if not is_allowed(path, found)
    ]


def is_outside(found: Import) -> bool:
    """Say whether an import is neither of the standard library nor of this project."""
    return found.package not in sys.stdlib_module_names | {"model", "pages"}


def is_in_room(found: Import, *rooms: str) -> bool:
    return any(found.name == room or found.name.startswith(room + ".") for room in rooms)


def needs_no_torch(found: Import) -> bool:
    return found.package != "model" or found.name in TORCH_FREE


def test_model_knows_no_screen():
    def is_allowed(path, found):
        return found.package != "pages" and (
            not is_outside(found) or found.package in MODEL_PACKAGES
        )

    assert not broken(modules("model", deep=True), is_allowed)


def model_row(name: str) -> int:
    part = name.split(".")[1] if "." in name else ""
    return next((row for row, parts in enumerate(MODEL_ROWS) if part in parts), HOOKS_ROW)


def test_model_imports_downwards_only():
    def is_allowed(path, found):
        if found.package != "model" or found.name == "model":
            return True
        return model_row(module_name(path)) <= model_row(found.name)

    assert not broken(modules("model", deep=True), is_allowed)


def test_no_two_modules_import_each_other():
    arrows = {
        module_name(path): {found.name for found in imports(path) if not found.is_for_types}
        for folder in ("model", "pages")
        for path in modules(folder, deep=True)
    }
    finished: set[str] = set()

    def visit(name: str, road: tuple[str, ...]) -> None:
        assert name not in road, " → ".join([*road, name])
        if name in finished:
            return
        for target in arrows.get(name, set()) & arrows.keys():
            # A package's own `__init__` imports at most its files, which do not import it.
            visit(target, (*road, name))
        finished.add(name)

    for name in arrows:
        visit(name, ())


def test_torch_free_modules_import_no_torch():
    def is_allowed(path, found):
        if module_name(path) not in TORCH_FREE or found.is_for_types or found.is_late:
            return True
        return found.package not in TORCH_PACKAGES and needs_no_torch(found)

    assert not broken(modules("model", deep=True), is_allowed)


def test_importing_torch_free_modules_loads_no_torch():
    code = (
        "import importlib, sys\n"
        "for name in sys.argv[1:]:\n"
        "    importlib.import_module(name)\n"
        "    assert 'torch' not in sys.modules, name"
    )
    command = [sys.executable, "-c", code, *sorted(TORCH_FREE)]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_figures_are_pure():
    def is_allowed(path, found):
        if found.package == "pages":
            return found.name in ("pages.figures", "pages.figures.style")
        if found.package == "model":
            return found.is_for_types or needs_no_torch(found)
        return not is_outside(found) or found.package in {"numpy", "plotly"}

    assert not broken(modules("pages/figures", deep=True), is_allowed)


def test_components_know_streamlit_and_plain_values():
    def is_allowed(path, found):
        if found.package == "pages":
            return is_in_room(found, "pages.components")
        if found.package == "model":
            return found.is_for_types or needs_no_torch(found)
        return not is_outside(found) or found.package in {"numpy", "streamlit"}

    assert not broken(modules("pages/components", deep=True), is_allowed)


def test_parts_leave_torch_to_boot_and_plotly_to_figures():
    def is_allowed(path, found):
        if found.package == "pages":
            return is_in_room(found, "pages.parts", "pages.components", "pages.figures")
        if found.package == "torch":
            return path.name == "boot.py" and (found.is_late or found.is_for_types)
        if found.package == "model":
            return found.is_for_types or found.is_late or needs_no_torch(found)
        return not is_outside(found) or found.package in {"numpy", "streamlit"}

    assert not broken(modules("pages/parts", deep=True), is_allowed)


def test_pages_only_put_things_in_order():
    def is_allowed(path, found):
        if found.package == "pages":
            return is_in_room(found, "pages.parts", "pages.components", "pages.figures")
        if found.package == "model":
            is_free = needs_no_torch(found) or is_in_room(found, "model.lens")
            return is_free or found.is_for_types
        return not is_outside(found) or found.package in {"numpy", "streamlit"}

    assert not broken(modules("pages"), is_allowed)


def test_the_frame_knows_parts_alone():
    def is_allowed(path, found):
        if found.package in ("pages", "model"):
            return is_in_room(found, "pages.parts") or found.name == "pages"
        return not is_outside(found) or found.package == "streamlit"

    assert not broken([ROOT / "app.py"], is_allowed)
