"""Sending to a webhook: encrypted, never redirected, retried for a bounded time, and silent.

urllib3 does the HTTP: it is small, verifies certificates, and lets every redirect and retry be
turned off, so that the one policy here holds. What it logs and what its errors say holds whole
addresses, which are secrets; its logs are closed here, and no error of its leaves this module.
"""

from __future__ import annotations

import json
import logging
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import ClassVar

import urllib3
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NewConnectionError,
    ReadTimeoutError,
    SSLError,
)

from casebook.notify.addresses import Address
from casebook.notify.formats import Format, Request, Verdict

_log = logging.getLogger(__name__)
_MAX_ANSWER = 64 * 1024
_TOO_MANY = 429
_FIRST_SERVER_ERROR = 500
_OK = range(200, 300)
_REDIRECTS = range(300, 400)
_HEADERS = {
    "Content-Type": "application/json; charset=utf-8",
    "Accept-Encoding": "identity",
    "User-Agent": "casebook",
}
# Whatever urllib3 writes to its logs names addresses.
for _name in ("urllib3.connectionpool", "urllib3.connection", "urllib3.util.retry"):
    logging.getLogger(_name).addFilter(lambda record: False)


@dataclass(frozen=True)
class Answer:
    """What came back.

    Attributes:
        status: of HTTP.
        wait: seconds that ``Retry-After`` asks for; None when it asks for nothing.
        body: the JSON object, None when it is none.
    """

    status: int
    wait: float | None
    body: Mapping[str, object] | None


@dataclass(frozen=True)
class Policy:
    """How long it is tried.

    Attributes:
        connect: the most seconds until a connection stands.
        read: the most seconds until the answer is there.
        first_wait: seconds before the second try; each further wait is twice as long.
        longest_wait: the most seconds between two tries that nobody asked for.
        total: no try begins later than this many seconds after the first.
    """

    connect: float = 10.0
    read: float = 20.0
    first_wait: float = 1.0
    longest_wait: float = 30.0
    total: float = 120.0


class Sender:
    """Sends to webhooks, one message at a time; use it as a context manager.

    Args:
        policy: how long it is tried.
        sleep: waits; another one in tests.
        clock: seconds that only grow.
        now: seconds since 1970, for signatures.
    """

    _JITTER: ClassVar[tuple[float, float]] = (0.5, 1.5)

    def __init__(
        self,
        policy: Policy | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._policy = policy or Policy()
        self._sleep, self._clock, self._now = sleep, clock, now
        timeout = urllib3.Timeout(connect=self._policy.connect, read=self._policy.read)
        self._pool = urllib3.PoolManager(retries=False, timeout=timeout)
        self._free_at: dict[str, float] = {}

    def __enter__(self) -> Sender:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.clear()

    def send(self, form: Format, address: Address, payload: Mapping[str, object]) -> Verdict:
        """Sends a message, and again while that may help and time is left.

        Args:
            form: whose form the payload has.
            address: where to.
            payload: what; signed anew for each try.

        Returns:
            What became of it; what it says holds no part of the address.
        """
        end = self._clock() + self._policy.total
        tries = 0
        while True:
            self._keep_pace(form, address)
            verdict = self._try(form, address, payload)
            tries += 1
            if verdict.delivered or verdict.wait is None:
                return verdict
            wait = max(verdict.wait, self._backoff(tries))
            if self._clock() + wait > end:
                return Verdict(False, f"{verdict.reason}；试了 {tries} 次，下次运行时接着发")
            _log.debug("%s: %s, %.1f s", address, verdict.reason, wait)
            self._sleep(wait)

    def _keep_pace(self, form: Format, address: Address) -> None:
        """Waits as long as the platform wants between two messages to one address."""
        url = address.url.get_secret_value()
        early = self._free_at.get(url, 0.0) - self._clock()
        if early > 0:
            self._sleep(early)
        self._free_at[url] = self._clock() + form.pause

    def _backoff(self, tries: int) -> float:
        wait: float = min(self._policy.first_wait * 2 ** (tries - 1), self._policy.longest_wait)
        return wait * random.uniform(*self._JITTER)  # noqa: S311

    def _try(self, form: Format, address: Address, payload: Mapping[str, object]) -> Verdict:
        url, secret = address.url.get_secret_value(), address.secret.get_secret_value()
        answer = self._post(form.request(payload, url, secret, self._now()))
        if isinstance(answer, Verdict):
            return answer
        body = None if answer.body is None else address.cleaned(answer.body)
        return _verdict(form, replace(answer, body=body))

    def _post(self, request: Request) -> Answer | Verdict:
        """Posts once.

        Returns:
            The answer, or why there is none. Errors end here: they quote the address.
        """
        try:
            response = self._pool.request(
                "POST",
                request.url,
                body=request.body,
                headers={**_HEADERS, **request.headers},
                redirect=False,
                retries=False,
                preload_content=False,
                decode_content=False,
            )
            try:
                return _answer(response, self._clock() + self._policy.read, self._clock)
            finally:
                # What is left of the answer is of no interest, however long it is.
                response.close()
        except SSLError:
            return Verdict(
                False, "TLS 连接不成：证书不可信，或者那里不是 https；检查地址和网络里的代理"
            )
        except (NewConnectionError, ConnectTimeoutError):
            return Verdict(False, "连不上", 0.0)
        except (ReadTimeoutError, _TooSlow):
            return Verdict(False, f"{self._policy.read:g} 秒内没有回答", 0.0)
        except (HTTPError, OSError):
            return Verdict(False, "连接中断", 0.0)


class _TooSlow(Exception):
    """An answer that comes drop by drop."""


def _answer(response: urllib3.BaseHTTPResponse, end: float, clock: Callable[[], float]) -> Answer:
    body = b""
    while len(body) <= _MAX_ANSWER:
        block = response.read1(_MAX_ANSWER)
        if not block:
            break
        body += block
        if clock() > end:
            raise _TooSlow
    return Answer(response.status, _retry_after(response.headers.get("Retry-After")), _object(body))


def _object(body: bytes) -> Mapping[str, object] | None:
    if len(body) > _MAX_ANSWER:
        return None
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _retry_after(value: str | None) -> float | None:
    """Seconds or a date (RFC 9110, section 10.2.3)."""
    if not value:
        return None
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        when = parsedate_to_datetime(value)
    except ValueError:
        return None
    aware = when if when.tzinfo else when.replace(tzinfo=UTC)
    return max(0.0, (aware - datetime.now(UTC)).total_seconds())


def _verdict(form: Format, answer: Answer) -> Verdict:
    """What an answer means: first what the platform says, then the status."""
    said = form.verdict(answer.body)
    if said and said.delivered and answer.status not in _OK:
        said = None
    if not said:
        return _by_status(form, answer)
    if said.wait is None and not _is_busy(answer.status):
        return said
    return replace(said, wait=max(said.wait or 0.0, answer.wait or 0.0))


def _is_busy(status: int) -> bool:
    return status == _TOO_MANY or status >= _FIRST_SERVER_ERROR


def _by_status(form: Format, answer: Answer) -> Verdict:
    status = answer.status
    if status in _OK:
        if not form.answers:
            return Verdict(True)
        return Verdict(False, f"回答不是{form.label}的格式；检查地址是不是这个平台的")
    if status in _REDIRECTS:
        return Verdict(False, f"对方要求转到别的地址（HTTP {status}），没有跟过去；检查地址")
    if _is_busy(status):
        return Verdict(False, f"对方暂时不收（HTTP {status}）", answer.wait or 0.0)
    return Verdict(False, f"对方拒收（HTTP {status}）；检查地址和密钥")
