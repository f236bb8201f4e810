"""From Blender's render result to a file that can be trusted: save, verify, strip, embed, fsync, rename."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass
from pathlib import Path

import bpy
import numpy as np

from . import png
from .errors import ToolError, cannot_write, no_space, too_large, tool_failed
from .request import Request

SOFTWARE = "stepworks-render"


def provenance(request: Request) -> dict[str, str]:
    """What is embedded into every picture; nothing that changes from run to run."""
    return {
        "Software": SOFTWARE,
        "Stepworks-Derivation-Key": request.derivation_key,
        "Stepworks-Input-SHA256": request.input_sha256,
    }


@dataclass(frozen=True)
class Picture:
    """A picture that was rendered and verified, and is not published yet."""

    pixels: np.ndarray
    """Height × width × 4, float32 0…1 in display space, straight alpha, top row first; as rendered: for a white
    background before that was put underneath, so that checks still know the object."""
    data: bytes
    """The PNG file to publish."""


def take_picture(request: Request) -> Picture:
    """What was just rendered, saved by Blender into the working directory, verified, and read back.

    The white background is put under the picture here, in display space, exactly as a browser puts a page under a
    transparent PNG: it is 255 everywhere, shadows fade into it, and edges have no halo.
    Raises ToolError: no_space, tool_failed.
    """
    raw = Path.cwd() / f".picture.{os.getpid()}.png"
    try:
        _save_render_result(raw)
        picture = _verified(raw, request)
        pixels = _decode(raw)
    finally:
        raw.unlink(missing_ok=True)
    if request.background == "white":
        return Picture(pixels, png.encode(_over_white(pixels), provenance(request)))
    return Picture(pixels, png.rewrite(picture, provenance(request)))


def publish(path: Path, data: bytes) -> None:
    """Writes, syncs and renames, so that `path` is either absent or whole, also after a loss of power."""
    partial = partial_name(path, os.getpid())
    try:
        with partial.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        publish_file(partial, path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise cannot_write(path, error) from error


def partial_name(path: Path, pid: int) -> Path:
    """Where the process `pid` writes what will be `path`: two that make the same frame don't meet."""
    return path.with_name(f".{path.name}.{pid}.partial")


def publish_file(partial: Path, path: Path) -> None:
    """Renames a file that is whole and synced, and syncs the directory. Raises OSError."""
    os.replace(partial, path)
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def explain_bad_file(path: Path, expected_bytes: int, fact: str) -> ToolError:
    """Blender hides the reason of most failed writes; whether the disk is full can only be tried."""
    if os.strerror(errno.EFBIG) in fact:
        return too_large(path.name)
    probe = path.with_name(f".{path.name}.space")
    try:
        with probe.open("wb") as file:
            file.write(b"\0" * max(expected_bytes, 1 << 16))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        if error.errno is not None:
            reason = cannot_write(path, error)
            if reason.error_class == "no_space":
                return no_space(f"No space is left in {path.parent} to save {path.name}; free some and run it again.")
            return reason
    finally:
        probe.unlink(missing_ok=True)
    return tool_failed(f"Blender saved a damaged file, {path.name}: {fact}; run it again.")


def _save_render_result(path: Path) -> None:
    settings = bpy.context.scene.render.image_settings
    settings.media_type = "IMAGE"
    settings.file_format = "PNG"
    settings.color_mode = "RGBA" if bpy.context.scene.render.film_transparent else "RGB"
    settings.color_depth = "8"
    settings.compression = 15
    try:
        bpy.data.images["Render Result"].save_render(str(path))
    except (RuntimeError, KeyError) as error:
        if not path.exists() or path.stat().st_size == 0:
            raise explain_bad_file(path, 1 << 20, str(error).strip()) from error
        raise tool_failed(f"Blender could not save {path.name} ({error}).") from error


def _verified(path: Path, request: Request) -> png.PNG:
    wanted = request.width * request.height * 4
    try:
        data = path.read_bytes()
    except OSError as error:
        raise explain_bad_file(path, wanted, error.strerror or "it cannot be read") from error
    try:
        picture = png.parse(data)
    except png.PNGError as error:
        raise explain_bad_file(path, wanted, str(error)) from error
    if (picture.width, picture.height) != (request.width, request.height):
        raise tool_failed(
            f"Blender rendered {picture.width}×{picture.height} pixels instead of {request.width}×{request.height}."
        )
    return picture


def _decode(path: Path) -> np.ndarray:
    image = bpy.data.images.load(str(path))
    try:
        image.colorspace_settings.name = "Non-Color"
        image.alpha_mode = "CHANNEL_PACKED"  # no premultiplication: the bytes as they are in the file
        width, height = image.size
        pixels = np.empty(width * height * 4, dtype=np.float32)
        image.pixels.foreach_get(pixels)
    finally:
        bpy.data.images.remove(image)
    return pixels.reshape(height, width, 4)[::-1]


def _over_white(pixels: np.ndarray) -> np.ndarray:
    alpha = pixels[:, :, 3:]
    over = pixels[:, :, :3] * alpha + (1.0 - alpha)
    return np.rint(np.clip(over, 0.0, 1.0) * 255.0).astype(np.uint8)
