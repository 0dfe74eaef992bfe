"""Earthquake: ground motion and ground failure at the sites, from an event, a stochastic catalogue, or a ShakeMap."""

from __future__ import annotations

from typing import Any

from holdfast.model.spec import Hazard, Setting, Source

NGA = Source("NGA-West2 ground motion models", "BSSA14, CB14, CY14", "2014", "found", "coefficient tables of pygmm 0.8.0")
SITE = Source("GB 18306-2015", "class II as reference", "2015", "recalled")


def model(
    city: Any, sites: Any, magnitude: float = 6.5, x: float | None = None, y: float | None = None, lon: float | None = None, lat: float | None = None,
    depth: float = 10_000.0, mechanism: str = "strike_slip", strike: float = 45.0, dip: float | None = None, rake: float | None = None, source: str = "plane",
    gmm: str | dict[str, float] = "BSSA14,CB14,CY14", region: str = "global", vs30: float | str = "auto", correlation: float | str = "clustered", truncation: float = 3.0,
    liquefaction: str = "vs30", groundwater: float = 3.0, measures: str = "", shakemap: str = "", uncertainty: str = "",
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
