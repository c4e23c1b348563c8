"""The commands about mock servers."""

from __future__ import annotations

import click


@click.group()
def mocks() -> None:
    """Collections made callable: mock servers with a URL."""
