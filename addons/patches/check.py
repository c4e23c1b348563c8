"""The check at start: whether the installed mitmproxy is one that Understudy can run on."""

from __future__ import annotations

import dis
import inspect
from collections.abc import Iterator
from importlib import import_module
from typing import Any

from understudy.addons.patches.private_names import PrivateName, list_private_names
from understudy.addons.patches.replace import list_parameters
from understudy.addons.patches.versions import UnsupportedMitmproxy, warn_if_untested


def check_mitmproxy() -> None:
    """Log a warning if the installed mitmproxy was not tested; raise UnsupportedMitmproxy if it lacks a name."""
    warn_if_untested()
    missing = next(find_missing_names(), None)
    if missing is not None:
        raise UnsupportedMitmproxy(str(missing))


def find_missing_names() -> Iterator[PrivateName]:
    """Yield each private name that we use and that the installed mitmproxy lacks."""
    return (name for name in list_private_names() if not is_provided(name))


def is_provided(name: PrivateName) -> bool:
    """Whether a name exists, and takes the parameters that we know."""
    *owners, last = name.path.split(".")
    try:
        owner: Any = import_module(name.module)
        for step in owners:
            owner = getattr(owner, step)
    except (ImportError, AttributeError):
        return False
    if name.parameters is None:
        return hasattr(owner, last) or _is_instance_attribute(owner, last)
    function = getattr(owner, last, None)
    return callable(function) and list_parameters(function) == name.parameters


def _is_instance_attribute(owner: Any, name: str) -> bool:
    # Declared by an annotation in the class, or set when an instance is made.
    classes = inspect.getmro(owner) if inspect.isclass(owner) else ()
    return any(name in inspect.get_annotations(one) or _is_set_by_constructor(one, name) for one in classes)


def _is_set_by_constructor(owner: type, name: str) -> bool:
    constructor = vars(owner).get("__init__")
    if not inspect.isfunction(constructor):
        return False
    return any(step.opname == "STORE_ATTR" and step.argval == name for step in dis.get_instructions(constructor))
