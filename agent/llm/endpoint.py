"""One HTTP server, spoken to with patience and within limits: times, tries, sizes, and errors that show no key.

Knows HTTP and JSON; knows nothing about chat models.
"""

import contextlib
import email.utils
import json
import math
import os
import time
import weakref
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

import httpx
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    wait_exponential,
    wait_random,
)

from agent.llm.masking import masked
from tools.errors import EngineError, ModelSpecError

__all__ = ["Endpoint", "RefusedError"]

TRIES = 4
FIRST_WAIT = 0.5  # before the second try, s; it doubles from try to try
LONGEST_WAIT = 60.0  # of a server that says when to come back, s
CONNECT_SECONDS = 10.0
MAX_BYTES = 10 * 2**20
MAX_ERROR_BYTES = 4096
MAX_SAID = 300  # of a server's own words in an error, characters
LOOPBACK = ("localhost", "127.0.0.1", "::1")
KEY_HINT = "Set TALLYSTICK_API_KEY to a key that this server takes."
HINTS = {
    401: KEY_HINT,
    403: KEY_HINT,
    404: "Is it the URL of an OpenAI-compatible server (http://host:port/v1), and does it have this model?",
    429: "It is busy or a limit is reached: try again later.",
}

Json = Any
T = TypeVar("T")


class RefusedError(EngineError):
    """The server does not want a request as it is; `status` says why."""

    def __init__(self, message: str, *, status: int, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.status = status


class _PassingError(EngineError):
    """A failure that may pass: busy, starting, or cut off. `wait` is what the server asks for, s."""

    def __init__(self, message: str, *, wait: float = 0.0, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.wait = wait


class Endpoint:
    """An HTTP server that answers with JSON.

    Parameters
    ----------
    url : str
        Its address; ``/v1`` where it names no path. Credentials in it are used and never shown.
    key : str, optional
        Sent as a bearer token; default: the environment's ``TALLYSTICK_API_KEY``, else its ``OPENAI_API_KEY``, which
        does not go over a network in clear text.
    timeout : float
        The longest time without an answer, s.

    Attributes
    ----------
    url : str
        The address without credentials and fragment.
    host : str
        Host and port.
    fragment : str
        What stood behind ``#``.

    Raises
    ------
    ModelSpecError
        When the address is none, or the key cannot be sent.
    """

    def __init__(self, url: str, key: str | None, timeout: float) -> None:
        address = _address(url)
        login = (address.username, address.password) if address.userinfo and not key else None
        key = key or (None if login else _environment_key(address))
        self._secrets = [part for part in (key, address.password) if part]
        self._timeout = timeout
        self.fragment = address.fragment
        clean = address.copy_with(userinfo=b"", fragment=None, path=address.path.rstrip("/") or "/v1")
        self.url, self.host = str(clean), clean.netloc.decode("ascii")
        self._client = httpx.Client(
            auth=login,
            headers={"Accept-Encoding": "identity"} | _bearer(key),  # what arrives is as long as it is read
            timeout=httpx.Timeout(timeout, connect=CONNECT_SECONDS),
            follow_redirects=False,  # a key is for the host it was given for
            trust_env=clean.host not in LOOPBACK,  # no proxy between here and the loopback interface
        )
        weakref.finalize(self, self._client.close)

    def get(self, url: str, tries: int = TRIES) -> Json:
        """Return what the server answers to a GET.

        Raises
        ------
        RefusedError
            When it does not want the request.
        EngineError
            When it cannot be reached, fails, is late, or answers something other than JSON.
        """
        return self._persistently(lambda: self._whole("GET", url, None), tries)

    def post(self, url: str, body: Mapping[str, Any]) -> Json:
        """Return what the server answers to a POST; errors as `get`."""
        return self._persistently(lambda: self._whole("POST", url, body), TRIES)

    def stream(self, url: str, body: Mapping[str, Any]) -> Iterator[Json]:
        """Return the events of an answer as they come; tried again as long as none has come. Errors as `get`."""

        def begun() -> tuple[Json, Iterator[Json]]:
            events = self._events(url, body)
            return next(events, None), events

        first, rest = self._persistently(begun, TRIES)
        if first is None:
            raise EngineError(f"{self.host} answered without a stream of events.", hint="Does it support `stream`?")
        yield first
        yield from rest

    def _persistently(self, attempt: Callable[[], T], tries: int) -> T:
        return Retrying(
            stop=stop_after_attempt(tries), wait=_wait, retry=retry_if_exception_type(_PassingError), reraise=True
        )(attempt)

    def _whole(self, method: str, url: str, body: Mapping[str, Any] | None) -> Json:
        started, data = time.monotonic(), bytearray()
        with self._answer(method, url, body) as response:
            for piece in self._pieces(response):
                data += piece
                self._in_time(started)
        return self._parsed(data)

    def _events(self, url: str, body: Mapping[str, Any]) -> Iterator[Json]:
        """Return the data of server-sent events."""
        latest, pending = time.monotonic(), b""
        with self._answer("POST", url, body) as response:
            for piece in self._pieces(response):
                self._in_time(latest)
                *lines, pending = (pending + piece).split(b"\n")
                for line in lines:
                    if not line.startswith(b"data:"):  # comments keep a connection alive, they are no answer
                        continue
                    latest, data = time.monotonic(), line.removeprefix(b"data:").strip()
                    if data == b"[DONE]":
                        return
                    yield self._event(data)

    def _event(self, data: bytes) -> Json:
        event = self._parsed(data)
        if isinstance(event, dict) and event.get("error"):
            raise EngineError(f"{self.host} failed in the middle of an answer{self._said(data)}.")
        return event

    @contextlib.contextmanager
    def _answer(self, method: str, url: str, body: Mapping[str, Any] | None) -> Iterator[httpx.Response]:
        """Send a request; whatever goes wrong until its answer is read becomes an EngineError."""
        try:
            with self._client.stream(method, url, json=body) as response:
                if not response.is_success:
                    self._refuse(response)
                yield response
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            reason = masked(str(error), self._secrets) or "no answer"
            hint = "Is the server running, and is this its address?"
            raise _PassingError(f"{self.host} cannot be reached ({reason}).", hint=hint) from error
        except httpx.TimeoutException as error:
            raise self._late() from error
        except httpx.TransportError as error:
            hint = "Try again; the server's log may say why."
            raise _PassingError(f"{self.host} broke off ({type(error).__name__}).", hint=hint) from error

    def _pieces(self, response: httpx.Response) -> Iterator[bytes]:
        """Return the body of an answer as it comes, up to a size."""
        size = 0
        for piece in response.iter_raw():
            size += len(piece)
            if size > MAX_BYTES:
                raise EngineError(
                    f"{self.host} answered with more than {MAX_BYTES // 2**20} MB.", hint="Is it the right server?"
                )
            yield piece

    def _in_time(self, since: float) -> None:
        """Refuse to wait any longer for an answer of which only drops come."""
        if time.monotonic() - since > self._timeout:
            raise self._late()

    def _late(self) -> EngineError:
        return EngineError(
            f"{self.host} did not answer within {self._timeout:g} s.",
            hint="Is it busy with other work? A larger `timeout` waits longer.",
        )

    def _parsed(self, data: bytes | bytearray) -> Json:
        try:
            return json.loads(data)
        except (ValueError, RecursionError) as error:
            hint = "Is this the URL of an OpenAI-compatible server?"
            raise EngineError(f"{self.host} answered with something other than JSON.", hint=hint) from error

    def _refuse(self, response: httpx.Response) -> None:
        """Raise what an answer without success means."""
        status, target = response.status_code, response.next_request
        if target is not None:
            place = target.url.copy_with(userinfo=b"", query=None, fragment=None)
            message = f"{self.host} answered {status} and redirects to {place}, which is not followed."
            raise EngineError(message, hint="Give that address, if you trust it.")
        opening = next(response.iter_raw(MAX_ERROR_BYTES), b"")  # of an error's text no more is needed
        message = f"{self.host} answered {status}{self._said(opening)}."
        if status == httpx.codes.TOO_MANY_REQUESTS or status >= httpx.codes.INTERNAL_SERVER_ERROR:
            wait = _seconds(response.headers.get("Retry-After", ""))
            if wait > LONGEST_WAIT:
                raise EngineError(message, hint=f"It asks to come back in {wait:.0f} s.")
            raise _PassingError(message, wait=wait, hint=HINTS.get(status, "Try again; the server's log may say why."))
        raise RefusedError(message, status=status, hint=HINTS.get(status, ""))

    def _said(self, data: bytes) -> str:
        """Return a server's own words, as the end of a sentence: one line, and no key that it repeats."""
        try:
            found = json.loads(data)
        except (ValueError, RecursionError):
            found = data.decode(errors="replace")
        for name in ("error", "message", "detail"):  # {"error": {"message": …}}, {"error": …}, {"detail": …}
            found = found.get(name, found) if isinstance(found, dict) else found
        words = " ".join(masked(str(found), self._secrets).split())
        shown = "".join(letter if letter.isprintable() else "?" for letter in words)[:MAX_SAID].rstrip(".")
        return f": {shown}" if shown else ""


def _address(url: str) -> httpx.URL:
    """Return a parsed address; its text may hold a password, so that no error repeats it."""
    hint = "Give http://host:port/v1, followed by #model where the server has several."
    try:
        found = httpx.URL(url.strip())
    except httpx.InvalidURL as error:
        raise ModelSpecError("The URL of the server cannot be read.", hint=hint) from error
    if found.scheme not in ("http", "https") or not found.host or found.query:
        raise ModelSpecError("The URL of the server needs http or https, a host, and no query.", hint=hint)
    return found


def _environment_key(address: httpx.URL) -> str | None:
    key = os.environ.get("TALLYSTICK_API_KEY")
    if not key and (address.scheme == "https" or address.host in LOOPBACK):  # it may have been set for other programs
        key = os.environ.get("OPENAI_API_KEY")
    return key.strip() if key else None


def _bearer(key: str | None) -> dict[str, str]:
    if key is not None and not (key.isascii() and key.isprintable() and " " not in key):
        raise ModelSpecError(
            "The API key has characters that cannot be sent.", hint="Is there a line break or a space in it?"
        )
    return {"Authorization": f"Bearer {key}"} if key else {}


def _seconds(retry_after: str) -> float:
    """Return how long a server asks to wait: it says so in seconds or as a date; 0 where it does not.

    Examples
    --------
    >>> _seconds("7"), _seconds("Thu, 01 Jan 1970 00:00:00 GMT"), _seconds("soon")
    (7.0, 0.0, 0.0)
    """
    try:
        found = float(retry_after)
    except ValueError:
        try:
            found = email.utils.parsedate_to_datetime(retry_after).timestamp() - time.time()
        except ValueError:
            found = 0.0
    return max(0.0, found) if math.isfinite(found) else 0.0


def _wait(state: RetryCallState) -> float:
    """Return how long to wait before the next try: longer each time, and as long as the server asks."""
    error = state.outcome.exception() if state.outcome else None
    asked = error.wait if isinstance(error, _PassingError) else 0.0
    return max(asked, (wait_exponential(FIRST_WAIT) + wait_random(0, FIRST_WAIT))(state))
