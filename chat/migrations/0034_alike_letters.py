"""Search terms with letters and digits that are folded now: Arabic and Persian ones, and katakana.

In place and without the texts, for each letter becomes one other. Until the last process of an older program has ended, it
writes the former terms, and finds words with such letters in what was written before only by their new spelling.
"""

from django.db import migrations

LETTERS = "ةىکیہھٱ"
DIGITS = "٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹"
KATAKANA = "".join(map(chr, range(0x30A1, 0x30F7)))
FORMER = LETTERS + DIGITS + KATAKANA
FOLDED = "هيكيهها" + 2 * "0123456789" + "".join(map(chr, range(0x3041, 0x3097)))

TABLES = ("chat_message", "chat_thread", "chat_thoughtterms", "chat_filepassage")


def statement(table: str) -> tuple[str, list[str]]:
    fold = f"UPDATE {table} SET terms = translate(terms::text, %s, %s)::tsvector WHERE terms::text ~ %s"
    return fold, [FORMER, FOLDED, f"[{FORMER}]"]


class Migration(migrations.Migration):

    atomic = False  # rows of one table are locked no longer than its statement takes

    dependencies = [('chat', '0033_token_scopes')]

    operations = [migrations.RunSQL([statement(table)], migrations.RunSQL.noop) for table in TABLES]
