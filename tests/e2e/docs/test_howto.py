"""The how-tos: the tests follow each page and compare the output."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.e2e.clients.logins import Logins
from tests.e2e.clients.servers import complete
from tests.programs import Understudy, free_port, probe, upstream, wait_for
from tests.transcripts import Shell, steps, write_files

ROOT = Path(__file__).parents[3]
HOWTO = ROOT / "docs/howto"
PROXY, CLOCK, DURATION = r"by http://127\.0\.0\.1:\d+", r"\d\d:\d\d:\d\d", r"\d\.\d{3}s"


@contextmanager
def sample_api(port: int) -> Iterator[None]:
    """Run the API that the pages call."""
    with subprocess.Popen([sys.executable, "-m", "demo.sample_api", str(port)], cwd=ROOT) as sample:
        try:
            wait_for(lambda: probe(port))
            yield
        finally:
            sample.terminate()


def shell(understudy: Understudy, *, replacements: dict[str, str] | None = None, **environment: str) -> Shell:
    """Return a shell in its own folder."""
    here = {"/tmp/understudy.db": str(understudy.store), "python ": f"{sys.executable} "}
    given = understudy.environment | {"PYTHONPATH": str(ROOT)} | environment
    return Shell(understudy.home, given, here | (replacements or {}), (PROXY, CLOCK, DURATION))


def test_a_test_suite_is_recorded_then_replayed_in_ci(understudy: Understudy) -> None:
    """The second page continues the first; after the recording, the API is stopped."""
    port = free_port()
    reader = shell(understudy, replacements={"9000": str(port)})
    # The files are written before the server starts, with its port instead of the page's.
    page = (HOWTO / "record-a-test-suite.md").read_text().replace("9000", str(port))
    write_files(page, understudy.home)
    record, replay = steps(page)
    with sample_api(port):
        reader.run(*record)
    reader.run(*replay)
    for command, shown in steps((HOWTO / "replay-in-ci.md").read_text()):
        reader.run(command, shown)


def test_a_project_file_holds_what_commands_have_in_common(understudy: Understudy) -> None:
    """Its folder is the reader's, and no variable names a store."""
    port = free_port()
    reader = shell(understudy, replacements={"9000": str(port)}, UNDERSTUDY_STORE="")
    page = (ROOT / "docs/project-file.md").read_text().replace("9000", str(port))
    write_files(page, understudy.home)
    record, replay = steps(page)
    with sample_api(port):
        reader.run(*record)
    reader.run(*replay)
    assert understudy.store.exists()


def test_an_llm_client_is_recorded(understudy: Understudy) -> None:
    """A small server streams as the real one does."""
    with upstream(complete) as url:
        reader = shell(understudy, OPENAI_BASE_URL=f"{url}/v1", OPENAI_API_KEY="t0ps3cret")
        page = (HOWTO / "record-an-llm-client.md").read_text()
        write_files(page, understudy.home)
        record, *others = steps(page)
        reader.run(*record)
    for command, shown in others:
        reader.run(command, shown)
    assert b"t0ps3cret" not in understudy.store.read_bytes()


def test_a_sign_in_is_recorded(understudy: Understudy) -> None:
    """The server is stopped after the recording; the last client makes a state of its own."""
    with upstream(Logins().serve) as url:
        reader = shell(understudy, LOGIN_URL=url, OAUTHLIB_INSECURE_TRANSPORT="1")
        page = (HOWTO / "record-a-sign-in.md").read_text()
        write_files(page, understudy.home)
        record, *others = steps(page)
        reader.run(*record)
    for command, shown in others:
        reader.run(command, shown)
