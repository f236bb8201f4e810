"""The request: one JSON object, read once, checked completely, never changed afterwards."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import invalid_input, missing_input
from .members import MISSING, Members

OPERATIONS = ("stills", "frames", "blend")
ENGINES = ("cycles", "eevee", "workbench")
DEVICES = ("gpu", "cpu", "auto")
BACKGROUNDS = ("transparent", "white", "template")
VIEW_TRANSFORMS = ("standard", "agx", "khronos_pbr_neutral")
CHECKS = ("empty", "black", "cropped", "fill", "magenta")
LARGEST_SIDE = 16384
MOST_FRAMES = 10_000


@dataclass(frozen=True)
class View:
    """One still. Azimuth 0 looks at the model's front, 90 at its right side; elevation 90 looks straight down."""

    name: str
    azimuth_degrees: float
    elevation_degrees: float


@dataclass(frozen=True)
class Turntable:
    """The chunk of a turntable to render. Frame i of `frames` shows the model at `start + 360·i/frames` degrees."""

    frames: int
    start_degrees: float
    elevation_degrees: float
    first: int
    count: int
    step: int
    tilt_degrees: float | None
    """How far the model leans towards the front at frame 0; None: as far as its shape needs to be seen turning."""

    @property
    def indices(self) -> list[int]:
        return [self.first + self.step * i for i in range(self.count)]

    def azimuth_degrees(self, index: int) -> float:
        return self.start_degrees + 360.0 * index / self.frames


@dataclass(frozen=True)
class MaterialSpec:
    """How parts get their materials.

    `mode` "source" keeps the colours of the model; "library" resolves every part against `map` (part name →
    material name), the aliases and the colours; what does not resolve gets `failed_material`. `override` names the
    one material for all parts. `library` is the .blend with the materials; None is the tool's own.
    """

    mode: str
    library: Path | None
    map: dict[str, str]
    failed_material: str
    override: str | None


@dataclass(frozen=True)
class Request:
    operation: str
    model: Path
    model_name: str
    name: str
    derivation_key: str
    input_sha256: str
    engine: str
    device: str
    cpu_fallback: str
    width: int
    height: int
    samples: int
    seed: int
    background: str
    view_transform: str
    views: tuple[View, ...]
    turntable: Turntable | None
    frames_directory: Path | None
    template: Path | None
    template_collection: str | None
    materials: MaterialSpec
    checks: dict[str, str]

    @classmethod
    def read(cls, path: Path) -> Request:
        """Reads and checks the request file. Raises ToolError: missing_input or invalid_input."""
        try:
            text = path.read_text(encoding="utf-8")
        except OSError as error:
            raise missing_input(f"The request {path} cannot be read ({error.strerror}).") from error
        except UnicodeDecodeError as error:
            raise invalid_input(f"The request {path} is not UTF-8.") from error
        try:
            members = json.loads(text)
        except ValueError as error:
            raise invalid_input(f"The request {path} is not JSON ({error}).") from error
        if not isinstance(members, dict):
            raise invalid_input(f"The request {path} is not a JSON object.")
        return cls._checked(Members(members, "the request"))

    @classmethod
    def _checked(cls, members: Members) -> Request:
        operation = members.choice("operation", OPERATIONS)
        model = members.path("model")
        request = cls(
            operation=operation,
            model=model,
            model_name=members.text("model_name", model.name),
            name=_safe_stem(members, "name", model.stem),
            derivation_key=members.digest("derivation_key"),
            input_sha256=members.digest("input_sha256"),
            engine=members.choice("engine", ENGINES, "cycles"),
            device=members.choice("device", DEVICES, "gpu"),
            cpu_fallback=members.choice("cpu_fallback", ("warn", "fail"), "warn"),
            width=members.integer("width", 1, LARGEST_SIDE, 512),
            height=members.integer("height", 1, LARGEST_SIDE, 512),
            samples=members.integer("samples", 1, 4096, 64),
            seed=members.integer("seed", 0, 2**31 - 1, 0),
            background=members.choice("background", BACKGROUNDS, "transparent"),
            view_transform=members.choice("view_transform", VIEW_TRANSFORMS, "khronos_pbr_neutral"),
            views=_views(members, operation),
            turntable=_turntable(members, operation),
            frames_directory=members.path("frames_directory", optional=operation != "frames"),
            template=members.path("template", optional=True),
            template_collection=members.text("template_collection", None),
            materials=_materials(members),
            checks=_checks(members),
        )
        if request.background == "template" and request.template is None:
            raise invalid_input("The request asks for the template's background but names no template.")
        members.refuse_others()
        return request


def _safe_stem(members: Members, key: str, default: Any = MISSING) -> str:
    value = members.text(key, default)
    if "/" in value or value.startswith(".") or len(value.encode()) > 200:
        raise members.wrong(key, "a file name without a directory, not hidden, of at most 200 bytes")
    return value


def _views(members: Members, operation: str) -> tuple[View, ...]:
    if operation == "frames" or (operation == "blend" and not members.value("views", [])):
        members.value("views", None)
        return ()
    listed = members.value("views")
    if not isinstance(listed, list) or not 1 <= len(listed) <= 64:
        raise members.wrong("views", "a list of 1 to 64 views")
    views = []
    for position, one in enumerate(listed):
        if not isinstance(one, dict):
            raise members.wrong("views", "a list of objects")
        view = Members(one, f"view {position + 1} of {members.place}")
        views.append(
            View(
                name=_safe_stem(view, "name"),
                azimuth_degrees=view.number("azimuth_degrees", -36000, 36000),
                elevation_degrees=view.number("elevation_degrees", -90, 90),
            )
        )
        view.refuse_others()
    if len({view.name for view in views}) < len(views):
        raise members.wrong("views", "a list of views with different names")
    return tuple(views)


def _turntable(members: Members, operation: str) -> Turntable | None:
    if operation != "frames":
        members.value("turntable", None)  # a producer may send what another operation needs
        return None
    spec = members.object("turntable")
    frames = spec.integer("frames", 2, MOST_FRAMES)
    first = spec.integer("first", 0, frames - 1, 0)
    step = spec.integer("step", 1, frames, 1)
    most = (frames - 1 - first) // step + 1
    turntable = Turntable(
        frames=frames,
        start_degrees=spec.number("start_degrees", -36000, 36000, 0.0),
        elevation_degrees=spec.number("elevation_degrees", -90, 90, 20.0),
        first=first,
        count=spec.integer("count", 1, most, most),
        step=step,
        tilt_degrees=None if spec.value("tilt_degrees", None) is None else spec.number("tilt_degrees", 0, 90),
    )
    spec.refuse_others()
    return turntable


def _materials(members: Members) -> MaterialSpec:
    spec = members.object("materials")
    mapping = spec.value("map", {})
    if not isinstance(mapping, dict) or not all(isinstance(name, str) for name in mapping.values()):
        raise spec.wrong("map", "an object of part names and material names")
    materials = MaterialSpec(
        mode=spec.choice("mode", ("source", "library"), "source"),
        library=spec.path("library", optional=True),
        map=dict(mapping),
        failed_material=spec.text("failed_material", "Failed"),
        override=spec.text("override", None),
    )
    spec.refuse_others()
    return materials


def _checks(members: Members) -> dict[str, str]:
    defaults = {"empty": "fail", "black": "fail", "cropped": "fail", "fill": "warn", "magenta": "warn"}
    spec = members.object("checks")
    checks = {name: spec.choice(name, ("fail", "warn", "off"), defaults[name]) for name in CHECKS}
    spec.refuse_others()
    return checks
