"""The environment in which a command's HTTP clients go through a gateway, and trust what it presents."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

PROXY_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "WS_PROXY", "WSS_PROXY")
# Programs that look here first: their own setting, which a file of theirs may have set otherwise.
CLIENT_PROXY_VARIABLES = (
    "npm_config_proxy",
    "npm_config_https_proxy",
    "YARN_HTTP_PROXY",
    "YARN_HTTPS_PROXY",
    "PIP_PROXY",
    "CARGO_HTTP_PROXY",
    "grpc_proxy",
)
# What they name is called directly. A child that inherited NO_PROXY=localhost would escape: they are emptied, not
# taken out, so that no configuration file or system setting comes in their place.
NO_PROXY_VARIABLES = ("NO_PROXY", "npm_config_noproxy", "no_grpc_proxy")
# Would come before those above.
SOCKS_VARIABLES = ("SOCKS_PROXY", "SOCKS5_PROXY", "SOCKS_SERVER")

# The file of each takes the place of the roots that its reader has, so it has to hold those too.
ROOTS_VARIABLES = (
    "SSL_CERT_FILE",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "PIP_CERT",
    "AWS_CA_BUNDLE",
    "GIT_SSL_CAINFO",
    "npm_config_cafile",
    "YARN_HTTPS_CA_FILE_PATH",
    "CARGO_HTTP_CAINFO",
    "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
    "NIX_SSL_CERT_FILE",
    "HTTPLIB2_CA_CERTS",
)
# The file of each is trusted beside the reader's own roots.
EXTRA_ROOTS_VARIABLES = ("NODE_EXTRA_CA_CERTS", "DENO_CERT")

URL_VARIABLE = "UNDERSTUDY_URL"
JAVA_VARIABLE = "JAVA_TOOL_OPTIONS"
STORE_PASSWORD = "changeit"  # Java's own, for a store without secrets


@dataclass(frozen=True, slots=True)
class ProxyAccess:
    """How a command reaches a gateway: `host` and `port` of its proxy, the certificate files that it is to trust.

    `reverse`: the gateway also takes an API's place at that address. `java_store` is a trust store for Java, if any.
    """

    host: str
    port: int
    roots: Path
    further_roots: Path
    reverse: bool = False
    java_store: Path | None = None

    @property
    def url(self) -> str:
        """The proxy's URL."""
        return f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"


def build_environment(inherited: Mapping[str, str], access: ProxyAccess) -> dict[str, str]:
    """The environment of the command, made from the one that it would inherit."""
    variables = {name: value for name, value in inherited.items() if name.upper() not in SOCKS_VARIABLES}
    for name in (*PROXY_VARIABLES, *CLIENT_PROXY_VARIABLES):
        variables |= dict.fromkeys(_expand_cases(name), access.url)
    for name in NO_PROXY_VARIABLES:
        variables |= dict.fromkeys(_expand_cases(name), "")
    variables |= dict.fromkeys(ROOTS_VARIABLES, str(access.roots)) | dict.fromkeys(
        EXTRA_ROOTS_VARIABLES, str(access.further_roots)
    )
    variables["NODE_USE_ENV_PROXY"] = "1"
    if access.reverse:
        variables[URL_VARIABLE] = access.url
    if access.java_store is not None:
        options = " ".join(_build_java_options(access, access.java_store))
        variables[JAVA_VARIABLE] = f"{inherited[JAVA_VARIABLE]} {options}" if inherited.get(JAVA_VARIABLE) else options
    return variables


def _expand_cases(name: str) -> tuple[str, ...]:
    # The common ones are read in either case, by some in one of them only.
    return (
        (name, name.lower()) if name.endswith("_PROXY") and name in (*PROXY_VARIABLES, *NO_PROXY_VARIABLES) else (name,)
    )


def _build_java_options(way: ProxyAccess, store: Path) -> Iterable[str]:
    for scheme in ("http", "https"):
        yield f"-D{scheme}.proxyHost={way.host}"
        yield f"-D{scheme}.proxyPort={way.port}"
    yield "-Dhttp.nonProxyHosts="
    yield f"-Djavax.net.ssl.trustStore={store}"
    yield f"-Djavax.net.ssl.trustStorePassword={STORE_PASSWORD}"
    yield "-Djavax.net.ssl.trustStoreType=PKCS12"


def bundle_roots(authority: bytes, inherited: Mapping[str, str], names: Iterable[str], usual: Iterable[Path]) -> bytes:
    """A PEM file: the authority, then what the inherited variables of these names trust, or else the `usual` roots."""
    files = dict.fromkeys(Path(inherited[name]) for name in names if inherited.get(name))
    known = [content for file in files if (content := _read_if_present(file))]
    if not known:
        known = [content for file in usual if (content := _read_if_present(file))][:1]
    return b"\n".join([authority, *known])


def _read_if_present(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:  # a variable may name what is not there, and its reader would do without
        return b""
