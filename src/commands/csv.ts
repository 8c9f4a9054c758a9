/** One row of a CSV text with the line it begins on, counted from 1. */
export interface CsvRow {
  line: number;
  cells: readonly string[];
}

/** Reads CSV as spreadsheets write it (RFC 4180): `,` or `;`, quotes, doubled quotes, line breaks inside quotes. */
export function parseCsv(text: string): readonly CsvRow[] {
  const source = text.replace(/^\ufeff/, "");
  const firstLine = source.split(/\r?\n/, 1)[0] ?? "";
  const comma = firstLine.includes(";") && !firstLine.includes(",") ? ";" : ",";
  const rows: CsvRow[] = [];
  let cells: string[] = [];
  let cell = "";
  let quoted = false;
  let line = 1;
  let startLine = 1;
  for (let i = 0; i < source.length; i++) {
    const c = source[i] ?? "";
    if (c === "\n") line++;
    if (quoted) {
      if (c !== '"') cell += c;
      else if (source[i + 1] === '"') {
        cell += '"';
        i++;
      } else quoted = false;
    } else if (c === '"' && cell.trim() === "") {
      quoted = true;
      cell = "";
    } else if (c === comma) {
      cells.push(cell.trim());
      cell = "";
    } else if (c === "\n") endRow();
    else if (c !== "\r") cell += c;
  }
  if (quoted) throw new Error(`the quote that begins in line ${startLine} has no end`);
  endRow();
  return rows;

  function endRow(): void {
    cells.push(cell.trim());
    if (cells.some((value) => value !== "")) rows.push({ line: startLine, cells });
    cells = [];
    cell = "";
    startLine = line;
  }
}
