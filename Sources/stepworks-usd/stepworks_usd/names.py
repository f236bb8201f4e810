"""Names of prims: letters, digits and underscores of ASCII, which every reader of USD takes, and none twice."""

from __future__ import annotations

import re
import unicodedata

LONGEST = 80
_OTHERS = re.compile(r"[^A-Za-z0-9_]+")


def legal(name: str, otherwise: str) -> str:
    """The nearest legal name: "Käfig (2)" is Kafig_2, "6204" is _6204; `otherwise` when nothing is left."""
    decomposed = unicodedata.normalize("NFKD", name)
    plain = "".join(character for character in decomposed if not unicodedata.combining(character))
    text = _OTHERS.sub("_", plain).strip("_")[:LONGEST]
    if not text:
        return otherwise
    return "_" + text if text[0].isdigit() else text


class Names:
    """The names of the children of one prim."""

    def __init__(self, *reserved: str) -> None:
        self.taken = set(reserved)
        self.last: dict[str, int] = {}

    def take(self, name: str, otherwise: str) -> str:
        """A free name: the second Ball is Ball_2. Equal calls in equal order give equal names."""
        wanted = legal(name, otherwise)
        found, number = wanted, self.last.get(wanted, 1)
        while found in self.taken:
            number += 1
            found = f"{wanted}_{number}"
        self.taken.add(found)
        self.last[wanted] = number
        return found
