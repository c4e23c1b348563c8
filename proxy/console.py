"""The console script: what is loaded before anything else, so that Ctrl-C ends what has only begun without a word."""

from __future__ import annotations

import signal


def main() -> None:
    """Run the command line."""
    # Python would show where it was. From the first command on, `proxy.cli` says what Ctrl-C does.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from understudy.proxy.cli import main as command_line

    command_line()
