"""Makes the colours of a CAD model plausible as materials: greys and brass tones read as metal, hues stay.

CAD programs store a colour and hardly ever a material: what the GLB then says of metal and roughness is a guess of
its exporter, and the pure primaries that people pick reflect more light than any paint does.
"""

from __future__ import annotations

import bpy

from . import library
from .colours import Colour, distance, linear_from_hex, luminance, srgb_from_linear

_SAME_TINT = 14.0
"""ΔE up to which a colour is taken for that of a metal."""
_METALS = tuple(one for one in library.MATERIALS if one.metallic == 1.0 and one.seen_as)


def main_colour(material: bpy.types.Material | None) -> Colour | None:
    """Linear base colour of a material, or None when it has none (or takes it from an image)."""
    shader = _shader(material)
    if shader is None or shader.inputs["Base Color"].is_linked:
        return None
    return tuple(shader.inputs["Base Color"].default_value[:3])


def refine(material: bpy.types.Material) -> None:
    """Adjusts metal, roughness and the extremes of the base colour in place. Images and glass stay as they are."""
    shader = _shader(material)
    if shader is None:
        return
    inputs = shader.inputs
    material.metallic = 0.0  # for Workbench, which has nothing for a metal to mirror
    if any(inputs[name].is_linked for name in ("Base Color", "Metallic", "Roughness")):
        return
    if inputs["Alpha"].default_value < 1.0 or inputs["Transmission Weight"].default_value > 0.0:
        return
    colour = tuple(inputs["Base Color"].default_value[:3])
    metallic, roughness = inputs["Metallic"].default_value, inputs["Roughness"].default_value
    if metallic >= 1.0 and roughness >= 1.0:
        # The values of a GLB that states neither: nobody chose this metal.
        metallic, roughness = 0.0, 0.45
    metal = _metal_of(colour, metallic)
    if metal is not None:
        inputs["Metallic"].default_value = 1.0
        inputs["Roughness"].default_value = metal.roughness
        # Polished metals reflect half of the light and more; darker ones look like grey paint.
        target = max(luminance(colour), 0.7 * luminance(linear_from_hex(metal.colour)))
        inputs["Base Color"].default_value = (*_brightened(colour, target), 1.0)
    else:
        inputs["Metallic"].default_value = metallic
        inputs["Roughness"].default_value = min(max(roughness, 0.05), 0.9)
        inputs["Base Color"].default_value = (*_paintable(colour), 1.0)
    material.diffuse_color = tuple(inputs["Base Color"].default_value)


def _metal_of(colour: Colour, metallic: float) -> library.Definition | None:
    """The metal for a colour: any for what the exporter called partly metal, else a coloured one that is near."""
    near = min(_METALS, key=lambda metal: _nearest(colour, metal))
    if metallic >= 0.3:
        return near
    saturated = max(srgb_from_linear(colour)) - min(srgb_from_linear(colour)) > 0.2
    return near if saturated and _nearest(colour, near) <= _SAME_TINT else None


def _nearest(colour: Colour, metal: library.Definition) -> float:
    return min(distance(colour, linear_from_hex(seen)) for seen in metal.seen_as)


def _brightened(colour: Colour, target: float) -> Colour:
    present = luminance(colour)
    factor = target / present if present > 0 else 0.0
    factor = min(factor, 0.95 / max(max(colour), 1e-6)) if present > 0 else 0.0
    return tuple(max(channel * max(factor, 1.0), 0.02) for channel in colour)


def _paintable(colour: Colour) -> Colour:
    """The colour within what paint and plastic can do: no channel above 0.85 nor below 0.008 of the light."""
    return tuple(0.008 + channel * (0.85 - 0.008) for channel in colour)


def _shader(material: bpy.types.Material | None) -> bpy.types.Node | None:
    if material is None or material.node_tree is None:
        return None
    return next((node for node in material.node_tree.nodes if node.type == "BSDF_PRINCIPLED"), None)
