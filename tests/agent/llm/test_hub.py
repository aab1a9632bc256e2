"""Models on the hub: the cache that is already there, what is fetched, and a hub on the loopback interface."""

import errno
import hashlib
import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import huggingface_hub
import pytest
from huggingface_hub import constants, errors
from huggingface_hub.utils import filter_repo_objects

from agent.llm import LocalChat, catalog
from agent.llm.hub import Hub, is_hub_name
from tools.errors import DownloadError, ModelSpecError, StorageError

ROOT = Path(__file__).parents[3]
COMMIT = "c" * 40
SECRET = "hf_not_to_be_seen"
INDEX = json.dumps({"weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors"}}).encode()
WHOLE = {
    "config.json": b"{}",
    "tokenizer.json": b"[1]",
    "tokenizer_config.json": b"[2]",
    "model.safetensors.index.json": INDEX,
    "model-1.safetensors": b"first",
    "model-2.safetensors": b"second" * 100_000,
}


def kept_as(name, content):
    """Return the digest under which the hub keeps a file."""
    if name.endswith((".safetensors", ".gguf")):
        return hashlib.sha256(content).hexdigest()
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def store(cache, files, repository="owner/name", *, links=True):
    """Lay files out as the hub's client does, by hand: blobs, a snapshot of links to them, a branch."""
    folder = cache / f"models--{repository.replace('/', '--')}"
    snapshot = folder / "snapshots" / COMMIT
    for each in (folder / "blobs", folder / "refs", snapshot):
        each.mkdir(parents=True, exist_ok=True)
    (folder / "refs" / "main").write_text(COMMIT)
    for name, content in files.items():
        if links:
            (folder / "blobs" / kept_as(name, content)).write_bytes(content)
            (snapshot / name).symlink_to(Path("..", "..", "blobs", kept_as(name, content)))
        else:
            (snapshot / name).write_bytes(content)
    return snapshot


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """Return an empty cache of the hub's; nothing is fetched unless a test says how."""
    monkeypatch.setenv("TALLYSTICK_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda *_, **__: pytest.fail("fetched"))
    return tmp_path / "hub"


def test_weights_that_are_there_are_found(cache):
    """What another program fetched is used as it is, without a network; other files beside it do not matter."""
    snapshot = store(cache, WHOLE | {"pytorch_model.bin": b"pickle", "modeling.py": b"code"})

    assert catalog.pull("owner/name") == catalog.path("owner/name") == snapshot
    assert Hub("owner/name").vouched == "Its files have the digests under which the hub keeps them."


def test_weights_are_found_under_hf_home(tmp_path):
    """The environment's cache is the one that is searched, also by the command line."""
    snapshot = store(tmp_path / "hf" / "hub", WHOLE, "meta-llama/Llama-2-13b-chat-hf")
    settings = {"HF_HOME": str(tmp_path / "hf"), "HF_HUB_OFFLINE": "1", "TALLYSTICK_HOME": str(tmp_path / "home")}

    code, out, _ = tallystick("models", "pull", "llama-2-13b-chat", **settings)
    listed = tallystick("models", "list", **settings)[1]

    assert (code, out) == (0, f"{snapshot}\n")
    assert [line.split()[0] for line in listed.splitlines() if "not here" not in line] == ["llama-2-13b-chat"]


def test_a_model_runs_under_its_name(cache, llama2):
    """The receipt names the model, not the folder of the cache."""
    store(cache, {file.name: file.read_bytes() for file in llama2.iterdir()})

    assert LocalChat(model="owner/name").describe()["model"] == "owner/name"


@pytest.mark.parametrize("missing", list(WHOLE))
def test_what_is_missing_is_fetched(cache, monkeypatch, missing):
    """An interrupted download goes on: each part of the weights has to be there."""
    store(cache, {name: content for name, content in WHOLE.items() if name != missing})
    asked = []

    def fetch(repository, **options):
        asked.append((repository, options["revision"]))
        (cache / "models--owner--name" / "snapshots" / COMMIT / missing).write_bytes(WHOLE[missing])

    monkeypatch.setattr(huggingface_hub, "snapshot_download", fetch)

    found = Hub("owner/name").pull("owner/name", lambda done, total: None)
    assert {file.name for file in found.iterdir()} >= {*WHOLE} - {"model.safetensors.index.json"}
    # Without an index one cannot tell that parts of the weights are missing; here none are.
    assert asked == ([] if missing == "model.safetensors.index.json" else [("owner/name", "main")])


def test_no_pickle_and_no_code_is_fetched(cache, monkeypatch):
    """Of a whole repository only safetensors, JSON and templates are asked for; of one for GGUF, one file."""
    there = [
        *WHOLE,
        "pytorch_model.bin",
        "x.pt",
        "x.pth",
        "x.pkl",
        "modeling.py",
        "onnx/model.json",
        "chat.jinja",
        "a.gguf",
    ]
    asked = []
    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda *_, **options: asked.append(options))
    for source in (Hub("owner/name"), Hub("owner/name", file="a.gguf")):
        with pytest.raises(ModelSpecError, match="on the hub lacks"):
            source.pull("x", lambda done, total: None)

    patterns = [{name: options[name] for name in ("allow_patterns", "ignore_patterns")} for options in asked]
    assert list(filter_repo_objects(there, **patterns[0])) == [*WHOLE, "chat.jinja"]
    assert list(filter_repo_objects(there, **patterns[1])) == ["a.gguf"]


@pytest.mark.parametrize("name", ["model-1.safetensors", "config.json"])
def test_a_damaged_file_is_refused(cache, name):
    """Large files are held against the hub's SHA-256, small ones against git's."""
    snapshot = store(cache, WHOLE)
    (snapshot / name).resolve().write_bytes(b"damaged")

    with pytest.raises(DownloadError, match=rf"{name} has the digest .*, not .*\. Delete .*blobs.* and pull it again"):
        catalog.pull("owner/name")


def test_without_the_hubs_digests_the_first_ones_are_kept(cache):
    """Where the cache has copies in place of links, a file has to stay what it was when it was first used."""
    snapshot = store(cache, WHOLE, links=False)
    assert "those of the first time" in Hub("owner/name").vouched
    catalog.pull("owner/name")
    catalog.pull("owner/name")
    (snapshot / "config.json").write_bytes(b'{"a": 1}')

    with pytest.raises(DownloadError, match=r"config\.json has the digest"):
        catalog.pull("owner/name")


def test_a_digest_of_the_catalog_comes_first(cache):
    """What we know is not left to the hub."""
    file = store(cache, {"a.gguf": b"GGUF"}) / "a.gguf"

    right, wrong = (
        Hub("owner/name", file="a.gguf", digests={"a.gguf": hashlib.sha256(content).hexdigest()})
        for content in (b"GGUF", b"other")
    )
    assert right.pull("x", lambda done, total: None) == file
    with pytest.raises(DownloadError, match=r"a\.gguf has the digest"):
        wrong.pull("x", lambda done, total: None)


def test_progress_is_reported_in_bytes(cache, monkeypatch, capfd):
    """The hub's bars are not shown; what they count is handed on."""
    seen = []

    def fetch(*_, tqdm_class, **__):
        with tqdm_class(total=100, unit="B") as received, tqdm_class(total=100, unit="B") as written:
            for bar in (received, written) * 4:
                bar.update(25)
                bar.refresh()
        with tqdm_class(total=3) as files:
            files.update(3)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", fetch)
    with pytest.raises(ModelSpecError):
        Hub("owner/name").pull("x", lambda done, total: seen.append((done, total)))

    assert seen == sorted(seen)
    assert seen[-1] == (100, 100)
    assert capfd.readouterr() == ("", "")


def refused(kind, status=401):
    """Return an error of the hub's client that shows the token."""
    return kind(f"Bearer {SECRET}", response=SimpleNamespace(headers={}, request=None, status_code=status))


@pytest.mark.parametrize(
    ("error", "kind", "told"),
    [
        (refused(errors.GatedRepoError, 403), ModelSpecError, "accepted first, at huggingface.co/owner/name"),
        (refused(errors.GatedRepoError), ModelSpecError, "`hf auth login`, or the variable HF_TOKEN"),
        (refused(errors.RepositoryNotFoundError), ModelSpecError, "no owner/name, or it is private"),
        (refused(errors.RevisionNotFoundError, 404), ModelSpecError, "no revision 'main'"),
        (refused(errors.HfHubHTTPError), ModelSpecError, "refused the token"),
        (refused(errors.HfHubHTTPError, 503), DownloadError, "the hub answered 503"),
        (errors.LocalEntryNotFoundError(SECRET), DownloadError, "cannot be reached"),
        (errors.OfflineModeIsEnabled(SECRET), DownloadError, "cannot be reached"),
        (TimeoutError(SECRET), DownloadError, "cannot be reached"),
        (RuntimeError(f"Illegal header value b'Bearer {SECRET}'"), DownloadError, "cannot be reached .RuntimeError"),
        (OSError(errno.ENOSPC, "No space left on device"), StorageError, "No space left on device"),
        (PermissionError(errno.EACCES, "Permission denied", "/hub/x"), StorageError, "/hub/x: Permission denied"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_failures_are_one_clear_line(cache, monkeypatch, error, kind, told):
    """What is wrong and the mend, in our words: the token is in none of them, nor in the traceback."""

    def fail(*_, **__):
        raise error

    monkeypatch.setattr(huggingface_hub, "snapshot_download", fail)

    with pytest.raises(kind, match=told) as caught:
        catalog.pull("owner/name")
    assert "\n" not in str(caught.value)
    assert SECRET not in str(caught.value)
    assert caught.value.__suppress_context__


@pytest.mark.parametrize("name", ["a--b/c", "a/b..c", "a/" + "b" * 200])
def test_names_that_cannot_be(cache, monkeypatch, name):
    """The hub's own rules for names are told like any other wrong name."""
    monkeypatch.undo()
    assert is_hub_name(name)

    with pytest.raises(ModelSpecError, match="the hub has no"):
        catalog.pull(name)


# -- a hub of our own ------------------------------------------------------------------------------------------------


class FakeHub(BaseHTTPRequestHandler):
    """As much of a hub as its client needs, for one repository; it fails on the file `server.failing`."""

    def do_HEAD(self):
        """Tell a file's digest and size."""
        self.do_GET()

    def do_GET(self):
        """Tell what there is, or send a file."""
        self.server.asked.append((self.command, self.path.rsplit("/", 1)[1], self.headers.get("Authorization")))
        if "/tree/" in self.path:
            self._json([self._entry(name, content) for name, content in WHOLE.items()])
        elif "/api/models/" in self.path:
            self._json({"id": "owner/name", "sha": COMMIT, "siblings": [{"rfilename": name} for name in WHOLE]})
        elif "/resolve/" not in self.path:
            self.send_error(404)
        elif self.server.gated:
            self.send_response(403)
            self.send_header("X-Error-Code", "GatedRepo")
            self.end_headers()
        else:
            self._file(self.path.rsplit("/", 1)[1])

    def _entry(self, name, content):
        large = {"lfs": {"oid": kept_as(name, content), "size": len(content), "pointerSize": 1}}
        plain = {"type": "file", "path": name, "size": len(content), "oid": kept_as("", content)}
        return plain | large if name.endswith(".safetensors") else plain

    def _json(self, content):
        text = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def _file(self, name):
        content = WHOLE[name]
        self.send_response(200 if name != self.server.failing or self.command == "HEAD" else 503)
        self.send_header("ETag", f'"{kept_as(name, content)}"')
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def fake():
    """Return a hub on the loopback interface."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), FakeHub)
    server.asked, server.gated, server.failing = [], False, ""
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def tallystick(*arguments, **environment):
    """Run the command in a process of its own: exit code, stdout, stderr."""
    run = subprocess.run(
        [sys.executable, "-m", "agent", *arguments],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return run.returncode, run.stdout, run.stderr


def settings(fake, tmp_path):
    """Return the environment of a user of the fake hub."""
    return {
        "HF_ENDPOINT": f"http://127.0.0.1:{fake.server_port}",
        "HF_HOME": str(tmp_path / "hf"),
        "HF_TOKEN": SECRET,
        "HF_HUB_DISABLE_XET": "1",
        "TALLYSTICK_HOME": str(tmp_path / "home"),
    }


def test_a_pull_that_was_interrupted_goes_on(fake, tmp_path):
    """Only the file that is missing is asked for; all are checked, and the note says what vouches for them."""
    fake.failing = "model-2.safetensors"
    code, out, err = tallystick("models", "pull", "owner/name", **settings(fake, tmp_path))
    assert (code, out) == (3, "")
    assert err.startswith("tallystick: owner/name: the hub answered 503. Pull it again")

    fake.failing, fake.asked[:] = "", []
    code, out, err = tallystick("models", "pull", "owner/name", **settings(fake, tmp_path))

    assert code == 0, err
    assert {file.name: file.read_bytes() for file in Path(out.strip()).iterdir()} == WHOLE
    assert [name for method, name, _ in fake.asked if method == "GET" and name in WHOLE] == ["model-2.safetensors"]
    assert "digests under which the hub keeps them" in err
    assert {given for _, name, given in fake.asked if name in WHOLE} == {f"Bearer {SECRET}"}
    assert SECRET not in out + err


def test_a_licence_that_was_not_accepted(fake, tmp_path):
    """Where to accept it and how to give a token, in one or two lines."""
    fake.gated = True
    code, out, err = tallystick("models", "pull", "owner/name", **settings(fake, tmp_path))

    assert (code, out) == (2, "")
    assert "huggingface.co/owner/name" in err
    assert "HF_TOKEN" in err
    assert len(err.strip().splitlines()) <= 2
    assert SECRET not in err
