"""Whether a client accepts a content coding (RFC 9110, section 12.5.3)."""

from __future__ import annotations


def accepts(accept_encoding: str | None, content_encoding: str | None) -> bool:
    """Whether a client accepts these codings; without the header it accepts any, and `identity` unless it refuses."""
    if accept_encoding is None:
        return True
    weights = dict(_weight(item) for item in accept_encoding.lower().split(",") if item.strip())
    others = weights.get("*")
    weights.setdefault("identity", 1.0 if others is None else others)
    return all(weights.get(coding, others or 0.0) > 0 for coding in _codings(content_encoding))


def _codings(content_encoding: str | None) -> list[str]:
    return [name.strip().lower() for name in (content_encoding or "").split(",") if name.strip()]


def _weight(item: str) -> tuple[str, float]:
    name, *parameters = (part.strip() for part in item.split(";"))
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return name, float(parameter[2:])
            except ValueError:
                return name, 0.0
    return name, 1.0
