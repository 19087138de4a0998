"""Personal data never reaches a file, a log or an error: not whole, and not half typed."""

from __future__ import annotations

import logging
import re
from pathlib import Path

import pytest

from search.journal import opening, storage
from search.journal.journal import Journal
from search.journal.masking import masked_question
from tests.search.journal.conftest import Clock, found, raw_bytes

# What is asked, what stands for it, and what must stand nowhere.
PERSONAL = (
    ("查13912345678的欠费", "查〔手机号码〕的欠费", "13912", "2345678"),
    ("查１３９１２３４５６７８的欠费", "查〔手机号码〕的欠费", "１３９１２", "13912"),
    ("139 1234 5678停机了", "〔手机号码〕停机了", "1234 5678", "139 1234"),
    ("139-1234-5678停机了", "〔手机号码〕停机了", "1234-5678", "139-1234"),
    ("139:1234:5678 欠费", "〔号码〕 欠费", "139:1234", "1234:5678"),
    ("139：1234：5678欠费", "〔号码〕欠费", "139：1234", "1234:5678"),
    ("139*1234*5678欠费", "〔号码〕欠费", "139*1234", "1234*5678"),
    ("139 ~ 1234 ~ 5678欠费", "〔号码〕欠费", "139 ~ 1234", "1234 ~ 5678"),
    ("139+1234+5678欠费", "〔号码〕欠费", "139+1234", "1234+5678"),
    ("139｜1234｜5678欠费", "〔号码〕欠费", "139｜1234", "1234|5678"),
    ("139；1234；5678欠费", "〔号码〕欠费", "139；1234", "1234;5678"),
    ("139。1234。5678欠费", "〔号码〕欠费", "139。1234", "1234。5678"),
    ("139……1234……5678欠费", "〔号码〕欠费", "139……1234", "1234……5678"),
    ("139'1234’5678欠费", "〔号码〕欠费", "139'1234", "1234’5678"),
    ("139~12:34~5678欠费", "〔号码〕欠费", "12:34~5678", "34~5678"),
    ("①③⑨①②③④⑤⑥⑦⑧停机", "〔手机号码〕停机", "①③⑨①②", "13912"),
    ("一三九一二三四五六七八停机", "〔手机号码〕停机", "一三九一二", "四五六七八"),
    ("+8613912345678漫游", "〔手机号码〕漫游", "8613912", "13912"),
    ("座机02087654321没有声音", "座机〔固定电话〕没有声音", "02087", "87654"),
    ("身份证110101199003071233过户", "身份证〔身份证号码〕过户", "11010119", "90030712"),
    ("退到6222021234567890128", "退到〔银行卡号〕", "62220212", "67890128"),
    ("发票发到wang.xiao@example-mail.com", "发票发到〔电子邮箱〕", "xiao@ex", "@example"),
    ("粤B12345停在机房门口", "〔车牌号码〕停在机房门口", "粤B123", "12345"),
    ("微信号wangxm_88加一下", "微信号〔微信或 QQ 号〕加一下", "wangxm", "xm_88"),
    ("护照E12345678能开户吗", "护照〔护照或通行证号码〕能开户吗", "E12345", "345678"),
    ("我叫王小明要销户", "我叫〔姓名〕要销户", "王小明", "小明"),
    ("客户李建国要求退款", "客户〔姓名〕要求退款", "李建国", "建国"),
    ("住幸福路35号2单元601装宽带", "住〔住址〕装宽带", "35号2单元", "单元601"),
    ("订单SF1391234567到哪了", "订单〔号码〕到哪了", "SF13912", "91234567"),
    ("ICCID89860123456789012345换卡", "〔号码〕换卡", "898601", "9012345"),
)
STAYS = (
    "欠费停机多久能恢复",
    "10086打不通",
    "拨打12345和12315投诉",
    "95588发来的短信",
    "96333是什么号",
    "4008108888是你们吗",
    "400-810-8888是你们吗",
    "5G畅享129套餐",
    "59元、89元、129元套餐有什么区别",
    "1000兆宽带多少钱",
    "192.168.1.1打不开",
    "云WiFi怎么开通",
    "微信wifi连不上",
    "iPhone15不支持VoLTE",
    "12月31日停机",
    "300G流量用了100G",
    "9:00-17:30营业吗",
    "9：00～17：30营业吗",
    "8:30~12:00；14:00~17:30营业吗",
    "12/31 23:59停机",
    "11-25 9:00:00开始故障",
    "2026年11月25日20:00。129套餐几点生效",
    "129+59+39一共多少钱",
    "1000~2000元的合约机",
    "59、89、129、199套餐有什么区别",
    "剩余流量100。1000分钟用完了",
    "2026~2027年的优惠",
    "拨10086：1转人工；12315也打过",
    "192.168.1.1:8080打不开",
    "李先生说没有收到",
)


@pytest.mark.parametrize(("text", "masked"), [(one[0], one[1]) for one in PERSONAL])
def test_what_names_somebody_is_replaced_by_its_kind(text: str, masked: str) -> None:
    assert masked_question(text) == masked


@pytest.mark.parametrize("text", STAYS)
def test_what_names_nobody_stays(text: str) -> None:
    assert masked_question(text) == text


@pytest.mark.parametrize(
    "text", ["13912", "139123", "1391234567", "139 1234", "查139-1234-567", "139:1234"]
)
def test_half_a_number_goes_too(text: str) -> None:
    masked = masked_question(text)
    assert masked.endswith("〔号码〕")
    assert not re.search("[0-9]", masked)


def test_a_number_that_the_library_names_stays() -> None:
    def is_known(number: str) -> bool:
        return number == "118114"

    assert masked_question("拨118114查号", is_known) == "拨118114查号"
    assert masked_question("拨118115查号", is_known) == "拨〔号码〕查号"


def test_masking_again_changes_nothing() -> None:
    for text in (*(one[0] for one in PERSONAL), *STAYS):
        once = masked_question(text)
        assert masked_question(once) == once


def sweep(folder: Path, secrets: set[str]) -> list[tuple[str, str]]:
    """The secrets that stand in files below a folder, in any encoding that may be used."""
    return [
        (path.name, secret)
        for path, data in raw_bytes(folder).items()
        for secret in secrets
        for encoding in ("utf-8", "utf-16-le", "unicode_escape")
        if secret.encode(encoding) in data
    ]


def test_the_folder_and_the_log_never_hold_what_was_typed(
    journal: Journal,
    clock: Clock,
    file: Path,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    secrets = {secret for _, _, *secrets in PERSONAL for secret in secrets}
    # Letters before an @ are an address only once the @ is there.
    starts = {"发票发到wang.xiao@example-mail.com": 14, "微信号wangxm_88加一下": 6}
    for number, (text, *_) in enumerate(PERSONAL):
        for stop in range(starts.get(text, 1), len(text) + 1):
            clock.now += 0.2
            journal.ask(found(text[:stop], "faq-a"), "page", f"visit-{number:04}")
        journal.ask(found(text, "faq-a"), "api", "")
    journal.flush()
    assert any(path.name.endswith("-wal") for path in raw_bytes(tmp_path))
    assert not sweep(tmp_path, secrets)
    database = opening.connect(file)
    storage.settle(database, int((clock.now + 120) * 1000))
    database.close()
    texts = [question.text for question in journal.questions()]
    # Each question is there twice: as it was typed, and at once.
    assert sorted(texts) == sorted([masked for _, masked, *_ in PERSONAL] * 2)
    journal.close()
    assert not sweep(tmp_path, secrets)
    assert not [secret for secret in secrets if secret in caplog.text]


def test_an_error_says_nothing_of_what_was_typed(
    journal: Journal, file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file.parent.parent.mkdir(parents=True)
    file.parent.write_text("in the way", encoding="utf-8")
    journal.ask(found("查13912345678的欠费", "faq-a"), "page", "visit-one")
    journal.close()
    assert "检索日志写不进" in caplog.text
    assert "欠费" not in caplog.text
    assert "13912" not in caplog.text


def test_what_is_folded_is_gone_from_every_file(journal: Journal, clock: Clock, file: Path) -> None:
    for text in ("王晓", "王晓的宽带"):
        clock.now += 0.2
        journal.ask(found(text), "page", "visit-one")
    journal.ask(found("别的问题"), "api", "")
    journal.flush()
    database = opening.connect(file)
    storage.settle(database, int((clock.now + 120) * 1000))
    storage.forget(database)
    found_in = [path.name for path, data in raw_bytes(file.parent).items() if b"visit-one" in data]
    database.close()
    assert found_in == []
