"""What import-linter cannot see: circles between two files, and what may stand below the command line."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter

import pytest

from tests.structure.source import PRODUCT, Module, modules

OPTION = re.compile(r"(?<![\w-])--[a-z]")
COMMAND = re.compile(r"\bunderstudy [a-z]+(?: [a-z]+)* (?:--|[A-Z]|\.\.\.)|'understudy [a-z ]+'")


def imported(module: Module) -> Iterator[str]:
    """The modules and names that a module imports, wherever in it."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def test_no_two_files_import_each_other_in_a_circle() -> None:
    """Imports for type checkers and inside functions count, too. A package is not the file of its `__init__`."""
    files = {one.name: one for one in modules(*PRODUCT) if not one.path.endswith("__init__.py")}
    graph = {name: {other for other in imported(one) if other in files} for name, one in files.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        circle: list[str] = error.args[1]
        pytest.fail(f"a circle of imports: {' -> '.join(circle)}")


def below_the_command_line() -> list[Module]:
    return [one for one in modules(*PRODUCT) if not one.path.startswith("proxy/cli/")]


def test_nothing_below_the_command_line_imports_its_libraries() -> None:
    found = [(one.path, name) for one in below_the_command_line() for name in imported(one) if _is_of_terminals(name)]
    assert found == []


def _is_of_terminals(name: str) -> bool:
    return name.split(".")[0] in ("click", "rich")


def test_nothing_below_the_command_line_names_an_option_or_a_command() -> None:
    """Errors carry fields and hints instead, which each face says in its own way."""
    found = [
        f"{module.path}:{string.lineno}: {str(string.value)[:80]!r}"
        for module in below_the_command_line()
        for string in module.strings()
        if OPTION.search(str(string.value)) or COMMAND.search(str(string.value))
    ]
    assert found == []


def test_values_are_made_of_the_standard_library_and_msgspec() -> None:
    allowed = {*sys.stdlib_module_names, "msgspec"}
    found = [
        (one.path, name)
        for one in modules("store/model")
        for name in imported(one)
        if name.split(".")[0] not in allowed
        and not name.startswith(("understudy.store.model", "understudy.store.errors"))
    ]
    assert found == []


def test_no_two_folders_import_each_other() -> None:
    """A folder and those in it may: its top says what they do together."""
    files = {one.name: one for one in modules(*PRODUCT)}
    pairs = {
        (one.folder, files[other].folder)
        for one in files.values()
        for other in imported(one)
        if other in files and not _are_nested(one.folder, files[other].folder)
    }
    assert {pair for pair in pairs if (pair[1], pair[0]) in pairs} == set()


def _are_nested(one: str, other: str) -> bool:
    return f"{one}/".startswith(f"{other}/") or f"{other}/".startswith(f"{one}/")
