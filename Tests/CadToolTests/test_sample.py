import json


def test_the_same_bytes_are_written_each_time(tool, bearing, tmp_path):
    tool.call("sample", "bearing", "again.step", cwd=tmp_path).result
    assert (tmp_path / "again.step").read_bytes() == bearing.read_bytes()


def test_version_is_one_json_line(tool, tmp_path):
    run = tool.call("--version", cwd=tmp_path)
    assert run.lines == [{"tool": "stepworks-cad", "version": "0.1.0", "opencascade": "7.6.3"}]


def test_an_unknown_sample_is_a_usage_error(tool, tmp_path):
    run = tool.call("sample", "gearbox", "x.step", cwd=tmp_path)
    assert run.status == 64 and run.error["class"] == "invalid_input"


def test_the_sample_is_a_sound_ap214_file_in_millimetres(tool, bearing, tmp_path):
    document = tool.metadata(tmp_path / "a", bearing)
    assert document["schema"]["name"] == "AP214"
    assert document["units"] == {"length_declared": True, "length": "millimetre", "mm_per_unit": 1,
                                 "angle": "radian"}
    assert all(p["shape_check"] == {"valid": True} for p in document["products"] if p["kind"] == "part")
    assert document["warnings"] == [] and json.dumps(document).isascii()
