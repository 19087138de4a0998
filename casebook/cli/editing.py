"""The command that fetches the editor."""

from __future__ import annotations

from pathlib import Path

import click

from casebook.cli.common import Command, library_option, say
from casebook.errors import PathError, reason


@click.command(cls=Command)
@click.option(
    "--from",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="用已经下载好的 npm 包，不连网络。",
)
@library_option
def editor(file: Path | None, root: Path) -> None:
    """取来浏览器里的编辑器：核对以后放进 build/editor，服务的 /write/ 就能用。

    已经有了就什么也不做。npm_config_registry 指定别的 npm 源。

    例：
    casebook editor
    casebook editor --from decap-cms-3.16.3.tgz
    """
    from search.editor import package

    folder = package.folder_of(root)
    if package.is_installed(folder):
        say(f"编辑器（{package.NAME} {package.VERSION}）已经在 {folder}。")
        return
    if file:
        try:
            content = file.read_bytes()
        except OSError as error:
            raise PathError(f"读不了“{file}”（{reason(error)}）；检查写法和权限。") from None
    else:
        address = package.package_address()
        say(f"正在取编辑器：{address}（约 16 MB）")
        content = package.download(address)
    package.install(content, folder)
    say(f"编辑器（{package.NAME} {package.VERSION}）放在 {folder}。")
