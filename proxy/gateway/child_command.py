"""A command that runs beside a gateway: its clients use the gateway, it gets our signals, its exit code is ours."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from understudy.proxy.gateway.certificate_authority import ensure_authority
from understudy.proxy.gateway.client_environment import (
    EXTRA_ROOTS_VARIABLES,
    ROOTS_VARIABLES,
    STORE_PASSWORD,
    ProxyAccess,
    build_environment,
    bundle_roots,
    list_changed_variables,
    render_php_settings,
    render_wgetrc,
)
from understudy.proxy.gateway.trusted_roots import list_default_roots
from understudy.proxy.signals import SIGNAL_EXIT_BASE, SignalHandler
from understudy.store.errors import UserError
from understudy.store.model.gateways import Gateway

NOT_FOUND, NOT_EXECUTABLE = 127, 126  # exit codes of a shell
FORWARDED_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
# A terminal sends these to every program in its foreground, so the command gets them too.
TERMINAL_SIGNALS = (signal.SIGINT, signal.SIGQUIT)


class CannotRun(UserError):
    """The command cannot be started; `exit_code` is that of a shell in this case."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


@dataclass(slots=True)
class ChildCommand:
    """A command: its arguments, the folder of the gateway's authority, and whether Java is to trust that.

    It inherits the variables `unchanged` as they are. `exit_code` is set once it has run; for one that a signal ended
    it is 128 and the signal's number.
    """

    arguments: Sequence[str]
    confdir: Path
    java: bool = False
    unchanged: frozenset[str] = frozenset()
    exit_code: int = 0

    def check(self) -> None:
        """Raise CannotRun if the command does not exist, UserError for a wrong variable or if keytool is missing."""
        for variable in sorted(self.unchanged - list_changed_variables()):
            raise UserError(f"{variable} is not a variable that is set for a command", field="no_env")
        if self.java:
            _find_keytool(os.environ)
        name = self.arguments[0]
        if shutil.which(name):
            return
        if shutil.which(name, os.F_OK):
            raise CannotRun(f"cannot run {name}: it is not executable", NOT_EXECUTABLE)
        raise CannotRun(f"cannot run {name}: there is no such command", NOT_FOUND)

    def handle_signals(self) -> SignalHandler:
        """Return a handler of the signals that the command is to get."""
        # The command has to inherit ignored signals (nohup(1)); one with a handler would be reset (execve(2)).
        return SignalHandler(number for number in FORWARDED_SIGNALS if signal.getsignal(number) is not signal.SIG_IGN)

    async def run(self, gateway: Gateway, signals: SignalHandler) -> None:
        """Run it to its end with this gateway; raises CannotRun, or Interrupted if a signal came before its start."""
        with tempfile.TemporaryDirectory(prefix="understudy-") as folder:
            access = await asyncio.to_thread(self._prepare_access, gateway, Path(folder), os.environ)
            environment = build_environment(os.environ, access, self.unchanged)
            self.exit_code = await _run_process(self.arguments, environment, signals)

    def _prepare_access(self, gateway: Gateway, folder: Path, inherited: Mapping[str, str]) -> ProxyAccess:
        host, _, port = gateway.listen.rpartition(":")
        authority = ensure_authority(self.confdir).file
        content = authority.read_bytes()
        roots, further = folder / "roots.pem", folder / "understudy.pem"
        roots.write_bytes(bundle_roots(content, inherited, ROOTS_VARIABLES, list_default_roots()))
        further.write_bytes(bundle_roots(content, inherited, EXTRA_ROOTS_VARIABLES, ()))
        wgetrc, php_folder = folder / "wgetrc", folder / "php"
        wgetrc.write_text(render_wgetrc(inherited, roots), "utf-8", "surrogateescape")
        php_folder.mkdir()
        (php_folder / "understudy.ini").write_text(render_php_settings(roots))
        store = _create_java_store(authority, folder / "understudy.p12", inherited) if self.java else None
        reverse = gateway.upstream is not None or gateway.desired_state.mode.is_offline
        host = _to_loopback(host.strip("[]"))
        return ProxyAccess(host, int(port), roots, further, reverse, store, wgetrc, php_folder)


async def _run_process(arguments: Sequence[str], environment: Mapping[str, str], signals: SignalHandler) -> int:
    """Run a command to its end, forward signals to it, and return its exit code."""
    loop = asyncio.get_running_loop()
    try:
        signals.raise_if_received()
        process = await asyncio.create_subprocess_exec(*arguments, env=environment)
        # A terminal may have sent these before the command was in its foreground.
        _forward_signals(signals.received, process, from_terminals=True)
        signals.set_callback(partial(loop.call_soon_threadsafe, _forward_signals, signals.received, process))
        code = await process.wait()
    except OSError as error:
        raise CannotRun(f"cannot run {arguments[0]}: {error.strerror}", NOT_EXECUTABLE) from error
    finally:
        signals.ignore()  # a second Ctrl-C must not cut off the recording of what the command did
    return code if code >= 0 else SIGNAL_EXIT_BASE - code


def _forward_signals(
    received: list[signal.Signals], process: asyncio.subprocess.Process, *, from_terminals: bool = False
) -> None:
    while received:
        number = received.pop(0)
        sent_by_terminal = number in TERMINAL_SIGNALS and not from_terminals and _is_in_foreground()
        if process.returncode is None and not sent_by_terminal:
            process.send_signal(number)


def _is_in_foreground() -> bool:
    """Return whether this process is in a terminal's foreground: programs started by scripts and CI are not."""
    try:
        with open("/dev/tty") as terminal:
            return os.tcgetpgrp(terminal.fileno()) == os.getpgrp()
    except OSError:
        return False


def _to_loopback(host: str) -> str:
    # The wildcard addresses are for listening only.
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104


def _find_keytool(inherited: Mapping[str, str]) -> str:
    home = inherited.get("JAVA_HOME")
    tool = shutil.which("keytool", path=f"{home}/bin" if home else None) or shutil.which("keytool")
    if tool is None:
        message = "needs keytool, which comes with Java; put it on the PATH or set JAVA_HOME"
        raise UserError(message, field="java_truststore")
    return tool


def _create_java_store(authority: Path, store: Path, inherited: Mapping[str, str]) -> Path:
    where = ("-file", authority, "-keystore", store, "-storetype", "PKCS12", "-storepass", STORE_PASSWORD)
    done = subprocess.run(  # noqa: S603 - all arguments are ours
        [_find_keytool(inherited), "-importcert", "-noprompt", "-alias", "understudy", *where],
        capture_output=True, check=False, text=True, encoding=sys.getdefaultencoding(), errors="replace",
    )  # fmt: skip
    if done.returncode:
        raise UserError(f"keytool could not create a trust store: {' '.join((done.stdout + done.stderr).split())}")
    return store
