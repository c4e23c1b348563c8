"""A disk of some megabytes, which a test can fill."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

KIB = 1024
BLOCK = bytes(4 * KIB)


class SmallDisk:
    """A file system in memory at a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._filling = folder / "filling"

    def fill(self, leave: int = 0) -> None:
        """Leave so many bytes free."""
        with self._filling.open("ab", buffering=0) as file:
            try:
                while True:
                    file.write(BLOCK)
            except OSError:
                file.truncate(file.tell() - leave)

    def free(self) -> None:
        """Make room again."""
        self._filling.unlink()


@contextmanager
def small_disk(folder: Path, size: int) -> Iterator[SmallDisk]:
    """Mount one; skips the test where this user may not."""
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "understudy-test", str(folder)]
    done = subprocess.run(mount, capture_output=True, check=False)
    if done.returncode:
        pytest.skip(f"optional: no file system can be mounted: {done.stderr.decode().strip()}")
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
