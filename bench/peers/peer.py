"""What a server in the comparison is: where it comes from, and the command that serves given requests."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from bench.load.check_answers import answers
from bench.load.pairs import Pair
from bench.programs import Program, free_port, running


class Missing(Exception):
    """A peer cannot be had on this machine, and why."""


class Bodies(StrEnum):
    """How a server tells JSON bodies apart."""

    VALUES = "as values"
    BYTES = "as bytes"
    NONE = "not at all"


@dataclass(frozen=True)
class Place:
    """Where a server runs: an empty folder of its own, its port, and the folder that it was installed in."""

    folder: Path
    port: int
    installed: Path

    def write(self, name: str, text: str) -> Path:
        """A file in the folder."""
        path = self.folder / name
        path.write_text(text)
        return path


@dataclass(frozen=True)
class Launch:
    """The command that starts a server, and what it adds to the environment."""

    command: Sequence[str | Path]
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Peer:
    """A server in the comparison.

    `install` takes the folder for peers and returns where this one is in it; it raises Missing. `launch` writes what
    the server needs to answer these pairs. `warm_up` in seconds. `limit`: it compares nothing, and is no peer to beat.
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
    """A peer that runs and gave a right answer."""

    peer: Peer
    program: Program

    @property
    def url(self) -> str:
        return f"{self.peer.scheme}://127.0.0.1:{self.program.port}"


@contextmanager
def serving(peer: Peer, installed: Path, folder: Path, pairs: Sequence[Pair]) -> Iterator[Server]:
    """Set a peer up for these pairs, and start it; raises RuntimeError when it does not answer."""
    place = Place(folder, free_port(), installed)
    with started(peer, place, peer.launch(place, pairs), pairs[-1]) as server:
        yield server


@contextmanager
def started(peer: Peer, place: Place, launch: Launch, pair: Pair) -> Iterator[Server]:
    """Start a peer that is set up; it is up when it gives the answer of this pair."""
    url = f"{peer.scheme}://127.0.0.1:{place.port}"
    command, log = [str(word) for word in launch.command], place.folder / "server.log"
    with running(command, place.port, log, environment=launch.environment, ready=lambda: answers(url, pair)) as program:
        yield Server(peer, program)


def on_path(program: str) -> Callable[[Path], Path]:
    """A peer that has to be on the PATH already."""

    def find(_: Path) -> Path:
        found = shutil.which(program) or shutil.which(program, path="/usr/sbin:/usr/local/sbin")
        if found is None:
            raise Missing(f"no {program} on the PATH")
        return Path(found)

    return find


def said(*command: str | Path) -> str:
    """What a command prints; not all programs that tell their version exit with 0."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    return (done.stdout + done.stderr).strip()
