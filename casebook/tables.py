"""What all tables of settings share: strictness about names, and kinds of values."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict
from pydantic_core import PydanticCustomError


class Table(BaseModel):
    """A table of settings: frozen, and strict about names."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def one_of(known: tuple[str, ...]) -> AfterValidator:
    """A validator that takes only some words."""

    def check(value: str) -> str:
        if value not in known:
            raise PydanticCustomError(
                "invalid-value",
                "没有“{found}”",
                {"found": value, "hint": "写 " + "、".join(known) + " 里的"},
            )
        return value

    return AfterValidator(check)


def _address(value: str) -> str:
    """An address that can stand in a content security policy as it is."""
    if value and not re.fullmatch(r"https?://[A-Za-z0-9.-]+(:[0-9]+)?(/[A-Za-z0-9._~/-]*)?", value):
        raise PydanticCustomError(
            "invalid-value",
            "“{found}”不是网址",
            {"found": value, "hint": "写成 https://git.example.com 这样，后面不带参数"},
        )
    return value.rstrip("/")


Address = Annotated[str, AfterValidator(_address)]


def variable(value: str) -> str:
    """The name of an environment variable; what stands here instead may be a secret."""
    if not re.fullmatch(r"[A-Z][A-Z0-9_]{0,99}", value):
        raise PydanticCustomError(
            "invalid-value",
            "这里不是环境变量的名字（写的是什么，不在这里重复，它可能是秘密）",
            {"hint": "地址和密钥放在环境变量里，这里只写变量名，全部大写，如 WECOM_DEALERS"},
        )
    return value


Variable = Annotated[str, AfterValidator(variable)]
OptionalVariable = Annotated[str, AfterValidator(lambda value: value and variable(value))]
