"""The source of the project as syntax trees, for tests of its structure."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).parents[2]
PRODUCT = ("store", "matcher", "serving", "addons", "proxy")
EVERYTHING = (*PRODUCT, "tests", "bench", "demo")


@dataclass(frozen=True)
class Module:
    """One Python file; `path` is relative to the root, as people write it."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @property
    def folder(self) -> str:
        return self.path.rpartition("/")[0]

    @property
    def name(self) -> str:
        """The dotted name by which it is imported."""
        dotted = self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        return f"understudy.{dotted}" if dotted.split(".")[0] in PRODUCT else dotted

    def strings(self) -> Iterator[ast.Constant]:
        """Every string in it that is not a docstring."""
        docs = {id(node.value) for node in ast.walk(self.tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
                yield node


@cache
def modules(*folders: str) -> tuple[Module, ...]:
    """All Python files below these folders, migrations left out."""
    files = (file for folder in folders for file in sorted((ROOT / folder).rglob("*.py")))
    return tuple(_read(file) for file in files if "migrations" not in file.parts)


@cache
def _read(file: Path) -> Module:
    return Module(file.relative_to(ROOT).as_posix(), file.read_text(encoding="utf-8"))
