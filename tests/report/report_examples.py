"""Reports to render: a busy host, a hostile one, one without AI."""

from __future__ import annotations

from dataclasses import replace

from aiguard_agent.core.assets import (
    Auth,
    AuthState,
    Claim,
    Confidence,
    Estate,
    Evidence,
    ModelFile,
    ModelRef,
    Server,
)
from aiguard_agent.core.facts import Blind, BlindKind, Container, Gpu, Listener, Process, Scope
from aiguard_agent.core.finding import Approval, ApprovalState, Finding, FindingState, Severity
from aiguard_agent.core.report import ScanReport

TAKEN_AT = 1_795_000_000.25


def seen(what: str, where: str = "", kind: str = "exe") -> Evidence:
    return Evidence(what=what, where=where, kind=kind, weight=5)


def process(pid: int, user: str, **more: str) -> Process:
    return Process(pid=pid, start_ticks=pid * 10, started=TAKEN_AT - 100, user=user, **more)


OLLAMA = Server(
    id="ollama@gpu-07:11434",
    product="ollama",
    name="Ollama",
    category="llm-server",
    process=process(4121, "bob", unit="ollama.service"),
    children=(4180,),
    listeners=(
        Listener(family="tcp4", address="127.0.0.1", port=39211),
        Listener(family="tcp6", address="::", port=11434, scope=Scope.ANY),
    ),
    version="0.14.2",
    versions=(Claim(value="0.14.2", source="GET /api/version", where="127.0.0.1:11434"),),
    auth=Auth(state=AuthState.NONE, evidence=(seen("GET /api/tags 200 without a key", kind="http"),)),
    models=(
        ModelRef(
            name="llama3.1:8b",
            via="mapped",
            path="/var/lib/ollama/blobs/sha256-1",
            model_id="sha256:1",
            digest="sha256:1",
        ),
        ModelRef(name="qwen3:4b", via="http"),
    ),
    remote_models=("gpt-oss:120b-cloud",),
    confidence=Confidence.HIGH,
    evidence=(
        seen("exe is /usr/local/bin/ollama", "/proc/4121/exe"),
        seen("GET / says Ollama is running", "[::1]:11434", "http"),
    ),
)
VLLM = Server(
    id="vllm@gpu-07:8000",
    product="vllm",
    name="vLLM",
    category="llm-server",
    process=process(5200, "vllm", unit="vllm.service"),
    listeners=(Listener(family="tcp4", address="127.0.0.1", port=8000),),
    version="0.10.11",
    versions=(
        Claim(
            value="0.10.11",
            source="package vllm",
            where="/opt/vllm/lib/python3.12/site-packages/vllm-0.10.11.dist-info",
        ),
        Claim(value="0.10.1", source="GET /version"),
    ),
    auth=Auth(state=AuthState.PARTIAL, open_routes=("/version", "/tokenize", "/metrics")),
    models=(ModelRef(name="mistral-7b", via="opened", path="/srv/models/mistral-7b", model_id="hf:mistral"),),
    container=Container(id="4f1c2a" + "0" * 58, runtime="docker", name="inference", image="vllm/vllm-openai:v0.10.11"),
    isolated=True,
    confidence=Confidence.HIGH,
    evidence=(seen("package vllm 0.10.11 in its environment", kind="package"),),
    conflicts=(seen("GET /version says 0.10.1, its package 0.10.11", kind="http"),),
)
UNKNOWN = Server(
    id="unknown-model-server@gpu-07:9000",
    product="unknown-model-server",
    name="Unknown model server",
    category="general-model-server",
    process=process(6001, "alice"),
    listeners=(Listener(family="unix", address="/run/serve.sock", scope=Scope.UNIX),),
    confidence=Confidence.LOW,
    evidence=(seen("libtorch and 14 GB of /home/alice/m.pt mapped", "/proc/6001/maps", "library"),),
)
AGENT = Server(
    id="claude-code@gpu-07",
    product="claude-code",
    name="Claude Code",
    category="coding-agent-assistant",
    process=process(7001, "alice"),
    version="2.0.1",
    confidence=Confidence.MEDIUM,
)
MODELS = (
    ModelFile(
        id="sha256:1",
        path="/var/lib/ollama/blobs/sha256-1",
        format="gguf",
        size=4_920_000_000,
        name="llama3.1:8b",
        architecture="llama",
        parameters=8_030_000_000,
        quantization="Q4_K_M",
        context_length=131072,
        license="llama3.1",
        sha256="1" * 64,
        fingerprint="a" * 64,
        held_by=(4121, 4180),
        store="ollama",
        user="bob",
        files=("/var/lib/ollama/blobs/sha256-1",),
        evidence=(seen("magic GGUF v3", kind="file"),),
    ),
    ModelFile(
        id="hf:mistral",
        path="/srv/models/mistral-7b",
        format="safetensors",
        size=14_500_000_000,
        name="mistral-7b",
        parameters=7_240_000_000,
        store="/srv",
        source="hf:mistralai/Mistral-7B@main",
        held_by=(5200,),
        files=("/srv/models/mistral-7b/a", "/srv/models/mistral-7b/b"),
    ),
    ModelFile(
        id="path:evil",
        path="/home/alice/Downloads/a/very/long/path/that/goes/on/and/on/checkpoint-final.pkl",
        format="pickle",
        size=1234,
        runs_code=True,
        world_writable=True,
        complete=False,
        store="homes",
        user="alice",
    ),
    *(
        ModelFile(
            id=f"hub:{i}",
            path=f"/home/alice/.cache/huggingface/hub/m{i:02}",
            format="safetensors",
            size=10**9 + i,
            store="huggingface",
        )
        for i in range(20)
    ),
)
FINDINGS = (
    Finding(
        rule="shadow-server",
        subject=OLLAMA.id,
        title="ollama answers anyone on every interface and nobody approved it",
        severity=Severity.CRITICAL,
        confidence=Confidence.HIGH,
        evidence=(
            seen("pid 4121 owns [::]:11434", "/proc/4121", "port"),
            seen("GET /api/tags 200 without a key", "[::1]:11434", "http"),
            seen("exe is /usr/local/bin/ollama", "/proc/4121/exe"),
        ),
        remedy=(
            "aiguard-agent inventory approve ollama@gpu-07:11434",
            "bind it: OLLAMA_HOST=127.0.0.1",
            "stop ollama.service",
        ),
        atlas=("AML.T0040",),
        owasp=("LLM10",),
    ),
    *(
        Finding(
            rule="shadow-model",
            subject=f"hub:{i}",
            title=f"nobody approved the model m{i:02}",
            severity=Severity.MEDIUM,
            confidence=Confidence.MEDIUM,
            evidence=tuple(seen(f"reason {n}", f"/where/{n}") for n in range(6)),
        )
        for i in range(7)
    ),
    Finding(
        rule="partly-guarded",
        subject=VLLM.id,
        title="vllm answers three routes without its key",
        severity=Severity.LOW,
        confidence=Confidence.HIGH,
        state=FindingState.WAIVED,
        waiver="ops@example.org: behind nginx, until 2027-01-31",
    ),
)
BLIND = (
    Blind(collector="processes", subject="pid 77", reason="Permission denied", kind=BlindKind.DENIED),
    Blind(collector="processes", subject="pid 78", reason="Permission denied", kind=BlindKind.DENIED, count=3),
    Blind(collector="probe", subject="pid 4121 at 127.0.0.1:39211", reason="timeout", kind=BlindKind.TIMEOUT),
)
BUSY = ScanReport(
    agent_version="0.1.0",
    estate=Estate(
        taken_at=TAKEN_AT,
        hostname="gpu-07",
        servers=(VLLM, UNKNOWN, AGENT, OLLAMA),
        models=MODELS,
        gpus=(Gpu(index=0, vendor="nvidia", name="H100"),),
        blind=BLIND,
        processes=612,
        listeners=48,
        namespaces=3,
        files=212,
        stores=("huggingface", "ollama"),
    ),
    findings=FINDINGS,
    approvals={
        OLLAMA.id: Approval(state=ApprovalState.SHADOW),
        VLLM.id: Approval(state=ApprovalState.APPROVED, clause="servers[0] by product (inventory.yaml:12)"),
        UNKNOWN.id: Approval(state=ApprovalState.SHADOW),
        AGENT.id: Approval(
            state=ApprovalState.DRIFTED, clause="servers[1]", deviations=("version 2.0.1 is outside <2",)
        ),
        "hf:mistral": Approval(state=ApprovalState.APPROVED, clause="models[0] by digest"),
        **{f"hub:{i}": Approval(state=ApprovalState.APPROVED) for i in range(20)},
    },
    duration_ms=812,
    kernel="6.18.0",
    boot_id="b" * 36,
    inventory="/etc/aiguard-agent/inventory.yaml",
    suppressed=4,
    notes={"remote": "/mnt/nfs was skipped (nfs4); --remote walks it"},
)
UNLISTED = replace(BUSY, inventory="", approvals={}, estate=replace(BUSY.estate, probed=False, rootless=True))
NO_AI = ScanReport(
    agent_version="0.1.0",
    estate=Estate(taken_at=TAKEN_AT, hostname="web-01", processes=1, listeners=1, namespaces=1, files=0, stores=()),
    duration_ms=95,
)

EVIL = "=cmd|'/c calc'!A1\n\x1b[31mred\x07\u202egnp.exe\u2066\x9b\x00\udcff,\"\r\t日本語" + "e\u0301\u0302\u0303\u0304"


def hostile(text: str) -> ScanReport:
    """Return a report in which every text is `text`."""
    evidence = (Evidence(what=text, where=text, kind=text),)
    server = Server(
        id=text,
        product=text,
        name=text,
        category=text,
        process=Process(pid=1, start_ticks=1, started=1.0, user=text, unit=text),
        listeners=(Listener(family="unix", address=text, scope=Scope.UNIX),),
        version=text,
        versions=(Claim(value=text, source=text, where=text),),
        auth=Auth(state=AuthState.PARTIAL, open_routes=(text,), evidence=evidence),
        models=(ModelRef(name=text, via=text, path=text, model_id=text, digest=text),),
        container=Container(id=text, runtime=text, name=text, image=text, pod_uid=text, pod_name=text, namespace=text),
        emulates=(text,),
        front_of=(text,),
        remote_models=(text,),
        conflicts=evidence,
        evidence=evidence,
    )
    model = ModelFile(
        id=text,
        path=text,
        format=text,
        size=1,
        name=text,
        quantization=text,
        license=text,
        source=text,
        fingerprint=text,
        files=(text,),
        aliases=(text,),
        store=text,
        user=text,
        evidence=evidence,
    )
    finding = Finding(
        rule=text,
        subject=text,
        title=text,
        severity=Severity.HIGH,
        confidence=Confidence.LOW,
        evidence=evidence,
        remedy=(text,),
        atlas=(text,),
        owasp=(text,),
    )
    return ScanReport(
        agent_version=text,
        estate=Estate(
            taken_at=TAKEN_AT,
            hostname=text,
            servers=(server,),
            models=(model,),
            blind=(Blind(collector=text, subject=text, reason=text),),
            stores=(text,),
        ),
        findings=(finding, replace(finding, state=FindingState.WAIVED, waiver=text)),
        approvals={text: Approval(state=ApprovalState.DRIFTED, clause=text, deviations=(text,))},
        inventory=text,
        kernel=text,
        boot_id=text,
        notes={text: text},
    )


ALL = {"busy": BUSY, "unlisted": UNLISTED, "no-ai": NO_AI, "hostile": hostile(EVIL)}
