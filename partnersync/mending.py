"""A tree with its mistakes mended, and the way back to the file's own paths.

file                         mended
sorces: {…}                  sources: {…}          renamed to what was meant
every: 15                    (left out)            it has a default
currency: usd                currency: USD         a value that would do
- {id: a}  - 7  - {id: b}    - {id: a}  - {id: b}  list[1] of the rest is list[2] of the file
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from partnersync.source import Step, Tree, Where


@dataclass(slots=True)
class Repairs:
    """What is to be done to a tree, by the file's own paths. ``lost`` are those whose own value is no longer there."""

    dropped: set[Where] = field(default_factory=set)
    put: dict[Where, Tree] = field(default_factory=dict)
    renamed: dict[Where, str] = field(default_factory=dict)

    @property
    def lost(self) -> set[Where]:
        """Paths that were left out or replaced."""
        return self.dropped | self.put.keys()

    def lost_at_or_above(self, where: Where) -> Where | None:
        """The outermost lost path that ``where`` lies in, None where nothing around it is lost."""
        return next((where[:length] for length in range(len(where) + 1) if where[:length] in self.lost), None)

    def renamed_to(self, where: Where) -> bool:
        """Whether a neighbour was read as the setting ``where``, which is missing under its right name."""
        return any(path[:-1] == where[:-1] and meant == where[-1] for path, meant in self.renamed.items())

    def lost_of(self, pattern: tuple[Step | None, ...]) -> bool:
        """Whether anything that this pattern of paths needs is lost; None stands for any step."""
        return any(
            len(path) <= len(pattern) and all(b is None or a == b for a, b in zip(path, pattern, strict=False))
            for path in self.lost
        )


class Mended:
    """A tree with repairs applied."""

    def __init__(self, tree: Tree, repairs: Repairs) -> None:
        self._repairs = repairs
        self._kept: dict[Where, list[int]] = {}
        self._names: dict[Where, dict[str, str]] = {}
        self._added: dict[Where, dict[str, Tree]] = {}
        for path, value in repairs.put.items():
            if path and isinstance(path[-1], str):
                self._added.setdefault(path[:-1], {})[path[-1]] = value
        self.tree = self._built(tree, ())

    def _built(self, node: Tree, where: Where) -> Tree:
        repairs = self._repairs
        if where in repairs.put:
            return repairs.put[where]
        if isinstance(node, dict):
            made: dict[str, Tree] = {}
            for key, value in node.items():
                here = (*where, key)
                if here in repairs.dropped:
                    continue
                name = repairs.renamed.get(here, key)
                if name != key:
                    self._names.setdefault(where, {})[name] = key
                made[name] = self._built(value, here)
            made.update({key: value for key, value in self._added.get(where, {}).items() if key not in node})
            return made
        if isinstance(node, list):
            kept = [index for index in range(len(node)) if (*where, index) not in repairs.dropped]
            self._kept[where] = kept
            return [self._built(node[index], (*where, index)) for index in kept]
        return node

    def original(self, loc: Iterable[Step], *, missing: bool = False) -> Where:
        """The file's path for a path of this tree; steps that are in neither (pydantic's union tags) are left out.

        ``missing``: the last step names what is not there, and is kept.
        """
        where: Where = ()
        node = self.tree
        steps = tuple(loc)
        for index, step in enumerate(steps):
            if isinstance(node, dict) and isinstance(step, str) and step in node:
                node, where = node[step], (*where, self._names.get(where, {}).get(step, step))
            elif isinstance(node, list) and isinstance(step, int) and step < len(node):
                kept = self._kept.get(where)
                node, where = node[step], (*where, kept[step] if kept else step)
            elif missing and index == len(steps) - 1:
                where = (*where, step)
        return where

    def at(self, where: Where) -> Tree:
        """The value in this tree at a path of the file; None where there is none."""
        node: Tree = self.tree
        done: Where = ()
        for step in where:
            if isinstance(node, dict) and isinstance(step, str):
                node = node.get(self._repairs.renamed.get((*done, step), step))
            elif isinstance(node, list) and isinstance(step, int):
                kept = self._kept.get(done, [])
                node = node[kept.index(step)] if step in kept else None
            else:
                return None
            done = (*done, step)
        return node

    def named(self, where: Where) -> Where:
        """A path of the file under the names that were meant, as the model knows them."""
        return tuple(
            self._repairs.renamed.get(where[: at + 1], step) if isinstance(step, str) else step
            for at, step in enumerate(where)
        )
