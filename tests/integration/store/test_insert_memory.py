"""What the driver of the database keeps of inserted values."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
# Inserts messages in batches of each number, as a busy gateway does, and prints how much the process has grown.
CODE = """
import sys
from tests.factories.stored import record
from tests.programs.memory import read_memory
from understudy.store.model.websockets import MessageKind, WebSocketMessage
from understudy.store.sql.open_store import open_store
size = int(sys.argv[2])
store = open_store(sys.argv[1])
[exchange] = record(store, b"one")
message = WebSocketMessage(1.0, True, MessageKind.BINARY, bytes(size))
store.history.add_messages([(exchange.id, message)])
before = read_memory()
for count in range(1, min(65, 8_000_000 // size)):
    store.history.add_messages([(exchange.id, message)] * count)
print(read_memory() - before)
store.close()
"""


@pytest.mark.once
@pytest.mark.parametrize("size", [1_000, 10_000, 60_000, 4_000_000])
def test_the_driver_keeps_few_values_of_inserted_rows(tmp_path: Path, size: int) -> None:
    """Whatever the numbers of rows were; with a statement for each number it kept 120 MB."""
    arguments = [sys.executable, "-c", CODE, str(tmp_path / "store.db"), str(size)]
    done = subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, check=True)
    assert int(done.stdout) < 32_000_000
