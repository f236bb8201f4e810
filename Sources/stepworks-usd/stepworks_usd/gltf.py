"""Reads a GLB into a Model, or says in one sentence why it can't: what would be lost on the way is refused or told,
never dropped in silence."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from .container import Container, Damage, read_container
from .errors import invalid_input
from .gltf_materials import Looks
from .model import Mesh, Model, Node, Primitive

MOST_LEVELS = 400
"""Nodes below each other. OpenUSD composes a path level by level on its stack; no product has so many."""

CARRIED = {"KHR_materials_ior", "KHR_materials_emissive_strength"}
"""Extensions that nothing is lost of."""

_TRIANGLES, _STRIP, _FAN = 4, 5, 6
_FARTHEST = 1e30
"""Beyond it, boxes do not fit into the floats that USD keeps them in."""

_DETAILS = ("product", "path_id")
_ORIGIN = ("tool", "version", "opencascade", "input_semantic_sha256", "derivation_key")
_PARAMETERS = ("preset", "chord_mm", "angle_degrees", "triangle_budget", "byte_budget")


def read_model(path: Path, name: str) -> Model:
    """Raises ToolError: missing_input; invalid_input for what is damaged, empty, or more than USD gets from us."""
    container = read_container(path, name)
    try:
        return _Reader(container, name).read()
    except Damage as damage:
        raise invalid_input(f"{name} cannot be used: {damage}.") from damage
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise invalid_input(f"{name} is damaged: its tables do not fit together ({error}); export it again.") from error


class _Reader:
    def __init__(self, container: Container, name: str) -> None:
        self.container = container
        self.document = container.document
        self.name = name
        self.warnings: list[str] = []
        self.looks = Looks(self.document)
        self.meshes: dict[int, Mesh | None] = {}
        self.nodes: list[Node] = []
        self.arrays: dict[int, np.ndarray] = {}

    def read(self) -> Model:
        self._refuse_extensions()
        roots = self._tree()
        meshes = {index: mesh for index, mesh in self.meshes.items() if mesh is not None}
        if not any(node.mesh is not None for node in self.nodes):
            raise invalid_input(f"{self.name} shows no mesh; give a GLB with at least one part.")
        self._refuse_nothing_to_see(meshes)
        if lost := sorted(self.looks.lost):
            self.warnings.append(f"{self.name} uses {', '.join(lost)}, which USD does not get.")
        return Model(
            nodes=self.nodes,
            roots=roots,
            meshes=meshes,
            materials=dict(sorted(self.looks.read.items())),
            origin=_origin(self.document.get("asset", {}).get("extras")),
            warnings=self.warnings,
        )

    def _refuse_extensions(self) -> None:
        unknown = sorted(set(self.document.get("extensionsRequired", [])) - CARRIED)
        if unknown:
            raise Damage(f"it needs the glTF extension {unknown[0]}, which USD does not get; export it without")
        for kind in ("animations", "cameras"):
            if self.document.get(kind):
                self.warnings.append(f"{self.name} has {kind}, which USD does not get.")

    def _tree(self) -> list[int]:
        """Reads all nodes of the scene, parents first, and returns its roots."""
        scenes = self.document.get("scenes", [])
        given = scenes[self.document.get("scene", 0)].get("nodes", []) if scenes else []
        entries = self.document.get("nodes", [])
        roots: list[int] = []
        seen: set[int] = set()
        stack = [(index, None, 1) for index in reversed(given)]
        while stack:
            index, parent, level = stack.pop()
            if not isinstance(index, int) or not 0 <= index < len(entries):
                raise Damage(f"nodes has no entry {index}")
            if index in seen:
                raise Damage(f"node {index} has two places in the tree; export it again")
            if level > MOST_LEVELS:
                raise Damage(f"its parts are nested more than {MOST_LEVELS} levels deep; flatten it")
            seen.add(index)
            place = self._add(self._node(entries[index], index), parent, roots)
            children = entries[index].get("children", [])
            mesh = self._mesh(entries[index]["mesh"]) if "mesh" in entries[index] else None
            if mesh is not None and children:
                # A part cannot contain parts: the mesh becomes a child of its own.
                self._add(Node(self.meshes[mesh].name, np.eye(4), mesh), place, roots)
            else:
                self.nodes[place].mesh = mesh
            stack += [(child, place, level + 1) for child in reversed(children)]
        return roots

    def _add(self, node: Node, parent: int | None, roots: list[int]) -> int:
        self.nodes.append(node)
        place = len(self.nodes) - 1
        (roots if parent is None else self.nodes[parent].children).append(place)
        return place

    def _node(self, entry: dict[str, Any], index: int) -> Node:
        if "skin" in entry:
            raise Damage("it has skinned parts; export it without")
        if extensions := sorted(entry.get("extensions", {})):
            self.looks.lost.update(extensions)
            if "EXT_mesh_gpu_instancing" in extensions:
                raise Damage("it places copies by EXT_mesh_gpu_instancing; export each as a node")
        extras = entry.get("extras")
        details = {key: _text(extras[key]) for key in _DETAILS if isinstance(extras, dict) and extras.get(key)}
        matrix = _matrix(entry)
        if not (np.abs(matrix) < _FARTHEST).all():
            raise Damage(f"node {index} has a place that is no number of this world; export it again")
        return Node(_text(entry.get("name", "")), matrix, details=details)

    def _mesh(self, index: int) -> int | None:
        """Its own index; None when it has no triangle."""
        if index not in self.meshes:
            entry = self.document["meshes"][index]
            if index < 0:
                raise Damage(f"meshes has no entry {index}")
            name = _text(entry.get("name", ""))
            read = (self._primitive(primitive, name) for primitive in entry["primitives"])
            primitives = tuple(primitive for primitive in read if primitive is not None)
            self.meshes[index] = Mesh(name, primitives) if primitives else None
        return None if self.meshes[index] is None else index

    def _primitive(self, entry: dict[str, Any], mesh: str) -> Primitive | None:
        mode = entry.get("mode", _TRIANGLES)
        if mode not in (_TRIANGLES, _STRIP, _FAN):
            self.warnings.append(f"The part '{mesh}' of {self.name} has points or lines, which USD does not get.")
            return None
        if "targets" in entry:
            raise Damage(f"the part '{mesh}' has morph targets; export it without")
        if extensions := sorted(set(entry.get("extensions", {})) - {"KHR_materials_variants"}):
            raise Damage(f"the part '{mesh}' is stored by {extensions[0]}; export it without")
        attributes = entry["attributes"]
        if "COLOR_0" in attributes:
            raise Damage(f"the part '{mesh}' has vertex colours, which are not carried over to USD; give it materials")
        points = self._vectors(attributes["POSITION"], mesh)
        normals = self._vectors(attributes["NORMAL"], mesh) if "NORMAL" in attributes else None
        if normals is not None and len(normals) != len(points):
            raise Damage(f"the part '{mesh}' has {len(points)} points but {len(normals)} normals; export it again")
        corners = np.arange(len(points)) if "indices" not in entry else self._array(entry["indices"]).ravel()
        if corners.dtype.kind not in "iu" or corners.max(initial=0) >= len(points):
            raise Damage(f"the part '{mesh}' has triangles of points that are not there; export it again")
        triangles = _triangles(corners.astype(np.int32), mode)
        if len(triangles) == 0:
            return None
        return Primitive(points, normals, triangles, self.looks.index(entry.get("material")))

    def _vectors(self, accessor: int, mesh: str) -> np.ndarray:
        values = self._array(accessor)
        if values.dtype.kind != "f" or values.shape[1] != 3:
            raise Damage(f"the part '{mesh}' has quantised points or normals; export it without")
        wrong = len(values) - int(np.isfinite(values).all(axis=1).sum())
        if wrong:
            raise Damage(f"the part '{mesh}' has {wrong} points or normals that are no numbers; export it again")
        return values

    def _array(self, accessor: int) -> np.ndarray:
        """Accessors are shared: each is read once."""
        if accessor not in self.arrays:
            self.arrays[accessor] = np.ascontiguousarray(self.container.array(accessor))
        return self.arrays[accessor]

    def _refuse_nothing_to_see(self, meshes: dict[int, Mesh]) -> None:
        flat = [mesh.name for mesh in meshes.values() if not any(_has_area(one) for one in mesh.primitives)]
        if len(flat) == len(meshes):
            raise invalid_input(f"{self.name} has only triangles without area; repair the model and export it again.")
        if flat:
            self.warnings.append(
                f"{self.name} has {len(flat)} parts without area, such as '{flat[0]}': nobody sees them."
            )


def _has_area(primitive: Primitive) -> bool:
    corners = primitive.points[primitive.triangles].astype(np.float64)
    return bool(np.any(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])))


def _origin(extras: object) -> dict[str, object]:
    """What stepworks-cad writes there; other tools write what they like."""
    if not isinstance(extras, dict) or extras.get("tool") != "stepworks-cad":
        return {}
    origin: dict[str, object] = {key: _text(extras[key]) for key in _ORIGIN if key in extras}
    parameters = extras.get("parameters", {})
    origin["parameters"] = {
        key: float(parameters[key]) if key != "preset" else _text(parameters[key])
        for key in _PARAMETERS
        if key in parameters
    }
    return origin


def _text(value: object) -> str:
    """Half of a surrogate pair is no character."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else ""


def _triangles(corners: np.ndarray, mode: int) -> np.ndarray:
    """glTF 2.0, section 3.7.2.1: every second triangle of a strip is turned around."""
    if mode == _TRIANGLES:
        return corners[: len(corners) // 3 * 3].reshape(-1, 3)
    if mode == _FAN:
        others = np.stack([corners[1:-1], corners[2:]], axis=1)
        return np.concatenate([others, np.full((len(others), 1), corners[0])], axis=1)
    strip = np.stack([corners[:-2], corners[1:-1], corners[2:]], axis=1)
    strip[1::2] = strip[1::2][:, [0, 2, 1]]
    return strip


def _matrix(entry: dict[str, Any]) -> np.ndarray:
    """For row vectors. glTF writes its matrices column by column for column vectors, which is the same sequence."""
    if "matrix" in entry:
        return np.array(entry["matrix"], dtype=np.float64).reshape(4, 4)
    x, y, z, w = entry.get("rotation", (0, 0, 0, 1))
    length = math.sqrt(x * x + y * y + z * z + w * w)
    if length == 0:
        raise Damage("a node is turned by a quaternion of length 0; export it again")
    x, y, z, w = x / length, y / length, z / length, w / length
    matrix = np.eye(4)
    matrix[:3, :3] = [
        [1 - 2 * (y * y + z * z), 2 * (x * y + z * w), 2 * (x * z - y * w)],
        [2 * (x * y - z * w), 1 - 2 * (x * x + z * z), 2 * (y * z + x * w)],
        [2 * (x * z + y * w), 2 * (y * z - x * w), 1 - 2 * (x * x + y * y)],
    ]
    matrix[:3, :3] *= np.array(entry.get("scale", (1, 1, 1)), dtype=np.float64).reshape(3, 1)
    matrix[3, :3] = entry.get("translation", (0, 0, 0))
    return matrix
