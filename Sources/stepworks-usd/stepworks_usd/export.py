"""One request: a GLB in, USD files out, each read again and compared before anybody is told of it."""

from __future__ import annotations

import json
import os
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pxr import Sdf, Tf, UsdGeom, Work

from . import channel, checks, truth
from .errors import ToolError, cannot_write, invalid_output, tool_failed
from .glb_showing import glb_showing
from .gltf import read_model
from .layer import build
from .measure import Showing, Totals, total
from .model import Model
from .names import legal
from .package import package
from .request import Request
from .usd_showing import UNBOUND, Counts, usd_showing
from .version import TOOL, TOOL_VERSION, describe, openusd

ROLES = {"usdc": ("usd", "model/vnd.usd"), "usdz": ("usdz", "model/vnd.usdz+zip"), "usda": ("usda", "model/vnd.usda")}
_MOST_TOLD = 20
"""Differences that are told one by one; the report has all."""


def perform(path: Path) -> None:
    """Raises ToolError; OSError when the working directory cannot be written."""
    # One thread a run: the queue decides how many runs there are at once.
    Work.SetConcurrencyLimit(1)
    request = Request.read(path)
    channel.phase("read")
    channel.progress(0.0, f"reading {request.model_name}")
    model = read_model(request.model, request.model_name)
    for warning in model.warnings:
        channel.warning(warning)
    _Export(request, model).run()


@dataclass
class _File:
    """One that was written, and what was found in it."""

    format: str
    path: Path
    totals: Totals
    counts: Counts
    validators: int
    differences: list[str]


class _Export:
    def __init__(self, request: Request, model: Model) -> None:
        self.request = request
        self.model = model
        self.written: list[Path] = []

    def run(self) -> None:
        try:
            files, showing = self._files()
            outputs = [self._publish(file) for file in files]
            channel.phase("write")
            outputs.append(self._report(files, showing))
        except BaseException:
            for path in self.written:
                path.unlink(missing_ok=True)
            raise
        channel.progress(1.0, "done")
        channel.result(outputs, self._summary(files))

    def _files(self) -> tuple[list[_File], Totals]:
        channel.phase("scene")
        channel.progress(0.2, "building the scene")
        layer = build(self.model, self.request.name, self._layer_data())
        paths = self._write(layer)
        channel.phase("measure")
        channel.progress(0.5, "measuring the GLB")
        showing = glb_showing(self.model)
        totals = total(showing)
        files = []
        channel.phase("check")
        for number, (kind, path) in enumerate(paths.items()):
            channel.progress(0.6 + 0.3 * number / len(paths), f"checking the .{kind}")
            files.append(self._checked(kind, path, showing, totals))
        return files, totals

    def _layer_data(self) -> dict[str, Any]:
        """What is embedded; nothing that changes from run to run."""
        stepworks: dict[str, Any] = {
            "derivation_key": self.request.derivation_key,
            "input_sha256": self.request.input_sha256,
            "tools": {key: value for key, value in describe().items() if key in ("tool", "version", "openusd")},
        }
        if self.model.origin:
            stepworks["mesh"] = self.model.origin
        return {"creator": f"{TOOL} {TOOL_VERSION} (OpenUSD {openusd()})", "stepworks": stepworks}

    def _write(self, layer: Sdf.Layer) -> dict[str, Path]:
        """Under plain names: OpenUSD reads more into a path than a path. Hidden, so that no output has one of them."""
        channel.phase("write")
        channel.progress(0.3, "writing")
        crate = self._exported(layer, "usdc")
        paths = {}
        for kind in self.request.formats:
            match kind:
                case "usdc":
                    paths[kind] = crate
                case "usda":
                    paths[kind] = self._exported(layer, kind)
                case "usdz":
                    paths[kind] = self._packed(crate)
        return paths

    def _new(self, name: str) -> Path:
        path = Path.cwd() / name
        self.written.append(path)
        return path

    def _exported(self, layer: Sdf.Layer, kind: str) -> Path:
        path = self._new(f".stage.{kind}")
        name = f"{self.request.name}.{kind}"
        try:
            if not layer.Export(str(path)):
                raise _explain(path, name, "it was not written")
        except Tf.ErrorException as error:
            raise _explain(path, name, checks.first_line(error)) from error
        return path

    def _packed(self, crate: Path) -> Path:
        path = self._new(".stage.usdz")
        name = f"{self.request.name}.usdz"
        try:
            package(crate, legal(self.request.name, "Model") + ".usdc", path)
        except OSError as error:
            raise cannot_write(name, error) from error
        return path

    def _checked(self, kind: str, path: Path, glb: Showing, of_glb: Totals) -> _File:
        name = f"{self.request.name}.{kind}"
        stage = checks.open_stage(path, name)
        validators, faults = checks.validate(stage)
        if kind == "usdz":
            faults += checks.ar_faults(stage)
        if faults:
            raise invalid_output(f"{name} does not pass OpenUSD's validators: {'; '.join(faults[:3])}")
        usd, counts = usd_showing(stage)
        of_usd = total(usd)
        self._require_whole(name, counts, of_usd)
        differences = truth.differences(glb, usd, of_glb, of_usd)
        if UsdGeom.GetStageUpAxis(stage) != UsdGeom.Tokens.y:
            differences.append("Its up axis is not that of the GLB, Y.")
        self._judge(name, differences)
        return _File(kind, path, of_usd, counts, validators, differences)

    def _require_whole(self, name: str, counts: Counts, of_usd: Totals) -> None:
        """Validators look at what is there. Raises ToolError, invalid_output, when something is not."""
        uses = Counter(node.mesh for node in self.model.nodes if node.mesh is not None)
        expected = sum(count for count in uses.values() if count > 1)
        if counts.references != expected or counts.broken_references or counts.broken_bindings:
            raise invalid_output(
                f"{name} is not whole: {counts.references} of {expected} references, {counts.broken_references} and "
                f"{counts.broken_bindings} bindings lead nowhere; report this with the source."
            )
        if UNBOUND in of_usd.colour_areas_m2:
            raise invalid_output(f"{name} is not whole: it has faces without a material; report this with the source.")

    def _judge(self, name: str, differences: list[str]) -> None:
        if differences and self.request.on_deviation == "fail":
            raise invalid_output(f"{name} differs from {self.request.model_name}: {' '.join(differences[:3])}")
        for difference in differences[:_MOST_TOLD]:
            channel.warning(f"{name} differs from {self.request.model_name}: {difference}")

    def _publish(self, file: _File) -> dict[str, Any]:
        path = self._new(f"{self.request.name}.{file.format}")
        os.replace(file.path, path)
        file.path = path
        role, media_type = ROLES[file.format]
        return {"role": role, "path": path.name, "media_type": media_type}

    def _report(self, files: list[_File], of_glb: Totals) -> dict[str, Any]:
        (Path.cwd() / ".stage.usdc").unlink(missing_ok=True)
        document = {
            "model": self.request.model_name, "input_sha256": self.request.input_sha256,
            "derivation_key": self.request.derivation_key, "tool": describe(),
            "on_deviation": self.request.on_deviation, "tolerance": truth.TOLERANCE, "glb": of_glb.document(),
            "files": [
                {
                    "path": file.path.name, "bytes": file.path.stat().st_size, "validators": file.validators,
                    "counts": asdict(file.counts), "usd": file.totals.document(), "differences": file.differences,
                } for file in files
            ],
            "warnings": self.model.warnings,
        }  # fmt: skip
        path = self._new(f"{self.request.name}.usd-report.json")
        path.write_text(json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False) + "\n", encoding="utf-8")
        return {"role": "report", "path": path.name, "media_type": "application/json"}

    def _summary(self, files: list[_File]) -> dict[str, Any]:
        first = files[0]
        return {
            "formats": [file.format for file in files],
            "bytes": {file.format: file.path.stat().st_size for file in files},
            "meters_per_unit": 1.0, "up_axis": "Y",
            **asdict(first.counts), **first.totals.document(),
            "validators": first.validators,
            "differences": {file.format: file.differences[:_MOST_TOLD] for file in files},
            "warnings": self.model.warnings,
        }  # fmt: skip


def _explain(path: Path, name: str, fact: str) -> ToolError:
    """OpenUSD does not say why a write failed; what the disk says to a small file does."""
    path.unlink(missing_ok=True)
    probe = path.with_name(".space")
    try:
        with probe.open("wb") as file:
            for _ in range(64):
                file.write(bytes(1 << 20))
                file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        return cannot_write(name, error)
    finally:
        probe.unlink(missing_ok=True)
    return tool_failed(f"OpenUSD could not write {name}: {fact}")
