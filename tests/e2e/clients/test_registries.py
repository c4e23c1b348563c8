"""Package managers through HTTPS interception: what they fetched is fetched again without the registry.

Skipped where no registry is reachable; the configuration of this machine names it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.programs.test_run_command import run
from tests.integration.audit import Audit
from tests.programs import Understudy

pytestmark = pytest.mark.once
# What is configured beside the index: files that need no download, and versions.
NO_CONFIGURATION = {
    "PIP_CONFIG_FILE": os.devnull,
    "PIP_FIND_LINKS": "",
    "PIP_EXTRA_INDEX_URL": "",
    "PIP_CONSTRAINT": "",
    "npm_config_update_notifier": "false",
}


def pip(folder: Path) -> list[str]:
    """The command that downloads a small package; skips where the index is none that is called over HTTPS."""
    command = [sys.executable, "-m", "pip", "config", "get"]
    configured = [
        subprocess.run([*command, name], capture_output=True, text=True, check=False).stdout.strip()
        for name in (":env:.index-url", "global.index-url")
    ]
    default = "from pip._internal.models.index import PyPI; print(PyPI.simple_url)"
    usual = subprocess.run([sys.executable, "-c", default], capture_output=True, text=True, check=True).stdout.strip()
    index = next(filter(None, configured), usual)
    if not index.startswith("https:"):
        pytest.skip(f"optional: pip's index is not called over HTTPS: {index.partition(':')[0]}")
    quick = ["--no-deps", "--no-cache-dir", "--no-input", "--retries", "0", "--timeout", "10"]
    return [sys.executable, "-m", "pip", "download", *quick, "--index-url", index, "-d", str(folder), "six==1.17.0"]


def npm(folder: Path) -> list[str]:
    """The same for npm; skips where there is none."""
    program = shutil.which("npm")
    if program is None:
        pytest.skip("npm is not installed")
    quick = ["--silent", "--fetch-retries", "0", "--fetch-timeout", "10000", "--cache", f"{folder}-cache"]
    return [program, "pack", "left-pad@1.3.0", *quick, "--pack-destination", str(folder)]


def fetched(folder: Path) -> dict[str, str]:
    """The files, each with its digest."""
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in folder.iterdir()}


def folder_in(home: Path, name: str) -> Path:
    folder = home / name
    folder.mkdir()
    return folder


@pytest.mark.parametrize("command", [pip, npm])
def test_a_package_is_fetched_again_from_the_recording(
    tmp_path: Path, understudy: Understudy, command: Callable[[Path], list[str]]
) -> None:
    """Byte for byte, while the gateway makes no call."""
    once, again = folder_in(tmp_path, "once"), folder_in(tmp_path, "again")
    recorded = run(understudy, "record", "-s", "registry", "--", *command(once), **NO_CONFIGURATION)
    if recorded.code:
        directly = subprocess.run(
            command(folder_in(tmp_path, "directly")), env=understudy.environment | NO_CONFIGURATION,
            capture_output=True, check=False,
        )  # fmt: skip
        assert directly.returncode, f"it works without a gateway: {recorded.out}{recorded.err}"
        pytest.skip("optional: no registry is reachable")
    audit = Audit(tmp_path)
    replayed = run(audit.of(understudy), "replay", "registry", "--", *command(again), **NO_CONFIGURATION)
    assert replayed.code == 0, replayed.out + replayed.err
    assert fetched(again) == fetched(once)
    assert len(fetched(once)) == 1
    assert audit.calls == []
