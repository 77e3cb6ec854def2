"""The statements of every prompt are parsed once: psycopg keeps the parsed form of shorter ones alone."""

from __future__ import annotations

import pytest
from psycopg import _queries as psycopg_queries

from chat.responses import finalize
from chat.responses.claims import statements
from chat.streams import storage
from chat.threads import history

OF_EVERY_PROMPT = {
    "owner": statements._LOCK_OWNER,
    "find": statements._find(),
    "thread": statements._INSERT_THREAD,
    "prompt": statements._WITH_NEW_PROMPT,
    "first prompt": statements._IN_NEW_THREAD,
    "regeneration": statements._WITH_STORED_PROMPT,
    "history": history._BRANCH,
    "append": storage._APPEND,
    "found": finalize._FOUND,
    "end": finalize._ENDINGS["replaced", False, False],
    "end before the first flush": finalize._ENDINGS["one", False, False],
    "end with thought": finalize._ENDINGS["replaced", True, False],
}


@pytest.mark.parametrize("name", OF_EVERY_PROMPT)
def test_a_statement_of_every_prompt_is_parsed_once(name: str) -> None:
    assert len(OF_EVERY_PROMPT[name]) < psycopg_queries.MAX_CACHED_STATEMENT_LENGTH
    assert OF_EVERY_PROMPT[name].count("%") < psycopg_queries.MAX_CACHED_STATEMENT_PARAMS
