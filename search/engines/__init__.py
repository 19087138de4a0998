"""The engines that can index passages, by name; each is loaded when it is first asked for."""

from __future__ import annotations

from importlib import import_module

from casebook.errors import EngineMissing
from search.engines.base import Engine

ENGINES = {
    "memory": "search.engines.memory:MemoryEngine",
    "whoosh": "search.engines.whoosh:WhooshEngine",
}


def get_engine(name: str) -> Engine:
    """The engine of that name.

    Raises:
        EngineMissing: there is none of that name, or its library is not installed.
    """
    if name not in ENGINES:
        known = "、".join(ENGINES)
        raise EngineMissing(
            f"没有检索引擎“{name}”；casebook.toml 的 [search] engine 可以写：{known}。"
        )
    module, _, attribute = ENGINES[name].partition(":")
    try:
        engine: Engine = getattr(import_module(module), attribute)()
    except ModuleNotFoundError as error:
        raise EngineMissing(
            f"检索引擎“{name}”需要 Python 库 {error.name}，还没有安装；"
            f"运行 pip install {error.name}。"
        ) from None
    return engine
