"""What can stop a command, as one tree.

    CasebookError
    ├── SettingsError        casebook.toml, glossary.toml or withdrawn.toml cannot be used
    ├── UnknownAudience      an audience that casebook.toml does not name
    ├── PathError            a file or folder that is not there, or not in the library
    ├── RenderError          Markdown that does not render within its limits
    ├── PublishError         a site or an index cannot be written where it was asked for
    ├── LeakError            a built site holds what its audience must not see
    └── SearchError          the search index cannot be built, opened or asked
        ├── IndexMissing     no index has been published for this audience
        ├── EngineMissing    the engine's library is not installed, or there is no such engine
        ├── QueryRefused     a query over its limits
        └── SearchTimeout    a query that ran out of time

Messages are Chinese, for users: what was found, what was expected, what to do next. Only the
command line and the service turn them into output.
"""

from __future__ import annotations

import errno
import sqlite3
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from casebook.problems import Problem


_REASONS = {
    errno.EACCES: "没有权限",
    errno.EPERM: "没有权限",
    errno.EROFS: "磁盘是只读的",
    errno.ENOSPC: "磁盘满了",
    errno.EDQUOT: "磁盘的配额用完了",
    errno.ENOENT: "没有这个文件或文件夹",
    errno.EEXIST: "已经有同名的文件",
    errno.EISDIR: "是文件夹",
    errno.ENOTDIR: "路径中间有一段不是文件夹",
    errno.ENAMETOOLONG: "名字太长",
    errno.EADDRINUSE: "已经有程序在用",
    errno.EADDRNOTAVAIL: "这台机器没有这个地址",
    errno.EMFILE: "打开的文件太多",
}
# By SQLite's primary result codes.
_DATABASE_REASONS = {
    sqlite3.SQLITE_FULL: "磁盘满了",
    sqlite3.SQLITE_READONLY: "磁盘是只读的，或者没有权限",
    sqlite3.SQLITE_PERM: "没有权限",
    sqlite3.SQLITE_CANTOPEN: "打不开，可能没有权限",
    sqlite3.SQLITE_BUSY: "别的程序一直占着它",
    sqlite3.SQLITE_LOCKED: "别的程序一直占着它",
    sqlite3.SQLITE_IOERR: "磁盘读写出错",
    sqlite3.SQLITE_CORRUPT: "数据库已经损坏",
    sqlite3.SQLITE_NOTADB: "不是数据库，或者已经损坏",
}


def reason(error: OSError | sqlite3.Error) -> str:
    """Why the system or a database refused something, in Chinese as far as that is known.

    Args:
        error: what it said.
    """
    if isinstance(error, sqlite3.Error):
        # Extended codes keep the primary one in their lowest byte; errors of the module have none.
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        return _DATABASE_REASONS.get(code, str(error))
    return _REASONS.get(error.errno or 0, error.strerror or str(error))


class CasebookError(Exception):
    """The root of all errors that a user can cause or mend."""


class SettingsError(CasebookError):
    """Settings cannot be used.

    Args:
        problems: everything that is wrong, at least one.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in problems))


class UnknownAudience(CasebookError):
    """An audience was asked for that the settings do not name.

    Args:
        found: what was asked for.
        known: the ids that exist, narrowest first.
    """

    def __init__(self, found: str, known: Sequence[str]) -> None:
        self.found = found
        self.known = tuple(known)
        names = "、".join(f"“{name}”" for name in known)
        super().__init__(f"没有受众“{found}”；casebook.toml 里有 {names}。")


class PathError(CasebookError):
    """A file or folder was named that is not there, or that is not in the library."""


class RenderError(CasebookError):
    """Markdown did not render within its time and memory."""


class PublishError(CasebookError):
    """A site or an index cannot be written where it was asked for."""


class LeakError(CasebookError):
    """A built site holds text that its audience must not see.

    Args:
        leaks: one line each: the file and what was found in it.
    """

    def __init__(self, leaks: Sequence[str]) -> None:
        self.leaks = tuple(leaks)
        shown = "\n".join(f"  {leak}" for leak in leaks[:20])
        super().__init__(
            f"泄漏检查发现 {len(leaks)} 处不该出现的内容，站点没有发布：\n{shown}\n"
            "请把该内容移到这个受众看不到的段落或文档里，再重新生成。"
        )


class SearchError(CasebookError):
    """The search index cannot be built, opened or asked."""


class IndexMissing(SearchError):
    """No usable index has been published for this audience."""


class EngineMissing(SearchError):
    """There is no such engine, or its library is not installed."""


class QueryRefused(SearchError):
    """A query is over its limits."""


class SearchTimeout(SearchError):
    """A query ran out of time."""
