"""The memory of processes, as Linux reports it (proc_pid_status(5))."""

from __future__ import annotations

from pathlib import Path


def read_memory(pid: int | str = "self") -> int:
    """Return the bytes that a process has in memory now."""
    return _read_status(pid, "VmRSS")


def read_peak_memory(pid: int | str = "self") -> int:
    """Return the most bytes that a process has had in memory at a time."""
    return _read_status(pid, "VmHWM")


def reset_peak_memory(pid: int) -> None:
    """Forget what a process has had in memory before (proc_pid_clear_refs(5))."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def _read_status(pid: int | str, field: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        name, _, value = line.partition(":")
        if name == field:
            return int(value.split()[0]) * 1024
    raise LookupError(f"process {pid} has ended")
