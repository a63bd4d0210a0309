import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiguard_agent.collect.runtimes import data_root, docker, oci, stored, unite
from aiguard_agent.core.facts import Container

ID = "4f" * 32


def test_docker_names_container_and_image():
    """Name without its slash, the image as it was asked for, the image's own digest."""
    data = json.dumps(
        {
            "ID": ID,
            "Name": "/llm",
            "Image": "sha256:aa",
            "Config": {"Image": "ollama/ollama:0.14", "Labels": {"a": "b"}},
        }
    ).encode()

    assert docker(ID, data) == Container(
        id=ID, runtime="docker", name="llm", image="ollama/ollama:0.14", image_id="sha256:aa"
    )


def test_containerd_annotations_name_container_image_and_pod():
    """The CRI annotations of containerd name all of it."""
    notes = {
        "io.kubernetes.cri.container-name": "vllm",
        "io.kubernetes.cri.image-name": "docker.io/vllm/vllm-openai:v0.10.11",
        "io.kubernetes.cri.sandbox-name": "vllm-0",
        "io.kubernetes.cri.sandbox-namespace": "ml",
        "io.kubernetes.cri.sandbox-uid": "u",
    }

    assert oci(ID, json.dumps({"annotations": notes}).encode(), "containerd") == Container(
        id=ID,
        runtime="containerd",
        name="vllm",
        image="docker.io/vllm/vllm-openai:v0.10.11",
        pod_uid="u",
        pod_name="vllm-0",
        namespace="ml",
    )


def test_crio_is_known_by_its_annotations():
    """The same file of CRI-O is told from Podman's by its annotation names."""
    notes = {"io.kubernetes.cri-o.ImageName": "quay.io/x:1", "io.kubernetes.container.name": "x"}

    found = oci(ID, json.dumps({"annotations": notes}).encode(), "podman")

    assert found is not None
    assert (found.runtime, found.name, found.image) == ("cri-o", "x", "quay.io/x:1")


def test_stored_list_names_podman_containers():
    """containers.json holds names, and the image in a JSON text inside the JSON."""
    entry = {
        "id": ID,
        "names": ["ollama"],
        "image": "dd",
        "metadata": json.dumps({"image-name": "docker.io/ollama/ollama:latest", "image-id": "ee"}),
    }

    assert stored(json.dumps([entry, {"id": "other", "metadata": "no json"}]).encode()) == {
        ID: Container(id=ID, runtime="podman", name="ollama", image="docker.io/ollama/ollama:latest", image_id="ee"),
        "other": Container(id="other", runtime="podman"),
    }


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"{", b'{"Name": 5}', b'{"Config": []}', b'{"annotations": {"a": 1}}', b'{"a":' * 50_000]
)
def test_broken_state_is_no_container(data):
    """Cut, foreign and deeply nested JSON is no container and no error."""
    assert docker(ID, data) is None or docker(ID, data) == Container(id=ID, runtime="docker")
    assert oci(ID, data, "x") is None or oci(ID, data, "x") == Container(id=ID, runtime="x")
    assert stored(data) == {}


@settings(max_examples=40)
@given(st.binary(max_size=200))
def test_any_bytes_are_survived(data):
    """Whatever a state file holds, nothing is raised."""
    assert docker(ID, data) is None or isinstance(docker(ID, data), Container)
    assert isinstance(stored(data), dict)
    assert isinstance(data_root(data), str)


def test_first_word_is_kept_and_gaps_are_filled():
    """A second runtime fills what the first did not say and changes nothing else."""
    first = Container(id=ID, runtime="docker", name="a")

    assert unite(first, Container(id=ID, runtime="containerd", name="b", image="i")) == Container(
        id=ID, runtime="docker", name="a", image="i"
    )


def test_data_root_is_read_under_its_old_name_too():
    """`graph` was the name of `data-root` once."""
    assert data_root(b'{"data-root": "/big/docker"}') == "/big/docker"
    assert data_root(b'{"graph": "/old"}') == "/old"
    assert data_root(b'{"debug": true}') == ""
