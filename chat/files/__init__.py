"""Files that are no pictures: their kinds, the extraction of their text, and the background reader.

kinds       the kind of a file by its content, and its safe name
extract     the extraction itself, run in a process apart
extraction  one extraction from outside: the process, its input, output and deadline
storage     claim a file that is to be read, store its passages or the reason why it has none
reader      reads the files that wait, a few at a time
vectors     claim passages that have no vectors yet, store these
embedder    asks for vectors in the background, and for that of a query

Imports only go upward in this list; `extract` imports none of the others.
"""
