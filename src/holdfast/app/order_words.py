"""What the bound of an order of repairs means, in words of both languages: how much better any order could be, and whether that is certain."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

_SAME = 1e-6  # share of the objective within which bound and order count as equal


def bound_in_words(found: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Sentences, each in English and Chinese, about the `restoration` of a scenario's summary; none where no bound was looked for.

    found    `weighted_person_hours` lost with the order found, `lower_bound`, `bound_proven`, `likely_bound`, and `cases` that the order was searched for
    """
    if "lower_bound" not in found:
        return []
    lost, bound, likely = (float(found[name]) for name in ("weighted_person_hours", "lower_bound", "likely_bound"))
    many = len(found["cases"])
    said = [_certain(lost, bound, many) if found["bound_proven"] else _uncertain(lost, bound, many)]
    if likely > bound + _SAME * lost:
        said.append(_likely(lost, likely))
    return said


def _certain(lost: float, bound: float, cases: int) -> tuple[str, str]:
    mean, mean_zh = _on_average(cases)
    if bound <= 0.0:
        return ("No bound above zero was proven: how much better another order could be is not known.", "未能证明大于零的下界：其他次序能好多少尚不清楚。")
    if bound >= lost * (1.0 - _SAME):
        return (f"No order of repairs can{mean} lose less than the one found, {_number(lost)} weighted person-hours (proven).",
                f"已证明：{mean_zh}任何抢修次序的损失都不低于找到的次序的 {_number(lost)} 加权人时。")  # fmt: skip
    return (f"No order of repairs can{mean} lose less than {_below(bound)} weighted person-hours (proven). The one found loses {_number(lost)}: the best possible would save "
            f"at most {_most(lost, bound)} of that.",
            f"已证明：{mean_zh}任何抢修次序的损失都不低于 {_below(bound)} 加权人时。找到的次序损失 {_number(lost)}，最佳次序至多再减少其中的 {_most(lost, bound)}。")  # fmt: skip


def _uncertain(lost: float, bound: float, cases: int) -> tuple[str, str]:
    mean, mean_zh = _on_average(cases)
    return (f"The bound of {_below(bound)} weighted person-hours{mean} is not proven, because what a foreign command opens or holds may serve people as long as it is not mended. "
            f"The order found loses {_number(lost)}.",
            f"{mean_zh}下界 {_below(bound)} 加权人时未获证明，因为被外来指令打开或锁定的设备在修复之前可能反而有利于供应。找到的次序损失 {_number(lost)}。")  # fmt: skip


def _on_average(cases: int) -> tuple[str, str]:
    return (f", on average over the {cases} cases searched,", f"在所搜索的 {cases} 个样本的平均意义上，") if cases > 1 else ("", "")


def _likely(lost: float, likely: float) -> tuple[str, str]:
    if likely > lost * (1.0 + _SAME):
        return (f"The likely bound of {_below(likely)}, with the networks as they are, does not hold here: the order found loses less.",
                f"按管网实际情况估计的下界 {_below(likely)} 在此不成立：找到的次序损失更少。")  # fmt: skip
    return (f"With the networks as they are, probably no order loses less than {_below(likely)} (not proven); then the best possible would save at most {_most(lost, likely)}.",
            f"按管网实际情况，任何次序的损失很可能不低于 {_below(likely)}（未证明）；若如此，最佳次序至多再减少 {_most(lost, likely)}。")  # fmt: skip


def _most(lost: float, bound: float) -> str:
    """The share that can be saved, rounded up: it is said to be the most."""
    return f"{max(math.ceil((lost - bound) / lost * 1000.0 - 1e-6), 0) / 10.0:.1f} %"


def _below(value: float) -> str:
    """A bound, rounded down."""
    return f"{math.floor(value):,}" if value >= 100.0 else f"{math.floor(value * 100.0) / 100.0:g}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100.0 else f"{value:.3g}"
