"""docs/development.md speaks of files and folders that exist, and of every folder of the product."""

from __future__ import annotations

import re

import pytest

from tests.structure.source import PRODUCT, ROOT, modules

PAGE = (ROOT / "docs" / "development.md").read_text(encoding="utf-8")
PATHS = sorted(set(re.findall(r"`((?:[\w.-]+/)+(?:[\w.-]+\.\w+)?)`", PAGE)))


@pytest.mark.parametrize("path", PATHS)
def test_a_path_on_the_page_exists(path: str) -> None:
    assert (ROOT / path).exists() or path == ".venv/" or (ROOT / "proxy" / "operations" / path).is_dir()


def test_every_folder_of_the_product_is_on_the_page() -> None:
    """A face or a group of operations may be described with its parent."""
    grouped = ("proxy/cli/", "proxy/operations/")
    folders = {f"{one.folder}/" for one in modules(*PRODUCT)}
    assert {one for one in folders if f"`{one}`" not in PAGE and not one.startswith(grouped)} <= {"store/sql/"}
