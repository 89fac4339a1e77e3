import ctypes

from glm4v_ros.llama.interrupt import Interrupt


def test_it_counts_while_armed_and_stops_once_tripped():
    interrupt = Interrupt()
    stop = ctypes.CFUNCTYPE(ctypes.c_bool, ctypes.c_void_p)(interrupt.callback.value)
    assert [stop(interrupt.callback_data) for _ in range(3)] == [False] * 3 and interrupt.progress == 3
    interrupt.trip()
    assert stop(interrupt.callback_data) and stop(interrupt.callback_data)
    interrupt.arm()
    assert not stop(interrupt.callback_data)
