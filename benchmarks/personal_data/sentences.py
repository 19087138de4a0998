"""Lines with personal data, and clean lines that look as if they had some."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

from benchmarks.personal_data.values import (
    VALUES,
    bank_card,
    cut,
    digits,
    id_card,
    name,
    plate,
)
from casebook.personal_data import PersonalKind

# The carriers of each kind; {} is where the value stands.
_PHONES = (
    "我的手机号是{}，麻烦尽快回电", "联系电话：{}", "客户留的号码{}打不通", "请回拨{}", "电话{}，随时可以", "主叫{} 被叫 10086", "机主号码为{}。",
    "工单备注：已致电{}，无人接听", "| 2026-08-12 | {} | 已回访 |", "你记一下：{}，对", "打{}找我就行", "预留：{}（微信同号）", "{}这个号昨天停机了",
    "号码：{}；套餐：39 元", "客户说“我用{}给你们打过三次”", "回电 {} 或等短信", "【来电】{}【时长】3 分 20 秒", "麻烦帮我查一下{}的话费", "tel:{}", "手机{}",
)  # fmt: skip
CARRIERS: dict[PersonalKind, tuple[str, ...]] = {
    PersonalKind.MOBILE: _PHONES,
    PersonalKind.LANDLINE: (
        "座机{}", "固话：{}", "公司电话 {}，白天有人", "家里座机{}打不出去", "请拨{}找前台", "传真 {}", "| 座机 | {} |", "宽带绑定的固定电话是{}",
        "客户要求回拨{}", "单位{}也能找到他", "办公电话：{}。", "拨打{}无人接听",
    ),
    PersonalKind.ID_CARD: (
        "身份证号{}", "身份证号码是{}，请核对", "证件号：{}", "| 身份证 | {} |", "客户身份证{}已过期", "实名信息：{}", "我报一下身份证，{}", "证件号码为{}的客户",
        "身份证（{}）", "开户证件：身份证 {}", "ID：{}", "证件类型身份证，号码{}，已核验",
    ),
    PersonalKind.BANK_CARD: (
        "卡号{}", "银行卡号是{}", "退到我银行卡{}", "工行卡 {}", "请打款到{}（建设银行）", "| 银行卡 | {} |", "储蓄卡卡号：{}。", "信用卡{}被扣了两次", "开户行农行，账号{}",
        "退款账户：{}", "我的卡是{}，招商银行的", "绑定银行卡{}失败",
    ),
    PersonalKind.EMAIL: (
        "邮箱{}", "电子邮箱：{}", "发票请发到{}", "把账单发{}就行", "| 邮箱 | {} |", "联系邮箱为{}，请查收", "E-mail: {}", "我的邮箱是{}。", "抄送{}和部门经理", "发票没收到，（{}）",
    ),
    PersonalKind.PLATE: (
        "车牌{}", "车牌号：{}", "我的车是{}", "{}停在楼下", "司机开的{}来的", "装维车辆{}挡了路", "| 车牌 | {} |", "车主车牌号码{}，ETC 扣费异常", "请登记{}入园", "白色轿车（{}）",
    ),
    PersonalKind.CHAT_ACCOUNT: (
        "{}", "你{}，我发你截图", "客户说{}，让我们加他", "{}，备注宽带", "加好友，{}。", "| {} |", "没收到的话{}",
    ),
    PersonalKind.PASSPORT: ("{}", "客户持{}办理", "证件：{}", "外籍客户，{}，已核验", "| {} |", "登记的{}有误"),
    PersonalKind.ADDRESS: (
        "家住{}", "收货地址：{}", "地址{}，请上门", "住址为{}", "宽带装在{}", "快递寄到{}", "| 地址 | {} |", "我住在{}，信号很差", "上门地址：{}。", "送到{}就行",
    ),
    PersonalKind.NAME: (
        "联系人：{}", "姓名：{}", "我叫{}", "客户{}来电咨询", "客户{}反映宽带慢", "机主{}，要求复机", "| 姓名 | {} |", "收件人{}，电话没留", "{}先生要求回电", "{}女士表示不满意",
        "姓名{}", "开户人：{}。", "我是{}，昨天打过电话", "经办人 {}", "户名：{}", "投诉人{}表示要升级",
    ),
}  # fmt: skip
_BEFORE = ("", "", "", "", "客户称：", "（转写）", "- ", "> ", "3. ", "8 月 20 日，", "通话记录 00:03:12 ", "**备注** ")
_AFTER = ("", "", "", "", "。", "，谢谢", "！！", "（已核实）", " 🙏", "；急", "，以上。")
_PLAIN = (
    "欠费缴清以后，系统会自动为您复机，一般半小时内恢复，最长不超过两小时。", "客户高兴地挂了电话，班长把录音又听了一遍。", "客户金额较大，按流程升级到二线处理。",
    "方便的话，请您先重启光猫，再看指示灯。", "安装师傅说高峰时段网速会慢一些。", "客户明天再打，任何时候都可以拨打 12345。", "温度过高会引起设备重启。", "客户于当日 18:30 再次来电。",
    "叫号机坏了，客户等了 40 分钟。", "客户甲情绪激动，客户乙在旁劝说。", "张某在营业厅办理了过户，王某某签字。", "李先生来电表示满意，王女士仍有疑问。", "坐席A 转接坐席B，班长在旁。",
    "用户单独订购的 9.9 元包月没有退订成功。", "联系人应为机主本人，由代理商核对证件。", "套餐内 30GB，超出后 3 元/GB，封顶 600 元。", "某市某小区 5 号楼整体断网两小时。", "请到就近营业厅出示有效证件办理。",
    "客户问：何时能好？坐席答：明天上午。", "微信支付、QQ 音乐的定向流量不含视频。", "公众号里点“我的—发票”，即可开具。", "向客户解释清楚，安排专人跟进。", "高先生说金卡用户应有优先权。",
    "姓名、手机号、身份证号都不要写进案例。", "经理把温馨提示改成了方言版。", "和平路一带信号弱，江苏、安徽客户反映较多。", "负责人已知悉，时间定在周五。",
)  # fmt: skip


@dataclass(frozen=True)
class Line:
    """A line and what is in it.

    Attributes:
        text: the line.
        expected: kind, start and end of all personal data in it.
    """

    text: str
    expected: tuple[tuple[PersonalKind, int, int], ...]


def personal_line(random: Random, kind: PersonalKind) -> Line:
    """A line with one value of a kind."""
    value = VALUES[kind](random)
    # Values that need their own words mark the value itself.
    if "\0" not in value:
        value = f"\0{value}\0"
    text = random.choice(_BEFORE) + random.choice(CARRIERS[kind]).format(value)
    before, inside, after = (text + random.choice(_AFTER)).split("\0")
    start = len(before)
    return Line(before + inside + after, ((kind, start, start + len(inside)),))


def clean_line(random: Random) -> Line:
    """A line without personal data; most of them hold something like it."""
    text = random.choice(_CLEAN)(random)
    return Line(random.choice(_BEFORE) + text + random.choice(_AFTER), ())


def lines(random: Random, number: int) -> Iterator[Line]:
    """Half personal, half clean, all kinds alike.

    Args:
        random: the source of chance.
        number: how many lines.
    """
    kinds = list(PersonalKind)
    for place in range(number):
        if place % 2:
            yield clean_line(random)
        else:
            yield personal_line(random, kinds[place // 2 % len(kinds)])


def _order(random: Random) -> str:
    label = random.choice("订单号 工单号 流水号 运单号 合同编号 发票号码 交易单号 受理单号 快递单号 设备序列号".split())
    joined = random.choice(["", "：", " ", "是", ": "])
    return f"{label}{joined}{digits(random, random.choice((8, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20)))}"


def _stamp(random: Random) -> str:
    return f"2026{random.randint(1, 12):02}{random.randint(1, 28):02}{digits(random, random.choice((6, 8, 10, 12)))}"


def _date(random: Random) -> str:
    year, month, day = random.randint(2019, 2026), random.randint(1, 12), random.randint(1, 28)
    return random.choice(
        [f"{year}-{month:02}-{day:02} 10:{day:02}:00", f"{year}年{month}月{day}日", f"{year}/{month}/{day}", f"{year}.{month:02}.{day:02}-{year + 1}.{month:02}.{day:02}", f"{year}{month:02}{day:02}"]
    )  # fmt: skip


def _hidden(random: Random) -> str:
    number = random.choice("135 138 139 186 199".split()) + digits(random, 8)
    card = "6222" + digits(random, 12)
    return random.choice(
        [
            f"手机号{number[:3]}****{number[7:]}", f"电话 {number[:3]}xxxx{number[7:]}", f"号码{number[:3]}＊＊＊＊{number[7:]}", f"卡号 {card[:4]} **** **** {card[-4:]}",
            f"尾号 {number[-4:]} 的卡", f"身份证 {random.choice((110105, 440305))}********{digits(random, 4)}", f"邮箱 z***{digits(random, 2)}@qq.com", "邮箱 ***@example.com，仅作示例",
            f"发到 test{digits(random, 2)}@example.com", f"姓名：{name(random)[0]}**", f"客户{name(random)[0]}某来电", f"车牌粤B***{digits(random, 2)}", f"联系人：{name(random)[0]}先生", f"手机：{number[:7]}****",
            "微信号 w****8", "护照 E*******1", "地址：某市某区某路**号",
        ]
    )  # fmt: skip


def _part(random: Random) -> str:
    letters = "".join(random.choices("ABCDEFGHJKLMNPQRSTUVWXYZ", k=2))
    number = mobile_digits(random)
    return random.choice(
        [f"料号 {letters}{number}", f"订单 {letters}-{number}", f"{letters}{digits(random, 13)}CN", f"快递 SF{digits(random, 13)}", f"YT{digits(random, 13)} 已签收", f"文件 img_{number}.jpg",
         f"型号 {letters}-{digits(random, 4)}-{digits(random, 4)}", f"{number}{letters} 批次", f"sha {digits(random, 8)}a{digits(random, 8)}f", f"JD{digits(random, 12)}"]
    )  # fmt: skip


def mobile_digits(random: Random) -> str:
    """Eleven digits that would be a mobile number if they stood alone."""
    return f"1{random.choice('3456789')}{digits(random, 9)}"


def _machine(random: Random) -> str:
    return random.choice(
        [f"ICCID 8986{digits(random, 16)}", f"IMEI：86{digits(random, 13)}", f"IMSI 46000{digits(random, 10)}", f"https://example.com/item/{mobile_digits(random)}?t={digits(random, 10)}", f"IP 192.168.{random.randint(0, 255)}.{random.randint(1, 254)}",
         f"版本 {random.randint(1, 9)}.{random.randint(0, 20)}.{digits(random, 4)}", f"MAC 00:1A:2B:{digits(random, 2)}:4D:5E", f"统一社会信用代码 91{digits(random, 6)}MA{digits(random, 8)}", f"时间戳 17{digits(random, 11)}",
         f"光猫 SN {digits(random, 12)}", f"坐标 {random.randint(20, 50)}.{digits(random, 6)},{random.randint(80, 130)}.{digits(random, 6)}", f"端口号 106{digits(random, 9)}"]
    )  # fmt: skip


def _service(random: Random) -> str:
    return random.choice(
        [f"客服 400-{digits(random, 3)}-{digits(random, 4)}", f"拨打 400{digits(random, 7)}", f"800 {digits(random, 3)} {digits(random, 4)}", f"请拨打 95{digits(random, 3)}", f"热线 96{digits(random, 3)}", "打 10086、10010、10000 都一样",
         "电话 12345 随时可以打", "12381 发来的短信", f"验证码 {digits(random, 6)}", f"短信来自 1069{digits(random, 10)}", "电话：110、119、120"]
    )  # fmt: skip


def _money(random: Random) -> str:
    return random.choice(
        [f"合计 {digits(random, 5)}.{digits(random, 2)} 元", f"金额￥{random.randint(1, 9)},{digits(random, 3)},{digits(random, 3)}.00", f"上年营收 1{random.choice('3579')}{digits(random, 9)} 元", f"流量 {digits(random, 11)} 字节", f"共 1{random.choice('358')}{digits(random, 3)} 件，{digits(random, 2)} 万次",
         f"话费 {digits(random, 3)} 元，余额 -{digits(random, 2)}.{digits(random, 2)} 元"]
    )  # fmt: skip


def _document(random: Random) -> str:
    return random.choice(
        [f"远汐客服〔2026〕{random.randint(1, 99)}号", f"case-2026-{digits(random, 6)}", f"（2026）粤0305民初{digits(random, 5)}号", f"GB/T {digits(random, 5)}-2019", f"第{digits(random, 2)}条第{random.randint(1, 9)}款", f"工信部令第{digits(random, 2)}号",
         f"编号：2026-{digits(random, 4)}-{digits(random, 4)}", f"[工单](case-{digits(random, 8)})", f"地铁{random.randint(1, 18)}号线{random.randint(1, 9)}号口", f"{random.randint(1, 12)} 月 {random.randint(1, 28)} 号上午", f"{random.choice('ABC')}座大堂集合"]
    )  # fmt: skip


def _wrong_check(random: Random) -> str:
    """An identity card or a bank card whose check digit is wrong: a number, but nobody's."""
    if random.random() < 0.5:  # noqa: PLR2004
        number = ""
        while len(number) != 18:  # noqa: PLR2004
            number = "".join(filter(str.isalnum, id_card(random).upper()))
            number = number if number.isascii() else ""
        last = random.choice([digit for digit in "0123456789" if digit != number[-1]])
        return f"校验不通过：{number[:-1]}{last}"
    number = ""
    while not (number.isascii() and number.isdigit()):
        number = bank_card(random)
    return f"校验不通过：{number[:-1]}{(int(number[-1]) + random.randint(1, 9)) % 10}"


def _embedded(random: Random) -> str:
    number = "".join(filter(str.isalnum, plate(random)))
    return random.choice(
        [f"物料 {digits(random, 4)}-{mobile_digits(random)}", f"条码 69{digits(random, 11)}", f"交易单号 4200{digits(random, 24)}", f"支付宝流水 {_stamp(random)}2200{digits(random, 8)}", cut(digits(random, 24), (4,) * 5, " "), f"x{mobile_digits(random)}y", f"编码{number[1:]}AB",
         f"任务 {digits(random, 8)}-{digits(random, 4)}-{digits(random, 4)}", f"UUID {digits(random, 8)}-{digits(random, 4)}-4{digits(random, 3)}-a{digits(random, 3)}-{digits(random, 12)}"]
    )  # fmt: skip


def _prose(random: Random) -> str:
    return random.choice(_PLAIN)


_CLEAN: tuple[Callable[[Random], str], ...] = (
    _order, _stamp, _date, _hidden, _part, _machine, _service, _money, _document, _wrong_check, _embedded, _prose, _prose, _prose,
)  # fmt: skip
