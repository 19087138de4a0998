"""Invented values of each kind, in the many ways in which people write them.

Written without the finder's patterns at hand: the digits come from the published structure of each
number, the spellings from chats, work orders, forms and transcripts.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from casebook.personal_data import PersonalKind

DIGITS = "0123456789"
_FAMILY = (
    "王 李 张 刘 陈 杨 黄 赵 吴 周 徐 孙 马 朱 胡 郭 何 高 林 罗 郑 梁 谢 宋 唐 许 韩 冯 邓 曹 彭 曾 肖 田 董 袁 潘 于 蒋 蔡 余 杜"
    " 叶 程 苏 魏 吕 丁 任 沈 姚 卢 姜 崔 钟 谭 陆 汪 范 金 石 廖 贾 夏 韦 付 方 白 邹 孟 熊 秦 邱 江 尹 薛 闫 段 雷 侯 龙 史 陶 黎"
    " 欧阳 司马 诸葛 上官 慕容 皇甫"
).split()
_GIVEN = (
    "伟 芳 娜 敏 静 丽 强 磊 军 洋 勇 艳 杰 娟 涛 超 霞 平 刚 鹏 辉 斌 玲 波 宁 浩 凯 丹 萍 鑫 婷 雪 琳 倩 欣 颖 健 亮 楠"
    " 秀英 桂英 秀兰 建国 建华 志强 小红 小明 晓燕 海燕 玉兰 子轩 浩然 梓涵 欣怡 一诺 宇轩 诗涵 思雨 佳琪 俊杰 雨桐 若曦 明轩 文博"
    " 嘉豪 淑芬 国强 立新 春梅 永刚 德胜 少华 凤英 爱国 美玲 雅婷 晨曦 天佑 奕辰 可馨 沐宸 书瑶 振宇 丽娟 红梅 卫东 新民 金凤"
).split()
_DISTRICTS = (
    "110105 110108 120101 130102 140105 150102 210102 220104 230103 310115 320106 320583 330106 340104 350203 360111 370102 370202"
    " 410105 420106 430102 440106 440305 450103 460105 500103 510107 520103 530102 540102 610113 620102 630104 640104 650102"
).split()
_MOBILES = "130 131 132 133 134 135 136 137 138 139 145 147 149 150 151 152 153 155 156 157 158 159 166 170 171 173 175 176 177 178 180 181 182 183 184 185 186 187 188 189 190 191 193 195 196 197 198 199".split()
_AREAS = (
    "010 020 021 022 023 024 025 027 028 029 0311 0351 0371 0411 0431 0451 0510 0512 0531 0532 0551 0571 0574 0577 0591 0592 0595"
    " 0731 0755 0757 0760 0769 0771 0791 0851 0871 0898 0931 0991"
).split()
_CARDS = (
    ("622202", 19), ("621226", 19), ("621700", 19), ("622848", 19), ("622588", 16), ("621661", 19), ("623052", 19),
    ("622150", 19), ("622908", 18), ("439225", 16), ("518710", 16), ("356885", 16), ("621483", 16), ("625965", 16),
)  # fmt: skip
_HOSTS = "qq.com 163.com 126.com sina.com sina.cn sohu.com 139.com 189.cn gmail.com outlook.com hotmail.com foxmail.com yeah.net aliyun.com icloud.com vip.qq.com mail.sysu.edu.cn huaxing-tech.com.cn".split()
_PINYIN = "zhang wang li liu chen yang zhao huang zhou wu xu sun hu zhu gao lin he guo ma luo xiaoming meimei lei ting jun".split()
_PLATE_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
_PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_CITIES = (
    ("北京市", "朝阳区"), ("上海市", "浦东新区"), ("广东省深圳市", "南山区"), ("浙江省杭州市", "西湖区"), ("江苏省苏州市", "姑苏区"),
    ("四川省成都市", "武侯区"), ("湖北省武汉市", "洪山区"), ("陕西省西安市", "雁塔区"), ("湖南省长沙市", "岳麓区"), ("山东省青岛市", "市南区"),
    ("重庆市", "渝北区"), ("福建省厦门市", "思明区"), ("河南郑州", "金水区"), ("辽宁大连", "沙河口区"), ("广州市", "天河区"),
)  # fmt: skip
_ROADS = "建国路 人民路 中山北路 解放大道 文三路 科技南路 龙翔大道 学府街 和平里东街 天府三街 凤城五路 湖滨南路 滨江西路 幸福巷 光明胡同".split()
_HOMES = "阳光花园 翠湖小区 万和家园 碧水湾 锦绣苑 金色公寓 星河湾 幸福里 东方名城 紫荆花园 龙湖天街 华府公馆".split()
_SPOKEN = "零一二三四五六七八九"

Value = Callable[[Random], str]


def digits(random: Random, number: int) -> str:
    """So many random digits."""
    return "".join(random.choices(DIGITS, k=number))


def luhn_digit(payload: str) -> str:
    """The check digit of a card number."""
    total = 0
    for place, digit in enumerate(reversed(payload)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value  # noqa: PLR2004
    return str(-total % 10)


def cut(value: str, sizes: tuple[int, ...], separator: str) -> str:
    """A number in groups; what is left over makes the last one."""
    groups, place = [], 0
    for size in sizes:
        groups.append(value[place : place + size])
        place += size
    groups.append(value[place:])
    return separator.join(group for group in groups if group)


def wide(value: str) -> str:
    """ASCII as full-width characters."""
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in value)


def _styled(random: Random, plain: str, ways: list[Callable[[], str]]) -> str:
    """Half of the values as they are, the other half in one of the other ways."""
    return plain if random.random() < 0.5 else random.choice(ways)()  # noqa: PLR2004


def mobile(random: Random) -> str:
    """A mobile number."""
    plain = random.choice(_MOBILES) + digits(random, 8)
    return _styled(
        random,
        plain,
        [
            lambda: cut(plain, (3, 4), " "),
            lambda: cut(plain, (3, 4), "-"),
            lambda: cut(plain, (3, 4), "."),
            lambda: cut(plain, (3, 4), "·"),
            lambda: cut(plain, (3, 4), "　"),
            lambda: cut(plain, (3, 4), "－"),
            lambda: cut(plain, (3,), " "),
            lambda: cut(plain, (4, 4), " "),
            lambda: cut(plain, (3, 4), "\u200b"),
            lambda: " ".join(plain),
            lambda: wide(plain),
            lambda: wide(cut(plain, (3, 4), "-")),
            lambda: "+86" + plain,
            lambda: "+86 " + cut(plain, (3, 4), " "),
            lambda: "+86-" + plain,
            lambda: "0086" + plain,
            lambda: "（+86）" + plain,
            lambda: "86-" + cut(plain, (3, 4), "-"),
            lambda: "".join(_SPOKEN[int(digit)] for digit in plain),
            lambda: "".join("零幺二三四五六七八九"[int(digit)] for digit in plain),
        ],
    )


def landline(random: Random) -> str:
    """A landline with its area code."""
    area = random.choice(_AREAS)
    local = random.choice("2345678") + digits(random, 7 if len(area) == 3 else random.choice((6, 7)))  # noqa: PLR2004
    half = len(local) - 4
    ways = [
        f"{area}-{local}", f"{area} {local}", f"({area}){local}", f"（{area}）{local}", f"{area}—{local}",
        f"{area}-{local[:half]} {local[half:]}", f"({area}) {local[:half]}-{local[half:]}", f"+86-{area[1:]}-{local}",
        wide(f"{area}-{local}"), f"+86 {area[1:]} {local[:half]} {local[half:]}",
    ]  # fmt: skip
    number = random.choice(ways)
    return number + random.choice(["", "", "", "转801", "-8012", " 转 6", "转分机 302"])


def id_card(random: Random) -> str:
    """An identity card's number: 18 digits, sometimes the old 15."""
    district = random.choice(_DISTRICTS)
    month, day = f"{random.randint(1, 12):02}", f"{random.randint(1, 28):02}"
    if random.random() < 0.06:  # noqa: PLR2004
        return f"{district}{random.randint(40, 84)}{month}{day}{digits(random, 3)}"
    body = f"{district}{random.randint(1945, 2012)}{month}{day}{digits(random, 3)}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    check = "10X98765432"[sum(int(d) * w for d, w in zip(body, weights, strict=True)) % 11]
    plain = body + check
    return _styled(
        random,
        plain,
        [
            lambda: cut(plain, (6, 8), " "),
            lambda: cut(plain, (6, 8), "-"),
            lambda: cut(plain, (6, 4, 4), " "),
            lambda: plain.lower(),
            lambda: wide(plain),
            lambda: cut(plain, (3, 3, 4, 4), " "),
            lambda: cut(plain, (6, 8), "\u2009"),
        ],
    )


def bank_card(random: Random) -> str:
    """A bank card's number with its check digit."""
    prefix, length = random.choice(_CARDS)
    body = prefix + digits(random, length - len(prefix) - 1)
    plain = body + luhn_digit(body)
    return _styled(
        random,
        plain,
        [
            lambda: cut(plain, (4, 4, 4, 4), " "),
            lambda: cut(plain, (4, 4, 4, 4), "-"),
            lambda: cut(plain, (6,), " "),
            lambda: wide(plain),
            lambda: cut(plain, (4, 4, 4, 4), "　"),
        ],
    )


def email(random: Random) -> str:
    """A mail address."""
    first, second = random.choice(_PINYIN), random.choice(_PINYIN)
    number = digits(random, random.randint(1, 4))
    user = random.choice(
        [f"{first}{second}{number}", f"{first}.{second}", f"{first}_{second}{number}", digits(random, 9), f"{first}-{second}", f"{first}{number}"]
    )  # fmt: skip
    plain = f"{user}@{random.choice(_HOSTS)}"
    return _styled(
        random, plain, [lambda: wide(plain), lambda: plain.replace("@", "＠"), plain.upper, lambda: plain.replace("@", " @ ")]
    )  # fmt: skip


def plate(random: Random) -> str:
    """A car's plate, of the old or the new-energy form."""
    head = random.choice(_PROVINCES) + random.choice(_PLATE_LETTERS)
    if random.random() < 0.35:  # noqa: PLR2004
        tail = random.choice("DF") + random.choice(DIGITS + "ABC") + digits(random, 4)
    else:
        tail = "".join(random.choice(DIGITS * 3 + _PLATE_LETTERS) for _ in range(4))
        tail += random.choice(DIGITS)
    return head + random.choice(["", "", "", "·", " ", "-", "•"]) + tail


def chat_account(random: Random) -> str:
    """An account of a messenger, with the words that make it one."""
    user = random.choice(_PINYIN) + random.choice(["_", "-", "", "2"]) + digits(random, 4)
    number = random.choice("123456789") + digits(random, random.randint(5, 9))
    before, account = random.choice(
        [
            ("微信号：", user), ("微信号是", user), ("加我微信", user), ("我的微信是 ", user), ("微信: ", user), ("加V：", user), ("加v ", user),
            ("VX:", user), ("vx ", user), ("wx：", user), ("加一下微信 ", user), ("微信号wxid_", digits(random, 8) + "ab"), ("薇信：", user),
            ("QQ：", number), ("QQ号", number), ("qq ", number), ("QQ是", number), ("QQ群 ", number), ("扣扣", number), ("加QQ ", number), ("我QQ号码是", number),
        ]
    )  # fmt: skip
    return f"{before}\0{account}\0"


def permit(random: Random) -> str:
    """A passport's or a travel permit's number, with the word that makes it one."""
    before, number = random.choice(
        [
            ("护照号", "E" + digits(random, 8)), ("护照号码：", "G" + digits(random, 8)), ("护照 ", "EA" + digits(random, 7)), ("护照号码是", "EJ" + digits(random, 7)),
            ("港澳通行证：", "C" + digits(random, 8)), ("港澳通行证号码", "CA" + digits(random, 7)), ("往来台湾通行证 ", "L" + digits(random, 8)), ("台湾通行证号：", "T" + digits(random, 8)),
            ("回乡证号", "H" + digits(random, 8)), ("台胞证：", digits(random, 8).replace("2", "0", 1)), ("护照（因私）", "E" + digits(random, 8)),
        ]
    )  # fmt: skip
    return f"{before}\0{number}\0"


def name(random: Random) -> str:
    """A person's name."""
    return random.choice(_FAMILY) + random.choice(_GIVEN)


def address(random: Random) -> str:
    """A postal address down to the door."""
    city, district = random.choice(_CITIES)
    road, home = random.choice(_ROADS), random.choice(_HOMES)
    number, building, unit = random.randint(1, 600), random.randint(1, 30), random.randint(1, 4)
    room = random.randint(1, 30) * 100 + random.randint(1, 8)
    return random.choice(
        [
            f"{city}{district}{road}{number}号{home}{building}号楼{unit}单元{room}室", f"{city}{district}{road}{number}号{building}栋{room}",
            f"{city}{district}{home}{building}幢{unit}单元{room}", f"{district}{road}{number}号{home}{building}栋{room}室", f"{city}{district}{road}{number}号",
            f"{city}{district}{road}{number}号院{building}号楼{room}", f"{home}{building}号楼{unit}单元{room}", f"{city} {district} {road} {number} 号 {building} 栋 {room} 室",
            f"{city}{district}{home}{building}座{room}室",
        ]
    )  # fmt: skip


VALUES: dict[PersonalKind, Value] = {
    PersonalKind.MOBILE: mobile,
    PersonalKind.LANDLINE: landline,
    PersonalKind.ID_CARD: id_card,
    PersonalKind.BANK_CARD: bank_card,
    PersonalKind.EMAIL: email,
    PersonalKind.PLATE: plate,
    PersonalKind.CHAT_ACCOUNT: chat_account,
    PersonalKind.PASSPORT: permit,
    PersonalKind.ADDRESS: address,
    PersonalKind.NAME: name,
}
