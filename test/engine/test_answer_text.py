import pytest

from glm4v_ros.engine.answer_text import AnswerText
from glm4v_ros.engine.token_trace import TokenTrace


def shown(pieces, **options):
    """What a stream of pieces shows, checked to be the same as the text at the end."""
    answer = AnswerText(**options)
    out = [answer.add(piece) for piece in pieces] + [answer.finish()]
    assert "".join(out) == answer.text
    return answer.text


@pytest.mark.parametrize(
    "raw, text",
    [
        ("AX-100", "AX-100"),
        ("  \n AX 100 \n", "AX 100"),
        ("<think>hm</think>AX", "AX"),
        ("<think>hm</think>\n\nAX", "AX"),
        ("A<think>hm</think>X", "AX"),
        ("<think>never ends", ""),
        ("</think>AX", "AX"),
        ("<|begin_of_box|>AX<|end_of_box|>", "AX"),
        ("<answer>a < b, <b>c</b></answer>", "a < b, <b>c</b>"),
        ("a<thin", "a<thin"),
        ("型号是 <think>想</think>甲", "型号是 甲"),
    ],
)
def test_every_way_to_cut_a_text(raw, text):
    encoded = raw.encode()
    assert shown([encoded]) == text
    assert shown([encoded[i : i + 1] for i in range(len(encoded))]) == text
    for cut in range(len(encoded)):
        assert shown([encoded[:cut], encoded[cut:]]) == text


def test_a_thought_that_the_prompt_opened():
    assert shown([b"hm, AY", b"</thi", b"nk>AX"], thinking=True) == "AX"


def test_a_thought_that_was_never_opened_is_not_in_the_text():
    answer = AnswerText()
    stream = [answer.add(piece) for piece in (b"hm, maybe ", b"AY", b"</thi", b"nk>\nAX")] + [answer.finish()]
    assert answer.text == "AX" and answer.thought and "".join(stream).endswith("AX")


@pytest.mark.parametrize(
    "raw, stop, text",
    [
        ("one two three", ("two",), "one"),
        ("one two three", ("three", "two"), "one"),
        ("one\n\ntwo", ("\n\n",), "one"),
        ("one tw", ("two",), "one tw"),
        ("<think>two</think>one two", ("two",), "one"),
        ("型号是甲。乙", ("。",), "型号是甲"),
        ("two", ("two",), ""),
    ],
)
def test_a_text_ends_before_a_stop(raw, stop, text):
    for encoded in ([raw.encode()], [bytes([byte]) for byte in raw.encode()]):
        answer = AnswerText(stop=stop)
        shown = "".join([*map(answer.add, encoded), answer.finish()])
        assert shown == answer.text == text and answer.stopped == (any(s in raw.partition("</think>")[2] or s in raw for s in stop))


def test_it_remembers_that_there_was_a_thought():
    answer = AnswerText()
    answer.add(b"<think>x</think>y")
    assert answer.thought
    plain = AnswerText()
    plain.add(b"y")
    assert not plain.thought


def test_bytes_that_are_no_character():
    assert shown([b"a\xff", b"b\xe5\x9e"]) == "a\ufffdb\ufffd"


@pytest.mark.parametrize(
    "pieces, options, tokens",
    [
        (["a", "b", "c"], {}, [0, 1, 2]),
        ([" ", "\n", " a", " ", " ", "b", " "], {}, [2, 3, 4, 5]),
        (["<think>", "a", "</think>", "b"], {}, [3]),
        (["<th", "ink>a</th", "ink>b", "c"], {}, [2, 3]),
        (["a<", "thin", "g"], {}, [0, 1, 2]),
        (["x", "a", "</think>", "b"], {}, [3]),
        (["a", "</think>", "b"], {"thinking": True}, [2]),
        (["<|begin_of_box|>", "a", "<|end_of_box|>", "b"], {}, [1, 3]),
        (["a", "E", "E", "N", "D", "b"], {"stop": ("END",)}, [0, 1]),
        (["a E", "ND b", "c"], {"stop": ("END",)}, [0]),
        (["a", "E", "N", "x"], {"stop": ("END",)}, [0, 1, 2, 3]),
        (["END"], {"stop": ("END",)}, []),
        (["", "a", "", "b", ""], {}, [1, 3]),
    ],
)
def test_which_tokens_have_a_part_in_the_text(pieces, options, tokens):
    trace = TokenTrace()
    answer, news = AnswerText(**options, trace=trace), []
    for piece in pieces:
        shown = answer.add(piece.encode())
        new = trace.take_news()
        assert bool(new) <= bool(shown)
        news += new
    answer.finish()
    news += trace.take_news()
    assert trace.shown == tokens and news[len(news) - len(tokens) :] == tokens  # what came before was taken for an answer


def test_a_character_is_of_all_tokens_that_have_bytes_of_it():
    raw = "型号a".encode()
    for cuts in ([1, 2], [2, 4], [1, 4, 5], [3], [1, 2, 3, 4, 5, 6]):
        trace = TokenTrace()
        answer, pieces = AnswerText(trace=trace), [raw[a:b] for a, b in zip([0, *cuts], [*cuts, len(raw)])]
        for piece in pieces:
            answer.add(piece)
        assert answer.text == "型号a" and trace.shown == list(range(len(pieces)))


def test_bytes_that_never_become_a_character_are_of_their_tokens():
    trace = TokenTrace()
    answer = AnswerText(trace=trace)
    for piece in (b"a", b"\xe5", b"\x9e"):
        answer.add(piece)
    assert trace.take_news() == [0]
    assert answer.finish() == "\ufffd" and trace.shown == [0, 1, 2]
