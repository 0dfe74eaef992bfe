"""What only PostgreSQL has: addresses, rights, server trouble, indexes, and how the city looks to other programs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import psycopg
import pyarrow as pa
import pyogrio
import pytest
import shapely

from holdfast.model.errors import Conflict, Forbidden, Invalid, NotFound, NotSupported, Unavailable
from holdfast.store import postgis, postgis_cities
from holdfast.store.postgis_copy import with_srid
from holdfast.store.postgis_schema import srid_of
from holdfast.store.postgis_session import at_city, parse_url
from store_kinds import CATALOG, EAST, HOUSE, MONDAY, NODE, NORTH, NOTE, PIPE, create_store, day, notes, open_store, pipes


def test_an_address_is_taken_apart():
    place = parse_url("postgresql://me:secret@db.example:5433/town?sslmode=require&city=anlan")
    assert place.schema == "anlan"
    assert place.conninfo == "postgresql://me:secret@db.example:5433/town?sslmode=require"
    assert "secret" not in place.url and place.url == "postgresql://me@db.example:5433/town?sslmode=require&city=anlan"
    assert parse_url("postgres:///town").schema == "holdfast"
    assert parse_url("postgresql://h/d?city=%E5%AE%89%E6%BE%9C").schema == "安澜"
    assert parse_url(at_city("postgresql://me:secret@h/d?city=a&x=1", "b")).conninfo == "postgresql://me:secret@h/d?x=1"


@pytest.mark.parametrize("city", ["", "public", "pg_catalog", "information_schema", "a" * 64, 'a"b', "a%00b"])
def test_names_that_cannot_be_a_city_are_refused(city):
    with pytest.raises(Invalid):
        parse_url(f"postgresql://h/d?city={city}")


@pytest.mark.parametrize("address", ["mysql://h/d", "h/d", ""])
def test_other_addresses_are_refused(address):
    with pytest.raises(Invalid):
        parse_url(address)


@pytest.mark.parametrize(("crs", "srid"), [("EPSG:4547", 4547), ("epsg:32650", 32650), ("local", 0), ("ESRI:102025", 0)])
def test_the_number_of_a_reference_system(crs, srid):
    assert srid_of(crs) == srid


@pytest.mark.parametrize(
    "shapes", [[shapely.Point(1, 2, 3), None], [None, None], [shapely.Point(1, 2), shapely.LineString([(0, 0, 1), (1, 1, 2)])], [shapely.MultiPoint([(1, 2, 3)])]]
)
def test_the_srid_is_put_into_each_geometry(shapes):
    column = pa.array([None, *(None if s is None else shapely.to_wkb(s, flavor="iso") for s in shapes)], pa.binary()).slice(1)
    found = shapely.from_wkb(with_srid(column, 4547).to_numpy(zero_copy_only=False))
    assert [s if s is None else shapely.get_srid(s) for s in found] == [None if s is None else 4547 for s in shapes]
    assert all(a is b or (a.equals_exact(b, 0) and a.has_z == b.has_z) for a, b in zip(found, shapes, strict=True))


def test_a_server_that_is_not_there():
    with pytest.raises(Unavailable, match="does not answer"):
        postgis.create("postgresql://postgres@127.0.0.1:1/x", CATALOG, "local")


pytestmark = pytest.mark.postgres


@pytest.fixture
def admin(postgres_server):
    with psycopg.connect(postgres_server.url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def city(postgres_url):
    repository = create_store(postgres_url)
    yield repository
    repository.close()


def test_a_database_that_is_not_there(postgres_server):
    with pytest.raises(Unavailable, match="nowhere"):
        postgis.create(postgres_server.url.replace("/postgres", "/nowhere"), CATALOG, "local")


def test_a_database_that_is_not_unicode(postgres_server, admin):
    admin.execute("CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'")
    try:
        with pytest.raises(NotSupported, match="UTF-8"):
            postgis.create(f"{postgres_server.url.removesuffix('/postgres')}/latin", CATALOG, "local")
    finally:
        admin.execute("DROP DATABASE latin")


def test_postgis_is_switched_on_where_it_is_missing(postgres_server, admin):
    admin.execute("CREATE DATABASE plain")
    url = f"{postgres_server.url.removesuffix('/postgres')}/plain"
    city = postgis.create(url, CATALOG, "EPSG:4547")
    with city.write() as writer:
        writer.append(PIPE, pipes(["A"]), MONDAY)
    assert city.counts() == {"demo.pipe": 1}
    city.close()
    admin.execute("DROP DATABASE plain WITH (FORCE)")


def test_an_account_without_rights_is_told_so(postgres_server, postgres_url, admin, city):
    with city.write() as writer:
        writer.append(PIPE, pipes(["A"]), MONDAY)
    schema = parse_url(postgres_url).schema
    admin.execute("CREATE ROLE guest LOGIN")
    try:
        guest = postgres_url.replace("postgres@", "guest@")
        with pytest.raises(Forbidden):
            postgis.create(f"{guest}_own", CATALOG, "local")
        with pytest.raises(Forbidden):
            open_store(guest)
        admin.execute(f"GRANT USAGE ON SCHEMA {schema} TO guest")
        admin.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO guest")
        reader = open_store(guest)
        assert reader.counts() == {"demo.pipe": 1} and reader.read(PIPE).num_rows == 1
        with pytest.raises(Forbidden), reader.write() as writer:
            writer.append(PIPE, pipes(["B"]), MONDAY)
        reader.close()
    finally:
        admin.execute("DROP OWNED BY guest")
        admin.execute("DROP ROLE guest")


def test_an_administrator_may_prepare_the_schema(postgres_url, admin):
    admin.execute(f"CREATE SCHEMA {parse_url(postgres_url).schema}")
    with pytest.raises(NotFound):
        open_store(postgres_url)
    create_store(postgres_url).close()
    with pytest.raises(Conflict):
        create_store(postgres_url)


def test_lost_connections_are_replaced(city, admin):
    with city.write() as writer:
        writer.append(PIPE, pipes(["A"]), MONDAY)
    admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'holdfast %'")
    assert city.counts() == {"demo.pipe": 1}


def test_a_connection_lost_while_writing_undoes_everything(city, admin):
    with pytest.raises(Unavailable), city.write() as writer:
        writer.append(PIPE, pipes(["A"]), MONDAY)
        admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'holdfast %'")
        writer.append(PIPE, pipes(["B"]), MONDAY)
    assert city.counts() == {}


def test_text_that_postgres_cannot_store_is_refused(city):
    with pytest.raises(Invalid, match="NUL"), city.write() as writer:
        writer.append(NOTE, notes({"1": "a\0b"}), MONDAY)
    assert city.counts() == {}


def test_a_field_that_changed_its_type_is_refused(city):
    with city.write() as writer:
        writer.append(NODE, pa.table({"id": ["n"], "elevation": [1.0]}), MONDAY)
    changed = replace(NODE, fields=(replace(NODE.fields[0], type="text", quantity=None),))
    with pytest.raises(Invalid, match="elevation"), city.write() as writer:
        writer.append(changed, pa.table({"id": ["m"], "elevation": ["high"]}), MONDAY)


def test_a_kind_with_too_long_a_name_is_refused(city):
    with pytest.raises(NotSupported), city.write() as writer:
        writer.append(replace(NODE, name=f"demo.{'x' * 60}"), pa.table({"id": ["n"]}), MONDAY)
    assert city.kinds() == []


def plan(admin, schema, query):
    admin.execute(f"SET search_path = {schema}, public")
    return "\n".join(row[0] for row in admin.execute(f"EXPLAIN {query}"))


def test_boxes_and_ids_are_found_by_index(city, postgres_url, admin):
    with city.write() as writer:
        writer.append(PIPE, pipes([f"{i}" for i in range(20_000)]), MONDAY)
    schema = parse_url(postgres_url).schema
    box = f"geometry && ST_MakeEnvelope({EAST}, {NORTH}, {EAST + 500}, {NORTH + 1}, 4547)"
    assert "demo_pipe_geometry_idx" in plan(admin, schema, f"SELECT id FROM demo_pipe WHERE {box}")
    assert "demo_pipe_pkey" in plan(admin, schema, "SELECT id FROM demo_pipe WHERE id = ANY(ARRAY['demo.pipe:7', 'demo.pipe:8'])")
    operator_classes = admin.execute("SELECT indexdef FROM pg_indexes WHERE schemaname = %s AND indexdef LIKE '%%gist%%'", (schema,)).fetchall()
    assert len(operator_classes) == 2 and not any("nd" in text.rpartition("USING")[2] for (text,) in operator_classes), "an n-d index serves no &&"


def test_other_programs_see_a_layer_with_its_reference_system(city, postgres_url, admin):
    schema = parse_url(postgres_url).schema
    square = shapely.box(EAST, NORTH, EAST + 1, NORTH + 1)
    with city.write() as writer:
        writer.append(PIPE, pipes(["A", "B"]), MONDAY)
        writer.append(HOUSE, pa.table({"id": ["h"], "geometry": pa.array([shapely.to_wkb(square)])}), MONDAY)
    with city.write() as writer:
        writer.close(PIPE, ["demo.pipe:A"], day(1))
    rows = admin.execute("SELECT f_table_name, srid FROM geometry_columns WHERE f_table_schema = %s ORDER BY 1", (schema,)).fetchall()
    assert rows == [("demo_house", 4547), ("demo_house_past", 4547), ("demo_pipe", 4547), ("demo_pipe_past", 4547)]
    address = parse_url(postgres_url).conninfo
    if "PostgreSQL" in pyogrio.list_drivers():
        frame = pyogrio.read_dataframe(address, layer=f"{schema}.demo_pipe")
        assert frame["id"].tolist() == ["demo.pipe:B"] and frame.crs.to_epsg() == 4547


def test_a_geometry_of_another_reference_system_cannot_get_in(city, postgres_url, admin):
    with city.write() as writer:
        writer.append(PIPE, pipes(["A"]), MONDAY)
    schema = parse_url(postgres_url).schema
    with pytest.raises(psycopg.errors.CheckViolation):
        admin.execute(f"UPDATE {schema}.demo_pipe SET geometry = ST_SetSRID(geometry, 4326)")


def test_cities_in_one_database_do_not_see_each_other(city, postgres_url):
    other_url = f"{postgres_url}_b"
    other = create_store(other_url, crs="EPSG:32650")
    with city.write() as writer, other.write() as second:
        writer.append(PIPE, pipes(["A"]), MONDAY)
        second.append(NOTE, notes({"1": "x"}), MONDAY)
    assert city.counts() == {"demo.pipe": 1} and other.counts() == {"demo.note": 1}
    other.close()
    with pytest.raises(Conflict):
        postgis_cities.rename_city(other_url, parse_url(postgres_url).schema)
    postgis_cities.drop_city(other_url)
    assert not postgis_cities.city_exists(other_url) and postgis_cities.city_exists(postgres_url)


def test_boxes_are_exact_where_single_precision_is_not(city):
    """At these northings float32 counts in steps of a quarter metre."""
    with city.write() as writer:
        writer.append(PIPE, pipes(["A"]), MONDAY)
    assert city.read(PIPE, bbox=(EAST - 5, NORTH - 5, EAST - 0.001, NORTH + 50)).num_rows == 0
    assert city.read(PIPE, bbox=(EAST - 5, NORTH + 8.001, EAST + 50, NORTH + 50)).num_rows == 0
    assert city.read(PIPE, bbox=(EAST - 5, NORTH + 8.0, EAST + 50, NORTH + 50)).num_rows == 1


@pytest.mark.parametrize("box", [(1, 1, 0, 2), (0, 0, np.nan, 1), (0, 0, np.inf, 1)])
def test_boxes_that_are_none_are_refused(city, box):
    with city.write() as writer:
        writer.append(PIPE, pipes(["A"]), MONDAY)
    with pytest.raises(Invalid):
        city.read(PIPE, bbox=box)
