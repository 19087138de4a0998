"""The rules that reading a file applies; a file with an error gives no document."""

from __future__ import annotations

from casebook.documents import Kind
from casebook.problems import Severity
from casebook.rules import Example, Rule, Topic


def _faq(right: str, wrong: str) -> Example:
    return Example(Kind.FAQ, right, wrong)


UNREADABLE = Rule(
    "unreadable-file",
    "文件能打开、能读。",
    "读不了的文件里可能正是客户在问的答案，必须有人知道它没有发布。",
)
SYMLINK = Rule(
    "symlink",
    "文件和文件夹不是符号链接。",
    "链接可以指到知识库外面，把不该公开的文件带进站点。",
)
TOO_LARGE = Rule(
    "file-too-large",
    "一个文件不超过 256 KiB。",
    "一篇写得下的内容远小于这个数；更大的多半是误放的附件，会拖慢所有人的生成和检索。",
)
INVALID_UTF8 = Rule(
    "invalid-utf8",
    "文件是 UTF-8 编码。",
    "别的编码会变成乱码，坐席照着念就错了。",
)
BYTE_ORDER_MARK = Rule(
    "byte-order-mark",
    "文件开头没有字节顺序标记（BOM）。",
    "有的工具会因此看不到开头的信息块，把内部文档当成没有受众限制。",
    _faq("---\nid:", "\ufeff---\nid:"),
)
CARRIAGE_RETURN = Rule(
    "carriage-return",
    "行尾是 LF。",
    "混用行尾会让每次修改都变成整篇修改，审核的人看不出改了哪一句。",
    _faq("audience: dealer\n", "audience: dealer\r\n"),
)
CONTROL_CHARACTER = Rule(
    "control-character",
    "没有看不见的控制字符。",
    "它们会打断检索和显示，而且谁也看不见。",
    _faq("欠费缴清以后", "欠费缴清\x08以后"),
)
MISSING_FRONT_MATTER = Rule(
    "front-matter-missing",
    "文件第一行就是 ---，信息块从这里开始。",
    "没有信息块就没有受众、负责人和日期；这样的文件不能给任何人看。",
    _faq("---\nid:", "\n---\nid:"),
)
UNCLOSED_FRONT_MATTER = Rule(
    "front-matter-unclosed",
    "信息块用单独一行 --- 结束。",
    "用 ... 结束或忘了结束，不同的工具会读出不同的受众。",
    _faq("  - policy-service-spec#p4\n---\n", "  - policy-service-spec#p4\n...\n"),
)
LARGE_FRONT_MATTER = Rule(
    "front-matter-too-large",
    "信息块不超过 16 KiB。",
    "信息块只放键和值；长文字写在正文里才能审、能搜。",
)
TAB = Rule(
    "tab-in-front-matter",
    "信息块里没有制表符。",
    "制表符在不同工具里缩进不同，列表会接到错误的键上。",
    _faq("  - 缴完费还打不出电话", "\t- 缴完费还打不出电话"),
)
YAML_SYNTAX = Rule(
    "yaml-syntax",
    "信息块是简单的“键: 值”。",
    "读不懂的信息块里可能有受众；读不懂就不发布，也不能当作没写。",
    _faq("audience: dealer", "audience: [dealer"),
)
DUPLICATE_KEY = Rule(
    "yaml-duplicate-key",
    "同一个键只写一次。",
    "写了两次受众，谁也说不准哪一个算数。",
    _faq("audience: dealer", "audience: dealer\naudience: agent"),
)
ALIAS = Rule(
    "yaml-alias",
    "信息块里不用 & 和 * 引用。",
    "引用让人看不出值是什么，还能让很小的文件展开成很大的数据。",
    _faq("owner: 资费产品组", "owner: &o 资费产品组"),
)
TAG = Rule(
    "yaml-tag",
    "信息块里没有 ! 开头的类型标记。",
    "所有的值都是文字，由模板决定类型；标记只会带来意外。",
    _faq("owner: 资费产品组", "owner: !!str 资费产品组"),
)
UNKNOWN_KEY = Rule(
    "unknown-key",
    "只用模板里有的键。",
    "写错一个字母，日期或受众就不起作用，而没有人会发现。",
    _faq("owner: 资费产品组", "owner: 资费产品组\nexpires: 2027-01-01"),
)
MISSING_KEY = Rule(
    "missing-key",
    "必需的键都写了，而且有值。",
    "没有负责人就没有人复核，没有日期就不知道还算不算数。",
    _faq("owner: 资费产品组\n", ""),
)
WRONG_TYPE = Rule(
    "wrong-type",
    "列表写成列表，文字写成文字。",
    "一行里写两个相似问，检索只会当成一句。",
    _faq("owner: 资费产品组", "owner:\n  - 资费产品组"),
)
INVALID_VALUE = Rule(
    "invalid-value",
    "值符合要求：长度、数目、写法。",
    "相似问少于三个，客户换个说法就搜不到了。",
    _faq("  - 缴完费还打不出电话\n", ""),
)
INVALID_DATE = Rule(
    "invalid-date",
    "日期写成 2026-03-01，而且真有这一天。",
    "写错的日期会让过期的答复继续被念给客户。",
    _faq("effective_from: 2026-01-01", "effective_from: 2026/1/1"),
)
DATE_ORDER = Rule(
    "date-order",
    "失效不早于生效，复核不早于核准。",
    "日期颠倒的答复一天也不会有效。",
    _faq("effective_from: 2026-01-01", "effective_from: 2026-01-01\neffective_until: 2025-12-31"),
)
INVALID_ID = Rule(
    "invalid-id",
    "编号是小写字母、数字和连字符，开头与种类相符。",
    "编号是网址、引用和统计的根，一旦发布就不再改变。",
    _faq("id: faq-arrears-resume", "id: FAQ_欠费"),
)
INVALID_AUDIENCE = Rule(
    "invalid-audience",
    "受众写了，而且是 casebook.toml 里有的。",
    "受众没写或写错的内容永远不会公开：宁可少发，不可错发。",
    _faq("audience: dealer", "audience: public"),
)
UNKNOWN_TERM = Rule(
    "unknown-term",
    "分类用 casebook.toml 里的词。",
    "自造的分类不会出现在任何目录和筛选里。",
    _faq("subject: 资费/充值与欠费", "subject: 资费/充值和欠费"),
)
INVALID_CITATION = Rule(
    "invalid-citation",
    "引用写成 policy-编号#条号。",
    "引用要能点开、能反查：政策改了，要知道哪些答复得跟着改。",
    _faq("  - policy-service-spec#p4", "  - 《电信服务规范》第三条"),
)
MISSING_SECTION = Rule(
    "missing-section",
    "规定的段落都有。",
    "少一段，坐席就少一样要用的东西：没有结果的案例学不到东西，没有禁用说法的口径会被说错。",
    Example(Kind.POLICY, "## 演练\n", "### 演练\n"),
)
SECTION_ORDER = Rule(
    "section-order",
    "段落按规定的顺序。",
    "每篇的顺序一样，坐席才能一眼找到要念的那一段。",
    _faq(
        "## 设计思路\n\n客户这时最着急的是“什么时候能用”，所以先说时间，再说不用申请。"
        "最长时间也说清楚，免得客户每隔几分钟打一次。\n\n## 禁用说法\n",
        "## 禁用说法\n\n- “快了”：没有时间。\n\n## 设计思路\n",
    ),
)
UNKNOWN_SECTION = Rule(
    "unknown-section",
    "只有规定的段落。",
    "自造的段落没有受众规则，不知道能给谁看。",
    _faq("## 统一答复\n", "## 补充\n\n另外的话。\n\n## 统一答复\n"),
)
DUPLICATE_SECTION = Rule(
    "duplicate-section",
    "每个段落只出现一次。",
    "两段统一答复，就是两个口径。",
    _faq("## 设计思路\n", "## 统一答复\n\n另一个说法。\n\n## 设计思路\n"),
)
EMPTY_SECTION = Rule(
    "empty-section",
    "段落里有内容。",
    "只有标题的段落，打开的人白等一次。",
    _faq("欠费缴清以后，系统会自动为您复机，一般半小时内恢复，最长不超过两小时。", ""),
)
TEXT_BEFORE_SECTIONS = Rule(
    "text-before-sections",
    "正文从第一个段落标题开始。",
    "标题前的文字不属于任何段落，也就不知道能给谁看。",
    _faq("---\n\n## 统一答复", "---\n\n先说明一下。\n\n## 统一答复"),
)
MALFORMED_HEADING = Rule(
    "malformed-heading",
    "像段落标题的行，写法都正确。",
    "“##设计思路”少一个空格就不是段落了，内部的话会跟着上一段公开出去。",
    _faq("## 禁用说法\n", "## 禁用说法\n\n ## 备注\n\n其他。\n"),
)
INVALID_ARTICLE = Rule(
    "invalid-article",
    "政策的条款标题写成“第三条 标题”或“要点一 标题”。",
    "案例和口径按条号引用政策；没有条号就引用不了。",
)
WIDER_SECTION = Rule(
    "wider-section",
    "段落的受众不比文档更广，设计思路和禁用说法只给最宽的受众。",
    "内部的话不能因为标题上一个词就公开。",
    _faq("## 设计思路\n", "## 设计思路 {audience=dealer}\n"),
)
RAW_HTML = Rule(
    "raw-html",
    "正文里没有 HTML。",
    "HTML 可以藏住文字、带进脚本，审核的人在改动里看不出来。",
    _faq("欠费缴清以后", "欠费缴清以后<b>马上</b>"),
)
IMAGE = Rule(
    "image",
    "正文里没有图片。",
    "图片里的字搜不到、念不出，也查不出个人信息；把要点写成文字。",
    _faq("欠费缴清以后", "![截图](a.png)欠费缴清以后"),
)
REFERENCE_LINK = Rule(
    "reference-link",
    "链接的地址紧跟在文字后面，不单独写成一行。",
    "离开文字的地址没有人检查：它可能指向读者不该知道的文档。",
    _faq(
        "不需要另外申请复机。\n",
        "不需要另外申请复机，见[规范][1]。\n\n[1]: https://example.com/\n",
    ),
)
PLACEHOLDER = Rule(
    "placeholder",
    "模板里“（待填）”的地方都填好了。",
    "没填完的稿子一旦发布，坐席会把提示当成答复念出来。",
    _faq("owner: 资费产品组", "owner: （待填）"),
)
PERSONAL_DATA = Rule(
    "personal-data",
    "没有手机号、身份证号、银行卡号这类能认出人的号码。",
    "写进案例的号码会跟着每一次提交、每一份索引留下去；客户信任我们，才把它说出来。",
    _faq("请拨打客服热线", "请拨打 13912345678"),
    topic=Topic.PERSONAL_DATA,
    settings=("check.allowed",),
    since="0.2",
)
POSSIBLE_PERSONAL_DATA = Rule(
    "possible-personal-data",
    "没有像姓名、像住址的文字。",
    "一个真名、一个门牌，就能让看的人认出当事人。",
    Example(Kind.CASE, "客户甲的宽带晚上断线", "机主王建国的宽带晚上断线"),
    severity=Severity.WARNING,
    topic=Topic.PERSONAL_DATA,
    waiver="公开的单位地址，或者看上去像姓名而不是姓名的词。",
    settings=("check.allowed",),
    since="0.2",
)
IMAGE_METADATA = Rule(
    "image-metadata",
    "图片文件里没有拍摄位置、作者、设备这类信息。",
    "一张手机拍的截图，可能带着拍摄的地点和手机的序列号。",
    topic=Topic.PERSONAL_DATA,
    since="0.2",
)
UNRENDERABLE = Rule(
    "unrenderable",
    "每个段落都能在两秒、256 MiB 以内排成网页。",
    "少数写法（成千上万个括号或反引号）会让排版程序停不下来，一篇就能挡住整个站点。",
)
NOT_MARKDOWN = Rule(
    "not-markdown",
    "cases、faq、policies 里只放 .md 文件。",
    "别的文件不会发布；放在这里的人却以为发布了。",
)
DUPLICATE_ID = Rule(
    "duplicate-id",
    "编号在整个知识库里只出现一次。",
    "两篇用同一个编号，链接不知道该去哪一篇；两篇都不会发布，直到改好。",
)

READING_RULES: tuple[Rule, ...] = tuple(
    value for value in dict(globals()).values() if isinstance(value, Rule)
)
BY_CODE: dict[str, Rule] = {rule.code: rule for rule in READING_RULES}
