"""The engines that can index passages, by name; each is loaded when it is first asked for.

``auto`` stands for Whoosh in a small library and for Tantivy in any other.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from casebook.errors import EngineMissing
from casebook.service_settings import OpenSearchSettings
from search.engines.base import Engine

# Those that keep all of an index in its folder.
EMBEDDED = {
    "memory": "search.engines.memory:MemoryEngine",
    "tantivy": "search.engines.tantivy:TantivyEngine",
    "whoosh": "search.engines.whoosh:WhooshEngine",
}
CLUSTER = "opensearch"
ENGINES = {**EMBEDDED, CLUSTER: "search.engines.opensearch:OpenSearchEngine"}
# What installs a module where it is not called the same.
_PACKAGES = {"whoosh": "whoosh-reloaded", "opensearchpy": "'casebook[opensearch]'"}
AUTO = "auto"
# Gives the engine of a name.
EngineOf = Callable[[str], Engine]
# Passages up to which ``auto`` takes Whoosh: beyond, its p95 passes 50 ms (see docs/benchmarks.md).
AUTO_WHOOSH_MAX = 8_000


def choose_engine(
    name: str, passages: int, cluster: OpenSearchSettings | None = None
) -> tuple[Engine, str]:
    """The engine for a library, and in Chinese why it is that one.

    Args:
        name: the engine that was asked for, or ``auto``.
        passages: how many passages it will hold.
        cluster: as in :func:`get_engine`.

    Raises:
        EngineMissing: there is none of that name, or its library is not installed.
    """
    if name != AUTO:
        return get_engine(name, cluster), "按设置"
    if passages <= AUTO_WHOOSH_MAX:
        return get_engine("whoosh"), f"自动：不超过 {AUTO_WHOOSH_MAX} 段"
    return get_engine("tantivy"), f"自动：超过 {AUTO_WHOOSH_MAX} 段"


def get_engine(name: str, cluster: OpenSearchSettings | None = None) -> Engine:
    """The engine of that name.

    Args:
        name: one of ``ENGINES``.
        cluster: how ``opensearch`` reaches its cluster; None for the defaults of the settings.

    Raises:
        EngineMissing: there is none of that name, or its library is not installed.
    """
    if name not in ENGINES:
        known = "、".join((AUTO, *ENGINES))
        raise EngineMissing(
            f"没有检索引擎“{name}”；casebook.toml 的 [search] engine 可以写：{known}。"
        )
    module, _, attribute = ENGINES[name].partition(":")
    wanted = (cluster or OpenSearchSettings.model_validate({}),) if name == CLUSTER else ()
    try:
        engine: Engine = getattr(import_module(module), attribute)(*wanted)
    except ModuleNotFoundError as error:
        package = _PACKAGES.get(error.name or "", error.name)
        raise EngineMissing(
            f"检索引擎“{name}”需要 Python 库 {package}，还没有安装；运行 pip install {package}。"
        ) from None
    return engine
