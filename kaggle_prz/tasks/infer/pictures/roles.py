"""Pictures of one role, and the names that an id may use for each."""

import os
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from kaggle_prz.tasks.infer.tables import words

_CHANNELS = re.compile(r"[_-]\{[^{}/]*\}(?=\.[^./]*$)")
_DEEPEST = 4  # parts of a path that end a longer one
NUMBER = "number that is the stem, ignoring leading zeros"
INNER = "stem without what all stems begin and end with"
_FEW = 1000  # stems that show whether all may begin alike
_BEGIN, _END = re.compile(r".*[-_. ]"), re.compile(r"[-_. ][^-_. ]*\Z")
Finder = Callable[[str], str | None]


@dataclass(frozen=True)
class Role:
    """Pictures of one role, and the names that an id may use for them."""

    name: str  # `"train"` or `"test"`
    paths: tuple[str, ...]  # relative POSIX paths, sorted; of rows of arrays and tables, `file#row`
    # an id's file by a table instead of by the paths: rule -> id -> path
    named: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    _made: dict[object, dict[str, str]] = field(default_factory=dict, compare=False, repr=False)
    _twins: set[str] = field(default_factory=set, compare=False, repr=False)

    def folders(self) -> str:
        """Return the folders that hold the files, for people."""
        if self.named and "#" in self.paths[0]:
            files = sorted({path.partition("#")[0] for path in self.paths})
            return words.some(files, 3)
        parents = sorted({path.rpartition("/")[0] for path in self.paths})
        return words.some([f"{parent}/" for parent in parents], 3)

    def without(self, paths: set[str]) -> "Role":
        """Return the same role, less some paths."""
        return Role(self.name, tuple(path for path in self.paths if path not in paths), self.named)

    def finders(self, *, exact: bool = False) -> Iterator[tuple[str, Finder]]:
        """Rules in their order, each as a phrase and an id's file; `exact`: no parts of names."""
        for rule in self.named:
            yield rule, self._by_table(rule).get
        if self.named:
            return
        yield "file name", self._by("name").get
        yield "stem", self._by("stem").get
        yield "relative path", self._by_path("name")
        yield "relative path without suffix", self._by_path("stem")
        yield "folder of one file", self._by("folder").get
        for rule, key in (("file name", "name"), ("stem", "stem")):
            yield f"{rule}, ignoring case", self._by_low(key)
        yield "stem, ignoring suffix", self._by_stem_of
        if exact:
            return
        yield NUMBER, self._by_number
        yield INNER, self._by_inner
        yield "end of a longer path", self._by_end_of

    def has_own(self, name: str) -> bool:
        """Return whether exactly one path has this name, with or without suffix."""
        name = composed(name)
        if "/" in name:
            return any(self._by_path(key)(name) for key in ("name", "stem"))
        known = any(name in self._by(key) for key in ("name", "stem"))
        return known and name not in self._twins

    def with_twins(self, names: Iterable[str]) -> list[str]:
        """Return names that several paths have, as file name or as stem."""
        if self.named:
            return []
        for key in ("name", "stem"):
            self._by(key)
        return [name for name in names if composed(name) in self._twins]

    def _by_table(self, rule: str) -> dict[str, str]:
        """Return what `named` has, under names that ids are looked up by."""
        if rule not in self._made:
            table = self.named[rule]
            self._made[rule] = {composed(name): path for name, path in table.items()}
        return self._made[rule]

    def _by_stem_of(self, name: str) -> str | None:
        stem, _, suffix = name.rpartition(".")
        # The suffix may be that of a sound or a video, and the image was made from it.
        known = re.fullmatch(r"[A-Za-z][A-Za-z0-9]{1,4}", suffix)
        return self._by("sole stem").get(stem) if known and "/" not in name else None

    def _by_end_of(self, name: str) -> str | None:
        parts = name.split("/")
        for count in range(min(len(parts) - 1, _DEEPEST), 1, -1):
            if found := self._by("name", count).get("/".join(parts[-count:])):
                return found
        end = parts[-1]
        found = self._by("sole name").get(end) if "/" in name else None
        if found is None and ":/" in name:  # an address, whose last part may have no suffix
            return self._by("sole stem").get(end)
        return found

    def _by_number(self, name: str) -> str | None:
        return self._by("sole number").get(_number(name)) if _number(name) else None

    def _by_inner(self, name: str) -> str | None:
        if INNER not in self._made:
            self._made[INNER] = self._without_ends()
        return self._made[INNER].get(_number(name) or name)

    def _without_ends(self) -> dict[str, str]:
        """Return what tells stems apart -> paths; empty where they share no word at an end."""
        some = self.paths[:: 1 + len(self.paths) // _FEW]
        if not any(_ends([key_of(path, "stem", 1) for path in some])):
            return {}
        stems = [key_of(path, "stem", 1) for path in self.paths]
        begin, end = _ends(stems)
        named: dict[str, str] = {}
        for start, stop in ((0, end), (begin, 0), (begin, end)):  # the last counts
            inner = [stem[start : len(stem) - stop] for stem in stems]
            inner = [_number(name) or name for name in inner]
            if len({*inner}) == len(inner) > 1 and all(inner):
                named |= dict(zip(inner, self.paths, strict=True))
        return named

    def _by_low(self, key: str) -> Finder:
        table = self._by(f"low {key}")
        return lambda name: table.get(name.lower())

    def _by(self, key: str, parts: int = 1) -> dict[str, str]:
        """Keys -> paths. Of twins the first counts, but for names and stems alone none does."""
        if (key, parts) in self._made:
            return self._made[key, parts]
        table: dict[str, str] = {}
        several: set[str] = set()
        for path in reversed(self.paths):
            name = composed(key_of(path, key, parts))
            if name in table:
                several.add(name)
            table[name] = path
        if key in ("name", "stem") and parts == 1:
            self._twins.update(several)
        elif parts == 1:
            table = {name: path for name, path in table.items() if name not in several}
        self._made[key, parts] = table
        return table

    def _by_path(self, key: str) -> Finder:
        def find(name: str) -> str | None:
            parts = name.count("/") + 1
            return self._by(key, parts).get(name) if parts > 1 else None

        return find


@dataclass(frozen=True)
class Bags:
    """Rows of several pictures each; in the roles, a row's first picture stands for all."""

    column: str  # what tables call the row
    made_of: tuple[str, ...]  # columns that make up the row's id where it has no column
    between: str  # what stands between their values
    pictures: Role  # all pictures to train on
    of_picture: Mapping[str, str]  # path of such a picture -> id of its row
    members: Mapping[str, tuple[str, ...]]  # path of a row's first picture -> all paths of the row
    rule: str  # why the sample's rows are such


def composed(name: str) -> str:
    """Return a name with letters and accents in one, as tables have them and macOS has not."""
    return name if name.isascii() else unicodedata.normalize("NFC", name)


def _ends(stems: list[str]) -> tuple[int, int]:
    """Return how many signs all stems begin and end with, up to a mark between words."""
    begin, end = _shared(stems), _shared([stem[::-1] for stem in stems])[::-1]
    found = _BEGIN.match(begin), _END.search(end)
    return len(found[0][0]) if found[0] else 0, len(found[1][0]) if found[1] else 0


def _shared(names: list[str]) -> str:
    """Return what all names begin with."""
    return os.path.commonprefix(names)  # noqa: RUF071 - signs, not folders


def _number(name: str) -> str:
    """Return a whole number without zeros before it; empty where a name is none."""
    return (name.lstrip("0") or "0") if name.isascii() and name.isdecimal() else ""


def key_of(path: str, key: str, parts: int) -> str:
    """Return a path's `"name"`, `"stem"` (`"low …"`: lower case), `"folder"` or `"sole number"`."""
    if key == "folder":
        return path.rpartition("/")[0].rpartition("/")[2]
    if key == "sole number":
        return _number(key_of(path, "stem", 1))
    name = path.rpartition("/")[2] if parts == 1 else "/".join(path.split("/")[-parts:])
    if "{" in name:  # a file a channel
        name = _CHANNELS.sub("", name)
    if key.startswith("low"):
        name = name.lower()
    return name.rpartition(".")[0] if key.endswith("stem") else name
