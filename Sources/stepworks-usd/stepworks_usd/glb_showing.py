"""What a GLB shows."""

from __future__ import annotations

import numpy as np

from .measure import Part, Piece, Showing, colour_code
from .model import Material, Model


def glb_showing(model: Model) -> Showing:
    colours = {index: _colour(material) for index, material in model.materials.items()}
    parts = {
        index: Part(tuple(Piece(one.points, one.triangles, colours[one.material]) for one in mesh.primitives))
        for index, mesh in model.meshes.items()
    }
    names: list[tuple[int, str]] = []
    instances: list[tuple[int, np.ndarray]] = []
    stack = [(index, 1, np.eye(4)) for index in reversed(model.roots)]
    while stack:
        index, level, above = stack.pop()
        node = model.nodes[index]
        matrix = node.matrix @ above
        names.append((level, node.name))
        if node.mesh is not None:
            instances.append((node.mesh, matrix))
        stack += [(child, level + 1, matrix) for child in reversed(node.children)]
    return Showing(parts, instances, names, len(model.materials))


def _colour(material: Material) -> str:
    return colour_code(*material.colour, material.opacity)
