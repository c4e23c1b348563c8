"""The command line as users start it, on a store of its own."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from tests.programs import fork_client
from tests.programs.process import Process, Start
from tests.programs.serving import Serving

COMMAND_SECONDS = 120.0


@dataclass(frozen=True)
class Understudy:
    """The command line on a store of its own. `home` also takes the place of the user's data folder.

    `preamble` is Python that the program runs before it begins, for tests that watch it from within. Such a program is
    a process of its own from its first line on, as is one that is not `forked`; others are forked from one that has
    imported everything. What servers print goes to the folder `outputs`, by default to `home`.
    """

    home: Path
    preamble: str = ""
    forked: bool = True
    outputs: Path | None = None

    @property
    def store(self) -> Path:
        return self.home / "understudy.db"

    @property
    def ca(self) -> Path:
        """The certificate that clients trust; it is made when a gateway starts for the first time."""
        return self.home / "understudy" / "ca" / "mitmproxy-ca-cert.pem"

    @property
    def environment(self) -> dict[str, str]:
        environment = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
        return environment | {"UNDERSTUDY_STORE": str(self.store), "XDG_DATA_HOME": str(self.home), "COLUMNS": "200"}

    def command(self, *arguments: object) -> list[str]:
        return [
            sys.executable,
            "-c",
            f"{self.preamble}from understudy.proxy.console import main; main()",
            *map(str, arguments),
        ]

    def start(self, *arguments: object, streams: tuple[int, int, int], **environment: str) -> Process:
        """Start a command on these descriptors: standard input, output and error."""
        start = Start(tuple(map(str, arguments)), self.environment | environment, streams, Path.cwd())
        if self.forked and not self.preamble and fork_client.can_fork(start):
            return fork_client.server().fork(start)
        stdin, stdout, stderr = streams
        return subprocess.Popen(
            self.command(*arguments), stdin=stdin, stdout=stdout, stderr=stderr, env=start.environment
        )

    def complete(
        self, *arguments: object, stdin: bytes = b"", **environment: str
    ) -> subprocess.CompletedProcess[bytes]:
        """Run a command to its end, whatever its exit code."""
        with TemporaryFile() as asked, TemporaryFile() as out, TemporaryFile() as err:
            asked.write(stdin)
            asked.seek(0)
            streams = (asked.fileno(), out.fileno(), err.fileno())
            process = self.start(*arguments, streams=streams, **environment)
            try:
                code = process.wait(COMMAND_SECONDS)
            finally:
                process.kill()
            out.seek(0)
            err.seek(0)
            return subprocess.CompletedProcess(list(map(str, arguments)), code, out.read(), err.read())

    def run(self, *arguments: object, code: int = 0, stdin: bytes = b"", **environment: str) -> str:
        """Run a command to its end; returns its standard output, asserts its exit code."""
        return self.output(*arguments, code=code, stdin=stdin, **environment).decode()

    def output(self, *arguments: object, code: int = 0, stdin: bytes = b"", **environment: str) -> bytes:
        """The same, for output that is no text."""
        done = self.complete(*arguments, stdin=stdin, **environment)
        assert done.returncode == code, f"exit {done.returncode}: {done.stdout.decode()}{done.stderr.decode()}"
        return done.stdout

    def json(self, *arguments: object) -> Any:
        """What a command prints with --json."""
        return json.loads(self.run(*arguments, "--json"))

    def sql(self, question: str) -> Any:
        """The one value that SQLite answers to a question about the store, whatever a gateway does to it meanwhile."""
        with closing(sqlite3.connect(self.store)) as connection:
            return connection.execute(question).fetchone()[0]

    @property
    def intact(self) -> bool:
        """Whether SQLite finds nothing wrong with the store."""
        return bool(self.sql("pragma integrity_check") == "ok")

    def mistake(self, *arguments: object, **environment: str) -> str:
        """The one line of a command that fails with exit code 2; click puts the usage before it for its own."""
        done = self.complete(*arguments, stdin=b"", **environment)
        assert done.returncode == 2, f"exit {done.returncode}: {done.stdout.decode()}{done.stderr.decode()}"
        lines = done.stderr.decode().splitlines()
        assert len(lines) == 1 or lines[0].startswith("Usage: "), lines
        assert lines[-1].startswith("Error: "), lines
        return lines[-1]

    @contextmanager
    def serving(self, *arguments: object, **environment: str) -> Iterator[Serving]:
        """A gateway command that runs on a free port until the block ends."""
        with self._listening(*arguments, "--listen", "127.0.0.1:0", **environment) as serving:
            yield serving

    @contextmanager
    def mocks_serving(self, *arguments: object, **environment: str) -> Iterator[Serving]:
        """`mocks serve` on a free port until the block ends; the one mock server that is named answers at its root."""
        with self._listening("mocks", "serve", *arguments, "--port", 0, **environment) as serving:
            yield serving

    @contextmanager
    def _listening(self, *arguments: object, **environment: str) -> Iterator[Serving]:
        output = (self.outputs or self.home) / f"gateway-{time.monotonic_ns()}.log"
        with output.open("w") as file:
            process = self.start(*arguments, streams=(0, file.fileno(), file.fileno()), **environment)
        serving = Serving.wait_until_listening(process, output)
        try:
            yield serving
        finally:
            serving.stop()
