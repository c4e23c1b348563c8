"""A server in the comparison: its installation, and the command that serves given requests."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from bench.load.check_answers import has_right_answer
from bench.load.pairs import Pair
from bench.programs import Program, find_free_port, run_program

ANSWER_SECONDS = 60


class Missing(Exception):
    """A peer is not available on this machine; the message is the reason."""


class Bodies(StrEnum):
    """How a server compares JSON bodies."""

    VALUES = "as values"
    BYTES = "as bytes"
    NONE = "not at all"


@dataclass(frozen=True)
class Place:
    """The place of a running server: its own empty folder, its port, and the folder of its installation."""

    folder: Path
    port: int
    installed: Path

    def write(self, name: str, text: str) -> Path:
        """Write a file in the folder; return its path."""
        path = self.folder / name
        path.write_text(text)
        return path


@dataclass(frozen=True)
class Launch:
    """The command that starts a server, and its additional environment variables."""

    command: Sequence[str | Path]
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Peer:
    """A server in the comparison.

    `install` takes the folder for peers and returns this one's folder in it; it raises Missing. `launch` writes the
    files that the server needs to answer the pairs. `warm_up` is in seconds. `limit`: it compares nothing, and is the
    limit of what is possible.
    """

    name: str
    install: Callable[[Path], Path]
    version: Callable[[Path], str]
    launch: Callable[[Place, Sequence[Pair]], Launch]
    bodies: Bodies = Bodies.NONE
    warm_up: int = 2
    scheme: str = "http"
    ours: bool = False
    limit: bool = False


@dataclass(frozen=True)
class Server:
    """A running peer that gave a right answer."""

    peer: Peer
    program: Program

    @property
    def url(self) -> str:
        return f"{self.peer.scheme}://127.0.0.1:{self.program.port}"


@contextmanager
def set_up_and_run(peer: Peer, installed: Path, folder: Path, pairs: Sequence[Pair]) -> Iterator[Server]:
    """Set up a peer for these pairs and run it; raises RuntimeError if it does not answer."""
    place = Place(folder, find_free_port(), installed)
    with run_peer(peer, place, peer.launch(place, pairs), pairs[-1]) as server:
        yield server


@contextmanager
def run_peer(peer: Peer, place: Place, launch: Launch, pair: Pair) -> Iterator[Server]:
    """Run a peer that is set up; the block starts when it gives the answer of this pair."""
    url = f"{peer.scheme}://127.0.0.1:{place.port}"
    command, log = [str(word) for word in launch.command], place.folder / "server.log"
    with run_program(
        command, place.port, log, environment=launch.environment, ready=lambda: has_right_answer(url, pair)
    ) as program:
        yield Server(peer, program)


def from_path(program: str) -> Callable[[Path], Path]:
    """Return a function that finds a program on the PATH, and raises Missing if it is not there."""

    def find(_: Path) -> Path:
        found = shutil.which(program) or shutil.which(program, path="/usr/sbin:/usr/local/sbin")
        if found is None:
            raise Missing(f"no {program} on the PATH")
        return Path(found)

    return find


def output_of(*command: str | Path) -> str:
    """Return the output of a command; some programs print their version and do not exit with 0."""
    words = [str(word) for word in command]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=ANSWER_SECONDS)
    return (done.stdout + done.stderr).strip()
