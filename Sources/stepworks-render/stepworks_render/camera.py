"""The catalogue camera: fixed focal length, the object in the middle, filling a stated part of the picture.

Framing is solved exactly from the model's own vertices; nothing is estimated from a bounding box.
"""

from dataclasses import dataclass
from math import cos, hypot, radians, sin

import bpy
import numpy as np
from mathutils import Euler, Vector

from .placing import Placed

STANDARD_VIEWS: dict[str, tuple[float, float]] = {
    "front_0deg": (0.0, 15.0),
    "right_90deg": (90.0, 15.0),
    "back_180deg": (180.0, 15.0),
    "left_270deg": (270.0, 15.0),
    "top_90deg": (0.0, 90.0),
    "three_quarter_45deg": (45.0, 30.0),
}
"""Name of each standard view → azimuth and elevation in degrees.

Azimuth 0 looks at the front (along +Y), 90 at the right side; elevation 90 looks straight down. The side
views look down by 15°, so that the object has depth and stands on its shadow."""

FOCAL_LENGTH_MM = 85.0
SENSOR_MM = 36.0
"""Along the longer side of the picture: a portrait lens, 24° wide, as product photographers use."""
FILL = 0.8
"""Part of the limiting side of the picture that the object covers."""


@dataclass(frozen=True)
class Framing:
    """Where the camera stands, and what of the picture the object covers; fractions of width and height."""

    azimuth_degrees: float
    elevation_degrees: float
    distance: float
    """From the camera to the axis through the model's middle, in scene units."""
    left: float
    right: float
    bottom: float
    top: float
    fill: float
    """The larger of the covered width and height; in a turntable over the whole turn."""


def frame(
    scene: bpy.types.Scene,
    placed: Placed,
    azimuth_degrees: float,
    elevation_degrees: float,
    width: int,
    height: int,
    *,
    turntable: bool = False,
    fill: float = FILL,
) -> Framing:
    """Points the scene's camera (made when there is none) at the model from the angles given.

    The object fills `fill` of the side that limits it and stands in the middle. With `turntable`, distance
    and height are those in which every angle of a whole turn fits, the same for each: nothing pumps or wobbles.
    Elevation is -90…90 degrees.
    """
    half_x, half_y = _half_tangents(width, height)
    turned = placed.points @ _axes(azimuth_degrees, elevation_degrees)
    if turntable:
        centre_x, centre_y, distance = _fit_turn(placed.points, elevation_degrees, half_x * fill, half_y * fill)
    else:
        centre_x, centre_y, distance = _fit(turned, half_x * fill, half_y * fill)
    _set_camera(scene, azimuth_degrees, elevation_degrees, centre_x, centre_y, distance, turned, placed)

    depth = distance - turned[:, 2]
    across = (turned[:, 0] - centre_x) / depth / half_x
    upward = (turned[:, 1] - centre_y) / depth / half_y
    left, right = (float(edge) / 2 + 0.5 for edge in (across.min(), across.max()))
    bottom, top = (float(edge) / 2 + 0.5 for edge in (upward.min(), upward.max()))
    covered = fill if turntable else max(right - left, top - bottom)
    return Framing(
        azimuth_degrees, elevation_degrees, distance, left=left, right=right, bottom=bottom, top=top, fill=covered
    )


def _half_tangents(width: int, height: int) -> tuple[float, float]:
    longer = max(width, height)
    half = SENSOR_MM / 2 / FOCAL_LENGTH_MM
    return half * width / longer, half * height / longer


def _axes(azimuth_degrees: float, elevation_degrees: float) -> np.ndarray:
    """Columns: right, up and towards the camera, in world space."""
    return np.array(_rotation(azimuth_degrees, elevation_degrees).to_matrix(), dtype=np.float64)


def _rotation(azimuth_degrees: float, elevation_degrees: float) -> Euler:
    return Euler((radians(90 - elevation_degrees), 0.0, radians(azimuth_degrees)))


def _fit(points: np.ndarray, slope_x: float, slope_y: float) -> tuple[float, float, float]:
    """Camera position (x, y, distance) in camera axes for points in camera axes.

    A point is inside when |x - cx| <= slope (distance - z); the two tight planes of each pair give centre and
    distance in closed form. Along the side that does not limit, the centre is then balanced in perspective.
    """
    x, y, z = points.T
    right, left = (x + slope_x * z).max(), (slope_x * z - x).max()
    top, bottom = (y + slope_y * z).max(), (slope_y * z - y).max()
    distance = max((right + left) / (2 * slope_x), (top + bottom) / (2 * slope_y))
    centre_x = _balanced(x, distance - z, (right - left) / 2)
    centre_y = _balanced(y, distance - z, (top - bottom) / 2)
    return centre_x, centre_y, float(distance)


def _balanced(offsets: np.ndarray, depth: np.ndarray, start: float) -> float:
    """Centre from which the outermost points on both sides are seen under the same angle."""
    below, above = float(offsets.min()), float(offsets.max())
    centre = start
    for _ in range(40):
        seen = (offsets - centre) / depth
        low, high = seen.argmin(), seen.argmax()
        # Falls as the centre rises, with this slope as long as the same two points are the outermost.
        excess = seen[low] + seen[high]
        if abs(excess) < 1e-6:
            break
        if excess > 0:
            below = centre
        else:
            above = centre
        centre = float(centre + excess / (1 / depth[low] + 1 / depth[high]))
        if not below < centre < above:
            centre = (below + above) / 2
    return centre


def _fit_turn(
    points: np.ndarray, elevation_degrees: float, slope_x: float, slope_y: float
) -> tuple[float, float, float]:
    """As `_fit`, for the bodies that the points sweep in a whole turn about the z axis.

    A point at radius r and height h is at x = r cos t, y = h cos e - r sin e sin t, z = h sin e + r cos e sin t;
    the largest of each tight plane over t is known in closed form.
    """
    sine, cosine = sin(radians(elevation_degrees)), cos(radians(elevation_degrees))
    radius, height = np.hypot(points[:, 0], points[:, 1]), points[:, 2]
    side = (radius * hypot(1.0, slope_x * cosine) + slope_x * height * sine).max()
    top = (height * (cosine + slope_y * sine) + radius * abs(slope_y * cosine - sine)).max()
    bottom = (height * (slope_y * sine - cosine) + radius * abs(slope_y * cosine + sine)).max()
    distance = max(side / slope_x, (top + bottom) / (2 * slope_y))
    turn = np.linspace(0, 2 * np.pi, 90, endpoint=False)
    outline = _swept_outline(radius, height)
    r, h = outline[:, :1], outline[:, 1:]
    y = (h * cosine - r * sine * np.sin(turn)).ravel()
    z = (h * sine + r * cosine * np.sin(turn)).ravel()
    return 0.0, _balanced(y, distance - z, (top - bottom) / 2), float(distance)


def _swept_outline(radius: np.ndarray, height: np.ndarray) -> np.ndarray:
    """For each of 256 levels the largest radius with its height: the outline of the swept body."""
    low, high = height.min(), height.max()
    level = np.zeros(len(height), dtype=np.int64)
    if high > low:
        level = np.minimum(((height - low) / (high - low) * 256).astype(np.int64), 255)
    order = np.lexsort((radius, level))
    last = np.append(np.flatnonzero(np.diff(level[order])), len(order) - 1)
    picked = np.concatenate([order[last], [height.argmin(), height.argmax()]])
    return np.column_stack([radius[picked], height[picked]])


def _set_camera(
    scene: bpy.types.Scene,
    azimuth_degrees: float,
    elevation_degrees: float,
    centre_x: float,
    centre_y: float,
    distance: float,
    points: np.ndarray,
    placed: Placed,
) -> None:
    camera = scene.camera
    if camera is None:
        camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
        scene.collection.objects.link(camera)
        scene.camera = camera
    rotation = _rotation(azimuth_degrees, elevation_degrees)
    camera.rotation_mode = "XYZ"
    camera.rotation_euler = rotation
    camera.location = rotation.to_matrix() @ Vector((centre_x, centre_y, distance))
    lens = camera.data
    lens.type = "PERSP"
    lens.sensor_fit = "AUTO"
    lens.sensor_width = SENSOR_MM
    lens.lens = FOCAL_LENGTH_MM
    lens.shift_x = lens.shift_y = 0.0
    # In front of the nearest point, and far enough behind the model for the floor of the studio.
    lens.clip_start = max(float(distance - points[:, 2].max()) * 0.5, placed.radius * 1e-3)
    lens.clip_end = distance + placed.radius * 100
