"""Stand-ins: an engine without weights, a token per character; servers like the real ones; a Llama 2 of two layers."""
# ruff: noqa: S311 - chance in tests is no secret

import contextlib
import hashlib
import json
import math
import random
import re
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from agent.llm.engine import Usage


class ToyEngine:
    """Deterministic, remembers every prompt, and knows one control token: ``<|user|>``-like words are 1."""

    name, model, sha256, context = "toy", "toy-1", "0" * 64, 2000
    start, end, template = [0], 2, "toy"

    def __init__(self, written: str = "hello") -> None:
        self.usage = Usage()
        self.prompts: list[list[int]] = []
        self.closed = False
        self.written = written
        self.schemas: list[object] = []
        self.stops: list[list[str]] = []

    def render(self, messages):
        """Write each turn after its role."""
        return "".join(f"<|{m['role']}|>{m['content']}\n" for m in messages) + "<|assistant|>"

    def tokenize(self, text, *, special=False):
        """Cut a text into characters."""
        if special:
            for role in ("system", "user", "assistant"):
                text = text.replace(f"<|{role}|>", "\x01")
        return [ord(letter) for letter in text]

    def next_token(self, prompt: Sequence[int], allowed: Sequence[int]) -> list[float]:
        """Return probabilities that depend on the last nine tokens."""
        self.prompts.append(list(prompt))
        self.usage += Usage(prompt_tokens=len(prompt), generated_tokens=1)
        seed = hashlib.sha256(repr(prompt[-9:]).encode()).digest()
        weights = [random.Random(seed + str(token).encode()).random() + 1e-3 for token in allowed]
        return [math.log(weight / sum(weights)) for weight in weights]

    def generate(self, prompt, *, max_tokens, temperature, seed, stop, json_schema=None, form=None) -> Iterator[str]:
        """Write the given text letter by letter, or a short JSON string."""
        self.prompts.append(list(prompt))
        self.schemas.append(json_schema or form)
        self.stops.append(list(stop))
        text = '"free"' if (json_schema or {}).get("type") == "string" else 'free"' if form else self.written
        for letter in text[:max_tokens]:
            self.usage += Usage(generated_tokens=1)
            yield letter

    def close(self):
        """Remember that it was closed."""
        self.closed = True


@pytest.fixture
def engine() -> ToyEngine:
    """Return a fresh toy engine."""
    return ToyEngine()


OWNERS = {"llamacpp": "llamacpp", "vllm": "vllm", "old vllm": "vllm", "ollama": "library"}


class FakeServer(ThreadingHTTPServer):
    """A server on the loopback interface that speaks like one kind of them.

    It remembers everything it is asked (`asked`: method, path, headers, body), and answers chat requests with the
    troubles it is given (`troubles`: callables of the handler) until they are used up.
    """

    daemon_threads = True

    def __init__(self, kind):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.kind = kind
        self.asked = []
        self.troubles = deque()
        self.models = [{"id": "toy-7b", "owned_by": OWNERS.get(kind, "acme")}]
        self.over = threading.Event()
        self.host = f"127.0.0.1:{self.server_port}"
        self.url = f"http://{self.host}/v1"

    @property
    def chats(self):
        """The bodies of the chat requests."""
        return [body for method, _, _, body in self.asked if method == "POST"]

    def handle_error(self, request, client_address):
        """Say nothing of clients that have gone."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # an answer in two parts would wait for 40 ms

    def log_message(self, *args):
        """Say nothing."""

    def do_GET(self):
        """List the models; tell Ollama's version."""
        self.server.asked.append(("GET", self.path, dict(self.headers), None))
        if self.path == "/v1/models" and self.server.models is not None:
            self.reply({"object": "list", "data": self.server.models})
        elif self.path == "/api/version" and self.server.kind == "ollama":
            self.reply({"version": "0.40.1"})
        else:
            self.reply({"error": "no such page"}, 404)

    def do_POST(self):
        """Answer a chat request."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append(("POST", self.path, dict(self.headers), body))
        if self.server.troubles:
            self.server.troubles.popleft()(self)
        elif self.server.kind == "refusing" and "response_format" in body:
            self.reply({"error": {"message": "response_format is not supported"}}, 400)
        elif body.get("stream"):
            self.stream(answer_of(self.server.kind, body))
        else:
            message = {"role": "assistant", "content": answer_of(self.server.kind, body)}
            self.reply({"choices": [{"index": 0, "message": message}], "usage": usage_of(body)})

    def reply(self, answer, status=200, headers=()):
        """Send JSON, or bytes as they are."""
        data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.send_response(status)
        for name, value in [("Content-Length", str(len(data))), *headers]:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def events(self, lines):
        """Send server-sent events, and end."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        for line in lines:
            self.wfile.write(line.encode() + b"\n\n")
        self.close_connection = True

    def stream(self, text):
        """Send a text word by word, then the usage."""
        words, so_far = re.findall(r"\S+\s*", text), {"prompt_tokens": 3, "completion_tokens": 1}
        pieces = [{"choices": [{"delta": {"content": word}}], "usage": so_far} for word in words]
        last = {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": len(pieces)}}
        self.events([": hello", *(f"data: {json.dumps(event)}" for event in [*pieces, last]), "data: [DONE]"])


def usage_of(body):
    """Return token counts as OpenAI gives them."""
    read = len(str(body["messages"]).split())
    details = {"cached_tokens": read // 2}
    return {"prompt_tokens": read, "completion_tokens": 2, "prompt_tokens_details": details}


def answer_of(kind, body):
    """Answer under the constraint that this kind of server knows; without one, a question by its number."""
    allowed, schema = constraint_of(kind, body)
    said = body["messages"][-1]["content"]
    source = random.Random(said)
    if allowed is not None:
        return source.choice(allowed)
    if schema is not None:
        inner = schema["properties"]["answer"]
        return json.dumps({"answer": source.choice(inner.get("enum", ["free text"]))})
    numbers = re.findall(r"^(\d+)\. ", said.rpartition("How does it go on?")[2], re.MULTILINE)
    return source.choice(numbers) if "Reply with the number" in said else "Hello there, friend."


def constraint_of(kind, body):
    """Return the allowed answers and the schema that a request of this kind carries; unknown fields are ignored."""
    format_ = body.get("response_format", {}).get("json_schema", {}).get("schema")
    if kind == "llamacpp":
        texts = re.findall(r'"((?:[^"\\]|\\.)*)"', body.get("grammar", ""))
        return [json.loads(f'"{text}"') for text in texts] or None, body.get("json_schema") or format_
    if kind == "vllm":
        fields = body.get("structured_outputs", {})
        return fields.get("choice"), fields.get("json") or format_
    if kind == "old vllm":
        return body.get("guided_choice"), body.get("guided_json") or format_
    return None, format_ if kind == "ollama" else None


@pytest.fixture
def serve(monkeypatch) -> Iterator[object]:
    """Return the function from a kind to a running server; no key comes from the environment, and no wait is long."""
    for name in ("TALLYSTICK_API_KEY", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("agent.llm.endpoint.FIRST_WAIT", 0.001)
    with contextlib.ExitStack() as stack:

        def start(kind: str) -> FakeServer:
            server = stack.enter_context(FakeServer(kind))
            threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
            stack.callback(server.shutdown)
            stack.callback(server.over.set)
            return server

        yield start
