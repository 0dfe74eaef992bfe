"""Every survey check as a declared value: what it is called, how bad it is, what to do, and who says so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from holdfast.model.spec import Source

from .settings import CJJ61_CHECKS, DEFAULT, GB50014, GB50289

Scope = Literal["row", "kind", "network"]


@dataclass(frozen=True, slots=True)
class Check:
    """One check.

    name      rule name in findings, `survey.<what>`
    scope     row: needs only the row itself and runs on every import batch; kind: all rows of a kind; network: a whole network
    title     what is wrong, as the message of a finding
    """

    name: str
    scope: Scope
    severity: str
    title: str
    title_zh: str
    fix: str
    source: Source = CJJ61_CHECKS


_NAMING = Source("CJJ 61-2017", "appendix B feature codes", "2017", "found", "standards.md 5.1 (S4)")
_ATTRIBUTES = Source("CJJ 61-2017", "3.0.2, 3.0.4", "2017", "found", "standards.md 5.1 (S4)")
_SPANS = Source("Holdfast quantities", "plausible spans", mark="proposal")

_ALL: tuple[Check, ...] = (
    # one row by itself
    Check("survey.missing_id", "row", "error", "the row has no id", "缺少标识", "Give every row its own lasting id"),
    Check("survey.missing_value", "row", "warning", "a required attribute is missing", "缺少必填属性", "Survey the attribute and deliver it", _ATTRIBUTES),
    Check("survey.missing_column", "row", "warning", "no row has this required attribute", "必填属性整列缺失", "Map the column, or survey the attribute", _ATTRIBUTES),
    Check("survey.unknown_code", "row", "warning", "the code is not in its dictionary", "代码不在字典中", "Use a code of the dictionary"),
    Check("survey.code_alias", "row", "info", "another spelling of a known code", "代码为别名", "Use the code of the dictionary"),
    Check("survey.implausible", "row", "warning", "the value is outside its plausible span", "数值超出合理范围", "Check the value and its unit", _SPANS),
    Check("survey.not_finite", "row", "warning", "the value is not a number", "数值非法", "Leave missing values empty", _SPANS),
    Check("survey.nonpositive_size", "row", "error", "a size must be greater than zero", "管径必须为正", "Correct the size, or leave it empty if unknown", _SPANS),
    Check("survey.zero_for_missing", "row", "info", "zero stands where a size is not given", "以零表示缺失的尺寸", "Leave missing values empty", _SPANS),
    Check("survey.too_deep", "row", "warning", "the depth is more than the configured maximum", "埋深超限", "Check the depth and its unit, or raise survey.max_depth"),
    Check("survey.feature_and_attachment", "row", "warning", "a point is both characteristic point and attachment", "特征与附属物同时填写", "Keep one of the two"),
    Check("survey.number_mismatch", "row", "warning", "map number and field number differ", "图上点号与外业点号不一致", "Make the two numbers the same"),
    Check("survey.start_is_end", "row", "error", "the line starts and ends at the same point", "起点与终点相同", "Correct the start or the end point"),
    Check("survey.unnamed_end", "row", "warning", "the line does not name both its points", "线段缺少起点或终点", "Name the start and end point of the line"),
    Check("survey.feature_code_form", "row", "warning", "the feature code has not eight digits beginning with 5", "要素代码格式错误",
          "Write the code as in CJJ 61 appendix B, for example 51041000", _NAMING),
    Check("survey.feature_code_mismatch", "row", "warning", "the feature code does not fit the kind, its category or its shape", "要素代码与类别不符",
          "Correct the code or the category", _NAMING),
    Check("survey.level_sum", "row", "warning", "ground level is not depth plus pipe level", "地面高程不等于埋深加管高程", "Check ground level, depth and pipe level"),
    Check("survey.future_date", "row", "warning", "the date lies in the future", "日期在未来", "Correct the date", DEFAULT),
    Check("survey.early_date", "row", "warning", "the date is too early to be true", "日期过早", "Correct the date, or leave it empty if unknown", DEFAULT),
    Check("survey.surveyed_before_built", "row", "info", "the survey is older than the asset", "测量早于建设", "Check both dates", DEFAULT),
    Check("survey.unknown_state", "row", "warning", "the lifecycle state or secrecy class is not known", "状态或密级未知", "Use a state of the list", DEFAULT),
    Check("survey.length_units", "row", "warning", "lengths look like feet where metres are said", "长度单位疑为英尺", "State the unit of the length column", DEFAULT),
    # all rows of a kind
    Check("survey.geometry", "kind", "warning", "the geometry is faulty", "几何错误", "Correct the geometry", DEFAULT),
    Check("survey.duplicate_line", "kind", "warning", "the line is drawn more than once", "重复线", "Remove all but one"),
    Check("survey.reversed_duplicate", "kind", "warning", "the line is drawn again in the other direction", "反向重复线", "Remove all but one"),
    Check("survey.cover", "kind", "warning", "the cover is less than the least allowed", "覆土深度不足", "Check the depth; if it is true, protect or relay the pipe", GB50289),
    Check("survey.min_slope", "network", "info", "the slope is less than the least allowed", "坡度小于最小坡度", "Check the levels", GB50014),
    Check("survey.min_diameter", "network", "info", "the diameter is less than the least allowed for sewers", "管径小于最小管径", "Check the diameter", GB50014),
    Check("survey.manhole_spacing", "network", "info", "manholes are further apart than allowed", "检查井间距过大", "Check for a missing manhole", GB50014),
    # a network
    Check("survey.dangling_end", "network", "error", "the line names a point that does not exist", "线端点号不存在", "Deliver the point, or correct the number"),
    Check("survey.missing_point", "network", "warning", "the line ends where there is no point", "缺少管点", "Survey and deliver the point"),
    Check("survey.unconnected_end", "network", "warning", "the line ends at a point that it does not name", "线端未与管点关联", "Name the point in the line"),
    Check("survey.end_off_point", "network", "warning", "the line does not end at the point that it names", "线端偏离管点", "Move the end to the point, or correct the number"),
    Check("survey.reversed_geometry", "network", "info", "the line is drawn from its end to its start", "线方向与起终点相反", "Exchange start and end, or redraw the line"),
    Check("survey.orphan_point", "network", "warning", "no line ends at the point", "孤立点", "Connect the point, or remove it"),
    Check("survey.duplicate_position", "network", "warning", "several points have the same x, y and z", "坐标重复的点", "Remove all but one, or correct the coordinates"),
    Check("survey.duplicate_number", "network", "error", "the same point number is given to points with different attributes", "同点号属性不一致",
          "Number the points anew, or correct the attributes"),
    Check("survey.point_level_differs", "network", "warning", "lines that meet at the point give it different levels or depths", "同点高程或埋深不一致",
          "Check the levels and depths of the lines at this point"),
    Check("survey.material_changes", "network", "info", "the material changes at a point that is no change point", "同点材质不一致",
          "Check the material, or record the change point (变材)"),
    Check("survey.section_changes", "network", "info", "the section changes at a point that is no reducer", "同点断面不一致", "Check the section, or record the reducer (变径)"),
    Check("survey.level_above_ground", "network", "error", "a buried line lies above the ground", "管线高于地面", "Check pipe level and ground level"),
    Check("survey.level_not_geometry", "network", "warning", "the level attribute and the height in the geometry differ", "高程属性与几何高程不一致", "Make the two agree"),
    Check("survey.line_level_sum", "network", "warning", "ground level of the point is not depth plus level of the line", "地面高程不等于线埋深加管高程",
          "Check ground level, depth and pipe level"),
    Check("survey.reverse_slope", "network", "warning", "a gravity line rises in its flow direction", "逆坡", "Check the levels and the flow direction", GB50014),
    Check("survey.diameter_reduction", "network", "warning", "the line after the point is narrower than one before it", "下游管径缩小",
          "Check the diameters and the flow direction", GB50014),
    Check("survey.island", "network", "warning", "this part of the network has no connection to a source", "无水源(电源)的孤岛", "Connect it, or deliver its source", DEFAULT),
    Check("survey.crossing_without_point", "network", "warning", "two lines of a network cross at the same level without a point", "相交处缺少管点",
          "Add the point, or correct the levels", DEFAULT),
    Check("survey.crossing_unknown_level", "network", "info", "two lines of a network cross, and their levels are not known", "相交处高程未知", "Survey the levels", DEFAULT),
)

CHECKS: dict[str, Check] = {check.name: check for check in _ALL}
"""All checks by name."""
