"""Accelerators that are not there: onnxruntime says that it has them, and its CPU does their work, well or badly."""

import json
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import onnxruntime as ort

_real = ort.InferenceSession
_THERE = ["CPUExecutionProvider"]


class Accelerated:
    """A session that says it is an accelerator's.

    Args:
        provider: whose.
        takes: whether it runs a part of the network.
        off: what its answers are off by.
        slow: seconds that a run idles.
        runs: the number of images of every run is put there.
    """

    def __init__(self, session, provider, *, takes=True, off=0.0, slow=0.0, runs=None):
        self._session, self._provider = session, provider
        self._takes, self._off, self._slow, self.runs = takes, off, slow, runs

    def get_providers(self):
        return [self._provider, *_THERE]

    def run(self, outputs, inputs):
        time.sleep(self._slow)
        if self.runs is not None:
            self.runs.append(len(next(iter(inputs.values()))))
        return [values + values.dtype.type(self._off) for values in self._session.run(outputs, inputs)]

    def end_profiling(self):
        path = Path(self._session.end_profiling())
        events = json.loads(path.read_text())
        for event in events if self._takes else []:
            if "provider" in event.get("args", {}):
                event["args"]["provider"] = self._provider
        path.write_text(json.dumps(events))
        return str(path)


def pretend(monkeypatch, **behaviours):
    """Have onnxruntime offer accelerators.

    Args:
        monkeypatch: of pytest.
        behaviours: by the short name of the provider, as ``CUDA``: arguments of `Accelerated`, an exception that it
            raises, or None where onnxruntime leaves it out without a word.

    Returns:
        what was asked for: providers with their options, in order.
    """
    providers = {f"{name}ExecutionProvider": how for name, how in behaviours.items()}
    asked = []

    def session(path, options, *, providers=(), **more):
        if isinstance(providers[0], str):
            return _real(path, options, providers=providers)
        (name, given), *_ = providers
        asked.append((name, given))
        assert more == {"enable_fallback": 0}
        how = behaviour[name]
        if isinstance(how, Exception):
            raise how
        real = _real(path, options, providers=_THERE)
        return real if how is None else Accelerated(real, name, **how)

    behaviour = providers
    monkeypatch.setattr(ort, "get_available_providers", lambda: [*providers, *_THERE])
    monkeypatch.setattr(ort, "InferenceSession", session)
    monkeypatch.setattr(ort, "preload_dlls", lambda: sys.stdout.write("nvidia has none"), raising=False)
    return SimpleNamespace(providers=asked)
