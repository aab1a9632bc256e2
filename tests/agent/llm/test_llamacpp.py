"""The llama.cpp engine: slots, files, and a child process that dies."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from agent.llm import LocalChat, catalog, process
from agent.llm.llamacpp import LlamaCpp
from agent.llm.process import cores
from agent.llm.slots import Slots
from tools.errors import EngineError, ModelSpecError

A, B, C = (tuple([0] * 200 + [mark] * 200) for mark in (1, 2, 3))


def taken(slots, prompt):
    """Return the slot a prompt gets, and give it back."""
    with slots.take(prompt) as slot:
        return slot


def test_prompts_with_a_common_opening_keep_their_slots():
    """Three stages in turn: each stays where it was."""
    slots = Slots(4)
    first = [taken(slots, prompt) for prompt in (A, B, C)]

    for _ in range(3):
        assert [taken(slots, (*prompt, 9)) for prompt in (A, B, C)] == first
    assert len(set(first)) == 3


def test_the_next_row_takes_the_place_of_the_row_before():
    """A new conversation goes to an older slot that shares its opening, not to an empty or recent one."""
    slots = Slots(4)
    gather, decide, write = (tuple([stage] * 300) for stage in (1, 2, 3))
    first = [taken(slots, (*stage, *[7] * 100)) for stage in (gather, decide, write)]

    assert [taken(slots, (*stage, *[8] * 100)) for stage in (gather, decide, write)] == first


def test_a_busy_slot_is_left_alone():
    """A prompt that is being continued is not disturbed by another request for it."""
    slots = Slots(2)
    with slots.take(A) as one, slots.take(A) as other:
        assert one != other


def test_cores(monkeypatch):
    """At least one core, and none that others keep busy."""
    monkeypatch.setattr(process, "_busy_cores", lambda: 0.0)
    free = cores()
    monkeypatch.setattr(process, "_busy_cores", lambda: 64.0)

    assert 1 <= free <= os.cpu_count()
    assert cores() == 1


def test_a_missing_file(tmp_path):
    """A path without a file is the user's mistake, said with the mend."""
    with pytest.raises(ModelSpecError, match=r"cannot be read \(No such file"):
        LlamaCpp(tmp_path / "none.gguf")


def test_an_unknown_cache_type(tmp_path):
    """Named with those there are."""
    with pytest.raises(ModelSpecError, match=r"no cache type 'q2'\.") as raised:
        LlamaCpp(tmp_path / "none.gguf", cache_type="q2")

    assert "f16 or q8_0" in str(raised.value)


@pytest.mark.model
def test_keys_and_values_in_eight_bits():
    """About the same probabilities in half the memory."""
    found = []
    for cache_type in ("f16", "q8_0"):
        chat = LocalChat(cache_type=cache_type)
        found.append(chat.score([], "The capital of France is", [" Paris", " London", " Berlin"]))
        chat.close()

    assert found[0] == pytest.approx(found[1], abs=0.3)


def child(engine):
    """Return the running child process."""
    return engine._child._process


@pytest.fixture(scope="module")
def running():
    """Return an engine for breaking."""
    running = LlamaCpp(catalog.pull("smollm2-135m"), context=512, threads=1, slots=2)
    yield running
    running.close()


@pytest.mark.model
class TestChild:
    """A real engine of its own, in its child process."""

    def test_probabilities_are_renormalised(self, running):
        """The allowed tokens share all the probability, however unlikely they are."""
        allowed = running.tokenize(" benign") + running.tokenize(" malignant") + running.tokenize("zq")[:1]

        found = running.next_token(running.tokenize("The label is"), allowed)

        assert sum(2.718281828459045**value for value in found) == pytest.approx(1.0, abs=1e-6)

    def test_a_killed_child_is_replaced(self, running):
        """After a kill the next call works and gives the same numbers."""
        prompt, allowed = running.tokenize("The label is"), running.tokenize(" benign malignant")
        before = running.next_token(prompt, allowed)
        os.kill(child(running).pid, signal.SIGKILL)
        child(running).wait()

        assert running.next_token(prompt, allowed) == pytest.approx(before, abs=1e-4)

    def test_a_child_that_dies_in_the_middle(self, running):
        """A stream that breaks off is an error that can be tried again; the next call works."""
        pieces = running.generate(running.tokenize("Once upon"), max_tokens=400, temperature=0.0, seed=None, stop=())
        next(pieces)
        os.kill(child(running).pid, signal.SIGKILL)

        with pytest.raises(EngineError, match="died in the middle of an answer") as caught:
            list(pieces)
        assert caught.value.retryable
        assert running.next_token(running.tokenize("The label is"), running.tokenize(" a b"))

    def test_a_child_that_keeps_dying(self, running):
        """Started once more, not for ever; after that has been said, it may be tried again."""
        running.tokenize("an answer in between starts the count again")
        for _ in range(2):
            running._connect()
            child(running).kill()
            child(running).wait()

        with pytest.raises(EngineError, match="died twice in a row"):
            running._connect()
        assert running.tokenize("a")

    def test_a_prompt_longer_than_the_context(self, running):
        """The engine's own limit is said in tokens."""
        with pytest.raises(EngineError, match=r"The prompt has 600 tokens; .* loaded with 512"):
            running.next_token([5] * 600, [1, 2])

    def test_json_under_a_schema(self, running):
        """Constrained text fits its schema."""
        text = running.generate(
            running.tokenize("The answer:"),
            max_tokens=40,
            temperature=0.0,
            seed=None,
            stop=(),
            json_schema={"type": "string", "maxLength": 6},
        )
        written = "".join(text)
        assert written[0] == written[-1] == '"'
        assert len(written) <= 8

    def test_nobody_else_can_ask(self, running):
        """Without the key the server answers nothing but whether it is there; the page is off."""
        import httpx

        address = str(running._child.client.base_url).rstrip("/") + "/"
        for path in ("props", "slots", "metrics", "v1/models", "tokenize"):
            assert httpx.get(address + path, trust_env=False).status_code in (401, 404)
        assert httpx.post(address + "completion", json={"prompt": "x"}, trust_env=False).status_code == 401
        assert running._child.client.get("/slots").status_code == 501
        assert "key" not in " ".join(Path(f"/proc/{child(running).pid}/cmdline").read_text().split("\0"))

    def test_a_closed_engine_starts_again(self, running):
        """Closing gives the memory back; using it again is allowed."""
        process = child(running)
        running.close()

        assert process.poll() is not None
        assert running.tokenize("a")


@pytest.mark.model
def test_a_damaged_file_is_one_clear_line(tmp_path, capfd):
    """A file cut short is an engine error with the mend; nothing of the engine's log reaches the terminal."""
    file = tmp_path / "cut.gguf"
    with catalog.pull("smollm2-135m").open("rb") as whole:
        file.write_bytes(whole.read(3_000_000))

    with pytest.raises(EngineError, match="could not load cut") as caught:
        LocalChat(model=str(file))

    assert len(str(caught.value).splitlines()) == 1
    assert capfd.readouterr() == ("", "")


@pytest.mark.model
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_the_child_dies_with_its_parent(how):
    """A parent that is killed, or interrupted in the middle of a text, leaves no process behind."""
    code = (
        "from agent.llm import LocalChat\n"
        "model = LocalChat(context=512, threads=1)\n"
        "print(model._engine._child._process.pid, flush=True)\n"
        "while True: model.invoke('Tell a long story.', max_tokens=400)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        pid = int(parent.stdout.readline())
        time.sleep(0.5)
        parent.send_signal(how)
        started = time.monotonic()
        parent.wait(5)
    finally:
        parent.kill()
        parent.stdout.close()

    assert time.monotonic() - started < 3
    while time.monotonic() - started < 6 and Path(f"/proc/{pid}").exists():
        time.sleep(0.1)
    assert not Path(f"/proc/{pid}").exists()
