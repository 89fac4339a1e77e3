"""What an engine says about itself."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class EngineStatus:
    """One look at the engine; figures of the worker are as old as ``heartbeat_age``."""

    model: str
    alive: bool = False  # a worker process is there
    loaded: bool = False  # and has the model in memory
    failed: str = ""  # why no further worker is started, a sentence for a person; empty: all is well
    device: str = ""  # what is really used: "CPU", "CUDA0 NVIDIA H200"
    gpu_offload: bool = False
    context_tokens: int = 0  # KV cells
    stage: str = ""  # idle, loading, encode, prefill, decode
    queue_length: int = 0  # requests that wait
    running: int = 0  # requests being worked on
    tokens_per_second: float = 0.0  # decoded, all requests together, lately
    used_tokens: int = 0  # KV cells in use
    prefix_tokens: int = 0  # KV cells kept for frames and sessions
    embedding_mib: float = 0.0  # image embeddings kept in RAM
    worker_pid: int = 0
    worker_restarts: int = 0
    resident_mib: float = 0.0  # of the worker
    heartbeat_age: float = 0.0  # seconds
