"""The mock server that a request names, and the request that it gets."""

from __future__ import annotations

import pytest

from tests.factories.messages import make_request
from tests.in_memory.mock_servers import make_mock, make_served
from understudy.serving.http1.targets import to_origin_form
from understudy.serving.mock_server.directory import Directory, strip_mock_prefix

SHOP, CART = (make_served(mock=make_mock(slug)) for slug in ("shop", "cart"))
BOTH = Directory({"shop": SHOP, "cart": CART})
LOCAL = "127.0.0.1:4000"


def found(directory: Directory, target: str, host: str | None) -> tuple[str, bytes, str] | None:
    """Return the slug of the mock server, the target that it gets, and the URL of its root."""
    headers = {} if host is None else {"Host": host}
    visit = directory.find(make_request(target=target, headers=headers, origin=None))
    return None if visit is None else (visit.server.mock.slug, visit.request.target, visit.base)


@pytest.mark.parametrize(
    ("target", "host", "expected"),
    [
        # By path.
        ("/mocks/shop/users/7", LOCAL, ("shop", b"/users/7", f"http://{LOCAL}/mocks/shop")),
        ("/mocks/cart/users/7", LOCAL, ("cart", b"/users/7", f"http://{LOCAL}/mocks/cart")),
        ("/mocks/shop/", LOCAL, ("shop", b"/", f"http://{LOCAL}/mocks/shop")),
        ("/mocks/shop", LOCAL, ("shop", b"/", f"http://{LOCAL}/mocks/shop")),
        ("/mocks/shop?a=/b", LOCAL, ("shop", b"/?a=/b", f"http://{LOCAL}/mocks/shop")),
        ("/mocks/shop//x", LOCAL, ("shop", b"//x", f"http://{LOCAL}/mocks/shop")),
        ("/mocks/SHOP/x", LOCAL, ("shop", b"/x", f"http://{LOCAL}/mocks/shop")),
        ("/mocks/shop/mocks/cart/x", LOCAL, ("shop", b"/mocks/cart/x", f"http://{LOCAL}/mocks/shop")),
        ("/mocks/shop/x", None, ("shop", b"/x", "http:///mocks/shop")),
        ("/mocks/other/x", LOCAL, None),
        ("/mocks/", LOCAL, None),
        ("/mocks", LOCAL, None),
        ("/Mocks/shop/x", LOCAL, None),
        ("/users/7", LOCAL, None),
        # By host.
        ("/users/7", "shop.localhost:4000", ("shop", b"/users/7", "http://shop.localhost:4000")),
        ("/users/7", "shop.localhost", ("shop", b"/users/7", "http://shop.localhost")),
        ("/users/7", "SHOP.LocalHost:4000", ("shop", b"/users/7", "http://SHOP.LocalHost:4000")),
        ("*", "shop.localhost", ("shop", b"*", "http://shop.localhost")),
        ("/users/7", "other.localhost", None),
        ("/users/7", "localhost", None),
        ("/users/7", ".localhost", None),
        ("/users/7", "shop.localhost.test", None),
        ("/users/7", "shop.test", None),
        ("/users/7", None, None),
        # The path counts before the host.
        ("/mocks/cart/x", "shop.localhost", ("cart", b"/x", "http://shop.localhost/mocks/cart")),
        ("/mocks/other/x", "shop.localhost", None),
        # A target in absolute form counts before the Host header (RFC 9112, section 3.2.2).
        ("http://cart.localhost/x?y", "shop.localhost", ("cart", b"/x?y", "http://cart.localhost")),
        ("http://cart.localhost?y", "shop.localhost", ("cart", b"/?y", "http://cart.localhost")),
        ("http://a.test/mocks/shop/x", "b.test", ("shop", b"/x", "http://a.test/mocks/shop")),
    ],
)
def test_a_mock_server_is_called_by_path_or_host(
    target: str, host: str | None, expected: tuple[str, bytes, str] | None
) -> None:
    assert found(BOTH, target, host) == expected


@pytest.mark.parametrize(
    ("target", "seen"),
    [("/users/7", b"/users/7"), ("/mocks/cart/x", b"/mocks/cart/x"), ("http://cart.localhost/x", b"/x"), ("*", b"*")],
)
def test_a_mock_server_at_the_root_answers_any_path_and_host(target: str, seen: bytes) -> None:
    visit = Directory({"cart": CART}, SHOP).find(make_request(target=target, headers={"Host": "cart.localhost"}))
    assert visit is not None
    assert (visit.server, visit.request.target, visit.base) == (SHOP, seen, "http://cart.localhost")


def test_the_root_url_has_the_scheme_of_the_port() -> None:
    assert found(Directory({"shop": SHOP}, scheme="https"), "/mocks/shop/", LOCAL) == (
        "shop",
        b"/",
        f"https://{LOCAL}/mocks/shop",
    )


@pytest.mark.parametrize(
    ("target", "path", "host"),
    [
        ("/x", b"/x", "header"),
        ("*", b"*", "header"),
        ("http://a:1", b"/", "a:1"),
        ("HTTPS://[::1]:4000/x", b"/x", "[::1]:4000"),
        ("http://a#b", b"/#b", "a"),
    ],
)
def test_origin_form_splits_path_and_host(target: str, path: bytes, host: str) -> None:
    request, named = to_origin_form(make_request(target=target, headers={"Host": "header"}))
    assert (request.target, named) == (path, host)


@pytest.mark.parametrize(
    ("target", "seen"), [("/mocks/shop/x", b"/x"), ("/mocks/any?y", b"/?y"), ("/users/7", b"/users/7")]
)
def test_a_mock_server_gets_the_target_below_its_root(target: str, seen: bytes) -> None:
    assert strip_mock_prefix(make_request(target=target)).target == seen
