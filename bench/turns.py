"""Contestants measured in turns, ours and its peers, so that a machine that is busy for a while slows all of them alike.

A ratio is the median over the turns of the peer's seconds over ours in the same turn; times are told as their median, least and most.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from time import process_time
from typing import Any

Contestant = Callable[[], float]
"""One turn of somebody. returns the seconds that it took, by the clock of whoever did the work"""


@dataclass(frozen=True, slots=True)
class Taken:
    """Seconds of one contestant, one number a turn."""

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        """The usual turn."""
        return median(self.seconds)

    def told(self, scale: float = 1.0) -> str:
        """Median, least and most, in seconds times `scale`."""
        return f"{self.median * scale:.4g} ({min(self.seconds) * scale:.4g} to {max(self.seconds) * scale:.4g})"


def cpu(function: Callable[[], Any], calls: int = 1) -> Contestant:
    """A contestant that counts the CPU seconds of this process for one call of the function, from as many calls."""

    def turn() -> float:
        start = process_time()
        for _ in range(calls):
            function()
        return (process_time() - start) / calls

    return turn


def in_turns(turns: int, **contestants: Contestant) -> dict[str, Taken]:
    """Every contestant once in each turn, one after the other. Whatever compiles or warms up must have happened before."""
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(turns):
        for name, contestant in contestants.items():
            seconds[name].append(contestant())
    return {name: Taken(tuple(values)) for name, values in seconds.items()}


def ratio(peer: Taken, ours: Taken) -> float:
    """How many times longer the peer takes: the median over the turns."""
    return median(theirs / mine for theirs, mine in zip(peer.seconds, ours.seconds, strict=True))


class Program:
    """A peer that cannot share the environment: a program that stays and answers one JSON object a line with another, `seconds` among its fields.

    Used as a context. It reads its model and warms up once, so that every turn counts its work alone.
    """

    def __init__(self, *command: str, env: dict[str, str] | None = None) -> None:
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115  it lives as long as the program
        self._process = subprocess.Popen(list(command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, text=True, env=env)

    def __enter__(self) -> Program:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.stdin.close()  # type: ignore[union-attr]  the end of its questions is the end of the program
        self._process.wait(60)
        self._process.stdout.close()  # type: ignore[union-attr]
        self._errors.close()

    def ask(self, **question: Any) -> dict[str, Any]:
        """Its answer. raises RuntimeError with its last words where it ended instead"""
        try:
            print(json.dumps(question), file=self._process.stdin, flush=True)
            for line in self._process.stdout:  # type: ignore[union-attr]
                if line.startswith("{"):  # libraries may greet or warn
                    return json.loads(line)
        except BrokenPipeError:
            pass
        self._process.wait(60)
        self._errors.seek(0)
        raise RuntimeError(f"the peer ended with {self._process.returncode}: {self._errors.read()[-2000:]}")
