"""Write down what the real servers answer and what the kernel shows: `capture.py FOLDER [NAME...]`.

For whoever writes or re-checks a signature: one JSON file per bed with argv, comm, exe, mapped
libraries and open files of each process, its listeners, and the raw answers to read-only requests.
"""

import argparse
import json
import os
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from catalogue import BEDS
from ground import Answer, Running, ask, inside_network, missing, standing, versions, yard

PATHS = """
/ /version /health /healthz /ping /metrics /info /config /api /docs /openapi.json /v1/models /v1/health /v2
/v2/health/ready /models /props /slots /api/version /api/tags /api/ps /api/status /api/kernels /api/terminals
/api/sessions /api/contents /api/config /api/health /lab /tree /login /static/favicons/favicon.ico /favicon.ico
/robots.txt /theme.css /gradio_api/info /gradio_api/startup-events /gradio_api/app_id /app_id /login_check
/_stcore/health /_stcore/host-config /_stcore/script-health-check /data/environment /data/plugins_listing
/data/logdir /data/runs /mcp /sse /messages/ /.well-known/oauth-protected-resource /-/routes /-/healthz
/api/serve/applications/ /api/jobs/ /api/cluster_status /api/component_activities /nodes /health/liveliness
/health/liveness /health/readiness /public/model_hub/info /public/model_hub /model/info /v1/model/info /routes
/get/config/callbacks /ui /sso/key/generate /api/2.0/mlflow/experiments/search?max_results=1
/ajax-api/2.0/mlflow/experiments/search?max_results=1 /ajax-api/3.0/mlflow/server-info /api/3.0/mlflow/server-info
/v2/docs /v2/models/line /v2/models/line/ready /v2/health/live /load_models /api-description /no-such-path-4711
""".split()
INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "aiguard", "version": "0"}},
}
POSTS = {
    "mcp-http": (("/mcp", INITIALIZE),),
    "mlserver": (("/v2/repository/index", {}),),
    "mcp-everything-http": (("/mcp", INITIALIZE),),
}
LISTED = 200


def text(path: Path) -> str:
    try:
        return path.read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError as error:
        return f"! {error.strerror}"


def process(pid: int) -> dict[str, object]:
    """Write down what the kernel shows of one process."""
    root = Path("/proc") / str(pid)
    try:
        argv = (root / "cmdline").read_bytes().split(b"\0")
        status = dict(line.split(":\t", 1) for line in (root / "status").read_text().splitlines() if ":\t" in line)
        maps = {
            line.split(maxsplit=5)[5]
            for line in (root / "maps").read_text().splitlines()
            if len(line.split(maxsplit=5)) > 5
        }
        opened = sorted({os.readlink(entry) for entry in (root / "fd").iterdir()})
        return {
            "pid": pid,
            "ppid": int(status["PPid"]),
            "comm": text(root / "comm"),
            "argv": [word.decode(errors="replace") for word in argv if word],
            "exe": os.readlink(root / "exe"),
            "cwd": os.readlink(root / "cwd"),
            "cgroup": text(root / "cgroup"),
            "environ_names": sorted(
                {word.split(b"=")[0].decode(errors="replace") for word in (root / "environ").read_bytes().split(b"\0")}
            ),
            "mapped_libraries": sorted({Path(path).name for path in maps if ".so" in path})[:LISTED],
            "mapped_library_paths": sorted({path for path in maps if ".so" in path and "site-packages" in path})[
                :LISTED
            ],
            "mapped_others": sorted(path for path in maps if path.startswith("/") and ".so" not in path)[:LISTED],
            "open_files": [path for path in opened if path.startswith("/")][:LISTED],
        }
    except (OSError, KeyError) as error:
        return {"pid": pid, "gone": str(error)}


def listeners(running: Running) -> list[dict[str, object]]:
    """List the bed's TCP listeners in its namespace, by inode."""
    owner: dict[str, list[int]] = {}
    for pid in running.pids():
        try:
            for entry in Path(f"/proc/{pid}/fd").iterdir():
                link = os.readlink(entry)
                if link.startswith("socket:["):
                    owner.setdefault(link[8:-1], []).append(pid)
        except OSError:
            continue
    base = Path(f"/proc/{running.network or os.getpid()}/net")
    found = []
    for family in ("tcp", "tcp6"):
        for line in (base / family).read_text().splitlines()[1:]:
            columns = line.split()
            if columns[3] == "0A" and columns[9] in owner:
                address, port = columns[1].split(":")
                found.append(
                    {
                        "family": family,
                        "address_hex": address,
                        "port": int(port, 16),
                        "pids": sorted(set(owner[columns[9]])),
                    }
                )
    return found


def shown(answer: Answer) -> dict[str, object]:
    """Turn an answer into JSON."""
    body = answer.body.decode(errors="replace")
    shape: dict[str, object] = {"status": answer.status, "headers": dict(answer.headers), "body": body[:4000]}
    try:
        parsed = json.loads(body)
    except ValueError:
        return shape
    if isinstance(parsed, dict):
        shape["json_keys"] = sorted(parsed)
        if "openapi" in parsed:
            shape["openapi"] = {"info": parsed.get("info"), "paths": sorted(parsed.get("paths", {}))[:300]}
            shape["body"] = body[:600]
    return shape


def answers(running: Running, port: int) -> dict[str, object]:
    """Ask one port everything."""
    found: dict[str, object] = {}

    def work() -> None:
        requests = [("GET", path, None) for path in PATHS]
        requests += [("POST", path, json.dumps(body)) for path, body in POSTS.get(running.bed.name, ())]
        refused = 0
        for method, path, body in requests:
            more = {"Content_Type": "application/json", "Accept": "application/json, text/event-stream"} if body else {}
            try:
                found[f"{method} {path}"] = shown(
                    ask(port, path, tls=running.bed.tls, method=method, body=body, timeout=5, **more)
                )
            except Exception as error:  # noqa: BLE001 - a capture notes every failure
                found[f"{method} {path}"] = {"error": f"{type(error).__name__}: {error}"}
                refused += 1
                if refused > 5:
                    return

    inside_network(running.network, work)
    return found


def capture(name: str, folder: Path) -> str:
    """Capture one bed."""
    bed = next(bed for bed in BEDS if bed.name == name)
    if why := missing(bed):
        return f"SKIPPED {why}"
    try:
        with yard() as work, standing(bed, work / bed.name) as running:
            heard = listeners(running)
            ports = sorted({int(str(found["port"])) for found in heard})
            document = {
                "bed": bed.name,
                "requires": bed.requires,
                "ready_seconds": round(running.seconds, 1),
                "installed": {
                    name: sorted(versions(bed, (name,))) for truth in bed.truths for name in truth.distributions
                },
                "ports": running.place.ports,
                "processes": [process(pid) for pid in sorted(running.pids())],
                "listeners": heard,
                "answers": {str(port): answers(running, port) for port in ports[:12]},
                "after_asking": [process(pid) for pid in sorted(running.pids())][:3],
            }
            (folder / f"{bed.name}.json").write_text(json.dumps(document, indent=1))
            count = len(document["processes"])
            return f"{bed.name}: ready after {running.seconds:.1f} s, {count} processes, ports {ports}"
    except Exception:  # noqa: BLE001 - the next bed must still be captured
        return f"{name}: FAILED\n{traceback.format_exc()}"


def main() -> None:
    parser = argparse.ArgumentParser(description="Write down what the real servers show of themselves.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*", metavar="NAME")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    names = options.names or [bed.name for bed in BEDS]
    with ThreadPoolExecutor(2) as pool:
        for line in pool.map(lambda name: capture(name, options.folder), names):
            print(line, flush=True)


if __name__ == "__main__":
    main()
