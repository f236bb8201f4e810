"""What a USD file shows, by what OpenUSD composes from it: references, instances, transforms and bindings resolved."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from pxr import Sdf, Usd, UsdGeom, UsdShade

from .measure import Part, Piece, Showing, colour_code

UNBOUND = "none"
"""Stands for the colour of faces that no material is bound to."""


@dataclass
class Counts:
    """What stands in the file; what a reference leads to counts once."""

    prims: int = 0
    meshes: int = 0
    subsets: int = 0
    bindings: int = 0
    references: int = 0
    broken_references: int = 0
    broken_bindings: int = 0


def usd_showing(stage: Usd.Stage) -> tuple[Showing, Counts]:
    return _Reader(stage).read()


class _Reader:
    def __init__(self, stage: Usd.Stage) -> None:
        self.stage = stage
        self.unit = UsdGeom.GetStageMetersPerUnit(stage)
        self.transforms = UsdGeom.XformCache()
        self.counts = Counts()
        self.parts: dict[Sdf.Path, Part] = {}
        self.instances: list[tuple[Sdf.Path, np.ndarray]] = []
        self.names: list[tuple[int, str]] = []
        self.colours: dict[Sdf.Path, str] = {}
        self.materials = 0

    def read(self) -> tuple[Showing, Counts]:
        root = self.stage.GetDefaultPrim()
        for prim in Usd.PrimRange(root):
            kind = prim.GetTypeName()
            self.materials += kind == "Material"
            if kind == "Xform" and prim != root:
                self.names.append((prim.GetPath().pathElementCount - 1, prim.GetDisplayName()))
                self._read_part(prim)
        self._count()
        return Showing(self.parts, self.instances, self.names, self.materials), self.counts

    def _read_part(self, prim: Usd.Prim) -> None:
        holder = prim.GetPrototype() if prim.IsInstance() else prim
        if not holder:
            return
        path = holder.GetPath()
        if path not in self.parts:
            meshes = [child for child in holder.GetChildren() if child.IsA(UsdGeom.Mesh)]
            pieces = tuple(piece for mesh in meshes for piece in self._pieces(UsdGeom.Mesh(mesh)))
            if not pieces:
                return
            self.parts[path] = Part(pieces)
        matrix = np.array(self.transforms.GetLocalToWorldTransform(prim))
        matrix[:, :3] *= self.unit
        self.instances.append((path, matrix))

    def _pieces(self, mesh: UsdGeom.Mesh) -> list[Piece]:
        points = np.array(mesh.GetPointsAttr().Get(), dtype=np.float32)
        # A mesh may stand somewhere in its part.
        matrix, _ = self.transforms.GetLocalTransformation(mesh.GetPrim())
        if matrix != type(matrix)(1):
            points = points @ np.array(matrix)[:3, :3] + np.array(matrix)[3, :3]
        if set(np.unique(mesh.GetFaceVertexCountsAttr().Get())) != {3}:
            raise ValueError(f"{mesh.GetPath()} has faces that are no triangles")
        triangles = np.array(mesh.GetFaceVertexIndicesAttr().Get()).reshape(-1, 3)
        subsets = UsdShade.MaterialBindingAPI(mesh).GetMaterialBindSubsets()
        if not subsets:
            return [Piece(points, triangles, self._colour(mesh.GetPrim()))]
        rest = np.ones(len(triangles), dtype=bool)
        pieces = []
        for subset in subsets:
            faces = np.array(subset.GetIndicesAttr().Get())
            rest[faces] = False
            pieces.append(Piece(points, triangles[faces], self._colour(subset.GetPrim())))
        if rest.any():
            pieces.append(Piece(points, triangles[rest], self._colour(mesh.GetPrim())))
        return pieces

    def _colour(self, prim: Usd.Prim) -> str:
        material, _ = UsdShade.MaterialBindingAPI(prim).ComputeBoundMaterial()
        if not material:
            return UNBOUND
        path = material.GetPath()
        if path not in self.colours:
            shader, _, _ = material.ComputeSurfaceSource()
            if not shader or shader.GetShaderId() != "UsdPreviewSurface":
                return UNBOUND
            opacity = shader.GetInput("opacity")
            self.colours[path] = colour_code(
                *shader.GetInput("diffuseColor").Get(), opacity.Get() if opacity else 1.0)  # fmt: skip
        return self.colours[path]

    def _count(self) -> None:
        """Counts what is written, whether it leads anywhere or not, and what leads nowhere."""
        counts = self.counts
        for prim in Usd.PrimRange(self.stage.GetPseudoRoot(), Usd.PrimAllPrimsPredicate):
            counts.prims += not prim.IsPseudoRoot()
            kind = prim.GetTypeName()
            counts.meshes += kind == "Mesh"
            counts.subsets += kind == "GeomSubset"
            if prim.HasAuthoredReferences():
                counts.references += 1
                counts.broken_references += not (prim.IsInstance() and prim.GetPrototype().GetChildren())
            binding = prim.GetRelationship("material:binding")
            if binding:
                counts.bindings += 1
                targets = binding.GetTargets()
                there = len(targets) == 1 and self.stage.GetPrimAtPath(targets[0]).IsA(UsdShade.Material)
                counts.broken_bindings += not there
