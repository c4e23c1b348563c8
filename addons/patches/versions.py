"""Which versions of mitmproxy Understudy was tested with, and the error about one that it cannot run on."""

from __future__ import annotations

import logging

from mitmproxy import version

from understudy.store.errors import UserError

logger = logging.getLogger(__name__)

# The minors that CI installs: the newest for Python 3.11, and the newest of all. A test compares them with what runs.
TESTED_VERSIONS = ("11.0", "12.3")


class UnsupportedMitmproxy(UserError):
    """The installed mitmproxy lacks a private name that Understudy uses, or its parameters are others."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"mitmproxy {version.VERSION} has no {name}: this version of Understudy was tested with {_list_tested()}"
        )


def warn_if_untested() -> None:
    """Log one warning if the installed mitmproxy is of a minor version that was not tested."""
    if get_minor_version() not in TESTED_VERSIONS:
        logger.warning("mitmproxy %s: this version of Understudy was tested with %s", version.VERSION, _list_tested())


def get_minor_version() -> str:
    """Return the major and minor number of the installed mitmproxy, such as "12.3"."""
    return ".".join(version.VERSION.split(".")[:2])


def _list_tested() -> str:
    return " and ".join(TESTED_VERSIONS)
