"""What the columns and values of Chinese pipeline survey tables are called. source: CJJ 61-2017 result tables and common database templates [recalled]"""

from __future__ import annotations

import re

POINT_COLUMNS: dict[str, tuple[str, ...]] = {
    "map_number": ("图上点号", "图上编号", "图上号", "map_no", "mapno", "map_number"),
    "field_number": ("外业点号", "物探点号", "管线点号", "管点编号", "管点号", "点号", "探测点号", "测点号", "编号", "exp_no", "expno", "point_no", "wtdh", "dh", "field_number"),
    "connected": ("连接点号", "连接方向", "连接点", "相连点号"),
    "feature": ("特征", "特征点", "管线点特征", "点特征", "点性", "feature", "tzd", "tz"),
    "attachment": ("附属物", "附属物名称", "附属设施", "建(构)筑物", "建筑物", "subsid", "fsw", "attachment"),
    "x": ("x", "x坐标", "x(北)", "x北", "纵坐标", "北坐标", "coord_x", "x_coord", "zbx"),
    "y": ("y", "y坐标", "y(东)", "y东", "横坐标", "东坐标", "coord_y", "y_coord", "zby"),
    "ground_elevation": ("地面高程", "地面标高", "高程", "h", "z", "surf_h", "dmgc", "ground_elevation"),
    "depth": ("埋深", "管点埋深", "管线埋深", "点埋深", "ms", "depth"),
    "well_bottom_depth": ("井底埋深", "井底深", "井深", "井底深度", "well_deep", "jdms"),
    "offset": ("偏心井位", "偏心距", "偏心点号"),
}
LINE_COLUMNS: dict[str, tuple[str, ...]] = {
    "map_number": ("线号", "管线编号", "管段编号", "管线段编号", "管线号", "line_no", "lno", "map_number"),
    "start": ("起点号", "起点点号", "起始点号", "起点编号", "起始点", "起点", "起点物探点号", "起点外业点号", "s_point", "start_point", "qddh", "qdh"),
    "end": ("终点号", "终点点号", "终止点号", "终点编号", "终止点", "终点", "终点物探点号", "终点外业点号", "连接点号", "连向点号", "e_point", "end_point", "zddh", "zdh"),
    "from_depth": ("起点埋深", "起始埋深", "起点管顶埋深", "起点管底埋深", "s_deep", "qdms", "from_depth"),
    "to_depth": ("终点埋深", "终止埋深", "终点管顶埋深", "终点管底埋深", "e_deep", "zdms", "to_depth"),
    "from_elevation": ("起点高程", "起点管高程", "起点管顶高程", "起点管底高程", "起点管线高程", "起始高程", "s_h", "qdgc", "from_elevation"),
    "to_elevation": ("终点高程", "终点管高程", "终点管顶高程", "终点管底高程", "终点管线高程", "终止高程", "e_h", "zdgc", "to_elevation"),
    "section": ("管径", "管径或断面尺寸", "管径/断面", "断面尺寸", "管径断面", "管径或断面", "规格", "断面", "管径尺寸", "dn", "gj", "d_s", "psize", "dsize", "diameter"),
    "material": ("材质", "管材", "管线材质", "材料", "gc", "cz", "material"),
    "laying": ("埋设方式", "敷设方式", "埋设类型", "埋设形式", "msfs", "d_type", "laying"),
    "build_date": ("建设年代", "建设年月", "建设日期", "埋设年代", "建设时间", "埋设日期", "竣工日期", "mdate", "jsnd", "build_date"),
    "pressure_class": ("压力", "压力等级", "压力级别", "压力类型", "pressure"),
    "nominal_voltage": ("电压", "电压值", "电压等级", "voltage"),
    "ducts": ("总孔数", "孔数", "hole_count"),
    "ducts_used": ("已用孔数", "占用孔数", "holeused"),
    "cores": ("电缆条数", "光缆条数", "条数", "cable_count"),
    "direction": ("流向", "水流方向", "flowdirect"),
    "start_x": ("起点x", "起点x坐标"), "start_y": ("起点y", "起点y坐标"), "end_x": ("终点x", "终点x坐标"), "end_y": ("终点y", "终点y坐标"),
}  # fmt: skip
BOTH_COLUMNS: dict[str, tuple[str, ...]] = {
    "category": ("管线类别", "管线种类", "管线类型", "管类", "小类", "管线小类", "管线代码", "类别", "gxlb", "category"),
    "feature_code": ("要素代码", "分类代码", "要素编码", "feature_code"),
    "road": ("所在道路", "道路名称", "路名", "所在位置", "位置", "road"),
    "status": ("使用状态", "使用情况", "管线状态", "状态", "status"),
    "owner": ("权属单位", "权属", "产权单位", "权属单位名称", "b_code", "belong", "qsdw", "owner"),
    "survey_date": ("探测日期", "测量日期", "探测时间", "调查日期", "勘测日期", "测绘日期", "survey_date"),
    "comment": ("备注", "说明", "remark", "note", "bz"),
}

POINT_WORDS: dict[str, tuple[str, ...]] = {
    "water.hydrant": ("消防栓", "消火栓"),
    "water.isolation_valve": ("阀门", "阀门井", "阀门孔", "阀井", "闸阀", "蝶阀"),
    "water.tank": ("水塔", "水池", "高位水池"),
    "water.reservoir": ("水源井", "水源", "取水口"),
    "water.pump_station": ("泵站", "加压泵站", "给水泵站"),
    "water.treatment_plant": ("水厂", "净水厂"),
    "drainage.inlet": ("雨水口", "雨水篦", "雨水箅", "雨篦", "雨箅", "收水口", "进水口"),
    "drainage.outfall": ("排放口", "出水口", "排水口", "出口"),
    "drainage.storage": ("调蓄池", "集水池", "化粪池", "沉淀池", "隔油池"),
    "drainage.divider": ("截流井", "分流井", "溢流井"),
    "drainage.pump_station": ("泵站", "雨水泵站", "污水泵站", "排水泵站"),
    "drainage.treatment_plant": ("污水处理厂", "污水厂"),
    "gas.station": ("调压站", "门站", "储配站", "调压箱", "调压柜", "加气站"),
    "gas.source": ("气源",),
    "heat.plant": ("热源厂", "锅炉房", "热电厂"),
    "power.substation": ("变电站", "配电室", "变配电站", "开闭所", "配电房", "箱变", "箱式变电站", "环网柜"),
    "power.manhole": ("检修井", "人孔", "手孔", "电力井", "电缆井", "窨井", "人孔井", "手孔井"),
    "telecom.exchange": ("通信机房", "机房", "电信局"),
    "telecom.site": ("基站", "通信基站"),
    "telecom.cabinet": ("交接箱", "光交箱", "光缆交接箱", "接线箱", "分线箱"),
    "telecom.manhole": ("人孔", "手孔", "人孔井", "手孔井", "通信井", "检修井", "窨井"),
}  # fmt: skip
"""Attachment as surveyed -> kind, in the domain of the row's category."""

CATEGORY_WORDS: dict[str, tuple[str, ...]] = {
    "JS": ("给水", "上水", "自来水", "供水"), "PS": ("排水", "下水"), "RQ": ("燃气",), "RL": ("热力", "供热", "暖气"), "DL": ("电力", "强电"),
    "TX": ("通信", "电信", "弱电", "通讯"), "GY": ("工业",), "QT": ("其他", "综合"),
}  # fmt: skip

_BRACKET = re.compile(r"[(（\[【](?P<inner>[^)）\]】]*)[)）\]】]")


def plain(heading: str) -> str:
    """A heading without brackets, units, spaces and case."""
    return re.sub(r"[\s_\-/\\:：.]+", "", _BRACKET.sub("", heading)).casefold()


def unit_of(heading: str) -> str | None:
    """What stands in brackets in a heading, e.g. "mm" in "管径(mm)"; None when nothing does."""
    found = _BRACKET.search(heading)
    return found["inner"].strip() or None if found else None


def find_columns(headings: list[str], words: dict[str, tuple[str, ...]]) -> dict[str, str]:
    """The heading of each known column: the first word of the list that is there wins."""
    whole = {re.sub(r"\s+", "", h).casefold(): h for h in reversed(headings)}
    short = {plain(h): h for h in reversed(headings)}
    found: dict[str, str] = {}
    for name, spellings in words.items():
        for word in spellings:
            heading = whole.get(word.casefold()) or short.get(plain(word))
            if heading is not None and heading not in found.values():
                found[name] = heading
                break
    return found
