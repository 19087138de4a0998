"""The CMS's files: one pinned npm package, checked, and only what a browser loads of it."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import re
import shutil
import tarfile
import tempfile
from http.client import HTTPException
from pathlib import Path
from urllib.request import Request, urlopen

from casebook.errors import PublishError, reason

NAME = "decap-cms"
VERSION = "3.16.3"
# Of the package as the registry serves it: `npm view decap-cms@3.16.3 dist.integrity`.
INTEGRITY = (
    "sha512-hf+dPlCh7TJmWl8+6VRzHYOWhri5xgUknrZbDewa"
    "We4s9B7xJ8PQugp2QHeSldMUKzav6+z0oIpwUYhUJDYtYw=="
)
SCRIPT = "decap-cms.js"
REGISTRY = "https://registry.npmjs.org"
# The script, the parts that it loads when they are needed, and their licences.
_SERVED = re.compile(r"package/dist/((?:\d+\.)?decap-cms\.js(?:\.LICENSE\.txt)?)")
_MAX_BYTES = 64 * 1024 * 1024
_SECONDS = 20


def folder_of(library: Path) -> Path:
    """Where a library keeps the CMS's files of this version."""
    return library / "build" / "editor" / VERSION


def is_installed(folder: Path) -> bool:
    """Whether the files are there; they appear all at once."""
    return (folder / SCRIPT).is_file()


def package_address() -> str:
    """Where the package is; ``npm_config_registry`` names another registry, as it does for npm."""
    registry = os.environ.get("npm_config_registry") or REGISTRY  # noqa: SIM112  (npm's spelling)
    return f"{registry.rstrip('/')}/{NAME}/-/{NAME}-{VERSION}.tgz"


def download(address: str) -> bytes:
    """Fetches the package.

    Args:
        address: of the package in a registry.

    Raises:
        PublishError: it cannot be had; says what to do without a network.
    """
    if not address.startswith(("http://", "https://")):
        raise PublishError(f"npm_config_registry 要写成网址，现在取的是“{address}”。")
    request = Request(address, headers={"User-Agent": "casebook"})  # noqa: S310  (checked above)
    held = io.BytesIO()
    try:
        with urlopen(request, timeout=_SECONDS) as response:  # noqa: S310
            while part := response.read(1 << 20):
                held.write(part)
                if held.tell() > _MAX_BYTES:
                    raise PublishError(f"{address} 给的文件超过 {_MAX_BYTES} 字节，不像是它。")
    except (OSError, HTTPException, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        raise PublishError(
            f"取不到编辑器（{address}：{reason}）。检查网络；"
            "公司有 npm 镜像时设 npm_config_registry；"
            f"没有网络时在别的机器上运行 npm pack {NAME}@{VERSION}，拷来以后用 "
            f"casebook editor --from {NAME}-{VERSION}.tgz。检索和站点不受影响。"
        ) from None
    return held.getvalue()


def install(package: bytes, folder: Path) -> None:
    """Checks the package and unpacks what is served, all at once.

    Args:
        package: the package as the registry serves it.
        folder: where the files go; what was there before is replaced.

    Raises:
        PublishError: it is not the pinned package, or the folder cannot be written.
    """
    found = "sha512-" + base64.b64encode(hashlib.sha512(package).digest()).decode()
    if found != INTEGRITY:
        raise PublishError(
            f"编辑器的文件不对：应当是 {NAME} {VERSION}（{INTEGRITY}），"
            f"收到的是 {found}；没有安装。"
            "换一个 npm 源再试。"
        )
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as aside:
            unpacked = Path(aside) / folder.name
            unpacked.mkdir()
            _unpack(package, unpacked)
            shutil.rmtree(folder, ignore_errors=True)
            unpacked.rename(folder)
    except OSError as error:
        raise PublishError(f"写不了 {folder}：{reason(error)}。检查文件夹的权限。") from None


def _unpack(package: bytes, folder: Path) -> None:
    """Writes the served files; names come from a pattern, so none leads out of the folder."""
    with tarfile.open(fileobj=io.BytesIO(package), mode="r:gz") as archive:
        for member in archive:
            name = _SERVED.fullmatch(member.name)
            content = archive.extractfile(member) if name and member.isfile() else None
            if name and content:
                (folder / name[1]).write_bytes(content.read())
