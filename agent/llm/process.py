"""The child process that runs the llama.cpp server, seen from this side: starting it, ending it, its last words.

Knows processes and processors; knows nothing about prompts.
"""

import contextlib
import json
import math
import os
import secrets
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import httpx

from tools.errors import EngineError

__all__ = ["Child", "cores"]

LOAD_SECONDS = 300.0


class Child:
    """One running child process and the connection to it."""

    def __init__(self, settings: Mapping[str, Any], model: str, timeout: float) -> None:
        key = secrets.token_urlsafe(32)
        self._log: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the child
        self._process = subprocess.Popen(  # noqa: S603 - our own file, no shell
            [sys.executable, "-P", str(Path(__file__).with_name("llamacpp_child.py"))],  # no package: loads sooner
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
        )
        self.client = httpx.Client(
            headers={"Authorization": f"Bearer {key}"},
            timeout=httpx.Timeout(timeout, connect=10.0),
            trust_env=False,  # no proxy between here and the loopback interface
            limits=httpx.Limits(max_keepalive_connections=0),  # the server drops idle ones: a race, now and then lost
        )
        self.stop = weakref.finalize(self, _end, self._process, self._log, self.client)
        self.client.base_url = httpx.URL(self._greet({**settings, "key": key}, model))

    def _greet(self, settings: Mapping[str, Any], model: str) -> str:
        assert self._process.stdin is not None  # noqa: S101
        assert self._process.stdout is not None  # noqa: S101
        watchdog = threading.Timer(LOAD_SECONDS, self._process.kill)
        watchdog.daemon = True
        watchdog.start()
        try:
            self._process.stdin.write(json.dumps(settings).encode() + b"\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = b""
        except BaseException:
            self.stop()
            raise
        finally:
            watchdog.cancel()
        if not line:
            words = self.last_words()
            self.stop()
            raise EngineError(
                f"The engine could not load {model}.{words}",
                hint="Is the file whole, and is there memory for it? `tallystick models pull` checks a catalog file.",
            )
        return str(json.loads(line)["address"])

    def alive(self) -> bool:
        """Return whether the process runs."""
        return self._process.poll() is None

    def last_words(self) -> str:
        """Return the end of the engine's log, as the end of a sentence."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(2.0)  # its last lines come with its end
        if self._log.closed:
            return ""
        self._log.seek(0)
        lines = self._log.read()[-2000:].decode(errors="replace").split("\n")
        last = [line.strip() for line in lines if line.strip()][-2:]
        return f" It said: {' / '.join(last)}." if last else ""


def _end(process: subprocess.Popen[bytes], log: IO[bytes], client: httpx.Client) -> None:
    client.close()
    process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout):
        if stream:
            with contextlib.suppress(BrokenPipeError):
                stream.close()
    log.close()


def cores() -> int:
    """Return how many physical cores are free for this process.

    Two threads of one core only wait for each other; and since the engine's threads spin while they wait, a thread on a
    core that another process keeps busy slows all of them down (measured: a fork of 0.02 s took 2.6 s, with one
    thread 0.05 s).
    """
    usable = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set(range(os.cpu_count() or 1))
    siblings = set()
    for cpu in usable:
        file = Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list")
        siblings.add(file.read_text() if file.is_file() else str(cpu))
    quota = Path("/sys/fs/cgroup/cpu.max")  # a container's share: "<microseconds> <period>" or "max <period>"
    words = quota.read_text().split() if quota.is_file() else ["max"]
    share = len(siblings) if words[0] == "max" else math.ceil(int(words[0]) / int(words[1]))
    return max(1, min(len(siblings), share) - round(_busy_cores()))


def _busy_cores(seconds: float = 0.1) -> float:
    """Return how many cores of the machine are at work now; 0 where the system does not say."""
    statistics = Path("/proc/stat")
    if not statistics.is_file():
        return 0.0

    def idle() -> float:
        times = statistics.read_text().split("\n", 1)[0].split()
        return (int(times[4]) + int(times[5])) / os.sysconf("SC_CLK_TCK")  # idle, and waiting for a disk

    before = idle()
    time.sleep(seconds)
    return max(0.0, (os.cpu_count() or 1) - (idle() - before) / seconds)
