"""The environment in which a command's HTTP clients use a gateway and trust its certificates."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

PROXY_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "WS_PROXY", "WSS_PROXY")
# The own settings of programs, which come before those above; a configuration file may have set them otherwise.
CLIENT_PROXY_VARIABLES = (
    "npm_config_proxy",
    "npm_config_https_proxy",
    "YARN_HTTP_PROXY",
    "YARN_HTTPS_PROXY",
    "PIP_PROXY",
    "CARGO_HTTP_PROXY",
    "grpc_proxy",
)
# Hosts that are called directly. A command that inherited NO_PROXY=localhost would bypass the gateway. These are set to
# "", not removed: else a configuration file or a system setting would take their place.
NO_PROXY_VARIABLES = ("NO_PROXY", "npm_config_noproxy", "no_grpc_proxy")
# These would come before those above.
SOCKS_VARIABLES = ("SOCKS_PROXY", "SOCKS5_PROXY", "SOCKS_SERVER")

# The file of each replaces the roots of its reader, so it has to hold those too.
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
    "PERL_LWP_SSL_CA_FILE",
    "HTTPS_CA_FILE",
)
# The file of each is trusted in addition to the roots of its reader.
EXTRA_ROOTS_VARIABLES = ("NODE_EXTRA_CA_CERTS", "DENO_CERT")

URL_VARIABLE = "UNDERSTUDY_URL"
JAVA_VARIABLE = "JAVA_TOOL_OPTIONS"
# wget and PHP read roots from files of settings only; these variables name such files.
WGET_VARIABLE = "WGETRC"
PHP_VARIABLE = "PHP_INI_SCAN_DIR"
# Without these, Node and Perl's LWP do not read the proxy variables.
SWITCHES = ("NODE_USE_ENV_PROXY", "PERL_LWP_ENV_PROXY")
STORE_PASSWORD = "changeit"  # Java's own, for a store without secrets


@dataclass(frozen=True, slots=True)
class ProxyAccess:
    """How a command reaches a gateway: `host` and `port` of the proxy, and the certificate files to trust.

    `reverse`: the gateway also stands in for an API at that address. `java_store` is a trust store for Java, if needed;
    `wgetrc` is a file of settings for wget, `php_folder` a folder of them for PHP.
    """

    host: str
    port: int
    roots: Path
    further_roots: Path
    reverse: bool = False
    java_store: Path | None = None
    wgetrc: Path | None = None
    php_folder: Path | None = None

    @property
    def url(self) -> str:
        """The URL of the proxy."""
        return f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"


def build_environment(
    inherited: Mapping[str, str], access: ProxyAccess, unchanged: Iterable[str] = ()
) -> dict[str, str]:
    """Return the environment of the command, made from the one that it would inherit; `unchanged` names stay so."""
    variables = {name: value for name, value in inherited.items() if name.upper() not in SOCKS_VARIABLES}
    for name in (*PROXY_VARIABLES, *CLIENT_PROXY_VARIABLES):
        variables |= dict.fromkeys(_expand_cases(name), access.url)
    for name in NO_PROXY_VARIABLES:
        variables |= dict.fromkeys(_expand_cases(name), "")
    variables |= dict.fromkeys(ROOTS_VARIABLES, str(access.roots)) | dict.fromkeys(
        EXTRA_ROOTS_VARIABLES, str(access.further_roots)
    )
    variables |= dict.fromkeys(SWITCHES, "1") | _name_settings(inherited, access)
    if access.reverse:
        variables[URL_VARIABLE] = access.url
    if access.java_store is not None:
        options = " ".join(_build_java_options(access, access.java_store))
        variables[JAVA_VARIABLE] = f"{inherited[JAVA_VARIABLE]} {options}" if inherited.get(JAVA_VARIABLE) else options
    names = frozenset(unchanged)
    kept = {name: value for name, value in inherited.items() if name in names}
    return {name: value for name, value in variables.items() if name not in names} | kept


def list_changed_variables() -> frozenset[str]:
    """Return the names of all variables that `build_environment` may set or remove."""
    nowhere = Path("/")
    access = ProxyAccess("", 0, nowhere, nowhere, reverse=True, java_store=nowhere, wgetrc=nowhere, php_folder=nowhere)
    return frozenset((*build_environment({}, access), *SOCKS_VARIABLES, *map(str.lower, SOCKS_VARIABLES)))


def _name_settings(inherited: Mapping[str, str], access: ProxyAccess) -> dict[str, str]:
    variables = {}
    if access.wgetrc is not None:
        variables[WGET_VARIABLE] = str(access.wgetrc)
    if access.php_folder is not None:
        # An empty part of the list is PHP's own folder.
        variables[PHP_VARIABLE] = f"{inherited.get(PHP_VARIABLE, '')}{os.pathsep}{access.php_folder}"
    return variables


def render_wgetrc(inherited: Mapping[str, str], roots: Path) -> str:
    """Return the settings of wget: those that it would read, and the roots."""
    own = inherited.get(WGET_VARIABLE) or os.path.join(inherited.get("HOME", ""), ".wgetrc")
    content = _read_if_present(Path(own)).decode("utf-8", "surrogateescape")
    return f"{content}\nca_certificate = {roots}\n"


def render_php_settings(roots: Path) -> str:
    """Return the settings by which PHP's streams and its curl trust the roots."""
    return f'openssl.cafile = "{roots}"\ncurl.cainfo = "{roots}"\n'


def _expand_cases(name: str) -> tuple[str, ...]:
    # Some programs read the common ones in upper case only, some in lower case only.
    return (
        (name, name.lower()) if name.endswith("_PROXY") and name in (*PROXY_VARIABLES, *NO_PROXY_VARIABLES) else (name,)
    )


def _build_java_options(access: ProxyAccess, store: Path) -> Iterable[str]:
    for scheme in ("http", "https"):
        yield f"-D{scheme}.proxyHost={access.host}"
        yield f"-D{scheme}.proxyPort={access.port}"
    yield "-Dhttp.nonProxyHosts="
    yield f"-Djavax.net.ssl.trustStore={store}"
    yield f"-Djavax.net.ssl.trustStorePassword={STORE_PASSWORD}"
    yield "-Djavax.net.ssl.trustStoreType=PKCS12"


def bundle_roots(
    authority: bytes, inherited: Mapping[str, str], names: Iterable[str], defaults: Iterable[Path]
) -> bytes:
    """Return a PEM file: the authority, then the roots that these inherited variables name, else the first default."""
    files = dict.fromkeys(Path(inherited[name]) for name in names if inherited.get(name))
    known = [content for file in files if (content := _read_if_present(file))]
    if not known:
        known = [content for file in defaults if (content := _read_if_present(file))][:1]
    return b"\n".join([authority, *known])


def _read_if_present(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:  # a variable may name a missing file, which its reader would ignore
        return b""
