"""Peers from the npm registry: fixed versions, installed without their scripts, each in its own folder."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from bench.peers.peer import Missing

INSTALL_SECONDS = 600


def package(name: str, version: str, *, needs: str = "node") -> Callable[[Path], Path]:
    """Return a function that installs a package and returns its folder; `needs` is the program that runs it."""

    def install(peers: Path) -> Path:
        place = peers / f"{name.replace('/', '-')}-{version}"
        found = place / "node_modules" / name
        if shutil.which(needs) is None:
            raise Missing(f"no {needs} on the PATH")
        if not found.exists():
            _install(place, f"{name}@{version}")
        return found

    return install


def version(installed: Path) -> str:
    """Return the version in the package's metadata."""
    return str(json.loads((installed / "package.json").read_text())["version"])


def find_file(installed: Path, pattern: str) -> Path:
    """Return the file of a package that matches a pattern.

    Raises Missing, for example for packages that download the file when they are installed.
    """
    found = sorted(installed.glob(pattern))
    if not found:
        raise Missing(f"the package contains no {pattern}")
    return found[0]


def _install(place: Path, specifier: str) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise Missing("no npm on the PATH")
    place.mkdir(parents=True, exist_ok=True)
    (place / "package.json").write_text('{"private": true}')
    command = [npm, "install", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", specifier]
    try:
        subprocess.run(command, cwd=place, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=True)
    except (OSError, subprocess.SubprocessError) as problem:
        shutil.rmtree(place, ignore_errors=True)  # half of a package would count as installed in the next run
        said = problem.stderr if isinstance(problem, subprocess.CalledProcessError) else str(problem)
        raise Missing(f"npm install {specifier} failed: {' '.join(said.split())}") from problem
