/** Names and file endings of the languages that models write most; any other is shown under its own name. */

const LANGUAGES: Record<string, [label: string, ending: string]> = {
  bash: ["Bash", "sh"], sh: ["Shell", "sh"], shell: ["Shell", "sh"], zsh: ["Shell", "sh"], console: ["Shell", "sh"],
  c: ["C", "c"], cpp: ["C++", "cpp"], "c++": ["C++", "cpp"], csharp: ["C#", "cs"], cs: ["C#", "cs"], css: ["CSS", "css"],
  csv: ["CSV", "csv"], diff: ["Diff", "diff"], dockerfile: ["Dockerfile", "dockerfile"], go: ["Go", "go"],
  graphql: ["GraphQL", "graphql"], html: ["HTML", "html"], ini: ["INI", "ini"], java: ["Java", "java"],
  javascript: ["JavaScript", "js"], js: ["JavaScript", "js"], jsx: ["JSX", "jsx"], json: ["JSON", "json"],
  kotlin: ["Kotlin", "kt"], latex: ["LaTeX", "tex"], tex: ["TeX", "tex"], lua: ["Lua", "lua"],
  makefile: ["Makefile", "mk"], markdown: ["Markdown", "md"], md: ["Markdown", "md"], mermaid: ["Mermaid", "mmd"],
  perl: ["Perl", "pl"], php: ["PHP", "php"], powershell: ["PowerShell", "ps1"], py: ["Python", "py"], python: ["Python", "py"],
  r: ["R", "r"], ruby: ["Ruby", "rb"], rb: ["Ruby", "rb"], rust: ["Rust", "rs"], rs: ["Rust", "rs"], scss: ["SCSS", "scss"],
  sql: ["SQL", "sql"], swift: ["Swift", "swift"], toml: ["TOML", "toml"], ts: ["TypeScript", "ts"],
  tsx: ["TSX", "tsx"], typescript: ["TypeScript", "ts"], xml: ["XML", "xml"], yaml: ["YAML", "yaml"], yml: ["YAML", "yaml"],
};

const known = (language: string) => (Object.hasOwn(LANGUAGES, language) ? LANGUAGES[language] : undefined);

export const labelOf = (language: string) => known(language)?.[0] ?? (language === "text" || language === "txt" ? "" : language);

export const extensionOf = (language: string) => known(language)?.[1] ?? "txt";
