"""The scrape target, asked over real sockets."""

from __future__ import annotations

import base64
import errno
import gzip
import shutil
import socket
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
from callers import Told, certificates, connected, everything, get, port, serving
from metric_examples import VOCABULARY, agent, ordinary, report, server
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from aiguard_agent.errors import UsageError
from aiguard_agent.metrics.access import Access
from aiguard_agent.metrics.board import Board
from aiguard_agent.metrics.exposition import Form
from aiguard_agent.metrics.serve import Endpoint, Settings
from aiguard_agent.metrics.sockets import Door

OPENSSL = shutil.which("openssl")
OPENMETRICS = "application/openmetrics-text;version=1.0.0"
ASK = b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"


def test_a_scrape_in_both_formats() -> None:
    """The real board is served in the format that the scraper asks for, compressed when it may be."""
    board = Board(agent, VOCABULARY)
    board.publish(ordinary())

    with serving(board) as endpoint:
        plain = get(endpoint)
        packed = get(endpoint, Accept=OPENMETRICS, Accept_Encoding="gzip")

    assert (plain.status, plain.headers["content-type"]) == (200, Form.PLAIN.value)
    assert b'aiguard_model_servers{approved="false"' in plain.body
    assert packed.headers["content-type"] == Form.OPENMETRICS.value
    assert list(text_string_to_metric_families(gzip.decompress(packed.body).decode()))
    assert plain.headers["connection"] == "close"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/metrics", 200),
        ("GET", "/metrics?collect[]=a", 200),
        ("GET", "/-/healthy", 200),
        ("GET", "/-/ready", 200),
        ("GET", "/", 404),
        ("GET", "/metrics/", 404),
        ("GET", "/metrics/../etc/passwd", 404),
        ("GET", "/-/reload", 404),
        ("GET", "/debug/pprof", 404),
        ("POST", "/metrics", 405),
        ("DELETE", "/-/healthy", 405),
    ],
)
def test_three_paths_and_nothing_else(method: str, path: str, status: int) -> None:
    """Whatever else is asked for is not there, and nothing can be changed."""
    with serving() as endpoint:
        assert get(endpoint, path, method=method).status == status


def test_head_is_get_without_the_body() -> None:
    """A HEAD tells the length and sends nothing."""
    with serving() as endpoint:
        reply = get(endpoint, method="HEAD")

    assert (reply.status, reply.body, reply.headers["content-length"]) == (200, b"", "19")


def test_not_ready_before_the_first_scan() -> None:
    """Alive from the start, ready after the first scan."""
    source = Told(ready=False)
    with serving(source) as endpoint:
        before = (get(endpoint, "/-/healthy").status, get(endpoint, "/-/ready").status)
        source.ready = True
        after = get(endpoint, "/-/ready").status

    assert (before, after) == ((200, 503), 200)


def test_credentials_are_asked_for() -> None:
    """Without or with wrong credentials there is nothing but 401; the health paths tell one word to everybody."""
    right = "Basic " + base64.b64encode(b"prom:secret").decode()
    wrong = "Basic " + base64.b64encode(b"prom:secreT").decode()
    source = Told()
    with serving(source, access=Access(user="prom", password="secret", token="t0ken")) as endpoint:
        refused = [
            get(endpoint),
            get(endpoint, Authorization=wrong),
            get(endpoint, "/other"),
            get(endpoint, Authorization="Bearer t"),
        ]
        assert source.asked == []
        allowed = [get(endpoint, Authorization=right), get(endpoint, Authorization="Bearer t0ken")]
        health = [get(endpoint, "/-/healthy"), get(endpoint, "/-/ready")]

    assert [reply.status for reply in refused] == [401] * 4
    assert refused[0].headers["www-authenticate"].startswith("Basic realm=")
    assert [reply.status for reply in (*allowed, *health)] == [200] * 4


def test_answers_are_counted() -> None:
    """The endpoint tells the agent how often it answered what."""
    with serving() as endpoint:
        get(endpoint)
        get(endpoint)
        get(endpoint, "/x")
        counts = endpoint.requests()

    assert (counts[200], counts[404], counts[401]) == (2, 1, 0)


def test_a_source_that_fails_is_a_500() -> None:
    """One number that cannot be told ends neither the endpoint nor says anything of the inside."""

    class Broken(Told):
        def text(self, form: Form) -> bytes:
            if not self.asked:
                self.asked.append(form)
                raise ValueError("/secret/path")
            return self.body

    with serving(Broken()) as endpoint:
        first, second = get(endpoint), get(endpoint)

    assert (first.status, second.status) == (500, 200)
    assert b"secret" not in first.body


@pytest.mark.skipif(OPENSSL is None, reason="openssl is missing: it makes the certificates")
def test_tls(tmp_path: Path) -> None:
    """With a certificate there is TLS, 1.2 or newer, and no plain answer on that port."""
    certificates(tmp_path, str(OPENSSL))
    trusting = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
    with serving(
        Told(b"x" * 3_000_000), certificate=str(tmp_path / "server.pem"), key=str(tmp_path / "server.key")
    ) as endpoint:
        reply = get(endpoint, tls=trusting)
        with connected(endpoint) as caller:
            caller.sendall(ASK)
            spoken = everything(caller)
        with pytest.raises(ssl.SSLCertVerificationError):
            get(endpoint, tls=ssl.create_default_context())
        again = get(endpoint, "/-/healthy", tls=trusting)
        assert endpoint.addresses[0].startswith("https://127.0.0.1:")

    assert (reply.status, len(reply.body)) == (200, 3_000_000)
    assert b"HTTP/" not in spoken
    assert again.status == 200


@pytest.mark.skipif(OPENSSL is None, reason="openssl is missing: it makes the certificates")
def test_client_certificates(tmp_path: Path) -> None:
    """With a client CA, who shows no certificate is not answered."""
    certificates(tmp_path, str(OPENSSL))
    anonymous = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
    known = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
    known.load_cert_chain(tmp_path / "client.pem", tmp_path / "client.key")
    files = {"certificate": "server.pem", "key": "server.key", "client_ca": "ca.pem"}
    with serving(**{name: str(tmp_path / file) for name, file in files.items()}) as endpoint:
        with pytest.raises(OSError, match=r"(?i)certificate|reset|eof|pipe"):
            get(endpoint, tls=anonymous)
        assert get(endpoint, tls=known).status == 200


def test_slow_callers_do_not_slow_others() -> None:
    """Callers who send one byte and wait hold up nobody, and are told to go when their time is over."""
    with ExitStack() as stack:
        endpoint = stack.enter_context(serving(seconds=1.0))
        slow = [stack.enter_context(connected(endpoint)) for _number in range(50)]
        for caller in slow:
            caller.sendall(b"G")
        during = [get(endpoint).status for _turn in range(20)]
        slow[0].sendall(b"ET /metrics HTTP/1.1\r\nX: ")  # goes on dripping, which does not buy it more time
        ends = [everything(caller) for caller in slow]

        assert during == [200] * 20
        assert all(end.startswith(b"HTTP/1.1 408 ") for end in ends)
        assert endpoint.requests()[408] == 50


def test_a_reader_who_stops_reading_is_dropped() -> None:
    """Who asks for much and takes nothing keeps a place no longer than its time."""
    with serving(Told(b"x" * 30_000_000), seconds=0.5) as endpoint, connected(endpoint) as lazy:
        lazy.sendall(ASK)
        for _turn in range(5):
            assert get(endpoint, "/-/healthy").status == 200
        while endpoint.requests()[408] == 0:
            get(endpoint, "/-/healthy")

        assert len(everything(lazy)) < 30_000_000


def test_a_thousand_connections() -> None:
    """1,000 idle connections lock nobody out, and cost no more places than there are."""
    with ExitStack() as stack:
        endpoint = stack.enter_context(serving(connections=64, seconds=60.0))
        threads = threading.active_count()
        for number in range(1000):
            stack.enter_context(connected(endpoint))
            if number % 100 == 99:
                assert get(endpoint).status == 200

        assert len(endpoint._waiting) <= 64
        assert threading.active_count() == threads


def soon(holds: Callable[[], bool]) -> bool:
    """Tell whether it holds within five seconds: the endpoint's thread tidies up after it has answered."""
    end = time.monotonic() + 5
    while not holds() and time.monotonic() < end:
        time.sleep(0.01)
    return holds()


def test_without_descriptors_the_oldest_gives_way() -> None:
    """When the process can open nothing more, an idle connection ends instead of the endpoint spinning or dying."""

    class Exhausted:
        def accept(self) -> None:
            raise OSError(errno.EMFILE, "Too many open files")

    with serving() as endpoint, connected(endpoint) as idle:
        assert get(endpoint).status == 200  # by now the idle one is accepted too
        assert soon(lambda: len(endpoint._waiting) == 1)  # and the one that asked is gone

        endpoint._accept(Door(socket=Exhausted(), guarded=True))  # type: ignore[arg-type]

        assert everything(idle) == b""
        assert soon(lambda: endpoint._waiting == {})


def test_the_place_goes_to_who_asks() -> None:
    """When places are short, idle connections give way and one that is being answered does not."""
    with ExitStack() as stack:
        endpoint = stack.enter_context(serving(Told(b"x" * 8_000_000), connections=2, seconds=60.0))
        busy = stack.enter_context(connected(endpoint))
        busy.sendall(ASK)
        assert busy.recv(8).startswith(b"HTTP/1.1")
        idle = [stack.enter_context(connected(endpoint)) for _number in range(10)]
        assert everything(idle[0]) == b""

        assert len(everything(busy)) > 8_000_000


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET /metrics HTTP/1.1\r\nX: " + b"x" * 100_000 + b"\r\n\r\n", b"431"),
        (b"\x00" * 9000, b"431"),
        (b"GARBAGE\r\n\r\n", b"400"),
        (b"POST /metrics HTTP/1.1\r\nContent-Length: 900000\r\n\r\n" + b"x" * 50_000, b"400"),
    ],
)
def test_large_and_broken_requests(sent: bytes, status: bytes) -> None:
    """What is too large or no request is refused at once, without being read to its end."""
    with serving() as endpoint, connected(endpoint) as caller:
        caller.sendall(sent)

        assert everything(caller)[:12] in (b"HTTP/1.1 " + status, b"")  # a reset may overtake the answer
        assert endpoint.requests()[int(status)] == 1
        assert get(endpoint).status == 200


def test_a_caller_who_leaves_in_the_middle() -> None:
    """Ends and resets at any point are nobody's trouble but the caller's."""
    with serving() as endpoint:
        for sent in (b"", b"GET", ASK):
            with connected(endpoint) as caller:
                caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")  # reset
                caller.sendall(sent)

        assert get(endpoint).status == 200


def test_scrapes_at_the_same_time_as_updates() -> None:
    """Many scrapers during many publications: each gets a whole exposition."""
    board = Board(agent, VOCABULARY)
    board.publish(ordinary())
    reports = [report(tuple(server(n, "ollama") for n in range(size))) for size in (1, 200)]
    replies: list[bytes] = []

    with serving(board) as endpoint:

        def scrape() -> None:
            for _turn in range(10):
                reply = get(endpoint, Accept=OPENMETRICS)
                replies.append(reply.body if reply.status == 200 else b"")

        scrapers = [threading.Thread(target=scrape) for _number in range(8)]
        for scraper in scrapers:
            scraper.start()
        while any(scraper.is_alive() for scraper in scrapers):
            for one in reports:
                board.publish(one)
        for scraper in scrapers:
            scraper.join()

    assert len(replies) == 80
    assert all(
        body.endswith(b"# EOF\n") and body.count(b"aiguard_last_scan_timestamp_seconds ") == 3 for body in replies
    )


def test_a_port_that_is_taken_is_said() -> None:
    """The second endpoint on a port fails at its start, and opens nothing else either."""
    with serving() as endpoint:
        second = Endpoint(Settings(port=port(endpoint), unix="/nowhere/x.sock"), Told())
        with pytest.raises(OSError, match="in use"):
            second.start()
        second.stop()


def test_both_doors_at_once(tmp_path: Path) -> None:
    """The unix socket answers the same, without credentials: its mode is its guard."""
    path = str(tmp_path / "m.sock")
    with serving(unix=path, access=Access(token="t")) as endpoint:
        assert get(endpoint).status == 401
        with socket.socket(socket.AF_UNIX) as caller:
            caller.connect(path)
            caller.sendall(ASK)
            received = everything(caller)

        assert endpoint.addresses == (endpoint.addresses[0], path)
    assert received.endswith(b"\r\n\r\naiguard_rootless 0\n")
    assert not Path(path).exists()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (Settings(), ()),
        (Settings(host="::1"), ()),
        (Settings(host=""), ()),
        (Settings(host="0.0.0.0"), ("without TLS", "to anybody")),
        (Settings(host="::", access=Access(token="t")), ("without TLS", "in the clear")),
        (Settings(host="10.0.0.1", certificate="c", key="k"), ("to anybody",)),
        (Settings(host="10.0.0.1", certificate="c", key="k", client_ca="a"), ()),
        (Settings(host="10.0.0.1", certificate="c", key="k", access=Access(token="t")), ()),
    ],
)
def test_doubts(settings: Settings, words: tuple[str, ...]) -> None:
    """What is open to the network is said, each thing once; what stays on the host is nobody's worry."""
    told = settings.doubts()

    assert len(told) == len(words)
    assert all(word in line for word, line in zip(words, told, strict=True))


def test_a_name_is_not_resolved() -> None:
    """The endpoint listens on addresses alone."""
    endpoint = Endpoint(Settings(host="localhost"), Told())
    with pytest.raises(UsageError, match=r"127\.0\.0\.1"):
        endpoint.start()
    endpoint.stop()
