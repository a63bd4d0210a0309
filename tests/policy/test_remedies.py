"""Advice for products."""

from dataclasses import replace

from asset_samples import SERVER

from aiguard_agent.core.assets import Auth, AuthState, Evidence
from aiguard_agent.core.facts import Container, Listener, Scope
from aiguard_agent.policy.remedies import ask_for_key, close_door, close_signup

OPEN = replace(SERVER, listeners=(Listener(family="tcp4", address="0.0.0.0", port=8000, scope=Scope.ANY),))


def test_a_known_product_gets_its_own_setting() -> None:
    """What to type for this product."""
    vllm = replace(OPEN, product="vllm")

    assert close_door(vllm)[:2] == (
        "bind it to loopback: vllm serve --host 127.0.0.1",
        "ask for credentials: vllm serve --api-key KEY (guards /v1 only)",
    )


def test_an_unknown_product_gets_general_advice() -> None:
    """No setting is invented for it."""
    other = replace(OPEN, product="somebody-s-own")

    assert "firewall" in close_door(other)[0]
    assert "proxy" in ask_for_key(other)
    assert close_signup(other).startswith("close registration, and claim")


def test_nobody_is_told_to_bind_where_it_is_bound() -> None:
    """Loopback already, or no listener: closing the door is about keys."""
    assert not any("bind" in line for line in close_door(SERVER))
    assert not any("bind" in line for line in close_door(replace(SERVER, listeners=())))


def test_a_container_may_have_a_published_port() -> None:
    """Loopback inside a container is another loopback."""
    boxed = replace(OPEN, container=Container(id="4f1c2a", runtime="docker"))

    assert "publish it on 127.0.0.1" in close_door(boxed)[0]


def test_who_has_no_keys_is_told_of_a_proxy() -> None:
    """A product that cannot ask is not told to turn asking on."""
    keyless = Auth(state=AuthState.NONE, evidence=(Evidence(what="the product has no authentication", where="x"),))

    assert "cannot ask itself" in ask_for_key(replace(OPEN, product="tensorboard", auth=keyless))
