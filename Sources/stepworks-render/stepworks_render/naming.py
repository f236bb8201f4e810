"""What a part's name says about its material: words, copies' numbers, aliases. Knows nothing of Blender."""

from __future__ import annotations

import fnmatch
import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

ALIAS_FILE = Path(__file__).with_name("aliases.json")

# "Ball 3", "Ball.001", "Ball:1", "Ball_1", "Ball-2", "Ball (2)", "Ball<3>", but not "PA66" nor "6204".
_COPY_NUMBER = re.compile(r"(?<=.)(?:[\s._:#-]+[(<\[]?\d+[)>\]]?|[(<\[]\d+[)>\]])\s*$")
_WORD = re.compile(r"[^\W_]+")
_HUMP = re.compile(r"(?<=[a-zà-ÿ])(?=[A-ZÀ-Þ])")
# Spelled-out umlauts: a German name may have either.
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})
# Shorter parts of compounds match too much: "ring" in "string".
_SHORTEST_COMPOUND_PART = 5


def without_copy_number(name: str) -> str:
    """The name without the numbers that programs append to copies; never empty."""
    while True:
        shorter = _COPY_NUMBER.sub("", name).rstrip()
        if not shorter or shorter == name:
            return name
        name = shorter


def folded(text: str) -> str:
    """Lower case without accents: "Käfig" and "KAFIG" are "kafig"."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def words(name: str) -> list[str]:
    """Folded words of a name; "InnerRing_2" gives inner, ring, 2."""
    return _WORD.findall(folded(_HUMP.sub(" ", unicodedata.normalize("NFC", name))))


@dataclass(frozen=True)
class _Alias:
    words: tuple[str, ...]
    material: str
    substance: bool

    @property
    def length(self) -> int:
        return sum(len(word) for word in self.words)


@lru_cache(maxsize=1)
def _aliases() -> tuple[_Alias, ...]:
    table = json.loads(ALIAS_FILE.read_text(encoding="utf-8"))
    listed = []
    for group in ("substances", "functions"):
        for material, texts in table[group].items():
            for text in texts:
                for spelling in {text, unicodedata.normalize("NFC", text.casefold()).translate(_UMLAUTS)}:
                    # Humps only stand in names of parts: "CuSn8" is one word here and one when folded.
                    listed.append(_Alias(tuple(_WORD.findall(folded(spelling))), material, group == "substances"))
    return tuple(listed)


def material_by_alias(name: str) -> str | None:
    """The material that the alias table gives for a part's name, or None.

    Substances win over functions, then the longest alias wins, then whole words over parts of compounds, then the
    last in the name: the head of "cap screw" is the screw.
    """
    spellings = [words(name), _WORD.findall(folded(name))]
    best: tuple[tuple[bool, int, bool, int], str] | None = None
    for alias in _aliases():
        for spelling in spellings:
            found = _find(alias, spelling)
            if found is None:
                continue
            position, whole = found
            rank = (alias.substance, alias.length, whole, position)
            if best is None or rank > best[0]:
                best = (rank, alias.material)
    return best[1] if best else None


def _find(alias: _Alias, name: list[str]) -> tuple[int, bool] | None:
    """Last position of the alias among a name's words, and whether it stands there as whole words."""
    count = len(alias.words)
    for position in range(len(name) - count, -1, -1):
        if tuple(name[position : position + count]) == alias.words:
            return position, True
    word = alias.words[0]
    if count > 1 or len(word) < _SHORTEST_COMPOUND_PART:
        return None
    for position in range(len(name) - 1, -1, -1):
        # In German "Gummiring" says first what it is made of, and "Sechskantschraube" last what it is.
        if name[position].startswith(word) if alias.substance else name[position].endswith(word):
            return position, False
    return None


def from_map(mapping: Mapping[str, str], names: Iterable[str]) -> str | None:
    """What an explicit map says for the first of `names` that it knows.

    Exact names come first, in the order given; then patterns with * and ?, the one with the most letters first.
    """
    candidates = list(dict.fromkeys(names))
    for name in candidates:
        if name in mapping:
            return mapping[name]
    patterns = [key for key in mapping if "*" in key or "?" in key]
    patterns.sort(key=lambda key: (-len(key.replace("*", "").replace("?", "")), key))
    for pattern in patterns:
        if any(fnmatch.fnmatchcase(folded(name), folded(pattern)) for name in candidates):
            return mapping[pattern]
    return None
