"""Every client, one after the other, as one command: prints as JSON what each of them got.

python -m tests.e2e.clients.everyone SHOP CLOUD CHAT ORDERS
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from typing import Any

# fetch reads the proxy variables from these versions on.
NODE_WITH_PROXIES = ((22, 21), (24, 0))
NODE_FETCH = """
const got = await fetch(process.argv[1] + '/items?page=1', {headers: {'X-Client': 'node'}});
const sent = await fetch(process.argv[1] + '/echo', {method: 'POST', body: 'from node'});
console.log(got.status, got.headers.get('x-page'), await got.text(), sent.status, await sent.text());
"""


def curl(version: str, shop: str) -> Any:
    """curl by one version of HTTP: an answer with its fields as they came, then a body that it sent."""
    shown = ["-w", "\n%{http_version} %{http_code}\n"]
    command = ["curl", "-q", "-sS", f"--http{version}", *shown, "-i", f"{shop}/items?page=1"]
    return _run([*command, "--next", "-sS", *shown, "-d", "a=1&b=2", f"{shop}/echo"])


def by_requests(shop: str) -> Any:
    """requests: a body that is unzipped, JSON that is sent, an error."""
    import requests

    with requests.Session() as session:
        zipped, missing = session.get(f"{shop}/zipped"), session.get(f"{shop}/missing")
        sent = session.post(f"{shop}/echo", json={"from": "requests"})
    return [zipped.text, dict(zipped.headers), missing.status_code, missing.json(), sent.status_code, sent.json()]


def by_httpx(shop: str) -> Any:
    """httpx by HTTP/2."""
    import httpx

    with httpx.Client(http2=True) as client:
        got, sent = client.get(f"{shop}/items?page=2"), client.post(f"{shop}/echo", json={"from": "httpx"})
    return [got.http_version, got.status_code, list(got.headers.multi_items()), got.json(), sent.json()]


def by_aiohttp(shop: str) -> Any:
    """aiohttp, several requests at a time."""
    import aiohttp

    async def ask(session: aiohttp.ClientSession, page: int) -> list[Any]:
        async with session.get(f"{shop}/items?page={page}") as got:
            return [got.status, dict(got.headers), await got.json()]

    async def ask_all() -> list[Any]:
        async with aiohttp.ClientSession(trust_env=True) as session:
            return list(await asyncio.gather(*(ask(session, page) for page in range(5))))

    return asyncio.run(ask_all())


def by_openai(shop: str) -> Any:
    """The pieces of a streamed completion."""
    import openai

    with openai.OpenAI(base_url=f"{shop}/v1", api_key="none", max_retries=0) as client:
        message: Any = {"role": "user", "content": "Is it here?"}
        stream = client.chat.completions.create(model="m", messages=[message], stream=True)
        return [piece.choices[0].delta.content for piece in stream]


def by_boto3(cloud: str) -> Any:
    """An object that is put and got, and an error."""
    import boto3
    from botocore.config import Config
    from botocore.exceptions import ClientError

    secrets = {"aws_access_key_id": "a", "aws_secret_access_key": "s"}
    config = Config(s3={"addressing_style": "path"})
    store = boto3.client("s3", endpoint_url=cloud, region_name="us-east-1", config=config, **secrets)
    store.create_bucket(Bucket="bucket")
    put = store.put_object(Bucket="bucket", Key="key", Body=b"content" * 1000)
    got = store.get_object(Bucket="bucket", Key="key")
    try:
        store.get_object(Bucket="bucket", Key="other")
    except ClientError as error:
        return [put["ETag"], got["Body"].read().decode(), str(got["LastModified"]), str(error)]
    return "no error"


def by_node(shop: str) -> Any:
    """Node's fetch: by the proxy where it can, else at the gateway's own address; None without Node."""
    node = shutil.which("node")
    if node is None:
        return None
    version = tuple(map(int, re.findall(r"\d+", _run([node, "--version"]))[:2]))
    by_proxy = version >= NODE_WITH_PROXIES[1] or (version[0] == 22 and version >= NODE_WITH_PROXIES[0])
    return _run([node, "--input-type=module", "-e", NODE_FETCH, shop if by_proxy else os.environ["UNDERSTUDY_URL"]])


def _run(command: list[str]) -> str:
    quiet = os.environ | {"NODE_NO_WARNINGS": "1"}  # Node 18 warns of its own fetch, by its process id
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=quiet)
    return done.stdout + done.stderr


def by_websockets(chat: str) -> Any:
    """The messages of a WebSocket, as text and as bytes."""
    return asyncio.run(_by_websockets(chat))


async def _by_websockets(chat: str) -> Any:
    # Its client of threads reads and writes TLS 1.3 at once, which loses a request in a hundred, with no gateway too.
    from websockets.asyncio.client import connect

    async with asyncio.timeout(20), connect(f"{chat}/room") as client:
        received: list[Any] = [await client.recv()]
        for message in ("one", b"\x00two"):
            await client.send(message)
            received.append(await client.recv())
    return list(map(repr, received))


def by_grpcio(orders: str) -> Any:
    """A unary call and a server stream."""
    import grpc

    with grpc.secure_channel(orders, grpc.ssl_channel_credentials()) as opened:
        channel: Any = opened  # whose types ask for serializers, which are needless for bytes
        got = channel.unary_unary("/shop.Orders/Get")(b"tea", timeout=20)
        watched = list(channel.unary_stream("/shop.Orders/Watch")(b"tea", timeout=20))
    return [got.decode(), *(one.decode() for one in watched)]


def clients(shop: str = "", cloud: str = "", chat: str = "", orders: str = "") -> dict[str, Callable[[], Any]]:
    """Every client by its name."""
    return {
        "curl by HTTP/1.1": lambda: curl("1.1", shop),
        "curl by HTTP/2": lambda: curl("2", shop),
        "requests": lambda: by_requests(shop),
        "httpx by HTTP/2": lambda: by_httpx(shop),
        "aiohttp": lambda: by_aiohttp(shop),
        "openai": lambda: by_openai(shop),
        "boto3": lambda: by_boto3(cloud),
        "websockets": lambda: by_websockets(chat),
        "grpcio": lambda: by_grpcio(orders),
        "node": lambda: by_node(shop),
    }


def _call(client: Callable[[], Any]) -> Any:
    try:
        return client()
    except Exception as error:  # noqa: BLE001 - the test shows it
        return repr(error)


if __name__ == "__main__":
    json.dump({name: _call(client) for name, client in clients(*sys.argv[1:]).items()}, sys.stdout)
