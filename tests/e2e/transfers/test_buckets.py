"""S3 without its server: a file that was sent in several parts, and fetched by ranges."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from ssl import PROTOCOL_TLS_SERVER, SSLContext

import pytest

from tests.e2e.programs.test_run_command import Done, run
from tests.e2e.transfers.buckets import KEYS, PART, Transfer, by_boto3, by_rclone, serving_buckets
from tests.integration.audit import Audit
from tests.peers.certificates import make_certificate
from tests.programs import Understudy

pytestmark = pytest.mark.once
HOST = "s3.test"  # resolves nowhere (RFC 6761, section 6.2)
CONTENT = b"".join(sha256(b"%d" % number).digest() for number in range(2 * PART // 32 + 5000))  # two parts, and a third

OPTIONS: dict[Transfer, tuple[str, ...]] = {by_boto3: (), by_rclone: ("--no-env", "AWS_CA_BUNDLE")}  # which it refuses


@dataclass(frozen=True)
class Recorded:
    """A client whose transfers were recorded, both ways."""

    understudy: Understudy
    transfer: Transfer
    url: str

    def replay(self, understudy: Understudy, word: str, file: Path) -> Done:
        """Transfer a file by the recording."""
        command = self.transfer(word, self.url, file)
        return run(understudy, "replay", word, *OPTIONS[self.transfer], "--", *command, **KEYS)

    def mock(self, word: str, file: Path) -> subprocess.CompletedProcess[str]:
        """Transfer a file by a mock server that is made of the recording."""
        self.understudy.run("promote", "--session", word, "--to", word)
        self.understudy.run("mocks", "create", word, "--collection", word)
        with self.understudy.mocks_serving(word) as serving:
            command = self.transfer(word, serving.url, file)
            environment = self.understudy.environment | KEYS
            return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def no_inherited_bundle() -> Iterator[None]:
    """An environment without the variable."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("AWS_CA_BUNDLE", raising=False)
        yield


@pytest.fixture(scope="module", params=[by_boto3, by_rclone])
def recorded(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, no_inherited_bundle: None
) -> Recorded:
    """A file that was sent in one session, and fetched in another."""
    if request.param is by_rclone and shutil.which("rclone") is None:
        pytest.skip("rclone is not installed")
    understudy = Understudy(tmp_path_factory.mktemp("buckets"))
    sent, fetched = understudy.home / "sent", understudy.home / "fetched"
    sent.write_bytes(CONTENT)
    certificate = make_certificate(understudy.home / "s3.pem", HOST)
    tls = SSLContext(PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    with serving_buckets(tls) as port:
        server = ("--resolve", f"{HOST}:{port}:127.0.0.1", "--upstream-ca", certificate)
        options = (*server, *OPTIONS[request.param])
        for word, file in (("send", sent), ("fetch", fetched)):
            command = request.param(word, f"https://{HOST}:{port}", file)
            done = run(understudy, "record", "-s", word, *options, "--", *command, **KEYS)
            assert done.code == 0, done.err
    assert fetched.read_bytes() == CONTENT
    return Recorded(understudy, request.param, f"https://{HOST}:{port}")


# rclone writes the elements of an XML body in another order each time.
@pytest.mark.parametrize("recorded", [by_boto3], indirect=True)
def test_a_file_is_sent_in_parts(recorded: Recorded) -> None:
    """Every part is in the recording: the client takes the checksums that it gets for those of the file."""
    audit, sent = Audit(recorded.understudy.home), recorded.understudy.home / "sent"
    done = recorded.replay(audit.of(recorded.understudy), "send", sent)
    assert (done.code, audit.calls) == (0, []), done.err
    assert "not used" not in done.err


@pytest.mark.parametrize("recorded", [by_boto3], indirect=True)
def test_another_file_is_no_part_of_the_recording(recorded: Recorded, tmp_path: Path) -> None:
    """One byte of the last part differs."""
    other = tmp_path / "other"
    other.write_bytes(CONTENT[:-1] + b"?")
    done = recorded.replay(recorded.understudy, "send", other)
    assert done.code != 0
    assert "body differs" in done.err


def test_a_mock_server_takes_the_parts(recorded: Recorded) -> None:
    done = recorded.mock("send", recorded.understudy.home / "sent")
    assert done.returncode == 0, done.stderr


def test_a_file_is_fetched_by_ranges(recorded: Recorded, tmp_path: Path) -> None:
    """Several at a time."""
    done = recorded.replay(recorded.understudy, "fetch", tmp_path / "fetched")
    assert done.code == 0, done.err
    assert (tmp_path / "fetched").read_bytes() == CONTENT


def test_a_mock_server_gives_ranges(recorded: Recorded, tmp_path: Path) -> None:
    """Several at a time."""
    done = recorded.mock("fetch", tmp_path / "mocked")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "mocked").read_bytes() == CONTENT
