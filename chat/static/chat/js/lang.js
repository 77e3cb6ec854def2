/**
 * A lenient reader of openui-lang and of JSON: `name = Component("text", [reference], {key: 1})`, one statement a line.
 * A text cut anywhere gives the part before the cut; the reader never throws and visits each character a bounded number of times.
 */

/** Brackets deeper than this are skipped: real programs stay under ten, and the call stack is finite. */
const DEPTH = 60;

export class Call {
  constructor(type, args) {
    this.type = type;
    this.args = args;
  }
}

export class Reference {
  constructor(name, path = []) {
    this.name = name;
    this.path = path;
  }
}

/** Return the statements by name, in the order of the text. */
export function parseProgram(text) {
  return new Reader(text).program();
}

/** Return one JSON-like value; undefined where none begins. */
export function parseValue(text) {
  return new Reader(text).value();
}

const ESCAPES = { n: "\n", t: "\t", r: "\r", b: "\b", f: "\f" };
const STATEMENT = /[ \t]*([$A-Za-z_][\w$]*)[ \t]*=(?!=)[ \t]*/y;
const WORD = /[@$A-Za-z_][\w$]*/y;
const NUMBER = /-?\d+(\.\d+)?([eE][-+]?\d+)?/y;
const BLANK = /[\s]*/y;
const PLAIN = /[^"'\\]+/y;
const CLOSING = { "[": "]", "(": ")", "{": "}" };

class Reader {
  constructor(text) {
    this.text = text;
    this.at = 0;
    this.depth = 0;
  }

  program() {
    const statements = new Map();
    while (this.at < this.text.length) {
      const name = this.#match(STATEMENT)?.[1];
      if (name) statements.set(name, this.value());
      this.#nextLine();
    }
    return statements;
  }

  value() {
    this.#match(BLANK);
    const sign = this.text[this.at];
    if (sign === '"' || sign === "'") return this.#string(sign);
    if (sign === "[") return this.#inside("[", () => this.#items("]"));
    if (sign === "{") return this.#inside("{", () => this.#object());
    const number = this.#match(NUMBER);
    return number ? Number(number[0]) : this.#word();
  }

  #match(pattern) {
    pattern.lastIndex = this.at;
    const match = pattern.exec(this.text);
    if (match) this.at = pattern.lastIndex;
    return match;
  }

  #nextLine() {
    const end = this.text.indexOf("\n", this.at);
    this.at = end < 0 ? this.text.length : end + 1;
  }

  /** Read the inside of a bracket, or skip it where the nesting is too deep. */
  #inside(bracket, read) {
    if (this.depth >= DEPTH) return this.#skip();
    this.depth += 1;
    this.at += 1;
    const value = read();
    this.depth -= 1;
    return value;
  }

  #skip() {
    let open = 0;
    do {
      const sign = this.text[this.at];
      if (sign === '"') this.#string(sign);
      else this.at += 1;
      if (sign in CLOSING) open += 1;
      if (sign === "]" || sign === ")" || sign === "}") open -= 1;
    } while (open > 0 && this.at < this.text.length);
    return undefined;
  }

  #items(end) {
    const items = [];
    while (this.#more(end)) {
      const value = this.value();
      if (value !== undefined) items.push(value);
      this.#rest(end);
    }
    return items;
  }

  #object() {
    const entries = Object.create(null);
    while (this.#more("}")) {
      const sign = this.text[this.at];
      const key = sign === '"' || sign === "'" ? this.#string(sign) : this.#match(WORD)?.[0];
      this.#match(BLANK);
      if (key !== undefined && this.text[this.at] === ":") {
        this.at += 1;
        const value = this.value();
        if (value !== undefined) entries[key] = value;
      }
      this.#rest("}");
    }
    return entries;
  }

  /** Return true if another item begins; consume the closing bracket. */
  #more(end) {
    this.#match(BLANK);
    if (this.at >= this.text.length) return false;
    if (this.text[this.at] !== end) return true;
    this.at += 1;
    return false;
  }

  /** Skip to the next comma or the end of the bracket, over operators and other unknown text. */
  #rest(end) {
    while (this.at < this.text.length) {
      const sign = this.text[this.at];
      if (sign === end) return;
      if (sign === '"' || sign === "'") this.#string(sign);
      else if (sign in CLOSING) this.#skip();
      else this.at += 1;
      if (sign === ",") return;
    }
  }

  #string(quote) {
    this.at += 1;
    const pieces = [];
    while (this.at < this.text.length) {
      const plain = this.#match(PLAIN);
      if (plain) pieces.push(plain[0]);
      const sign = this.text[this.at];
      this.at += 1;
      if (sign === quote) break;
      pieces.push(sign === "\\" ? this.#escaped() : (sign ?? ""));
    }
    return pieces.join("");
  }

  #escaped() {
    const sign = this.text[this.at];
    this.at += 1;
    if (sign !== "u") return ESCAPES[sign] ?? sign ?? "";
    const code = this.text.slice(this.at, this.at + 4);
    if (!/^[0-9a-f]{4}$/i.test(code)) return "";
    this.at += 4;
    return String.fromCharCode(parseInt(code, 16));
  }

  #word() {
    const word = this.#match(WORD)?.[0];
    if (word === undefined || word === "null") return undefined;
    if (word === "true" || word === "false") return word === "true";
    if (this.text[this.at] === "(") return this.#inside("(", () => new Call(word, this.#arguments()));
    const path = [];
    while (this.text[this.at] === ".") {
      this.at += 1;
      path.push(this.#match(WORD)?.[0] ?? "");
    }
    return new Reference(word, path);
  }

  /** Read items, but keep `null` in its position: arguments have their meaning by position. */
  #arguments() {
    const values = [];
    while (this.#more(")")) {
      values.push(this.value());
      this.#rest(")");
    }
    return values;
  }
}
