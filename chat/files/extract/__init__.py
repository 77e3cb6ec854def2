"""Extraction of a file's text, in a process apart: `python -m chat.files.extract KIND CHARACTERS SECONDS`.

The file comes on standard input. Standard output has a line of JSON for each passage, and a last one with the number of
pages or the reason why the file could not be read. Nothing here reads a setting, a file, the environment or the network.

bounds   limits of the process, and the refusal that every reader raises
plain    text of any encoding, Markdown, CSV, JSON and source code
web      HTML
pdf      PDF
package  the ZIP archive of an Office document, and its XML
runs     the text in that XML, with its lines and tables
word, sheets, slides   DOCX, XLSX and PPTX
cells    the text of a spreadsheet's cell in its format
passages  units of text cut into passages of bounded size
"""
