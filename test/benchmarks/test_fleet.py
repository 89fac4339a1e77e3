"""benchmarks/fleet.py: what follows from its service times without a simulation."""

import pytest
from fleet import Times, askers, robots


def test_one_asker_waits_for_nobody():
    fleet = askers(Times(encode=0.3, answer=0.1), 1, count=1, pictures=10, questions=3)
    assert fleet.now == pytest.approx(10 * (0.3 + 3 * 0.1))
    assert [job.latency for job in fleet.jobs[:3]] == pytest.approx([0.4, 0.1, 0.1])


def test_servers_of_one_machine_do_no_more_than_its_cores():
    """Each picture costs 0.3 s of processor time and each answer 0.1: two cores need half of the sum, whatever the number of servers."""
    times = Times(encode=0.3, answer=0.1, cores=2, encode_cpu=0.3, answer_cpu=0.1, batch_cpu=0.1)
    fleet = askers(times, 8, count=32, pictures=160, questions=3)
    work = 160 * (0.3 + 3 * 0.1)
    assert fleet.now == pytest.approx(work / 2, rel=0.1)
    alone = askers(Times(encode=0.3, answer=0.1), 8, count=32, pictures=160, questions=3)
    assert alone.now < 0.6 * fleet.now


def test_by_hashing_each_picture_is_encoded_once():
    times = Times(encode=0.3, answer=0.1, kept=1000)
    encoded = [sum(job.was_new for job in askers(times, 4, hashing, pictures=60).jobs) for hashing in (True, False)]
    assert encoded[0] == 60 < encoded[1]


def test_every_robots_question_is_answered():
    fleet = robots(Times(encode=0.3, answer=0.1), 3, count=50, per_hour=60)
    assert fleet.jobs and all(job.done > job.arrival for job in fleet.jobs)
