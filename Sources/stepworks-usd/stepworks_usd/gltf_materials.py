"""The materials of a GLB (glTF 2.0, section 3.9), as far as UsdPreviewSurface has the same."""

from __future__ import annotations

from typing import Any

from .container import Damage
from .model import Material

_TEXTURES = ("normalTexture", "occlusionTexture", "emissiveTexture")
_PBR_TEXTURES = ("baseColorTexture", "metallicRoughnessTexture")
_GREATEST = 1e30
"""USD keeps them in floats of 32 bits."""
_NONE = -1
"""Stands for the material of a primitive that names none."""


class Looks:
    """Reads each material once, when the first mesh wears it."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self.read: dict[int, Material] = {}
        self.lost: set[str] = set()
        """Extensions that USD does not get."""

    def index(self, given: int | None) -> int:
        """The key of a primitive's material in `read`. Raises Damage."""
        index = _NONE if given is None else given
        if index not in self.read:
            self.read[index] = self._material({"name": "Default"} if given is None else self._entry(given))
        return index

    def _entry(self, index: int) -> dict[str, Any]:
        entries = self.document.get("materials", [])
        if not isinstance(index, int) or not 0 <= index < len(entries):
            raise Damage(f"materials has no entry {index}")
        return entries[index]

    def _material(self, entry: dict[str, Any]) -> Material:
        name = entry.get("name", "")
        name = name.encode("utf-8", "replace").decode() if isinstance(name, str) else ""
        surface = entry.get("pbrMetallicRoughness", {})
        if any(key in entry for key in _TEXTURES) or any(key in surface for key in _PBR_TEXTURES):
            raise Damage(f"the material '{name}' has textures, which are not carried over to USD; export it without")
        extensions = entry.get("extensions", {})
        self.lost.update(set(extensions) - {"KHR_materials_ior", "KHR_materials_emissive_strength"})
        strength = _number(extensions.get("KHR_materials_emissive_strength", {}).get("emissiveStrength", 1))
        red, green, blue, alpha = _numbers(surface.get("baseColorFactor", (1, 1, 1, 1)), 4)
        mode = entry.get("alphaMode", "OPAQUE")
        return Material(
            name=name,
            colour=(red, green, blue),
            opacity=1.0 if mode == "OPAQUE" else alpha,
            opacity_threshold=_number(entry.get("alphaCutoff", 0.5)) if mode == "MASK" else 0.0,
            metallic=_number(surface.get("metallicFactor", 1)),
            roughness=_number(surface.get("roughnessFactor", 1)),
            emission=tuple(strength * value for value in _numbers(entry.get("emissiveFactor", (0, 0, 0)), 3)),
            ior=_number(extensions.get("KHR_materials_ior", {}).get("ior", 1.5)),
            is_double_sided=bool(entry.get("doubleSided", False)),
        )


def _number(value: Any) -> float:
    number = float(value)
    if not abs(number) < _GREATEST:
        raise Damage("a material has a value that is no number of this world; export it again")
    return number


def _numbers(values: Any, count: int) -> tuple[float, ...]:
    numbers = tuple(_number(value) for value in values)
    if len(numbers) != count:
        raise Damage("a colour has a wrong number of values; export it again")
    return numbers
