"""Accelerators, and the processes that hold them: NVML where there is one, sysfs and device nodes everywhere.

| vendor | cards | holders |
|---|---|---|
| NVIDIA | NVML, else /proc/driver/nvidia/gpus/*/information | NVML, else open /dev/nvidia* |
| AMD | /sys/class/drm/card*/device | /sys/class/kfd/kfd/proc/PID/vram_*, open /dev/kfd and /dev/dri/renderD* |
| Intel, Habana, others | /sys/class/drm, /sys/class/accel | open /dev/dri/renderD*, /dev/accel/accel* |
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from aiguard_agent.collect import nvml
from aiguard_agent.collect.collector import Collector, Options, Sight
from aiguard_agent.collect.host import Host, blind_of
from aiguard_agent.collect.memory import identity_of
from aiguard_agent.collect.recall import recall
from aiguard_agent.core.facts import Blind, BlindKind, Gpu, GpuUse, Process

NAME = "gpus"
_VENDORS = {"0x10de": "nvidia", "0x1002": "amd", "0x8086": "intel", "0x1da3": "habana", "0x1ac1": "google"}
_CARD = re.compile(r"(card|accel)(\d+)")
_NVIDIA_NODE = re.compile(r"/dev/nvidia(\d+)")
_NODES = re.compile(r"/dev/(?:nvidia\d+|nvidia-uvm|nvidiactl|kfd|dri/renderD\d+|accel/accel\d+|habanalabs/hl\d+)")
_SMALL = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class _Card:
    """One accelerator and the device nodes that lead to it."""

    gpu: Gpu
    nodes: frozenset[str] = frozenset()
    kfd: str = ""
    """AMD: the number that the compute driver has for it."""


@dataclass(slots=True)
class _Pass:
    host: Host
    blind: list[Blind] = field(default_factory=list)
    notes: dict[str, str] = field(default_factory=dict)

    def text(self, path: str) -> str:
        """Return a small file without the line feed at its end, "" when it cannot be read."""
        try:
            return self.host.text(path, _SMALL).strip()
        except (OSError, ValueError):
            return ""

    def names(self, path: str) -> list[str]:
        """Return the names in a folder, sorted; none when it cannot be read."""
        try:
            return sorted(self.host.names(path))
        except (OSError, ValueError):
            return []


def _collect(host: Host, _options: Options, seen: Sight) -> Sight:
    run = _Pass(host)
    cards = [*_nvidia(run), *_sysfs(run)]
    if not cards:
        return Sight(blind=tuple(run.blind), notes=run.notes)
    held = _device_nodes(host, seen.processes or ())
    vram = _kfd_memory(run)
    gpus = [replace(card.gpu, used_by=_users(card, held, vram)) for card in cards]
    return Sight(gpus=tuple(gpus), blind=tuple(run.blind), notes=run.notes)


def _nvidia(run: _Pass) -> list[_Card]:
    """Return NVIDIA's cards: as NVML tells them, else as the driver's text files do."""
    if not any(run.host.exists(path) for path in ("/proc/driver/nvidia", "/dev/nvidia0", "/sys/module/nvidia")):
        return []
    if run.host.live:
        module = nvml.load()
        if module is None:
            reason = "GPU memory by process is not told: install the extra aiguard-agent[gpu]"
            run.blind.append(Blind(collector=NAME, subject="NVIDIA GPUs", reason=reason, kind=BlindKind.UNSUPPORTED))
        else:
            try:
                return [_Card(gpu=gpu, nodes=frozenset({f"/dev/nvidia{gpu.index}"})) for gpu in nvml.ask(module)]
            except OSError as error:
                run.blind.append(blind_of(NAME, "NVIDIA GPUs", error))
    return _nvidia_files(run)


def _nvidia_files(run: _Pass) -> list[_Card]:
    """Read /proc/driver/nvidia/gpus/BUS/information: `Model: …`, `GPU UUID: …`, `Device Minor: 0`."""
    cards = []
    for order, bus in enumerate(run.names("/proc/driver/nvidia/gpus")):
        text = run.text(f"/proc/driver/nvidia/gpus/{bus}/information")
        told = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in text.split("\n"))}
        minor = told.get("Device Minor", "")
        index = int(minor) if minor.isascii() and minor.isdecimal() and len(minor) < 5 else order
        gpu = Gpu(index=index, vendor="nvidia", name=told.get("Model", ""), uuid=told.get("GPU UUID", ""))
        cards.append(_Card(gpu=gpu, nodes=frozenset({f"/dev/nvidia{index}"})))
    return sorted(cards, key=lambda card: card.gpu.index)


def _sysfs(run: _Pass) -> list[_Card]:
    """Return the cards of all other vendors, from /sys/class/drm and /sys/class/accel."""
    cards = []
    kfd = _kfd_ids(run)
    for group in ("drm", "accel"):
        for name in run.names(f"/sys/class/{group}"):
            match = _CARD.fullmatch(name)
            device = f"/sys/class/{group}/{name}/device"
            vendor = _VENDORS.get(run.text(f"{device}/vendor"), "") if match else ""
            if match is None or vendor in ("", "nvidia"):
                continue
            render = [node for node in run.names(f"{device}/drm") if node.startswith("renderD")]
            nodes = {f"/dev/dri/{node}" for node in render}
            nodes |= {f"/dev/accel/{name}"} if group == "accel" else set()
            identity = next((kfd[node] for node in render if node in kfd), "")
            cards.append(_Card(gpu=_gpu(run, device, vendor, int(match[2])), nodes=frozenset(nodes), kfd=identity))
    return cards


def _gpu(run: _Pass, device: str, vendor: str, index: int) -> Gpu:
    memory = run.text(f"{device}/mem_info_vram_total")
    name = run.text(f"{device}/product_name") or f"{vendor} {run.text(f'{device}/device')}".strip()
    return Gpu(
        index=index,
        vendor=vendor,
        name=name,
        uuid=run.text(f"{device}/unique_id"),
        memory=int(memory) if memory.isascii() and memory.isdecimal() else 0,
    )


def _kfd_ids(run: _Pass) -> dict[str, str]:
    """Return AMD's compute number of each render node: topology/nodes/N has `gpu_id` and `drm_render_minor`."""
    found = {}
    top = "/sys/class/kfd/kfd/topology/nodes"
    for node in run.names(top):
        identity = run.text(f"{top}/{node}/gpu_id")
        minor = re.search(r"^drm_render_minor (\d+)$", run.text(f"{top}/{node}/properties"), re.MULTILINE)
        if minor and identity not in ("", "0"):
            found[f"renderD{minor[1]}"] = identity
    return found


def _kfd_memory(run: _Pass) -> dict[str, dict[int, int]]:
    """Return bytes by compute number and pid."""
    found: dict[str, dict[int, int]] = {}
    top = "/sys/class/kfd/kfd/proc"
    for pid in run.names(top):
        for name in run.names(f"{top}/{pid}") if pid.isascii() and pid.isdecimal() else ():
            value = run.text(f"{top}/{pid}/{name}") if name.startswith("vram_") else ""
            if value.isascii() and value.isdecimal():
                found.setdefault(name.removeprefix("vram_"), {})[int(pid)] = int(value)
    return found


def _device_nodes(host: Host, processes: tuple[Process, ...]) -> dict[int, frozenset[str]]:
    """Return the accelerator nodes that processes hold open or map, of those that were ever looked into."""
    nodes = recall(host).nodes
    for identity, descriptors in host.memory.descriptors.items():
        nodes[identity] = frozenset(path for _number, path in descriptors.files if _NODES.fullmatch(path))
    living = set(map(identity_of, processes))
    held: dict[int, frozenset[str]] = {}
    for identity in list(nodes):
        if nodes[identity] and (identity in living or identity in host.memory.descriptors):
            held[identity[0]] = nodes[identity]
        else:
            del nodes[identity]
    for process in processes:
        mapped = frozenset(path for path in process.mapped if path.startswith("/dev/") and _NODES.fullmatch(path))
        if mapped:
            held[process.pid] = held.get(process.pid, frozenset()) | mapped
    return held


def _users(card: _Card, held: dict[int, frozenset[str]], vram: dict[str, dict[int, int]]) -> tuple[GpuUse, ...]:
    used = {use.pid: use.memory for use in card.gpu.used_by}
    used.update(vram.get(card.kfd, {}) if card.kfd else {})
    for pid, nodes in held.items():
        # nvidia-uvm and kfd are one node for all cards: alone they say that some card is used, not which.
        shared = card.gpu.vendor == "nvidia" and not any(_NVIDIA_NODE.fullmatch(node) for node in nodes)
        if nodes & card.nodes or (shared and "/dev/nvidia-uvm" in nodes):
            used.setdefault(pid, 0)
    return nvml.uses(used.items())


COLLECTOR = Collector(
    name=NAME,
    order=60,
    help="accelerators and the processes that hold them",
    needs=("CAP_SYS_PTRACE",),
    collect=_collect,
)
