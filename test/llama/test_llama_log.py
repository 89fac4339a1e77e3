import threading

import llama_cpp.llama_cpp as llama

from glm4v_ros.llama.llama_log import LlamaLog

ERROR = 4


def say(log: LlamaLog, line: bytes, level: int = ERROR) -> None:
    """As llama.cpp does."""
    callback, _ = current()
    callback(level, line, None)


def current():
    import ctypes

    callback, data = llama.llama_log_callback(), ctypes.c_void_p()
    llama.llama_log_get(ctypes.byref(callback), ctypes.byref(data))
    return callback, data


def test_an_error_is_a_reason_once():
    log = LlamaLog()
    say(log, b"cannot allocate memory\n")
    say(log, b"all is well\n", level=2)
    assert log.take_error() == "cannot allocate memory" and log.take_error() == ""


def test_what_is_said_behind_a_reason_does_not_hide_it():
    log = LlamaLog()
    say(log, b"clip_init: failed to load model 'v.gguf': std::bad_alloc\n")
    say(log, b"mtmd_init_from_file: error: Failed to load CLIP model from v.gguf\n")
    assert "bad_alloc" in log.take_error()


def test_one_threads_error_is_no_reason_for_another():
    log = LlamaLog()
    thread = threading.Thread(target=say, args=(log, b"std::bad_alloc\n"))
    thread.start()
    thread.join()
    assert log.take_error() == ""


def test_what_ends_the_process_is_shown(caplog):
    log = LlamaLog()
    say(log, b"CUDA error: an illegal memory access was encountered\n")
    say(log, b"a batch is too large\n")
    assert [record.levelname for record in caplog.records if record.levelno > 20] == ["ERROR"]
    assert "illegal memory access" in caplog.text
