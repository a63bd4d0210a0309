"""Where models usually lie: one table, so that a newcomer adds a row (docs/coverage.md is made from it)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """One sort of place. A name may be used by several places; the first row that reaches a folder names it."""

    name: str
    """What FileSeen.store says."""
    title: str
    roots: tuple[str, ...] = ()
    """`~` stands for every home of the host."""
    env: tuple[tuple[str, str], ...] = ()
    """(variable of a seen process, what to append to its value)."""
    flags: tuple[str, ...] = ()
    """Options of a seen process whose value is such a folder."""
    cwd: tuple[str, ...] = ()
    """Folders below the working directory of an interesting process."""
    trusted: bool = True
    """False where other things lie as well: then only names count, not sizes."""
    depth: int = 12


def _store(name: str, title: str, *roots: str) -> Store:
    return Store(name=name, title=title, roots=roots)


STORES: tuple[Store, ...] = (
    Store(
        name="huggingface",
        title="Hugging Face hub cache",
        roots=("~/.cache/huggingface/hub", "/var/cache/huggingface/hub"),
        env=(
            ("HF_HUB_CACHE", ""),
            ("HUGGINGFACE_HUB_CACHE", ""),
            ("TRANSFORMERS_CACHE", ""),
            ("HF_HOME", "/hub"),
            ("XDG_CACHE_HOME", "/huggingface/hub"),
            ("SENTENCE_TRANSFORMERS_HOME", ""),
        ),
        flags=("--download-dir", "--huggingface-hub-cache", "--cache-dir"),
    ),
    Store(
        name="ollama",
        title="Ollama",
        roots=("~/.ollama/models", "/usr/share/ollama/.ollama/models", "/var/lib/ollama/models", "/var/lib/ollama"),
        env=(("OLLAMA_MODELS", ""),),
    ),
    _store("lm-studio", "LM Studio", "~/.lmstudio/models", "~/.cache/lm-studio/models"),
    Store(
        name="llama.cpp",
        title="llama.cpp download cache",
        roots=("~/.cache/llama.cpp",),
        env=(("LLAMA_CACHE", ""),),
        flags=("--models-dir",),
    ),
    Store(
        name="torch-hub",
        title="PyTorch hub",
        roots=("~/.cache/torch/hub", "~/.cache/torch/sentence_transformers"),
        env=(("TORCH_HOME", "/hub"),),
    ),
    Store(
        name="tf-hub",
        title="TensorFlow Hub",
        roots=("/tmp/tfhub_modules", "~/.cache/tfhub_modules"),  # noqa: S108 - it is where TF Hub keeps them
        env=(("TFHUB_CACHE_DIR", ""),),
    ),
    _store("comfyui", "ComfyUI", "~/ComfyUI/models", "/opt/ComfyUI/models", "~/comfy/ComfyUI/models"),
    _store("gpt4all", "GPT4All", "~/.local/share/nomic.ai/GPT4All", "~/.cache/gpt4all"),
    _store("jan", "Jan", "~/jan/models", "~/.local/share/Jan/data", "~/.config/Jan/data/llamacpp/models"),
    _store("whisper", "OpenAI Whisper", "~/.cache/whisper"),
    Store(name="keras", title="Keras", roots=("~/.keras/models",), env=(("KERAS_HOME", "/models"),)),
    Store(
        name="invokeai",
        title="InvokeAI",
        roots=("~/invokeai/models", "/invokeai/models"),
        env=(("INVOKEAI_ROOT", "/models"),),
    ),
    _store(
        "stable-diffusion-webui",
        "Stable Diffusion web UI",
        "~/stable-diffusion-webui/models",
        "/opt/stable-diffusion-webui/models",
        "~/stable-diffusion-webui-forge/models",
    ),
    _store(
        "text-generation-webui",
        "text-generation-webui",
        "~/text-generation-webui/models",
        "~/text-generation-webui/user_data/models",
        "/opt/text-generation-webui/models",
    ),
    Store(
        name="localai",
        title="LocalAI",
        roots=("~/localai/models", "/usr/share/local-ai/models", "/build/models"),
        env=(("LOCALAI_MODELS_PATH", ""), ("MODELS_PATH", "")),
    ),
    _store("docker-model-runner", "Docker Model Runner", "~/.docker/models"),
    _store("ramalama", "RamaLama", "~/.local/share/ramalama", "/var/lib/ramalama"),
    Store(
        name="modelscope",
        title="ModelScope",
        roots=("~/.cache/modelscope/hub",),
        env=(("MODELSCOPE_CACHE", "/hub"),),
    ),
    Store(name="xinference", title="Xinference", roots=("~/.xinference",), env=(("XINFERENCE_HOME", ""),)),
    Store(
        name="nim",
        title="NVIDIA NIM",
        roots=("~/.cache/nim", "/opt/nim/.cache"),
        env=(("NIM_CACHE_PATH", ""),),
    ),
    _store("kagglehub", "Kaggle", "~/.cache/kagglehub/models"),
    _store("fastembed", "FastEmbed", "/tmp/fastembed_cache", "~/.cache/fastembed"),  # noqa: S108 - its default
    _store("chroma", "Chroma's own embedding models", "~/.cache/chroma/onnx_models"),
    _store("paddle", "PaddleOCR, PaddleX", "~/.paddleocr", "~/.paddlex/official_models"),
    _store("easyocr", "EasyOCR", "~/.EasyOCR/model"),
    _store("piper", "Piper voices", "~/.local/share/piper", "/usr/share/piper-voices"),
    _store("insightface", "InsightFace", "~/.insightface/models"),
    _store("rembg", "rembg", "~/.u2net"),
    _store("open-clip", "OpenAI CLIP, OpenCLIP", "~/.cache/clip"),
    _store("anythingllm", "AnythingLLM", "~/.config/anythingllm-desktop/storage/models"),
    Store(
        name="mlflow",
        title="MLflow runs and artifacts",
        roots=("~/mlruns", "~/mlartifacts", "/mlflow", "/mlruns", "/var/lib/mlflow", "/opt/mlflow"),
        flags=("--default-artifact-root", "--artifacts-destination", "--backend-store-uri"),
        cwd=("mlruns", "mlartifacts"),
        trusted=False,
    ),
    Store(
        name="triton",
        title="Triton model repositories",
        roots=("/opt/tritonserver/models",),
        flags=("--model-repository", "--model-store"),
    ),
    Store(
        name="serving",
        title="Model folders of other servers",
        flags=("--model-base-path", "--model_base_path", "--model_path", "--model-path", "--lora-dir", "--models-path"),
        env=(("MODEL_STORE", ""), ("MODEL_BASE_PATH", ""), ("MLSERVER_MODELS_DIR", "")),
        cwd=("model-store", "model_store"),
    ),
    _store("models", "Shared model folders", "/models", "/opt/models", "/var/lib/models", "/data/models"),
    _store("models", "Shared model folders", "/mnt/models", "/usr/share/models", "/usr/local/share/models"),
    _store("models", "Shared model folders", "~/models", "~/Models"),
    Store(name="srv", title="Site data", roots=("/srv",), trusted=False),
)
"""Every place that is walked without being told."""

NEVER = frozenset(
    "/ /bin /boot /dev /etc /home /lib /lib64 /opt /proc /root /run /sbin /sys /tmp /usr /usr/bin /usr/lib /usr/local "
    "/usr/local/bin /usr/share /usr/sbin /var /var/lib /var/cache /var/log /var/tmp /mnt /media /data /snap".split()
)
"""Too wide to be walked because some process names it; `--path` may still ask for it."""
