"""Runs the console transcripts of a page, and checks that what they show is what happens.

A line that begins with `$ ` is a command, the lines after it are its output. One that ends with `&` stays in the
background until `kill %N`, by the number of the job; the output after it is what it prints at its start. Ids may
differ, and what the shell is told of, and lines of calls are left out; nothing else. A block
"python NAME" or "toml NAME" is a file that the reader has.
"""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path

from tests.programs import PATIENCE_SECONDS

PROGRAM = f"'{sys.executable}' -c 'from understudy.proxy.cli import main; main()'"
FILE = re.compile(r"```(?:python|toml) (\S+)\n(.*?)```", re.DOTALL)
BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)
ID = re.compile(r"\b[0-9A-HJKMNP-TV-Z]{26}\b")
# What running gateways and mock servers print for each call, at some time after it.
CALL_LINE = re.compile(r"^\d\d:\d\d:\d\d \S+ +\S+ +(?:\d{3}|---) .*\n", re.MULTILINE)
# What a gateway prints that takes more than a second to read its store, as it may on a busy machine.
SLOW_START = re.compile(r"^understudy: reading .* \.\.\.\n", re.MULTILINE)


def steps(page: str) -> list[tuple[str, str]]:
    """The commands of a page, each with the output it shows."""
    found: list[tuple[str, str]] = []
    for block in BLOCK.findall(page):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, shown = part.partition("\n")
            found.append((command, shown))
    return found


def write_files(page: str, home: Path) -> None:
    """Write the files that a page shows."""
    for name, content in FILE.findall(page):
        (home / name).write_text(content)


class Shell:
    """Runs commands as the page's reader would, with other ports and another store.

    What the expressions `volatile` find may be otherwise each time.
    """

    def __init__(
        self, home: Path, environment: dict[str, str], replacements: dict[str, str], volatile: tuple[str, ...] = ()
    ) -> None:
        self._volatile = [ID, *map(re.compile, volatile)]
        self._home = home
        self._environment = environment
        self._replacements = replacements
        self._jobs: dict[int, tuple[subprocess.Popen[bytes], Path]] = {}

    def run(self, command: str, shown: str) -> None:
        """Run one command; fails when it prints anything but what is shown."""
        command, shown = self._replaced(command), self._replaced(shown)
        if command.endswith(" &"):
            printed = self._start(command.removesuffix(" &"), shown)
        elif job := re.fullmatch(r"kill %(\d+)", command):
            printed = self._kill(int(job[1]))
        else:
            done = subprocess.run(
                self._words(command), cwd=self._home, env=self._environment, check=False,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            )  # fmt: skip
            printed = done.stdout.decode()
        printed, shown = self._comparable(printed), self._comparable(shown)
        assert printed == shown, f"$ {command}\n{printed}\ninstead of\n{shown}"

    def close(self) -> None:
        """End what still runs."""
        while self._jobs:
            self._kill(max(self._jobs))

    def _start(self, command: str, shown: str) -> str:
        output = self._home / f"background-{time.monotonic_ns()}"
        with output.open("wb") as file:
            process = subprocess.Popen(
                self._words(command, is_alone=True),
                cwd=self._home,
                env=self._environment,
                stdout=file,
                stderr=subprocess.STDOUT,
            )
        self._jobs[max(self._jobs, default=0) + 1] = process, output
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (
            len(SLOW_START.sub("", output.read_text())) < len(shown)
            and time.monotonic() < deadline
            and process.poll() is None
        ):
            time.sleep(0.02)
        return output.read_text()

    def _kill(self, job: int) -> str:
        process, output = self._jobs.pop(job)
        before = len(output.read_text())
        process.terminate()
        process.wait(PATIENCE_SECONDS)
        return output.read_text()[before:]

    def _words(self, command: str, *, is_alone: bool = False) -> list[str]:
        program = f'understudy() {{ {PROGRAM} "$@"; }}; '
        if command.startswith("understudy ") and "||" not in command:
            # exec: a signal has to reach the program, not a shell around it
            command = f"exec {PROGRAM} {command.removeprefix('understudy ')}"
            program = ""
        elif is_alone:
            command = f"exec {command}"
        return ["bash", "-c", program + command.replace("curl ", "curl --silent --show-error ")]

    def _replaced(self, text: str) -> str:
        for old, new in self._replacements.items():
            text = text.replace(old, new)
        return text

    def _comparable(self, text: str) -> str:
        text = CALL_LINE.sub("", SLOW_START.sub("", text))
        for expression in self._volatile:
            text = expression.sub("ID", text)
        return text.strip()  # curl ends no line that the body does not end
