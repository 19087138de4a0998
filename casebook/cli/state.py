"""The commands that keep what the services learn: backup and restore."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from casebook.cli.common import (
    Command,
    audiences_option,
    chosen_audiences,
    library_option,
    say,
    state_folder,
)
from casebook.settings import load_settings


@click.command(cls=Command)
@audiences_option
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="写到这个文件；不写就是知识库里的 build/backups/时间.zip。",
)
@library_option
def backup(audience: str | None, out: Path | None, root: Path) -> None:
    """备份：把服务记下的东西（提问记录、任务、通知、令牌、审计日志）存成一个文件，服务不用停。

    登录用的密钥不在里面：恢复以后大家重新登录一次。备份里有个人的名字和令牌的摘要，收好它。
    洞察的汇总也不在里面：会重新生成。

    例：
    casebook backup --out /var/backups/casebook.zip
    """
    from casebook.state import back_up

    settings = load_settings(root)
    folders = [state_folder(root, settings, one) for one in chosen_audiences(settings, audience)]
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    file = out or root / "build" / "backups" / f"{stamp}.zip"
    made = back_up(folders, file)
    size = file.stat().st_size
    say(f"备份了 {'、'.join(made.audiences)} 的 {len(made.files)} 个文件，{size:,} 字节：{file}")


@click.command(cls=Command)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@audiences_option
@click.option("--force", is_flag=True, help="服务正在运行也恢复；那一刻记下的会丢。")
@library_option
def restore(file: Path, audience: str | None, force: bool, root: Path) -> None:
    """恢复：用备份里的状态换掉现在的；现在的留在旁边。先停掉服务。

    作废过的令牌仍然作废，退出过的登录仍然无效；现在的状态里没有记着的，会说出来。

    例：
    casebook restore /var/backups/casebook.zip --audience agent
    """
    from casebook.state import restore as put_back
    from search.access.carrying import carry_over

    unknown: list[str] = []

    def carry(replaced: Path, fresh: Path) -> None:
        unknown.extend(f"{replaced.name} 的 {one}" for one in carry_over(replaced, fresh))

    settings = load_settings(root)
    chosen = [settings.audience(audience).id] if audience else []
    old = put_back(
        file,
        lambda name: state_folder(root, settings, settings.audience(name)),
        chosen,
        carry=carry,
        force=force,
    )
    for name, place in old.items():
        say(f"恢复了 {name} 的状态。" + (f"原来的在 {place}" if place else "原来没有。"))
    if unknown:
        say(
            f"这些令牌原来的状态里没有：{'、'.join(unknown)}。备份以后要是作废过，现在又能用了："
            "用 casebook token list --audience 受众 看一遍，不该有的用 casebook token revoke 作废。"
        )
