"""A foreign file → entries, in a child process that can be killed."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from pathlib import Path

from casebook.errors import reason
from casebook.importing.blocks import Converted, from_plain
from casebook.importing.limits import MAX_FILE, MEMORY, SECONDS, Unreadable

SUFFIXES = (
    ".docx",
    ".docm",
    ".xlsx",
    ".xlsm",
    ".xls",
    ".csv",
    ".pdf",
    ".html",
    ".htm",
    ".json",
    ".xml",
    ".zip",
    ".md",
    ".txt",
)
_HINTS = {
    ".doc": "这是旧的 .doc；用 Word 打开，另存为 .docx 再导入。",
    ".wps": "这是 WPS 的 .wps；用 WPS 打开，另存为 .docx 再导入。",
    ".et": "这是 WPS 的 .et；用 WPS 打开，另存为 .xlsx 再导入。",
    ".ppt": "幻灯片不能导入；把文字存成 .docx 再导入。",
    ".pptx": "幻灯片不能导入；把文字存成 .docx 再导入。",
}


def read_foreign(file: Path, seconds: float = SECONDS, memory: int = MEMORY) -> Converted:
    """Reads one foreign file.

    Args:
        file: where it is.
        seconds: the longest that it may take.
        memory: the child's address space in bytes.

    Raises:
        Unreadable: it gives nothing, and why.
    """
    _check(file)
    command = [sys.executable, "-P", "-m", "casebook.importing.converting", str(file.resolve())]
    try:
        done = subprocess.run(
            [*command, str(memory), str(int(seconds) + 1)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Unreadable(f"读了 {seconds:g} 秒还没有读完；拆成几个文件再导入。") from None
    try:
        answer = json.loads(done.stdout)
    except ValueError:
        reason = "内存用完或文件损坏" if done.returncode else "没有结果"
        raise Unreadable(f"读到一半停了（{reason}）；另存一份，或拆成几个文件再导入。") from None
    if "error" in answer:
        raise Unreadable(answer["error"])
    return Converted([from_plain(entry) for entry in answer["entries"]], answer["left_out"])


def _check(file: Path) -> None:
    """Refuses what is not a plain file of some size and of a known kind."""
    if file.is_dir():
        raise Unreadable(f"这是文件夹；写出里面的文件，如 {file.name}/*.docx。")
    suffix = file.suffix.lower()
    if suffix not in SUFFIXES:
        known = "、".join(SUFFIXES)
        raise Unreadable(_HINTS.get(suffix, f"不认识扩展名“{suffix}”；可以导入的是 {known}。"))
    try:
        info = file.stat()
        if stat.S_ISREG(info.st_mode):
            with file.open("rb"):
                pass
    except OSError as error:
        raise Unreadable(f"读不了：{reason(error)}；检查文件是否还在、权限是否可读。") from None
    if not stat.S_ISREG(info.st_mode):
        raise Unreadable("这不是普通文件；放真正的文件，不要放文件夹、管道或设备。")
    if info.st_size > MAX_FILE:
        raise Unreadable(
            f"文件有 {info.st_size // 1024 // 1024} MB，超过 {MAX_FILE // 1024 // 1024} MB；"
            "拆成几个文件再导入。"
        )
    if not info.st_size:
        raise Unreadable("文件是空的。")
