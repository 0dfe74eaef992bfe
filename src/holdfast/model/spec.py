"""The declaration types: what a domain or hazard says about itself, as frozen values with no behaviour.

Lists, forms, layers, import templates, routes, commands and documentation are derived from these; nothing here knows
how. Titles are given in English and Chinese.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

Trait = Literal["node", "edge", "area", "device", "party", "record"]
Geometry = Literal["Point", "LineString", "Polygon", "MultiPolygon"]
FieldType = Literal["number", "integer", "text", "code", "date", "boolean", "id", "json"]
Mark = Literal["found", "recalled", "recalled-low", "proposal"]
Solver = Literal["potential_flow", "ac_power", "routed_flow", "assignment", "reach"]

TRAITS: tuple[Trait, ...] = ("node", "edge", "area", "device", "party", "record")

SERVICES: tuple[str, ...] = (
    "electricity",
    "water",
    "fire_flow",
    "drainage",
    "gas",
    "heat",
    "telecom",
    "road_access",
    "shelter",
    "care",
    "supplies",
)

VERBS: tuple[str, ...] = ("monitor", "locate", "trace", "isolate", "close", "simulate", "shed", "rank", "plan", "assess", "reach", "dispatch")

LIFECYCLE: tuple[str, ...] = ("planned", "designed", "installed", "accepted", "in_service", "out_of_service", "retired")
"""States in order. An asset enters service only from `accepted` or `out_of_service`; see `holdfast.app.lifecycle`."""

SECRECY: tuple[str, ...] = ("public", "internal", "sensitive", "secret")


@dataclass(frozen=True, slots=True)
class Source:
    """Where a number, code or rule comes from.

    mark   found: seen in a source; recalled: from memory, to be verified; proposal: a default of this project
    """

    standard: str
    clause: str = ""
    edition: str = ""
    mark: Mark = "found"
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Code:
    """One entry of a dictionary: the code as delivered, its meaning, and other spellings that deliveries use."""

    value: str
    title: str
    title_zh: str
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Dictionary:
    """A closed list of codes with its source."""

    name: str
    codes: tuple[Code, ...]
    source: Source

    def values(self) -> tuple[str, ...]:
        return tuple(code.value for code in self.codes)


@dataclass(frozen=True, slots=True)
class Field:
    """One attribute of a kind.

    type        number fields name a `quantity`; code fields name a `dictionary`
    span        plausible (low, high) in SI where narrower than the quantity's own
    required    absence is a finding; never a reason to refuse the row
    """

    name: str
    title: str
    title_zh: str
    type: FieldType = "number"
    quantity: str | None = None
    dictionary: Dictionary | None = None
    span: tuple[float, float] | None = None
    required: bool = False
    meaning: str = ""
    source: Source | None = None


@dataclass(frozen=True, slots=True)
class Signal:
    """A quantity that changes with time at an asset. period: normal sampling interval in seconds."""

    name: str
    title: str
    title_zh: str
    quantity: str
    period: float
    source: Source | None = None


@dataclass(frozen=True, slots=True)
class Need:
    """A service that a kind needs.

    backup_hours  how long it works without, unless the asset's own field says so
    vital         False: the asset works without the service, only its people miss it; then a missing provider is no unmet need
    """

    service: str
    backup_hours: float = 0.0
    backup_field: str | None = None
    vital: bool = True


@dataclass(frozen=True, slots=True)
class Consequence:
    """What one damage state means for the asset.

    state         name of the state, e.g. "moderate"
    works         True while the asset still does its job in this state
    repair_hours  median hours one crew needs; 0 when nothing needs doing
    repair_beta   lognormal standard deviation of the repair time
    loss          repair cost as a share of the replacement cost, 0 to 1
    opening       for pipes: share of the cross-section through which the contents escape
    """

    state: str
    works: bool
    repair_hours: float
    repair_beta: float = 0.4
    loss: float = 0.0
    opening: float = 0.0


@dataclass(frozen=True, slots=True)
class DamageCurve:
    """Lognormal fragility: probability of reaching each state at an intensity.

    measure       intensity name with SI unit fixed by the hazard: "pga" [m/s2], "pgv" [m/s], "pgd" [m], "depth" [m], "gust" [m/s] ...
    states        damage states from light to severe
    medians       intensity at 50 % probability of reaching each state
    betas         lognormal standard deviation of each state
    consequences  one for each state, in order
    when          field values that select this curve, e.g. (("material", "PE|PVC"), ("storeys", "4..8")): alternatives, ranges with low <= value < high,
                  "" for a field that is not filled in; no pairs mean any. The first curve that fits is used, for each measure
    """

    measure: str
    states: tuple[str, ...]
    medians: tuple[float, ...]
    betas: tuple[float, ...]
    source: Source
    when: tuple[tuple[str, str], ...] = ()
    consequences: tuple[Consequence, ...] = ()


@dataclass(frozen=True, slots=True)
class DamageTable:
    """Fragility by points: probability of reaching each state at given intensities, straight lines between them, level beyond the last.

    levels        rising intensities, in the SI unit of the measure
    chances       for each state, the probability of reaching it at each level
    onset         intensity below which nothing is damaged
    measure, states, when, consequences  as in `DamageCurve`
    """

    measure: str
    states: tuple[str, ...]
    levels: tuple[float, ...]
    chances: tuple[tuple[float, ...], ...]
    source: Source
    onset: float = 0.0
    when: tuple[tuple[str, str], ...] = ()
    consequences: tuple[Consequence, ...] = ()


@dataclass(frozen=True, slots=True)
class RepairRate:
    """Damage of long buried things: repairs per metre = factor * intensity ** exponent, a Poisson number along the length.

    shares        of the repairs that are of each state, summing to 1
    consequences  one for each state, from light to severe; the worst along the edge decides, openings and repair times add up
    given         measure that must be above zero for this law to act, e.g. "pgd" only where the ground failed
    """

    measure: str
    factor: float
    exponent: float
    states: tuple[str, ...]
    shares: tuple[float, ...]
    source: Source
    when: tuple[tuple[str, str], ...] = ()
    consequences: tuple[Consequence, ...] = ()
    given: str | None = None


@dataclass(frozen=True, slots=True)
class Cost:
    """Replacement cost: amount [CNY] per item, per metre of length, per square metre of area, or of floor."""

    amount: float
    per: Literal["item", "metre", "area", "floor"]
    source: Source


@dataclass(frozen=True, slots=True)
class Symbol:
    """How a kind is coded and drawn: category and 8-digit feature code of CJJ 61, colour as (r, g, b)."""

    colour: tuple[int, int, int]
    category: str = ""
    feature_code: str = ""
    source: Source | None = None


@dataclass(frozen=True, slots=True)
class Shuts:
    """Fields of a valve that stands on an edge: the edge's id, the id of its end beside the valve, and the state, "OPEN" or "CLOSED"."""

    edge: str
    end: str
    state: str


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of thing, named `<domain>.<noun>`.

    trait             node, edge, area, device, party or record
    geometry          expected geometry type; None for things without a place
    provides          services it gives to other assets
    needs             services it cannot work without
    requires_devices  device kinds that must be accepted before a host of this kind may enter service
    parent_field      field holding the id of the asset that contains this one
    cost              what replacing one costs, for direct losses
    shuts             for nodes that stand on an edge and let nothing through it when closed
    """

    name: str
    trait: Trait
    title: str
    title_zh: str
    fields: tuple[Field, ...] = ()
    geometry: Geometry | None = None
    signals: tuple[Signal, ...] = ()
    damage: tuple[DamageCurve | DamageTable | RepairRate, ...] = ()
    provides: tuple[str, ...] = ()
    needs: tuple[Need, ...] = ()
    requires_devices: tuple[str, ...] = ()
    symbol: Symbol | None = None
    parent_field: str | None = None
    cost: Cost | None = None
    shuts: Shuts | None = None

    @property
    def domain(self) -> str:
        return self.name.partition(".")[0]

    def field(self, name: str) -> Field | None:
        return next((f for f in self.fields if f.name == name), None)


@dataclass(frozen=True, slots=True)
class Network:
    """Kinds that form one graph. gravity: levels must fall in flow direction. law: name of the edge law.

    sources   kinds that feed the network, or drain it; a part without any is an island. They are node kinds of the network or
              refer to its nodes by an id field
    lifeline  f(city) -> `holdfast.model.lifeline.Lifeline` or None when the city has nothing of it; imports heavy libraries inside
    simulate  name of the capability that answers `holdfast simulate CITY <network>`; it has a parameter `hours`
    """

    name: str
    title: str
    title_zh: str
    node_kinds: tuple[str, ...]
    edge_kinds: tuple[str, ...]
    solver: Solver
    law: str
    service: str
    gravity: bool = False
    sources: tuple[str, ...] = ()
    lifeline: Callable[[Any], Any] | None = None
    simulate: str = ""


@dataclass(frozen=True, slots=True)
class Setting:
    """An editable number or switch with its default and source. key: `<domain or engine>.<name>`."""

    key: str
    default: Any
    title: str
    title_zh: str
    source: Source
    quantity: str | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """A predicate over columns that raises an alarm. ladder: severities from low to high."""

    name: str
    title: str
    title_zh: str
    subject: str
    predicate: Callable[..., Any]
    ladder: tuple[str, ...]
    settings: tuple[Setting, ...]
    source: Source
    clauses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Indicator:
    """A number over tables. direction: +1 more is better, -1 less is better."""

    name: str
    title: str
    title_zh: str
    function: Callable[..., Any]
    quantity: str
    direction: int
    source: Source
    clauses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Param:
    """What a capability's parameter means; put it into `Annotated`.

    quantity  numbers are SI, shown in display units
    assets    kinds of the assets that it names by id; ("*",) for any kind. An asset of these kinds can be handed to the capability
    kinds     True when it names kinds
    choices   the values that it takes, where these are few
    """

    title: str
    title_zh: str = ""
    quantity: str | None = None
    assets: tuple[str, ...] = ()
    kinds: bool = False
    choices: tuple[Code, ...] = ()


@dataclass(frozen=True, slots=True)
class Capability:
    """A function `f(city, **parameters)` that people run; name is `<domain>.<verb>_<noun>`.

    Its parameters, form, route and command come from the signature. It returns a `holdfast.model.Answer`.
    writes    True when it returns events or facts for `app` to append
    about     what it tells, in one sentence
    """

    name: str
    title: str
    title_zh: str
    function: Callable[..., Any]
    clauses: tuple[str, ...]
    writes: bool = False
    about: str = ""
    about_zh: str = ""


@dataclass(frozen=True, slots=True)
class Domain:
    """One sector: six slots, any may be empty."""

    name: str
    title: str
    title_zh: str
    kinds: tuple[Kind, ...] = ()
    networks: tuple[Network, ...] = ()
    rules: tuple[Rule, ...] = ()
    indicators: tuple[Indicator, ...] = ()
    capabilities: tuple[Capability, ...] = ()
    settings: tuple[Setting, ...] = ()


@dataclass(frozen=True, slots=True)
class Hazard:
    """A source of harm. `model(city, sites, **parameters)` gives a `holdfast.model.hazard.HazardModel`; parameters with a `Param` are offered in forms.

    measures   intensities it can give, with their SI units, e.g. (("pga", "m/s2"),); empty for hazards that hit directly
    settings   editable numbers with their sources
    presets    name -> parameters, so that `holdfast scenario mycity quake-m6.5` needs no file
    files      parameters that name files; in a scenario file they lie beside it
    """

    name: str
    title: str
    title_zh: str
    measures: tuple[tuple[str, str], ...]
    model: Callable[..., Any]
    source: Source
    clauses: tuple[str, ...] = ()
    settings: tuple[Setting, ...] = ()
    presets: tuple[tuple[str, tuple[tuple[str, Any], ...]], ...] = ()
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Catalog:
    """All declarations that are installed, as one immutable value. Built by `holdfast.catalog.load`."""

    domains: tuple[Domain, ...] = ()
    hazards: tuple[Hazard, ...] = ()
    formats: tuple[Any, ...] = ()
    samples: tuple[Any, ...] = ()
    settings: tuple[Setting, ...] = ()
    kinds: dict[str, Kind] = field(default_factory=dict)
    networks: dict[str, Network] = field(default_factory=dict)
    capabilities: dict[str, Capability] = field(default_factory=dict)
