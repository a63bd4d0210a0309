"""Which file names are worth a look: cheap words on names and sizes; what a file really is, its bytes say elsewhere."""

from __future__ import annotations

import re

BIG = 8 * 1024 * 1024
"""A file that a process holds is looked at from this size on, whatever its name."""

HUGE = 256 * 1024 * 1024
"""From this size on no name excuses a file that is mapped and that nobody can run: `weights.log` is looked into."""

STORE_BIG = 1024 * 1024
"""The same for a file lying in a model store."""

MODEL_SUFFIXES = frozenset(
    ".gguf .ggml .ggjt .safetensors .pt .pth .pt2 .ptl .pte .bin .ckpt .pkl .pickle .joblib .dill .onnx .ort .h5 .hdf5 "
    ".keras .pb .pbtxt .tflite .engine .plan .trt .mlmodel .npy .npz .model .ubj .xgb .lgb .cbm .skops .msgpack "
    ".llamafile .nemo .mar .index .orbax .params .pdparams .pdmodel .caffemodel .weights .rknn .nnef .pmml .mnn "
    ".param .vocab .tiktoken .spm .jinja .torchscript .cntk .dnn .mleap .riva".split()
)
"""Suffixes that model files carry. A suffix only earns a look, never a name."""

_MEDIUM = frozenset(".pb .index .model .params .param .weights .vocab .dnn .pbtxt .jinja .spm".split())
"""Of these, the ones that half the world uses for something else: held files need a size as well."""

_SIDECARS = frozenset(
    "config.json tokenizer.json tokenizer_config.json generation_config.json adapter_config.json modules.json "
    "model_index.json preprocessor_config.json processor_config.json special_tokens_map.json added_tokens.json "
    "quantize_config.json quantization_config.json config_sentence_transformers.json sentence_bert_config.json "
    "vocab.json vocab.txt merges.txt chat_template.json chat_template.jinja params.json manifest.json mlmodel "
    "config.pbtxt model-settings.json settings.json fingerprint.pb keras_metadata.pb checkpoint _metadata "
    "conda.yaml python_env.yaml model_config.yaml model_config.json".split()
)
"""Files that speak about the model beside them."""

_SHARD = re.compile(r"\.data-\d{5}-of-\d{5}$|\.index\.json$|\.safetensors\.index|^sha256[-:][0-9a-f]{64}$")
_BESIDE = re.compile(
    r"(?:(?:lgb|lightgbm|gbm|booster|model)[\w.-]*\.txt"  # LightGBM
    r"|(?:xgb|xgboost|booster|model)[\w.-]*\.json"  # XGBoost
    r"|(?:openvino|model|_ir)[\w.-]*\.xml)$"
)
_MAY_LIE_BESIDE = (".txt", ".json", ".xml")
_CODE = re.compile(
    r"\.(so(\.[\d.]+)?|a|o|jar|class|pyc|pyo|py|pyd|js|mjs|cjs|node|wasm|jsa|war|ear|ko|dll|exe|whl|deb|rpm|"
    r"ttf|otf|ttc|woff2?|pcf|mo|gmo|log|db|sqlite3?|db3|db-wal|db-shm|ldb|sst|wal|journal|frm|ibd|myd|myi|tsidx|"
    r"html?|css|md|rst|c|h|cc|cpp|rs|go|ts|tsx|java|rb|sh|conf|cfg|ini|toml|yml|yaml|csv|tsv|parquet|arrow|"
    r"jpe?g|png|gif|svg|webp|ico|mp[34]|mkv|webm|wav|flac|ogg|pdf|docx?|xlsx?|pptx?|iso|img|qcow2|vmdk|vdi|"
    r"pak|icns|dat|cache|theme|typelib|gresource|compiled|lock|pid|sock|swp|tmp~|old-log|gir|pem|crt|key)$",
    re.IGNORECASE,
)
_LIBRARY = re.compile(r"\.so(\.[\d.]+)?$")
_NOT_MODELS = frozenset({"locale-archive", "ld.so.cache", "icudtl.dat", "classes.jsa", "modules"})
_SHA = re.compile(r"^(?:sha256[-:])?([0-9a-f]{64})$")


def suffix_of(name: str) -> str:
    """Return the last suffix in lower case with its dot, "" when there is none."""
    stem, dot, last = name.rpartition(".")
    return f".{last.lower()}" if dot and stem else ""


def named_like_model(name: str) -> bool:
    """Tell whether a file name is one that model weights carry."""
    return _weights(name.lower())


def sidecar(name: str) -> bool:
    """Tell whether a file name is one that speaks about the model beside it."""
    return _beside(name.lower())


def earns_a_look(name: str) -> bool:
    """Tell whether a file name is either of the two: the question of a walk, asked of every name it meets."""
    lower = name.lower()
    return _weights(lower) or _beside(lower)


def _weights(lower: str) -> bool:
    dot = lower.rfind(".")
    if dot > 0 and lower[dot:] in MODEL_SUFFIXES:
        return True
    if "-of-" in lower or ".index" in lower or lower.startswith("sha256"):
        return _SHARD.search(lower) is not None
    return False


def _beside(lower: str) -> bool:
    return lower in _SIDECARS or (lower.endswith(_MAY_LIE_BESIDE) and _BESIDE.search(lower) is not None)


def is_code_or_data(name: str) -> bool:
    """Tell whether a name says library, program text, font, log, database, picture: never looked at for its size."""
    return name in _NOT_MODELS or _CODE.search(name) is not None


def held_candidate(name: str, size: int, *, runs: bool = True) -> bool:
    """Tell whether a file that a process maps or holds open may be a model.

    `runs` is False when no mapping of it is executable: a library that nobody can run is no library.
    """
    if size <= 0:
        return False
    if is_code_or_data(name) and (runs or _LIBRARY.search(name) is None):
        return size >= HUGE and not runs
    if size >= BIG:
        return True
    return named_like_model(name) and (suffix_of(name) not in _MEDIUM or size >= STORE_BIG)


def store_candidate(name: str, size: int, *, trusted: bool) -> bool:
    """Tell whether a file of a walked folder is kept; `trusted` folders are model stores, where size alone counts."""
    if size <= 0:
        return False
    if earns_a_look(name):
        return True
    return trusted and size >= STORE_BIG and not is_code_or_data(name)


def digest_in_name(name: str) -> str | None:
    """Return the SHA-256 that a content-addressed store names a file by; it is the store's word, nobody checked it."""
    match = _SHA.match(name) if len(name) in (64, 71) else None
    return match[1] if match else None
