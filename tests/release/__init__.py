"""Checks before a release: `manage.py matrix` runs tests with other versions, `manage.py audit` asks for advisories.

`pythons` and `postgres` find the versions of the matrix, `matrix` pairs them and makes the clone in which a pair's tests
run. `audit` asks about the packages of each lock.
"""
