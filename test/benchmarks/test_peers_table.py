import pytest
from peers_table import Row, markdown, rows

MACHINE = {"gpu": "a GPU", "cpu": "", "askers": 16, "rounds": 3, "ubatch": 512, "model": "m", "frame": "8x8"}
ONE = {
    "new frame, ours": 0.2, "new frame, llama-server": 0.4, "same frame, ours": 0.02, "same frame, llama-server": 0.1,
    "warm frame, ours": 0.02, "encode_s": 0.1, "peak_device_mib": 900.0,
}  # fmt: skip
DECODE = {
    "ours": 96.0, "cells": 1000, "tg at depth 1000": 100.0, "pp at depth 0": 10000.0, "used_tokens": 3, "prefix_tokens": 2,
    "context_tokens": 4096,
}  # fmt: skip


def test_a_ratio_is_held_against_its_bar():
    found = {row.figure: row for row in rows({"machine": MACHINE, "one asker": ONE, "decode": DECODE})}
    new, decode = found["first token, new frame"], found["decode, one answer"]
    assert new.ratio == pytest.approx(0.5) and new.met
    assert decode.ratio == pytest.approx(0.96) and not decode.met


def test_many_askers_are_held_against_the_floor_too():
    many = {
        side: {kind: {"requests_per_s": rate + more, "first_token_p99_s": 1.0} for kind, more in (("at once", 0.3), ("again and again", 0))}
        for side, rate in (("ours", 4.5), ("llama-server", 3.0))
    }
    found = rows({"machine": MACHINE, "one asker": ONE, "decode": DECODE, "askers, own frames": many})
    by_peer = {row.peer_name: row for row in found if row.figure == "16 askers, a frame each, 3 questions each"}
    assert by_peer["llama-server"].met and by_peer["llama-server"].ratio == pytest.approx(1.5)
    assert by_peer["encode + prefill alone"].peer == pytest.approx(5.0) and by_peer["encode + prefill alone"].met
    at_once = [row for row in found if row.figure == "16 askers, a frame each, at once"]
    assert [row.ours for row in at_once] == [4.8, 4.8] and at_once[0].ratio == pytest.approx(4.8 / 3.3)


def test_a_bar_without_a_peer_is_held_against_the_figure():
    assert Row("cancel", "ms", 90.0, "", None, 100.0, True).met
    assert not Row("cancel", "ms", 110.0, "", None, 100.0, True).met


def test_the_table_says_what_was_missed_and_leaves_out_what_was_not_run():
    table = markdown({"machine": MACHINE, "one asker": ONE, "decode": DECODE})
    assert table.count("MISSED") == 1 and "askers" not in table and "3 of 4096 KV" in table
