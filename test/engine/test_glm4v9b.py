"""GLM-4v-9b's language half against PyTorch, through `convert` and the engine's own batches and positions."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from asking import PATIENCE  # noqa: E402
from golden import glm4v9b_checkpoint as tiny  # noqa: E402

from glm4v_ros.catalog.convert import Conversion  # noqa: E402
from glm4v_ros.catalog.model import Model  # noqa: E402
from glm4v_ros.catalog.pair import Pair  # noqa: E402
from glm4v_ros.engine.answer_text import AnswerText  # noqa: E402
from glm4v_ros.engine.chat_template import ChatTemplate, Message, Picture  # noqa: E402
from glm4v_ros.engine.client import EngineClient  # noqa: E402
from glm4v_ros.engine.config import EngineConfig  # noqa: E402
from glm4v_ros.engine.question import Question  # noqa: E402
from glm4v_ros.engine.sequence import Sequence  # noqa: E402
from glm4v_ros.engine.vision import tower_of  # noqa: E402
from glm4v_ros.errors import EngineFailed, Unsupported  # noqa: E402
from glm4v_ros.llama.language_model import LanguageModel  # noqa: E402
from glm4v_ros.llama.llama_log import LlamaLog  # noqa: E402
from glm4v_ros.vision.frame import Frame  # noqa: E402
from glm4v_ros.vision.tower import EmbeddingRun, ImageTokens  # noqa: E402

GOLDEN = Path(__file__).parents[1] / "golden"
QUESTION = "What does the gauge say?"


def config_of(model: Model) -> EngineConfig:
    return EngineConfig(model, context_tokens=256, batch_tokens=64, threads=2, gpu_layers=0, flash_attention=False,
                        kv_type="f32", max_parallel=2)  # fmt: skip


@pytest.fixture(scope="module", params=list(tiny.VARIANTS))
def variant(request):
    return request.param


@pytest.fixture(scope="module")
def golden(variant):
    return np.load(GOLDEN / f"glm4v9b_{variant}.npz")


@pytest.fixture(scope="module")
def model(variant, tmp_path_factory):
    """The tiny checkpoint converted without quantising."""
    checkpoint = tiny.write(tmp_path_factory.mktemp(variant), tiny.VARIANTS[variant])
    conversion = Conversion.plan(checkpoint, tmp_path_factory.mktemp("out"), text="F32", vision="F32")
    conversion.run(threads=2)
    model = Model("glm-4v-9b", conversion.path("text"), conversion.path("vision"))
    return Pair.of(model).complete(model)


@pytest.fixture(scope="module")
def log():
    """llama.cpp goes on calling it, so it must outlive every test here."""
    return LlamaLog()


@pytest.fixture(scope="module")
def language_model(model, log):
    language_model = LanguageModel(config_of(model), log, lambda _: True)
    yield language_model
    language_model.free()


@pytest.fixture
def image(model, language_model, log):
    tower = tower_of(config_of(model), language_model, log, lambda: None)
    tower.load()
    tokens = tower.encode(Frame(tiny.picture()))
    tower.free()
    return tokens


def template_of(model, language_model, answer_prefix="") -> ChatTemplate:
    return ChatTemplate(language_model.chat_template, language_model.tokenize, answer_prefix=answer_prefix)


def logits_of(language_model, layout, greedy=0):
    """Every cell's logits, prefilled as the scheduler does it, and then ``greedy`` tokens."""
    language_model.clear()
    seq_id = language_model.greedy_sequences.stop  # the first whose logits come to the host
    sequence = Sequence(seq_id, layout, None, 0, language_model.context_tokens)
    rows = []
    while not sequence.ready:
        batch = language_model.new_batch()
        if sequence.next_is_image:
            embeddings, positions = sequence.next_embeddings(language_model.output_capacity)
            batch.add_embeddings(embeddings, positions, [seq_id])
            count, view = batch.size, batch.struct()
            for entry in range(count):  # which no engine asks for
                view.logits[entry] = 1
            batch.outputs = [(entry, 0) for entry in range(count)]
        else:
            tokens = sequence.next_tokens(language_model.output_capacity)
            batch.add_tokens(tokens, sequence.position, seq_id, len(tokens))
            count = len(tokens)
        language_model.decode(batch)
        rows += [language_model.logits(i).copy() for i in range(count)]
        sequence.cells += count
    written = []
    for _ in range(greedy):
        written.append(int(rows[-1].argmax()))
        batch = language_model.new_batch()
        batch.add_tokens([written[-1]], sequence.position + len(written) - 1, seq_id, 1)
        language_model.decode(batch)
        rows.append(language_model.logits(0).copy())
    return np.stack(rows[: len(rows) - greedy]), written


def relative_error(found, expected):
    return np.abs(found - expected).max() / np.abs(expected).max()


def test_prompt_is_the_models_own(model, language_model, image, golden):
    message = Message("user", QUESTION, (Picture("key", 0, image),))
    head, picture, tail = template_of(model, language_model).layout([message]).segments
    assert head.tokens == golden["head"].tolist()
    assert picture.run is image.runs[0]
    assert tail.tokens == golden["tail"].tolist()


def test_second_turn_is_the_models_own(model, language_model, golden):
    """Each message is role, newline, text; tokenised apart from each other."""
    layout = template_of(model, language_model).layout(
        [Message("user", "a"), Message("assistant", "\n\nb"), Message("user", "<|user|>")]
    )
    ids, plain = tiny.special_ids(), lambda text: list(language_model.tokenize(text, False))
    newline = plain("\n")
    assert layout.segments[0].tokens == [
        ids["[gMASK]"], ids["<sop>"], ids["<|user|>"], *newline, *plain("a"), ids["<|assistant|>"], *newline,
        *plain("\n\nb"), ids["<|user|>"], *newline, *plain("<|user|>"), ids["<|assistant|>"],
    ]  # fmt: skip
    assert ids["<|user|>"] not in plain("<|user|>")


def test_tokens_are_tiktokens(language_model):
    for case in json.loads((GOLDEN / "glm4v9b_tokens.json").read_text()):
        assert list(language_model.tokenize(case["text"], False)) == case["tokens"], case["text"]


def test_the_models_end_tokens_end_an_answer(language_model):
    ids = tiny.special_ids()
    assert {ids[end] for end in ("<|endoftext|>", "<|user|>", "<|observation|>")} <= set(
        language_model.end_tokens.tolist()
    )


def test_text_logits_equal_pytorch(model, language_model, golden):
    layout = template_of(model, language_model).layout([Message("user", QUESTION)])
    logits, written = logits_of(language_model, layout, greedy=32)
    assert relative_error(logits, golden["text_logits"]) < 1e-4
    assert np.array_equal(logits.argmax(1), golden["text_logits"].argmax(1))
    assert written == golden["text_greedy"].tolist()


def test_image_and_text_logits_equal_pytorch(model, language_model, image, golden):
    """At every cell, those of the image too: wrong positions or a mask that looks ahead would show."""
    layout = template_of(model, language_model).layout([Message("user", QUESTION, (Picture("key", 0, image),))])
    logits, written = logits_of(language_model, layout, greedy=32)
    assert relative_error(logits, golden["mixed_logits"]) < 1e-4
    assert np.array_equal(logits.argmax(1), golden["mixed_logits"].argmax(1))
    assert written == golden["mixed_greedy"].tolist()


def test_consecutive_image_positions_would_be_noticed(model, language_model, image, golden):
    """The bar of the test above is not met by the positions that an ordinary model would use."""
    (run,) = image.runs
    n = run.count
    straight = np.stack([np.arange(n), np.zeros(n), np.zeros(n), np.zeros(n)]).astype(np.int32)
    wrong = ImageTokens((EmbeddingRun(run.embeddings, straight, n),))
    layout = template_of(model, language_model).layout([Message("user", QUESTION, (Picture("key", 0, wrong),))])
    logits, _ = logits_of(language_model, layout)
    assert relative_error(logits, golden["mixed_logits"]) > 0.05


def test_the_engine_answers_as_pytorch_does(model, golden):
    pieces = {i: token for token, i in tiny.ranks().items()}
    expected = AnswerText()
    for token in golden["answer_greedy"].tolist():
        expected.add(pieces.get(token, b""))  # special tokens are not shown
    expected.finish()
    with EngineClient(config_of(model)) as engine:
        engine.start()
        frame = Frame(tiny.picture())

        def ask(request_id, frames, **fields):
            question = Question(QUESTION, request_id, max_tokens=32, ignore_eos=True, **fields)
            return engine.ask(question, frames).result(PATIENCE)

        answer = ask("1", [frame])
        assert answer.text == expected.text
        assert answer.image_tokens == len(golden["image"])
        assert answer.prompt_tokens == len(golden["mixed_logits"]) + 1  # the newline behind the header
        assert ask("2", [frame], session_id="s").text == expected.text  # from the frame's cells
        other = Frame(np.ascontiguousarray(tiny.picture()[::-1]))
        assert ask("3", [other]).text != expected.text
        with pytest.raises(Unsupported, match="one|1"):
            ask("4", [frame, other])
        with pytest.raises(Unsupported, match="reset"):
            ask("5", [other], session_id="s")


@pytest.mark.parametrize("damage", ["text cut", "vision cut", "swapped", "no sections", "garbage"])
def test_files_that_would_end_the_process_are_an_error(model, tmp_path, damage):
    text, vision = tmp_path / "text.gguf", tmp_path / "vision.gguf"
    text.write_bytes(model.text_path.read_bytes())
    vision.write_bytes(model.vision_path.read_bytes())
    if damage == "text cut":
        text.write_bytes(text.read_bytes()[:-4096])
    elif damage == "vision cut":
        vision.write_bytes(vision.read_bytes()[:-4096])
    elif damage == "swapped":
        text, vision = vision, text
    elif damage == "no sections":
        text.write_bytes(text.read_bytes().replace(b"rope.dimension_sections", b"rope.dimension_sectionz"))
    elif damage == "garbage":
        text.write_bytes(b"GGUF" + bytes(range(256)) * 100)
    with EngineClient(config_of(Model("broken", text, vision))) as engine:
        with pytest.raises(EngineFailed, match="cut short|swapped|dimension_sections|header|GGUF version"):
            engine.start()
