"""What `glm4v ask` does around the engine; test_real_model.py has the engine itself."""

import io
import json
import os
import sys
import threading

import pytest

from glm4v_ros.errors import DeadlineExceeded, EngineFailed


def test_the_answer_and_nothing_else_on_stdout(glm4v, scripted, picture):
    engine = scripted(lambda question, frames: ["H3U", "-32MR", "/ES"])
    assert glm4v("ask", picture, "型号是什么?") == (0, "H3U-32MR/ES\n", "")
    ((question, frames),) = engine.asked
    assert question.text == "型号是什么?" and [(frame.width, frame.height) for frame in frames] == [(40, 30)]
    assert engine.closed == 1


def test_without_a_picture_the_answer_is_the_models_own(glm4v, scripted, picture):
    engine = scripted(lambda question, frames: ["hello"])
    assert glm4v("ask", "你好") == (0, "hello\n", "") and glm4v("ask", picture, "q")[0] == 0
    assert [(question.needs_picture, len(frames)) for question, frames in engine.asked] == [(False, 0), (True, 1)]


def test_it_streams(glm4v, scripted, picture, monkeypatch):
    """The first piece is out before the second is made."""
    seen, out = threading.Event(), io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    monkeypatch.setattr(sys, "stdout", out)

    def script(question, frames):
        yield "first"
        assert out.buffer.getvalue() == b"first"
        seen.set()
        yield " second"

    scripted(script)
    from glm4v_ros.cli.main import main

    assert main(["ask", str(picture), "q"]) == 0 and seen.is_set()
    assert out.buffer.getvalue() == b"first second\n"


def test_a_question_longer_than_a_file_name(glm4v, scripted, picture):
    engine = scripted(lambda question, frames: ["a"])
    assert glm4v("ask", picture, "why " * 3000)[0] == 0 and len(engine.asked[0][0].text) == 12000


def test_choices_come_in_one_piece(glm4v, scripted, picture):
    engine = scripted(lambda question, frames: ["no"])
    assert glm4v("ask", picture, "Is it on?", "--choice", "yes", "--choice", "no")[:2] == (0, "no\n")
    assert engine.asked[0][0].choices == ("yes", "no")


def test_json_has_every_figure(glm4v, scripted, picture):
    scripted(lambda question, frames: ["24V"])
    code, out, _ = glm4v("ask", picture, "电压?", "--json")
    fields = json.loads(out)
    assert code == 0 and fields["answer"] == "24V" and fields["question"] == "电压?" and fields["model"] == "glm4v-nano"
    assert fields["latency"] == 0.25 and fields["finish_reason"] == "STOP" and fields["confidence"] is None
    assert "电压" in out  # readable as it is


def test_options_reach_the_engine(glm4v, scripted, picture, tmp_path):
    schema = tmp_path / "schema.json"
    schema.write_text('{"type": "object"}')
    engine = scripted(lambda question, frames: ["{}"])
    words = [
        "--schema",
        schema,
        "--max-tokens",
        9,
        "--language",
        "zh",
        "--timeout",
        2.5,
        "--temperature",
        0.5,
        "--seed",
        7,
    ]
    words += ["--system", "Be brief.", "--threads", 1, "--gpu-layers", 0, "--context", 512, "--max-image-tokens", 64]
    assert glm4v("ask", picture, picture, "q", "--roi", "10,5,20,15", *words)[0] == 0
    (question, frames), config = engine.asked[0], engine.configs[0]
    assert (question.json_schema, question.max_tokens) == ('{"type": "object"}', 9)
    assert (question.timeout, question.sampling.temperature, question.sampling.seed) == (2.5, 0.5, 7)
    assert question.system_prompt == "Be brief.\nAnswer in Chinese."
    assert (config.threads, config.gpu_layers, config.context_tokens, config.image_max_tokens) == (1, 0, 512, 64)
    assert len(frames) == 2 and frames[0].rgb.shape == (15, 20, 3) and frames[0].rgb[0, 0, 0] == 10


def test_presets(glm4v, scripted, picture):
    engine = scripted(lambda question, frames: ["ok"])
    assert glm4v("ask", picture, "q", "--preset", "inspection")[0] == 0
    assert "technician" in engine.asked[0][0].system_prompt
    assert glm4v("ask", picture, "q", "--preset", "inspection", "--system", "Mine.")[0] == 0
    assert engine.asked[1][0].system_prompt == "Mine."
    code, out, err = glm4v("ask", picture, "q", "--preset", "inspect")
    assert (code, out) == (2, "") and "inspection" in err
    code, out, err = glm4v("ask", picture, "q", "--preset", "eldercare")
    assert (code, out) == (17, "") and "only the node" in err


def test_a_preset_that_refuses_models_for_trying_out(glm4v, scripted, picture, tmp_path):
    engine = scripted(lambda question, frames: ["ok"])
    catalogue = tmp_path / "catalogue.yaml"
    catalogue.write_text(catalogue.read_text() + "  demo: true\n")
    code, out, err = glm4v("ask", picture, "q", "--preset", "eldercare")
    assert (code, out) == (17, "") and "UNSUPPORTED" in err and engine.configs == []


@pytest.mark.parametrize("error, code", [(EngineFailed("the worker died"), 23), (DeadlineExceeded("out of time"), 19)])
def test_an_error_half_way(glm4v, scripted, picture, error, code):
    """What was written stays, on a line of its own; the error is for stderr and the exit code."""
    scripted(lambda question, frames: ["half an ans", error])
    assert glm4v("ask", picture, "q") == (code, "half an ans\n", f"glm4v: {error.code.name}: {error}\n")


@pytest.mark.parametrize(
    "words, code, reason",
    [
        (["none.png", "q"], 16, "none.png cannot be read"),
        (["{dir}", "q"], 16, "Is a directory"),
        (["{picture}"], 2, "the last argument is the question"),
        (["q", "--roi", "1,2,3,4"], 2, "about a picture"),
        (["q", "--annotate", "a.png"], 2, "about a picture"),
        ([], 2, "give a picture and a question"),
        (["{picture}", "{picture}"], 2, "the last argument is the question"),
        (["{picture}", " "], 2, "not empty"),
        (["{picture}", "q", "--choice", "one"], 2, "two or more"),
        (["{picture}", "q", "--choice", "a", "--choice", "b", "--schema", "s"], 2, "not both"),
        (["{picture}", "q", "--schema", "none.json"], 2, "none.json cannot be read"),
        (["{picture}", "q", "--roi", "30,0,20,5"], 2, "not inside the picture, which is 40x30"),
        (["{picture}", "q", "--roi", "1,2,3"], 2, "not X,Y,W,H"),
        (["{picture}", "q", "--model", "glm4v_nano"], 2, "Did you mean 'glm4v-nano'?"),
        (["{picture}", "q", "--text", "t.gguf"], 2, "go together"),
        (["{picture}", "q", "--text", "t.gguf", "--vision", "v.gguf"], 23, "t.gguf does not exist"),
        (["{picture}", "q", "--max-tokens", "0"], 2, "less than 1"),
        (["{picture}", "q", "--batch", "b.jsonl"], 2, "leave out"),
        (["--batch", "none.jsonl"], 2, "none.jsonl cannot be read"),
    ],
)
def test_mistakes_are_explained(glm4v, scripted, picture, tmp_path, words, code, reason, monkeypatch):
    monkeypatch.chdir(tmp_path / "..")
    scripted(lambda question, frames: ["never asked"])
    found, out, err = glm4v("ask", *(word.format(picture=picture, dir=tmp_path) for word in words))
    assert (found, out) == (code, "") and reason in err


# --batch ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def batch(tmp_path):
    def write(*lines):
        path = tmp_path / "batch.jsonl"
        path.write_bytes(
            b"".join((line if isinstance(line, bytes) else json.dumps(line).encode()) + b"\n" for line in lines)
        )
        return path

    return write


def test_batch_gives_one_line_per_line(glm4v, scripted, picture, batch, tmp_path):
    torn = tmp_path / "torn.png"
    torn.write_bytes(picture.read_bytes()[:60])
    good = {"image": str(picture), "question": "q1"}
    lines = [
        (good, "q1", None),
        (b"not json", None, "BAD_REQUEST: line 2 is not JSON"),
        ({"image": "none.png", "question": "q"}, None, "BAD_IMAGE: none.png cannot be read"),
        ({"image": str(torn), "question": "q"}, None, "BAD_IMAGE"),
        ({**good, "question": "q5 \u2028 with a line separator"}, "q5 \u2028 with a line separator", None),
        (b"", None, "BAD_REQUEST: line 6"),
        (b'{"question": "\xff"}', None, "BAD_REQUEST: line 7 is not JSON"),
        ({**good, "question": "fail"}, None, "ENGINE_FAILED: the worker died"),
        ({**good, "choices": ["a", "b"]}, "a", None),
        ({**good, "choices": ["a"]}, None, "BAD_REQUEST: one choice"),
        ({**good, "choices": "ab"}, None, "BAD_REQUEST: one choice"),
        ({"image": str(picture)}, None, "BAD_REQUEST: 'question'"),
        ({"question": "q"}, None, "BAD_REQUEST: 'image' is missing"),
        ({**good, "image": ["", str(picture)]}, None, "BAD_REQUEST: 'image'"),
        ({**good, "image": "x" * 5000}, None, "BAD_IMAGE: xxxx"),
        ({**good, "image": "a\0b.png"}, None, "BAD_IMAGE: 'a\\x00b.png'"),
        ({**good, "image": "~nobody-of-this-name/a.png"}, None, "BAD_IMAGE: ~nobody"),
        ({**good, "image": str(tmp_path)}, None, "BAD_IMAGE"),
        ({**good, "image": "/dev/null"}, None, "BAD_IMAGE: /dev/null is empty"),
        ({**good, "question": "\ud800"}, None, "BAD_REQUEST: '\\ud800' is not valid Unicode"),
        (b"[" * 100_000, None, "BAD_REQUEST: line 21 is not JSON"),
        ({**good, "image": [str(picture), str(picture)]}, "q1", None),
        ({**good, "image": "picture.png", "question": "relative to the file"}, "relative to the file", None),
    ]

    def script(question, frames):
        return (
            [EngineFailed("the worker died")]
            if question.text == "fail"
            else [question.choices[0] if question.choices else question.text]
        )

    scripted(script)
    for jobs in (1, 4):
        code, out, err = glm4v("ask", "--batch", batch(*(line for line, _, _ in lines)), "--jobs", jobs)
        assert (code, err) == (1, "")
        answers = [json.loads(line) for line in out.split("\n")[:-1]]
        assert len(answers) == len(lines)
        for answer, (_, expected, error) in zip(answers, lines):
            assert list(answer) == ["answer", "latency_s", "error"]
            assert answer["answer"] == expected and answer["latency_s"] == (0.25 if expected else None)
            assert answer["error"] is None if error is None else answer["error"].startswith(error)


def test_batch_exit_code_is_0_when_all_were_answered(glm4v, scripted, picture, batch):
    scripted(lambda question, frames: ["a"])
    assert glm4v("ask", "--batch", batch({"image": str(picture), "question": "q"}))[0] == 0
    assert glm4v("ask", "--batch", batch())[:2] == (0, "")


def test_batch_keeps_the_order_with_many_in_work(glm4v, scripted, picture, batch):
    """The first answer is held back until three others are done."""
    others = threading.Semaphore(0)

    def script(question, frames):
        if question.text == "0":
            for _ in range(3):
                assert others.acquire(timeout=10)
        else:
            others.release()
        return [question.text]

    engine = scripted(script)
    code, out, _ = glm4v(
        "ask", "--batch", batch(*({"image": str(picture), "question": str(n)} for n in range(12))), "--jobs", 4
    )
    assert code == 0 and [json.loads(line)["answer"] for line in out.splitlines()] == [str(n) for n in range(12)]
    assert 2 <= engine.most_in_work <= 4 and engine.configs[0].max_parallel == 4


def test_batch_asks_one_at_a_time_by_default(glm4v, scripted, picture, batch):
    """So that latency_s is what a single question takes."""
    engine = scripted(lambda question, frames: ["a"])
    assert glm4v("ask", "--batch", batch(*[{"image": str(picture), "question": "q"}] * 20))[0] == 0
    assert engine.most_in_work == 1


def test_batch_goes_on_when_the_engine_refuses_at_once(glm4v, scripted, picture, batch):
    engine = scripted(lambda question, frames: ["a"])
    engine.refusal = EngineFailed("no worker can be started")
    code, out, _ = glm4v("ask", "--batch", batch(*[{"image": str(picture), "question": "q"}] * 5))
    assert (
        code == 1
        and [json.loads(line)["error"] for line in out.splitlines()] == ["ENGINE_FAILED: no worker can be started"] * 5
    )


def test_batch_from_a_program_that_waits_for_each_answer(scripted, picture, monkeypatch):
    """--batch - answers a line before the next one comes."""
    from glm4v_ros.cli.main import main

    scripted(lambda question, frames: [question.text])
    (stdin, write), (read, stdout) = os.pipe(), os.pipe()
    monkeypatch.setattr(sys, "stdin", os.fdopen(stdin, "r"))
    out = os.fdopen(stdout, "w")
    monkeypatch.setattr(sys, "stdout", out)
    thread = threading.Thread(target=main, args=(["ask", "--batch", "-"],))
    thread.start()
    with os.fdopen(write, "w") as questions, os.fdopen(read) as answers:
        for n in range(3):
            print(json.dumps({"image": str(picture), "question": f"q{n}"}), file=questions, flush=True)
            assert json.loads(answers.readline())["answer"] == f"q{n}"
        questions.close()
        thread.join(10)
        out.close()
    assert not thread.is_alive()


def test_batch_ends_when_nobody_reads(scripted, picture, batch, monkeypatch):
    from glm4v_ros.cli.main import PIPE_CLOSED, main

    engine = scripted(lambda question, frames: ["a"])
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as out:
        monkeypatch.setattr(sys, "stdout", out)
        assert main(["ask", "--batch", str(batch(*[{"image": str(picture), "question": "q"}] * 500))]) == PIPE_CLOSED
    assert len(engine.asked) < 500 and engine.closed == 1
