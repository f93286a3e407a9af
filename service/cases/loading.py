"""Case files and their configs → cases with the settings that each runs under; every mistake in the file that it stands in.

A case's settings are the file's config, changed by the file's ``settings`` and then by its own, setting by setting inside each
section. A config that is made of several files is validated as one, and each problem is told where its part was written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from partnersync.errors import ConfigError, Problem
from partnersync.placing import Fault, place
from partnersync.source import Place, Source, Tree, Where, path_text, read_source
from reconcile.commission.calendar import FiscalCalendar
from service.agreement import AGREEMENTS, origins
from service.cases.checks import mistakes
from service.cases.facts import KINDS, Grounds, Kind
from service.cases.language import Case, CaseFile
from service.cases.stand_ins import completed
from service.settings import Settings


@dataclass(frozen=True, slots=True)
class Prepared:
    """A case and the settings that it runs under."""

    file: Path
    case: Case
    settings: Settings


def read_cases(files: Iterable[Path], config: Path) -> tuple[Prepared, ...]:
    """Every case of the files; a file that says nothing of a config runs under ``config``.

    Raises:
        ConfigError: with every mistake in every file.
    """
    found: list[Prepared] = []
    problems: list[Problem] = []
    for file in files:
        try:
            found += _file(file, config)
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(tuple(dict.fromkeys(problems)))
    return tuple(found)


def _file(file: Path, config: Path) -> list[Prepared]:
    source = read_source(file)
    parsed = place(source, CaseFile, (mistakes,))
    base: Source | None = None
    if parsed.config is not None:
        base = _config(source, file.parent / parsed.config, ("config",))
    elif parsed.settings is None:
        base = _config(source, config, ())
    common: Settings | None = None
    found: list[Prepared] = []
    problems: list[Problem] = []
    for at, case in enumerate(parsed.cases):
        try:
            if case.settings is not None:
                settings = _Layers(source, base, (("settings",), ("cases", at, "settings"))).settings()
            else:
                common = settings = common or _Layers(source, base, (("settings",),)).settings()
            wrong = [
                source.problem(f.where, f.message, f.hint, at_key=f.at_key)
                for f in _in_the_light_of(settings, case, ("cases", at))
            ]
            problems += wrong
            found.append(Prepared(file, case, settings))
        except ConfigError as error:
            problems += error.problems
            if case.settings is None:
                break
    if problems:
        raise ConfigError(problems)
    return found


def _config(source: Source, path: Path, where: Where) -> Source:
    if not path.is_file():
        hint = "write `config: ../partnersync.yaml` or `settings:` into it, or give --config"
        raise ConfigError([source.problem(where, f"there is no config {path} to run the cases under", hint)])
    return read_source(path)


class _Layers:
    """A config in layers: a file's, and sections that change it."""

    def __init__(self, source: Source, base: Source | None, layers: Iterable[Where]) -> None:
        self._source = source
        self._base = base
        self._written: dict[Where, Where] = {}
        self._places: dict[Where, Place] = dict(base.places) if base else {}
        tree: dict[str, Tree] = dict(base.tree) if base and isinstance(base.tree, dict) else {}
        for layer in layers:
            sections = source.at(layer)
            for name, section in sections.items() if isinstance(sections, dict) else ():
                self._put(tree, layer, name, section)
        self._tree = tree if base else completed(tree)

    def _put(self, tree: dict[str, Tree], layer: Where, name: str, section: Tree) -> None:
        """A group is changed setting by setting, anything else replaced; what is left empty (null) is taken out."""
        under = tree.get(name)
        if section is None:
            tree.pop(name, None)
        elif isinstance(section, dict) and isinstance(under, dict):
            made = {**under, **section}
            tree[name] = {key: value for key, value in made.items() if value is not None or key not in section}
            for key in section:
                self._move((*layer, name, key), (name, key))
            self._places.setdefault((name,), self._source.places[(*layer, name)])
        else:
            tree[name] = section
            self._move((*layer, name), (name,))

    def _move(self, written: Where, where: Where) -> None:
        self._places = {path: at for path, at in self._places.items() if path[: len(where)] != where}
        length = len(written)
        inside = {p: at for p, at in self._source.places.items() if p[:length] == written}
        self._places.update({(*where, *path[length:]): at for path, at in inside.items()})
        self._written[where] = written

    def settings(self) -> Settings:
        """The settings of all layers.

        Raises:
            ConfigError: each problem in the file and at the path where its part was written.
        """
        base = self._base
        merged = Source((base or self._source).file, self._tree, self._places)
        merged.places.setdefault((), Place(1, 1, 1, 1))
        if base is not None:
            merged.problems = list(base.problems)
            merged.lost = {path for path in base.lost if merged.at(path) is None}
        try:
            return place(merged, Settings, AGREEMENTS)
        except ConfigError as error:
            raise ConfigError([self._home(problem) for problem in error.problems]) from None

    def _home(self, problem: Problem) -> Problem:
        for where in sorted(self._written, key=len, reverse=True):
            text = path_text(where)
            if problem.path == text or problem.path.startswith((f"{text}.", f"{text}[")):
                path = path_text(self._written[where]) + problem.path[len(text) :]
                return replace(problem, file=self._source.file, path=path)
        return problem


def _in_the_light_of(settings: Settings, case: Case, here: Where) -> Iterator[Fault]:
    """What is wrong with a case under its settings: connections, periods and own fields that they do not know."""
    connections = {name.connection for _, name in origins(settings)} | set(settings.connections)
    crms = {connection.crm for connection in settings.connections.values()}
    calendar = FiscalCalendar.of(settings.calendar)
    grounds = Grounds.of(settings)
    parts = [(here, case), *(((*here, "steps", at), step) for at, step in enumerate(case.steps))]
    for where, facts in parts:
        for kind in KINDS:
            for at, record in enumerate(getattr(facts, kind)):
                if record.crm is not None and record.crm not in connections | crms:
                    yield Fault((*where, kind, at, "crm"), f"no connection is called {record.crm!r}")
                for name, text in getattr(record, "extra", {}).items():
                    yield from _own_field(grounds, (*where, kind, at, "extra", name), kind, name, text)
        for closed in ("locked", "soft_closed"):
            for at, label in enumerate(getattr(facts, closed)):
                try:
                    calendar.period(label)
                except ValueError as error:
                    yield Fault((*where, closed, at), str(error))


def _own_field(grounds: Grounds, where: Where, kind: Kind, name: str, text: str) -> Iterator[Fault]:
    try:
        grounds.extra(kind, {name: text})
    except KeyError:
        message = f"{name!r} is no field of your own in this config"
        yield Fault(where, message, "declare it under sources.….extra", True)
    except ValueError as error:
        yield Fault(where, str(error))
