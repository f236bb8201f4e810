"""Puts a model on the studio's stage: bounding sphere of radius 1, standing on z = 0, axis in the middle.

Everything that surrounds the model (lamps, floor, shadow softness, rounded edges, clip planes) can then
have one size for a screw of 1 mm and a press of 10 m.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import radians
from typing import Protocol

import bpy
import numpy as np
from mathutils import Matrix, Vector
from mathutils.geometry import convex_hull_2d

# Above this many vertices only the outermost of each small solid angle is kept: framing needs the outline.
_ALL_POINTS = 400_000
_LONGITUDES, _LATITUDES = 1024, 512

ROUND_TILT_DEGREES = 18.0
"""A body of revolution that spins about its own axis seems to stand still; leaning, it is seen to turn."""
_ROUND = 0.01
"""How far the outline from above may be from a circle, as a share of its radius."""


class ModelLike(Protocol):
    """What this module needs of an imported model."""

    roots: Sequence[bpy.types.Object]
    meshes: Sequence[bpy.types.Object]


@dataclass(frozen=True)
class Placed:
    """A model on the stage."""

    points: np.ndarray
    """The vertices (n, 3) after placing, in scene units."""
    scale: float
    """Scene units per metre of the model."""
    radius: float
    """Radius of the sphere around the model's middle, in scene units: 1 unless its true size was kept."""
    middle_z: float
    """Height of the middle of the bounding box above the floor, in scene units."""
    size_m: tuple[float, float, float]
    """Extents of the bounding box along x, y, z in metres."""
    holder: bpy.types.Object
    """The empty that the model's roots hang from."""
    meshes: tuple[bpy.types.Object, ...]
    """The model's mesh objects."""
    tilt_degrees: float
    """How far the model leans towards the front."""


def world_points(meshes: Sequence[bpy.types.Object]) -> np.ndarray:
    """Vertices (n, 3) in world space that a face uses; thinned to the outermost above 400,000."""
    corners: dict[bpy.types.Mesh, np.ndarray] = {}
    clouds = []
    for holder in meshes:
        mesh = holder.data
        if mesh not in corners:
            corners[mesh] = _used_vertices(mesh)
        matrix = np.array(holder.matrix_world, dtype=np.float64)
        clouds.append(corners[mesh] @ matrix[:3, :3].T + matrix[:3, 3])
    points = np.concatenate(clouds) if clouds else np.zeros((0, 3))
    return points if len(points) <= _ALL_POINTS else _outermost(points)


def place(
    scene: bpy.types.Scene, model: ModelLike, true_size: bool = False, tilt_degrees: float | None = 0.0
) -> Placed:
    """Hangs the model's roots from one empty that scales and moves the model onto the stage.

    `true_size` keeps metres, for templates that are built to scale. `tilt_degrees` leans the model towards the front;
    None leans what is round from above. The model must have at least one face; its vertices must be finite.
    """
    bpy.context.view_layer.update()
    points = world_points(model.meshes)
    size = points.max(axis=0) - points.min(axis=0)
    if tilt_degrees is None:
        tilt_degrees = ROUND_TILT_DEGREES if _is_round(points[:, :2]) else 0.0
    lean = Matrix.Rotation(radians(tilt_degrees), 4, "X")
    if tilt_degrees:
        points = points @ np.array(lean.to_3x3()).T
    low, high = points.min(axis=0), points.max(axis=0)
    axis_x, axis_y = _circle_centre(points[:, :2])
    middle = np.array([axis_x, axis_y, (low[2] + high[2]) / 2])
    reach = float(np.sqrt(((points - middle) ** 2).sum(axis=1).max()))
    scale = 1.0 if true_size or reach == 0 else 1.0 / reach
    foot = np.array([axis_x, axis_y, low[2]])

    holder = bpy.data.objects.new("Stage", None)
    scene.collection.objects.link(holder)
    for root in model.roots:
        matrix = root.matrix_world.copy()
        root.parent = holder
        root.matrix_parent_inverse = Matrix.Identity(4)
        root.matrix_basis = matrix
    holder.matrix_world = Matrix.Diagonal((scale, scale, scale, 1.0)) @ Matrix.Translation(-Vector(foot)) @ lean
    bpy.context.view_layer.update()
    return Placed(
        points=(points - foot) * scale,
        scale=scale,
        radius=reach * scale,
        middle_z=float(high[2] - low[2]) / 2 * scale,
        size_m=tuple(float(extent) for extent in size),
        holder=holder,
        meshes=tuple(model.meshes),
        tilt_degrees=tilt_degrees,
    )


def _used_vertices(mesh: bpy.types.Mesh) -> np.ndarray:
    positions = np.empty(len(mesh.vertices) * 3, dtype=np.float32)
    mesh.vertices.foreach_get("co", positions)
    loops = np.empty(len(mesh.loops), dtype=np.int32)
    mesh.loops.foreach_get("vertex_index", loops)
    used = np.zeros(len(mesh.vertices), dtype=bool)
    used[loops] = True
    return positions.reshape(-1, 3)[used].astype(np.float64)


def _outermost(points: np.ndarray) -> np.ndarray:
    """The farthest point from the middle in each of half a million directions: the outline to under 1 %."""
    offsets = points - (points.min(axis=0) + points.max(axis=0)) / 2
    distance = np.sqrt((offsets**2).sum(axis=1))
    longitude = np.arctan2(offsets[:, 1], offsets[:, 0]) / (2 * np.pi) + 0.5
    sine = np.divide(offsets[:, 2], distance, out=np.zeros_like(distance), where=distance > 0)
    column = np.minimum((longitude * _LONGITUDES).astype(np.int64), _LONGITUDES - 1)
    row = np.minimum(((sine + 1) / 2 * _LATITUDES).astype(np.int64), _LATITUDES - 1)
    bin_of = row * _LONGITUDES + column
    order = np.lexsort((distance, bin_of))
    last = np.append(np.flatnonzero(np.diff(bin_of[order])), len(order) - 1)
    extremes = [index for axis in range(3) for index in (points[:, axis].argmin(), points[:, axis].argmax())]
    return points[np.concatenate([order[last], extremes])]


def _is_round(points: np.ndarray) -> bool:
    """Whether the outline of points in the plane is a circle."""
    offsets = points - np.array(_circle_centre(points))
    angles = np.linspace(0, 2 * np.pi, 180, endpoint=False)
    reach = np.array([(offsets @ np.array([np.cos(angle), np.sin(angle)])).max() for angle in angles])
    return bool(reach.max() - reach.min() <= _ROUND * reach.max())


def _circle_centre(points: np.ndarray) -> tuple[float, float]:
    """Centre of the smallest circle around points in the plane: the axis on which a turntable does not wobble."""
    if len(points) > 1000:
        points = _outside(points)
    hull = points[convex_hull_2d([tuple(point) for point in points])] if len(points) > 3 else points
    return _smallest_circle(hull)


def _outside(points: np.ndarray) -> np.ndarray:
    """All points but those inside the polygon of the farthest in 32 directions: the hull's corners, and few more."""
    angles = np.linspace(0, 2 * np.pi, 32, endpoint=False)
    farthest = (points @ np.stack([np.cos(angles), np.sin(angles)])).argmax(axis=0)
    corners = points[farthest]
    # Most lie in the circle around the middle that no edge cuts; only the rest are held against every edge.
    middle = corners.mean(axis=0)
    edges = np.roll(corners, -1, axis=0) - corners
    lengths = np.hypot(*edges.T)
    crosses = edges[:, 0] * (middle[1] - corners[:, 1]) - edges[:, 1] * (middle[0] - corners[:, 0])
    nearest = (crosses[lengths > 0] / lengths[lengths > 0]).min(initial=np.inf)
    far = points[((points - middle) ** 2).sum(axis=1) >= nearest**2 * (1 - 1e-9)]
    # A point is right of an edge where the cross product is negative; the polygon runs anticlockwise.
    sides = edges[:, 0] * (far[:, 1:] - corners[:, 1]) - edges[:, 1] * (far[:, :1] - corners[:, 0])
    return np.concatenate([corners, far[(sides < 0).any(axis=1)]])


def _smallest_circle(points: np.ndarray) -> tuple[float, float]:
    """Centre of the smallest circle around points: two or three carry it; the farthest joins them until none is out."""
    carriers = [points[0]]
    centre, radius = points[0], 0.0
    for _ in range(len(points) + 8):
        distances = np.hypot(*(points - centre).T)
        farthest = int(distances.argmax())
        if distances[farthest] <= radius * (1 + 1e-9):
            break
        centre, radius, carriers = _carried_by(points[farthest], carriers)
    return float(centre[0]), float(centre[1])


def _carried_by(new: np.ndarray, others: list[np.ndarray]) -> tuple[np.ndarray, float, list[np.ndarray]]:
    """The smallest circle through `new` and up to two of `others` that holds them all."""
    circles = []
    for count in (1, 2):
        for chosen in combinations(others, count):
            centre = (new + chosen[0]) / 2 if count == 1 else _through(new, *chosen)
            if centre is None:
                continue
            radius = float(np.hypot(*(new - centre)))
            if all(np.hypot(*(one - centre)) <= radius * (1 + 1e-9) for one in others):
                circles.append((radius, centre, [new, *chosen]))
    radius, centre, carriers = min(circles, key=lambda circle: circle[0])
    return centre, radius, carriers


def _through(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray | None:
    """Centre of the circle through three points; None when they lie on one line."""
    sides = 2 * np.array([b - a, c - a])
    if abs(np.linalg.det(sides)) < 1e-300:
        return None
    return a + np.linalg.solve(sides, [(b - a) @ (b - a), (c - a) @ (c - a)])
