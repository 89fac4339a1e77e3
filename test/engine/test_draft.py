from glm4v_ros.engine.draft import MOST_DRAFTED, Draft


def test_what_followed_before_may_follow_again():
    draft = Draft([1, 2, 3, 4, 5, 6, 7])
    assert draft.guess(10) == []
    for token in (1, 2, 3):
        draft.add(token)
    assert draft.guess(10) == [4, 5]
    assert draft.guess(1) == [4] and draft.guess(0) == [] and draft.guess(-1) == []


def test_the_latest_place_counts():
    draft = Draft([1, 2, 3, 4, 1, 2, 3, 5, 1, 2, 3])
    assert draft.guess(1) == [5]


def test_guesses_that_pay_grow():
    draft = Draft(list(range(100)) + [0, 1, 2])
    for length in (2, 4, MOST_DRAFTED, MOST_DRAFTED):
        assert len(draft.guess(100)) == length
        draft.learn(True)


def test_guesses_that_do_not_pay_fall_silent_for_longer_and_longer():
    draft = Draft([1, 2, 3, 4, 1, 2, 3])
    silences = []
    for _ in range(3):
        draft.learn(False)
        silences.append(next(i for i in range(1000) if draft.guess(9)))
    assert silences == sorted(set(silences)) and silences[0] > 0
