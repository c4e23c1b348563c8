"""Whether slow proofs run as a whole, or on the small numbers that every run of the suite can afford."""

from __future__ import annotations

import os

WHOLE = os.environ.get("UNDERSTUDY_WHOLE_PROOFS") == "1"
