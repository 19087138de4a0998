"""What an image file tells beside its picture: place, author, device, comments.

Only headers are read, never pixels: a file that claims to be a million pixels wide costs nothing.
Values are named and not shown, for they may be personal data themselves.
"""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from PIL import ExifTags, Image, ImageFile, IptcImagePlugin, UnidentifiedImageError

MAX_BYTES = 64 * 1024 * 1024
_UNREADABLE = "图片读不出来：文件损坏，或者不是图片"
_TOO_MANY_PIXELS = "图片的像素太多，没有检查元数据；请先缩小"
_BASE = {
    ExifTags.Base.Artist: "作者",
    ExifTags.Base.Copyright: "版权人",
    ExifTags.Base.ImageDescription: "图片说明",
    ExifTags.Base.Make: "设备厂商",
    ExifTags.Base.Model: "设备型号",
    ExifTags.Base.Software: "处理软件",
    ExifTags.Base.HostComputer: "所用电脑",
    ExifTags.Base.DateTime: "修改时间",
    ExifTags.Base.XPAuthor: "作者",
    ExifTags.Base.XPComment: "备注",
    ExifTags.Base.XPTitle: "标题",
    ExifTags.Base.XPSubject: "主题",
    ExifTags.Base.XPKeywords: "关键词",
}
_DETAILS = {
    ExifTags.Base.DateTimeOriginal: "拍摄时间",
    ExifTags.Base.DateTimeDigitized: "拍摄时间",
    ExifTags.Base.CameraOwnerName: "相机所有者",
    ExifTags.Base.BodySerialNumber: "相机序列号",
    ExifTags.Base.LensSerialNumber: "镜头序列号",
    ExifTags.Base.ImageUniqueID: "图片唯一编号",
    ExifTags.Base.UserComment: "备注",
    ExifTags.Base.MakerNote: "厂商私有数据",
}
_IPTC = {
    (2, 5): "标题",
    (2, 25): "关键词",
    (2, 55): "拍摄时间",
    (2, 80): "作者",
    (2, 90): "城市",
    (2, 92): "地点",
    (2, 95): "省份",
    (2, 101): "国家",
    (2, 116): "版权人",
    (2, 118): "联系方式",
    (2, 120): "图片说明",
    (2, 122): "说明的作者",
}
# What a picture needs to be shown, and says nothing about anybody.
_HARMLESS = frozenset(
    "jfif jfif_version jfif_unit jfif_density dpi adobe adobe_transform progressive progression"
    " gamma srgb chromaticity transparency background interlace aspect duration loop version"
    " extension timestamp compression bbox icc_profile exif photoshop default_image disposal blend"
    " mp mpoffset mp_version sizes lossless quality".split()
)
_TEXT_NAMES = {
    "author": "作者",
    "artist": "作者",
    "creator": "作者",
    "copyright": "版权人",
    "comment": "备注",
    "description": "图片说明",
    "title": "标题",
    "software": "处理软件",
    "source": "设备来源",
    "creation time": "制作时间",
    "gpsposition": "拍摄位置（GPS）",
}
# What a broken file makes Pillow raise.
_BROKEN = (
    UnidentifiedImageError,
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    OverflowError,
    EOFError,
    struct.error,
    zlib.error,
    MemoryError,
    RecursionError,
)


def image_metadata(file: Path) -> list[str]:
    """What the metadata of an image tell, in Chinese, without the values.

    Args:
        file: an image.

    Returns:
        Names such as ``拍摄位置（GPS）`` or ``作者``, each once; empty when it tells nothing.
        A file that cannot be read gives one line that says so.
    """
    try:
        size = file.stat().st_size
        if size > MAX_BYTES:
            return [f"图片太大（{size // 1024 // 1024} MB），没有检查元数据；请先压缩"]
        content = file.read_bytes()
    except OSError:
        return [_UNREADABLE]
    return list(dict.fromkeys(_told(content)))


def _told(content: bytes) -> list[str]:
    found: list[str] = []
    try:
        with warnings.catch_warnings():
            # Many pixels are worth a warning to Pillow; here they are never decoded.
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(content)) as image:
                for facts in (_exif, _iptc, _texts):
                    found += facts(image)
    except Image.DecompressionBombError:
        found.append(_TOO_MANY_PIXELS)
    except _BROKEN:
        # What was told before the fault counts all the same.
        found.append(_UNREADABLE)
    if _has_xmp(content):
        found.append("XMP 数据块")
    return found


def _exif(image: ImageFile.ImageFile) -> Iterator[str]:
    exif = _png_exif(image) if image.format == "PNG" else image.getexif()
    yield from _named(exif, _BASE)
    yield from _named(exif.get_ifd(ExifTags.IFD.Exif), _DETAILS)
    if any(tag != ExifTags.GPS.GPSVersionID for tag in exif.get_ifd(ExifTags.IFD.GPSInfo)):
        yield "拍摄位置（GPS）"


def _named(values: Mapping[int, Any], names: Mapping[Any, str]) -> Iterator[str]:
    return (name for tag, name in names.items() if _says_something(values.get(tag)))


def _says_something(value: object) -> bool:
    if isinstance(value, bytes):
        # A comment begins with the name of its encoding, which alone says nothing.
        return bool(value.removeprefix(b"ASCII").removeprefix(b"UNICODE").strip(b"\0 "))
    return bool(str(value).strip("\0 ")) if value is not None else False


def _iptc(image: ImageFile.ImageFile) -> Iterator[str]:
    for key in IptcImagePlugin.getiptcinfo(image) or {}:
        if key[0] == 2 and key != (2, 0):  # noqa: PLR2004  # record 2 is about the picture
            yield _IPTC.get(key, "IPTC 数据")


def _texts(image: ImageFile.ImageFile) -> Iterator[str]:
    """Text chunks and comments; PNG keeps them in any number, also after the pixels."""
    texts: dict[Any, Any] = dict(image.info)
    if image.format == "PNG":
        texts |= {
            name.decode("latin-1"): text
            for kind, data in _png_chunks(image.fp)
            if kind in {b"tEXt", b"zTXt", b"iTXt"}
            for name, _, text in [data.partition(b"\0")]
        }
    for key, value in texts.items():
        name = str(key).lower()
        if name in _HARMLESS or not isinstance(value, str | bytes) or not value:
            continue
        if name == "xmp" or name.startswith("xml:"):
            yield "XMP 数据块"
        elif name.startswith("raw profile type"):
            yield "EXIF 或 IPTC 数据块"
        else:
            yield _TEXT_NAMES.get(name, "文字备注")


def _png_exif(image: ImageFile.ImageFile) -> Image.Exif:
    """As ``getexif``, which would decode the pixels of a PNG to come to what stands after them."""
    exif = Image.Exif()
    for kind, data in _png_chunks(image.fp):
        if kind == b"eXIf":
            exif.load(data)
    return exif


def _png_chunks(stream: Any) -> Iterator[tuple[bytes, bytes]]:
    """All chunks of a PNG but the pixels, as they are stored."""
    stream.seek(8)
    while len(head := stream.read(8)) == 8:  # noqa: PLR2004
        length, kind = struct.unpack(">I4s", head)
        if kind == b"IDAT":
            stream.seek(length, io.SEEK_CUR)
        else:
            yield kind, stream.read(length)
        stream.seek(4, io.SEEK_CUR)


def _has_xmp(content: bytes) -> bool:
    return b"<x:xmpmeta" in content or b"http://ns.adobe.com/xap/1.0/" in content
