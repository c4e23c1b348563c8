"""How large modules, functions and folders may be."""

from __future__ import annotations

import ast
from collections import Counter

from tests.structure.source import EVERYTHING, PRODUCT, modules

MAX_MODULE_LINES = 400
MAX_FUNCTION_LINES = 40
MAX_MODULES_IN_A_FOLDER = 14


def test_no_module_is_too_long() -> None:
    long = [(one.path, lines) for one in modules(*PRODUCT) if (lines := one.text.count("\n")) > MAX_MODULE_LINES]
    assert long == []


def test_no_function_is_too_long() -> None:
    """Its docstring and its decorators count."""
    long = [
        (module.path, node.name, lines)
        for module in modules(*PRODUCT)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (lines := (node.end_lineno or 0) - node.lineno + 1) > MAX_FUNCTION_LINES
    ]
    assert long == []


def test_no_folder_has_too_many_modules() -> None:
    count = Counter(one.folder for one in modules(*EVERYTHING) if not one.path.endswith("__init__.py"))
    assert {folder: number for folder, number in count.items() if number > MAX_MODULES_IN_A_FOLDER} == {}
