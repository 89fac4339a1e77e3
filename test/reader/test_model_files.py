"""Whether the second reader is there, without loading it."""

import subprocess
import sys

from glm4v_ros.reader import model_files
from glm4v_ros.reader.client import SecondReader


def test_what_is_missing_is_named(monkeypatch):
    monkeypatch.setattr(model_files, "find_spec", lambda name: None if name == "rapidocr" else object())
    assert "rapidocr missing" in SecondReader().missing and "make setup" in SecondReader().missing
    monkeypatch.setattr(model_files, "find_spec", lambda name: None)
    assert "rapidocr and onnxruntime missing" in SecondReader().missing
    monkeypatch.setattr(model_files, "find_spec", lambda name: object())
    assert SecondReader().missing == ""


def test_where_a_build_brought_the_packages_it_is_built_again(monkeypatch, tmp_path):
    """Ubuntu 24.04 refuses pip outside of a virtual environment."""
    monkeypatch.setattr(model_files, "find_spec", lambda name: None)
    monkeypatch.setattr(model_files, "vendor_dir", lambda: tmp_path)
    assert "-DGLM4V_READER=ON" in SecondReader().missing and "pip" not in SecondReader().missing


def test_what_the_build_brought_along_is_found(monkeypatch, tmp_path):
    for name in ("rapidocr", "onnxruntime"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise AssertionError('loaded')")
    monkeypatch.setattr(model_files, "find_spec", lambda name: None)
    monkeypatch.setattr(model_files, "vendor_dir", lambda: tmp_path)
    assert SecondReader().missing == ""


def test_the_caller_s_process_loads_none_of_it():
    """Neither to ask whether it is there nor to hold a client."""
    code = (
        "import sys; from glm4v_ros.reader.client import SecondReader; SecondReader().missing; "
        "print([name for name in ('rapidocr', 'onnxruntime', 'cv2', 'omegaconf') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "[]\n"
