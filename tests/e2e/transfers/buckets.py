"""S3, and clients that send a file in several parts and fetch it by ranges: boto3 as a command, and rclone.

python -m tests.e2e.transfers.buckets send|fetch URL FILE
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from ssl import SSLContext
from typing import Any
from unittest.mock import patch

ROOT = Path(__file__).parents[3]
PART = 5 << 20  # S3 takes no smaller one but the last
BUCKET, KEY = "bucket", "folder/data.bin"
KEYS = {
    "AWS_ACCESS_KEY_ID": "a",
    "AWS_SECRET_ACCESS_KEY": "s",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}

# The command that sends a file to a server, or fetches it: the word, the server's URL, the file.
Transfer = Callable[[str, str, Path], list[str]]


@contextmanager
def serving_buckets(tls: SSLContext) -> Iterator[int]:
    """The port of moto's server over HTTPS."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    # Read when it is imported; without, it takes the first part of its own name for a bucket.
    with patch.dict(os.environ, {"S3_IGNORE_SUBDOMAIN_BUCKETNAME": "true"}):
        from moto.moto_api._internal.models import moto_api_backend
        from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
        from werkzeug.serving import make_server

        moto_api_backend.reset()  # all servers of a process have the same buckets
        app = DomainDispatcherApplication(create_backend_app)
        server = make_server("127.0.0.1", 0, app, threaded=True, ssl_context=tls)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


def by_boto3(word: str, url: str, file: Path) -> list[str]:
    """Each part is sent in chunks of S3's own, with a checksum after the last one."""
    return ["env", f"PYTHONPATH={ROOT}", sys.executable, "-m", __name__, word, url, str(file)]


def by_rclone(word: str, url: str, file: Path) -> list[str]:
    """Its storage is described by its options alone."""
    remote = f":s3,provider=Other,env_auth,force_path_style,endpoint='{url}':{BUCKET}/{KEY}"
    ends = [str(file), remote] if word == "send" else [remote, str(file)]
    # moto gives every object a version, but does not find it by that.
    parts = [
        "--s3-no-head",
        "--s3-upload-cutoff=0",
        "--s3-chunk-size=5M",
        "--multi-thread-cutoff=1M",
        "--multi-thread-streams=4",
    ]
    return ["rclone", "--config=", "--retries=1", "--low-level-retries=1", *parts, "copyto", *ends]


def send(url: str, file: str) -> None:
    """Send a file with several parts at a time."""
    store, parts = _open(url)
    store.create_bucket(Bucket=BUCKET)
    store.upload_file(file, BUCKET, KEY, Config=parts)


def fetch(url: str, file: str) -> None:
    """Fetch it with several ranges at a time."""
    store, parts = _open(url)
    store.download_file(BUCKET, KEY, file, Config=parts)


def _open(url: str) -> tuple[Any, Any]:
    import boto3
    from boto3.s3.transfer import TransferConfig
    from botocore.config import Config

    store = boto3.client("s3", endpoint_url=url, config=Config(s3={"addressing_style": "path"}))
    return store, TransferConfig(multipart_threshold=PART, multipart_chunksize=PART, max_concurrency=4)


if __name__ == "__main__":
    {"send": send, "fetch": fetch}[sys.argv[1]](*sys.argv[2:])
