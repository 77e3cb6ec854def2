"""Single sign-on: requests to the provider, tokens of it, and the sessions that it opened.

provider   bounded requests: discovery, keys, tokens
tokens     verification of the provider's signed tokens
claims     what a sign-in says about the user: subject, session, groups
removal    the end of sign-ins and accounts at the provider's word
sessions   checks of sign-ins at the provider
"""
