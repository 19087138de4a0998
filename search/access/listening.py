"""Where a service may listen, and who may use it, for whoever starts it."""

from __future__ import annotations

from casebook.errors import SearchError
from search.access.gate import Gate
from search.access.proxies import is_loopback
from search.service import ServiceConfig


def check_listening(config: ServiceConfig, host: str) -> None:
    """Refuses to listen where others reach a service that is for this machine only.

    Args:
        config: who may use it.
        host: where it is to listen.

    Raises:
        SearchError: they would reach it, or the settings of access are not complete.
    """
    Gate(config).close()
    if config.access.sign_in == "loopback" and not is_loopback(host):
        raise SearchError(
            f"不在 {host} 上监听：[access.{config.audience}] 的 sign_in 是 loopback，"
            "不登录，所以只给本机用。要给别人用，在 casebook.toml 里写：\n"
            f'[access.{config.audience}]\nsign_in = "oidc"\n'
            "（或 proxy、token，给所有人看的写 open；docs/access.zh-CN.md 说明每一种。）"
        )


def described(config: ServiceConfig) -> str:
    """Who may use a service, in a sentence for whoever starts it."""
    access = config.access
    ways = {
        "loopback": "只有这台机器上的人能用，不登录。",
        "token": f"凭令牌使用；casebook token create --audience {config.audience} 建令牌。",
        "proxy": f"由 {'、'.join(config.running.proxy_hosts)} 上的代理登录，"
        f"认它写的 {access.proxy.user_header}。",
        "oidc": f"先在 {access.oidc.issuer} 登录。",
        "open": "任何人都能读，不登录。",
    }
    roles = {"能读": access.readers}
    if config.internal:
        roles |= {"能写": access.editors, "能看洞察": access.analysts}
    who = "".join(
        f"{'登录的人都' if '*' in groups else '、'.join(groups) + ' 组'}{can}；"
        for can, groups in roles.items()
        if groups and access.sign_in in ("proxy", "oidc")
    )
    rate = f"一分钟最多 {access.limit} 次。" if access.limit else ""
    return f"谁能用：{ways[access.sign_in]}{who.removesuffix('；') + '。' if who else ''}{rate}"
