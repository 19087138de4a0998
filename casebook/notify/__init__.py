"""Telling robots and programs what is new: what, in which form, to whom, and what was told.

``messages`` is what can be told, ``formats`` how each platform takes it, ``sending`` the network,
``record`` what was told, ``telling`` the news of a View. Only the last one knows of news.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from casebook.errors import CasebookError, PublishError
from casebook.library import View
from casebook.notify.addresses import Address, read_address
from casebook.notify.formats import FORMATS, Format
from casebook.notify.messages import Item
from casebook.notify.record import Record, keeping
from casebook.notify.sending import Sender
from casebook.notify.telling import Portion, news_items, portions
from casebook.settings import Settings, WebhookSettings
from casebook.validation import nearest

__all__ = [
    "Delivery",
    "NotifyError",
    "Others",
    "Plan",
    "Record",
    "Sender",
    "address_of",
    "chosen_webhooks",
    "deliver",
    "plan",
    "record_file",
    "tell",
]

# What else a webhook is to be told, given its record.
Others = Callable[[Record], Sequence[Item]]
# How far back it is looked for what was never told: entries are merged days after their approval.
LOOK_BACK = timedelta(days=30)
# How much of that is told to a webhook that was never told anything.
FIRST_TIME = timedelta(days=7)


class NotifyError(CasebookError):
    """Nothing can be sent: there is no such webhook, or its address is not given."""


@dataclass(frozen=True)
class Plan:
    """What a webhook is to be told now.

    Attributes:
        webhook: which.
        form: of its platform.
        portions: the messages, in order.
        passed: what is noted as told without being sent: in a first run, what is older than such
            a run tells.
        since: the first day that is told of.
        first: whether this run decides what is too old to be told; one that begins on a day that
            somebody named does not.
    """

    webhook: WebhookSettings
    form: Format
    portions: tuple[Portion, ...]
    passed: tuple[Item, ...]
    since: date
    first: bool

    @property
    def items(self) -> tuple[Item, ...]:
        """Everything that is told."""
        return tuple(item for portion in self.portions for item in portion.tells)


@dataclass(frozen=True)
class Delivery:
    """What became of telling a webhook.

    Attributes:
        webhook: which.
        plan: what it was to be told; None where that cannot be known.
        delivered: how many of the messages arrived.
        reason: why it was not told everything; empty when it was.
    """

    webhook: WebhookSettings
    plan: Plan | None
    delivered: int = 0
    reason: str = ""


def chosen_webhooks(
    settings: Settings, audience: str | None = None, name: str | None = None
) -> list[WebhookSettings]:
    """The webhooks of the settings that a call asks for.

    Args:
        settings: of the library.
        audience: only those that are told what this audience may read.
        name: only this one.

    Raises:
        UnknownAudience: there is no such audience.
        NotifyError: no webhook is left.
    """
    names = [webhook.name for webhook in settings.notify]
    if not names:
        raise NotifyError(
            "casebook.toml 里没有 [[notify]]，不知道发给谁；docs/notify.md 说明怎样设置。"
        )
    if name is not None and name not in names:
        guess = nearest(name, names)
        advice = f"是不是“{guess}”？" if guess else ""
        raise NotifyError(f"没有叫“{name}”的推送；{advice}有：{'、'.join(names)}。")
    reader = settings.audience(audience).id if audience is not None else None
    found = [
        webhook
        for webhook in settings.notify
        if name in (None, webhook.name)
        and reader in (None, settings.audience(webhook.audience or None).id)
    ]
    if not found:
        raise NotifyError(f"没有发给“{reader}”的推送；有：{'、'.join(names)}。")
    return found


def address_of(webhook: WebhookSettings, environment: Mapping[str, str]) -> Address:
    """Where a webhook listens.

    Raises:
        NotifyError: an environment variable is not set.
        AddressRefused: it holds no address.
    """
    for variable in (webhook.url_env, webhook.secret_env):
        if variable and not environment.get(variable, "").strip():
            raise NotifyError(
                f"推送 {webhook.name}：环境变量 {variable} 没有设置；"
                "把机器人的地址（或密钥）放进去，再运行。"
            )
    secret = environment[webhook.secret_env] if webhook.secret_env else ""
    return read_address(webhook.url_env, environment[webhook.url_env], secret)


def _nothing(_: Record) -> Sequence[Item]:
    return ()


def plan(
    view: View,
    webhook: WebhookSettings,
    record: Record,
    since: date | None = None,
    others: Others = _nothing,
) -> Plan:
    """What a webhook is to be told.

    Args:
        view: of the webhook's audience.
        webhook: which.
        record: what it was told.
        since: the first day to tell of; by default the last 30 days, and the last 7 when nothing
            was ever told.
        others: what it is to be told before the news; what it was told is left out.
    """
    first = record.is_new and since is None
    start = since or view.on - (FIRST_TIME if first else LOOK_BACK)
    form = FORMATS[webhook.format]
    wanted = (*others(record), *news_items(view, webhook, start))
    items = [item for item in wanted if not record.knows(item)]
    told = {(item.key, item.digest) for item in items}
    past = news_items(view, webhook, view.on - LOOK_BACK) if first else []
    return Plan(
        webhook=webhook,
        form=form,
        portions=tuple(portions(items, view, form)),
        passed=tuple(item for item in past if (item.key, item.digest) not in told),
        since=start,
        first=first,
    )


def tell(
    view: View,
    webhook: WebhookSettings,
    address: Address,
    file: Path,
    sender: Sender,
    since: date | None = None,
    others: Others = _nothing,
) -> Delivery:
    """Tells a webhook what it was not told, while no other program does.

    Args:
        view: of the webhook's audience.
        webhook: which.
        address: where to.
        file: where it is kept what it was told.
        sender: the network.
        since: as for :func:`plan`.
        others: as for :func:`plan`.

    Returns:
        What became of it. What goes wrong with one webhook is said here and not raised, so that
        the others are told.
    """
    try:
        with keeping(file) as record:
            return deliver(plan(view, webhook, record, since, others), address, record, sender)
    except CasebookError as error:
        return Delivery(webhook, None, reason=str(error).rstrip("。"))


def deliver(planned: Plan, address: Address, record: Record, sender: Sender) -> Delivery:
    """Sends what was planned, message by message; each that arrived is noted at once.

    Nothing is noted before the first message arrived, so an address that is wrong buries nothing.

    Args:
        planned: what.
        address: where to.
        record: what the webhook was told.
        sender: the network.

    Raises:
        PublishError: what was told cannot be noted; nothing is sent then.
    """
    if planned.portions or planned.first:
        record.ensure_writable()
    passed = planned.passed
    for done, portion in enumerate(planned.portions):
        verdict = sender.send(planned.form, address, portion.payload)
        if not verdict.delivered:
            return Delivery(planned.webhook, planned, done, verdict.reason)
        try:
            record.add((*passed, *portion.tells), begun=planned.first)
        except PublishError as error:
            # The next run tells it again: told twice is better than not at all.
            why = f"发了却记不下来：{str(error).rstrip('。')}"
            return Delivery(planned.webhook, planned, done + 1, why)
        passed = ()
    if planned.first and not planned.portions:
        record.add(passed, begun=True)
    return Delivery(planned.webhook, planned, len(planned.portions))


def record_file(root: Path, webhook: WebhookSettings) -> Path:
    """Where it is kept what a webhook was told."""
    return root / "build" / "notify" / f"{webhook.name}.json"
