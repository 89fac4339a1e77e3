"""The engine says token for token what llama.cpp's own multimodal path says, however it shares work."""

import ctypes
import math
import os

import numpy as np
import pytest
from asking import PATIENCE, WATCHDOG, ask, noise, question

from glm4v_ros.engine.client import EngineClient
from glm4v_ros.engine.config import EngineConfig

TOKENS = 48
TIE = 1e-3  # two best logits this close may change places with the order of a sum


class Reference:
    """mtmd_helper_eval_chunks and a greedy loop: one sequence, nothing shared."""

    def __init__(self, model):
        import llama_cpp
        from llama_cpp import mtmd_cpp

        self.llama, self.mtmd = llama_cpp, mtmd_cpp
        params = llama_cpp.llama_model_default_params()
        self.model = llama_cpp.llama_model_load_from_file(os.fsencode(model.text_path), params)
        assert self.model
        self.vocab = llama_cpp.llama_model_get_vocab(self.model)
        params = llama_cpp.llama_context_default_params()
        params.n_ctx, params.n_batch, params.n_ubatch = 2048, 512, 512
        params.n_threads = params.n_threads_batch = 1
        params.flash_attn_type = 1
        params.type_k = params.type_v = 0  # f32
        self.context = llama_cpp.llama_init_from_model(self.model, params)
        params = mtmd_cpp.mtmd_context_params_default()
        params.n_threads, params.flash_attn_type = 1, 1
        self.vision = mtmd_cpp.mtmd_init_from_file(os.fsencode(model.vision_path), self.model, params)
        assert self.context and self.vision

    def close(self):
        self.mtmd.mtmd_free(self.vision)
        self.llama.llama_free(self.context)
        self.llama.llama_model_free(self.model)

    def answer(self, prompt: str, frames) -> tuple[list[int], list[float], int]:
        """Greedy tokens after a prompt in which <__media__> stands for each frame, their probabilities, and how many
        come before the first near-tie."""
        llama, mtmd = self.llama, self.mtmd
        llama.llama_memory_clear(llama.llama_get_memory(self.context), False)
        raw = prompt.encode()
        text = mtmd.mtmd_input_text(text=raw, text_len=len(raw), add_special=False, parse_special=True)
        bitmaps = (ctypes.c_void_p * len(frames))(
            *[
                mtmd.mtmd_bitmap_init(f.width, f.height, f.rgb.ctypes.data_as(ctypes.POINTER(ctypes.c_uint8)))
                for f in frames
            ]
        )
        chunks = mtmd.mtmd_input_chunks_init()
        assert mtmd.mtmd_tokenize(self.vision, chunks, ctypes.byref(text), bitmaps, len(frames)) == 0
        past = ctypes.c_int32(0)
        assert mtmd.mtmd_helper_eval_chunks(self.vision, self.context, chunks, 0, 0, 512, True, ctypes.byref(past)) == 0
        vocabulary = llama.llama_vocab_n_tokens(self.vocab)
        tokens, probabilities, position, settled = [], [], past.value, TOKENS
        while True:
            logits = np.ctypeslib.as_array(llama.llama_get_logits_ith(self.context, -1), (vocabulary,)).astype(
                np.float64
            )
            total = np.logaddexp.reduce(logits)
            second, first = np.partition(logits, -2)[-2:]
            if first - second < TIE:
                settled = min(settled, len(tokens))
            tokens.append(int(logits.argmax()))
            probabilities.append(float(np.exp(logits[tokens[-1]] - total)))
            if len(tokens) == TOKENS:
                break
            batch = llama.llama_batch_init(1, 0, 1)
            batch.n_tokens, batch.token[0], batch.pos[0] = 1, tokens[-1], position
            batch.n_seq_id[0], batch.seq_id[0][0], batch.logits[0] = 1, 0, 1
            assert llama.llama_decode(self.context, batch) == 0
            llama.llama_batch_free(batch)
            position += 1
        for bitmap in bitmaps:
            mtmd.mtmd_bitmap_free(bitmap)
        mtmd.mtmd_input_chunks_free(chunks)
        return tokens, probabilities, settled

    def text(self, tokens) -> str:
        return b"".join(self.piece(token) for token in tokens).decode("utf-8", "replace").strip()

    def piece(self, token: int) -> bytes:
        buffer = ctypes.create_string_buffer(64)
        count = self.llama.llama_token_to_piece(self.vocab, token, buffer, 64, 0, False)
        return buffer.raw[: max(0, count)]


@pytest.fixture(scope="module")
def reference(nano_f32):
    reference = Reference(nano_f32)
    yield reference
    reference.close()


@pytest.fixture(scope="module")
def exact(nano_f32):
    config = EngineConfig(nano_f32, threads=1, kv_type="f32", context_tokens=2048, max_parallel=4, watchdog_timeout=WATCHDOG)
    with EngineClient(config) as client:
        client.start()
        yield client


def prompt(text: str, images: int = 1) -> str:
    return f"[gMASK]<sop><|user|>\n{'<__media__>' * images}{text}<|assistant|>\n"


class Comparison:
    """Compares answers with the reference up to its first near-tie, and counts, so that no test compares nothing."""

    def __init__(self, reference: Reference):
        self._reference = reference
        self.answers = self.tokens = 0

    def __call__(self, answer, prompt: str, frames) -> None:
        tokens, _, settled = self._reference.answer(prompt, frames)
        if settled == TOKENS:
            assert answer.text == self._reference.text(tokens)
        else:
            agreed = self._reference.text(tokens[:settled]).rstrip("\ufffd")
            assert answer.text[: len(agreed)] == agreed
        self.answers += 1
        self.tokens += settled

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            assert self.tokens > 0.5 * TOKENS * self.answers


@pytest.fixture
def same(reference):
    with Comparison(reference) as comparison:
        yield comparison


def test_a_new_frame(exact, reference, same):
    frame = noise(1)
    answer = ask(exact, [frame], "型号是什么?", max_tokens=TOKENS)
    same(answer, prompt("型号是什么?"), [frame])
    assert answer.completion_tokens == TOKENS


def test_the_figures_of_an_answer(exact, reference):
    frame = noise(14)
    tokens, probabilities, settled = reference.answer(prompt("一?"), [frame])
    count = min(settled, 8)
    answer = ask(exact, [frame], "一?", max_tokens=count, logprobs=1)
    assert answer.mean_token_probability == pytest.approx(np.mean(probabilities[:count]), rel=1e-4)
    written = [(reference.piece(token), one) for token, one in zip(tokens[:count], probabilities) if reference.piece(token).strip()]
    told = [(token.bytes, math.exp(token.logprob)) for token in answer.logprobs if token.bytes.strip()]
    assert [piece for piece, _ in told] == [piece for piece, _ in written] != []
    assert [one for _, one in told] == pytest.approx([one for _, one in written], rel=1e-4)
    assert (answer.image_tokens, answer.completion_tokens) == (12, count)
    assert answer.prompt_tokens == 12 + 2 + len("\n一?\n") + 4  # image, its marks, text, [gMASK] <sop> and two roles


def test_questions_on_one_frame_share_its_prefix(exact, same):
    frame = noise(2)
    for text in ("型号是什么?", "What is the serial number?", "型号是谁的?"):
        same(ask(exact, [frame], text, max_tokens=TOKENS), prompt(text), [frame])


def test_many_at_once(exact, same):
    asked = [(noise(3 + i % 3, width=112 + 28 * (i % 3)), f"question {i}?") for i in range(6)]
    futures = [exact.ask(question(text, max_tokens=TOKENS), [frame]) for frame, text in asked]
    for (frame, text), future in zip(asked, futures):
        same(future.result(PATIENCE), prompt(text), [frame])


def test_more_frames_than_the_context_holds_at_once(nano_f32, same):
    frames = [noise(130 + i, width=280, height=224) for i in range(6)]  # 80 tokens each
    with EngineClient(EngineConfig(nano_f32, threads=1, kv_type="f32", context_tokens=512, max_parallel=8, watchdog_timeout=WATCHDOG)) as engine:
        engine.start()
        futures = [engine.ask(question("which?", max_tokens=TOKENS), [frame]) for frame in frames for _ in range(2)]
        answers = [future.result(PATIENCE) for future in futures]
    for frame, answer, again in zip(frames, answers[::2], answers[1::2]):
        assert answer.image_tokens == 80 and again.text == answer.text
        same(answer, prompt("which?"), [frame])


def test_no_picture_at_all(exact, same):
    for text in ("What can you see?", "型号是什么?"):
        same(ask(exact, [], text, max_tokens=TOKENS, needs_picture=False), prompt(text, images=0), [])


def test_several_pictures_in_order(exact, same):
    frames = [noise(10), noise(11, width=140)]
    for order in (frames, frames[::-1]):
        same(ask(exact, order, "which?", max_tokens=TOKENS), prompt("which?", images=2), order)


def test_a_conversation_keeps_its_picture_and_history(exact, same):
    frame = noise(12)
    first = ask(exact, [frame], "first?", session_id="talk", choices=("one", "two"))
    ask(exact, [noise(15)], "of another", session_id="another")
    second = ask(exact, [], "second?", session_id="talk", max_tokens=TOKENS)
    same(second, prompt("first?") + first.text + "<|user|>\nsecond?<|assistant|>\n", [frame])


def test_choices_are_scored_as_whole_answers(exact, reference):
    """Each choice's log-probability, its end included, from the reference's logits."""
    frame, choices = noise(13), ("yes", "no", "not visible", "no, but " + "very " * 12 + "long")
    answer = ask(exact, [frame], "is it?", choices=choices)
    llama = reference.llama
    vocabulary = llama.llama_vocab_n_tokens(reference.vocab)
    ends = [t for t in range(vocabulary) if llama.llama_vocab_is_eog(reference.vocab, t)]
    scores = []
    for choice in choices:
        reference.answer(prompt("is it?"), [frame])
        memory = llama.llama_get_memory(reference.context)
        start = llama.llama_memory_seq_pos_max(memory, 0) + 1 - (TOKENS - 1)
        llama.llama_memory_seq_rm(memory, 0, start - 1, -1)  # the prompt's last token too, whose logits are wanted
        raw = ("\n" + choice).encode()
        tokens = (ctypes.c_int32 * 256)()
        count = llama.llama_tokenize(reference.vocab, raw, len(raw), tokens, 256, False, False)
        score = 0.0
        for i in range(count):
            batch = llama.llama_batch_init(1, 0, 1)
            batch.n_tokens, batch.token[0], batch.pos[0] = 1, tokens[i], start - 1 + i
            batch.n_seq_id[0], batch.seq_id[0][0], batch.logits[0] = 1, 0, 1
            assert llama.llama_decode(reference.context, batch) == 0
            llama.llama_batch_free(batch)
            logits = np.ctypeslib.as_array(llama.llama_get_logits_ith(reference.context, -1), (vocabulary,)).astype(
                np.float64
            )
            total = np.logaddexp.reduce(logits)
            score += (logits[tokens[i + 1]] if i + 1 < count else np.logaddexp.reduce(logits[ends])) - total
        scores.append(score)
    expected = np.exp(np.array(scores) - np.logaddexp.reduce(scores))
    # The engine feeds a choice in one batch, the reference token by token; their rounding was seen to differ by 1.2e-3.
    assert answer.choice_probabilities == pytest.approx(expected, rel=5e-3, abs=1e-6)
    assert answer.text == choices[int(np.argmax(expected))] == choices[answer.choice_index]
    assert answer.confidence == pytest.approx(max(expected), rel=5e-3)
