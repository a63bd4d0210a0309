"""Read what container runtimes write down about a container: their state files, never their daemons.

| runtime | file | says |
|---|---|---|
| Docker | DATA-ROOT/containers/ID/config.v2.json | name, image, labels |
| containerd (Kubernetes, nerdctl) | /run/containerd/io.containerd.runtime.v2.task/NS/ID/config.json | annotations |
| CRI-O, Podman | RUN-ROOT/overlay-containers/ID/userdata/config.json | annotations |
| CRI-O, Podman | GRAPH-ROOT/overlay-containers/containers.json | names, image and pod, for all containers |
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import msgspec

from aiguard_agent.core.facts import Container

T = TypeVar("T")


class _DockerConfig(msgspec.Struct):
    Image: str = ""
    Labels: dict[str, str] | None = None


class _Docker(msgspec.Struct):
    Name: str = ""
    Image: str = ""
    Config: _DockerConfig | None = None


class _Oci(msgspec.Struct):
    annotations: dict[str, str] | None = None


class _Stored(msgspec.Struct):
    id: str = ""
    names: list[str] | None = None
    image: str = ""
    metadata: str = ""


class _Metadata(msgspec.Struct, rename="kebab"):
    image_name: str = ""
    image_id: str = ""
    pod_name: str = ""
    pod_id: str = ""
    name: str = ""
    uid: str = ""
    namespace: str = ""


class _Daemon(msgspec.Struct, rename="kebab"):
    data_root: str = ""
    graph: str = ""


_POD_NAME = ("io.kubernetes.cri.sandbox-name", "io.kubernetes.pod.name")
_POD_NAMESPACE = ("io.kubernetes.cri.sandbox-namespace", "io.kubernetes.pod.namespace")
_POD_UID = ("io.kubernetes.cri.sandbox-uid", "io.kubernetes.pod.uid")
_NAME = (
    "io.kubernetes.cri.container-name",
    "io.kubernetes.container.name",
    "nerdctl/name",
    "io.container.manager.name",
)
_IMAGE = (
    "io.kubernetes.cri.image-name",
    "io.kubernetes.cri-o.ImageName",
    "io.kubernetes.cri-o.UserRequestedImage",
    "nerdctl/image-name",
    "org.opencontainers.image.ref.name",
)
_IMAGE_ID = ("io.kubernetes.cri-o.ImageRef", "io.kubernetes.cri-o.Image")


def docker(identity: str, data: bytes) -> Container | None:
    """Read Docker's config.v2.json; None when it is none."""
    found = _decode(data, _Docker)
    if found is None:
        return None
    config = found.Config or _DockerConfig()
    labels = config.Labels or {}
    return Container(
        id=identity,
        runtime="docker",
        name=_first(labels, _NAME) or found.Name.removeprefix("/"),
        image=config.Image,
        image_id=found.Image,
        pod_uid=_first(labels, _POD_UID),
        pod_name=_first(labels, _POD_NAME),
        namespace=_first(labels, _POD_NAMESPACE),
    )


def oci(identity: str, data: bytes, runtime: str) -> Container | None:
    """Read the annotations of an OCI config.json; None when it is none."""
    found = _decode(data, _Oci)
    if found is None:
        return None
    notes = found.annotations or {}
    if any(key.startswith("io.kubernetes.cri-o.") for key in notes):
        runtime = "cri-o"
    return Container(
        id=identity,
        runtime=runtime,
        name=_first(notes, _NAME),
        image=_first(notes, _IMAGE),
        image_id=_first(notes, _IMAGE_ID),
        pod_uid=_first(notes, _POD_UID),
        pod_name=_first(notes, _POD_NAME),
        namespace=_first(notes, _POD_NAMESPACE),
    )


def stored(data: bytes) -> dict[str, Container]:
    """Read containers.json of containers/storage (Podman, CRI-O): all containers by id."""
    found: dict[str, Container] = {}
    for entry in _decode(data, list[_Stored]) or ():
        more = _decode(entry.metadata.encode("utf-8", "replace"), _Metadata) or _Metadata()
        found[entry.id] = Container(
            id=entry.id,
            runtime="cri-o" if more.pod_name or more.pod_id else "podman",
            name=(entry.names or [more.name])[0],
            image=more.image_name,
            image_id=more.image_id or entry.image,
            pod_uid=more.uid,
            pod_name=more.pod_name,
            namespace=more.namespace,
        )
    return found


def data_root(data: bytes) -> str:
    """Return where a Docker daemon.json says that Docker keeps its data, "" when it does not."""
    found = _decode(data, _Daemon)
    return (found.data_root or found.graph) if found is not None else ""


def unite(known: Container | None, more: Container) -> Container:
    """Fill what is not known yet; the first runtime that named something keeps its word."""
    if known is None:
        return more
    return Container(
        id=known.id,
        runtime=known.runtime or more.runtime,
        name=known.name or more.name,
        image=known.image or more.image,
        image_id=known.image_id or more.image_id,
        pod_uid=known.pod_uid or more.pod_uid,
        pod_name=known.pod_name or more.pod_name,
        namespace=known.namespace or more.namespace,
    )


def _first(notes: Mapping[str, str], keys: tuple[str, ...]) -> str:
    return next((notes[key] for key in keys if notes.get(key)), "")


def _decode(data: bytes, kind: type[T]) -> T | None:
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.MsgspecError, RecursionError, ValueError):
        return None
