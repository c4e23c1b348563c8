"""A project that npm installs: from a registry that is recorded, then without it."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from ssl import PROTOCOL_TLS_SERVER, SSLContext

import pytest

from tests.e2e.programs.test_run_command import run
from tests.e2e.transfers.registry import PROJECT, serve_registry
from tests.integration.audit import Audit
from tests.peers.certificates import make_certificate
from tests.programs import Understudy, upstream

pytestmark = [
    pytest.mark.once,
    pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed"),
]
HOST = "registry.test"  # resolves nowhere (RFC 6761, section 6.2)
NO_CONFIGURATION = {
    "npm_config_userconfig": os.devnull,
    "npm_config_globalconfig": "/none",  # npm loads no file twice
    "npm_config_replace_registry_host": "always",  # as npm does by default for URLs of its public registry
    "npm_config_update_notifier": "false",
    "npm_config_fetch_retries": "0",
    "npm_config_loglevel": "warn",
}


def project(folder: Path, lock: str | None = None) -> Path:
    """Return a new folder with a project, and with its lock file where there is one."""
    folder.mkdir()
    (folder / "package.json").write_text(PROJECT)
    if lock is not None:
        (folder / "package-lock.json").write_text(lock)
    return folder


def npm(folder: Path, registry: str, *words: str) -> list[str]:
    """Return npm's command in a folder, with a cache of its own."""
    return ["npm", *words, "--prefix", str(folder), "--cache", f"{folder}-cache", "--registry", registry]


def installed(folder: Path) -> dict[str, bytes]:
    """Every file below `node_modules`."""
    modules = folder / "node_modules"
    return {str(path.relative_to(modules)): path.read_bytes() for path in modules.rglob("*") if path.is_file()}


@dataclass(frozen=True)
class Recorded:
    """What was installed from the registry, and by which address."""

    understudy: Understudy
    registry: str
    folder: Path

    @property
    def lock(self) -> str:
        return (self.folder / "package-lock.json").read_text()


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    """One recording of `npm install`, with metadata and tarballs."""
    understudy = Understudy(tmp_path_factory.mktemp("npm"))
    certificate = make_certificate(understudy.home / "registry.pem", HOST)
    tls = SSLContext(PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    folder = project(understudy.home / "recorded")
    with upstream(serve_registry, tls=tls) as url:
        place = f"{HOST}:{url.rpartition(':')[2]}"
        options = ("--resolve", f"{place}:127.0.0.1", "--upstream-ca", certificate)
        command = npm(folder, f"https://{place}/", "install")
        done = run(understudy, "record", "-s", "npm", *options, "--", *command, **NO_CONFIGURATION)
    assert done.code == 0, done.out + done.err
    understudy.run("promote", "--session", "npm", "--to", "npm")
    understudy.run("mocks", "create", "npm", "--collection", "npm")
    return Recorded(understudy, f"https://{place}/", folder)


def test_the_whole_tree_was_installed(recorded: Recorded) -> None:
    """A package of a scope below another one too."""
    assert {"web/index.js", "cookie/index.js", "@shop/secret/index.js", "token/index.js"} <= installed(
        recorded.folder
    ).keys()


def test_npm_ci_installs_the_same_from_the_recording(recorded: Recorded, tmp_path: Path) -> None:
    folder, audit = project(tmp_path / "again", recorded.lock), Audit(tmp_path)
    command = npm(folder, recorded.registry, "ci")
    done = run(audit.of(recorded.understudy), "replay", "npm", "--", *command, **NO_CONFIGURATION)
    assert (done.code, audit.calls) == (0, []), done.out + done.err
    assert installed(folder) == installed(recorded.folder)


@pytest.mark.parametrize("word", ["ci", "install"])
def test_a_mock_server_is_a_registry(recorded: Recorded, tmp_path: Path, word: str) -> None:
    """`ci` by the lock file, `install` by metadata; npm checks every tarball by its digest."""
    folder = project(tmp_path / word, recorded.lock if word == "ci" else None)
    with recorded.understudy.mocks_serving("npm") as serving:
        environment = recorded.understudy.environment | NO_CONFIGURATION
        command = npm(folder, f"{serving.url}/", word)
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert installed(folder) == installed(recorded.folder)
