"""Each type name means one thing."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator

from tests.structure.source import PRODUCT, Module, modules


def type_names(module: Module) -> Iterator[str]:
    """The classes and type aliases that a module defines."""
    for node in module.tree.body:
        if isinstance(node, ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            if isinstance(target, ast.Name) and re.match("_?[A-Z][a-z]", target.id):
                yield target.id


def test_no_name_stands_for_two_types() -> None:
    defined: dict[str, list[str]] = defaultdict(list)
    for module in modules(*PRODUCT):
        for name in type_names(module):
            defined[name].append(module.path)
    assert {name: paths for name, paths in defined.items() if len(paths) > 1} == {}
