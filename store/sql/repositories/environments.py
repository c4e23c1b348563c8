"""Environments and settings in SQL."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, select

from understudy.store.errors import StoreError
from understudy.store.model.changes import Subject
from understudy.store.model.collections import Environment
from understudy.store.model.ids import IdKind
from understudy.store.repositories.paging import WHOLE_LIST, Page, PageRequest
from understudy.store.sql.database import tables as t
from understudy.store.sql.database.engine import Database
from understudy.store.sql.database.paged_queries import read_page
from understudy.store.sql.lookup.find_by_name import (
    check_name,
    check_unused,
    find_named,
    make_name_conflict,
    require_row,
)
from understudy.store.sql.mapping.collection_rows import environment_from_row
from understudy.store.sql.repositories.changes import record_change


class SqlEnvironments:
    """`store.repositories.collections.Environments` in SQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, environment: Environment) -> None:
        check_name("environment", environment.name)
        with self._database.begin_write() as tx:
            same_name = tx.scalar(select(t.EnvironmentRow).where(t.EnvironmentRow.name == environment.name))
            if same_name is not None and same_name.id != environment.id:
                raise make_name_conflict("environment", environment.name)
            variables = json.dumps(dict(environment.variables))
            tx.merge(t.EnvironmentRow(id=environment.id, name=environment.name, variables=variables))
            record_change(tx, Subject.ENVIRONMENT, environment.id)

    def find(self, text: str) -> Environment:
        with self._database.begin_read() as tx:
            return environment_from_row(find_named(tx, IdKind.ENVIRONMENT, text))

    def list(self) -> Sequence[Environment]:
        return self.read_page(WHOLE_LIST).items

    def read_page(self, request: PageRequest[str]) -> Page[Environment, str]:
        row = t.EnvironmentRow
        with self._database.begin_read() as tx:
            return read_page(tx, select(row), (row.name,), request, environment_from_row, lambda one: one.name)

    def delete(self, environment_id: str) -> None:
        with self._database.begin_write() as tx:
            row = require_row(tx.get(t.EnvironmentRow, environment_id), "environment", environment_id)
            uses = t.MockServerRow.environment_id == environment_id
            check_unused(tx, "environment", row.name, uses, "detach_environment")
            tx.execute(delete(t.EnvironmentRow).where(t.EnvironmentRow.id == environment_id))
            record_change(tx, Subject.ENVIRONMENT, environment_id)


class SqlSettings:
    """`store.repositories.gateways.Settings` in SQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, key: str, default: Any = None) -> Any:
        with self._database.begin_read() as tx:
            row = tx.get(t.SettingRow, key)
            return default if row is None else _read_value(key, row.value, self._database.location)

    def set(self, key: str, value: Any) -> None:
        with self._database.begin_write() as tx:
            tx.merge(t.SettingRow(key=key, value=json.dumps(value)))
            record_change(tx, Subject.SETTING, key)

    def set_once(self, key: str, value: Any) -> Any:
        with self._database.begin_write() as tx:
            row = tx.get(t.SettingRow, key)
            if row is not None:
                return json.loads(row.value)
            tx.add(t.SettingRow(key=key, value=json.dumps(value)))
            record_change(tx, Subject.SETTING, key)
            return value


def _read_value(key: str, text: str, location: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        line = f"the setting {key} of the store {location} cannot be read; set it again"
        raise StoreError(line, what="setting", which=key) from None
