"""Short words for building prims of a layer."""

from __future__ import annotations

from typing import Any

import numpy as np
from pxr import Gf, Sdf, Vt

from .bounds import Box


def define(parent: Sdf.PrimSpec, name: str, kind: str, specifier: Sdf.Specifier = Sdf.SpecifierDef) -> Sdf.PrimSpec:
    return Sdf.PrimSpec(parent, name, specifier, kind)


def attribute(
    prim: Sdf.PrimSpec, name: str, kind: Sdf.ValueTypeName, value: Any = None, is_uniform: bool = False
) -> Sdf.AttributeSpec:
    spec = Sdf.AttributeSpec(prim, name, kind, Sdf.VariabilityUniform if is_uniform else Sdf.VariabilityVarying)
    if value is not None:
        spec.default = value
    return spec


def name(prim: Sdf.PrimSpec, text: str) -> None:
    """What people call it; prims have other names."""
    if text:
        prim.SetInfo("displayName", text)


def place(prim: Sdf.PrimSpec, matrix: np.ndarray) -> None:
    kinds = Sdf.ValueTypeNames
    attribute(prim, "xformOp:transform", kinds.Matrix4d, Gf.Matrix4d(matrix.tolist()))
    attribute(prim, "xformOpOrder", kinds.TokenArray, Vt.TokenArray(["xformOp:transform"]), True)


def hint(prim: Sdf.PrimSpec, box: Box) -> None:
    """What a model takes in its own space, for those who do not want to look inside."""
    if box is None:
        return
    _apply(prim, "GeomModelAPI")
    low, high = box
    extent = Vt.Vec3fArray([Gf.Vec3f(*low), Gf.Vec3f(*high)])
    attribute(prim, "extentsHint", Sdf.ValueTypeNames.Float3Array, extent)


def bind(prim: Sdf.PrimSpec, material: Sdf.Path) -> None:
    _apply(prim, "MaterialBindingAPI")
    binding = Sdf.RelationshipSpec(prim, "material:binding", False, Sdf.VariabilityUniform)
    binding.targetPathList.explicitItems = [material]


def _apply(prim: Sdf.PrimSpec, schema: str) -> None:
    prim.SetInfo("apiSchemas", Sdf.TokenListOp.Create(prependedItems=[schema]))
