"""The benchmark behind `manage.py bench`, and the data set behind `manage.py dataset`; no part of it runs in a server.

`scenarios` lists the measurements and `rounds` makes them, on each of the `contestants`, with the `load` client and the
`model_server` of this folder (or faster ones named on the command line) and the CPU times of `processes`. `curves` are
costs against size, `deltas` the costs of one delta in each dialect. `figures` turns results into numbers, `table` prints them.
"""
