"""What OpenStreetMap tags mean in a city: numbers with units, classes of roads, uses of buildings and land, facilities."""

from __future__ import annotations

import re
from collections.abc import Mapping

Tags = Mapping[str, str]

NOT_A_STREET = frozenset({
    "proposed", "construction", "abandoned", "razed", "planned", "platform", "rest_area", "services", "elevator", "bus_stop", "emergency_bay", "raceway", "via_ferrata",
    "disused", "traffic_island",
})
ONE_WAY = frozenset({"yes", "true", "1"})
AREA_KEYS = ("building", "building:part", "amenity", "landuse", "leisure", "natural", "man_made", "emergency", "social_facility")
_NUMBER = re.compile(r"^\s*([+-]?\d+(?:[.,]\d+)?)\s*([a-zA-Z'\"/]*)\s*$")
_LENGTH = {"": 1.0, "m": 1.0, "metre": 1.0, "metres": 1.0, "km": 1e3, "cm": 0.01, "ft": 0.3048, "'": 0.3048, "feet": 0.3048, "in": 0.0254, '"': 0.0254}
_SPEED = {"": 1 / 3.6, "km/h": 1 / 3.6, "kmh": 1 / 3.6, "kph": 1 / 3.6, "mph": 0.44704, "knots": 0.514444}
LAND_USE = {
    "residential": "R", "retail": "B1", "commercial": "B2", "industrial": "M", "education": "A3", "institutional": "A", "religious": "A", "military": "H", "port": "S",
    "railway": "S", "depot": "W", "recreation_ground": "G1", "village_green": "G1", "grass": "G2", "greenfield": "E", "farmland": "E2", "farmyard": "E2", "orchard": "E2",
    "meadow": "E2", "forest": "E2", "vineyard": "E2", "cemetery": "H", "reservoir": "E1", "basin": "E1", "landfill": "U2",
}
LEISURE = {"park": "G1", "garden": "G1", "playground": "G1", "pitch": "A4", "sports_centre": "A4", "stadium": "A4", "nature_reserve": "E2", "golf_course": "A4"}
NATURAL = {"water": "E1", "wetland": "E1", "wood": "E2", "grassland": "E2", "scrub": "E2", "beach": "E"}
SCHOOLS = {"school": None, "kindergarten": "kindergarten", "college": "college", "university": "college"}
BUS_SHELTER = frozenset({"public_transport", "picnic_shelter", "gazebo", "weather_shelter", "lean_to", "changing_rooms", "pavilion", "sun_shelter"})


def measure(text: str | None, units: Mapping[str, float]) -> float | None:
    """A number with an optional unit in SI, or None when it is something else."""
    match = _NUMBER.match(text) if text else None
    if match is None or match.group(2).lower() not in units:
        return None
    return float(match.group(1).replace(",", ".")) * units[match.group(2).lower()]


def length(text: str | None) -> float | None:
    """Metres from a tag such as "7.5", "24 ft"."""
    return measure(text, _LENGTH)


def speed(text: str | None) -> float | None:
    """Metres per second from a tag such as "50", "30 mph"."""
    found = measure(text, _SPEED)
    return None if found is None else round(found, 6)


def whole(text: str | None) -> int | None:
    """A whole number, or None."""
    found = measure(text, {"": 1.0})
    return None if found is None else round(found)


def is_street(tags: Tags) -> bool:
    """Whether a way is a line on which people move, drawn along its axis."""
    kind = tags.get("highway")
    return kind is not None and kind not in NOT_A_STREET and tags.get("area") != "yes"


def direction(tags: Tags) -> int:
    """1 along the way only, -1 against it only, 0 both."""
    value = tags.get("oneway")
    if value == "-1":
        return -1
    if value in ONE_WAY or (value is None and (tags.get("highway") == "motorway" or tags.get("junction") in ("roundabout", "circular"))):
        return 1
    return 0


def build_year(tags: Tags) -> int | None:
    """The year in `start_date`, when it starts with one."""
    found = re.match(r"^~?\s*(1\d{3}|20\d{2})\b", tags.get("start_date", ""))
    return int(found.group(1)) if found else None


def address(tags: Tags) -> str | None:
    """Street and house number in the order that the script of the name asks for."""
    street, number = tags.get("addr:street"), tags.get("addr:housenumber")
    if not street:
        return tags.get("addr:full")
    if not number:
        return street
    return f"{street}{number}" if not street.isascii() and street[-1] in "道路街巷弄" else f"{street} {number}"


def land_use(tags: Tags) -> str | None:
    """Land-use code of an area, or None."""
    for key, table in (("landuse", LAND_USE), ("leisure", LEISURE), ("natural", NATURAL)):
        code = table.get(tags.get(key, ""))
        if code:
            return code
    return None


def facility(tags: Tags) -> tuple[str, dict[str, object]] | None:
    """Kind of a critical facility and its fields, or None."""
    amenity = tags.get("amenity") or tags.get("healthcare")
    if amenity in ("hospital", "clinic"):
        return "buildings.hospital", {"level": "0" if amenity == "clinic" else None, "beds": whole(tags.get("beds") or tags.get("capacity:beds")),
                                      "emergency": {"yes": True, "no": False}.get(tags.get("emergency", ""))}
    if amenity in SCHOOLS:
        return "buildings.school", {"level": SCHOOLS[amenity], "pupils": whole(tags.get("capacity"))}
    if amenity == "fire_station":
        return "buildings.fire_station", {}
    if amenity == "police":
        return "buildings.police", {}
    if tags.get("emergency") == "assembly_point" or (amenity == "shelter" and tags.get("shelter_type") not in BUS_SHELTER and "shelter_type" in tags):
        return "buildings.shelter", {"type": "emergency", "capacity": whole(tags.get("capacity")), "indoor": amenity == "shelter"}
    if tags.get("social_facility") == "shelter":
        return "buildings.shelter", {"type": "emergency", "capacity": whole(tags.get("capacity")), "indoor": True}
    if amenity == "parking" and tags.get("parking") == "underground":
        return "buildings.garage", {"spaces": whole(tags.get("capacity"))}
    return None


def stop_mode(tags: Tags) -> str | None:
    """GTFS route type of a public-transport stop, or None when it is no stop."""
    railway, amenity = tags.get("railway"), tags.get("amenity")
    if tags.get("highway") == "bus_stop" or amenity == "bus_station":
        return "3"
    if railway == "tram_stop":
        return "0"
    if railway in ("station", "halt"):
        return "1" if tags.get("station") == "subway" or tags.get("subway") == "yes" else "2"
    return "4" if amenity == "ferry_terminal" else None
