"""What each argument and option completes to."""

from __future__ import annotations

from collections.abc import Sequence

import click
from click.shell_completion import CompletionItem

from understudy.proxy.cli.completion.stored_names import list_names
from understudy.store.model.gateways import Mode

MOCKS = ("mock server", "collection")
KINDS: dict[str, Sequence[str]] = {
    "session": ("session",),
    "collection": ("collection",),
    "save_to": ("collection",),
    "mock": MOCKS,
    "environment": ("environment",),
    "gateway": ("gateway",),
    "example": ("example",),
    "error": ("server error",),
    "names": ("mock server",),
}
"""The kinds of things that parameters of a name take, in whatever command."""

OF_GROUP = {
    "sessions": "session",
    "collections": "collection",
    "mocks": "mock server",
    "errors": "mock server",
    "environments": "environment",
    "keys": "key",
}
"""What NAME is in the commands of a group, and what a page of its list begins or ends with."""

NEW = ("create", "add")
"""Commands whose NAME does not exist yet, but for those of a mock server's errors."""


def complete(param: click.Parameter, ctx: click.Context, begin: str) -> list[CompletionItem]:
    """Return what this parameter may be, of what begins so."""
    if param.name in ("store", "store_given"):
        return [CompletionItem(begin, type="file")]
    if param.name in ("mode", "mode_name") and not isinstance(param.type, click.Choice):
        return [CompletionItem(mode.value) for mode in Mode if mode.value.startswith(begin)]
    kinds = _find_kinds(ctx, param)
    if not kinds:
        return param.type.shell_complete(ctx, param, begin)
    chosen = ctx.params.get(param.name or "")
    taken = chosen if isinstance(chosen, tuple) else ()
    return [CompletionItem(name) for name in list_names(_find_store(ctx), kinds, begin) if name not in taken]


def _find_kinds(ctx: click.Context, param: click.Parameter) -> Sequence[str]:
    group = (ctx.parent and ctx.parent.info_name) or ""
    # An option that does the same as an argument is named after it; see `naming_options`.
    name = (param.name or "").removesuffix("_given")
    if name == "name" and (isinstance(param, click.Argument) or name != param.name):
        if ctx.info_name == "mode":
            return MOCKS if ctx.params.get("mode") in (Mode.MOCK, Mode.SPY) else ("session",)
        is_new = ctx.info_name in NEW and group != "errors"
        return () if is_new or group not in OF_GROUP else (OF_GROUP[group],)
    if name in ("after", "before") and ctx.info_name == "list" and group in OF_GROUP:
        return ("server error",) if group == "errors" else (OF_GROUP[group],)
    if name == "error" and ctx.info_name in NEW:
        return ()
    return KINDS.get(name, ())


def _find_store(ctx: click.Context) -> str | None:
    given: str | None = ctx.params.get("store_given") or ctx.find_root().params.get("store")
    return given
