"""Earthquake: ground motion and ground failure at the sites, from an event, a stochastic catalogue, or a ShakeMap."""

from __future__ import annotations

from typing import Annotated, Any

from holdfast.model.spec import Code, Hazard, Param, Setting, Source

NGA = Source("NGA-West2 ground motion models", "BSSA14, CB14, CY14", "2014", "found", "coefficient tables of pygmm 0.8.0")
MECHANISMS = (Code("strike_slip", "strike slip", "走滑"), Code("normal", "normal", "正断"), Code("reverse", "reverse", "逆断"))
SUSCEPTIBILITIES = (
    Code("vs30", "from Vs30", "由剪切波速推定"), Code("none", "none", "无"), Code("very_low", "very low", "很低"), Code("low", "low", "低"),
    Code("moderate", "moderate", "中"), Code("high", "high", "高"), Code("very_high", "very high", "很高"),
)  # fmt: skip
SITE = Source("GB 18306-2015", "class II as reference", "2015", "recalled")


def model(
    city: Any, sites: Any,
    magnitude: Annotated[float, Param("moment magnitude", "矩震级")] = 6.5, x: float | None = None, y: float | None = None,
    lon: Annotated[float | None, Param("longitude of the epicentre [°], left out: the middle of the city", "震中经度 [°]，留空取城市中心")] = None,
    lat: Annotated[float | None, Param("latitude of the epicentre [°]", "震中纬度 [°]")] = None,
    depth: Annotated[float, Param("depth of the hypocentre", "震源深度", "depth")] = 10_000.0,
    mechanism: Annotated[str, Param("mechanism", "震源机制", choices=MECHANISMS)] = "strike_slip",
    strike: Annotated[float, Param("strike [°]", "断层走向 [°]")] = 45.0, dip: float | None = None, rake: float | None = None, source: str = "plane",
    gmm: str | dict[str, float] = "BSSA14,CB14,CY14", region: str = "global", vs30: float | str = "auto", correlation: float | str = "clustered", truncation: float = 3.0,
    liquefaction: Annotated[str, Param("susceptibility to liquefaction", "液化敏感性", choices=SUSCEPTIBILITIES)] = "vs30",
    groundwater: Annotated[float, Param("depth of the groundwater", "地下水埋深", "depth")] = 3.0, measures: str = "",
    shakemap: Annotated[str, Param("ShakeMap grid.xml in the city's folder, in place of an event", "代替设定地震的震动图文件，放在城市文件夹内")] = "",
    uncertainty: str = "",
    a: float | None = None, b: float = 1.0, min_magnitude: float = 5.0, max_magnitude: float = 7.5, radius: float = 100_000.0,
    fault: list[float] | None = None, years: float | None = None, rupture_file: str = "", sediments: float | None = None, measured: bool = False,
) -> Any:  # fmt: skip
    """A model of an earthquake.

    magnitude           moment magnitude
    x, y or lon, lat    epicentre [m in the city's grid, or degrees]; the middle of the city where none is given
    depth               of the hypocentre [m]
    mechanism           strike_slip, normal or reverse, or `rake` [degrees]; strike, dip [degrees]
    source              plane: a rectangle of the size usual for the magnitude; point
    rupture_file        NRML file of a simple fault or of planes in place of magnitude, place and mechanism
    gmm                 ground motion models, with weights if wanted ("BSSA14:0.6,CY14:0.4" or {BSSA14 = 0.6, CY14 = 0.4}); one is drawn in each case
    region              global, china; east, moderate, xinjiang, tibet for the model GB18306
    vs30                m/s, a site class (I0 to IV), slope, or auto: slope where there is terrain, else the usual class
    sediments           depth to 1 km/s [m] for CY08, else the usual one for the Vs30; measured: Vs30 was, for CY08 and CY14
    correlation         of residuals between sites: clustered or varied ground (Jayaram and Baker), none, or a length [m]
    truncation          standard deviations at which residuals are cut; 0 for none
    liquefaction        susceptibility: none, very_low ... very_high, or vs30: from Vs30; groundwater: its depth [m]
    measures            of pga, pgv, sa03, sa10; left out: those that damage laws use
    shakemap            grid.xml or .npy in place of an event, with uncertainty.xml in `uncertainty`
    a, b, min_magnitude, max_magnitude, radius or fault, years    a stochastic catalogue in place of one event: lg N = a - b M a year,
                        epicentres in a disc of `radius` [m] or on a fault [x1, y1, x2, y2 in m]; each case is one event, and `years` fixes
                        how many there are
    raises              Invalid naming the parameter, NotFound for a file
    """
    given = dict(locals())
    for name in ("city", "sites"):
        given.pop(name)
    from .build import build

    return build(city, sites, given)


HAZARD = Hazard(
    "quake", "Earthquake", "地震",
    measures=(("pga", "m/s2"), ("pgv", "m/s"), ("sa03", "m/s2"), ("sa10", "m/s2"), ("pgd", "m")), model=model, source=NGA, clauses=("1k", "4b"),
    settings=(Setting("quake.site_class", "II", "site class where nothing is known of the ground", "缺省场地类别", SITE),),
    files=("shakemap", "uncertainty", "rupture_file"),
    presets=(
        ("m6.0", (("magnitude", 6.0),)), ("m6.5", (("magnitude", 6.5),)), ("m7.0", (("magnitude", 7.0),)),
        ("m6.5-china", (("magnitude", 6.5), ("region", "east"), ("gmm", "GB18306:0.5,BSSA14:0.25,CY14:0.25"))),
    ),
)  # fmt: skip

__all__ = ["HAZARD", "model"]
