"""The studio, judged by its pictures: shadow, separation from white, the same light from every angle."""

import models
import numpy as np
import pictures
import pytest
import trimesh
from conftest import CORNER, FRONT


def views(*azimuths, elevation=20):
    return [
        {"name": f"at_{one}", "azimuth_degrees": one, "elevation_degrees": elevation} for one in azimuths]


def all_pictures(run):
    return [pictures.pixels((run.directory / one["path"]).read_bytes()).astype(float) for one in run.result["outputs"]]


def solid(mesh, smooth=True):
    """Positions, normals and triangles; +Y up, as in a GLB."""
    mesh.apply_transform(trimesh.transformations.rotation_matrix(-np.pi / 2, [1, 0, 0]))
    if smooth:
        return mesh.vertices, mesh.vertex_normals, mesh.faces
    corners = mesh.vertices[mesh.faces].reshape(-1, 3)
    return corners, np.repeat(mesh.face_normals, 3, axis=0), np.arange(len(corners)).reshape(-1, 3)


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """A slab on a thin foot: its shadow lies well apart from it."""
    top = trimesh.creation.box((0.06, 0.06, 0.01))
    top.apply_translation((0, 0, 0.02))
    foot = trimesh.creation.cylinder(radius=0.006, height=0.03, sections=48)
    both = trimesh.util.concatenate([top, foot])
    return models.write_glb(
        tmp_path_factory.mktemp("table") / "table.glb", [("Plate", solid(both, smooth=False), models.WHITE)])


def test_a_part_of_revolution_looks_the_same_from_every_side(tool, tmp_path):
    """Light and surround turn with the camera."""
    mesh = trimesh.creation.cylinder(radius=0.01, height=0.02, sections=180)
    model = models.write_glb(tmp_path / "model.glb", [("Thing", solid(mesh), models.STEEL)])
    run = tool.run(tmp_path / "run", model, samples=64, views=views(0, 90, 200))
    front, *others = all_pictures(run)
    for other in others:
        both = (front[..., 3] == 255) & (other[..., 3] == 255)
        assert np.abs(front - other)[both].mean() < 3


def test_the_light_comes_from_the_upper_left(tool, tmp_path):
    model = models.write_glb(tmp_path / "model.glb", [("Thing", models.ball(subdivisions=5), models.RED)])
    (picture,) = all_pictures(tool.run(tmp_path / "run", model, samples=16, views=views(30)))
    light = picture[..., 0]
    assert light[20:28, 20:28].mean() > 1.2 * light[36:44, 36:44].mean()


def test_the_shadow_is_soft_black_never_opaque_and_ends_inside_the_picture(tool, table, tmp_path):
    for name, view in (("corner", CORNER), ("front", FRONT), ("wide", {**CORNER, "elevation_degrees": 60})):
        run = tool.run(tmp_path / name, table, width=128, height=128, samples=16, views=[view])
        (picture,) = all_pictures(run)
        alpha = picture[..., 3]
        shadow = (alpha > 0) & (alpha < 100) & (picture[..., :3].max(axis=-1) == 0)
        assert shadow.sum() > 200, name
        border = np.concatenate([alpha[0], alpha[-1], alpha[:, 0], alpha[:, -1]])
        assert border.max() == 0, name
        assert alpha[shadow].max() < 0.45 * 255, name
        # Soft: all levels are there.
        assert len(np.unique(alpha[shadow])) > 30, name


def test_the_shadow_has_no_grain(tool, table, tmp_path):
    """It is painted, not sampled: another seed changes none of it."""
    first, second = (
        all_pictures(tool.run(tmp_path / str(seed), table, width=128, height=128, samples=1, seed=seed))[0]
        for seed in (1, 2))
    shadow = (first[..., 3] > 10) & (first[..., 3] < 100) & (first[..., :3].max(axis=-1) == 0)
    shadow &= (second[..., 3] < 100) & (second[..., :3].max(axis=-1) == 0)
    assert shadow.sum() > 200
    assert np.percentile(np.abs(first - second)[shadow], 99) <= 3


def test_from_below_no_shadow_lies_over_the_model(tool, table, tmp_path):
    below = {"name": "below", "azimuth_degrees": 0, "elevation_degrees": -40}
    (picture,) = all_pictures(tool.run(tmp_path / "run", table, samples=16, views=[below]))
    partly = (picture[..., 3] > 0) & (picture[..., 3] < 250)
    # Only the edge of the model itself.
    assert partly.mean() < 0.08


def test_a_white_part_stands_out_from_a_white_background(tool, table, tmp_path):
    (picture,) = all_pictures(
        tool.run(tmp_path / "run", table, width=128, height=128, samples=16, background="white",
                 view_transform="khronos_pbr_neutral"))
    assert (picture[0, 0] == 255).all()
    cut = all_pictures(tool.run(tmp_path / "cut", table, width=128, height=128, samples=16))[0][..., 3]
    inside = picture[cut == 255].mean(axis=-1)
    assert np.percentile(inside, 99) < 252
    assert np.percentile(inside, 50) > 190


def test_a_black_part_is_no_black_hole(tool, tmp_path):
    mesh = trimesh.creation.torus(major_radius=0.03, minor_radius=0.006, major_sections=96, minor_sections=32)
    model = models.write_glb(tmp_path / "model.glb", [("O-Ring", solid(mesh), models.TEAL)])
    run = tool.run(tmp_path / "run", model, width=128, height=128, samples=16, materials={"mode": "library"})
    assert run.summary["materials"][0]["material"] == "Black Rubber"
    (picture,) = all_pictures(run)
    inside = picture[picture[..., 3] == 255][:, :3].mean(axis=-1)
    assert np.percentile(inside, 5) > 12 and np.percentile(inside, 95) > 60 and inside.mean() < 90


def test_glass_lets_the_background_through_without_grain(tool, tmp_path):
    model = models.write_glb(tmp_path / "model.glb", [("Glass ball", models.ball(subdivisions=5), models.WHITE)])
    first, second = (
        all_pictures(tool.run(tmp_path / str(seed), model, samples=4, seed=seed, materials={"mode": "library"}))[0]
        for seed in (1, 2))
    middle = np.s_[24:36, 28:36]
    assert 5 < first[middle][..., 3].mean() < 150
    assert np.abs(first - second)[middle][..., 3].max() <= 2


def test_facets_become_a_curve_and_edges_stay_edges(tool, tmp_path):
    def shot(name, smooth):
        mesh = trimesh.creation.cylinder(radius=0.01, height=0.02, sections=32)
        corners, normals, triangles = solid(mesh.copy(), smooth=False)
        if smooth:
            # Exact normals: outwards on the side, along the axis (here Y) on the ends.
            side = np.abs(normals[:, 1]) < 0.5
            outwards = corners[side] * [1, 0, 1]
            normals[side] = outwards / np.linalg.norm(outwards, axis=1, keepdims=True)
        normals = None if name == "bare" else normals
        model = models.write_glb(tmp_path / f"{name}.glb", [("Thing", (corners, normals, triangles), models.STEEL)])
        return all_pictures(tool.run(tmp_path / name, model, width=128, height=128, samples=32))[0]

    exact = shot("exact", smooth=True)
    for name in ("facetted", "bare"):
        picture = shot(name, smooth=False)
        both = (exact[..., 3] == 255) & (picture[..., 3] == 255)
        assert np.abs(exact - picture)[both].mean() < 2.5, name


def test_the_example_template_sets_a_model_on_paper_from_every_angle(tool, table, tmp_path):
    tool.blender(
        "import sys; from pathlib import Path; from stepworks_render import backdrop\n"
        "backdrop.write(Path(sys.argv[1])); print('{}')", tmp_path / "paper.blend")
    run = tool.run(
        tmp_path / "run", table, samples=16, template=str(tmp_path / "paper.blend"), background="template",
        views=views(0, 180, elevation=25))
    for picture in all_pictures(run):
        assert picture.shape[2] == 3  # nothing is transparent
        corners = np.array([picture[rows, columns].mean(axis=(0, 1)) for rows, columns in (
            np.s_[:8, :8], np.s_[:8, -8:], np.s_[-8:, :8], np.s_[-8:, -8:])])
        assert corners.min() > 120 and np.ptp(corners, axis=1).max() < 12, corners
        # The foot's shadow lies on the paper.
        assert picture[40:56].mean(axis=-1).min() < corners.mean() - 40
