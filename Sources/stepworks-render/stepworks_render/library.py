"""The project's material library: names that people use, values that look right in the studio.

The definition is this file; `python -m stepworks_render.library OUT.blend` writes it as a .blend to look at,
to link into templates or to start a library of one's own from. Rendering needs no such file.
"""

from __future__ import annotations

import hashlib
import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .colours import linear_from_hex

if TYPE_CHECKING:
    import bpy

FAILED = "Failed"


@dataclass(frozen=True)
class Definition:
    """One material. Colours are sRGB as in a CAD program: "RRGGBB"."""

    name: str
    colour: str
    metallic: float = 0.0
    roughness: float = 0.4
    anisotropy: float = 0.0
    """0…1: brushed, around the model's vertical axis."""
    coat: float = 0.0
    ior: float = 1.5
    specular: float = 0.5
    subsurface: float = 0.0
    clear: bool = False
    """Looked through, like glass."""
    seen_as: tuple[str, ...] = ()
    """Colours under which this material is drawn in CAD models; a part of such a colour may take it."""


def _metal(name: str, colour: str, roughness: float, **more: object) -> Definition:
    return Definition(name, colour, metallic=1.0, roughness=roughness, **more)


def _plastic(name: str, colour: str, *seen_as: str) -> Definition:
    return Definition(name, colour, roughness=0.38, seen_as=(colour, *seen_as))


MATERIALS: tuple[Definition, ...] = (
    _metal("Steel", "C6C8CB", 0.28, seen_as=("A8B0B8", "B4B8BC", "C0C0C0", "A0A0A0")),
    _metal("Steel Polished", "D4D6D9", 0.10, seen_as=("E5E8ED", "DCDFE3")),
    _metal("Steel Brushed", "C2C4C7", 0.32, anisotropy=0.7),
    _metal("Stainless Steel", "CCCCCA", 0.22),
    _metal("Stainless Steel Brushed", "C8C8C6", 0.30, anisotropy=0.7),
    _metal("Spring Steel", "A2A4A8", 0.26),
    _metal("Cast Iron", "6F7072", 0.55),
    _metal("Cast Steel", "93959A", 0.48),
    _metal("Black Oxide", "3A3B3E", 0.36),
    _metal("Zinc Plated", "C9D0D6", 0.30, coat=0.1),
    _metal("Zinc Yellow", "CDB56A", 0.30),
    _metal("Chrome", "DDE0E3", 0.05),
    _metal("Nickel", "CFC9BE", 0.14),
    _metal("Aluminium", "DCDDDF", 0.30),
    _metal("Aluminium Brushed", "D9DADC", 0.32, anisotropy=0.7),
    _metal("Aluminium Cast", "B9BBBE", 0.46),
    Definition("Aluminium Anodised Black", "26272A", metallic=0.6, roughness=0.34),
    Definition("Aluminium Anodised Blue", "1F4E9E", metallic=0.85, roughness=0.30),
    Definition("Aluminium Anodised Red", "A5232B", metallic=0.85, roughness=0.30),
    _metal("Titanium", "A9A39C", 0.32),
    _metal("Brass", "E0C27C", 0.22, seen_as=("CC9E40", "D4AF4F", "B5A642", "E1C16E")),
    _metal("Bronze", "B98A55", 0.30, seen_as=("B08D57", "CD7F32", "A97142")),
    _metal("Copper", "E0A183", 0.22, seen_as=("B87333", "C77B58", "DA8A67")),
    _metal("Gold", "F0C860", 0.14),
    _metal("Lead", "75787D", 0.50),
    Definition("Sintered Metal", "8B8781", metallic=0.9, roughness=0.58),
    Definition("Carbide", "5B5D61", metallic=0.9, roughness=0.30),
    Definition("Black Rubber", "28292B", roughness=0.46, specular=0.45, seen_as=("1E1F21", "101010")),
    Definition("Rubber Grey", "6B6E72", roughness=0.62, specular=0.35),
    Definition("Rubber Green", "2F5A3C", roughness=0.60, specular=0.35),
    Definition("Rubber Brown", "5A3A2A", roughness=0.60, specular=0.35),
    Definition("Silicone", "D8D4CC", roughness=0.42, subsurface=0.2),
    _plastic("Plastic White", "EDEDEB", "FFFFFF"),
    _plastic("Plastic Light Grey", "C3C6C8", "D3D3D3"),
    _plastic("Plastic Grey", "84888C", "808080"),
    _plastic("Plastic Dark Grey", "484B4F", "404040"),
    _plastic("Plastic Black", "2A2B2E", "000000"),
    _plastic("Plastic Red", "C02A2A", "FF0000"),
    _plastic("Plastic Orange", "E2731F", "FF8000", "FFA500"),
    _plastic("Plastic Yellow", "EFC22A", "FFFF00", "FFD700"),
    _plastic("Plastic Green", "3A9245", "00FF00", "008000"),
    _plastic("Plastic Blue", "1F57B0", "0000FF", "0D40A6"),
    _plastic("Plastic Light Blue", "5FA3DC", "00BFFF"),
    _plastic("Plastic Beige", "DCCDB0"),
    _plastic("Plastic Brown", "6D4A32"),
    Definition("Nylon", "EAE4D3", roughness=0.40, subsurface=0.15),
    Definition("Nylon Glass Filled", "33353A", roughness=0.48),
    Definition("POM", "F0EFEA", roughness=0.34, subsurface=0.1),
    Definition("PTFE", "F4F4F2", roughness=0.36, subsurface=0.2),
    Definition("PEEK", "B79A6C", roughness=0.40),
    Definition("Phenolic", "9A5B2E", roughness=0.45),
    Definition("Acrylic", "F8FAFB", roughness=0.02, ior=1.49, clear=True),
    Definition("Glass", "EAF4F1", roughness=0.0, ior=1.52, clear=True),
    Definition("Ceramic", "F1EEE6", roughness=0.16, coat=0.5),
    Definition("Silicon Nitride", "2F3033", roughness=0.14, coat=0.4),
    Definition("Felt", "8C8F93", roughness=0.95, specular=0.1),
    Definition("Paper", "D9CFB8", roughness=0.9, specular=0.2),
    Definition("Wood", "A97B4C", roughness=0.55),
    Definition("Grease", "C9A94F", roughness=0.20, subsurface=0.3),
    Definition("Circuit Board", "1E6B45", roughness=0.40, coat=0.3),
    Definition("Paint White", "EFEFED", roughness=0.30, coat=0.6),
    Definition("Paint Grey", "7C8186", roughness=0.32, coat=0.6),
    Definition("Paint Black", "1B1C1E", roughness=0.28, coat=0.6),
    Definition("Paint Red", "B01E22", roughness=0.28, coat=0.6),
    Definition("Paint Yellow", "EDB800", roughness=0.28, coat=0.6),
    Definition("Paint Green", "1F6B3A", roughness=0.28, coat=0.6),
    Definition("Paint Blue", "17479E", roughness=0.28, coat=0.6),
    # Without highlights, and dark enough that no view transform turns it pink: it must be found again by its colour.
    Definition(FAILED, "C400AE", roughness=1.0, specular=0.0),
)

BY_NAME: dict[str, Definition] = {one.name: one for one in MATERIALS}
_NODES_VERSION = 1


def digest() -> str:
    """SHA-256 over the definition of every material; changes when any picture made with one may change."""
    listed = {"nodes": _NODES_VERSION, "materials": [asdict(one) for one in MATERIALS]}
    return hashlib.sha256(json.dumps(listed, sort_keys=True).encode()).hexdigest()


def make(definition: Definition) -> bpy.types.Material:
    """Builds the material in the open file."""
    import bpy

    material = bpy.data.materials.new(definition.name)
    colour = (*linear_from_hex(definition.colour), 1.0)
    if definition.clear:
        material.cycles.emission_sampling = "NONE"
        _build_clear(material.node_tree, definition, colour)
    else:
        _build_solid(material.node_tree, definition, colour)
    material.diffuse_color = (*colour[:3], 0.3 if definition.clear else 1.0)
    # What Workbench draws with: it has nothing for a metal to mirror, and would show it black.
    material.metallic = 0.0
    material.roughness = definition.roughness
    return material


def _build_solid(tree: bpy.types.NodeTree, definition: Definition, colour: tuple[float, ...]) -> None:
    shader = next(node for node in tree.nodes if node.type == "BSDF_PRINCIPLED")
    inputs = shader.inputs
    inputs["Base Color"].default_value = colour
    inputs["Metallic"].default_value = definition.metallic
    inputs["Roughness"].default_value = definition.roughness
    inputs["IOR"].default_value = definition.ior
    inputs["Specular IOR Level"].default_value = definition.specular
    inputs["Coat Weight"].default_value = definition.coat
    inputs["Coat Roughness"].default_value = 0.08
    inputs["Subsurface Weight"].default_value = definition.subsurface
    # The placed model has radius 1, so this is a fortieth of it.
    inputs["Subsurface Scale"].default_value = 0.025
    if definition.anisotropy:
        inputs["Anisotropic"].default_value = definition.anisotropy
        tangent = tree.nodes.new("ShaderNodeTangent")
        tangent.direction_type = "RADIAL"
        tangent.axis = "Z"
        tree.links.new(tangent.outputs["Tangent"], inputs["Tangent"])


def _build_clear(tree: bpy.types.NodeTree, definition: Definition, colour: tuple[float, ...]) -> None:
    """Glass that does not bend what is behind it, and shows the studio in a painted mirror image.

    Nothing in it is left to chance, so alpha, which no denoiser smooths, is free of noise at any number of samples.
    """
    from .graph import Graph
    from .surround import mirrored

    graph = Graph(tree)
    facing = graph.add("ShaderNodeLayerWeight", Blend=0.5).outputs["Facing"]
    # Schlick's formula, the same for both sides of the glass.
    head_on = ((definition.ior - 1) / (definition.ior + 1)) ** 2
    share = graph.math("MULTIPLY_ADD", graph.math("POWER", facing, 5.0), 0.7 - head_on, head_on)
    tint = graph.add("ShaderNodeMix", Factor=graph.math("POWER", facing, 3.0))
    tint.data_type = "RGBA"
    # More glass is looked through at a glance.
    for socket, factor in ((tint.inputs["A"], 0.995), (tint.inputs["B"], 0.72)):
        socket.default_value = (*(channel * factor for channel in colour[:3]), 1.0)
    passed = graph.add("ShaderNodeVectorMath")
    passed.operation = "SCALE"
    graph.tree.links.new(tint.outputs["Result"], passed.inputs[0])
    graph.tree.links.new(graph.math("SUBTRACT", 1.0, share), passed.inputs["Scale"])
    through = graph.add("ShaderNodeBsdfTransparent", Color=passed.outputs["Vector"])
    mirror = graph.add("ShaderNodeEmission", Strength=graph.math("MULTIPLY", mirrored(graph), share))
    both = graph.add("ShaderNodeAddShader")
    graph.tree.links.new(through.outputs["BSDF"], both.inputs[0])
    graph.tree.links.new(mirror.outputs["Emission"], both.inputs[1])
    graph.add("ShaderNodeOutputMaterial", Surface=both.outputs["Shader"])


def write(path: Path) -> None:
    """Writes all materials as a compressed .blend at `path`, replacing what is there."""
    import bpy

    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    made = set()
    for definition in MATERIALS:
        material = make(definition)
        material.use_fake_user = True
        material.asset_mark()
        made.add(material)
    bpy.data.libraries.write(str(path), made, fake_user=True, compress=True)


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print("usage: python -m stepworks_render.library OUT.blend", file=sys.stderr)
        return 64
    write(Path(arguments[0]).absolute())
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
