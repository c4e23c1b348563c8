"""The console script. It loads first and sets up Ctrl-C, which ends a program that is still starting in silence."""

from __future__ import annotations

import os
import signal


def main() -> None:
    """Run the command line."""
    # Python would print a traceback. Once a command runs, `proxy.cli` decides what Ctrl-C does.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from understudy.proxy.cli import main as command_line

    if "_UNDERSTUDY_COMPLETE" in os.environ:
        import understudy.proxy.cli.completion.bash  # noqa: F401 - it registers itself

    command_line()
