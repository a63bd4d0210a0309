"""A switch that lets a model, a hub or an agent's model run code unasked."""

from __future__ import annotations

from collections.abc import Iterator

from aiguard_agent.core.assets import Confidence, Estate, Server
from aiguard_agent.core.finding import Maturity, Severity
from aiguard_agent.policy.rule import Hit, Known, Rule
from aiguard_agent.policy.words import process_seen, who

_TRUST = ("--trust-remote-code", "--trust_remote_code")
_TRUST_VARIABLES = ("TRUST_REMOTE_CODE", "HF_TRUST_REMOTE_CODE")
_AGENTS: dict[str, tuple[str, ...]] = {
    "claude-code": ("--dangerously-skip-permissions", "--permission-mode bypassPermissions"),
    "codex": (
        "--dangerously-bypass-approvals-and-sandbox",
        "--full-auto",
        "--yolo",
        "--sandbox danger-full-access",
    ),
    "copilot": ("--allow-all-tools", "--yolo"),
    "gemini-cli": ("--yolo", "--approval-mode yolo"),
    "kiro-q": ("--trust-all-tools",),
    "aider": ("--yes-always",),
}
"""By product: switches that take the person out of the loop."""
_OFF = frozenset({"false", "0", "no", "off"})


def check(estate: Estate, known: Known) -> Iterator[Hit]:
    """Hit every server and agent that was started with such a switch."""
    del known
    for server in estate.servers:
        trusting = (*_set(server.process.argv, _TRUST), *_variables(server))
        if trusting:
            yield _hit(server, trusting, "runs code that model repositories bring along")
        loose = _set(server.process.argv, _AGENTS.get(server.product, ()))
        if loose:
            root = server.process.uid == 0
            yield Hit(
                subject=server.id,
                title=f"{who(server)} acts without asking ({', '.join(loose)}){' as root' if root else ''}",
                severity=Severity.CRITICAL if root else Severity.HIGH,
                evidence=tuple(process_seen(server, f"argv has {flag}") for flag in loose),
                remedy=("start it without the switch, or inside a sandbox that holds nothing else",),
                atlas=("AML.T0053",),
                owasp=("LLM06",),
            )


def _hit(server: Server, flags: tuple[str, ...], words: str) -> Hit:
    return Hit(
        subject=server.id,
        title=f"{who(server)} {words} ({', '.join(flags)})",
        evidence=tuple(process_seen(server, f"started with {flag}") for flag in flags),
    )


def _set(argv: tuple[str, ...], flags: tuple[str, ...]) -> tuple[str, ...]:
    """Return the switches that are on: `--x`, `--x true`, `--x=true`, `--x value` as one phrase."""
    following = dict.fromkeys(argv, "")
    following.update(zip(argv, argv[1:], strict=False))
    return tuple(flag for flag in flags if _is_on(flag, following))


def _is_on(flag: str, following: dict[str, str]) -> bool:
    option, _, value = flag.partition(" ")
    if value:
        return following.get(option) == value or f"{option}={value}" in following
    if option in following:
        return following[option].lower() not in _OFF
    given = [word.partition("=")[2].lower() for word in following if word.startswith(f"{option}=")]
    return bool(given) and given[-1] not in _OFF


def _variables(server: Server) -> tuple[str, ...]:
    on = {"1", "true", "yes", "on"}
    return tuple(
        f"{key}={value}" for key, value in server.process.env if key in _TRUST_VARIABLES and value.lower() in on
    )


RULE = Rule(
    id="remote-code-flag",
    title="A switch that lets others run code",
    description=(
        "`--trust-remote-code` makes a server run Python files out of a model repository. Switches such as "
        "`--dangerously-skip-permissions` or `--yolo` let a coding agent act without asking: high, and critical as "
        "root. Only switches that the product is known to have are looked for; configuration files are not read."
    ),
    severity=Severity.MEDIUM,
    confidence=Confidence.HIGH,
    maturity=Maturity.STABLE,
    remedy=("start it without the switch", "pin the model's revision and read the code it brings along"),
    atlas=("AML.T0011.000", "AML.T0010.003"),
    owasp=("LLM03",),
    check=check,
)
