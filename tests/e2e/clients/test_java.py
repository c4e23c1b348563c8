"""Java, which reads none of the usual variables, by --java-truststore."""

from __future__ import annotations

import shutil

import pytest

from tests.e2e.programs.test_run_command import run
from tests.programs import Understudy
from understudy.store.model.exchanges import Exchange, Timings
from understudy.store.model.messages import Headers, Origin, Request, Response
from understudy.store.sql.open_store import open_store

pytestmark = pytest.mark.once
ORIGINS = ("https://api.shop.invalid", "http://localhost:9")  # Java would call localhost directly
ASK = """
import java.net.ProxySelector;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;

public class Ask {
    public static void main(String[] urls) throws Exception {
        HttpClient client = HttpClient.newBuilder().proxy(ProxySelector.getDefault()).build();
        for (String url : urls) {
            HttpRequest request = HttpRequest.newBuilder(URI.create(url)).build();
            System.out.print(client.send(request, HttpResponse.BodyHandlers.ofString()).body());
        }
    }
}
"""


@pytest.mark.skipif(not (shutil.which("javac") and shutil.which("keytool")), reason="optional: Java is not installed")
def test_java_uses_the_gateway_and_trusts_it(understudy: Understudy) -> None:
    """Its own HTTP client, over HTTPS and where it would make an exception."""
    store = open_store(str(understudy.store))
    session = store.sessions.create("java", None)
    requests = [Request("GET", b"/items", origin=Origin.parse(origin)) for origin in ORIGINS]
    store.history.add(
        [Exchange(session.id, one, Response(200, Headers(), b"kept\n"), Timings(1.0)) for one in requests]
    )
    store.close()
    program = understudy.home / "Ask.java"
    program.write_text(ASK)
    urls = [f"{origin}/items" for origin in ORIGINS]
    done = run(understudy, "replay", "java", "--java-truststore", "--", "java", program, *urls)
    assert (done.code, done.out) == (0, "kept\nkept\n")
