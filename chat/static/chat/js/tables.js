/** Charts and tables as rows of texts and numbers: `{kind: "table", columns: [{label, numeric}], rows, bars}`. */

/** Rows shown of one table, so that the page stays quick; `more` counts the rest. */
const ROWS = 500;

const cell = (value) => {
  if (value === undefined || value === null) return "";
  if (typeof value === "number") return value.toLocaleString();
  if (typeof value === "object") return Object.values(value.props ?? value).filter((item) => typeof item !== "object").join(" ");
  return String(value);
};

const list = (value) => (Array.isArray(value) ? value : []);

const propsOf = (value) => value?.props ?? value ?? {};

function table(labels, data, bars) {
  const length = Math.max(0, ...data.map((column) => column.length));
  const shown = Math.min(length, ROWS);
  // A chart's first column may hold years: they name its rows.
  const isNumeric = (column) => column.length > 0 && (column.every(isNumber) || (!bars && data.length > 1 && areNumbers(column.map(cell))));
  const columns = labels.map((label, index) => ({ label: cell(label), numeric: isNumeric(data[index]) }));
  const rows = Array.from({ length: shown }, (_, row) => data.map((column) => cell(column[row])));
  const block = { kind: "table", columns, rows, more: length - shown, bars: [] };
  if (bars) block.bars = shares(data, columns, shown);
  return columns.length && (shown || labels.some(Boolean)) ? [block] : [];
}

const isNumber = (value) => typeof value === "number";

/** A text that is a number: with a sign, a currency, a unit of up to four characters, or a percent sign. */
const NUMBER = /^[-+−±~<>≈]?\s?[€$£¥]?\s?\d[\d.,'’\s]*\s?(?:%|‰|[^\s\d:/-]{1,4})?$/u;

/** Return true if the texts of a column are numbers; empty ones and dashes count as neither. */
export function areNumbers(texts) {
  const filled = texts.filter((text) => text && !/^[-–—]$/.test(text));
  return filled.length > 0 && filled.every((text) => NUMBER.test(text));
}

/** Return each number's share of the largest one, 0 to 1; null for texts. */
function shares(data, columns, length) {
  const numbers = data.flat().filter(isNumber).map(Math.abs);
  const largest = numbers.reduce((most, number) => Math.max(most, number), 0) || 1;
  const share = (value, index) => (columns[index].numeric && typeof value === "number" ? Math.abs(value) / largest : null);
  return Array.from({ length }, (_, row) => data.map((column, index) => share(column[row], index)));
}

/** Return the block of `Table([Col(label, data)])`, or of headers and rows. */
export function tableBlock(props) {
  const columns = list(props.columns ?? props.headers ?? props.children);
  if (Array.isArray(props.rows) && props.rows.length) {
    const rows = props.rows.map((row) => (Array.isArray(row) ? row : Object.values(propsOf(row))));
    const labels = columns.length ? columns.map((item) => propsOf(item).label ?? item) : rows[0].map(() => "");
    return table(labels, labels.map((_, index) => rows.map((row) => row[index])), false);
  }
  const named = columns.map((item) => (typeof item === "object" ? propsOf(item) : { label: item }));
  return table(named.map((column) => column.label), named.map((column) => list(column.data)), false);
}

/** Drawing styles, no axis names: C1 has one such argument more than OpenUI before the axis names. */
const DRAWN = new Set(["default", "grouped", "stacked", "linear", "natural", "step"]);

/** Return the table of a chart with labels and series: one row per label, one column per series. */
export function seriesTable(props) {
  const series = list(props.series).map(propsOf);
  const labels = [DRAWN.has(props.xLabel) ? "" : (props.xLabel ?? ""), ...series.map((item) => item.category ?? item.name ?? "")];
  return table(labels, [list(props.labels), ...series.map((item) => list(item.values))], true);
}

/** Return the table of a pie-like chart: one row per slice. */
export function slicesTable(props) {
  const slices = list(props.labels).map(propsOf);
  if (slices.some((slice) => typeof slice === "object" && "category" in slice)) {
    return table(["", ""], [slices.map((slice) => slice.category), slices.map((slice) => slice.value)], true);
  }
  return table(["", ""], [list(props.labels), list(props.values)], true);
}

/** Return the table of records with named fields, the category first. */
export function recordsTable(data, categoryKey) {
  const records = data.filter((record) => record !== null && typeof record === "object");
  const keys = Object.keys(records[0] ?? {});
  const ordered = keys.includes(categoryKey) ? [categoryKey, ...keys.filter((key) => key !== categoryKey)] : keys;
  return table(ordered, ordered.map((key) => records.map((record) => record[key])), true);
}
