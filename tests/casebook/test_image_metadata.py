"""What an image tells beside its picture is named; a broken file harms nobody."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image, ImageFile
from PIL.PngImagePlugin import PngInfo

from casebook.image_metadata import image_metadata

UNREADABLE = "图片读不出来：文件损坏，或者不是图片"


def picture() -> Image.Image:
    return Image.new("RGB", (4, 3), (200, 10, 10))


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


@pytest.mark.parametrize("ending", ["png", "jpg", "gif", "webp", "bmp", "tiff"])
def test_a_clean_picture_tells_nothing(tmp_path: Path, ending: str) -> None:
    file = tmp_path / f"a.{ending}"
    picture().save(file)
    assert image_metadata(file) == []


@pytest.mark.parametrize("ending", ["jpg", "webp", "png", "tiff"])
def test_exif_names_place_author_and_device(tmp_path: Path, ending: str) -> None:
    file = tmp_path / f"a.{ending}"
    exif = Image.Exif()
    exif[ExifTags.Base.Artist] = "WANG XIAOMING"
    exif[ExifTags.Base.Model] = "P 100"
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.BodySerialNumber] = "SN-42"
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.CameraOwnerName] = "WANG"
    gps = exif.get_ifd(ExifTags.IFD.GPSInfo)
    gps[ExifTags.GPS.GPSLatitudeRef] = "N"
    gps[ExifTags.GPS.GPSLatitude] = (22.0, 32.0, 1.0)
    picture().save(file, exif=exif.tobytes())
    told = image_metadata(file)
    assert {"作者", "设备型号", "相机序列号", "相机所有者", "拍摄位置（GPS）"} <= set(told)
    assert not any("WANG" in line or "22" in line or "SN-42" in line for line in told)


def test_gps_without_a_position_is_no_place(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSVersionID] = b"\2\3\0\0"
    picture().save(tmp_path / "a.jpg", exif=exif.tobytes())
    assert image_metadata(tmp_path / "a.jpg") == []


def test_png_text_chunks_are_named(tmp_path: Path) -> None:
    info = PngInfo()
    info.add_text("Author", "王小明")
    info.add_itxt("Comment", "客户电话", zip=True)
    info.add_text("anything", "x")
    picture().save(tmp_path / "a.png", pnginfo=info)
    assert image_metadata(tmp_path / "a.png") == ["作者", "备注", "文字备注"]


def test_a_png_text_after_the_pixels_is_found(tmp_path: Path) -> None:
    file = tmp_path / "a.png"
    picture().save(file)
    content = file.read_bytes()
    end = content.rindex(b"IEND") - 4
    file.write_bytes(content[:end] + chunk(b"tEXt", b"Author\0WANG") + content[end:])
    assert image_metadata(file) == ["作者"]


def test_comments_of_jpeg_and_gif(tmp_path: Path) -> None:
    picture().save(tmp_path / "a.jpg", comment=b"call 139")
    picture().save(tmp_path / "a.gif", comment=b"call 139")
    assert image_metadata(tmp_path / "a.jpg") == ["备注"]
    assert image_metadata(tmp_path / "a.gif") == ["备注"]


def test_xmp(tmp_path: Path) -> None:
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><creator>W</creator></x:xmpmeta>'
    picture().save(tmp_path / "a.jpg", xmp=xmp)
    picture().save(tmp_path / "a.webp", xmp=xmp)
    assert image_metadata(tmp_path / "a.jpg") == ["XMP 数据块"]
    assert image_metadata(tmp_path / "a.webp") == ["XMP 数据块"]


def test_iptc(tmp_path: Path) -> None:
    def entry(record: int, dataset: int, value: bytes) -> bytes:
        return struct.pack(">BBBH", 0x1C, record, dataset, len(value)) + value

    data = entry(2, 80, b"WANG") + entry(2, 90, b"SHENZHEN")
    resource = b"8BIM\x04\x04\0\0" + struct.pack(">I", len(data)) + data + b"\0" * (len(data) % 2)
    segment = b"Photoshop 3.0\0" + resource
    file = tmp_path / "a.jpg"
    picture().save(file)
    content = file.read_bytes()
    app13 = b"\xff\xed" + struct.pack(">H", len(segment) + 2) + segment
    file.write_bytes(content[:2] + app13 + content[2:])
    assert image_metadata(file) == ["作者", "城市"]


@pytest.mark.parametrize(
    "content", [b"", b"text", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF89a"]
)
def test_what_is_no_picture_is_said_to_be_unreadable(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.png").write_bytes(content)
    assert image_metadata(tmp_path / "a.png") == [UNREADABLE]


def test_a_missing_file_is_unreadable(tmp_path: Path) -> None:
    assert image_metadata(tmp_path / "none.png") == [UNREADABLE]
    assert image_metadata(tmp_path) == [UNREADABLE]


def test_a_picture_that_claims_to_be_huge_is_never_decoded(tmp_path: Path) -> None:
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    content = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"tEXt", b"Author\0W")
    content += chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
    (tmp_path / "a.png").write_bytes(content)
    assert image_metadata(tmp_path / "a.png") == ["图片的像素太多，没有检查元数据；请先缩小"]


@pytest.mark.parametrize("ending", ["png", "jpg", "gif", "webp", "tiff"])
def test_pixels_are_never_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    picture().save(tmp_path / f"a.{ending}")

    def refuse(self: ImageFile.ImageFile) -> None:
        raise AssertionError("pixels were asked for")

    monkeypatch.setattr(ImageFile.ImageFile, "load", refuse)
    assert image_metadata(tmp_path / f"a.{ending}") == []


def test_a_text_bomb_is_not_unpacked(tmp_path: Path) -> None:
    bomb = chunk(b"zTXt", b"Author\0\0" + zlib.compress(b"x" * 100_000_000))
    file = tmp_path / "a.png"
    picture().save(file)
    content = file.read_bytes()
    file.write_bytes(content[:33] + bomb + content[33:])
    # What prints booklets makes the image library take damaged files as far as they go.
    assert image_metadata(file) in ([UNREADABLE], ["作者"])


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 2000), value=st.binary(min_size=1, max_size=6))
def test_a_damaged_file_raises_nothing(tmp_path: Path, place: int, value: bytes) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Artist] = "W"
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitudeRef] = "N"
    for ending in ("jpg", "png", "tiff", "webp"):
        file = tmp_path / f"a.{ending}"
        picture().save(file, exif=exif.tobytes())
        content = bytearray(file.read_bytes())
        place %= len(content)
        content[place : place + len(value)] = value
        file.write_bytes(content)
        assert all(isinstance(line, str) for line in image_metadata(file))
