"""Markdown that models write, each with the outline of what the page draws. `tests.page.outline` writes the outlines."""

from __future__ import annotations

CORPUS: dict[str, tuple[str, str]] = {
    "headings below the page's own": (
        "# One\n## Two\n###### Six\n\nText",
        "h2[One] h3[Two] h6[Six] p[Text]",
    ),
    "emphasis": (
        "A **bold**, *leaning*, ***both***, ~~struck~~ and `code` word.",
        "p[A strong[bold], em[leaning], em[strong[both]], del[struck] and code[code] word.]",
    ),
    "single tildes": ("It takes ~5 to ~7 days.", "p[It takes ~5 to ~7 days.]"),
    "lines of a paragraph": ("Roses are red,\nviolets are blue.", "p[Roses are red,\nviolets are blue.]"),
    "nested lists": (
        "1. One\n   - inner\n     - innermost\n2. Two\n\nAfter",
        "ol[li[One\nul[li[inner\nul[li[innermost]]]]] li[Two]] p[After]",
    ),
    "a loose list": (
        "- One\n\n  more of it\n\n- Two\n\nAfter",
        "ul[li[p[One] p[more of it]] li[p[Two]]] p[After]",
    ),
    "a list that starts at three": ("3. Three\n4. Four", "ol(start=3)[li[Three] li[Four]]"),
    "tasks": (
        "- [x] bought\n- [ ] cooked",
        "ul[li[input(checked)[] bought] li[input[] cooked]]",
    ),
    "code in a list": (
        "- Run it:\n\n  ```sh\n  ls *_*\n  ```\n- Done",
        "ul[li[p[Run it:] Shell{ls *_*}] li[p[Done]]]",
    ),
    "an aligned table": (
        "| Name | Mid | Sum |\n|:-----|:---:|----:|\n| Ana \\| Bo | **x** | 1<br>2 |",
        (
            "table[tr[th(left)[Name] th(center)[Mid] th(right)[Sum]]"
            " tr[td(left)[Ana | Bo] td(center)[strong[x]] td(right)[1br[]2]]]"
        ),
    ),
    "quotes": (
        "> Said\n> > and answered\n\nAfter",
        "blockquote[p[Said] blockquote[p[and answered]]] p[After]",
    ),
    "footnotes": (
        "Known.[^a] Again.[^b]\n\n[^a]: The *first*.\n[^b]: The second.",
        (
            "p[Known.sup[a(#fn-a)[1]] Again.sup[a(#fn-b)[2]]]"
            " section[h3[Footnotes] ol[li[p[The em[first]. a(#fnref-a)[↩]]] li[p[The second. a(#fnref-b)[↩]]]]]"
        ),
    ),
    "links": (
        "[Here](https://a.example/x_y), <https://b.example> and https://c.example.",
        (
            "p[a(https://a.example/x_y)[Here], a(https://b.example)[https://b.example]"
            " and a(https://c.example)[https://c.example].]"
        ),
    ),
    "links to what is no web page": (
        "[a](javascript:alert(1)) [b](/c/1) [c](data:text/html,x) [d](mailto:a@b.example)",
        "p[a b c a(mailto:a@b.example)[d]]",
    ),
    "a picture": ("![A cat](https://a.example/cat.png)", "p[a(https://a.example/cat.png)[Picture: A cat]]"),
    "markup": (
        'One <b onclick="x()">two</b> **three**\n\n<script>alert(1)</script>\n\n<details>\n*four*\n</details>',
        (
            'p[One <b onclick="x()">two</b> strong[three]] p[<script>alert(1)</script>]'
            " p[<details>\nem[four] </details>]"
        ),
    ),
    "code": ("```python title=x\nprint('**$5**')\n```\nAfter", "Python{print('**$5**')} p[After]"),
    "code within longer fences": ("````md\n```js\n1\n```\n````", "Markdown{```js\n1\n```}"),
    "code without a language": ("~~~\na | b\n~~~", "Code{a | b}"),
    "math in dollars": (
        "Let $x_1 * y_1 * z$ be, $$a*b*c$$ too.",
        "p[Let tex{$x_1 * y_1 * z$} be, tex{$$a*b*c$$} too.]",
    ),
    "math in brackets": (r"So \(a_1 < b_1\) holds.", r"p[So tex{\(a_1 < b_1\)} holds.]"),
    "math on its own lines": (
        "Then\n\n$$\n\\frac{a}{b}\n$$\n\nand\n\n\\[ c^2 \\]\n",
        "p[Then] p[display{$$\n\\frac{a}{b}\n$$}] p[and] p[display{\\[ c^2 \\]}]",
    ),
    "math in a table": ("| f |\n|---|\n| $|x|$ |", "table[tr[th[f]] tr[td[tex{$|x|$}]]]"),
    "math in code": ("`$a$` and `\\(b\\)`", r"p[code[$a$] and code[\(b\)]]"),
    "math in a list and a quote": (
        "- Area:\n  $$\n  r^2\n  $$\n\n> $$\n> r\n> $$",
        "ul[li[Area:\ndisplay{$$\n  r^2\n  $$}]] blockquote[p[display{$$\n> r\n> $$}]]",
    ),
    "prices": (
        "It costs $5 and $6, $7-$8, US$9 or 10$, **$11** to **$12**.",
        "p[It costs $5 and $6, $7-$8, US$9 or 10$, strong[$11] to strong[$12].]",
    ),
    "escaped characters": (r"\*not bold\*, \$x\$ and \[1\]", "p[*not bold*, $x$ and [1]]"),
    "a rule": ("One\n\n---\n\nTwo", "p[One] hr[] p[Two]"),
    "variables of a shell": (
        "Set $HOME and $PATH, or $HOME/$USER.",
        "p[Set $HOME and $PATH, or $HOME/$USER.]",
    ),
    "other scripts": ("**太字**とem[斜体] 🍎 שלום", "p[strong[太字]とem[斜体] 🍎 שלום]"),
}
