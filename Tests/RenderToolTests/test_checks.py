"""The pixel checks and the PNG reader on pictures drawn here, without Blender."""

import sys
import zlib
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pictures
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "Sources" / "stepworks-render"))
from stepworks_render import checks, png
from stepworks_render.errors import ToolError

ALL_FAIL = dict.fromkeys(("empty", "black", "cropped", "fill", "magenta"), "fail")


def picture(colour=(0.5, 0.5, 0.5), top=10, left=10, height=80, width=80, side=100, alpha=1.0):
    """A rectangle of one colour on a transparent square."""
    pixels = np.zeros((side, side, 4), dtype=np.float32)
    pixels[top : top + height, left : left + width] = (*colour, alpha)
    return pixels


def failed_checks(pixels, transparent=True, framed=True, unresolved=True):
    request = SimpleNamespace(width=pixels.shape[1], height=pixels.shape[0])
    return [one.check for one in checks.findings(checks.measure(pixels, transparent), request, framed, unresolved)]


def test_a_good_picture_passes():
    assert failed_checks(picture()) == []


def test_fill_coverage_and_luminance_are_those_of_the_object_and_not_of_its_shadow():
    pixels = picture(colour=(0.6, 0.6, 0.6))
    pixels[pixels[:, :, 3] == 0] = (0, 0, 0, 0.45)
    measures = checks.measure(pixels, True)
    assert (measures.fill, measures.coverage) == (pytest.approx(0.8), pytest.approx(0.64))
    assert measures.mean_luminance == pytest.approx(0.6, abs=1e-4)
    assert failed_checks(pixels) == []


@pytest.mark.parametrize("pixels, check", [
    (picture(height=0), "empty"),
    (picture(colour=(0.01, 0.01, 0.01)), "black"),
    (picture(top=0, left=30, height=80, width=40), "cropped"),
    (picture(top=20, left=20, height=50, width=50), "fill"),
    (picture(top=2, left=2, height=96, width=96), "fill"),
    (picture(colour=(0.77, 0.05, 0.68)), "magenta"),
], ids=["nothing", "black", "at the border", "too small", "too large", "magenta"])  # fmt: skip
def test_a_bad_picture_is_found(pixels, check):
    assert failed_checks(pixels) == [check]


def test_a_picture_of_one_opaque_colour_shows_nothing():
    pixels = np.ones((20, 20, 4), dtype=np.float32)
    assert failed_checks(pixels, transparent=False) == ["empty"]


def test_a_wire_thinner_than_a_pixel_is_an_object():
    assert failed_checks(picture(left=50, width=1, alpha=0.2)) == []


def test_fill_is_not_judged_where_a_template_placed_the_camera():
    assert failed_checks(picture(top=20, left=20, height=50, width=50), framed=False) == []


def test_magenta_is_not_judged_where_every_part_resolved():
    assert failed_checks(picture(colour=(0.77, 0.05, 0.68)), unresolved=False) == []


@pytest.mark.parametrize(
    "colour", [(0.8, 0.75, 0.7), (0.7, 0.1, 0.1), (0.2, 0.3, 0.8), (0.85, 0.7, 0.4), (0.9, 0.6, 0.7)])
def test_no_ordinary_colour_is_magenta(colour):
    assert checks.measure(picture(colour=colour), True).magenta_fraction == 0


def test_the_policy_decides_between_an_error_a_warning_and_silence():
    found = [checks.Finding("black", "is black")]
    request = SimpleNamespace(model_name="part.glb", checks=ALL_FAIL)
    with pytest.raises(ToolError, match="The picture a.png of part.glb is black; check the lights"):
        checks.judge("a.png", found, request)
    request.checks = ALL_FAIL | {"black": "warn"}
    assert checks.judge("a.png", found, request) == ["The picture a.png of part.glb is black."]
    request.checks = ALL_FAIL | {"black": "off"}
    assert checks.judge("a.png", found, request) == []


@pytest.fixture
def sound():
    colours = np.random.default_rng(1).integers(0, 256, (17, 13, 3), dtype=np.uint8)
    return colours, png.encode(colours, {"Software": "test"})


def test_what_is_encoded_is_read_back_by_others(sound):
    colours, data = sound
    assert (pictures.pixels(data) == colours).all()
    assert pictures.text(data) == {"Software": "test"}
    parsed = png.parse(data)
    assert (parsed.width, parsed.height, parsed.channels, parsed.text) == (13, 17, 3, {"Software": "test"})


def test_rewriting_replaces_all_text_and_keeps_the_pixels(sound):
    colours, data = sound
    again = png.rewrite(png.parse(data), {"Key": "value"})
    assert pictures.text(again) == {"Key": "value"}
    assert (pictures.pixels(again) == colours).all()


def test_a_file_cut_at_any_byte_is_refused(sound):
    _, data = sound
    for length in range(len(data)):
        with pytest.raises(png.PNGError):
            png.parse(data[:length])


def test_a_file_with_any_byte_changed_is_refused(sound):
    _, data = sound
    for position in range(len(data)):
        with pytest.raises(png.PNGError):
            png.parse(data[:position] + bytes([data[position] ^ 0x10]) + data[position + 1 :])


def test_image_data_of_the_wrong_length_is_refused_although_every_checksum_is_right(sound):
    _, data = sound
    parsed = png.parse(data)
    parsed.chunks = [
        (kind, zlib.compress(zlib.decompress(body)[:-1]) if kind == b"IDAT" else body) for kind, body in parsed.chunks
    ]
    with pytest.raises(png.PNGError, match="of 680 bytes"):
        png.parse(png.rewrite(parsed, {}))
