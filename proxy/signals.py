"""Signal handling from the start of a program to its end; a signal that comes early is kept until it can be handled."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Coroutine, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

if TYPE_CHECKING:
    import asyncio

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)
SIGNAL_EXIT_BASE = 128  # plus the signal's number: the exit code that a shell shows

T = TypeVar("T")


class Interrupted(BaseException):
    """A signal came before the program had anything to end in order; `number` is the signal's."""

    def __init__(self, number: signal.Signals) -> None:
        super().__init__(number)
        self.number = number


class SignalHandler:
    """A handler of these signals in a block of the main thread; `received` has those that came.

    After the block their former handlers are back, unless the block ended without an error and ignored the signals.
    """

    def __init__(self, numbers: Iterable[signal.Signals]) -> None:
        self.received: list[signal.Signals] = []
        self._numbers = tuple(numbers)
        self._ignored = False
        self._callback: Callable[[], object] = lambda: None

    def __enter__(self) -> SignalHandler:
        """Install the handler."""
        self._before = [(number, signal.signal(number, self._handle)) for number in self._numbers]
        return self

    def __exit__(self, failed: type[BaseException] | None, *_: object) -> None:
        """Restore the former handlers."""
        if failed is not None or not self._ignored:
            for number, handler in self._before:
                signal.signal(number, handler)

    def set_callback(self, callback: Callable[[], object]) -> None:
        """Call this, in place of the former callback, when a signal comes, and now if a signal has come already."""
        self._callback = callback
        if self.received:
            callback()

    def raise_if_received(self) -> None:
        """Raise Interrupted if a signal has come."""
        if self.received:
            raise Interrupted(self.received[0])

    @contextmanager
    def wake_loop(self, loop: asyncio.AbstractEventLoop) -> Iterator[None]:
        """Let signals wake this loop in the block; nothing else may set its wakeup descriptor."""
        woken, waker = os.pipe()
        for end in (woken, waker):
            os.set_blocking(end, False)
        # A signal just before the loop sleeps, or in another thread, would not end its sleep (signal(7)).
        signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
        loop.add_reader(woken, os.read, woken, 64)
        try:
            yield
        finally:
            signal.set_wakeup_fd(-1)
            loop.remove_reader(woken)
            os.close(woken)
            os.close(waker)

    async def run_interruptible(self, work: Coroutine[Any, Any, T]) -> T:
        """Return the result of this work; if a signal comes first, cancel the work and raise Interrupted."""
        import asyncio  # slow to import, and most commands need no loop

        task = asyncio.ensure_future(work)
        self.set_callback(partial(asyncio.get_running_loop().call_soon_threadsafe, task.cancel))
        await asyncio.wait([task])
        if task.cancelled() or not task.exception():
            self.raise_if_received()
        return task.result()

    def ignore(self) -> None:
        """Ignore the signals from now on: what is still to be done must not be cut off."""
        self._ignored = True
        for number in self._numbers:
            signal.signal(number, signal.SIG_IGN)

    def _handle(self, number: int, _: object) -> None:
        self.received.append(signal.Signals(number))
        self._callback()


def exit_by_signal(number: signal.Signals) -> NoReturn:
    """End this process as the signal does without a handler: a shell shows that, and ends its loop."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # its reader is gone, or it is closed
            stream.flush()
    signal.signal(number, signal.SIG_DFL)
    signal.raise_signal(number)
    # The first process of a container gets no signal without a handler (pid_namespaces(7)).
    os._exit(SIGNAL_EXIT_BASE + number)
