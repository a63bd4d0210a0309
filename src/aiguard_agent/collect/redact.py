"""Take secrets out of command lines and environment values before they become facts; pure.

Two ways work together: what the *name* says (`--api-key X`, `HF_TOKEN=x`) and what the *value* looks like
(`sk-…`, `hf_…`, a JWT, the user part of a URL). When in doubt a value goes; an empty value stays visibly empty,
because an empty token means an open door, and that must be seen.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from aiguard_agent.core.facts import REDACTED

LONGEST = 8192
"""Characters of one text that are searched; the rest is cut, so that nobody can make us search for minutes."""

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_SECRET_WORDS = frozenset(
    [
        *("key", "keys", "apikey", "apikeys", "token", "password", "passwd", "passphrase", "pass", "pwd", "pw"),
        *("secret", "secrets", "credential", "credentials", "cred", "creds", "bearer", "authorization", "cookie"),
        *("accesskey", "secretkey", "authtoken", "accesstoken", "bearertoken", "masterkey", "privatekey", "userpass"),
        *("requirepass", "auth", "jwt", "pat", "otp", "sig", "signature"),
    ]
)
_PLAIN_BEFORE_TOKEN = frozenset(
    [
        *("eos", "bos", "pad", "stop", "unk", "mask", "sep", "cls", "special", "image", "audio", "video", "start"),
        *("end", "begin", "next", "per", "max", "min", "num", "cost", "think", "reasoning", "tool", "placeholder"),
    ]
)
_PLAIN_BEFORE_KEY = frozenset(
    ["primary", "foreign", "sort", "partition", "public", "hot", "text", "label", "cache", "group", "metric"]
)
_PATH_WORDS = frozenset(["ssl", "tls", "private", "cert", "certificate", "server", "client", "host", "ca", "key"])
_MODE = re.compile(r"[a-z][a-z_-]{0,20}|/[^:=\s]{0,4096}")
"""What follows `--auth` when it is no `user:password`: the name of a way, or a file."""
_PLURAL = re.compile(r"(?i)(?:keys|tokens|passwords|secrets)$")
_PLAIN_PATH = re.compile(r"(?:/|\.{1,2}/|~/)[^=:@\s\"']{0,4096}")
_NOT_SECRET = frozenset(["", "true", "false", "none", "null", "yes", "no", "on", "off", "0", "1", '""', "''", REDACTED])

_FLAG = re.compile(r"-{1,2}([A-Za-z_][\w.-]*)(=?)(.*)", re.DOTALL)
_ASSIGNMENT = re.compile(r"([A-Za-z_][\w.-]*)=(.*)", re.DOTALL)
_LOOKS_LIKE_FLAG = re.compile(r"--[A-Za-z]|-[A-Za-z]$")

_VALUE = re.compile(r"""(["'])(.*?)(?:\1|\Z)|([^\s"',;&}\]]+)""", re.DOTALL)
_WHOLE_LINE = re.compile(r"(?i)(?:authorization|cookie)$")
_REST_OF_LINE = re.compile(r"""()()([^\r\n"']+)""")
_INNER_NAME = re.compile(
    r"""(?<![\w.-])(?:--?([A-Za-z_][\w.-]*+)\s++|-{0,2}([A-Za-z_][\w.-]*+)["']?(?:\s{1,4}=\s*+|=|\s{0,4}:\s*+))"""
)
_SCHEME = re.compile(r"(?i)\b(bearer|basic)(\s+)([A-Za-z0-9+/=._~-]{8,})")
_USERINFO = re.compile(
    r"(?<=://)(?:[^\s@/:?#]{0,256}+:(?!\d{1,5}[/?#])[^\s@]{0,512}+@(?:[^\s@/?#]{0,256}+@)*|[^\s@/?#]{1,512}+@)"
)
_PLAIN_USER = re.compile(r"(?:ssh|git\+ssh|sftp|rsync|svn\+ssh|nfs|s3|hdfs|abfss|wasbs)$", re.IGNORECASE)
_SHAPES = re.compile(
    r"(?<![A-Za-z0-9])(?:"
    r"sk-(?=[\w-]{0,64}\d)[\w-]{12,}"
    r"|(?:hf|gsk|xai|r8|pplx|lsv2_pt|lsv2_sk|esecret)[_-][A-Za-z0-9_]{16,}"
    r"|gh[oprsu]_[A-Za-z0-9]{16,}|github_pat_\w{16,}|glpat-[\w-]{12,}"
    r"|A(?:KIA|SIA)[A-Z0-9]{12,}|AIza[\w-]{30,}|ya29\.[\w-]{16,}|dapi[0-9a-f]{24,}"
    r"|xox[a-z]-[\w-]{8,}|nvapi-[\w-]{12,}|pypi-[\w-]{32,}|npm_[A-Za-z0-9]{24,}|tvly-[\w-]{12,}"
    r"|(?<=hooks\.slack\.com/services/)[\w/-]{8,}"
    r"|eyJ[\w-]{6,1000}+\.[\w-]{6,}(?:\.[\w-]*)?"
    r")"
)
_PEM = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL)
_HINTS = (
    *(
        "key",
        "tok",
        "pass",
        "pwd",
        "pw=",
        "pw ",
        "pw\0",
        "jwt",
        "signature",
        "hooks.",
        *(f"{word}{end}" for word in ("pat", "otp", "sig") for end in ("=", " ", ":", "\0")),
        "secret",
        "cred",
        "bearer",
        "basic",
        "auth",
        "cookie",
        "@",
        "-----",
    ),
    *("sk-", "hf_", "hf-", "gsk", "xai", "r8_", "r8-", "pplx", "lsv2", "gho_", "ghp_", "ghr_", "ghs_", "ghu_"),
    *("github_pat", "glpat", "akia", "asia", "aiza", "ya29", "dapi", "xox", "nvapi", "pypi", "npm_", "tvly", "eyj"),
)
"""When none of these is in a whole command line, nothing below can find anything: most processes end here."""


def _hints(text: str) -> bool:
    """Tell, cheaply, whether a text is worth searching. Plain `in` beats one big pattern twenty times."""
    lowered = text.lower()
    return any(hint in lowered for hint in _HINTS)


def names_secret(name: str) -> bool:
    """Tell whether the name of a flag, variable or field says that its value is a secret.

    The last word decides (`api-key`, `ServerApp.token`), so `token-budget` and `key-length` are plain.
    """
    words = [word.lower() for word in _WORD.findall(name)]
    if not words:
        return False
    last, before = words[-1], frozenset(words[:-1])
    if last == "token" and before & _PLAIN_BEFORE_TOKEN:
        return False
    if last in ("key", "keys") and before & _PLAIN_BEFORE_KEY:
        return False
    if last in _SECRET_WORDS or last.endswith(("apikey", "token", "secret", "password", "passwd", "auth")):
        return True
    return words[0] in ("secret", "secrets") and last not in ("file", "path", "dir", "name", "id", "length")


def redact_argv(argv: Sequence[str]) -> tuple[str, ...]:
    """Return the command line with every value that is, or may be, a secret replaced by REDACTED."""
    curl = bool(argv) and argv[0].rsplit("/", 1)[-1] == "curl"
    if not curl and not _hints("\0".join((*argv, ""))):
        return tuple(argv)
    result: list[str] = []
    pending = ""
    for word in argv:
        if pending and not (_LOOKS_LIKE_FLAG.match(word) and " " not in word):
            result.append(_hide(pending, word))
            pending = pending if _PLURAL.search(pending) else ""
            continue
        pending = ""
        flag = _FLAG.fullmatch(word)
        if flag and not flag[2] and not flag[3]:
            pending = flag[1] if names_secret(flag[1]) or (curl and flag[1] in ("u", "user", "proxy-user")) else ""
            result.append(word)
        else:
            result.append(_word(word))
    return tuple(result)


def redact_env(name: str, value: str) -> str:
    """Return an environment value without its secret; URLs lose their user part."""
    upper = name.upper()
    if any(part in upper for part in ("KEY", "TOKEN", "SECRET", "PASS", "CRED")):
        return REDACTED if value else ""
    return redact_text(value)


def redact_text(text: str) -> str:
    """Return free text without anything in it that looks like, or is called, a secret."""
    if not _hints(text):
        return text
    if len(text) > LONGEST:
        text = f"{text[:LONGEST]}…"
    text = _PEM.sub(REDACTED, text)
    text = _SCHEME.sub(lambda m: f"{m[1]}{m[2]}{REDACTED}", text)
    text = _USERINFO.sub(_without_user, text) if "@" in text else text
    return _SHAPES.sub(REDACTED, _without_named(text))


def _word(word: str) -> str:
    """Redact one word that is not the value of the flag before it."""
    named = _FLAG.fullmatch(word) or _ASSIGNMENT.fullmatch(word)
    if named is None:
        return redact_text(word)
    name, value = named[1], named[named.lastindex or 2]
    hidden = _hide(name, value) if names_secret(name) else redact_text(value)
    return word[: len(word) - len(value)] + hidden


def _without_named(text: str) -> str:
    """Redact the values of `name=value`, `"name": "value"` and `--name value` inside a text; keep their quotes."""
    done: list[str] = []
    start = at = 0
    while found := _INNER_NAME.search(text, at):
        at = found.end()
        name = found[1] or found[2]
        value = (_REST_OF_LINE if _WHOLE_LINE.search(name) else _VALUE).match(text, at) if names_secret(name) else None
        if value and not (found[1] and _LOOKS_LIKE_FLAG.match(value[0])):
            group = 2 if value[1] else 3
            done += (text[start : value.start(group)], _hide(name, value[group]))
            start = at = value.end(group)
    return "".join((*done, text[start:]))


def _hide(name: str, value: str) -> str:
    """Return REDACTED, or the value where it cannot be a secret: empty, a yes or no, the path of a key file."""
    if value.lower() in _NOT_SECRET:
        return value
    words = [word.lower() for word in _WORD.findall(name)]
    if words and words[-1].endswith("auth") and _MODE.fullmatch(value):
        return value
    # A path with another name in it is no plain path; looking into it again would never end for `a.key=/a.key=/…`.
    if words and words[-1] == "key" and _PATH_WORDS.intersection(words) and _PLAIN_PATH.fullmatch(value):
        return _SHAPES.sub(REDACTED, value)
    return REDACTED


def _without_user(match: re.Match[str]) -> str:
    """Drop the user part of a URL; `ssh://git@host` names a user only, which is no secret."""
    scheme = re.search(r"[A-Za-z][A-Za-z0-9+.-]*(?=://$)", match.string[max(0, match.start() - 32) : match.start()])
    if ":" not in match[0] and scheme and _PLAIN_USER.match(scheme[0]):
        return match[0]
    return f"{REDACTED}@"
