"""/v1/responses: the same questions in another form."""

from messages import MODEL, data_url, png

PATH = "/v1/responses"


def body(text: str = "what is it?", **fields) -> dict:
    content = [{"type": "input_text", "text": text}, {"type": "input_image", "image_url": data_url(png(1))}]
    return {"model": MODEL, "input": [{"role": "user", "content": content}], **fields}


def test_a_response(web):
    answered = web.post(PATH, body(instructions="Be short.", max_output_tokens=5))
    assert answered.status == 200
    response = answered.json
    assert response["status"] == "completed" and response["usage"]["output_tokens"] == 0
    (item,) = response["output"]
    assert item["role"] == "assistant" and item["content"][0]["text"] == web.engine.questions[0][1][0].key
    question = web.engine.questions[0][0]
    assert question.system_prompt == "Be short." and question.max_tokens == 5


def test_a_stream(web):
    answered = web.post(PATH, body(stream=True))
    events = answered.events
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    kinds = [event["type"].removeprefix("response.") for event in events]
    assert kinds[:4] == ["created", "in_progress", "output_item.added", "content_part.added"]
    assert kinds[-4:] == ["output_text.done", "content_part.done", "output_item.done", "completed"]
    written = "".join(event["delta"] for event in events if event["type"] == "response.output_text.delta")
    assert written == events[-1]["response"]["output"][0]["content"][0]["text"] == web.engine.questions[0][1][0].key


def test_a_stream_that_fails_midway(web):
    events = web.post(PATH, body("slow", stream=True, glm4v={"timeout": 0.2})).events
    assert events[-1]["type"] == "response.failed" and events[-1]["response"]["error"]["message"]


def test_a_conversation_comes_whole(web):
    turns = [{"role": "user", "content": [{"type": "input_image", "image_url": data_url(png(1))}, {"type": "input_text", "text": "a"}]},
             {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "b"}]},
             {"role": "user", "content": "c"}]  # fmt: skip
    assert web.post(PATH, {"model": MODEL, "input": turns}).status == 200
    question = web.engine.questions[0][0]
    assert [(one.text, one.answer, one.pictures) for one in question.past] == [("a", "b", 1)] and question.text == "c"
    for field in ("previous_response_id", "conversation"):
        assert web.post(PATH, body(**{field: "resp_1"})).error["param"] == field
    assert web.post(PATH, body(background=True)).error["param"] == "background"
    assert web.post(PATH, body(tool_choice="required")).error["param"] == "tool_choice"


def test_how_likely_each_token_was(web):
    asked = body(include=["message.output_text.logprobs"], top_logprobs=1)
    response = web.post(PATH, asked).json
    (part,) = response["output"][0]["content"]
    (token,) = part["logprobs"]
    assert token["token"] == part["text"] and token["logprob"] == -0.5 and len(token["top_logprobs"]) == 1
    assert response["top_logprobs"] == 1
    events = {event["type"].removeprefix("response."): event for event in web.post(PATH, {**asked, "stream": True}).events}
    assert events["output_text.delta"]["logprobs"] == events["output_text.done"]["logprobs"] == [token]
    assert events["completed"]["response"]["output"][0]["content"][0]["logprobs"] == [token]
    assert web.post(PATH, body()).json["output"][0]["content"][0]["logprobs"] == []
