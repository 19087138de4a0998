"""What click itself says to users, in Chinese.

Click looks its sentences up by ``gettext``, which would need compiled catalogues and the right
language in the environment; a table that its modules ask instead needs neither. What the table
lacks stays English, so a test holds it against click's own sources.
"""

from __future__ import annotations

import re
import sys

_WORDS = {
    # Help.
    "Usage:": "用法：",
    "Options": "选项",
    "Commands": "命令",
    "Positional arguments": "参数",
    "Show this message and exit.": "显示这份说明。",
    "Show the version and exit.": "显示版本号。",
    "%(prog)s, version %(version)s": "%(prog)s %(version)s",
    "default: {default}": "默认：{default}",
    "required": "必填",
    "env var: {var}": "环境变量：{var}",
    "(dynamic)": "运行时决定",
    "deprecated": "不再使用",
    # Wrong calls.
    "Try '{command} {option}' for help.": "用 {command} {option} 看说明。",
    "Error: {message}": "错误：{message}",
    "Missing command.": "没有写命令。",
    "Missing argument": "缺少参数",
    "Missing option": "缺少选项",
    "Missing parameter": "缺少参数",
    "Missing {param_type}": "缺少参数",
    "Missing parameter: {param_name}": "缺少参数“{param_name}”。",
    "No such command {name!r}.": "没有命令“{name}”。",
    "No such option {name!r}.": "没有选项“{name}”。",
    "Did you mean {possibility}?": "是不是{possibility}？",
    "(Did you mean one of: {possibilities}?)": "是不是{possibilities}？",
    "Got unexpected extra argument ({args})": "多出来的参数：{args}。含空格的要用引号括起来。",
    "Got unexpected extra arguments ({args})": "多出来的参数：{args}。含空格的要用引号括起来。",
    "Option {name!r} requires an argument.": "选项“{name}”后面要写一个值。",
    "Option {name!r} requires {nargs} arguments.": "选项“{name}”后面要写 {nargs} 个值。",
    "Option {name!r} does not take a value.": "选项“{name}”后面不写值。",
    "Argument {name!r} takes {nargs} values.": "参数“{name}”要写 {nargs} 个值。",
    "Takes {nargs} values but 1 was given.": "要写 {nargs} 个值，只写了 1 个。",
    "Takes {nargs} values but {len} were given.": "要写 {nargs} 个值，写了 {len} 个。",
    "Value must be an iterable.": "这里要写几个值。",
    "Invalid value: {message}": "值不对：{message}",
    "Invalid value for {param_hint}: {message}": "{param_hint}的值不对：{message}",
    "Choose from:\n\t{choices}": "可选：{choices}。",
    "{value!r} is not {choice}.": "“{value}”不行，只能写 {choice}。",
    "{value!r} is not one of {choices}.": "没有“{value}”，可选：{choices}。",
    "{value} is not in the range {range}.": "{value} 不在范围里（{range}）。",
    "{value!r} is not a valid {number_type}.": "“{value}”不是数字。",
    "{value!r} is not a valid boolean. Recognized values: {states}": (
        "“{value}”不是真假值，可选：{states}。"
    ),
    "{value!r} is not a valid UUID.": "“{value}”不是 UUID。",
    "{value!r} does not match the format {format}.": "“{value}”的格式不对，应当是 {format}。",
    "{value!r} does not match the formats {formats}.": "“{value}”的格式不对，可选：{formats}。",
    "{len_type} values are required, but {len_value} was given.": (
        "要写 {len_type} 个值，写了 {len_value} 个。"
    ),
    "{len_type} values are required, but {len_value} were given.": (
        "要写 {len_type} 个值，写了 {len_value} 个。"
    ),
    "{name} {filename!r} is a file.": "“{filename}”是文件，这里要写文件夹。",
    "{name} {filename!r} is a directory.": "“{filename}”是文件夹，这里要写文件。",
    "{name} {filename!r} is not readable.": "“{filename}”没有读的权限。",
    "{name} {filename!r} is not writable.": "“{filename}”没有写的权限。",
    "{name} {filename!r} is not executable.": "“{filename}”没有执行的权限。",
    "{name} {filename!r} does not exist.": "没有“{filename}”，检查写法。",
    "Could not open file {filename!r}: {message}": "打不开“{filename}”：{message}",
    "unknown error": "原因不明",
    # Questions and interruptions.
    "Aborted!": "停下了。",
    "Error: invalid input": "错误：只能回答 y 或 n。",
    "Error: The two entered values do not match.": "错误：两次写的不一样。",
    "Repeat for confirmation": "再写一遍",
    "Do you want to continue?": "要继续吗？",
    "Confirm the action without prompting.": "不再问，直接做。",
    "Press any key to continue...": "按任意键继续……",
    "Couldn't detect Bash version, shell completion is not supported.": (
        "认不出 Bash 的版本，不能补全命令。"
    ),
    "Shell completion is not supported for Bash versions older than 4.4.": (
        "Bash 4.4 以前的版本不能补全命令。"
    ),
}
# What click writes by itself around its sentences.
_PUNCTUATION = (
    (re.compile(r"'([^'\n]*)'"), r"“\1”"),
    (re.compile(r"(?<=”)(?:, | / )(?=“)|,\n\t"), "、"),
    (re.compile(r"(?<=[\u4e00-\u9fff]) (?=“)"), ""),
    (re.compile(r"\.(?=\s|$)"), "。"),
    (re.compile(r"(?<=[。！？：]) +"), ""),
)


def translated(message: str) -> str:
    """A sentence of click's in Chinese, itself where the table lacks it."""
    return _WORDS.get(message, message)


def translated_number(one: str, many: str, number: int) -> str:
    """The same for a sentence about one thing or several."""
    return translated(one if number == 1 else many)


def punctuated(message: str) -> str:
    """A message that click put together, with Chinese quotation marks and full stops."""
    for found, written in _PUNCTUATION:
        message = found.sub(written, message)
    return message


def speak_chinese() -> None:
    """Lets click's modules look their sentences up here."""
    for name, module in tuple(sys.modules.items()):
        if name.startswith("click."):
            for look_up, own in {"_": translated, "ngettext": translated_number}.items():
                if hasattr(module, look_up):
                    setattr(module, look_up, own)
