"""What a model shows, in numbers: of its GLB and of its USD, each read on its own way, by the same arithmetic."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from .bounds import Box, moved, of_points, union

_TRIANGLES_AT_ONCE = 1 << 19
_SIMILAR = 1e-9
"""How much the axes of a similarity may differ, relative to their length."""


@dataclass(frozen=True)
class Piece:
    """Triangles of one colour; points in the space of their part."""

    points: np.ndarray
    triangles: np.ndarray
    colour: str

    def used_points(self) -> np.ndarray:
        """Those that a triangle has as a corner: the others show nowhere."""
        used = np.zeros(len(self.points), dtype=bool)
        used[self.triangles] = True
        return self.points[used]


class Part:
    """Measured once, however often it is shown."""

    def __init__(self, pieces: tuple[Piece, ...]) -> None:
        self.pieces = pieces
        self.volume, self.areas = _measure(pieces, np.eye(3))
        self.triangles = sum(len(piece.triangles) for piece in pieces)
        self.box = union(of_points(piece.used_points()) for piece in pieces)


@dataclass(frozen=True)
class Showing:
    """Everything that a model shows. Matrices are for row vectors and lead to metres."""

    parts: dict[Hashable, Part]
    instances: list[tuple[Hashable, np.ndarray]]
    """Which part, where."""
    names: list[tuple[int, str]]
    """Level and name of each node, as a person reads the tree from above."""
    materials: int


@dataclass
class Totals:
    nodes: int
    parts: int
    instances: int
    materials: int
    triangles: int = 0
    volume_m3: float = 0.0
    """Signed: surfaces that face inwards take it away."""
    area_m2: float = 0.0
    box_m: Box = None
    colour_areas_m2: dict[str, float] = field(default_factory=dict)

    @property
    def diagonal_m(self) -> float:
        low, high = self.box_m
        return float(np.linalg.norm(np.subtract(high, low)))

    def document(self) -> dict[str, object]:
        box = None if self.box_m is None else dict(zip(("min", "max"), map(list, self.box_m), strict=True))
        return {
            "nodes": self.nodes, "parts": self.parts, "instances": self.instances, "materials": self.materials,
            "triangles": self.triangles, "volume_m3": self.volume_m3, "area_m2": self.area_m2,
            "bounding_box_m": box,
            "colour_areas_m2": dict(sorted(self.colour_areas_m2.items())),
        }  # fmt: skip


def total(showing: Showing) -> Totals:
    totals = Totals(len(showing.names), len(showing.parts), len(showing.instances), showing.materials)
    for key, matrix in showing.instances:
        part = showing.parts[key]
        turn = matrix[:3, :3]
        scale = _scale(turn)
        if scale is None:
            volume, areas = _measure(part.pieces, turn)
        else:
            volume = part.volume * scale**3
            areas = {colour: area * scale**2 for colour, area in part.areas.items()}
        totals.volume_m3 += volume
        for colour, area in areas.items():
            totals.area_m2 += area
            totals.colour_areas_m2[colour] = totals.colour_areas_m2.get(colour, 0.0) + area
        totals.triangles += part.triangles
    totals.box_m = _exact_box(showing)
    return totals


def colour_code(red: float, green: float, blue: float, opacity: float) -> str:
    """#RRGGBB, with AA when it is not opaque, of a linear colour (IEC 61966-2-1)."""
    linear = np.clip(np.array([red, green, blue], dtype=np.float32), 0, 1)
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** np.float32(1 / 2.4) - 0.055)
    values = [int(value) for value in np.rint(encoded * 255)]
    if opacity < 1:
        values.append(round(max(opacity, 0.0) * 255))
    return "#" + "".join(f"{value:02X}" for value in values)


def _scale(turn: np.ndarray) -> float | None:
    """The length of the axes when all have the same and stand upright on each other."""
    product = turn @ turn.T
    squared = product[0, 0]
    if np.abs(product - squared * np.eye(3)).max() > _SIMILAR * squared:
        return None
    return float(np.sqrt(squared))


def _measure(pieces: Sequence[Piece], turn: np.ndarray) -> tuple[float, dict[str, float]]:
    """Volume and area by colour of pieces that are turned and scaled; a mirror keeps the sign of the volume."""
    volume, areas = 0.0, {}
    centre = np.mean(pieces[0].points, axis=0, dtype=np.float64)
    for piece in pieces:
        area = 0.0
        for corners in _corners(piece, centre):
            one, other, third = (corners[:, corner] @ turn for corner in range(3))
            crosses = np.cross(other - one, third - one)
            area += float(np.sqrt((crosses * crosses).sum(axis=1)).sum()) / 2
            volume += float((one * crosses).sum()) / 6
        areas[piece.colour] = areas.get(piece.colour, 0.0) + area
    return volume * float(np.sign(np.linalg.det(turn))), areas


def _corners(piece: Piece, centre: np.ndarray) -> Iterator[np.ndarray]:
    for first in range(0, len(piece.triangles), _TRIANGLES_AT_ONCE):
        yield piece.points[piece.triangles[first : first + _TRIANGLES_AT_ONCE]].astype(np.float64) - centre


def _exact_box(showing: Showing) -> Box:
    """Around every point. Instances come in the order of how far they may reach: most lie inside of the first ones, and
    their points need no look."""
    reaches = [moved(showing.parts[key].box, matrix) for key, matrix in showing.instances]
    around = union(reaches)
    order = sorted(range(len(reaches)), key=lambda index: _distance(reaches[index], around))
    box: Box = None
    for index in order:
        if box is not None and _is_inside(reaches[index], box):
            continue
        key, matrix = showing.instances[index]
        for piece in showing.parts[key].pieces:
            points = piece.used_points().astype(np.float64) @ matrix[:3, :3] + matrix[3, :3]
            box = union([box, of_points(points)])
    return box


def _distance(box: Box, around: Box) -> float:
    """From the nearest of the six outer sides."""
    lows = [one - other for one, other in zip(box[0], around[0], strict=True)]
    highs = [other - one for one, other in zip(box[1], around[1], strict=True)]
    return min(lows + highs)


def _is_inside(box: Box, other: Box) -> bool:
    return all(map(float.__ge__, box[0], other[0])) and all(map(float.__le__, box[1], other[1]))
