"""Single sign-on: requests to the provider, tokens of it, and the sessions that it opened.

provider   bounded requests: discovery, keys, tokens
tokens     verification of the provider's signed tokens
claims     what a sign-in says about the user: subject, session, groups
sessions   checks of open sessions at the provider, and their end
"""
