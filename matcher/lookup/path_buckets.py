"""Look-ups by path: what is equal by the loosest of some lines of the path table lies in one cell."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

from understudy.matcher.lookup import candidate_groups
from understudy.matcher.lookup.candidate_groups import Group
from understudy.matcher.lookup.persistent_map import Map, refiled
from understudy.matcher.parts.candidate import Candidate
from understudy.matcher.parts.paths import RESTS, TEXT_KEYS
from understudy.matcher.scores import PathLine
from understudy.matcher.settings import MatchSettings


@dataclass(frozen=True, slots=True)
class Mixed:
    """A cell whose paths differ by its best line: its groups by each line."""

    tables: Mapping[PathLine, Map[str, Group]]

    def changed(self, gone: Collection[Candidate], come: Collection[Candidate], settings: MatchSettings) -> Mixed:
        """The cell without the candidates that are gone and with those that come."""
        # The same ones come together by several lines: each such group is kept once.
        made: dict[tuple[object, ...], Group | None] = {}

        def group(before: Group | None, out: Collection[Candidate], into: Collection[Candidate]) -> Group | None:
            change = (id(before), *out, *into)
            if change not in made:
                made[change] = candidate_groups.changed(before, out, into, settings)
            return made[change]

        return Mixed({line: refiled(table, gone, come, _rest_of(line), group) for line, table in self.tables.items()})


Cell = Group | Mixed


class Cells:
    """Candidates by path, found by each of these lines, best line first. Never changes."""

    __slots__ = ("_cells", "_key", "_lines", "_settings")

    def __init__(self, lines: tuple[PathLine, ...], settings: MatchSettings) -> None:
        self._lines = lines
        self._key = TEXT_KEYS[lines[-1]]
        self._settings = settings
        self._cells: Map[str, Cell] = Map()

    def __len__(self) -> int:
        return len(self._cells)

    def fitting(self, text: str) -> Iterator[tuple[PathLine, Group]]:
        """The groups whose paths equal this one by each line, best line first; what is alone comes once."""
        cell = self._cell(text)
        if isinstance(cell, Mixed):
            for line, known in cell.tables.items():
                if (found := known.get(RESTS[line](text))) is not None:
                    yield line, found
        elif cell is not None:
            yield next(line for line in self._lines if RESTS[line](cell.text) == RESTS[line](text)), cell

    def equal(self, text: str) -> Group | None:
        """The group whose paths equal this one by the best line."""
        cell, best = self._cell(text), self._lines[0]
        if cell is None or isinstance(cell, Mixed):
            return None if cell is None else cell.tables[best].get(RESTS[best](text))
        return cell if RESTS[best](cell.text) == RESTS[best](text) else None

    def changed(self, gone: Collection[Candidate], come: Collection[Candidate]) -> Cells:
        """The cells without the candidates that are gone and with those that come."""
        after = Cells(self._lines, self._settings)
        after._cells = refiled(self._cells, gone, come, self._key_of, self._changed)
        return after

    def _cell(self, text: str) -> Cell | None:
        key = self._key(text)
        return None if key is None else self._cells.get(key)

    def _key_of(self, candidate: Candidate) -> str | None:
        text = candidate.path.text
        key = self._key(text)
        return text if key == text else key  # most paths are their own key: one text in memory, not two

    def _changed(self, cell: Cell | None, gone: Collection[Candidate], come: Collection[Candidate]) -> Cell | None:
        if cell is None and len(come) == 1:
            return candidate_groups.changed(None, (), come, self._settings)
        best = self._lines[0]
        if not isinstance(cell, Mixed):
            rests = set(map(_rest_of(best), come))
            if cell is not None:
                rests.add(RESTS[best](cell.text))
            if len(rests) == 1:
                return candidate_groups.changed(cell, gone, come, self._settings)
            held = [] if cell is None else [cell]
            cell = Mixed({line: Map({RESTS[line](each.text): each for each in held}) for line in self._lines})
        after = cell.changed(gone, come, self._settings)
        return after if len(after.tables[best]) > 1 else next(after.tables[best].values(), None)


def _rest_of(line: PathLine) -> Callable[[Candidate], str]:
    rest = RESTS[line]
    return lambda candidate: rest(candidate.path.text)
