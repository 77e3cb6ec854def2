"""The benchmark behind `manage.py bench`, and the data set behind `manage.py dataset`. Nothing of it runs in a server.

`scenarios` says what is measured, `rounds` measures it, against each of the `contestants`, with the `load` client and the
`model_server` of this folder (or faster ones named on the command line) and the clocks of `processes`; `curves` are
costs against size; `figures` makes numbers of results, `table` shows them.
"""
