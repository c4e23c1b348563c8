"""Where mock servers answer, and the environments that hold their URLs as variables."""

from __future__ import annotations

from understudy.proxy.settings import MOCKS_PORT
from understudy.store.errors import Conflict, Hint, UserError
from understudy.store.model.collections import Environment
from understudy.store.model.ids import new_id
from understudy.store.model.mock_servers import MockServer
from understudy.store.model.values import replace
from understudy.store.repositories.store import Store


def urls(mock: MockServer) -> tuple[str, str]:
    """Return its URLs on the usual port: by path, which works everywhere, and by host name."""
    return f"http://127.0.0.1:{MOCKS_PORT}/mocks/{mock.slug}/", f"http://{mock.slug}.localhost:{MOCKS_PORT}/"


def url_value(mock: MockServer) -> str:
    """Return its URL as the value of a variable: without the last slash, as a path with its slash follows."""
    return urls(mock)[0].rstrip("/")


def environment_for_url(store: Store, mock: MockServer, variable: str) -> Environment:
    """Return the environment that has the name of the mock server, with its URL as a variable; not saved yet.

    Without one of that name it is new. Raises UserError for a name that no variable can have, Conflict
    when the variable has another value there.
    """
    if not variable.strip() or not variable.isprintable():
        raise UserError(f"takes the name of a variable, not {variable!r}", field="save_url")
    known = next((one for one in store.environments.list() if one.name == mock.name), None)
    environment, url = known or Environment(new_id(), mock.name), url_value(mock)
    if environment.variables.get(variable, url) != url:
        raise Conflict(
            f"environment {mock.name!r} has another {variable!r} already",
            what="variable",
            which=variable,
            field="save_url",
            hint=Hint("remove_variable", {"environment": mock.name, "variable": variable}),
        )
    return replace(environment, variables={**environment.variables, variable: url})


def find_moved_environments(store: Store, before: MockServer, after: MockServer) -> list[Environment]:
    """Return the environments that hold the URL of a mock server before its slug changed, with the new one instead."""
    old, new = url_value(before), url_value(after)
    holding = [one for one in store.environments.list() if old != new and old in one.variables.values()]
    return [
        replace(one, variables={key: new if value == old else value for key, value in one.variables.items()})
        for one in holding
    ]
