"""Assess the survey: every declared check on what the city has."""

from __future__ import annotations

from typing import Annotated

from holdfast.model.city import City
from holdfast.model.delivery import Answer, Plot
from holdfast.model.spec import Param


def assess_survey(
    city: City,
    kinds: Annotated[list[str] | None, Param("kinds to check", "检查的类别", kinds=True)] = None,
    checks: Annotated[list[str] | None, Param("checks to run", "检查项")] = None,
) -> Answer:
    """Find what is wrong with the survey: attributes, geometry, topology, levels, duplicates.

    kinds     names of kinds, or none for all
    checks    names such as "reverse_slope", or none for all
    returns   summary with findings by severity and rule and the share of assets without any; table `rules` counts findings by
              rule and kind with the meaning of the rule in both languages; the findings themselves
    raises    NotFound for an unknown kind or check
    source    checks and limits name their own, see `holdfast.engines.survey.declared`
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    from holdfast.engines.survey.checks import run_checks
    from holdfast.engines.survey.declared import CHECKS
    from holdfast.model.finding import grouped

    findings = run_checks(city, kinds or None, checks or None)
    table = findings.table()
    rules = []
    for row in grouped(table):
        check = CHECKS[row["rule"]]
        rules.append({"rule": check.name, "kind": row["kind"], "severity": row["severity"], "count": row["count"], "title": check.title,
                      "title_zh": check.title_zh, "fix": check.fix, "standard": check.source.standard, "clause": check.source.clause, "mark": check.source.mark})
    counts = city.counts()
    assets = sum(counts.get(kind, 0) for kind in (kinds or counts))
    touched = pc.count_distinct(table["id"], mode="only_valid").as_py() if table.num_rows else 0
    summary = {"findings": findings.counts(), "rules": findings.by_rule(), "assets": assets, "assets_with_findings": touched,
               "faultless_share": round(1.0 - touched / assets, 6) if assets else None}
    plots = (Plot("Findings by rule", "各检查项的问题数", "rules", "rule", ("count",), "barh", x_label="findings"),)
    return Answer(summary, {"rules": pa.Table.from_pylist(rules, schema=_rules_schema())}, findings, plots=plots)


def _rules_schema():  # type: ignore[no-untyped-def]
    import pyarrow as pa

    text = ("title", "title_zh", "fix", "standard", "clause", "mark")
    return pa.schema([("rule", pa.string()), ("kind", pa.string()), ("severity", pa.string()), ("count", pa.int64()), *((name, pa.string()) for name in text)])
