"""Gives every part its material: from the model's own colours, or from a library by names, aliases and colours.

What does not resolve gets the failed material and is listed; nothing is disguised by a palette.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import bpy
import numpy as np

from . import library, plausible
from .colours import Colour, distance, linear_from_hex
from .errors import invalid_input, missing_input
from .naming import from_map, material_by_alias, without_copy_number

SAME_COLOUR = 10.0
"""ΔE up to which a part's colour stands for the library material that is drawn in it."""

NO_ALIAS = "no library name, alias or near colour fits the part"
NOT_IN_LIBRARY = "'{}' is not in the library"
BROKEN_LINK = "'{}' uses {}, which is missing"


class Spec(Protocol):
    """What the request says about materials."""

    mode: str
    library: Path | None
    map: dict[str, str]
    failed_material: str
    override: str | None


class ModelLike(Protocol):
    meshes: Sequence[bpy.types.Object]


@dataclass
class Resolution:
    """The material of one distinct part."""

    part: str
    material: str
    match: str
    """exact, map, alias, colour, source, override or none."""
    reason: str | None
    """Why the failed material stands in; None when it does not."""
    instances: int = 1


def apply(model: ModelLike, spec: Spec, log: Callable[[str, str], None]) -> list[Resolution]:
    """Assigns materials to all parts and says which; `log` gets (level, message), one line per distinct part.

    Raises ToolError when the library file is missing or unreadable, or the failed material is not in it.
    """
    _fill_empty_slots(model.meshes)
    if spec.mode == "source" and spec.override is None and not spec.map:
        return _keep_source(model.meshes)
    shelf = _Shelf(spec.library)
    failed = shelf.take(spec.failed_material)
    if isinstance(failed, str):
        raise invalid_input(
            f"The failed material {failed}; name one that is there, such as '{library.FAILED}'."
        )
    distinct: dict[tuple[str, str, str, str | None], Resolution] = {}
    for part in _parts(model.meshes):
        choice, match = _choose(part, spec, shelf)
        if match == "source":
            material: bpy.types.Material | str = part.material
        else:
            material = shelf.take(choice) if choice is not None else NO_ALIAS
        if isinstance(material, str):
            resolution = Resolution(part.label, failed.name, "none", material)
            _assign(part, failed, whole=True)
        elif match == "source":
            resolution = Resolution(part.label, material.name, match, None)
        else:
            resolution = Resolution(part.label, material.name, match, None)
            _assign(part, material, whole=match in ("map", "exact", "override"))
        key = (resolution.part, resolution.material, resolution.match, resolution.reason)
        if key in distinct:
            distinct[key].instances += 1
        else:
            distinct[key] = resolution
    _refine_used(model.meshes, shelf)
    for one in distinct.values():
        _report(one, log)
    return list(distinct.values())


def unresolved(resolutions: list[Resolution]) -> list[str]:
    """The parts that got the failed material."""
    return [one.part for one in resolutions if one.match == "none"]


@dataclass
class _Part:
    holder: bpy.types.Object
    occurrence: str
    product: str
    main_slot: int
    material: bpy.types.Material

    @property
    def label(self) -> str:
        return self.product

    @property
    def names(self) -> list[str]:
        bare = [without_copy_number(name) for name in (self.occurrence, self.product)]
        return list(dict.fromkeys([self.occurrence, self.product, *bare]))


class _Shelf:
    """The materials one may choose from: those of a .blend, or the project's own."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.taken: dict[str, bpy.types.Material | str] = {}
        self.names = self._listed() if path else {one.name for one in library.MATERIALS}

    def _listed(self) -> set[str]:
        if not self.path.is_file():
            raise missing_input(f"The material library {self.path} is not there; give the path of a .blend.")
        try:
            with bpy.data.libraries.load(str(self.path), link=False) as (found, _):
                return set(found.materials)
        except (OSError, RuntimeError) as error:
            raise invalid_input(f"The material library {self.path} cannot be read as a .blend ({error}).") from error

    def take(self, name: str) -> bpy.types.Material | str:
        """The material, or why there is none."""
        if name not in self.taken:
            self.taken[name] = self._fetch(name)
        return self.taken[name]

    def _fetch(self, name: str) -> bpy.types.Material | str:
        if name not in self.names:
            return NOT_IN_LIBRARY.format(name)
        if self.path is None:
            return library.make(library.BY_NAME[name])
        with bpy.data.libraries.load(str(self.path), link=False) as (_, wanted):
            wanted.materials = [name]
        material = wanted.materials[0]
        if material is None or material.is_missing:
            return NOT_IN_LIBRARY.format(name)
        lost = _lost_file(material.node_tree)
        if lost is not None:
            bpy.data.materials.remove(material)
            return BROKEN_LINK.format(name, lost)
        return material

    def by_colour(self, colour: Colour | None) -> str | None:
        """The library's material that is drawn in this colour, if one is near enough."""
        if colour is None:
            return None
        near = [
            (distance(colour, linear_from_hex(seen)), one.name)
            for one in library.MATERIALS
            if one.name in self.names
            for seen in one.seen_as
        ]
        best = min(near, default=(SAME_COLOUR + 1, None))
        return best[1] if best[0] <= SAME_COLOUR else None


def _lost_file(tree: bpy.types.NodeTree | None) -> str | None:
    """What of a material's nodes comes from a file that is gone: an image, or a group of a linked .blend."""
    for node in tree.nodes if tree is not None else ():
        image = getattr(node, "image", None)
        if image is not None and image.source == "FILE" and image.packed_file is None:
            path = bpy.path.abspath(image.filepath, library=image.library)
            if not Path(path).is_file():
                return f"the image {path}"
        if node.type == "GROUP":
            group = node.node_tree
            if group is None or group.is_missing:
                return f"the node group '{group.name if group else node.name}' of another .blend"
            if (inside := _lost_file(group)) is not None:
                return inside
    return None


def _choose(part: _Part, spec: Spec, shelf: _Shelf) -> tuple[str | None, str]:
    mapped = from_map(spec.map, part.names)
    if mapped is not None:
        return mapped, "map"
    if spec.override is not None:
        return spec.override, "override"
    if spec.mode == "source":
        return None, "source"
    folded_names = {name.casefold(): name for name in shelf.names}
    for name in part.names:
        if name.casefold() in folded_names:
            return folded_names[name.casefold()], "exact"
    for name in part.names:
        alias = material_by_alias(name)
        if alias is not None:
            return alias, "alias"
    return shelf.by_colour(plausible.main_colour(part.material)), "colour"


def _parts(meshes: Sequence[bpy.types.Object]) -> Iterator[_Part]:
    main_slots: dict[bpy.types.Mesh, int] = {}
    for holder in meshes:
        mesh = holder.data
        if mesh not in main_slots:
            main_slots[mesh] = _largest_slot(mesh)
        slot = main_slots[mesh]
        occurrence = str(holder.get("occurrence") or without_copy_number(holder.name))
        product = str(holder.get("product") or mesh.get("product") or without_copy_number(occurrence))
        yield _Part(holder, occurrence, product, slot, holder.material_slots[slot].material)


def _largest_slot(mesh: bpy.types.Mesh) -> int:
    if len(mesh.materials) < 2:
        return 0
    areas = np.empty(len(mesh.polygons), dtype=np.float32)
    slots = np.empty(len(mesh.polygons), dtype=np.int32)
    mesh.polygons.foreach_get("area", areas)
    mesh.polygons.foreach_get("material_index", slots)
    return int(np.bincount(slots, weights=areas, minlength=len(mesh.materials)).argmax())


def _assign(part: _Part, material: bpy.types.Material, whole: bool) -> None:
    """Gives the part, or with `whole` also its faces of other colours, the material.

    On the object, not on its mesh: copies of a part share the mesh and may have different materials.
    """
    for index, slot in enumerate(part.holder.material_slots):
        if whole or index == part.main_slot:
            slot.link = "OBJECT"
            slot.material = material


def _fill_empty_slots(meshes: Sequence[bpy.types.Object]) -> None:
    """A part without a colour is neutral grey."""
    plain: bpy.types.Material | None = None
    for mesh in {holder.data for holder in meshes}:
        if len(mesh.materials) == 0:
            mesh.materials.append(None)
        for index, material in enumerate(mesh.materials):
            if material is None:
                plain = plain or _plain_grey()
                mesh.materials[index] = plain


def _plain_grey() -> bpy.types.Material:
    material = library.make(library.BY_NAME["Plastic Light Grey"])
    material.name = "No colour"
    return material


def _keep_source(meshes: Sequence[bpy.types.Object]) -> list[Resolution]:
    distinct: dict[tuple[str, str], Resolution] = {}
    for part in _parts(meshes):
        key = (part.label, part.material.name)
        if key in distinct:
            distinct[key].instances += 1
        else:
            distinct[key] = Resolution(part.label, part.material.name, "source", None)
    _refine_used(meshes, None)
    return list(distinct.values())


def _refine_used(meshes: Sequence[bpy.types.Object], shelf: _Shelf | None) -> None:
    of_library = {one for one in shelf.taken.values() if not isinstance(one, str)} if shelf else set()
    seen = {slot.material for holder in meshes for slot in holder.material_slots}
    for material in sorted(seen - of_library, key=lambda one: one.name):
        plausible.refine(material)


def _report(one: Resolution, log: Callable[[str, str], None]) -> None:
    if one.match == "source":
        return
    if one.match == "none":
        log("warning", f"[MATERIAL] part '{one.part}' → '{one.material}' (no match): {one.reason}")
    else:
        log("info", f"[MATERIAL] part '{one.part}' → '{one.material}' ({one.match} match)")
