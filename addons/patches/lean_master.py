"""A lean mitmproxy master: only the addons that it is given, and each hook is looked up once."""

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

from understudy.addons.patches.replace import replace

logger = logging.getLogger(__name__)


class CachedDispatch(AddonManager):
    """An addon manager that lists the functions of a hook at its first use; mitmproxy searches all addons each time."""

    def __init__(self, master: Master) -> None:
        super().__init__(master)
        self._functions_by_hook: dict[str, list[Callable[..., Any]]] = {}

    def register(self, addon: object) -> object:
        """Load an addon, and forget the functions that were looked up."""
        self._functions_by_hook.clear()
        return super().register(addon)

    async def trigger_event(self, event: hooks.Hook) -> None:
        """Call each addon's function for a hook; log what one raises and go on with the next, as mitmproxy does."""
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

    # None of our addons has mitmproxy's hook `update`, which would follow each event.
    handle_lifecycle = trigger_event

    def _find_functions(self, event: hooks.Hook) -> list[Callable[..., Any]]:
        functions = self._functions_by_hook.get(event.name)
        if functions is None:
            functions = [function for addon in self.chain for _, function in self._iter_hooks(addon, event)]
            self._functions_by_hook[event.name] = functions
        return functions


class LeanMaster(Master):
    """mitmproxy's master with cached dispatch, and without checks at run time that mypy does for us.

    Raises UnsupportedMitmproxy if mitmproxy does these checks in another way.
    """

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        if __debug__:
            # It compares each field of each message with its annotation: a tenth of the time of a request.
            replace(MessageData, "__post_init__", skip_type_checks)
        options.changed.disconnect(self.addons._configure_all)
        self.addons = CachedDispatch(self)
        self._legacy_log_events.uninstall()


def skip_type_checks(self: MessageData) -> None:
    """Do nothing; mypy has checked the types."""
