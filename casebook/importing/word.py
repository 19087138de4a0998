"""Word → blocks. mammoth keeps headings, lists and tables; what it leaves aside is read here."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from xml.parsers.expat import ExpatError

from casebook.importing.blocks import Converted, Entry
from casebook.importing.limits import MAX_PARTS, MAX_UNPACKED, UNSAFE, Unreadable
from casebook.importing.webpages import read_html

_STYLES = """
p[style-name='Title'] => h1:fresh
p[style-name='标题'] => h1:fresh
p[style-name='Subtitle'] => p > strong:fresh
comment-reference => sup
"""
_TEXT = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


def read_word(file: Path) -> Converted:
    """A Word file, .docx."""
    import mammoth  # noqa: PLC0415
    from defusedxml import DefusedXmlException  # noqa: PLC0415

    parts = check_package(file, "word/document.xml", "Word")
    try:
        with file.open("rb") as opened:
            result = mammoth.convert_to_html(
                opened,
                style_map=_STYLES,
                include_embedded_style_map=False,
                convert_image=mammoth.images.img_element(lambda _: {"src": ""}),
            )
    except DefusedXmlException:
        raise Unreadable(UNSAFE) from None
    except (
        ExpatError,
        ValueError,
        KeyError,
        LookupError,
        AttributeError,
        zipfile.BadZipFile,
    ) as error:
        raise Unreadable(
            f"不是完好的 Word 文件（{type(error).__name__}）；用 Word 打开，另存一份再导入。"
        ) from None
    blocks, pictures, _ = read_html(result.value)
    margins = list(dict.fromkeys(filter(None, (_words(file, part) for part in parts))))
    aside = [*(f"页眉页脚：{words}" for words in margins), *picture_notes(pictures)]
    found = Converted([Entry(blocks=tuple(blocks), aside=tuple(aside))])
    if any(part.endswith("vbaProject.bin") for part in parts):
        found.left_out.append("文件里的宏没有导入，也没有运行。")
    if _numbered_articles(file, parts):
        found.left_out.append(
            "“第×条”是 Word 的自动编号，编号没有读出来；在 Word 里复制全文，选择性粘贴为"
            "“无格式文本”，另存后再导入，条号就在了。"
        )
    return found


def picture_notes(pictures: list[str]) -> list[str]:
    """The note about pictures that were left out."""
    return [f"图片没有导入，共 {len(pictures)} 张：{'、'.join(pictures)}"] if pictures else []


def check_package(file: Path, main: str, what: str) -> list[str]:
    """The names of the parts of a zipped file, refused when it is broken, locked or a bomb."""
    with file.open("rb") as opened:
        head = opened.read(8)
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise Unreadable(
            f"文件有密码，或是旧格式；用 {what} 打开，去掉密码，另存为新格式，再导入。"
        )
    try:
        with zipfile.ZipFile(file) as package:
            parts = package.infolist()
    except (zipfile.BadZipFile, OSError, ValueError):
        raise Unreadable(
            f"不是完好的 {what} 文件；检查扩展名，或重新下载、另存一份再导入。"
        ) from None
    size = sum(part.file_size for part in parts)
    if size > MAX_UNPACKED or len(parts) > MAX_PARTS:
        raise Unreadable(
            f"解压后有 {size // 1024 // 1024} MB、{len(parts)} 个部分，"
            f"超过 {MAX_UNPACKED // 1024 // 1024} MB 或 {MAX_PARTS} 个；拆成几个文件再导入。"
        )
    names = [part.filename for part in parts]
    if main not in names:
        raise Unreadable(f"里面没有 {main}，不是 {what} 文件；检查扩展名。")
    return names


def _words(file: Path, part: str) -> str:
    """The text of a header or footer; nothing for other parts."""
    from defusedxml.ElementTree import iterparse  # noqa: PLC0415

    if not part.startswith(("word/header", "word/footer")) or not part.endswith(".xml"):
        return ""
    with zipfile.ZipFile(file) as package:
        content = io.BytesIO(package.read(part))
    texts: list[str] = []
    for _, element in iterparse(content):
        if element.tag == f"{_TEXT}t":
            texts.append(element.text or "")
        elif element.tag in (f"{_TEXT}p", f"{_TEXT}tab"):
            texts.append(" ")
    return " ".join("".join(texts).split())


def _numbered_articles(file: Path, parts: list[str]) -> bool:
    if "word/numbering.xml" not in parts:
        return False
    with zipfile.ZipFile(file) as package:
        return "第%1条".encode() in package.read("word/numbering.xml")
