"""`glm4v ask` and `glm4v eval` with the embedded model, which these tests fail without."""

import json
import os
from pathlib import Path

import pytest
from PIL import Image, ImageDraw


READ = (("What is the model?", "H3U-32MR"), ("What is the model?", "XA-7741"), ("What is the voltage?", "24V"))  # on each plate


@pytest.fixture(autouse=True)
def model_under_test(nano, tmp_path, monkeypatch):
    """The package's own entry, or the files that GLM4V_TEST_MODEL_DIR puts in their place."""
    if "GLM4V_TEST_MODEL_DIR" in os.environ:
        catalogue = tmp_path / "catalogue.yaml"
        files = f"  text: {{file: {nano.text_path}}}\n  vision: {{file: {nano.vision_path}}}\n"
        catalogue.write_text(f"glm4v-nano:\n{files}  image_max_tokens: 576\n")
        monkeypatch.setenv("GLM4V_CATALOG", str(catalogue))


@pytest.fixture
def glm4v(glm4v):
    """On one core, for other tests have the others."""
    return lambda command, *words: glm4v(command, *words, "--threads", 1)


@pytest.fixture(scope="module")
def plates(tmp_path_factory):
    """Three plain nameplates."""
    directory = tmp_path_factory.mktemp("plates")
    paths = []
    for text in ("Model: H3U-32MR", "Model: XA-7741", "Voltage: 24V"):
        picture = Image.new("RGB", (448, 224), "white")
        ImageDraw.Draw(picture).text((30, 80), text, fill="black", font_size=44)
        picture.save(directory / f"{len(paths)}.png")
        paths.append(directory / f"{len(paths)}.png")
    return paths


def test_ask_and_its_figures(glm4v, plates):
    code, out, err = glm4v("ask", plates[0], "What is the model?", "--max-tokens", 16)
    assert (code, err) == (0, "") and out.endswith("\n") and out.strip()
    code, again, _ = glm4v("ask", plates[0], "What is the model?", "--max-tokens", 16, "--json")
    figures = json.loads(again)
    assert code == 0 and figures["answer"] == out[:-1]
    assert 0 < figures["image_tokens"] < figures["prompt_tokens"] and 0 < figures["completion_tokens"] <= 16
    assert 0 < figures["time_to_first_token"] <= figures["latency"]


def test_choices(glm4v, plates):
    code, out, _ = glm4v("ask", plates[0], "Is there print?", "--choice", "yes", "--choice", "no", "--json")
    figures = json.loads(out)
    assert code == 0 and figures["answer"] == ("yes", "no")[figures["choice_index"]]
    assert figures["confidence"] == max(figures["choice_probabilities"]) and sum(
        figures["choice_probabilities"]
    ) == pytest.approx(1)


def test_a_second_reader_confirms(glm4v, tmp_path):
    pytest.importorskip("rapidocr", reason="requirements/reader.txt is not installed")
    plate = Path(__file__).parents[1] / "data" / "nameplate.png"
    code, out, _ = glm4v("ask", plate, "型号是什么?", "--verify", "required", "--annotate", tmp_path / "a.png", "--json")
    line = json.loads(out)
    assert code == 0 and line["answer"] == "LVV9-70S1-9" and line["verification"] == "confirmed"
    (evidence,) = line["evidence"]
    x, y, width, height = evidence["region"]
    assert evidence["text"] == "LVV9-70S1-9" and 200 < x < 240 and 225 < y < 250 and 500 < x + width < 540 and 25 < height < 45
    assert (tmp_path / "a.png").is_file()


def test_timeout(glm4v, plates):
    code, out, err = glm4v("ask", plates[0], "What is the model?", "--timeout", "0.001")
    assert code == 19 and err.startswith("glm4v: TIMEOUT")


def test_batch_answers_as_ask_does(glm4v, plates, tmp_path):
    lines = [{"image": str(path), "question": question} for path, (question, _) in zip(plates, READ)]
    lines.insert(1, {"image": "none.png", "question": "?"})
    lines.append({**lines[0], "choices": ["a", "b"]})
    (tmp_path / "batch.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    code, out, _ = glm4v("ask", "--batch", tmp_path / "batch.jsonl")
    answers = [json.loads(line) for line in out.splitlines()]
    assert code == 1 and [answer["error"] is None for answer in answers] == [True, False, True, True, True]
    assert [answers[line]["answer"] for line in (0, 2, 3)] == [right for _, right in READ]
    assert all(answer["latency_s"] > 0 for answer in answers if not answer["error"]) and answers[4]["answer"] in "ab"
    assert glm4v("ask", plates[2], READ[2][0])[1] == READ[2][1] + "\n"


def test_eval_counts_what_the_model_says(glm4v, plates, tmp_path):
    """What is read is right, however many questions are in work, and with swapped pictures not all is."""
    cases = [
        {"image": str(path), "question": question, "answer": right, "tags": ["print"]}
        for path, (question, right) in zip(plates, READ)
    ]
    turns = [{"question": question, "answer": right} for question, right in (READ[0], ("And the voltage?", "not visible"))]
    cases.append({"image": str(plates[0]), "turns": turns})
    file = tmp_path / "cases.jsonl"
    file.write_text("".join(json.dumps(case) + "\n" for case in cases))
    code, out, _ = glm4v("eval", file, "--json", "--jobs", 2)
    score = json.loads(out)
    assert code == 0 and score["model"] == "glm4v-nano" and (score["all"]["questions"], score["all"]["exact"]) == (5, 1)
    assert score["tags"]["print"]["latency_s"]["p50"] > 0
    assert json.loads(glm4v("eval", file, "--json", "--shuffle")[1])["all"]["exact"] < 1


def test_bench_has_every_figure(glm4v):
    code, out, _ = glm4v("bench", "--json", "--size", "112x84", "--tokens", 8, "--repeats", 1)
    figures = json.loads(out)
    assert code == 0 and (figures["model"], figures["device"]) == ("glm4v-nano", "CPU")
    assert all(0 < figures[f"{frame}_frame_ttft_ms"] for frame in ("new", "same", "warm"))
    assert figures["decode_tokens_per_s"] > 0 and figures["peak_memory_mib"] > 20
    assert {f"{name}_{n}" for name in ("one_frame", "own_frames") for n in (1, 4, 16)} == set(figures["requests_per_s"])
    assert min(figures["requests_per_s"].values()) > 0
    assert list(figures["cancel_ms"]) == ["queued", "encoding", "prefill", "answering"]


def test_damaged_model(glm4v, plates, nano, tmp_path):
    """A file cut short is an error that names it, and no crash."""
    cut = tmp_path / "cut.gguf"
    cut.write_bytes(nano.text_path.read_bytes()[:100_000])
    code, out, err = glm4v("ask", plates[0], "q", "--text", cut, "--vision", nano.vision_path)
    assert (code, out) == (23, "") and "cut.gguf" in err
