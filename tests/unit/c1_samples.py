"""Messages as C1 and its official client write them, for the tests of their readers."""

from __future__ import annotations

import json

from chat.text import escape

CARD = """<content thesys="true" version="2">
```openui-lang
root = Card([c])
c = CalloutV2(&quot;danger&quot;, &quot;No answer&quot;, &quot;The model could not be reached. Try again.&quot;)
```
</content>"""
BUTTON = (
    '<content thesys="true">Compare with last year</content>'
    "<context>[&quot;User clicked: Compare with last year&quot;,{}]</context>"
)
FORM = (
    '<content thesys="true">Book them</content><context>[&quot;User clicked: Book them&quot;,{&quot;pickers&quot;:'
    "{&quot;count&quot;:{&quot;value&quot;:&quot;7 \\&quot;or\\&quot; &lt;8&gt;&quot;,"
    "&quot;componentType&quot;:&quot;Input&quot;}}}]</context>"
)
TYPED = '<content thesys="true">And &quot;again&quot; &lt;b&gt;&amp;&lt;/b&gt;</content>'
PROGRAM = """root = Card([head, text, chart, form, next])
head = Header("Harvest", "Tonnes, gala & <others>")
text = TextContent("The **north** orchard leads; it's up 12 %. 🍎")
chart = BarChart(["North", "Río"], [tonnes], "default", "grouped", "Tonnes")
tonnes = {category: "Tonnes", values: [41, 33]}
form = Form("pickers", buttons, [count])
count = FormControl("Pickers needed", countInput)
countInput = Input("count", {required: true}, "12")
buttons = ButtonGroup([book])
book = Button("Book them", {type: "continue_conversation", context: "User booked"}, "primary")
next = FollowUpBlock(["Compare with last year"])"""
PROGRAM_WORDS = """Harvest
Tonnes, gala & <others>
The **north** orchard leads; it's up 12 %. 🍎
North, Río
Tonnes
41, 33
Tonnes
Book them
Pickers needed
Compare with last year"""


def version_2(program: str) -> str:
    fenced = escape(f"```openui-lang\n{program}\n```")
    return f'<content thesys="true" version="2">\n{fenced}\n</content>'


def version_1(tree: object) -> str:
    return f'<content thesys="true" version="1">{escape(json.dumps({"component": tree, "error": None}))}</content>'
