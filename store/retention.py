"""How long history is kept, as a setting of the store that its gateways apply."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

RETENTION = "retention"
"""The key of the setting."""


@dataclass(frozen=True, slots=True)
class Retention:
    """For how many seconds exchanges are kept; with `keep_promoted` those that have an example are kept for ever."""

    seconds: float
    keep_promoted: bool = False

    def as_setting(self) -> dict[str, Any]:
        """Return the value of the setting."""
        return {"seconds": self.seconds, "keep_promoted": self.keep_promoted}

    @classmethod
    def from_setting(cls, value: Any) -> Retention | None:
        """Return what a setting says, None for no setting."""
        return None if value is None else cls(float(value["seconds"]), bool(value["keep_promoted"]))
