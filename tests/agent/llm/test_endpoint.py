"""One HTTP server: times, tries, sizes, and errors that show no key."""

import time

import pytest

from agent.llm import endpoint
from agent.llm.endpoint import Endpoint, RefusedError
from tools.errors import EngineError, ModelSpecError

KEY = "sk-very-secret-0123456789"


@pytest.fixture
def reach(serve):
    """Return a server and the function that posts to it: ``post(*troubles)``, ``post.server``."""
    server = serve("bare")

    def post(*troubles, timeout=2.0):
        server.troubles.extend(troubles)
        return Endpoint(server.url, KEY, timeout).post(
            f"{server.url}/chat/completions", {"messages": [{"content": ""}]}
        )

    post.server = server
    return post


def failing(status, said="down for now", **headers):
    """Return the trouble that a status is."""
    return lambda handler: handler.reply({"error": {"message": said}}, status, headers.items())


def dropped(handler):
    """Close the connection in the middle of an answer."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
    handler.close_connection = True


@pytest.mark.parametrize("trouble", [failing(429), failing(500), failing(503), failing(529), dropped])
def test_what_may_pass_is_tried_again(reach, trouble):
    """Three failures, then the answer."""
    assert reach(*[trouble] * 3)["choices"]
    assert len(reach.server.chats) == 4


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        (failing(429), "answered 429: down for now. It is busy or a limit is reached: try again later."),
        (failing(500), "answered 500: down for now. Try again"),
        (dropped, "broke off (RemoteProtocolError). Try again"),
    ],
)
def test_what_does_not_pass_is_one_line(reach, trouble, said):
    """Four tries, and then an error that names the host, the status and the mend."""
    with pytest.raises(EngineError) as caught:
        reach(*[trouble] * 9)

    assert f"{reach.server.host} {said}" in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
    assert len(reach.server.chats) == 4


def test_retry_after_is_respected(reach):
    """The next try comes no sooner than the server asks."""
    started = time.monotonic()

    assert reach(failing(429, **{"Retry-After": "0.3"}))["choices"]
    assert time.monotonic() - started >= 0.3


def test_nobody_waits_for_an_hour(reach):
    """A server that asks for more than a minute is not tried again, and the error says for how much it asks."""
    with pytest.raises(EngineError, match=r"429: down for now\. It asks to come back in 3600 s\."):
        reach(failing(429, **{"Retry-After": "3600"}))
    assert len(reach.server.chats) == 1


@pytest.mark.parametrize(
    ("status", "hint"), [(400, "no"), (401, "TALLYSTICK_API_KEY"), (404, "does it have this model"), (422, "no")]
)
def test_a_refusal_is_final(reach, status, hint):
    """The user's mistakes are not tried again."""
    with pytest.raises(RefusedError, match=hint) as caught:
        reach(failing(status, "no"))

    assert caught.value.status == status
    assert len(reach.server.chats) == 1


@pytest.mark.parametrize("late", ["hang", "drip"])
def test_a_server_that_is_late(reach, late):
    """Whether nothing comes or only drops of it: after the timeout there is an error, and no second try."""

    def trouble(handler):
        if late == "drip":
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
            while not handler.server.over.wait(0.05):
                handler.wfile.write(b" ")
        handler.server.over.wait(5)

    with pytest.raises(EngineError, match=r"did not answer within 0\.3 s\. .* larger `timeout`"):
        reach(trouble, timeout=0.3)
    assert len(reach.server.chats) == 1


def test_a_slow_answer_is_waited_for(reach):
    """Within the timeout slowness is no error."""

    def slow(handler):
        time.sleep(0.3)
        handler.reply({"fine": True})

    assert reach(slow) == {"fine": True}


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"choices": [', b"\xff\xfe", b"[" * 100_000, b"9" * 10_000])
def test_what_is_no_json(reach, body):
    """A page, half an answer, or an attack on the parser is one clear line."""
    with pytest.raises(EngineError, match="answered with something other than JSON") as caught:
        reach(lambda handler: handler.reply(body))
    assert len(str(caught.value).splitlines()) == 1


def test_a_huge_answer_is_not_read(reach, monkeypatch):
    """The size of an answer is bounded."""
    monkeypatch.setattr(endpoint, "MAX_BYTES", 2**20)

    with pytest.raises(EngineError, match="more than 1 MB"):
        reach(lambda handler: handler.reply(b" " * 2**21))


def test_a_redirect_is_not_followed(reach, serve):
    """Neither the request nor the key goes to another host; the error says where it would have gone."""
    other = serve("bare")
    target = f"http://user:pass1234@{other.host}/v1/chat/completions?token=abc"

    with pytest.raises(EngineError, match=f"answered 307 and redirects to http://{other.host}/v1/chat/comp") as caught:
        reach(failing(307, Location=target))

    assert not other.asked
    assert not [secret for secret in ("pass1234", "token=abc") if secret in str(caught.value)]


def test_a_server_that_is_not_there():
    """After four tries the error names the host."""
    with pytest.raises(EngineError, match=r"127\.0\.0\.1:9 cannot be reached \(.*refused\)\. Is the server running"):
        Endpoint("http://127.0.0.1:9/v1", None, 2.0).get("http://127.0.0.1:9/v1/models", tries=1)


@pytest.mark.parametrize("said", [f"bad key {KEY}", f"\x1b[2J{KEY}\nmore", {"key": KEY}])
def test_a_key_that_a_server_repeats_is_not_shown(reach, said):
    """Neither the key nor what moves a cursor comes through."""
    with pytest.raises(RefusedError) as caught:
        reach(failing(401, said))

    assert KEY not in str(caught.value)
    assert "***" in str(caught.value)
    assert str(caught.value).isprintable()


def test_credentials_in_the_url(serve):
    """They are sent, and shown nowhere; a key from the environment does not take their place."""
    server = serve("bare")
    reached = Endpoint(f"http://user:pass1234@{server.host}#a%2Fb", None, 2.0)
    reached.get(f"{reached.url}/models")

    assert reached.url == server.url
    assert reached.fragment == "a/b"
    assert server.asked[0][2]["Authorization"].startswith("Basic ")
    assert "pass1234" not in f"{reached.url} {reached.host}"


@pytest.mark.parametrize(
    ("variable", "url", "sent"),
    [
        ("TALLYSTICK_API_KEY", "http://192.0.2.1/v1", True),
        ("OPENAI_API_KEY", "https://192.0.2.1/v1", True),
        ("OPENAI_API_KEY", "http://127.0.0.1:8000/v1", True),
        ("OPENAI_API_KEY", "http://192.0.2.1/v1", False),
    ],
)
def test_the_key_of_the_environment(serve, monkeypatch, variable, url, sent):
    """OpenAI's goes over no network in clear text; a line break at its end is not sent."""
    monkeypatch.setenv(variable, f"{KEY}\n")

    headers = Endpoint(url, None, 2.0)._client.headers

    assert headers.get("Authorization") == (f"Bearer {KEY}" if sent else None)


@pytest.mark.parametrize(
    "url", ["http://", "ftp://host/v1", "http://[::1", "http://user:secret#1@host/v1", "http://host/v1?key=secret"]
)
def test_what_is_no_url(url):
    """One line with the mend, which repeats nothing of the text: it may hold a password."""
    with pytest.raises(ModelSpecError, match="http://host:port/v1") as caught:
        Endpoint(url, None, 2.0)
    assert "secret" not in str(caught.value)


def test_a_key_that_cannot_be_sent():
    """It is refused before anything could show it."""
    with pytest.raises(ModelSpecError, match="cannot be sent") as caught:
        Endpoint("http://127.0.0.1:9/v1", "sk-secret\nInjected: header", 2.0)
    assert "secret" not in str(caught.value)


def test_events_come_as_they_are_sent(serve):
    """Comments are none; the end is said or the connection closed."""
    server = serve("bare")
    server.troubles.append(lambda handler: handler.events([": busy", 'data: {"n": 1}', 'data:{"n": 2}']))

    assert list(Endpoint(server.url, None, 2.0).stream(f"{server.url}/chat", {})) == [{"n": 1}, {"n": 2}]


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        (lambda handler: handler.events(['data: {"n": 1}', 'data: {"error": {"message": "out of memory"}}']), "out of"),
        (lambda handler: handler.events(["data: {"]), "other than JSON"),
        (lambda handler: handler.reply({"choices": []}), "without a stream"),
        (failing(400, "too long"), "400: too long"),
    ],
)
def test_streams_that_fail(serve, trouble, said):
    """An error in the middle, garbage, no stream, a refusal: one clear line."""
    server = serve("bare")
    server.troubles.append(trouble)

    with pytest.raises(EngineError, match=said):
        list(Endpoint(server.url, None, 2.0).stream(f"{server.url}/chat", {}))


def test_a_stream_is_begun_again(serve):
    """A failure before the first event is tried again, one after it is not."""
    server = serve("bare")
    server.troubles += [failing(503), lambda handler: handler.events(['data: {"n": 1}'])]

    assert list(Endpoint(server.url, None, 2.0).stream(f"{server.url}/chat", {})) == [{"n": 1}]
    assert len(server.chats) == 2
