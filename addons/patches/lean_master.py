"""A lean mitmproxy master: the addons it is given, each hook looked up once."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable
from typing import Any

from mitmproxy import exceptions, hooks
from mitmproxy.addonmanager import AddonManager
from mitmproxy.http import MessageData
from mitmproxy.master import Master
from mitmproxy.options import Options

logger = logging.getLogger(__name__)


class CachedDispatch(AddonManager):
    """Calls the addons of a hook from a list made at its first use; mitmproxy searches every addon at every event."""

    def __init__(self, master: Master) -> None:
        super().__init__(master)
        self._functions_by_hook: dict[str, list[Callable[..., Any]]] = {}

    def register(self, addon: object) -> object:
        """Load an addon; what was looked up before is forgotten."""
        self._functions_by_hook.clear()
        return super().register(addon)

    async def trigger_event(self, event: hooks.Hook) -> None:
        """Call each addon's hook; what one raises is logged and the next is called, as mitmproxy does."""
        arguments = event.args()
        for function in self._find_functions(event):
            try:
                result = function(*arguments)
                if result is not None and inspect.isawaitable(result):
                    await result
            except exceptions.AddonHalt:
                return
            except exceptions.OptionsError:
                raise
            except Exception:
                logger.exception("an addon failed in the hook %s", event.name)

    # Nobody here listens to mitmproxy's `update`, which would follow each event.
    handle_lifecycle = trigger_event

    def _find_functions(self, event: hooks.Hook) -> list[Callable[..., Any]]:
        functions = self._functions_by_hook.get(event.name)
        if functions is None:
            functions = [function for addon in self.chain for _, function in self._iter_hooks(addon, event)]
            self._functions_by_hook[event.name] = functions
        return functions


class LeanMaster(Master):
    """mitmproxy's master with cached dispatch, and without checks at run time that mypy does here."""

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        # It compares every field of every message with its annotation: a tenth of the time of a request.
        MessageData.__post_init__ = _skip_checks  # type: ignore[method-assign]  # that is the point
        options.changed.disconnect(self.addons._configure_all)
        self.addons = CachedDispatch(self)
        self._legacy_log_events.uninstall()


def _skip_checks(_: MessageData) -> None:
    return
