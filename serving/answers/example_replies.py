"""The replies of mock servers and gateways to a decided request: by its example, by its rate limit, or by its failure.

What differs between the two stays with them: whose example it is, how URLs are rewritten, CORS, and call logs.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf

from understudy.serving.answers.outcomes import Outcome
from understudy.serving.answers.rate_limits import RateCounts, check_rate_limit
from understudy.serving.answers.replies import CalledServer, Reply, make_reply
from understudy.serving.answers.streams import stream_from_response
from understudy.serving.http1.wire import render_head
from understudy.store.model.collections import Example
from understudy.store.model.messages import Headers, Request, Response
from understudy.store.model.mock_servers import Behaviour
from understudy.store.model.values import replace

EXAMPLE_HEADER = b"X-Understudy-Example"


def name_example(response: Response, example: Example, reason: str) -> Response:
    """Return the response with a header that names its example, or entry of history, and how the path matched."""
    shown = example.id if example.entry is None else f"entry {example.entry}"
    value = f'{shown}; path="{reason}"'.encode("latin-1", "replace")
    return replace(response, headers=Headers((*response.headers.fields, (EXAMPLE_HEADER, value))))


def may_cache(outcome: Outcome, behaviour: Behaviour | None) -> bool:
    """Return whether equal requests get equal bytes as long as nothing is edited."""
    return outcome.is_cacheable and (behaviour is None or behaviour.rate_limit is None)


def make_reply_key(
    outcome: Outcome, behaviour: Behaviour | None, is_cacheable: bool, *parts: object
) -> tuple[object, ...] | None:
    """Return the cache key of a reply by an example; None if it was made for this request alone.

    `parts` is what else its bytes depend on. Preconditions and ranges count only where no selector header chose it.
    """
    if outcome.is_filled or outcome.new_ids:
        return None
    return (id(outcome.example), behaviour, is_cacheable, outcome.is_chosen, *parts)


def render_example_reply(
    response: Response,
    outcome: Outcome,
    behaviour: Behaviour | None,
    timing: float,
    is_cacheable: bool,
    *,
    server: CalledServer | None = None,
    interim: bytes = b"",
) -> Reply:
    """Render the reply that sends this response, made from the example of `outcome`."""
    example = outcome.example
    assert example is not None
    content = response.body if isinstance(response.body, bytes) else b""
    origin = (example.id, example.name, outcome.summary)
    stream = stream_from_response(response, timing)
    return Reply(render_head(response), content, response, behaviour, is_cacheable, server, *origin, stream, interim)


def set_end(reply: Reply, end: float) -> Reply:
    """Return the reply with the time until which it may be sent, in seconds since the epoch."""
    return reply if end == inf else replace(reply, end=end)


def refuse_over_limit(
    behaviour: Behaviour | None, outcome: Outcome, rates: RateCounts, owner: str, now: Callable[[], float]
) -> Response | None:
    """Count the call; return the 429 if a simulated rate limit is exceeded.

    `owner` is the key of the count that all examples without a limit of their own share.
    """
    if behaviour is None or behaviour.rate_limit is None:
        return None
    return check_rate_limit(behaviour.rate_limit, rates, outcome.find_limit_key(owner), now())


def make_failure_reply(
    failure: Response,
    request: Request,
    outcome: Outcome,
    behaviour: Behaviour | None,
    server: CalledServer | None = None,
    *,
    miss: str = "",
) -> Reply:
    """Return the reply to a request that no example answers, with what is done to it on purpose.

    `miss` is the reason in a few words, by default that of the outcome.
    """
    reply = make_reply(failure, summary=outcome.summary, server=server, method=request.method)
    return replace(reply, behaviour=behaviour, miss=miss or outcome.explain_miss())
