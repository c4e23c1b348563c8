"""Completion in shells: commands, options, and the names in a store."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.programs import Understudy

ENTRY_POINT = """#!/bin/sh
exec {python} -P -c 'import sys; sys.argv[0] = "understudy"; from understudy.proxy.console import main; main()' "$@"
"""
RUN = "import sys; sys.argv[0] = 'understudy'; from understudy.proxy.console import main; main()"
# Words as bash breaks lines into them, and its variables at a completion.
COMPLETE = r"""
eval "$(understudy completion bash)"
complete -p understudy >/dev/null || exit 1
while IFS= read -r COMP_LINE; do
    COMP_POINT=${#COMP_LINE}
    _understudy_completion understudy
    (IFS='|'; printf '%s\n' "${COMPREPLY[*]}")
done
"""


@pytest.fixture
def stored(understudy: Understudy) -> Understudy:
    """A store with a mock server, its collection and examples, and environments of odd names."""
    understudy.run("mocks", "create", "shop", "--request", "GET /users/1 200 Ada")
    understudy.run("collections", "create", "stage shop")
    for name in ("my stage", "team:dev", "it's", "$(touch pwned)", "*", "-x"):
        understudy.run("environments", "set", "--", name, "base=x")
    return understudy


def in_bash(understudy: Understudy, *lines: str) -> list[list[str]]:
    """What bash completes each line to."""
    folder = understudy.home / "bin"
    folder.mkdir(exist_ok=True)
    script = folder / "understudy"
    script.write_text(ENTRY_POINT.format(python=shlex.quote(sys.executable)))
    script.chmod(0o755)
    environment = understudy.environment | {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "--norc", "-c", COMPLETE],
        input="".join(f"{line}\n" for line in lines).encode(),
        env=environment,
        cwd=understudy.home,
        capture_output=True,
        check=True,
    )
    assert done.stderr == b""
    return [line.split("|") if line else [] for line in done.stdout.decode().splitlines()]


CASES = {
    "understudy mock": ["mock", "mocks"],
    "understudy mode ": ["pass", "record", "mock", "spy", "replay"],
    "understudy mode mock ": ["shop", r"stage\ shop"],
    "understudy mock s": ["shop", r"stage\ shop"],
    "understudy mock st": [r"stage\ shop"],
    r"understudy mock stage\ s": [r"stage\ shop"],
    "understudy mock 'st": ["stage shop"],
    "understudy mocks serve shop ": [],
    "understudy gateway --mock st": [r"stage\ shop"],
    "understudy promote --to sh": ["shop"],
    "understudy environments show --environment my": [r"my\ stage"],
    "understudy examples show ": [r"GET\ /users/1\ -\ 200"],
    "understudy environments show my": [r"my\ stage"],
    # bash takes what is before the colon for another word, and keeps it.
    "understudy environments show team:d": ["dev"],
    "understudy environments show it": [r"it\'s"],
    'understudy environments show "$': [r"\$(touch pwned)"],
    "understudy mocks create ": [],
    "understudy --store /nowhere mock ": [],
    "understudy mock --store /nowhere ": [],
    "understudy history show ": [],
}


def test_bash_completes_names(stored: Understudy) -> None:
    """Each is one word when the line is run, whatever is in it."""
    found = dict(zip(CASES, in_bash(stored, *CASES), strict=True))
    assert found == CASES
    assert not (stored.home / "pwned").exists()


@pytest.mark.parametrize("content", [None, b"", b"no database at all", b"SQLite format 3\0" + bytes(200)])
def test_without_a_store_there_are_no_names(understudy: Understudy, content: bytes | None) -> None:
    """Nothing is printed, and nothing is created."""
    if content is not None:
        understudy.store.write_bytes(content)
    assert in_bash(understudy, "understudy mock ", "understudy promote --to ") == [[], []]
    assert understudy.store.exists() is (content is not None)


def test_a_project_file_names_the_store(stored: Understudy) -> None:
    other = Understudy(stored.home / "elsewhere")
    (other.home).mkdir()
    (other.home / "understudy.toml").write_text(f'store = "{stored.store}"\n')
    environment = {name: value for name, value in other.environment.items() if name != "UNDERSTUDY_STORE"}
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; sys.argv[0] = 'understudy'; import understudy.proxy.console as c; c.main()",
        ],
        env=environment | {"_UNDERSTUDY_COMPLETE": "fish_complete", "COMP_WORDS": "understudy mock ", "COMP_CWORD": ""},
        cwd=other.home,
        capture_output=True,
        check=True,
    )
    assert done.stdout.decode().splitlines() == ["plain,shop", "plain,stage shop"]


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_have_a_script(understudy: Understudy, shell: str) -> None:
    assert f"_UNDERSTUDY_COMPLETE={shell}_complete" in understudy.run("completion", shell)


def test_completion_imports_no_database_toolkit(stored: Understudy) -> None:
    """It has to be quick."""
    code = (
        "import sys, atexit; sys.argv[0] = 'understudy'\n"
        "atexit.register(lambda: print('sqlalchemy' in sys.modules, file=sys.stderr))\n"
        "from understudy.proxy.console import main; main()"
    )
    given = {"_UNDERSTUDY_COMPLETE": "zsh_complete", "COMP_WORDS": "understudy mock ", "COMP_CWORD": "2"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=stored.environment | given, capture_output=True, check=True, cwd=Path.cwd()
    )
    assert b"shop" in done.stdout
    assert done.stderr.strip() == b"False"
