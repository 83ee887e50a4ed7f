"""What Rust gives. Use :mod:`silhouette` instead."""

from collections.abc import Callable, Sequence
from os import PathLike

__version__: str

class Simulation:
    def __new__(
        cls,
        settings: str,
        data: str | PathLike[str] | None = None,
        task: str | None = None,
        population: int | None = None,
    ) -> Simulation: ...
    def describe(self) -> str: ...
    def shard(self, threads: int | None = None) -> Shard: ...
    def run(
        self,
        initial: bytes | None = None,
        on_round: Callable[[str], object] | None = None,
        workers: Callable[[bytes, int], Sequence[bytes]] | None = None,
        out: str | PathLike[str] | None = None,
    ) -> tuple[str, bytes, bytes, bytes]: ...

class Shard:
    fingerprint: str
    def run(self, spec: bytes, start: int, stop: int) -> bytes: ...
    def merge(self, spec: bytes, parts: Sequence[bytes]) -> bytes: ...
