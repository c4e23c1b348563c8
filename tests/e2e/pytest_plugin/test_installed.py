"""Understudy installed beside pytest, in an environment of its own: it takes no name from its users.

The environment sees the libraries of the one that runs these tests; Understudy itself it has only as a wheel, or as an
editable install.
"""

from __future__ import annotations

import os
import shutil
import site
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.programs import Understudy

pytestmark = pytest.mark.once

ROOT = Path(__file__).parents[3]
PACKAGES = ("store", "matcher", "serving", "addons", "proxy")
SHIPPED = (*PACKAGES, "understudy", "pyproject.toml", "README.md", "CHANGELOG.md", "LICENSE")

TESTS = """
import json, urllib.request
import addons, matcher, proxy.conf, serving, store

def get(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return json.load(answer)

def test_the_project_imports_its_own_packages():
    assert [one.OWNER for one in (addons, matcher, proxy.conf, serving, store)] == ["project"] * 5

def test_a_mock_server(mock_server):
    assert get(mock_server(requests=['GET /a 200 {"b": 1}']).url + "/a") == {"b": 1}

def test_a_collection(mock_server):
    assert get(mock_server("shop").url + "/users/1") == {"id": 1, "name": "Ada"}

def test_a_session(understudy_session):
    assert get(understudy_session("shop").url + "/users/1") == {"id": 1, "name": "Ada"}
"""


@dataclass(frozen=True)
class Environment:
    """A virtual environment, and a project with packages of the same names as ours."""

    folder: Path
    project: Path

    def run(self, *arguments: str, **variables: str) -> str:
        command = [str(self.folder / "bin" / "python"), *arguments]
        environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "COLUMNS")}
        done = subprocess.run(
            command, cwd=self.project, env=environment | variables, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def install(self, *arguments: str) -> None:
        # An index is not needed: what Understudy stands on is there, and its build backend, too.
        options = ("--quiet", "--no-deps", "--no-index", "--no-build-isolation", "--disable-pip-version-check")
        self.run("-m", "pip", "install", *options, *arguments)


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    folder = tmp_path / "environment"
    venv.create(folder, with_pip=True)
    [packages] = folder.glob("lib/python*/site-packages")
    # A folder that a .pth file adds brings its packages, not the editable installs that its own .pth files name.
    (packages / "libraries.pth").write_text("\n".join(site.getsitepackages()))
    project = tmp_path / "project"
    for name in PACKAGES:
        (project / name).mkdir(parents=True)
        (project / name / "__init__.py").write_text("OWNER = 'project'\n")
    (project / "proxy" / "conf.py").write_text("OWNER = 'project'\n")
    (project / "test_project.py").write_text(TESTS)
    return Environment(folder, project)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what is shipped, with its links, to build from."""
    folder = tmp_path_factory.mktemp("source")
    for name in SHIPPED:
        if (ROOT / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / name, folder / name, symlinks=True, ignore=ignored)
        else:
            shutil.copy(ROOT / name, folder / name)
    return folder


@pytest.fixture(scope="module")
def wheel(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built from the sdist, as `pip` does where there is no wheel."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(source)]
    subprocess.run(command, check=True, capture_output=True)
    [built] = folder.glob("*.whl")
    return built


def location(environment: Environment) -> Path:
    """Where the environment imports Understudy from."""
    return Path(environment.run("-c", "import understudy; print(understudy.__file__)").strip()).parent


def passes(environment: Environment, store: Path) -> bool:
    output = environment.run("-m", "pytest", "-q", "-p", "no:cacheprovider", UNDERSTUDY_STORE=str(store))
    return "4 passed" in output


def test_a_wheel_leaves_the_names_of_a_project_alone(
    environment: Environment, wheel: Path, promoted: Understudy
) -> None:
    environment.install(str(wheel))
    assert location(environment).is_relative_to(environment.folder)
    assert passes(environment, promoted.store)


def test_an_editable_install_leaves_the_names_of_a_project_alone(
    environment: Environment, source: Path, promoted: Understudy
) -> None:
    environment.install("--editable", str(source))
    assert location(environment) == source / "understudy"
    assert passes(environment, promoted.store)


def test_a_copy_without_links_says_what_is_missing(source: Path, tmp_path: Path) -> None:
    """As an archive that cannot hold symbolic links leaves it."""
    (tmp_path / "understudy").mkdir()
    shutil.copy(source / "understudy" / "__init__.py", tmp_path / "understudy")
    command = [sys.executable, "-c", "import understudy"]
    done = subprocess.run(command, cwd=tmp_path, env={}, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "has lost its symbolic links; use a git checkout or a wheel" in done.stderr
