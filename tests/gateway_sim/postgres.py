# SPDX-License-Identifier: Apache-2.0
"""PostgreSQL as the gateway uses it: extended protocol, autocommit, at most ten pooled connections.

psycopg2 speaks only the simple protocol and writes values into the text, so pg_stat_statements would number `$n` by
position and show texts the gateway never sends. Statements therefore go through libpq's PQexecParams on psycopg2's
own connection. Thread-safe; every call blocks.
"""

import ctypes
import queue
import threading
import time
from datetime import datetime

import psycopg2
from psycopg2 import extensions

from .counts import Counts
from .logs import Log
from .sql import Statement

CONNECTIONS = 10

_libpq = ctypes.CDLL("libpq.so.5")  # the library psycopg2 has loaded already
_CONNECTION_OK, _EMPTY_QUERY, _COMMAND_OK, _TUPLES_OK = 0, 0, 1, 2
_SQLSTATE = ord("C")


def _declare(name, result, *arguments):
    function = getattr(_libpq, name)
    function.restype, function.argtypes = result, arguments
    return function


_pointer, _text, _int = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int
_status = _declare("PQstatus", _int, _pointer)
_error_message = _declare("PQerrorMessage", _text, _pointer)
_exec = _declare("PQexec", _pointer, _pointer, _text)
_exec_params = _declare("PQexecParams", _pointer, _pointer, _text, _int, _pointer, _pointer, _pointer, _pointer, _int)
_result_status = _declare("PQresultStatus", _int, _pointer)
_error_field = _declare("PQresultErrorField", _text, _pointer, _int)
_ntuples = _declare("PQntuples", _int, _pointer)
_nfields = _declare("PQnfields", _int, _pointer)
_fname = _declare("PQfname", _text, _pointer, _int)
_ftype = _declare("PQftype", ctypes.c_uint, _pointer, _int)
_getisnull = _declare("PQgetisnull", _int, _pointer, _int, _int)
_getvalue = _declare("PQgetvalue", _text, _pointer, _int, _int)
_cmd_tuples = _declare("PQcmdTuples", _text, _pointer)
_clear = _declare("PQclear", None, _pointer)


class DatabaseError(Exception):
    def __init__(self, message: str, sqlstate: str = ""):
        super().__init__(message.strip())
        self.sqlstate = sqlstate


class Database:
    """`run` returns the rows as dicts and counts the call; raises DatabaseError, also while the server is away."""

    def __init__(self, dsn: str, counts: Counts, log: Log):
        self._dsn = dsn
        self._counts = counts
        self._log = log
        self._slots = threading.BoundedSemaphore(CONNECTIONS)
        self._idle: queue.LifoQueue = queue.LifoQueue()

    def connect(self) -> None:
        """Opens the first connection, so that a wrong address shows at start-up."""
        self._idle.put(self._open())

    def run(self, statement: Statement, *parameters) -> list[dict]:
        with self._slots:
            connection = self._take()
            begun = time.monotonic()
            try:
                rows, row_count = _execute(connection, statement.text, parameters)
            finally:
                self._give_back(connection)
        self._counts.statement(statement.tag, row_count)
        self._log.statement(
            statement.text, affected=row_count, returned=len(rows), seconds=time.monotonic() - begun
        )
        return rows

    def _take(self):
        while True:
            try:
                connection = self._idle.get_nowait()
            except queue.Empty:
                return self._open()
            if _alive(connection):
                return connection
            connection.close()

    def _give_back(self, connection) -> None:
        if _status(connection.pgconn_ptr) == _CONNECTION_OK:
            self._idle.put(connection)
        else:
            connection.close()

    def _open(self):
        try:
            connection = psycopg2.connect(self._dsn, connect_timeout=5, options="-c timezone=UTC")
        except psycopg2.Error as error:
            raise DatabaseError(str(error)) from error
        connection.autocommit = True
        return connection


def _alive(connection) -> bool:
    """Like sqlx's test before use. An empty query leaves no trace in pg_stat_statements."""
    result = _exec(connection.pgconn_ptr, b"")
    try:
        return _result_status(result) == _EMPTY_QUERY
    finally:
        _clear(result)


def _execute(connection, text: str, parameters) -> tuple[list[dict], int]:
    handle = connection.pgconn_ptr
    values = (ctypes.c_char_p * len(parameters))(*map(_encode, parameters))
    result = _exec_params(handle, text.encode(), len(parameters), None, values, None, None, 0)
    try:
        status = _result_status(result)
        if status == _TUPLES_OK:
            rows = _rows(connection, result)
            return rows, len(rows)
        if status == _COMMAND_OK:
            return [], int(_cmd_tuples(result) or 0)
        sqlstate = _error_field(result, _SQLSTATE) or b""
        raise DatabaseError(_error_message(handle).decode(errors="replace"), sqlstate.decode())
    finally:
        _clear(result)


def _rows(connection, result) -> list[dict]:
    columns = [
        (_fname(result, field).decode(), extensions.string_types.get(_ftype(result, field), extensions.UNICODE))
        for field in range(_nfields(result))
    ]
    with connection.cursor() as cursor:
        return [
            {
                name: None if _getisnull(result, row, field) else cast(_getvalue(result, row, field).decode(), cursor)
                for field, (name, cast) in enumerate(columns)
            }
            for row in range(_ntuples(result))
        ]


def _encode(value):
    if value is None:
        return None
    if isinstance(value, bool):
        return b"true" if value else b"false"
    if isinstance(value, datetime):
        return value.isoformat().encode()
    if isinstance(value, (list, tuple)):
        quoted = ('"' + str(item).replace("\\", "\\\\").replace('"', '\\"') + '"' for item in value)
        return ("{" + ",".join(quoted) + "}").encode()
    return str(value).encode()
