"""Files that a template or a material library uses and does not hold.

The derivation key knows the .blend and not what it links, so a change of such a file makes no new pictures. The
result names them with their digests, so that whoever wonders about an old picture can tell.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import bpy

from .errors import missing_input

_NAMED = 5


@dataclass(frozen=True)
class Link:
    """One file outside, as it was when it was used."""

    path: Path
    sha256: str


def outside() -> set[Path]:
    """The files, of whatever kind, that the open .blend uses and does not hold: libraries, pictures, fonts, caches."""
    named = bpy.utils.blend_paths(absolute=True, packed=False, local=False)
    return {path for path in (Path(one).resolve() for one in named if one) if path.is_file()}


def examine(paths: set[Path]) -> tuple[Link, ...]:
    """The files with their digests, by path. Raises ToolError, missing_input, for one that can't be read."""
    found = []
    for path in sorted(paths):
        try:
            with path.open("rb") as file:
                found.append(Link(path, hashlib.file_digest(file, "sha256").hexdigest()))
        except OSError as error:
            raise missing_input(f"The linked file {path} cannot be read ({error.strerror}).") from error
    return tuple(found)


def warnings(holder: Path | None, links: tuple[Link, ...]) -> list[str]:
    """What to say about the files that the .blend `holder` links: one sentence, or none when there are none."""
    if holder is None or not links:
        return []
    more = f" and {len(links) - _NAMED} more" if len(links) > _NAMED else ""
    names = ", ".join(str(one.path) for one in links[:_NAMED])
    return [f"{holder.name} links {names}{more}; pack what it links, because a change of that makes no new pictures."]
