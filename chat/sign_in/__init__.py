"""Sign-in with django-allauth: passwords, second factors, passkeys and single sign-on.

Projects with a sign-in of their own leave it out.

adapters    the rules of this program in allauth's hooks: guests, throttling, who may sign up
openid      OpenID Connect: bounded requests, verified tokens
forms       allauth's forms with the throttling of attempts
visitors    guests, who are visitors to allauth
views       allauth's views, with answers to what may go wrong
urls        the addresses
"""
