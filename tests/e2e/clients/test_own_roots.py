"""wget, PHP and Perl over HTTPS, whose roots have settings of their own: recorded, and replayed without the server."""

from __future__ import annotations

import shutil
import subprocess
from http.server import BaseHTTPRequestHandler
from ssl import PROTOCOL_TLS_SERVER, SSLContext

import pytest

from tests.e2e.programs.test_run_command import run
from tests.peers.certificates import make_certificate
from tests.programs import Understudy, answer, upstream

pytestmark = pytest.mark.once
HOST = "api.shop.test"  # resolves nowhere (RFC 6761, section 6.2)
PHP = """$c = curl_init($argv[1]); curl_setopt($c, CURLOPT_RETURNTRANSFER, true);
echo curl_exec($c) ?: curl_error($c);"""
PERL = "use LWP::UserAgent; print LWP::UserAgent->new->get(shift)->decoded_content"
COMMANDS = {
    "wget": ["wget", "--quiet", "--output-document=-"],
    "php": ["php", "-r", PHP, "--"],
    "perl": ["perl", "-e", PERL],
}
MODULES = {
    "wget": ["wget", "--version"],
    "php": ["php", "-r", "exit(function_exists('curl_init') ? 0 : 1);"],
    "perl": ["perl", "-MLWP::Protocol::https", "-e", "1"],
}


def shop(handler: BaseHTTPRequestHandler) -> None:
    answer(handler, f"{handler.path} by {handler.headers['User-Agent']}".encode())


@pytest.fixture(params=COMMANDS)
def client(request: pytest.FixtureRequest) -> str:
    """The name of a client that is installed."""
    name: str = request.param
    check = MODULES[name]
    if shutil.which(name) is None or subprocess.run(check, capture_output=True, check=False).returncode:
        pytest.skip(f"{name} is not installed, or its module for HTTPS")
    return name


def test_a_client_gets_the_same_without_its_server(understudy: Understudy, client: str) -> None:
    certificate = make_certificate(understudy.home / "shop.pem", HOST)
    tls = SSLContext(PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    with upstream(shop, tls=tls) as url:
        place = f"{HOST}:{url.rpartition(':')[2]}"
        command = ("--", *COMMANDS[client], f"https://{place}/of-{client}")
        options = ("--resolve", f"{place}:127.0.0.1", "--upstream-ca", certificate)
        recorded = run(understudy, "record", "-s", client, *options, *command)
    replayed = run(understudy, "replay", client, *command)
    assert recorded.out.startswith(f"/of-{client} by ")
    assert (replayed.out, replayed.code) == (recorded.out, 0)


def test_a_client_without_its_variables_is_named(understudy: Understudy, client: str) -> None:
    """Not with the hint at proxy variables, which it reads."""
    unchanged = ("WGETRC", "PHP_INI_SCAN_DIR", "PERL_LWP_SSL_CA_FILE", "HTTPS_CA_FILE", "SSL_CERT_FILE")
    options = [word for name in unchanged for word in ("--no-env", name)]
    done = run(understudy, "record", "-s", client, *options, "--", *COMMANDS[client], f"https://{HOST}/")
    assert f"understudy: TLS was ended by clients 1 time for {HOST}: " in done.err
    assert "no request came" not in done.err
