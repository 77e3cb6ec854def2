"""Permissions: the one place of the code that decides who may do what.

rights     the models, tools and budgets that a user's rules allow
threads    who may read a thread, and who may change it
"""
