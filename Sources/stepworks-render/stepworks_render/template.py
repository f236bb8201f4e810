"""Render templates: a .blend whose camera, lights and surroundings replace the built-in studio.

The model stands at the template's origin on z = 0 with radius 1, whatever its size, so that one template serves a
whole catalogue; a scene property `stepworks_true_size` that is true keeps metres instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import bpy

from .errors import invalid_input, missing_input

DEFAULT_COLLECTION = "Product"
_TRUE_SIZE = "stepworks_true_size"


@dataclass(frozen=True)
class Template:
    """An opened template."""

    scene: bpy.types.Scene
    collection: bpy.types.Collection
    """Where the model belongs."""
    has_camera: bool
    """Whether the template's camera is used as it is; otherwise the model is framed."""
    has_light: bool
    """Whether the template brings lamps or a world; otherwise the built-in studio lights it."""
    true_size: bool


def open_template(path: Path, collection: str | None) -> Template:
    """Opens the template in place of the present file; call it before the model is imported.

    The collection named must be there; without a name it is "Product", made when missing.
    Raises ToolError: missing_input for a template, library or image that is not there, invalid_input for a file
    that is no .blend or lacks the collection.
    """
    if not path.is_file():
        raise missing_input(f"The template {path} is not there; give the path of a .blend.")
    try:
        bpy.ops.wm.open_mainfile(filepath=str(path), load_ui=False, use_scripts=False)
    except RuntimeError as error:
        raise invalid_input(f"The template {path.name} cannot be opened as a .blend; save it again.") from error
    _refuse_missing_files(path)
    scene = bpy.context.scene
    target = _target(scene, collection, path)
    return Template(
        scene=scene,
        collection=target,
        has_camera=scene.camera is not None,
        has_light=scene.world is not None or any(one.type == "LIGHT" for one in scene.objects),
        true_size=bool(scene.get(_TRUE_SIZE, False)),
    )


def adopt(template: Template, objects: list[bpy.types.Object]) -> None:
    """Moves the model's objects into the template's collection, and out of all others."""
    for one in objects:
        for holder in one.users_collection:
            if holder != template.collection:
                holder.objects.unlink(one)
        if one.name not in template.collection.objects:
            template.collection.objects.link(one)


def _target(scene: bpy.types.Scene, name: str | None, path: Path) -> bpy.types.Collection:
    inside = {one.name: one for one in scene.collection.children_recursive}
    wanted = name or DEFAULT_COLLECTION
    if wanted in inside:
        return inside[wanted]
    if name is not None:
        there = ", ".join(f"'{one}'" for one in sorted(inside)) or "none"
        raise invalid_input(f"The template {path.name} has no collection '{name}'; it has {there}.")
    made = bpy.data.collections.new(wanted)
    scene.collection.children.link(made)
    return made


def _refuse_missing_files(path: Path) -> None:
    images = [one for one in bpy.data.images if one.source == "FILE"]
    missing = sorted(
        {one.filepath for one in bpy.data.libraries if _lost(one.filepath, one.packed_file, None)}
        | {one.filepath for one in images if _lost(one.filepath, one.packed_file, one)}
    )
    if missing:
        names = ", ".join(missing[:5]) + (f" and {len(missing) - 5} more" if len(missing) > 5 else "")
        raise missing_input(
            f"The template {path.name} links files that are not there: {names}; pack them into it or put them back."
        )


def _lost(filepath: str, packed: object, image: bpy.types.Image | None) -> bool:
    if packed is not None or not filepath:
        return False
    library = image.library if image is not None else None
    return not Path(bpy.path.abspath(filepath, library=library)).is_file()
