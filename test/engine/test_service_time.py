from glm4v_ros.engine import service_time
from glm4v_ros.engine.service_time import ServiceTime


def test_it_is_the_time_between_answers_while_questions_wait(clock_of):
    now = clock_of(service_time)
    measured = ServiceTime(5.0)
    measured.began(0)
    measured.began(1)
    now[0] += 2.0
    measured.ended()
    assert measured.seconds == 2.0  # the guess is forgotten
    now[0] += 2.0
    measured.ended()
    now[0] += 1000.0  # idle
    measured.began(0)
    now[0] += 2.0
    measured.ended()
    assert measured.seconds == 2.0
    for _ in range(100):
        measured.began(1)
        now[0] += 0.5
        measured.ended()
    assert 0.5 <= measured.seconds < 0.6
