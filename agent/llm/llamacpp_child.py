"""The process that holds the weights: one llama.cpp server on the loopback interface.

A failed assertion in the engine ends its process; here that is not the user's process.
Reads its settings as one JSON line from stdin, writes its address as one JSON line to stdout,
and ends with the process that started it. Knows nothing about prompts.
"""

import json
import os
import select
import signal
import sys
from typing import Any

__all__: list[str] = []

CACHE_TYPES = {"f16": 1, "q8_0": 8}  # as GGML counts them


def serve() -> None:
    """Load the model, announce the address, and wait until the parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent; it closes our stdin when it ends
    parent = os.getppid()
    announce = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever the engine prints goes to the log
    server = start(json.loads(sys.stdin.readline()))
    print(json.dumps({"address": server.listening_address}), file=announce, flush=True)
    # stdin at its end says that the parent is gone; a process forked from it may still hold the pipe, so ask both
    while not select.select([sys.stdin], [], [], 1.0)[0] and os.getppid() == parent:
        pass
    os._exit(0)


def start(settings: dict[str, Any]) -> Any:
    """Start the server with everything off that is not needed."""
    import xllamacpp  # noqa: PLC0415 - only this process loads the engine

    params = xllamacpp.CommonParams()
    params.model.path = settings["path"]
    params.api_keys = [settings["key"]]
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.ui = params.endpoint_slots = params.endpoint_props = params.endpoint_metrics = False
    params.n_parallel = settings["slots"]
    params.n_ctx = settings["slots"] * settings["context"]
    params.cache_type_k = params.cache_type_v = CACHE_TYPES[settings["cache_type"]]
    params.load_mode = xllamacpp.llama_load_mode.LLAMA_LOAD_MODE_NONE  # mapped and laid out anew, it is there twice
    params.kv_unified = params.cache_idle_slots = params.warmup = False
    params.cache_ram_mib = 0  # each slot keeps its own prompt; the default sets 8 GiB aside
    if settings.get("adapter"):
        params.lora_adapters = [xllamacpp.CommonAdapterLoraInfo(settings["adapter"], 1.0)]
    for cpu in (params.cpuparams, params.cpuparams_batch):
        cpu.n_threads = settings["threads"]
        cpu.poll = 0  # waiting threads sleep instead of spinning
    params.verbosity = -1
    return xllamacpp.Server(params)


if __name__ == "__main__":
    serve()
