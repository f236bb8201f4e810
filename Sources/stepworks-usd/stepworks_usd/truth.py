"""Compares what a USD file shows with what its GLB shows."""

from __future__ import annotations

import itertools

import numpy as np

from .measure import Showing, Totals

TOLERANCE = 1e-9
"""Relative to the area, the diagonal, or their product for volumes: points are copied, so only sums may round."""


def differences(glb: Showing, usd: Showing, of_glb: Totals, of_usd: Totals) -> list[str]:
    """One sentence each, for people; empty when the two show the same."""
    found = []
    for noun in ("nodes", "parts", "instances", "materials", "triangles"):
        wanted, there = getattr(of_glb, noun), getattr(of_usd, noun)
        if wanted != there:
            found.append(f"It has {there} {noun} where the GLB has {wanted}.")
    found += _names(glb.names, usd.names)
    if of_usd.box_m is None:
        return found
    area, diagonal = of_glb.area_m2, of_glb.diagonal_m
    found += _number("volume", "m³", of_glb.volume_m3, of_usd.volume_m3, TOLERANCE * area * diagonal)
    found += _number("area", "m²", area, of_usd.area_m2, TOLERANCE * area)
    far = float(np.abs(of_glb.box_m).max())
    off = float(np.abs(np.subtract(of_glb.box_m, of_usd.box_m)).max())
    if not off <= TOLERANCE * max(diagonal, far):
        found.append(f"Its bounding box is up to {off:.6g} m off that of the GLB.")
    for colour in sorted(of_glb.colour_areas_m2.keys() | of_usd.colour_areas_m2.keys()):
        wanted, there = (of.colour_areas_m2.get(colour, 0.0) for of in (of_glb, of_usd))
        found += _number(f"area of colour {colour}", "m²", wanted, there, TOLERANCE * area)
    return found


def _names(glb: list[tuple[int, str]], usd: list[tuple[int, str]]) -> list[str]:
    for wanted, there in itertools.zip_longest(glb, usd):
        if wanted != there:
            return [f"Its tree has {_place(there)} where the GLB has {_place(wanted)}."]
    return []


def _place(node: tuple[int, str] | None) -> str:
    return "an end" if node is None else f"'{node[1]}' on level {node[0]}"


def _number(noun: str, unit: str, wanted: float, there: float, tolerance: float) -> list[str]:
    if abs(wanted - there) <= tolerance:
        return []
    return [f"Its {noun} is {there:.9g} {unit} where the GLB has {wanted:.9g} {unit}."]
