"""The client that most programs use, against the embedded model: nobody here wrote it."""

from pathlib import Path

import pytest
from messages import MODEL, data_url
from served import scripted, serving

openai = pytest.importorskip("openai", reason="requirements/remote.txt brings it")
from pydantic import BaseModel  # noqa: E402  openai's

PLATE = Path(__file__).parents[1] / "data" / "nameplate.png"


@pytest.fixture(scope="module")
def client(real):
    return openai.OpenAI(base_url=f"{real.address}/v1", api_key="none needed", max_retries=0)


@pytest.fixture(scope="module")
def plate(real):
    return f"sha256:{real.request('POST', '/v1/pictures', PLATE.read_bytes()).json['sha256']}"


def asked(text: str, url: str) -> list:
    return [
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}, {"type": "text", "text": text}]}
    ]


def test_chat(client, plate):
    answer = client.chat.completions.create(model=MODEL, messages=asked("型号是什么?", plate))
    assert answer.choices[0].message.content == "LVV9-70S1-9" and answer.choices[0].finish_reason == "stop"
    assert answer.usage.completion_tokens > 0 and answer.model_extra["glm4v"]["image_tokens"] == 432


def test_a_data_url_is_as_good(client):
    answer = client.chat.completions.create(model=MODEL, messages=asked("型号是什么?", data_url(PLATE.read_bytes())))
    assert answer.choices[0].message.content == "LVV9-70S1-9"


def test_a_stream_and_a_follow_up(client, plate):
    first = asked("型号是什么?", plate)
    turns = [*first, {"role": "assistant", "content": "LVV9-70S1-9"}, {"role": "user", "content": "When was it made?"}]
    chunks = list(
        client.chat.completions.create(model=MODEL, messages=turns, stream=True, stream_options={"include_usage": True})
    )
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == "JUL. 2024"
    assert chunks[-1].usage.completion_tokens == 9


def test_a_stream_that_is_left_cancels(client, plate, real):
    stream = client.chat.completions.create(
        model=MODEL, messages=asked("型号是什么?", plate), stream=True, max_tokens=200
    )
    next(iter(stream))
    stream.close()
    while real.engine.status.running + real.engine.status.queue_length:
        pass
    assert client.chat.completions.create(model=MODEL, messages=asked("型号是什么?", plate)).choices


def test_logprobs(client, plate):
    """Those of a stream are those of the whole answer, and their tokens are its text."""
    fields = {"model": MODEL, "messages": asked("型号是什么?", plate), "logprobs": True, "top_logprobs": 3}
    choice = client.chat.completions.create(**fields).choices[0]
    tokens = choice.logprobs.content
    assert b"".join(bytes(one.bytes) for one in tokens).decode() == choice.message.content == "LVV9-70S1-9"
    assert all(one.token == one.top_logprobs[0].token and -0.5 < one.logprob <= 0 for one in tokens)
    assert {len(one.top_logprobs) for one in tokens} == {3}
    streamed = [one for chunk in client.chat.completions.create(**fields, stream=True) if chunk.choices[0].logprobs
                for one in chunk.choices[0].logprobs.content]  # fmt: skip
    assert [one.token for one in streamed] == [one.token for one in tokens]
    shown = [{"role": "user", "content": [{"type": "input_text", "text": "型号是什么?"}, {"type": "input_image", "image_url": plate}]}]
    response = client.responses.create(model=MODEL, input=shown, include=["message.output_text.logprobs"], top_logprobs=1)
    assert [one.token for one in response.output[0].content[0].logprobs] == [one.token for one in tokens]


def test_words_without_a_picture(client):
    answer = client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": "Hello"}], max_tokens=20)
    assert answer.usage.prompt_tokens > 0 and answer.model_extra["glm4v"]["image_tokens"] == 0


def test_parse(client, plate):
    class Plate(BaseModel):
        has_a_date: bool
        lines: int

    schema = client.chat.completions.parse(
        model=MODEL, messages=asked("Is there a date?", plate), response_format=Plate, max_tokens=60
    )
    assert isinstance(schema.choices[0].message.parsed, Plate)


def test_decisions(client, plate):
    decision = client.decisions.create(
        model=MODEL,
        input=[{"role": "user", "content": [{"type": "input_image", "image_url": plate}]}],
        questions=[
            {"type": "predicate", "name": "ip", "instructions": "There is an IP address."},
            {"type": "choice", "name": "model", "instructions": "型号是什么?", "choices": [{"value": "LVV9-70S1-9"}, {"value": "XYZ"}, {"value": True}]},
            {"type": "score", "instructions": "How legible is it?", "levels": [{"label": "not at all"}, {"label": "well"}]},
        ],
    )  # fmt: skip
    there, model, legible = decision.answers
    assert there.type == "predicate" and 0.5 < there.probability <= 1
    assert model.choice == "LVV9-70S1-9" and model.confidence > 0.99
    assert sum(one.probability for one in model.probabilities) == pytest.approx(1)
    assert 0 <= legible.score <= 1 and decision.usage.output_tokens > 0


def test_responses(client, plate):
    asking = [{"role": "user", "content": [{"type": "input_text", "text": "When was it made?"},
                                           {"type": "input_image", "image_url": plate, "detail": "auto"}]}]  # fmt: skip
    assert client.responses.create(model=MODEL, input=asking).output_text == "JUL. 2024"
    with client.responses.stream(model=MODEL, input=asking) as stream:
        deltas = [event.delta for event in stream if event.type == "response.output_text.delta"]
        assert "".join(deltas) == stream.get_final_response().output_text == "JUL. 2024"


def test_models(client):
    assert [model.id for model in client.models.list()] == [MODEL] and client.models.retrieve(MODEL).object == "model"


def test_errors_say_what_is_wrong(client, plate):
    with pytest.raises(openai.BadRequestError, match="calls no tools"):
        client.chat.completions.create(model=MODEL, messages=asked("?", plate), tool_choice="required")
    with pytest.raises(openai.NotFoundError, match="there is no model"):
        client.chat.completions.create(model="gpt-4o", messages=asked("?", plate))
    with pytest.raises(openai.APIStatusError, match="no answer within") as deadline:
        client.chat.completions.create(model=MODEL, messages=asked("?", plate), extra_body={"glm4v": {"timeout": 1e-4}})
    assert deadline.value.status_code == 504


def test_a_client_that_asks_again_by_itself(nano):
    """It heeds Retry-After of a full queue, and does not repeat what ran out of time."""
    with serving(scripted(nano), nano) as served:
        patient = openai.OpenAI(base_url=f"{served.address}/v1", api_key="x", max_retries=2)
        with pytest.raises(openai.APIStatusError, match="stopped"):
            patient.chat.completions.create(model=MODEL, messages=asked("slow", data_url(PLATE.read_bytes())),
                                            extra_body={"glm4v": {"timeout": 0.05}})  # fmt: skip
        assert len(served.engine.questions) == 1
        served.engine.capacity, served.engine.busy_for = 0, 0.05
        with pytest.raises(openai.RateLimitError):
            patient.chat.completions.create(model=MODEL, messages=asked("?", data_url(PLATE.read_bytes())))
        assert len(served.engine.questions) == 1
