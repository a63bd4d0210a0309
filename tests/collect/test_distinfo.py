import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiguard_agent.collect.distinfo import installed, node_packages, site_of, unversioned, version_in


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("fastapi-0.115.0.dist-info", ("fastapi", "0.115.0")),
        ("llama_cpp_python-0.3.36.dist-info", ("llama-cpp-python", "0.3.36")),
        ("torch-2.13.0+cpu.dist-info", ("torch", "2.13.0+cpu")),
        ("vllm-0.10.2rc1.dev3+g1234.cu128.dist-info", ("vllm", "0.10.2rc1.dev3+g1234.cu128")),
        ("zope.interface-6.0.dist-info", ("zope-interface", "6.0")),
        ("PyYAML-6.0.2-py3.11.egg-info", ("pyyaml", "6.0.2")),
        ("numpy-1.26.4-py3.11-linux-x86_64.egg", ("numpy", "1.26.4")),
        ("some-old-name-1.0-py3.9.egg-info", ("some-old-name", "1.0")),
        ("fastapi", None),
        ("fastapi-0.115.0", None),
        ("foo.egg-info", None),
        ("-1.0.dist-info", None),
        (".dist-info", None),
    ],
)
def test_metadata_folder_says_name_and_version(entry, expected):
    """Name and version come from the folder's name alone, the name as the registry compares it."""
    assert installed(entry) == expected


def test_folder_without_version_is_known_as_such():
    """`foo_bar.egg-info` names a package whose version must be read elsewhere."""
    assert unversioned("foo_bar.egg-info") == "foo-bar"
    assert unversioned("foo-1.0.dist-info") == ""
    assert unversioned("foo") == ""


def test_version_is_read_from_the_headers_only():
    """A `Version:` line in the description is no version of the package."""
    assert version_in("Metadata-Version: 2.1\nName: x\nVersion: 1.2.3\n\nVersion: 9\n") == "1.2.3"
    assert version_in("Name: x\n\nVersion: 9\n") == ""


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/v/lib/python3.11/site-packages/torch/lib/libtorch.so", "/v/lib/python3.11/site-packages"),
        ("/usr/lib/python3/dist-packages/yaml/_yaml.so", "/usr/lib/python3/dist-packages"),
        ("/v/lib/site-packages/a/site-packages/b.so", "/v/lib/site-packages"),
        ("/usr/lib/libc.so.6", ""),
        ("/v/lib/python3.11/site-packages", ""),
    ],
)
def test_mapped_library_tells_its_package_folder(path, expected):
    """The outermost package folder on the way to a library is the one it was installed in."""
    assert site_of(path) == expected


def test_node_packages_on_the_way_are_told_outermost_first():
    """Scoped packages have two parts; a folder beginning with a dot is no package."""
    path = "/usr/lib/node_modules/@anthropic-ai/claude-code/node_modules/sharp/lib"

    assert list(node_packages(path)) == [
        "/usr/lib/node_modules/@anthropic-ai/claude-code",
        "/usr/lib/node_modules/@anthropic-ai/claude-code/node_modules/sharp",
    ]
    assert list(node_packages("/app/node_modules/.bin/x")) == []
    assert list(node_packages("/app/src")) == []


@settings(max_examples=60)
@given(st.text(max_size=80))
def test_any_name_is_survived(name):
    """Whatever a folder is called, nothing is raised."""
    assert installed(name) is None or isinstance(installed(name), tuple)
    assert isinstance(unversioned(name), str)
    assert isinstance(list(node_packages(name)), list)
