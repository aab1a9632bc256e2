"""Chat templates, rendered in a process of their own: a template is a program that somebody else wrote.

Jinja's sandbox keeps it from the rest of Python; the process is ended when it takes too long or too much memory.
"""

import json
import subprocess
import sys
import threading
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tools.errors import EngineError

__all__ = ["Template"]

SECONDS = 5.0


class Template:
    """One chat template.

    Parameters
    ----------
    source : str
        The template as the tokenizer has it.
    special : mapping
        The special tokens it may name, such as ``bos_token``.
    model : str
        For messages.
    """

    def __init__(self, source: str, special: Mapping[str, Any], model: str) -> None:
        self._fixed = {"template": source, "special": {k: v for k, v in special.items() if isinstance(v, str)}}
        self._model = model
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None

    def render(self, messages: Sequence[Mapping[str, str]]) -> str:
        """Return the messages (``role``, ``content``) up to where the answer begins.

        Raises
        ------
        EngineError
            When the template refuses them, is broken, or takes longer than five seconds.
        """
        request = json.dumps({**self._fixed, "messages": [dict(message) for message in messages]})
        with self._lock:
            answer = self._asked(request)
        if "error" in answer:
            raise EngineError(f"The chat template of {self._model} failed: {str(answer['error'])[:200]}.")
        return str(answer["text"])

    def _asked(self, request: str) -> dict[str, Any]:
        if self._process is None or self._process.poll() is not None:
            child = Path(__file__).with_name("template_child.py")
            self._process = subprocess.Popen(  # noqa: S603 - our own file, no shell
                [sys.executable, "-P", str(child)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
            # Not __del__: in a cycle, Popen's own may come first, and warns that the process still runs.
            self._end = weakref.finalize(self, _stop, self._process)
        process = self._process
        assert process.stdin is not None  # noqa: S101
        assert process.stdout is not None  # noqa: S101
        watchdog = threading.Timer(SECONDS, process.kill)
        watchdog.daemon = True
        watchdog.start()
        try:
            process.stdin.write(request + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
        except BrokenPipeError:
            line = ""
        finally:
            watchdog.cancel()
        if not line:
            self.close()
            return {"error": f"it did not end within {SECONDS:g} s or 1 GiB"}
        return dict(json.loads(line))

    def close(self) -> None:
        """End the process; it starts again when it is needed."""
        if self._process is not None:
            self._end()
        self._process = None


def _stop(process: "subprocess.Popen[str]") -> None:
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
