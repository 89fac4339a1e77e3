"""What child processes take of the machine's memory and of the first GPU's."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import threading
from pathlib import Path


class MemoryWatch:
    """The most that was taken while it watches: on the first GPU over what was taken before, and by child processes."""

    def __init__(self, processes: bool = True):
        """Without ``processes`` it looks at the GPU alone, which takes no time from this process."""
        #: MiB: the GPU's peak, the GPU's now, the peak of all child processes together. The GPU's are 0 without nvidia-smi.
        self.gpu_mib = self.now_mib = self.resident_mib = 0.0
        self._processes = processes
        self._baseline: float | None = None
        self._looked = threading.Event()  # at the GPU, for the first time or in vain
        self._ended = threading.Event()

    def __enter__(self) -> MemoryWatch:
        self._threads = [threading.Thread(target=self._watch_processes, daemon=True)] if self._processes else []
        self._smi = None
        if shutil.which("nvidia-smi"):
            query = ["--query-gpu=memory.used", "--format=csv,noheader,nounits", "-lms", "50"]
            command = ["nvidia-smi", "-i", "0", *query]
            self._smi = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
            self._threads.append(threading.Thread(target=self._watch_gpu, daemon=True))
        for thread in self._threads:
            thread.start()
        if self._smi:
            self._looked.wait()
        return self

    def __exit__(self, *_) -> None:
        self.stop()

    def stop(self) -> None:
        """Ends the watching, which takes time from what runs beside it; the figures stay."""
        self._ended.set()
        if self._smi:
            self._smi.terminate()
        for thread in self._threads:
            thread.join(5)

    def _watch_gpu(self) -> None:
        try:
            for line in self._smi.stdout:
                used = float(line)
                self._baseline = used if self._baseline is None else self._baseline
                self.now_mib = used - self._baseline
                self.gpu_mib = max(self.gpu_mib, self.now_mib)
                self._looked.set()
        except ValueError:
            pass  # this GPU does not tell, as one that shares the machine's memory
        finally:
            self._looked.set()

    def _watch_processes(self) -> None:
        # What a process holds for itself; pages of a mapped file come and go with the page cache.
        while not self._ended.wait(0.1):
            parents, anonymous = {}, {}
            for path in Path("/proc").glob("[0-9]*/status"):
                try:
                    fields = dict(re.findall(r"^(PPid|RssAnon):\s+(\d+)", path.read_text(), re.M))
                except OSError:
                    continue
                if "RssAnon" in fields:
                    pid = int(path.parent.name)
                    parents[pid], anonymous[pid] = int(fields["PPid"]), int(fields["RssAnon"])

            def ours(pid: int) -> bool:
                while pid in parents and pid != os.getpid():
                    pid = parents[pid]
                return pid == os.getpid()

            children = sum(size for pid, size in anonymous.items() if pid != os.getpid() and ours(pid))
            self.resident_mib = max(self.resident_mib, children / 1024)
