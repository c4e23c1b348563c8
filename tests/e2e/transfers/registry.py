"""A registry of npm packages: a small tree, with a scope and with names that mean something elsewhere."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import tarfile
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import unquote

from tests.programs import answer

PUBLIC = "https://packages.example"  # in metadata, as of a registry behind a mirror


@dataclass(frozen=True)
class Package:
    """A package and what it depends on."""

    name: str
    version: str
    dependencies: dict[str, str] = field(default_factory=dict)

    @property
    def path(self) -> str:
        return f"/{self.name}/-/{self.name.rpartition('/')[2]}-{self.version}.tgz"

    @property
    def described(self) -> dict[str, Any]:
        return {"name": self.name, "version": self.version, "dependencies": self.dependencies}

    @property
    def tarball(self) -> bytes:
        """Its files, with the same bytes each time."""
        files = {"package.json": json.dumps(self.described), "index.js": f"module.exports = '{self.name}';\n"}
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as archive:
            for name, text in files.items():
                entry = tarfile.TarInfo(f"package/{name}")
                entry.size = len(text)
                archive.addfile(entry, io.BytesIO(text.encode()))
        return gzip.compress(packed.getvalue(), mtime=0)

    @property
    def metadata(self) -> bytes:
        """Its description in the registry, in the short form that installations ask for."""
        digest = base64.b64encode(hashlib.sha512(self.tarball).digest()).decode()
        dist = {
            "tarball": PUBLIC + self.path,
            "integrity": f"sha512-{digest}",
            "shasum": hashlib.sha1(self.tarball).hexdigest(),
            "signatures": [{"keyid": "SHA256:" + digest[:43], "sig": digest}],
        }
        versions = {self.version: self.described | {"dist": dist}}
        return json.dumps({"name": self.name, "dist-tags": {"latest": self.version}, "versions": versions}).encode()


PACKAGES = (
    Package("web", "1.0.0", {"cookie": "^1.0.0", "@shop/secret": "2.1.0"}),
    Package("cookie", "1.0.2"),
    Package("@shop/secret", "2.1.0", {"token": "~0.3.0"}),
    Package("token", "0.3.4"),
)
PROJECT = json.dumps({"name": "project", "version": "1.0.0", "dependencies": {"web": "^1.0.0"}})


def serve_registry(handler: BaseHTTPRequestHandler) -> None:
    """Answer with metadata, a tarball, or that no package has a known vulnerability."""
    path = unquote(handler.path)
    for package in PACKAGES:
        if path == package.path:
            return answer(handler, package.tarball, Content_Type="application/octet-stream")
        if path == f"/{package.name}":
            return answer(handler, package.metadata, Content_Type="application/vnd.npm.install-v1+json")
    if path == "/-/npm/v1/security/advisories/bulk":
        return answer(handler, b"{}", Content_Type="application/json")
    return answer(handler, b'{"error": "not found"}', 404, Content_Type="application/json")
