"""Opens a file as anybody would and lets OpenUSD's own validators judge it."""

from __future__ import annotations

from pathlib import Path

from pxr import Tf, Usd, UsdGeom, UsdShade, UsdUtils, UsdValidation

from .errors import invalid_output

AR_PRIM_TYPES = {"", "Scope", "Xform", "Mesh", "GeomSubset", "Material", "Shader"}
"""What is written here of the types that AR Quick Look shows; PointInstancer, which it does not, must not slip in."""


def open_stage(path: Path, name: str) -> Usd.Stage:
    """Raises ToolError, invalid_output, when OpenUSD cannot open the file or has anything to say about it. `name` is
    what sentences call it."""
    delegate = UsdUtils.CoalescingDiagnosticDelegate()
    try:
        stage = Usd.Stage.Open(str(path))
    except Tf.ErrorException as error:
        raise invalid_output(f"{name} cannot be opened again: {first_line(error)}") from error
    said = [diagnostic.commentary for diagnostic in delegate.TakeUncoalescedDiagnostics()]
    if said:
        raise invalid_output(f"{name} makes OpenUSD say: {first_line(said[0])}")
    return stage


def first_line(said: object) -> str:
    """OpenUSD tells long stories; the log has all of them."""
    return str(said).strip().partition("\n")[0]


def validate(stage: Usd.Stage) -> tuple[int, list[str]]:
    """How many validators looked, and what they found."""
    validators = UsdValidation.ValidationRegistry().GetOrLoadAllValidators()
    errors = UsdValidation.ValidationContext(validators).Validate(stage)
    return len(validators), [_sentence(error) for error in errors]


def ar_faults(stage: Usd.Stage) -> list[str]:
    """What AR Quick Look asks for besides, which no validator of OpenUSD looks at."""
    faults = []
    if UsdGeom.GetStageUpAxis(stage) != UsdGeom.Tokens.y:
        faults.append("The up axis is not Y.")
    layers = stage.GetUsedLayers(includeClipLayers=True)
    if sum(not layer.anonymous for layer in layers) != 1:
        faults.append("It has more than one layer.")
    for prim in Usd.PrimRange(stage.GetPseudoRoot(), Usd.PrimAllPrimsPredicate):
        if prim.GetTypeName() not in AR_PRIM_TYPES:
            faults.append(f"{prim.GetPath()} is a {prim.GetTypeName()}.")
        elif prim.IsA(UsdShade.Shader) and UsdShade.Shader(prim).GetShaderId() != "UsdPreviewSurface":
            faults.append(f"{prim.GetPath()} is no UsdPreviewSurface.")
    return faults


def _sentence(error: UsdValidation.ValidationError) -> str:
    sites = ", ".join(str(site.GetPrim().GetPath()) for site in error.GetSites() if site.IsPrim())
    return f"{error.GetName()}: {error.GetMessage()}" + (f" ({sites})" if sites else "")
