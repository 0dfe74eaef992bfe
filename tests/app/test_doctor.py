"""The doctor sees what is there, what is missing, and never raises."""

from __future__ import annotations

import shutil
import sqlite3
import types

import pytest

from holdfast import catalog
from holdfast.app import doctor
from holdfast.app.cities import create_city
from holdfast.model.errors import Invalid


def by_name(checks: list[doctor.Check]) -> dict[str, doctor.Check]:
    return {check.name: check for check in checks}


def test_a_working_installation_has_nothing_that_fails():
    checks = by_name(doctor.diagnose())
    assert {"python", "packages", "sqlite", "proj", "postgresql client", "page", "catalog", "disk space"} <= set(checks)
    assert [check for check in checks.values() if check.status == "fail"] == []
    assert "R*Tree" in checks["sqlite"].detail and checks["python"].as_json()["status"] == "ok"


def test_every_row_that_is_not_ok_says_what_to_do(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    for check in doctor.diagnose():
        assert check.detail
        if check.status != "ok":
            assert check.fix, check


def test_missing_packages_fail_by_name(monkeypatch):
    monkeypatch.setattr(doctor, "NEEDED_PACKAGES", ("numpy", "no_such_package_here"))
    check = doctor._packages()
    assert check.status == "fail" and "no_such_package_here" in check.detail and "numpy" not in check.detail


def test_old_python_and_old_sqlite_fail(monkeypatch):
    monkeypatch.setattr(doctor, "MIN_PYTHON", (99, 0))
    monkeypatch.setattr(doctor, "MIN_SQLITE", (99, 0, 0))
    assert doctor._python().status == "fail" and doctor._sqlite().status == "fail"


def test_sqlite_without_rtree_fails(monkeypatch):
    class Bare:
        def __enter__(self):
            return self

        def __exit__(self, *_):
            return None

        def execute(self, _):
            raise sqlite3.OperationalError("no such module: rtree")

    monkeypatch.setattr(doctor.sqlite3, "connect", lambda _: Bare())
    check = doctor._sqlite()
    assert check.status == "fail" and "rtree" in check.detail


def test_a_broken_catalog_is_a_row(monkeypatch):
    def broken():
        raise Invalid("two installed packages declare the kind 'x.y'", fix="Remove one")

    monkeypatch.setattr(catalog, "load", broken)
    assert [(c.status, c.fix) for c in doctor._catalog()] == [("fail", "Remove one")]


@pytest.mark.parametrize(("free", "status"), [(1e8, "fail"), (1e9, "warn"), (1e11, "ok")])
def test_disk_space(monkeypatch, tmp_path, free, status):
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _: types.SimpleNamespace(free=free))
    assert doctor._space(tmp_path).status == status


def test_a_city_is_looked_at(tmp_path):
    create_city(str(tmp_path / "town"), name="Town").close()
    checks = by_name(doctor.diagnose(str(tmp_path / "town")))
    assert checks["city"].status == "ok" and "Town" in checks["city"].detail
    assert checks["city folder"].status == "ok"


def test_no_city_is_a_row_with_a_fix(tmp_path):
    check = by_name(doctor.diagnose(str(tmp_path / "nowhere")))["city"]
    assert check.status == "fail" and "holdfast init" in check.fix


def test_an_unreachable_database_is_a_row():
    check = by_name(doctor.diagnose("postgresql://127.0.0.1:1/none"))["city"]
    assert check.status == "fail" and check.fix


def test_the_worst_status_wins():
    ok, warn, fail = (doctor.Check("x", status, "") for status in ("ok", "warn", "fail"))
    assert doctor.worst([ok]) == "ok" and doctor.worst([ok, warn]) == "warn" and doctor.worst([warn, fail, ok]) == "fail"
