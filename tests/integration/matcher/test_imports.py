"""What the matcher imports, and when."""

from __future__ import annotations

import subprocess
import sys


def test_import_is_light() -> None:
    """The matcher loads nothing that it may not use, nor what it seldom needs."""
    heavy = {"sqlalchemy", "mitmproxy", "asyncio", "socket", "ssl", "graphql", "email", "http"}
    modules = "understudy.matcher.explanation.rendering, understudy.matcher.index"
    code = f"import sys, {modules}; print({heavy!r} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout.strip() == b"set()"


def test_graphql_library_is_loaded_when_a_query_comes() -> None:
    """Not before: the mock server starts without it."""
    code = (
        "import sys, understudy.matcher.index; from understudy.matcher.body_forms.canonical import canonicalize;"
        "canonicalize(b'{}', 'application/json');"
        "print('graphql' in sys.modules); canonicalize(b'{a}', 'application/graphql'); print('graphql' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]
