"""What a command's environment becomes, so that its HTTP clients use the gateway and trust it."""

from __future__ import annotations

from pathlib import Path

import pytest

from understudy.proxy.gateway.client_environment import (
    ProxyAccess,
    build_environment,
    list_changed_variables,
    render_php_settings,
)
from understudy.store.model.values import replace

WAY = ProxyAccess("127.0.0.1", 4321, Path("/t/roots.pem"), Path("/t/further.pem"))
PROXY = "http://127.0.0.1:4321"


@pytest.mark.parametrize(
    "name",
    ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "wss_proxy", "grpc_proxy",
     "npm_config_proxy", "npm_config_https_proxy", "YARN_HTTPS_PROXY", "PIP_PROXY"],
)  # fmt: skip
def test_proxy_variables_name_the_gateway(name: str) -> None:
    """In both cases, and in the programs' own words, whatever was there."""
    assert build_environment({name: "http://proxy.corp.test:3128"}, WAY)[name] == PROXY


@pytest.mark.parametrize("name", ["NO_PROXY", "no_proxy", "npm_config_noproxy", "no_grpc_proxy"])
def test_nothing_is_excepted_from_the_proxy(name: str) -> None:
    """A child that inherited NO_PROXY=localhost must not escape; set and empty, so that nothing takes its place."""
    assert build_environment({name: "localhost,127.0.0.1"}, WAY)[name] == ""
    assert build_environment({}, WAY)[name] == ""


@pytest.mark.parametrize("name", ["SOCKS_PROXY", "socks_proxy"])
def test_other_ways_out_are_taken_away(name: str) -> None:
    """Some clients would prefer them."""
    assert name not in build_environment({name: "socks5://127.0.0.1:1080"}, WAY)


@pytest.mark.parametrize(
    "name",
    ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PIP_CERT", "AWS_CA_BUNDLE", "GIT_SSL_CAINFO",
     "npm_config_cafile", "CARGO_HTTP_CAINFO", "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", "PERL_LWP_SSL_CA_FILE",
     "HTTPS_CA_FILE"],
)  # fmt: skip
def test_roots_are_replaced_by_the_bundle(name: str) -> None:
    """Where a client's roots are replaced by the file, it is the one that holds them too."""
    assert build_environment({name: "/corp.pem"}, WAY)[name] == "/t/roots.pem"


@pytest.mark.parametrize("name", ["NODE_EXTRA_CA_CERTS", "DENO_CERT"])
def test_further_roots_are_the_authority_alone(name: str) -> None:
    """Where a client keeps its roots, they are not given once more."""
    assert build_environment({}, WAY)[name] == "/t/further.pem"


def test_node_is_told_to_read_the_proxy_variables() -> None:
    """It does not by itself."""
    assert build_environment({}, WAY)["NODE_USE_ENV_PROXY"] == "1"


def test_everything_else_is_inherited() -> None:
    """PATH above all."""
    assert build_environment({"PATH": "/bin", "TOKEN": "t"}, WAY).items() >= {"PATH": "/bin", "TOKEN": "t"}.items()


def test_the_address_is_told_where_the_gateway_takes_an_apis_place() -> None:
    """As a forward proxy it has no answer there."""
    assert "UNDERSTUDY_URL" not in build_environment({}, WAY)
    way = ProxyAccess("::1", 4321, WAY.roots, WAY.further_roots, reverse=True)
    assert build_environment({}, way)["UNDERSTUDY_URL"] == "http://[::1]:4321"


def test_java_is_left_alone_unless_asked() -> None:
    """It says on stderr what it picked up, which not every test expects."""
    assert "JAVA_TOOL_OPTIONS" not in build_environment({}, WAY)


def test_java_options_come_after_inherited_ones() -> None:
    """The last one counts; no host is excepted, not even localhost."""
    way = ProxyAccess("127.0.0.1", 4321, WAY.roots, WAY.further_roots, java_store=Path("/t/own.p12"))
    options = build_environment({"JAVA_TOOL_OPTIONS": "-Xmx1g"}, way)["JAVA_TOOL_OPTIONS"].split()
    assert options[0] == "-Xmx1g"
    assert {"-Dhttp.proxyHost=127.0.0.1", "-Dhttps.proxyPort=4321", "-Dhttp.nonProxyHosts="} <= set(options)
    assert "-Djavax.net.ssl.trustStore=/t/own.p12" in options


def test_variables_that_hurt_a_client_stay_as_they_were() -> None:
    """Such as AWS_CA_BUNDLE, which rclone refuses."""
    inherited = {"AWS_CA_BUNDLE": "/corp.pem", "SOCKS_PROXY": "socks5://h"}
    environment = build_environment(inherited, WAY, ["AWS_CA_BUNDLE", "CURL_CA_BUNDLE", "SOCKS_PROXY"])
    assert {name: environment.get(name) for name in (*inherited, "CURL_CA_BUNDLE")} == inherited | {
        "CURL_CA_BUNDLE": None
    }
    assert environment["SSL_CERT_FILE"] == "/t/roots.pem"


def test_every_variable_that_is_changed_can_stay() -> None:
    names = list_changed_variables()
    assert {"AWS_CA_BUNDLE", "JAVA_TOOL_OPTIONS", "UNDERSTUDY_URL", "WGETRC", "PHP_INI_SCAN_DIR", "no_proxy"} <= names
    assert build_environment({"PATH": "/bin"}, WAY, names) == {"PATH": "/bin"}


def test_perl_reads_the_proxy_variables() -> None:
    assert build_environment({}, WAY)["PERL_LWP_ENV_PROXY"] == "1"


def test_wget_and_php_get_settings_of_their_own() -> None:
    access = replace(WAY, wgetrc=Path("/t/wgetrc"), php_folder=Path("/t/php"))
    environment = build_environment({"PHP_INI_SCAN_DIR": "/corp"}, access)
    assert (environment["WGETRC"], environment["PHP_INI_SCAN_DIR"]) == ("/t/wgetrc", "/corp:/t/php")
    assert build_environment({}, access)["PHP_INI_SCAN_DIR"] == ":/t/php"
    assert render_php_settings(Path("/r")) == 'openssl.cafile = "/r"\ncurl.cainfo = "/r"\n'
