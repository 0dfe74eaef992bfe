"""Invented Chinese street names: two auspicious or scenic characters and a rank."""

from __future__ import annotations

import numpy as np

from .random import stream

FIRST = "安长永兴文武和平光明清泰康福瑞宁静朝云青碧翠金银玉华春夏秋冬东南西北望迎承启正德仁义礼智信诚友善怀思远景星辰月晨晓霞虹枫柳桂兰竹梅松桃杏槐榆棠荷"
SECOND = "澜宁泰和平安康乐庆丰盛昌荣华阳明辉光远达通顺祥瑞福禄寿喜河江湖海溪泉池潭洲湾山岭峰岗坡林园圃苑亭台楼阁桥渡津浦港塘堤沙石田圩庄"
TRUNK = ("安澜大道", "望江大道", "迎宾大道", "建安大道", "长宁大道", "朝阳大道", "文昌大道", "永泰大道", "承平大道", "云山大道", "金桂大道", "和谐大道")
RANK = ("大道", "路", "街", "巷")


def street_names(level: np.ndarray, kind: np.ndarray, seed: int) -> np.ndarray:
    """One name per street group, all different.

    level   (G,) 0 trunk 1 main 2 branch
    kind    (G,) 0 ordinary, 1 lane of the old town, 2 north bank of the river, 3 south bank
    """
    rng = stream(seed, "layout.names")
    first, second = np.array(list(dict.fromkeys(FIRST))), np.array(list(dict.fromkeys(SECOND)))
    pairs = len(first) * len(second)
    order = rng.permutation(pairs)
    index = np.arange(len(level))
    pick = order[index % pairs]
    stem = np.char.add(first[pick // len(second)], second[pick % len(second)])
    again = index // pairs
    stem = np.where(again > 0, np.char.add(stem, np.array(["", "一", "二", "三", "四", "五", "六", "七"])[np.minimum(again, 7)]), stem)
    lane = rng.random(len(level)) < 0.4
    rank = np.where(level == 0, 0, np.where(level == 1, 1, np.where(kind == 1, 3, np.where(lane, 2, 1))))
    name = np.char.add(stem, np.array(RANK)[rank])
    trunk = np.flatnonzero(level == 0)
    name = name.astype("U8")
    few = trunk[: len(TRUNK)]
    name[few] = np.array(TRUNK)[: len(few)]
    name[kind == 2], name[kind == 3] = "滨江北路", "滨江南路"
    return name
