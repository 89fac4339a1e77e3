import numpy as np
import pytest

from glm4v_ros.engine.choice_scores import ChoiceScores

VOCABULARY, ENDS = 20, np.array([0, 3])


def log_softmax(row):
    return row - np.logaddexp.reduce(row)


@pytest.mark.parametrize("room", [100, 4, 3, 1])
def test_the_softmax_over_whole_strings(room):
    drawn = np.random.default_rng(0)
    choices = [(5, 6, 7), (5,), (8, 9), (5, 6, 7, 10, 11, 12)]
    first = drawn.normal(size=VOCABULARY).astype(np.float32)
    after = {}  # logits after each string of tokens

    def logits(tokens):
        return after.setdefault(tokens, drawn.normal(size=VOCABULARY).astype(np.float32))

    scores = ChoiceScores(choices, ENDS)
    scores.start(first)
    while not scores.done:
        for index, fed, tokens in scores.next(room):
            assert fed == scores.fed(index)
            rows = np.stack([logits(choices[index][: fed + i + 1]) for i in range(len(tokens))])
            assert scores.feed(index, rows) == (fed + len(tokens) == len(choices[index]))
    expected = []
    for choice in choices:
        total, row = 0.0, first
        for i, token in enumerate(choice):
            total += log_softmax(row.astype(np.float64))[token]
            row = logits(choice[: i + 1])
        expected.append(total + np.logaddexp.reduce(log_softmax(row.astype(np.float64))[ENDS]))
    expected = np.exp(log_softmax(np.array(expected)))
    assert scores.probabilities == pytest.approx(expected, rel=1e-5)
    assert scores.best == int(np.argmax(expected)) and 0 < scores.mean_token_probability <= 1
