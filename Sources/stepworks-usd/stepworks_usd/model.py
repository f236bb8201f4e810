"""A model as plain values: what a GLB holds and a USD file is made of."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Material:
    """Metallic and roughness as glTF means them; colours are linear."""

    name: str
    colour: tuple[float, float, float]
    opacity: float
    opacity_threshold: float
    """Above 0: points are drawn or not, by this opacity; 0: they are blended."""
    metallic: float
    roughness: float
    emission: tuple[float, float, float]
    ior: float
    is_double_sided: bool


@dataclass(frozen=True)
class Primitive:
    points: np.ndarray
    """n × 3, float32."""
    normals: np.ndarray | None
    """n × 3, float32; None: facets are flat."""
    triangles: np.ndarray
    """m × 3, int32."""
    material: int


@dataclass(frozen=True)
class Mesh:
    name: str
    primitives: tuple[Primitive, ...]


@dataclass
class Node:
    """An assembly has children, a part has a mesh; no node has both."""

    name: str
    matrix: np.ndarray
    """4 × 4, float64, for row vectors: the last row is the translation."""
    mesh: int | None = None
    children: list[int] = field(default_factory=list)
    details: dict[str, str] = field(default_factory=dict)
    """What the file says of it besides: its product's name, its path's identifier."""


@dataclass
class Model:
    nodes: list[Node]
    """Parents stand before their children."""
    roots: list[int]
    meshes: dict[int, Mesh]
    """Those that a node shows, by their index in the file."""
    materials: dict[int, Material]
    """Those that a mesh wears, likewise."""
    origin: dict[str, object]
    """What a GLB of ours says of its making; texts, numbers and one dictionary of these."""
    warnings: list[str]
