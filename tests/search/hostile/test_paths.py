"""No address leads out of the folder that it is meant for, however it is written."""

from __future__ import annotations

import pytest

from tests.search.hostile.conftest import Start

SECRET = "机密文件的内容"
UP = (
    "..",
    "%2e%2e",
    "%2E%2E",
    ".%2e",
    "%252e%252e",
    "..%00",
    "%c0%ae%c0%ae",
    "%uff0e%uff0e",
    "．．",
    "..;",
    "....//..",
)
SLASH = ("/", "%2f", "%5c", "\\", "//", "/./")
BELOW = ("site", "static", "write/static", "write/cms/3.14.0", "site/faq")
WHOLE = (
    "/site//{secret}",
    "/site/{secret}",
    "/site/%2f{secret}",
    "//{secret}",
    "/site/faq/{secret}",
    "/site/file:{secret}",
    "/site/linked.txt",
    "/site/linked/secret.txt",
    "/site/../../secret.txt",
    "/site/faq/../../secret.txt",
    "/site-neighbour/secret.txt",
    "/site/..site-neighbour/secret.txt",
    "/site/SECRET.TXT",
    "/site/index.html%00.txt",
    "/site/.git/config",
    "/site/.hidden",
)


def targets(secret: str) -> list[str]:
    climbing = [
        f"/{below}/{slash.join([up] * depth)}{slash}secret.txt"
        for below in BELOW
        for up in UP
        for slash in SLASH
        for depth in (1, 2, 3)
    ]
    return [*climbing, *(one.format(secret=secret.lstrip("/")) for one in WHOLE)]


@pytest.mark.parametrize("audience", ["agent", "dealer"])
def test_no_address_leads_out_of_its_folder(audience: str, start: Start) -> None:
    service = start(audience)
    folder = service.site.parent
    neighbour = folder / "site-neighbour"
    for place in (folder, folder.parent, neighbour):
        place.mkdir(exist_ok=True)
        (place / "secret.txt").write_text(SECRET, encoding="utf-8")
    for link, target in (("linked.txt", folder / "secret.txt"), ("linked", neighbour)):
        (service.site / link).unlink(missing_ok=True)
        (service.site / link).symlink_to(target)
    asked = targets(str(folder / "secret.txt"))
    assert len(asked) > 900
    for target in asked:
        request = f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
        answer = service.send(request.encode())
        status = int(answer.split(b" ", 2)[1])
        assert status in {200, 301, 308, 400, 404}, (target, status)
        assert SECRET.encode() not in answer, target
        if status in {301, 308}:
            place = answer.lower().split(b"location: ", 1)[1].split(b"\r\n", 1)[0]
            assert not place.startswith((b"//", b"http://evil")), target
    assert service.is_alive
