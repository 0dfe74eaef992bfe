"""Chinese for what reports are made of: names of columns and of parts of a summary, services, orders and statuses."""

from __future__ import annotations

import re
from collections.abc import Mapping

from .words_of_results import RESULT_WORDS, UNITS

WORDS: dict[str, str] = RESULT_WORDS | {
    "city": "城市", "run": "运行", "time": "时间", "input": "输入摘要", "seed": "种子", "status": "状态", "done": "完成", "cancelled": "已取消",
    "diverged": "未收敛", "solved": "已解出", "title": "名称", "hazard": "灾害", "method": "方法", "source": "来源", "unit": "单位", "name": "名称",
    "notes": "说明", "engines": "引擎", "seconds": "用时[秒]", "service": "服务", "services": "服务", "people": "人数", "assets": "资产数",
    "cases": "样本", "total": "总数", "hour": "小时", "mean": "平均", "p5": "5%", "p50": "中位数", "p95": "95%", "people_without": "失去服务人数",
    "person_hours": "损失人时", "resilience": "韧性", "restored_p50": "恢复用时[时]，中位数", "restored_p95": "恢复用时[时]，95%",
    "worst_p5": "最多失去人数，5%", "worst_p50": "最多失去人数，中位数", "worst_p95": "最多失去人数，95%", "at_24h": "24小时失去人数，中位数",
    "worst_to_best": "最差与最好片区之比", "critical_facilities": "关键设施停运[时]", "critical": "停运关键设施", "components_failed": "损坏构件",
    "components": "损坏构件", "losses": "损失", "direct_CNY": "直接损失[元]", "indirect_CNY": "间接损失[元]", "crews": "抢修队",
    "depots": "抢修队驻地", "repair_rule": "抢修规则", "shortest": "耗时最短者先修", "nearest": "距离最近者先修",
    "resumed_cases": "续算样本", "worker_deaths": "进程中断次数", "restoration": "抢修顺序比较", "curves": "失去服务人数曲线", "impact": "影响",
    "outage": "失去服务的概率", "zones": "片区失去服务份额",
    "lacking": "各类设施失去服务的平均数量", "order": "抢修次序", "ranking": "关键度排序", "findings": "检查结果", "id": "编号",
    "kind": "类别", "rank": "次序", "team": "队伍", "done_hour": "修复用时[时]", "objective": "加权损失人时", "fails": "损坏概率",
    "hours_without": "失去小时数", "failed": "停用数", "failed_mean": "停用数，平均", "failed_p5": "停用数，5%", "failed_p50": "停用数，中位数",
    "failed_p95": "停用数，95%", "taken_out": "失效构件", "people_worst": "最多失去人数", "value": "数值", "share": "份额", "length": "长度",
    "diameter": "管径", "pressure": "压力", "demand": "需水量", "message": "问题", "fix": "处理", "severity": "级别", "rule": "规则",
    "column": "字段", "weighted_person_hours": "加权损失人时", "lower_bound": "下界", "bound_proven": "下界已证明", "likely_bound": "可能的下界(未证明)",
    "gap": "差距",
    "orders_judged": "已评次序数", "tasks": "抢修任务数", "better_than_importance": "优于按重要性", "better_than_random": "优于随机",
    "facilities": "设施", "hours after the event [h]": "灾后小时数[时]", "person-hours": "人时", "weighted person-hours": "加权人时",
    "hours without": "失去小时数", "electricity": "供电", "water": "供水", "fire_flow": "消防水量", "drainage": "排水", "gas": "燃气",
    "heat": "供热", "telecom": "通信", "road_access": "道路通达", "shelter": "避难", "care": "医疗", "supplies": "物资", "power": "电力",
    "roads": "道路", "buildings": "建筑", "best found": "找到的最佳", "importance": "按重要性", "greedy": "贪心", "programme": "线性规划",
    "random": "随机", "random best": "随机，最佳", "lower bound": "下界",
    "exceedance": "不同重现期的损失", "return_period": "重现期[年]", "average_year": "年均损失", "events": "事件数", "direct_loss": "直接损失[元]",
    "years between such events": "事件间隔年数[年]",
}  # fmt: skip
"""English key -> Chinese."""


_UNIT = re.compile(rf"(.+?)_({'|'.join(UNITS)})")
_HOUR = re.compile(r"h(\d+(?:\.\d+)?)")
_WITHOUT = "hours_without_"


def chinese(text: object, more: Mapping[str, str]) -> str:
    """The Chinese of a key (with its unit), of a value, or of the column of an hour; empty where none is known. more: asked first, such as titles of kinds"""
    key = str(text)
    hour = _HOUR.fullmatch(key)
    if hour:
        return f"{hour[1]}小时后"
    if key.startswith(_WITHOUT) and key.removeprefix(_WITHOUT) in WORDS:
        return f"失去小时数，{WORDS[key.removeprefix(_WITHOUT)]}"
    if key in more or key in WORDS:
        return more.get(key) or WORDS[key]
    measured = _UNIT.fullmatch(key)
    return f"{WORDS[measured[1]]}[{UNITS[measured[2]]}]" if measured and measured[1] in WORDS else ""


def english(text: object, more: Mapping[str, str]) -> str:
    """A key (its unit in brackets) or a value as English words. more: asked first, such as titles of kinds"""
    key = str(text)
    hour, measured = _HOUR.fullmatch(key), _UNIT.fullmatch(key)
    if hour:
        return f"after {hour[1]} h"
    if measured and key not in more and key not in WORDS:
        return f"{measured[1].replace('_', ' ')} [{UNITS[measured[2]]}]"
    return more.get(key) or key.replace("_", " ")
