"""Boxes along the axes, as (lowest, highest) corner; None where nothing is."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

Box = tuple[tuple[float, ...], tuple[float, ...]] | None


def of_points(points: np.ndarray) -> Box:
    return tuple(points.min(axis=0).tolist()), tuple(points.max(axis=0).tolist())


def union(boxes: Iterable[Box]) -> Box:
    there = [box for box in boxes if box is not None]
    if not there:
        return None
    lows, highs = zip(*there, strict=True)
    return tuple(map(min, zip(*lows, strict=True))), tuple(map(max, zip(*highs, strict=True)))


def moved(box: Box, matrix: np.ndarray) -> Box:
    """The box around the moved box: never too small (J. Arvo, Transforming Axis-Aligned Bounding Boxes, 1990)."""
    if box is None:
        return None
    rows = matrix.tolist()
    low, high = list(rows[3][:3]), list(rows[3][:3])
    for row, one, other in zip(rows, box[0], box[1], strict=False):
        for axis in range(3):
            a, b = row[axis] * one, row[axis] * other
            low[axis] += min(a, b)
            high[axis] += max(a, b)
    return tuple(low), tuple(high)
