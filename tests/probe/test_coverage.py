"""Unanswered questions as blind spots."""

from dataclasses import replace

from aiguard_agent.core.facts import Blind, BlindKind
from aiguard_agent.core.probing import HttpAnswer, ProbeRequest, Target
from aiguard_agent.probe.coverage import blind_spots

TARGET = Target(pid=7, start_ticks=1, netns=1, family="tcp6", address="::1", port=80)


def failed(error: str, path: str = "/") -> HttpAnswer:
    return HttpAnswer(target=TARGET, request=ProbeRequest(path=path), error=error)


def test_losses_of_a_target_are_one_line() -> None:
    """Time-outs of one target are one Blind with their count, in an operator's words."""
    blind = blind_spots([failed("timeout", "/a"), failed("timeout: skipped after two", "/b"), failed("denied: EPERM")])

    assert blind == (
        Blind(collector="probe", subject="pid 7 at [::1]:80", reason="timeout", kind=BlindKind.TIMEOUT, count=2),
        Blind(collector="probe", subject="pid 7 at [::1]:80", reason="denied: EPERM", kind=BlindKind.DENIED),
    )


def test_answers_are_no_blind_spots() -> None:
    """An answer, a port that is not HTTP and a refusal of our own policy are not losses."""
    assert (
        blind_spots(
            [failed(""), failed("not-http: closed without an answer"), failed("policy: x"), failed("not recorded")]
        )
        == ()
    )


def test_unix_sockets_are_named_by_their_path() -> None:
    """A unix socket is named by its path, an IPv4 one without brackets."""
    unix = replace(TARGET, family="unix", address="/run/a.sock", port=0)
    four = replace(TARGET, family="tcp4", address="127.0.0.1")

    blind = blind_spots([replace(failed("refused"), target=t) for t in (unix, four)])

    assert [b.subject for b in blind] == ["pid 7 at /run/a.sock", "pid 7 at 127.0.0.1:80"]
