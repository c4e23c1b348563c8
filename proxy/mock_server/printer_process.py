"""The process that prints the lines of all workers: a terminal that stops delays neither them nor their parent."""

from __future__ import annotations

import contextlib
import os
import signal
import time
import traceback
from collections.abc import Callable

from understudy.proxy.call_lines.call_display import CallOutputs
from understudy.proxy.call_lines.line_printer import LinePrinter, make_relay
from understudy.proxy.signals import STOP_SIGNALS

END_SECONDS = 2.0
_STEP_SECONDS = 0.01


class PrinterProcess:
    """A child process that ends when all writers of its pipe have ended; workers write to it by `relay`.

    This process keeps both ends of the pipe: what workers write waits for a new child if one was killed.
    """

    def __init__(self, outputs: CallOutputs) -> None:
        self._outputs = outputs
        self._reader, self._writer = os.pipe()
        self.relay = make_relay(self._writer)
        self.process_id: int | None = None

    def start(self, redact: Callable[[str], str], on_fork: Callable[[], object]) -> None:
        """Start it; `redact` removes secrets from a text, `on_fork` closes in the child what it must not keep open."""
        # It ends after the workers, so the child never gets the signals that end them.
        signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
        self.process_id = os.fork()
        if self.process_id == 0:
            self._print(LinePrinter(self._reader, self._outputs, redact), on_fork)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)

    def _print(self, printer: LinePrinter, on_fork: Callable[[], object]) -> None:
        code = 1
        try:
            os.close(self._writer)
            on_fork()
            printer.run()
            code = 0
        except BaseException:  # noqa: BLE001 - the process ends here
            traceback.print_exc()
        finally:
            os._exit(code)

    def stop(self) -> None:
        """Wait for its end; the workers have ended. One that cannot write is ended."""
        os.close(self._writer)
        if self.process_id is None:
            return
        deadline = time.monotonic() + END_SECONDS
        with contextlib.suppress(ChildProcessError):  # it has been waited for
            while os.waitpid(self.process_id, os.WNOHANG)[0] == 0:
                if time.monotonic() > deadline:
                    os.kill(self.process_id, signal.SIGKILL)
                time.sleep(_STEP_SECONDS)
