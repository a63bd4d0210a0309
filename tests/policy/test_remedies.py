"""Advice for products."""

from dataclasses import replace

from asset_samples import SERVER

from aiguard_agent.policy.remedies import ask_for_key, close_door, close_signup


def test_a_known_product_gets_its_own_setting() -> None:
    """What to type for this product."""
    vllm = replace(SERVER, product="vllm")

    assert close_door(vllm)[:2] == (
        "bind it to loopback: vllm serve --host 127.0.0.1",
        "ask for credentials: vllm serve --api-key KEY (guards /v1 only)",
    )


def test_an_unknown_product_gets_general_advice() -> None:
    """No setting is invented for it."""
    other = replace(SERVER, product="somebody-s-own")

    assert "firewall" in close_door(other)[0]
    assert "proxy" in ask_for_key(other)
    assert close_signup(other).startswith("close registration, and claim")
