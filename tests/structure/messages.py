"""The messages of all errors that users can meet, read from the source: `{...}` stands for what is filled in."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.structure.source import PRODUCT, Module, modules

ERRORS = frozenset({"UserError", "NotFound", "Conflict", "StoreError", "ValueRefused", "SchemaMismatch"})
GATEWAY_ERRORS = frozenset({"error", "refusal", "Malformed"})
DATA = ("what", "which", "field", "hint")


def user_errors() -> list[str]:
    """One line for each place that makes such an error: file, kind, message, and the data it carries."""
    return sorted({line for module in modules(*PRODUCT) for line in _errors_of(module)})


def _errors_of(module: Module) -> Iterator[str]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
            if node.func.id in ERRORS:
                yield f"{module.path} {node.func.id}: {_text(node.args[0])}{_data(node)}"
            elif node.func.id in GATEWAY_ERRORS and module.path.startswith(("serving/", "addons/")):
                yield f"{module.path} {node.func.id}: {_text(node.args[-1])}{_data(node)}"


def _data(call: ast.Call) -> str:
    given = [f"{one.arg}={ast.unparse(one.value)}" for one in call.keywords if one.arg in DATA]
    return f"  [{', '.join(given)}]" if given else ""


def _text(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part) for part in node.values)
    if isinstance(node, ast.FormattedValue):
        return f"{{{ast.unparse(node.value)}}}"
    return f"{{{ast.unparse(node)}}}"
