"""Says as JSON what OpenUSD shows of the file that is the argument. Imports nothing of the tool: it is run apart."""

import json
import sys

from pxr import Usd, UsdGeom, UsdShade, UsdUtils, UsdValidation


def plain(value):
    """Arrays and vectors as lists."""
    if isinstance(value, (str, bool, int, float)) or value is None:
        return value
    return [plain(one) for one in value]


def prim_document(prim):
    document = {
        "type": prim.GetTypeName(), "kind": Usd.ModelAPI(prim).GetKind(), "name": prim.GetDisplayName(),
        "schemas": prim.GetAppliedSchemas(), "instance": prim.IsInstance(), "data": prim.GetCustomData(),
        "references": [str(one.primPath) for spec in prim.GetPrimStack() for one in spec.referenceList.prependedItems],
        "attributes": {
            one.GetName(): plain(one.Get()) for one in prim.GetAuthoredAttributes()
            if one.GetName() not in ("points", "primvars:normals", "faceVertexIndices", "faceVertexCounts", "indices")},
        "counts": {one.GetName(): len(one.Get()) for one in prim.GetAuthoredAttributes() if one.GetTypeName().isArray},
    }
    if prim.IsA(UsdGeom.Mesh) or prim.IsA(UsdGeom.Subset):
        material, _ = UsdShade.MaterialBindingAPI(prim).ComputeBoundMaterial()
        document["material"] = str(material.GetPath())
    if prim.IsA(UsdGeom.Mesh):
        normals = UsdGeom.PrimvarsAPI(prim).GetPrimvar("normals")
        document["normals"] = normals.GetInterpolation() if normals else None
    return document


stage = Usd.Stage.Open(sys.argv[1])
validators = UsdValidation.ValidationRegistry().GetOrLoadAllValidators()
boxes = UsdGeom.BBoxCache(Usd.TimeCode.Default(), ["default"])
whole = boxes.ComputeWorldBound(stage.GetDefaultPrim()).ComputeAlignedRange()
layers, assets, unresolved = UsdUtils.ComputeAllDependencies(sys.argv[1])
drawn = Usd.PrimRange(stage.GetPseudoRoot(), Usd.TraverseInstanceProxies())
print(json.dumps({
    "default": str(stage.GetDefaultPrim().GetPath()), "up": UsdGeom.GetStageUpAxis(stage),
    "unit": UsdGeom.GetStageMetersPerUnit(stage) if stage.HasAuthoredMetadata("metersPerUnit") else None,
    "data": stage.GetRootLayer().customLayerData, "box": [list(whole.GetMin()), list(whole.GetMax())],
    "layers": len(layers), "assets": len(assets), "unresolved": list(unresolved),
    "errors": [error.GetMessage() for error in UsdValidation.ValidationContext(validators).Validate(stage)],
    "validators": len(validators), "drawn_meshes": sum(prim.IsA(UsdGeom.Mesh) for prim in drawn),
    "prims": {
        str(prim.GetPath()): prim_document(prim)
        for prim in Usd.PrimRange(stage.GetPseudoRoot(), Usd.PrimAllPrimsPredicate) if not prim.IsPseudoRoot()},
}))
