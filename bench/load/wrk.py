"""wrk as the client: random requests from a list, with a fixed seed, and optionally no two alike."""

from __future__ import annotations

import itertools
import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from bench.load.pairs import SEED, Pair, format_lines

CONNECTIONS = 64
# Some peers take seconds for a request; that is slow, but no error.
TIMEOUT = "60s"
# wrk ends when its time is over; if it still runs so much later, something is broken.
MORE_SECONDS = 120

# A counter in white space makes the bytes of each JSON body unique: a space is 0, a tab is 1.
SCRIPT = """
local requests, rests, spaces = {}, {}, {}
local unique, count = false, 0

for number = 0, 255 do
  local digits = ""
  for place = 0, 7 do
    digits = digits .. (math.floor(number / 2 ^ place) % 2 == 0 and " " or "\\t")
  end
  spaces[number] = digits
end

local function counted()
  local low, middle, high = count % 256, math.floor(count / 256) % 256, math.floor(count / 65536)
  return spaces[low] .. spaces[middle] .. spaces[high % 256] .. spaces[math.floor(high / 256)]
end

function init(args)
  unique, count = args[2] == "unique", tonumber(args[4]) * 2 ^ 22
  math.randomseed(tonumber(args[3]))
  for line in io.lines(args[1]) do
    local method, target, body = line:match("^(%S+) (%S+) (.*)$")
    local fields = body ~= "" and {["Content-Type"] = "application/json"} or {}
    if body == "" then body = nil end
    if unique and body then body = "{" .. string.rep(" ", 32) .. body:sub(2) end
    local request = wrk.format(method, target, fields, body)
    if unique then
      requests[#requests + 1] = request:match("^(.-\\r\\n)\\r\\n") .. "X-Request-Number: "
      rests[#requests] = body and body:sub(34) or false
    else
      requests[#requests + 1] = request
      wrk.method, wrk.path = method, target
    end
  end
  -- Without this function wrk sends the same bytes again, which costs it least.
  if #requests == 1 and not unique and wrk.method == "GET" then request = nil end
end

function request()
  local chosen = math.random(#requests)
  if not unique then return requests[chosen] end
  count = count + 1
  local rest = rests[chosen]
  if not rest then return requests[chosen] .. count .. "\\r\\n\\r\\n" end
  return requests[chosen] .. count .. "\\r\\n\\r\\n{" .. counted() .. rest
end

function done(summary, latency, requests)
  local e = summary.errors
  local failed = e.connect + e.read + e.write + e.status + e.timeout
  print(string.format('{"requests": %d, "microseconds": %d, "failed": %d, "p50": %d, "p99": %d, "most": %d}',
    summary.requests, summary.duration, failed, latency:percentile(50), latency:percentile(99), latency.max))
end
"""

_runs = itertools.count(1)


class Uniqueness(StrEnum):
    """Whether requests repeat byte for byte, or each has a unique header and unique white space in its body."""

    ALIKE = "alike"
    UNIQUE = "unique"


@dataclass(frozen=True)
class Load:
    """A result of wrk; latencies are in seconds."""

    requests: int
    seconds: float
    p50: float
    p99: float
    most: float

    @property
    def rate(self) -> float:
        return self.requests / self.seconds


def load(
    folder: Path,
    url: str,
    pairs: Sequence[Pair],
    seconds: int,
    *,
    uniqueness: Uniqueness = Uniqueness.ALIKE,
    connections: int = CONNECTIONS,
) -> Load:
    """Run wrk for some seconds; raises RuntimeError if no request succeeded, or one failed or had a status over 399."""
    script, requests = folder / "requests.lua", folder / "requests.txt"
    script.write_text(SCRIPT)
    requests.write_text(format_lines(pairs))
    command = ["wrk", "--threads", "1", "--connections", str(connections), "--duration", f"{seconds}s"]
    command += ["--timeout", TIMEOUT, "--script", str(script), url, "--", str(requests), uniqueness, str(SEED)]
    command.append(str(next(_runs)))
    longest = seconds + MORE_SECONDS
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=longest)
    if done.returncode != 0:
        raise RuntimeError(f"wrk: {done.stdout}{done.stderr}")
    result = json.loads(done.stdout.strip().splitlines()[-1])
    if result["failed"]:
        raise RuntimeError(f"{result['failed']:,} of {result['requests']:,} requests failed")
    if not result["requests"]:
        raise RuntimeError(f"no request was answered in {seconds} s")
    return Load(
        result["requests"], result["microseconds"] / 1e6, result["p50"] / 1e6, result["p99"] / 1e6, result["most"] / 1e6
    )
