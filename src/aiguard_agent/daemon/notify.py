"""sd_notify(3): tell systemd how we are, over the socket it named; nothing happens where there is none."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping


class Notifier:
    """Speaks to the service manager that started us."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        self._path = environ.get("NOTIFY_SOCKET", "")
        ours = environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        microseconds = environ.get("WATCHDOG_USEC", "")
        self.watchdog_seconds = int(microseconds) / 1e6 if ours and microseconds.isdecimal() else 0.0
        """Seconds within which we must say that we live; 0.0 = nobody asks."""
        self._said, self._at = "", 0.0

    def ready(self, status: str) -> None:
        """Say that the start, or a reload, is over."""
        self._send(f"READY=1\nSTATUS={_line(status)}")

    def reloading(self) -> None:
        """Say that a reload has begun (Type=notify-reload wants the time with it)."""
        self._send(f"RELOADING=1\nMONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")

    def stopping(self) -> None:
        """Say that we end."""
        self._send("STOPPING=1")

    def alive(self, status: str = "") -> None:
        """Say that the loop runs, and how it is; only when that changed or the watchdog waits for it."""
        now = time.monotonic()
        due = self.watchdog_seconds > 0 and now - self._at >= self.watchdog_seconds / 4
        news = bool(status) and status != self._said
        if not due and not news:
            return
        self._said, self._at = status or self._said, now
        self._send("WATCHDOG=1" + (f"\nSTATUS={_line(status)}" if status else ""))

    def _send(self, message: str) -> None:
        if not self._path.startswith(("/", "@")):
            return
        address = f"\0{self._path[1:]}" if self._path.startswith("@") else self._path
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
                channel.settimeout(1.0)
                channel.sendto(message.encode("utf-8", "backslashreplace"), address)
        except OSError:
            return  # a manager that does not listen is no reason to stop looking


def _line(text: str) -> str:
    return " ".join(text.split())
