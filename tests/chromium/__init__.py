"""The browser of the page's tests: `choice` selects one, `fetch` downloads one, `fixture` provides it to tests.

`package.json` and its lock pin the Chromium from npm, for machines that have none.
"""
