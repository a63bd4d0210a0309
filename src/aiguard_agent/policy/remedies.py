"""Product-specific ways to close an open door: how to bind narrower, how to ask for a key; pure data.

Only settings that the product's own documentation knows are written here; for all others the general advice holds.
"""

from __future__ import annotations

from aiguard_agent.core.assets import Server
from aiguard_agent.core.facts import Scope
from aiguard_agent.inventory.reach import reach
from aiguard_agent.policy.words import stop_command

BIND = {
    "a1111": "start it without --listen",
    "chroma": "chroma run --host 127.0.0.1",
    "comfyui": "start it without --listen, or with --listen 127.0.0.1",
    "gradio": "GRADIO_SERVER_NAME=127.0.0.1",
    "jupyter": "--ServerApp.ip=127.0.0.1",
    "koboldcpp": "--host 127.0.0.1",
    "langflow": "LANGFLOW_HOST=127.0.0.1",
    "litellm": "litellm --host 127.0.0.1",
    "llama-cpp-python": "--host 127.0.0.1",
    "llamacpp": "llama-server --host 127.0.0.1",
    "llamafile": "--host 127.0.0.1",
    "localai": "--address 127.0.0.1:8080",
    "marimo": "--host 127.0.0.1",
    "mlflow": "mlflow server --host 127.0.0.1",
    "mlx-lm": "--host 127.0.0.1",
    "n8n": "N8N_LISTEN_ADDRESS=127.0.0.1",
    "ollama": "OLLAMA_HOST=127.0.0.1",
    "open-webui": "open-webui serve --host 127.0.0.1",
    "qdrant": "QDRANT__SERVICE__HOST=127.0.0.1",
    "ray": "ray start --dashboard-host=127.0.0.1",
    "sglang": "--host 127.0.0.1",
    "streamlit": "--server.address=127.0.0.1",
    "tensorboard": "start it without --bind_all, or with --host 127.0.0.1",
    "textgen-webui": "start it without --listen",
    "tgi": "--hostname 127.0.0.1",
    "torchserve": "inference_address=http://127.0.0.1:8080 in config.properties",
    "triton": "--http-address=127.0.0.1 --grpc-address=127.0.0.1",
    "vllm": "vllm serve --host 127.0.0.1",
    "whispercpp": "--host 127.0.0.1",
}
"""By product: bind to loopback."""

KEY = {
    "a1111": "--api-auth USER:PASSWORD and --gradio-auth USER:PASSWORD",
    "gradio": "launch(auth=(USER, PASSWORD))",
    "jupyter": "leave IdentityProvider.token at its default, or set a password: jupyter server password",
    "koboldcpp": "--password PASSWORD (image routes stay open)",
    "langflow": "LANGFLOW_AUTO_LOGIN=false",
    "litellm": "LITELLM_MASTER_KEY=sk-…",
    "llama-cpp-python": "--api_key KEY",
    "llamacpp": "llama-server --api-key KEY",
    "marimo": "--token-password PASSWORD",
    "milvus": "common.security.authorizationEnabled: true",
    "mlflow": "mlflow server --app-name basic-auth",
    "open-webui": "WEBUI_AUTH=True",
    "qdrant": "QDRANT__SERVICE__API_KEY=KEY",
    "ray": "RAY_AUTH_MODE=token",
    "sglang": "--api-key KEY",
    "textgen-webui": "--api-key KEY",
    "tgi": "--api-key KEY",
    "vllm": "vllm serve --api-key KEY (guards /v1 only)",
    "weaviate": "AUTHENTICATION_ANONYMOUS_ACCESS_ENABLED=false",
}
"""By product: ask for credentials."""

SIGNUP = {
    "librechat": "ALLOW_REGISTRATION=false",
    "open-webui": "ENABLE_SIGNUP=False",
}
"""By product: let nobody make their own account."""


KEYLESS = frozenset({"ollama"})
"""Products without authentication of their own; of others their signature says so in the evidence."""


def bind_narrower(server: Server) -> tuple[str, ...]:
    """Say how to take a server off the network; nothing for one that is not on it."""
    if reach(server) in (None, Scope.LOOPBACK, Scope.UNIX):
        return ()
    known = BIND.get(server.product)
    words = f"bind it to loopback: {known}" if known else "bind it to 127.0.0.1, or let a firewall close its port"
    if server.container is not None:
        words += "; behind a container's published port: publish it on 127.0.0.1"
    return (words,)


def ask_for_key(server: Server) -> str:
    """Say how to make a server ask who calls."""
    if known := KEY.get(server.product):
        return f"ask for credentials: {known}"
    keyless = any("has no authentication" in piece.what for piece in server.auth.evidence)
    if keyless or server.product in KEYLESS:
        return f"put a proxy that asks for credentials in front of it ({server.product} cannot ask itself)"
    return "turn its authentication on, or put a proxy with one in front"


def close_door(server: Server) -> tuple[str, ...]:
    """Return all ways to close an open server, the mildest first."""
    return *bind_narrower(server), ask_for_key(server), f"stop it: {stop_command(server)}"


def close_signup(server: Server) -> str:
    """Say how to stop strangers from making accounts."""
    known = SIGNUP.get(server.product)
    return f"close registration: {known}" if known else "close registration, and claim the first account yourself"
