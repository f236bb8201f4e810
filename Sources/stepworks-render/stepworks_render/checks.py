"""Looks at a rendered picture as a person would: is something there, lit, whole, large enough, and not magenta?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .errors import invalid_output
from .request import Request

OPAQUE = 0.5
"""Alpha from which a pixel is the object's own: a shadow stays below."""
FILL_RANGE = (0.75, 0.90)
"""Part of the picture's limiting side that the object should cover."""
BLACK = 0.02
"""A picture whose brightest half per cent is darker than this (display space, 0…1) is black."""
MAGENTA_FRACTION = 0.001
"""Part of the object from which magenta is worth a word."""
CROPPED_FRACTION = 0.005
"""Part of the border's pixels from which the object counts as cut off; rounded up to one pixel."""

NAMED_PARTS = 5
"""Parts without a material that a sentence names; it counts the others."""


@dataclass(frozen=True)
class Finding:
    """One failed check."""

    check: str
    fact: str
    """The end of a sentence that begins with the picture's name."""


@dataclass(frozen=True)
class Measures:
    """What the pixels say. Fractions are 0…1; the object is what is opaque, or all where nothing is transparent."""

    fill: float | None
    """The larger of the covered width and height; None where the background is opaque."""
    coverage: float
    """Part of the pixels that the object covers."""
    mean_luminance: float
    """Of the object, display space, Rec. 709 weights."""
    magenta_fraction: float
    """Part of the object that is magenta, the colour of what did not resolve."""
    border_fraction: float
    """Part of the border's pixels that are the object's."""
    brightest: float
    """Luminance that half a per cent of the object exceeds."""
    uniform: bool
    """No pixel differs from another by more than a step of 8 bits."""


def measure(pixels: np.ndarray, transparent: bool) -> Measures:
    """Measures a picture (height × width × 4, 0…1 in display space, straight alpha).

    `transparent` says that the alpha tells object and background apart.
    """
    colour, alpha = pixels[:, :, :3], pixels[:, :, 3]
    uniform = bool((np.ptp(pixels.reshape(-1, 4), axis=0) <= 1.5 / 255).all())
    if transparent:
        # A wire thinner than a pixel is nowhere opaque; then its strongest pixels are the object.
        strongest = float(alpha.max())
        mask = alpha >= (OPAQUE if strongest >= OPAQUE else max(strongest * 0.5, 2.5 / 255))
    else:
        mask = np.ones(alpha.shape, dtype=bool)
    chosen = colour[mask]
    if len(chosen) == 0:
        return Measures(0.0 if transparent else None, 0.0, 0.0, 0.0, 0.0, 0.0, uniform)
    luminance = chosen @ np.array([0.2126, 0.7152, 0.0722], dtype=np.float32)
    return Measures(
        fill=_fill(mask) if transparent else None,
        coverage=float(mask.mean()),
        mean_luminance=float(luminance.mean()),
        magenta_fraction=float(_is_magenta(chosen).mean()),
        border_fraction=_border_fraction(mask) if transparent else 0.0,
        brightest=float(np.quantile(luminance, 0.995)),
        uniform=uniform,
    )


def findings(measures: Measures, request: Request, framed: bool, unresolved: bool) -> list[Finding]:
    """The checks that the picture does not pass, in the order in which they matter.

    `framed`: the tool placed the camera, so that fill is its own work and not a template's.
    `unresolved`: some part has the failed material.
    """
    if measures.coverage == 0.0 or measures.uniform:
        return [Finding("empty", "shows nothing")]
    found = []
    border = 2 * (request.width + request.height)
    if measures.brightest < BLACK:
        found.append(Finding("black", "is black"))
    if measures.border_fraction * border >= max(1.0, CROPPED_FRACTION * border):
        found.append(Finding("cropped", f"is cropped: the object touches {measures.border_fraction:.1%} of the border"))
    low, high = FILL_RANGE
    if framed and measures.fill is not None and not low - 0.005 <= measures.fill <= high + 0.005:
        found.append(
            Finding("fill", f"is filled to {measures.fill:.0%} by the object instead of {low:.0%} to {high:.0%}")
        )
    if unresolved and measures.magenta_fraction > MAGENTA_FRACTION:
        found.append(
            Finding("magenta", f"is magenta to {measures.magenta_fraction:.1%}: a part's material did not resolve")
        )
    return found


def judge(file: str, found: list[Finding], request: Request) -> list[str]:
    """The warnings that the findings amount to. Raises ToolError, invalid_output, for those that are fatal."""
    warnings = []
    for one in found:
        policy = request.checks[one.check]
        sentence = f"The picture {file} of {request.model_name} {one.fact}"
        if policy == "fail":
            raise invalid_output(f"{sentence}; {_ADVICE[one.check]}.")
        if policy == "warn":
            warnings.append(f"{sentence}.")
    return warnings


_ADVICE = {
    "empty": "render it larger when its parts are thin, and check a template's camera and collection",
    "black": "check the lights of the template and the materials",
    "cropped": "check the template's camera, or set the check 'cropped' to warn",
    "fill": "check the picture's width and height, or set the check 'fill' to warn",
    "magenta": "map the part to a material, or set the check 'magenta' to warn",
}


def judge_materials(unresolved: list[str], request: Request) -> list[str]:
    """The warnings that parts in the failed material amount to, whatever it looks like and before anything is rendered.

    Raises ToolError, invalid_output, where the check "magenta" is fatal.
    """
    parts = list(dict.fromkeys(unresolved))
    policy = request.checks["magenta"]
    if not parts or policy == "off":
        return []
    more = len(parts) - NAMED_PARTS
    names = ", ".join(f"'{part}'" for part in parts[:NAMED_PARTS]) + (f" and {more} more" if more > 0 else "")
    count = "1 part" if len(parts) == 1 else f"{len(parts)} parts"
    sentence = f"No material was found for {count} of {request.model_name}: {names}"
    if policy == "fail":
        raise invalid_output(f"{sentence}; name materials in material_map, or set unresolved_material to warn.")
    return [f"{sentence}; the material '{request.materials.failed_material}' stands in."]


def _fill(mask: np.ndarray) -> float:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    tall = (rows[-1] - rows[0] + 1) / mask.shape[0]
    wide = (columns[-1] - columns[0] + 1) / mask.shape[1]
    return float(max(tall, wide))


def _border_fraction(mask: np.ndarray) -> float:
    border = np.concatenate([mask[0], mask[-1], mask[:, 0], mask[:, -1]])
    return float(border.mean())


def _is_magenta(colour: np.ndarray) -> np.ndarray:
    """Red and blue alike and strong, green far below: no metal, plastic or wood looks so."""
    red, green, blue = colour[:, 0], colour[:, 1], colour[:, 2]
    stronger, weaker = np.maximum(red, blue), np.minimum(red, blue)
    return (weaker > 0.12) & (green < 0.55 * weaker) & (weaker > 0.55 * stronger)
