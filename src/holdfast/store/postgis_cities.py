"""Whole cities in a database: is there one, give it another name, take it away. What restoring a backup needs."""

from __future__ import annotations

from psycopg import sql

from holdfast.model.errors import Conflict

from . import postgis_schema as schema
from .postgis_session import Place, connect, lock, parse_url, translated


def city_exists(location: str) -> bool:
    """Whether a city, or anything else, is at the address."""
    place = parse_url(location)
    with translated(), connect(place) as connection:
        return schema.exists(connection, place)


def rename_city(location: str, name: str) -> None:
    """Give a city another name in the same database. raises Conflict if that name is taken or the city is being written"""
    place = parse_url(location)
    target = Place(place.conninfo, name, place.url)
    with translated(), connect(place) as connection, connection.transaction():
        lock(connection, place)
        lock(connection, target)
        if schema.exists(connection, target):
            raise Conflict("there is a city here already", fix="Choose another name with ?city=", city=name)
        connection.execute(sql.SQL("DROP SCHEMA IF EXISTS {}").format(sql.Identifier(name)))
        connection.execute(sql.SQL("ALTER SCHEMA {} RENAME TO {}").format(sql.Identifier(place.schema), sql.Identifier(name)))


def drop_city(location: str) -> None:
    """Remove a city with everything in it."""
    place = parse_url(location)
    with translated(), connect(place) as connection:
        connection.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(place.schema)))
