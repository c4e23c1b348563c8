"""The project file `understudy.toml`: what all commands below its folder use where no option gives another value."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from understudy.store.errors import UserError
from understudy.store.model.values import replace

if TYPE_CHECKING:
    from understudy.proxy.client_limits import GivenLimits
    from understudy.store.repositories.store import Store

FILE_NAME = "understudy.toml"
TEXTS, LISTS, TABLES = ("store", "upstream"), ("hosts",), ("replay", "redaction", "limits")

NameLists = Mapping[str, tuple[str, ...]]
"""Lists of texts by the names of their keys."""


@dataclass(frozen=True, slots=True)
class ProjectFile:
    """What a project file holds; without a file all of it is empty.

    `store` is a path from the root of the file system or a database URL. `upstream` is the API to record, `hosts` are
    addresses of names as HOST:PORT:ADDRESS. `replay` has the settings of replays that are lists, `redaction` the rules
    beside those of the store, by the fields of `Rules`. `limits` are those on clients, by the fields of `Limits`.
    """

    path: Path | None = None
    store: str | None = None
    upstream: str | None = None
    hosts: tuple[str, ...] = ()
    replay: NameLists = field(default_factory=dict)
    redaction: NameLists = field(default_factory=dict)
    limits: Mapping[str, object] = field(default_factory=dict)

    @contextmanager
    def name_key(self, key: str) -> Iterator[None]:
        """Put the file and the key before the message of an error that is raised in the block.

        A table with an error in one of its keys has that key as the error's field.
        """
        try:
            yield
        except UserError as error:
            place = f"{key}.{error.field}" if key in TABLES and error.field else key
            raise _make_error(self.path, place, str(error)) from error


NO_PROJECT = ProjectFile()


def read_project(folder: Path | None = None) -> ProjectFile:
    """Return the project file that applies in a folder, by default the working folder; an empty one without a file.

    Raises UserError that names file, key and what is expected.
    """
    path = find_project_file(folder)
    return parse_project(path, _read_toml(path)) if path else NO_PROJECT


def find_project_file(folder: Path | None = None) -> Path | None:
    """Return the nearest project file of a folder and those above it, up to the user's home if that is above it.

    By default it is the working folder. None without such a file.
    """
    try:
        folder = folder or Path.cwd()
    except FileNotFoundError:  # the working folder was deleted
        return None
    home = Path(os.path.expanduser("~")).resolve()
    for each in (folder, *folder.parents):
        if os.path.isfile(each / FILE_NAME):
            return each / FILE_NAME
        if each == home:
            return None
    return None


def parse_project(path: Path, content: Mapping[str, Any]) -> ProjectFile:
    """Return the values of a project file; raises UserError for an unknown key or a wrong type."""
    _check_keys(path, "", content, (*TEXTS, *LISTS, *TABLES))
    store = _get_text(path, content, "store")
    return ProjectFile(
        path,
        store if store is None or "://" in store else str(path.parent / Path(store).expanduser()),
        _get_text(path, content, "upstream"),
        _get_list(path, "", content, "hosts"),
        _get_table(path, content, "replay"),
        _get_table(path, content, "redaction"),
        _get_limits(path, content),
    )


def read_replay_defaults() -> NameLists:
    """Return the settings of replays in the project file that applies in the working folder; raises UserError."""
    from understudy.proxy.gateway.replay_settings import parse_replay_lists

    project = read_project()
    with project.name_key("replay"):
        parse_replay_lists(project.replay)
    return project.replay


def add_project_rules(store: Store, project: ProjectFile) -> Store:
    """Return the same store with the redaction rules of a project file beside its own; raises UserError."""
    if not project.redaction:
        return store
    from understudy.store.redaction.rules import Rules

    with project.name_key("redaction"):
        Rules.of(**project.redaction)
    return replace(store, further_rules=project.redaction)


def _read_toml(path: Path) -> dict[str, Any]:
    import tomllib

    try:
        return tomllib.loads(path.read_bytes().decode())
    except OSError as error:
        raise UserError(f"cannot read the project file {path}: {error.strerror}") from error
    except ValueError as error:  # the errors of TOML and of UTF-8 are of this kind
        raise UserError(f"the project file {path} is not TOML: {error}") from error


def _get_text(path: Path, content: Mapping[str, Any], key: str) -> str | None:
    value = content.get(key)
    if value is not None and not (isinstance(value, str) and value.strip()):
        raise _make_error(path, key, f"takes a text, got {value!r}")
    return value


def _get_table(path: Path, content: Mapping[str, Any], key: str) -> NameLists:
    table = content.get(key, {})
    if not isinstance(table, dict):
        raise _make_error(path, key, f"takes a table, written [{key}], got {table!r}")
    if table:
        _check_keys(path, f"{key}.", table, _list_keys(key))
    return {name: _get_list(path, f"{key}.", table, name) for name in table}


def _get_limits(path: Path, content: Mapping[str, Any]) -> Mapping[str, object]:
    table = content.get("limits", {})
    if not isinstance(table, dict):
        raise _make_error(path, "limits", f"takes a table, written [limits], got {table!r}")
    return table


def read_limits(texts: Iterable[str], project: ProjectFile) -> GivenLimits:
    """Return the limits on clients that options and a project file give; raises UserError."""
    from understudy.proxy.client_limits import parse_limits

    with project.name_key("limits"):
        parse_limits((), project.limits)
    return parse_limits(texts, project.limits)


def _get_list(path: Path, prefix: str, table: Mapping[str, Any], key: str) -> tuple[str, ...]:
    values = table.get(key, [])
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise _make_error(path, f"{prefix}{key}", f'takes a list of texts, such as ["a", "b"], got {values!r}')
    return tuple(values)


def _list_keys(table: str) -> tuple[str, ...]:
    """Return the keys of a table. Their modules are imported for files that have the table only."""
    if table == "replay":
        from understudy.proxy.gateway.replay_settings import LIST_SETTINGS

        return LIST_SETTINGS
    from understudy.store.redaction.rules import NO_RULES

    return tuple(NO_RULES.as_json())


def _check_keys(path: Path, prefix: str, given: Iterable[str], known: Iterable[str]) -> None:
    for key in given:
        if key not in known:
            where = f"[{prefix.rstrip('.')}]" if prefix else "a project file"
            raise _make_error(path, f"{prefix}{key}", f"there is no such key; {where} has {', '.join(known)}")


def _make_error(path: Path | None, key: str, message: str) -> UserError:
    separator = " " if message.startswith("takes ") else ": "
    return UserError(f"{path}: {key}{separator}{message}", what="project file", which=str(path))
