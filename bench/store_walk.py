"""Walk a model store of 10,000 files: files per second, CPU, and bytes read.

    python bench/store_walk.py [FILES]

The tree is shaped like a hub cache, an Ollama store and a folder of loose files; files are sparse, so it is small.
"""

from __future__ import annotations

import hashlib
import json
import resource
import sys
import tempfile
import time
from pathlib import Path

from aiguard_agent.collect.collector import Options, Sight
from aiguard_agent.collect.collectors.stores import COLLECTOR
from aiguard_agent.collect.host import Host


def build(root: Path, files: int) -> None:
    """Make a store of so many files: a third hub cache, a third Ollama, a third loose."""
    third = files // 3
    for number in range(third // 3):
        repository = root / f"hub/models--org{number % 50}--model{number}"
        (repository / "blobs").mkdir(parents=True)
        (repository / "snapshots/rev").mkdir(parents=True)
        for name, size in (("model.safetensors", 5 << 20), ("config.json", 700), ("tokenizer.json", 9000)):
            blob = hashlib.sha256(f"{number}{name}".encode()).hexdigest()
            sparse(repository / "blobs" / blob, size)
            (repository / "snapshots/rev" / name).symlink_to(f"../../blobs/{blob}")
    for number in range(third // 3):
        digests = [hashlib.sha256(f"{number}{part}".encode()).hexdigest() for part in ("model", "template")]
        for digest, size in zip(digests, (3 << 20, 900), strict=True):
            sparse(root / f"ollama/blobs/sha256-{digest}", size)
        kinds = ("model", "template")
        layers = [
            {"mediaType": f"application/vnd.ollama.image.{kind}", "digest": f"sha256:{digest}"}
            for kind, digest in zip(kinds, digests, strict=True)
        ]
        manifest = root / f"ollama/manifests/registry.ollama.ai/library/m{number}/latest"
        manifest.parent.mkdir(parents=True)
        manifest.write_text(json.dumps({"layers": layers}))
    for number in range(files - 2 * third):
        sparse(root / f"loose/{number % 100}/part{number}.gguf", 2 << 20)


def sparse(path: Path, size: int) -> None:
    """Make a file of that size without its bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.truncate(size)


def read_bytes() -> int:
    """Return how many bytes this process has read so far, by any call."""
    for line in Path("/proc/self/io").read_text().splitlines():
        if line.startswith("rchar:"):
            return int(line.split()[1])
    return 0


def main() -> None:
    """Build, walk twice (the second time with a fresh memory, so all is read again), print."""
    files = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory() as folder:
        build(Path(folder), files)
        for label in ("first", "second"):
            before, cpu, wall = read_bytes(), time.process_time(), time.perf_counter()
            sight = COLLECTOR.collect(Host(), Options(paths=(folder,), stores=False), Sight())
            cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
            print(
                f"{label}: {files} files in the tree, {len(sight.files)} kept, {sight.notes['stores']}, "
                f"{files / wall:,.0f} files/s, {cpu:.2f} s CPU, {read_bytes() - before:,} bytes read"
            )
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB")


if __name__ == "__main__":
    main()
