"""What commands that run a gateway print: at its start and at its end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from understudy.proxy.cli.gateway.replay_output import summarize_replay
from understudy.proxy.cli.gateway.state_text import describe_state
from understudy.proxy.cli.output import counted
from understudy.proxy.cli.starting.ready_options import announce_ready
from understudy.proxy.cli.terminal_text import print_line
from understudy.store.model.gateways import Gateway, GatewayState, Mode
from understudy.store.model.naming import escape_unprintable
from understudy.store.repositories.store import Store

if TYPE_CHECKING:
    from understudy.proxy.gateway.run import Report
    from understudy.serving.answers.replies import Hold
    from understudy.serving.gateway.parent_proxies import ParentProxies

MOST_REFUSALS_SHOWN = 10
MOST_HOLDS_SHOWN = 3
TRUST = "'understudy ca' shows how a client can trust the certificate; with a COMMAND, variables do it for many clients"
NO_REQUEST = "no request came: a program that reads no proxy variables can be given UNDERSTUDY_URL, with --upstream URL"


class Terminal:
    """The announcer of a gateway at a terminal (see `proxy.gateway.run.Announcer`).

    With a command, everything goes to standard error: standard output is the command's. `keeps_output`: nothing is
    printed there for another reason, either.
    """

    def __init__(self, store: Store, *, runs_command: bool, keeps_output: bool = False) -> None:
        self._store = store
        self._runs_command = runs_command
        self._keeps_output = runs_command or keeps_output

    def announce_parents(self, parents: ParentProxies) -> None:
        """Print the parent proxies."""
        print_line(f"understudy: upstreams are called through the parent proxy {parents}", err=True)

    def announce_reading(self, state: GatewayState) -> None:
        """Print what a slow start reads."""
        print_line(f"understudy: reading {describe_reading(self._store, state)} ...", err=True)

    def announce_start(self, gateway: Gateway) -> None:
        """Announce that the gateway is ready, then print the address and the mode."""
        from understudy.proxy.operations.gateways.modes import name_state

        host, _, port = gateway.listen.rpartition(":")
        announce_ready(f"http://{gateway.listen}", host.strip("[]"), int(port), gateway=gateway.name)
        does = describe_state(name_state(self._store, gateway.desired_state))
        if self._runs_command:
            print_line(f"understudy: {does}, by http://{gateway.listen}, in the store {self._store.location}", err=True)
            return
        address = f"http://{gateway.listen}{_describe_upstream(gateway)}"
        print_line(f"Listening on {address}: {does}.", err=self._keeps_output)
        print_line(f"The store is {self._store.location}. Stop with Ctrl-C.", err=self._keeps_output)

    def announce_long_holds(self, holds: Sequence[Hold]) -> None:
        """Print which requests are held open, and the option that ends them."""
        print_line(f"understudy: {describe_long_holds(holds)}", err=True)

    def print_report(self, report: Report, *, verbose: bool) -> None:
        """Print what the gateway recorded, or what its replay did not use and had no answer to."""
        if report.has_recorded:
            kept = _describe_kept(report)
            print_line(f"understudy: {kept}" if self._runs_command else kept, err=self._keeps_output)
        if report.tally is not None:
            for line in summarize_replay(report.tally, verbose=verbose):
                print_line(line if line.startswith(" ") else f"understudy: {line}", err=True)
        for line in _summarize_refusals(report):
            print_line(f"understudy: {line}", err=True)
        if self._runs_command and report.lacks_requests and not report.tls_refusals:
            print_line(f"understudy: {NO_REQUEST}", err=True)


def describe_long_holds(holds: Sequence[Hold]) -> str:
    """Return one line that names requests that are held open."""
    named = ", ".join(
        f"{escape_unprintable(f'{hold.method} {hold.url}')} (entry {hold.entry})" for hold in holds[:MOST_HOLDS_SHOWN]
    )
    further = len(holds) - MOST_HOLDS_SHOWN
    more = f" and {further} more" if further > 0 else ""
    return f"held open, as the client gave them up when they were recorded: {named}{more}; --hold SECONDS ends them"


def describe_reading(store: Store, state: GatewayState) -> str:
    """Return what a gateway reads before it can start."""
    if state.mode is Mode.REPLAY and state.session_id is not None:
        summary = next(one for one in store.sessions.list_summaries() if one.session.id == state.session_id)
        return f"session {escape_unprintable(summary.session.name)}, {summary.exchanges:,} exchanges"
    if state.collection_id is not None:
        return f"collection {escape_unprintable(store.collections.find(state.collection_id).name)}"
    return "the store"


def _summarize_refusals(report: Report) -> Iterator[str]:
    """Yield the hosts for which clients ended TLS, and what to do about it."""
    from understudy.addons.tls_refusals import describe_refusal

    if not report.tls_refusals:
        return
    counts: Counter[str] = Counter()
    for refusal, count in report.tls_refusals.items():
        counts[refusal.host] += count
    for host, count in counts.most_common(MOST_REFUSALS_SHOWN):
        # A host may have several reasons; the most frequent one is shown.
        refusal = max((each for each in report.tls_refusals if each.host == host), key=report.tls_refusals.__getitem__)
        yield f"TLS was ended by clients {counted(count, 'time')} for {describe_refusal(refusal)}"
    further = len(counts) - MOST_REFUSALS_SHOWN
    if further > 0:
        yield f"TLS was ended by clients for {counted(further, 'further host')}"
    yield TRUST


def _describe_upstream(gateway: Gateway) -> str:
    if gateway.upstream:
        return f" in front of {gateway.upstream}"
    return "" if gateway.desired_state.mode.is_offline else " as a forward proxy"


def _describe_kept(report: Report) -> str:
    failed = f", {report.failed} of them failed" if report.failed else ""
    return f"Kept {counted(report.kept, 'exchange')}{failed}; lost {report.lost}."
