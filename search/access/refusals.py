"""How a request is refused: HTTP errors that carry a Chinese message for whoever sent it."""

from __future__ import annotations

from http import HTTPStatus

from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import (
    BadRequest,
    Forbidden,
    ServiceUnavailable,
    TooManyRequests,
    Unauthorized,
)

from search.access.rights import Right

RIGHTS = {
    Right.READ: "阅读",
    Right.EDIT: "写作",
    Right.ANALYSE: "看洞察",
    Right.RELOAD: "换索引",
    Right.METRICS: "看运行指标",
}
_LONGEST_HOST = 100
_GROUPS = {Right.READ: "readers", Right.EDIT: "editors", Right.ANALYSE: "analysts"}


class WrongHost(BadRequest):
    """It was sent to a name to which the service does not answer.

    Args:
        host: the name.
    """

    def __init__(self, host: str) -> None:
        shown = host[:_LONGEST_HOST].encode("unicode_escape").decode("ascii")
        self.message = (
            f"这个服务不认域名“{shown}”；是您的域名，就写进 casebook.toml 里 [search] 的 hosts"
            "（不带端口），再重新启动服务。"
        )
        super().__init__(self.message)


class NotSignedIn(Unauthorized):
    """Nobody knows who asks, or what they showed does not hold.

    Args:
        message: what to do, in Chinese.
        error: the word of RFC 6750 for what is wrong with a token; empty where none was sent.
    """

    def __init__(self, message: str, error: str = "") -> None:
        challenge = WWWAuthenticate("bearer", {"realm": "casebook"})
        if error:
            challenge.parameters["error"] = error
        super().__init__(message, www_authenticate=challenge)
        self.message = message
        self.error = error


class NotAllowed(Forbidden):
    """They are known, and may not do this.

    Args:
        right: what they lack.
        name: who they are.
        way: how they came in.
        audience: whose service it is.
    """

    def __init__(self, right: Right, name: str, way: str, audience: str) -> None:
        label = RIGHTS[right]
        if way == "token":
            self.message = f"这个令牌没有“{label}”（{right}）的权限；让管理员另建一个有它的令牌。"
        elif right in _GROUPS and way in ("oidc", "proxy"):
            self.message = (
                f"您（{name[:60]}）没有“{label}”的权限；让管理员把您所在的组写进 casebook.toml 里 "
                f"[access.{audience}] 的 {_GROUPS[right]}。"
            )
        else:
            self.message = f"这里要有“{label}”（{right}）的权限；让管理员建一个有它的令牌。"
        super().__init__(self.message)


class NotHere(Forbidden):
    """Nobody may do this on this audience's service.

    Args:
        right: what it takes.
    """

    def __init__(self, right: Right) -> None:
        label = RIGHTS[right]
        self.message = (
            f"这个服务不给任何人“{label}”（{right}）的权限；到看得最多的那个受众的服务上去做。"
        )
        super().__init__(self.message)


class OtherSite(Forbidden):
    """A page of another site sent it."""

    message = "这个请求是从别的网站发来的，不接受。"


class NotLocal(Forbidden):
    """The service is for this machine only, and the request came from elsewhere.

    Args:
        audience: whose service it is.
    """

    def __init__(self, audience: str) -> None:
        self.message = (
            "这个服务只给本机用，这个请求是从别处来的，或者是经过代理来的；要给别人用，"
            f"在 casebook.toml 的 [access.{audience}] 里写 sign_in。"
        )
        super().__init__(self.message)


class TokenInAddress(BadRequest):
    """A token stands where logs, histories and other sites see it."""

    message = (
        "令牌不能写在网址里：网址会留在日志和浏览记录里。放在请求头 Authorization: Bearer 里；"
        "这个令牌当作已经泄露，用 casebook token revoke 作废它。"
    )


class TooOften(TooManyRequests):
    """More requests in a minute than are allowed.

    Args:
        rate: how many are.
        seconds: after how many seconds they may go on.
    """

    def __init__(self, rate: int, seconds: int) -> None:
        self.message = f"一分钟最多 {rate} 次请求；{seconds} 秒后再试。"
        super().__init__(self.message, retry_after=seconds)


class CannotTell(ServiceUnavailable):
    """What says who may in cannot be read; so nobody is let in by it."""

    message = "现在查不了令牌和登录，请稍后再试；一直这样就告诉管理员。"

    def __init__(self) -> None:
        super().__init__(self.message, retry_after=3)


class NoProvider(ServiceUnavailable):
    """The place where people sign in does not answer."""

    code = HTTPStatus.BAD_GATEWAY
    message = "连不上统一登录，请稍后再试；一直这样就告诉管理员。"
