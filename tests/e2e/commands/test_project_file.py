"""Commands in a folder with a project file."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.inside import Inside, quickly, refused
from tests.e2e.shop import call, shop_api
from tests.programs import Understudy, upstream

pytestmark = pytest.mark.once


class InProject(Inside):
    """The command line without a variable that names a store."""

    @property
    def environment(self) -> dict[str, str]:
        return super().environment | {"UNDERSTUDY_STORE": ""}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Understudy:
    """A command line that runs two folders below the one with the project file."""
    (tmp_path / "src" / "deep").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "src" / "deep")
    return InProject(tmp_path)


def write(understudy: Understudy, text: str) -> Path:
    file = understudy.home / "understudy.toml"
    file.write_text(text)
    return file


def test_the_store_is_that_of_the_file(project: Understudy) -> None:
    """Its path begins at the folder of the file, not at the working folder."""
    write(project, 'store = "own.db"')
    project.run("environments", "set", "stage", "a=1")
    assert (project.home / "own.db").exists()
    assert "stage" in project.run("environments", "list")


@pytest.mark.parametrize("way", ["option", "variable"])
def test_an_option_and_the_variable_beat_the_store_of_the_file(project: Understudy, way: str) -> None:
    write(project, 'store = "own.db"')
    other = str(project.home / "other.db")
    given, variable = (("--store", other), "") if way == "option" else ((), other)
    project.run("environments", "set", "stage", "a=1", *given, UNDERSTUDY_STORE=variable)
    assert not (project.home / "own.db").exists()
    assert Path(other).exists()


def test_the_nearest_file_counts(project: Understudy) -> None:
    write(project, 'store = "own.db"')
    (project.home / "src" / "understudy.toml").write_text('store = "nearer.db"')
    project.run("environments", "set", "stage", "a=1")
    assert (project.home / "src" / "nearer.db").exists()


def test_nothing_above_the_home_of_the_user_is_looked_at(project: Understudy) -> None:
    write(project, "what =")
    project.run("sessions", "list", HOME=str(project.home / "src"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("store =", "is not TOML: "),
        ("storage = 'u.db'", ": storage: there is no such key; a project file has store, upstream, hosts, replay"),
        (
            "[replay]\nignore_query = 'ts'",
            ': replay.ignore_query takes a list of texts, such as ["a", "b"], got \'ts\'',
        ),
        ("[redaction]\njson = ['ssn']", ": redaction: a rule for JSON is a path such as $.user.ssn"),
    ],
)
def test_a_mistake_in_the_file_is_one_line(project: Understudy, text: str, message: str) -> None:
    file = write(project, text)
    assert f"{file}{message}" in refused(project, "sessions list").replace(f"{file} is", f"{file}is")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("upstream = 'api.test'", "upstream: expected a URL like http"),
        ("upstream = 'http://api.test/v1'", "upstream takes scheme, host and port only"),
        ("hosts = ['api.test']", "hosts takes HOST:PORT:ADDRESS"),
        ("[replay]\nignore_json = ['$.at[']", "replay.ignore_json: "),
        ("[replay]\nignore_header = ['Date']", "replay.ignore_header: this takes headers out of all headers"),
    ],
)
def test_a_wrong_value_is_one_line_of_the_command_that_uses_it(project: Understudy, text: str, message: str) -> None:
    file = write(project, text)
    assert f"Error: {file}: {message}" in refused(project, "record --listen 127.0.0.1:0")


def test_only_verbose_help_shows_where_the_file_is(project: Understudy) -> None:
    assert "Project file: no understudy.toml in this folder or above it" in quickly(project, "-v", "--help")
    file = write(project, 'store = "own.db"')
    assert f"Project file: {file}\n" in quickly(project, "-v", "--help")
    assert str(file) not in quickly(project, "--help")


def test_its_redaction_rules_are_listed_with_those_of_the_store(project: Understudy) -> None:
    write(project, '[redaction]\nquery = ["sid"]')
    project.run("redaction", "add", "--header", "X-Session")
    listed = project.json("redaction", "list")
    assert (listed["headers"], listed["query"]) == (["x-session"], ["sid"])
    write(project, "")
    assert project.json("redaction", "list")["query"] == []


def test_a_recording_is_redacted_by_its_rules(project: Understudy) -> None:
    with upstream(shop_api()) as url:
        write(project, f'store = "own.db"\nupstream = "{url}"\n[redaction]\nquery = ["page"]')
        with project.serving("record", "--session", "shop", "--redact") as gateway:
            call(f"{gateway.url}/users/1?page=t0ps3cret-t0ps3cret")
            assert project.json("sessions", "show", "shop")["exchanges"] == 1
    assert b"t0ps3cret" not in (project.home / "own.db").read_bytes()


def test_upstream_none_beats_the_upstream_of_the_file(project: Understudy) -> None:
    write(project, 'store = "own.db"\nupstream = "http://127.0.0.1:9"')
    with project.serving("record") as gateway:
        assert "in front of http://127.0.0.1:9" in gateway.log
    with project.serving("record", "--upstream", "none") as gateway:
        assert "as a forward proxy" in gateway.log


def test_names_have_the_addresses_of_the_file(project: Understudy) -> None:
    with upstream(shop_api()) as url:
        port = url.rpartition(":")[2]
        write(project, f'store = "own.db"\nhosts = ["api.invalid:{port}:127.0.0.1"]')
        with project.serving("record", "--upstream", f"http://api.invalid:{port}") as gateway:
            assert call(f"{gateway.url}/users/1")[0] == 200
