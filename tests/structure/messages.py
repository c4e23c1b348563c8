"""The messages of all errors that users can meet, read from the source: `{...}` stands for what is filled in."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.structure.source import PRODUCT, Module, modules

ERRORS = {
    "UserError": 0,
    "NotFound": 0,
    "BrokenJson": 0,
    "Mistake": 0,
    "Conflict": 0,
    "StoreError": 0,
    "ValueRefused": 0,
    "SchemaMismatch": 0,
    "render_error": 2,
    "MalformedRequest": 1,
}
"""What makes an error, and the place of its message among the arguments."""

DATA = ("what", "which", "field", "hint")


def user_errors() -> list[str]:
    """One line for each place that makes such an error: file, kind, message, and the data it carries."""
    return sorted({line for module in modules(*PRODUCT) for line in _errors_of(module)})


def _errors_of(module: Module) -> Iterator[str]:
    for scope in ast.walk(module.tree):
        if isinstance(scope, ast.Module | ast.FunctionDef | ast.AsyncFunctionDef):
            texts: dict[str, ast.expr] = {}
            for node in _own_nodes(scope):
                if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                    texts.setdefault(node.targets[0].id, node.value)
            for node in _own_nodes(scope):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
                    yield from _error_lines(module, node, node.func.id, texts)


def _own_nodes(scope: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a scope, without those of the functions in it."""
    for child in ast.iter_child_nodes(scope):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield child
            yield from _own_nodes(child)


def _error_lines(module: Module, call: ast.Call, kind: str, texts: dict[str, ast.expr]) -> Iterator[str]:
    place = ERRORS.get(kind)
    if place is not None and len(call.args) > place:
        message = call.args[place]
        while isinstance(message, ast.Name) and message.id in texts:
            message = texts.pop(message.id)
        yield f"{module.path} {kind}: {_text(message)}{_data(call)}"


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
