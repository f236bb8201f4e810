"""Writes a Model as an OpenUSD layer.

    /Root                  kind assembly; component when the model is a single part
      /<node> …            one Xform a node, under its legal name; the name itself is its displayName
        /Mesh              of a part that stands once
      /Materials/<name>    UsdPreviewSurface
      /Prototypes/<part>   a class: what parts that stand several times are instances of

One Mesh a part, as in CAD: faces of other colours are GeomSubsets. Only where some faces are double-sided, or have no
normals, and others are not, a part has several meshes, because both are properties of a mesh.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from pxr import Gf, Sdf, Vt

from . import prims
from .bounds import Box, moved, of_points, union
from .model import Material, Mesh, Model, Node, Primitive
from .names import Names

ROOT = Sdf.Path("/Root")
MATERIALS, PROTOTYPES = "Materials", "Prototypes"


def build(model: Model, name: str, layer_data: dict[str, Any]) -> Sdf.Layer:
    """The whole model in memory; `name` is what people call it, `layer_data` becomes customLayerData."""
    layer = Sdf.Layer.CreateAnonymous(".usda")
    with Sdf.ChangeBlock():
        _Writer(layer, model, name).write()
        layer.defaultPrim = ROOT.name
        layer.customLayerData = layer_data
        layer.pseudoRoot.SetInfo("upAxis", "Y")
        layer.pseudoRoot.SetInfo("metersPerUnit", 1.0)
    return layer


class _Writer:
    def __init__(self, layer: Sdf.Layer, model: Model, name: str) -> None:
        self.layer = layer
        self.model = model
        self.name = name
        self.uses = Counter(node.mesh for node in model.nodes if node.mesh is not None)
        self.materials: dict[int, Sdf.Path] = {}
        self.prototypes: dict[int, Sdf.Path] = {}
        self.boxes: dict[int, Box] = {}
        """Of meshes, in their own space."""
        self.node_boxes: list[Box] = [None] * len(model.nodes)
        """Of what is below each node, in the node's own space."""
        self._find_boxes()

    def write(self) -> None:
        root = prims.define(self.layer.pseudoRoot, ROOT.name, "Xform")
        prims.name(root, self.name)
        root.SetInfo("assetInfo", {"name": self.name})
        is_single = self.uses.total() == 1
        root.kind = "component" if is_single else "assembly"
        prims.hint(root, self._box_around(self.model.roots))
        self._write_materials(root)
        self._write_prototypes(root)
        self._write_nodes(root, ("", "subcomponent") if is_single else ("assembly", "component"))

    def _find_boxes(self) -> None:
        """Children first."""
        for index in self.uses:
            self.boxes[index] = union(of_points(primitive.points) for primitive in self.model.meshes[index].primitives)
        for index in reversed(range(len(self.model.nodes))):
            node = self.model.nodes[index]
            if node.mesh is not None:
                self.node_boxes[index] = self.boxes[node.mesh]
            elif node.children:
                self.node_boxes[index] = self._box_around(node.children)

    def _box_around(self, nodes: Sequence[int]) -> Box:
        return union(moved(self.node_boxes[index], self.model.nodes[index].matrix) for index in nodes)

    def _write_materials(self, root: Sdf.PrimSpec) -> None:
        scope = prims.define(root, MATERIALS, "Scope")
        names = Names()
        for index, material in self.model.materials.items():
            prim = prims.define(scope, names.take(material.name, "Material"), "Material")
            prims.name(prim, material.name)
            _write_surface(prim, material)
            self.materials[index] = prim.path

    def _write_prototypes(self, root: Sdf.PrimSpec) -> None:
        repeated = [index for index in self.model.meshes if self.uses[index] > 1]
        if not repeated:
            return
        scope = prims.define(root, PROTOTYPES, "Scope", Sdf.SpecifierClass)
        names = Names()
        for index in repeated:
            mesh = self.model.meshes[index]
            prim = prims.define(scope, names.take(mesh.name, "Part"), "Xform")
            prims.hint(prim, self.boxes[index])
            self._write_geometry(prim, mesh)
            self.prototypes[index] = prim.path

    def _write_nodes(self, root: Sdf.PrimSpec, kinds: tuple[str, str]) -> None:
        """`kinds`: of what contains parts, and of parts; a part is nothing else's container."""
        top = Names(MATERIALS, PROTOTYPES)
        stack = [(index, root, top) for index in reversed(self.model.roots)]
        while stack:
            index, parent, names = stack.pop()
            node = self.model.nodes[index]
            prim = prims.define(parent, names.take(node.name, "Group" if node.children else "Part"), "Xform")
            self._describe(prim, node)
            if node.mesh is not None:
                prim.kind = kinds[1]
                self._write_part(prim, node.mesh)
            elif self.node_boxes[index] is not None and kinds[0]:
                prim.kind = kinds[0]
                prims.hint(prim, self.node_boxes[index])
            below = Names()
            stack += [(child, prim, below) for child in reversed(node.children)]

    def _describe(self, prim: Sdf.PrimSpec, node: Node) -> None:
        prims.name(prim, node.name)
        if node.details:
            prim.SetInfo("customData", {"stepworks": node.details})
        if not np.array_equal(node.matrix, np.eye(4)):
            prims.place(prim, node.matrix)

    def _write_part(self, prim: Sdf.PrimSpec, mesh: int) -> None:
        prototype = self.prototypes.get(mesh)
        if prototype is None:
            prims.hint(prim, self.boxes[mesh])
            self._write_geometry(prim, self.model.meshes[mesh])
            return
        prim.referenceList.Prepend(Sdf.Reference(primPath=prototype))
        prim.instanceable = True

    def _write_geometry(self, part: Sdf.PrimSpec, mesh: Mesh) -> None:
        alike: dict[tuple[bool, bool], list[Primitive]] = {}
        for primitive in mesh.primitives:
            is_double_sided = self.model.materials[primitive.material].is_double_sided
            alike.setdefault((is_double_sided, primitive.normals is not None), []).append(primitive)
        names = Names()
        for (is_double_sided, _), primitives in alike.items():
            prim = prims.define(part, names.take("Sheet" if is_double_sided else "Mesh", "Mesh"), "Mesh")
            _write_mesh(prim, primitives, is_double_sided)
            self._bind(prim, primitives)

    def _bind(self, mesh: Sdf.PrimSpec, primitives: Sequence[Primitive]) -> None:
        faces: dict[int, list[np.ndarray]] = {}
        first = 0
        for primitive in primitives:
            count = len(primitive.triangles)
            faces.setdefault(primitive.material, []).append(np.arange(first, first + count, dtype=np.int32))
            first += count
        if len(faces) == 1:
            prims.bind(mesh, self.materials[primitives[0].material])
            return
        prims.attribute(mesh, "subsetFamily:materialBind:familyType", Sdf.ValueTypeNames.Token, "partition", True)
        names = Names()
        for material, ranges in faces.items():
            name = self.materials[material].name
            subset = prims.define(mesh, names.take(name, "Subset"), "GeomSubset")
            prims.attribute(subset, "elementType", Sdf.ValueTypeNames.Token, "face", True)
            prims.attribute(subset, "familyName", Sdf.ValueTypeNames.Token, "materialBind", True)
            indices = Vt.IntArray.FromNumpy(np.concatenate(ranges))
            prims.attribute(subset, "indices", Sdf.ValueTypeNames.IntArray, indices)
            prims.bind(subset, self.materials[material])


def _write_mesh(prim: Sdf.PrimSpec, primitives: Sequence[Primitive], is_double_sided: bool) -> None:
    points = np.concatenate([primitive.points for primitive in primitives])
    firsts = np.cumsum([0] + [len(primitive.points) for primitive in primitives[:-1]])
    corners = np.concatenate(
        [primitive.triangles.ravel() + first for primitive, first in zip(primitives, firsts, strict=True)]
    )
    kinds = Sdf.ValueTypeNames
    low, high = of_points(points)
    prims.attribute(prim, "extent", kinds.Float3Array, Vt.Vec3fArray([Gf.Vec3f(*low), Gf.Vec3f(*high)]))
    prims.attribute(prim, "faceVertexCounts", kinds.IntArray, Vt.IntArray(len(corners) // 3, 3))
    prims.attribute(prim, "faceVertexIndices", kinds.IntArray, Vt.IntArray.FromNumpy(corners.astype(np.int32)))
    prims.attribute(prim, "points", kinds.Point3fArray, Vt.Vec3fArray.FromNumpy(points))
    prims.attribute(prim, "subdivisionScheme", kinds.Token, "none", True)
    if is_double_sided:
        prims.attribute(prim, "doubleSided", kinds.Bool, True, True)
    if primitives[0].normals is not None:
        values = np.concatenate([primitive.normals for primitive in primitives])
        normals = prims.attribute(prim, "primvars:normals", kinds.Normal3fArray, Vt.Vec3fArray.FromNumpy(values))
        normals.SetInfo("interpolation", "vertex")


def _write_surface(prim: Sdf.PrimSpec, material: Material) -> None:
    kinds = Sdf.ValueTypeNames
    shader = prims.define(prim, "Surface", "Shader")
    prims.attribute(shader, "info:id", kinds.Token, "UsdPreviewSurface", True)
    prims.attribute(shader, "inputs:diffuseColor", kinds.Color3f, Gf.Vec3f(*material.colour))
    prims.attribute(shader, "inputs:metallic", kinds.Float, material.metallic)
    prims.attribute(shader, "inputs:roughness", kinds.Float, material.roughness)
    if material.opacity < 1:
        prims.attribute(shader, "inputs:opacity", kinds.Float, material.opacity)
    if material.opacity_threshold > 0:
        prims.attribute(shader, "inputs:opacityThreshold", kinds.Float, material.opacity_threshold)
    if any(material.emission):
        prims.attribute(shader, "inputs:emissiveColor", kinds.Color3f, Gf.Vec3f(*material.emission))
    if material.ior != 1.5:
        prims.attribute(shader, "inputs:ior", kinds.Float, material.ior)
    surface = prims.attribute(shader, "outputs:surface", kinds.Token)
    output = prims.attribute(prim, "outputs:surface", kinds.Token)
    output.connectionPathList.explicitItems = [surface.path]
