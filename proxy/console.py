"""The console script. It loads first and sets up Ctrl-C, which ends a program that is still starting in silence."""

from __future__ import annotations

import gc
import os
import signal

# What is imported stays: to look for garbage in it as often as Python does is a twentieth of a start.
GARBAGE_THRESHOLD = 50_000


def main() -> None:
    """Run the command line."""
    # Python would print a traceback. Once a command runs, `proxy.cli` decides what Ctrl-C does.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    gc.set_threshold(GARBAGE_THRESHOLD)
    from understudy.proxy.cli import main as command_line

    if "_UNDERSTUDY_COMPLETE" in os.environ:
        import understudy.proxy.cli.completion.bash  # noqa: F401 - it registers itself

    command_line()
