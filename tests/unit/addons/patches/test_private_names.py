"""Where private names of mitmproxy are used, and that the table of them is complete."""

from __future__ import annotations

import ast
import inspect
import pkgutil
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import pytest

import understudy
from understudy.addons.patches.check import is_provided
from understudy.addons.patches.private_names import DOCUMENTED_MODULES, PrivateName, list_private_names

ROOT = Path(understudy.__file__).parent
PATCHES = "addons/patches/"
# Beside the patches, only these import private modules.
MAY_IMPORT_PRIVATE_MODULES = {
    "addons/streams/call_stream.py",
    "addons/streams/collecting_stream.py",
    "addons/streams/gateway_stream.py",
    "addons/layers/upstream_connection.py",
}
LISTED = {(name.module, name.path) for name in list_private_names()}
MODULES = {
    found.name
    for package in ("addons", "proxy")
    for found in pkgutil.walk_packages([str(ROOT / package)], f"understudy.{package}.")
    if not found.ispkg
}
SOURCES = sorted(str(path.relative_to(ROOT)) for room in ("addons", "proxy") for path in (ROOT / room).rglob("*.py"))


def is_of_mitmproxy(module: str) -> bool:
    """Whether a module is mitmproxy's, or that of a parser which it pins."""
    return module.split(".")[0] in ("mitmproxy", "h11", "h2")


def is_private(name: str) -> bool:
    """Whether a part of a dotted name begins with "_"; names of Python's own, such as `__init__`, are not private."""
    return any(part.startswith("_") and not part.startswith("__") for part in name.split("."))


def find_imports(tree: ast.AST) -> dict[str, str]:
    """Return what a source imports of mitmproxy: the local name, and the dotted one."""
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and is_of_mitmproxy(node.module or ""):
            found |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.asname or alias.name: alias.name for alias in node.names if is_of_mitmproxy(alias.name)}
    return found


def find_uses(source: str) -> set[str]:
    """Return the dotted names that a source imports of mitmproxy, or reads from what it imports."""
    tree = ast.parse(source)
    imports = find_imports(tree)
    read = {
        f"{imports[node.value.id]}.{node.attr}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in imports
    }
    return set(imports.values()) | read


def find_assignments(source: str) -> set[str]:
    """Return the dotted names of mitmproxy's classes and modules that a source assigns to."""
    tree = ast.parse(source)
    imports = find_imports(tree)
    return {
        f"{imports[node.value.id]}.{node.attr}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
        if isinstance(node.value, ast.Name) and node.value.id in imports
    }


def split_name(dotted: str) -> PrivateName:
    """Return a dotted name as one in its module."""
    parts = dotted.split(".")
    for count in range(len(parts), 0, -1):
        module = ".".join(parts[:count])
        try:
            is_module = find_spec(module) is not None
        except ModuleNotFoundError:
            is_module = False
        if is_module:
            return PrivateName(module, ".".join(parts[count:]))
    raise AssertionError(f"{dotted} is not in a module")


def find_undocumented() -> Iterator[PrivateName]:
    """Yield what the sources use of modules that mitmproxy does not document."""
    for source in SOURCES:
        for name in map(split_name, find_uses((ROOT / source).read_text())):
            if name.path and (name.module not in DOCUMENTED_MODULES or is_private(name.path)):
                yield name


def list_subclasses() -> Iterator[tuple[type, list[type]]]:
    """Yield each of our classes that has bases of mitmproxy, and these bases."""
    for module in map(import_module, sorted(MODULES)):
        for _, one in inspect.getmembers(module, inspect.isclass):
            bases = [base for base in one.__mro__ if is_of_mitmproxy(base.__module__)]
            if one.__module__ == module.__name__ and bases:
                yield one, bases


def find_inherited_uses(one: type, bases: list[type]) -> set[str]:
    """Return what a class overrides of its bases, and what its methods read from themselves that the bases provide."""
    tree = ast.parse(inspect.getsource(one))
    used = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute) and _is_self(node.value)}
    names = used | set(vars(one))
    return {
        name
        for name in names
        if not (name.startswith("__") and name.endswith("__") and name != "__call__")
        if any(is_provided(PrivateName(base.__module__, f"{base.__qualname__}.{name}")) for base in bases)
    }


def _is_self(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "self"


def test_the_walk_sees_each_form_of_use() -> None:
    source = (
        "from mitmproxy.proxy.layers import http as h\nfrom mitmproxy import ctx\nimport h11\nh._a.b\nctx.c = h11.d"
    )
    assert find_uses(source) == {
        "mitmproxy.proxy.layers.http",
        "mitmproxy.proxy.layers.http._a",
        "mitmproxy.ctx",
        "mitmproxy.ctx.c",
        "h11",
        "h11.d",
    }
    assert find_assignments(source) == {"mitmproxy.ctx.c"}


@pytest.mark.parametrize("source", SOURCES)
def test_private_modules_are_used_in_the_patches_and_few_named_files(source: str) -> None:
    private = {name for name in find_uses((ROOT / source).read_text()) if is_private(name)}
    assert not private or source.startswith(PATCHES) or source in MAY_IMPORT_PRIVATE_MODULES, private


@pytest.mark.parametrize("source", [source for source in SOURCES if not source.startswith(PATCHES)])
def test_only_the_patches_change_mitmproxy(source: str) -> None:
    """No other file assigns to its classes and modules, nor to methods of its objects."""
    text = (ROOT / source).read_text()
    assert find_assignments(text) == set()
    assert not source.startswith("addons/") or "ignore[method-assign" not in text


def test_the_patches_change_classes_and_modules_by_one_function() -> None:
    for source in SOURCES:
        if source.startswith(PATCHES):
            assert find_assignments((ROOT / source).read_text()) == set(), source


def test_each_undocumented_name_in_the_sources_is_listed() -> None:
    listed = {(module, path.split(".")[0]) for module, path in LISTED}
    missing = {
        str(name)
        for name in find_undocumented()
        if (name.module, name.path.split(".")[0]) not in listed and is_provided(name)
    }
    assert missing == set()


def test_each_inherited_name_in_our_subclasses_is_listed() -> None:
    """What we override does nothing, in silence, once mitmproxy no longer calls it."""
    missing = {
        f"{one.__qualname__}.{name}"
        for one, bases in list_subclasses()
        for name in find_inherited_uses(one, bases)
        if not any((base.__module__, f"{base.__qualname__}.{name}") in LISTED for base in bases)
    }
    assert missing == set()


def test_no_name_is_listed_twice() -> None:
    names = [str(name) for name in list_private_names()]
    assert len(names) == len(set(names))
    assert all(isinstance(import_module(name.module), ModuleType) for name in list_private_names())
