"""What a program announces when it accepts connections: to a file, and to the process that started it and waits."""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from understudy.store.errors import UserError

AWAITED = "UNDERSTUDY_AWAITED"
"""The variable that names the descriptor to which a detached program writes one line of JSON when it is ready."""


class Readiness:
    """The readiness of this process. `file` is written whole, or not at all."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._is_written = False
        awaited = os.environ.pop(AWAITED, None)  # programs that this one runs are awaited by nobody
        self._awaited: int | None = None
        with suppress(ValueError, OSError):  # a variable that somebody else has set
            number = int(awaited or "")
            os.set_inheritable(number, False)
            self._awaited = number

    @property
    def is_awaited(self) -> bool:
        """Whether another process waits for this one."""
        return self._awaited is not None

    def prepare(self) -> None:
        """Remove the file of an earlier run; raises UserError if this run will not be able to write it."""
        if self._file is not None:
            self._write({})
            self._remove()

    def announce(self, **facts: Any) -> None:
        """Write the file, and send it to the process that waits; raises UserError if it cannot be written."""
        facts["pid"] = os.getpid()
        if self._file is not None:
            self._write(facts)
            self._is_written = True
        if self._awaited is not None:
            with suppress(OSError):  # it waits no more
                os.write(self._awaited, json.dumps(facts).encode() + b"\n")
            os.close(self._awaited)
            self._awaited = None

    def withdraw(self) -> None:
        """Remove the file, as this program ends."""
        if self._is_written:
            self._remove()

    def _write(self, facts: dict[str, Any]) -> None:
        assert self._file is not None
        try:
            descriptor, temporary = tempfile.mkstemp(prefix=f".{self._file.name}.", dir=self._file.parent)
            try:
                with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                    file.write(json.dumps(facts) + "\n")
                os.replace(temporary, self._file)
            except OSError:
                os.unlink(temporary)
                raise
        except OSError as error:
            raise UserError(f"cannot write {self._file}: {error.strerror}", field="ready_file") from error

    def _remove(self) -> None:
        assert self._file is not None
        with suppress(OSError):
            self._file.unlink()
