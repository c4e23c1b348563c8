"""Real programs for tests: `understudy` on a store of its own, a gateway on a free port, upstreams in threads."""

from tests.programs.serving import Serving
from tests.programs.understudy import Understudy
from tests.programs.upstream import answer, upstream
from tests.programs.waiting import PATIENCE_SECONDS, free_port, probe, wait_for

__all__ = ["PATIENCE_SECONDS", "Serving", "Understudy", "answer", "free_port", "probe", "upstream", "wait_for"]
