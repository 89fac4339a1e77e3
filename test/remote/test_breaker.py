from glm4v_ros.remote.breaker import FIRST_REST, LONGEST_REST, MOST_FAILURES, Breaker


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


def opened(clock):
    breaker = Breaker(clock)
    for _ in range(MOST_FAILURES):
        assert breaker.state == "closed" and breaker.admit()
        breaker.failed("why")
    return breaker


def test_it_opens_lets_one_through_and_closes():
    clock = Clock()
    breaker = opened(clock)
    assert breaker.state == "open" and not breaker.admit() and breaker.rest_left == FIRST_REST
    clock.now += FIRST_REST
    assert breaker.state == "half-open" and breaker.admit() and not breaker.admit()
    breaker.succeeded()
    assert breaker.state == "closed" and breaker.failures == 0 and breaker.admit() and breaker.admit()


def test_a_probe_that_fails_makes_the_rest_longer():
    clock = Clock()
    breaker, rests = opened(clock), []
    for _ in range(6):
        rests.append(breaker.rest_left)
        clock.now += breaker.rest_left
        assert breaker.admit()
        breaker.failed("still")
    assert rests == [5, 10, 20, 40, LONGEST_REST, LONGEST_REST] and breaker.last_error == "still"


def test_what_was_under_way_when_it_opened_does_not_make_it_longer():
    clock = Clock()
    breaker = opened(clock)
    breaker.failed("late")
    assert breaker.rest_left == FIRST_REST


def test_a_probe_that_was_cancelled_makes_room_for_another():
    clock = Clock()
    breaker = opened(clock)
    clock.now += FIRST_REST
    assert breaker.admit()
    breaker.unclear()
    assert breaker.state == "half-open" and breaker.admit()
