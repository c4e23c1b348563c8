"""What commands print goes through `proxy.cli.terminal_text`, which escapes what a terminal would act on."""

from __future__ import annotations

import ast

from tests.structure.source import Module, modules

PRINTS = {
    *("print", "click.echo", "click.secho", "click.echo_via_pager", "click.confirm", "click.prompt", "click.style"),
    *("sys.stdout.write", "sys.stderr.write", "sys.stdout.buffer.write", "sys.stderr.buffer.write"),
}
PRINTERS = ("proxy/cli/terminal_text.py",)


def printing(module: Module) -> list[str]:
    """The calls of a module that write to an output."""
    calls = [
        node
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute)
    ]
    return [f"{module.path}:{one.lineno}: {name}" for one in calls if (name := ast.unparse(one.func)) in PRINTS]


def test_only_one_module_prints() -> None:
    found = [line for one in modules("proxy", "addons", "serving", "matcher", "store") for line in printing(one)]
    assert [line for line in found if not line.startswith(PRINTERS)] == []


def test_the_module_that_prints_is_found() -> None:
    assert [one for one in modules("proxy/cli") if one.path in PRINTERS and printing(one)]
